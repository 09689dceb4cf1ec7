// What the builder's bundler is told besides.
const { createRequire } = require('node:module');
const { join } = require('node:path');

// The bundler is the builder's: it may lie beside it, or below.
const { rspack } = createRequire(require.resolve('@jupyter/builder/package.json'))(
  '@rspack/core'
);

/** The chunk of the panel and its chart: in one it is smaller than in parts. */
const PANEL = 'panel';
/** The chunk of BokehJS, and of what it is made of. */
const BOKEH = 'bokeh';
/** Of what draws: what the panel does not need, or what is needed without it, too. */
const NOT_OF_PANEL =
  /[\\/](badge|bokeh\w*|dom|forms?|history|strips|suggest|time\w+|words)\.js$/;

/** Whether a module goes into the panel's chunk. */
function isOfPanel({ resource = '' }) {
  return (
    /[\\/]node_modules[\\/]uplot[\\/]/.test(resource) ||
    (resource.startsWith(join(__dirname, '..', 'lib', 'view')) &&
      !NOT_OF_PANEL.test(resource))
  );
}

module.exports = {
  module: {
    rules: [
      {
        test: /\.css$/,
        include: join(__dirname, '..', 'style'),
        // Its pitch comes before the builder's loaders for styles, and needs none of them.
        enforce: 'post',
        use: join(__dirname, 'style-loader.cjs')
      }
    ]
  },
  plugins: [
    // The timeline's chart sets no TeX and draws without WebGL: neither need be shipped.
    new rspack.IgnorePlugin({
      resourceRegExp: /\/(mathjax|webgl)(\/|$)/,
      contextRegExp: /@bokeh[\\/]bokehjs/
    })
  ],
  optimization: {
    splitChunks: {
      cacheGroups: {
        [PANEL]: { name: PANEL, chunks: 'async', enforce: true, test: isOfPanel },
        [BOKEH]: {
          name: BOKEH,
          chunks: 'async',
          enforce: true,
          test: /[\\/]node_modules[\\/](?!uplot[\\/])/
        }
      }
    },
    minimizer: [
      new rspack.SwcJsMinimizerRspackPlugin({
        exclude: new RegExp(`${BOKEH}\\.`),
        minimizerOptions: {
          compress: { passes: 3 },
          // What is private is used in its own file only; `trans._n` is JupyterLab's.
          mangle: { props: { regex: '^_[a-zA-Z]{2,}' } }
        }
      }),
      // BokehJS names its elements' classes, and so its style sheets, after its own classes.
      new rspack.SwcJsMinimizerRspackPlugin({
        include: new RegExp(`${BOKEH}\\.`),
        minimizerOptions: {
          compress: { keep_classnames: true, passes: 3 },
          mangle: { keep_classnames: true }
        }
      })
    ]
  }
};
