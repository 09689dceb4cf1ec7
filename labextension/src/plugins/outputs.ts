/**
 * Fills in what a cell costs where it was started by a page that is gone.
 *
 * JupyterLab hands a kernel's update of an output only to the page that sent the cell. A
 * notebook that was saved and loaded anew amid a run would go on saying that its figures
 * are to come.
 */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { ISessionContext } from '@jupyterlab/apputils';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import type { KernelMessage } from '@jupyterlab/services';

import { markOf } from '../mark';

class Outputs {
  constructor(private readonly _notebooks: INotebookTracker) {
    _notebooks.forEach(panel => this._follow(_notebooks, panel));
    _notebooks.widgetAdded.connect(this._follow, this);
  }

  private _follow(_: INotebookTracker, panel: NotebookPanel): void {
    panel.sessionContext.iopubMessage.connect(this._onMessage, this);
  }

  private _onMessage(context: ISessionContext, message: KernelMessage.IMessage): void {
    if (message.header.msg_type !== 'update_display_data') {
      return;
    }
    const { content } = message as KernelMessage.IUpdateDisplayDataMsg;
    const mark = markOf(content.metadata);
    const panel = this._notebooks.find(each => each.sessionContext === context);
    if (mark !== null && panel !== undefined) {
      void import('./fillin').then(({ fillIn }) => fillIn(panel, mark, content));
    }
  }
}

export const outputs: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-carbon:outputs',
  description: 'Figures of cells that were started by a page that is gone.',
  autoStart: true,
  requires: [INotebookTracker],
  activate: (_: JupyterFrontEnd, notebooks: INotebookTracker): void => {
    new Outputs(notebooks);
  }
};
