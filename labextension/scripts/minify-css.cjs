// A loader for the bundler: a style sheet and those that it imports, in one, without their
// comments and blanks.
const { resolve } = require('node:path');
const esbuild = require('esbuild');

module.exports = function minify() {
  const done = this.async();
  esbuild
    .build({
      entryPoints: [this.resourcePath],
      bundle: true,
      minify: true,
      write: false,
      metafile: true,
      absWorkingDir: this.rootContext,
      logLevel: 'silent'
    })
    .then(
      ({ outputFiles, metafile }) => {
        for (const path of Object.keys(metafile.inputs)) {
          this.addDependency(resolve(this.rootContext, path));
        }
        done(null, outputFiles[0].text);
      },
      error => done(error)
    );
};
