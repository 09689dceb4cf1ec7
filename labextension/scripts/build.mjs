// Builds the prebuilt extension and the widget's module into the Python package;
// `--watch` goes on building what changes, `--widget` builds the widget's module only.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const watch = process.argv.includes('--watch');

/** Where a file of an installed package lies, whatever its package.json exports. */
function packaged(name, file) {
  for (const folder of require.resolve.paths(name) ?? []) {
    const path = join(folder, name, file);
    try {
      return require.resolve(path);
    } catch {
      // Not in this folder.
    }
  }
  throw new Error(`${name} is not installed; run: jlpm install`);
}

/** Runs a script on this Node; resolves when it has ended well. */
function run(script, ...words) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, ...words], {
      cwd: ROOT,
      stdio: 'inherit'
    });
    child.on('error', reject);
    child.on('exit', code =>
      code === 0 ? resolve() : reject(new Error(`${script} ended with ${code}`))
    );
  });
}

const compile = (...words) =>
  run(packaged('typescript', 'bin/tsc'), '-p', 'tsconfig.build.json', ...words);

const bundle = (...words) =>
  run(
    packaged('@jupyter/builder', 'lib/build-labextension.js'),
    '--core-package-file',
    packaged('@jupyterlab/core-meta', 'core.package.json'),
    ...words,
    ROOT
  );

const widget = {
  absWorkingDir: ROOT,
  entryPoints: ['src/widget.ts', 'src/stub.ts'],
  outdir: '../jupyter_carbon/static',
  bundle: true,
  format: 'esm',
  target: 'es2022',
  minify: !watch,
  loader: { '.css': 'text' },
  legalComments: 'eof',
  logLevel: 'warning'
};

try {
  if (watch) {
    await compile();
    const context = await esbuild.context(widget);
    await context.watch();
    await Promise.all([
      compile('--watch', '--preserveWatchOutput'),
      bundle('--development', '--watch')
    ]);
  } else {
    await esbuild.build(widget);
    if (!process.argv.includes('--widget')) {
      await compile();
      await bundle();
    }
  }
} catch (error) {
  console.error(`The extension was not built: ${error.message}`);
  process.exit(1);
}
