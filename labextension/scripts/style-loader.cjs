// A loader for the bundler: a module that adds a style sheet, and those that it imports, to the
// page; without their comments and blanks.
const { resolve } = require('node:path');
const esbuild = require('esbuild');

module.exports.pitch = function load() {
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
        const text = JSON.stringify(outputFiles[0].text.trim());
        done(
          null,
          `const sheet = document.createElement('style');
          sheet.textContent = ${text};
          document.head.append(sheet);`
        );
      },
      error => done(error)
    );
};
