/** Going to a cell of a notebook. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ISessionContext } from '@jupyterlab/apputils';
import type { INotebookTracker } from '@jupyterlab/notebook';

/** Activates the notebook of a kernel session and shows its cell; false if it is not there. */
export async function jumpTo(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker | null,
  context: ISessionContext,
  cellId: string
): Promise<boolean> {
  const panel = notebooks?.find(each => each.sessionContext === context);
  if (panel === undefined) {
    return false;
  }
  app.shell.activateById(panel.id);
  const notebook = panel.content;
  const index = notebook.widgets.findIndex(cell => cell.model.id === cellId);
  if (index < 0) {
    return false;
  }
  notebook.deselectAll();
  notebook.activeCellIndex = index;
  notebook.mode = 'command';
  await notebook.scrollToItem(index, 'smart');
  notebook.activate();
  return true;
}
