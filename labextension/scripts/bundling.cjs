// What the builder's bundler is told besides.
const { createRequire } = require('node:module');
const { join } = require('node:path');

// The bundler is the builder's: it may lie beside it, or below.
const { rspack } = createRequire(require.resolve('@jupyter/builder/package.json'))(
  '@rspack/core'
);

module.exports = {
  module: {
    rules: [
      {
        test: /\.css$/,
        include: join(__dirname, '..', 'style'),
        enforce: 'pre',
        use: join(__dirname, 'minify-css.cjs')
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
    minimizer: [
      // BokehJS names its elements' classes, and so its style sheets, after its own classes.
      new rspack.SwcJsMinimizerRspackPlugin({
        minimizerOptions: {
          compress: { keep_classnames: true },
          mangle: { keep_classnames: true }
        }
      })
    ]
  }
};
