import jupyter from '@jupyter/eslint-plugin';
import tseslint from 'typescript-eslint';

/** A configuration whose every rule is an error. */
const strictly = config => ({
  ...config,
  plugins: { jupyter },
  rules: Object.fromEntries(Object.keys(config.rules).map(name => [name, 'error']))
});
const [sources, schemas] = jupyter.configs.recommended;

// Views and the model know no JupyterLab, so that they serve the widget as well.
const noJupyterLab = {
  group: ['@jupyterlab/*', '@lumino/*', '!@lumino/signaling'],
  message: 'The view and the model know no JupyterLab; what does belongs to src/plugins.'
};
const noPlugins = {
  group: ['**/plugins/*', '**/link'],
  message: 'The view and the model are below the plugins and the link.'
};

export default tseslint.config(
  { ignores: ['lib/', 'node_modules/', 'src/protocol.gen.ts'] },
  strictly(schemas),
  {
    ...strictly(sources),
    files: ['src/**/*.ts'],
    ignores: ['src/**/__tests__/**'],
    rules: {
      ...strictly(sources).rules,
      // What follows the kernels is needed at once; what draws is loaded when it is seen.
      'jupyter/prefer-lazy-imports': [
        'error',
        { ignoreImports: ['../links', '../model', '../view/words'] }
      ]
    }
  },
  {
    files: ['src/**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'inline-type-imports' }
      ],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true }
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true }
      ],
      // Slots get their receiver; that they do is what the signal rules look at.
      '@typescript-eslint/unbound-method': 'off',
      'no-restricted-properties': [
        'error',
        ...['innerHTML', 'outerHTML', 'insertAdjacentHTML'].map(property => ({
          property,
          message: 'Data is text, never markup: textContent.'
        }))
      ],
      eqeqeq: 'error'
    }
  },
  {
    files: [
      'src/view/**/*.ts',
      'src/model.ts',
      'src/protocol.ts',
      'src/widget.ts',
      'src/stub.ts'
    ],
    rules: { 'no-restricted-imports': ['error', { patterns: [noJupyterLab, noPlugins] }] }
  },
  {
    files: ['src/**/__tests__/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' }
  }
);
