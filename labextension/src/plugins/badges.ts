/** Under each code cell what its last run took. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import type { Cell } from '@jupyterlab/cells';
import {
  INotebookTracker,
  NotebookActions,
  type Notebook,
  type NotebookPanel
} from '@jupyterlab/notebook';

import { CommandIDs, IMeters } from '../tokens';
import type { NotebookBadges } from './notebookbadges';

/** The badges of all notebooks. */
class Badges {
  constructor(
    private readonly _app: JupyterFrontEnd,
    private readonly _meters: IMeters,
    notebooks: INotebookTracker
  ) {
    notebooks.forEach(panel => void this._add(panel));
    notebooks.widgetAdded.connect(this._onWidgetAdded, this);
    NotebookActions.executionScheduled.connect(this._onScheduled, this);
  }

  private _onWidgetAdded(_: INotebookTracker, panel: NotebookPanel): void {
    void this._add(panel);
  }

  private async _add(panel: NotebookPanel): Promise<void> {
    const { NotebookBadges } = await import('./notebookbadges');
    if (panel.isDisposed) {
      return;
    }
    const badges = new NotebookBadges({
      panel,
      meters: this._meters,
      reveal: cellId => {
        void this._app.commands.execute(CommandIDs.reveal, { cellId });
      }
    });
    this._all.set(panel.content, badges);
  }

  private _onScheduled(
    _: unknown,
    { notebook, cell }: { notebook: Notebook; cell: Cell }
  ): void {
    const badges = this._all.get(notebook);
    if (badges?.isDisposed === false && cell.model.type === 'code') {
      badges.send(cell);
    }
  }

  private readonly _all = new WeakMap<Notebook, NotebookBadges>();
}

export const badges: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-carbon:badges',
  description: 'Duration, energy and CO2e of the last run of each cell, under the cell.',
  autoStart: true,
  requires: [IMeters, INotebookTracker],
  activate: (
    app: JupyterFrontEnd,
    meters: IMeters,
    notebooks: INotebookTracker
  ): void => {
    new Badges(app, meters, notebooks);
  }
};
