/** The panel in the right area. */
import {
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { carbonIcon } from './icon';

export const sidebar: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-carbon:sidebar',
  description: 'The meter of the current notebook or console, in the right area.',
  autoStart: true,
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, translator: ITranslator | null): void => {
    const trans = (translator ?? nullTranslator).load('jupyter_carbon');
    const panel = new Widget();
    panel.id = 'jupyter-carbon';
    panel.title.icon = carbonIcon;
    panel.title.caption = trans.__('Energy and carbon');
    app.shell.add(panel, 'right', { rank: 900 });
  }
};
