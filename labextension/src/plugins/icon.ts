/** The icon of panel, commands and status bar: a bolt, drawn with the theme's colour. */
import { LabIcon } from '@jupyterlab/ui-components';

export const carbonIcon = new LabIcon({
  name: 'jupyter-carbon:bolt',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">' +
    '<path class="jp-icon3" fill="#616161" d="M13.5 2 5 13.2h5.3L9 22l9.5-12.2h-5.6z"/></svg>'
});
