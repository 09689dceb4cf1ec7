/** Going to a cell of a notebook. */
import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ISessionContext } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

/** Activates the notebook that has a cell and shows it; false if none of the kernel's has it. */
export async function jumpTo(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker | null,
  context: ISessionContext,
  cellId: string
): Promise<boolean> {
  const place = (panel: NotebookPanel): number =>
    panel.content.widgets.findIndex(cell => cell.model.id === cellId);
  const kernelId = context.session?.kernel?.id;
  // Several notebooks may run their cells in one kernel; a copy of one has the same ids.
  const own = notebooks?.find(each => each.sessionContext === context);
  const panel =
    own !== undefined && place(own) >= 0
      ? own
      : notebooks?.find(
          each =>
            kernelId !== undefined &&
            each.sessionContext.session?.kernel?.id === kernelId &&
            place(each) >= 0
        );
  if (panel === undefined) {
    if (own !== undefined) {
      app.shell.activateById(own.id);
    }
    return false;
  }
  app.shell.activateById(panel.id);
  const notebook = panel.content;
  const index = place(panel);
  notebook.deselectAll();
  notebook.activeCellIndex = index;
  notebook.mode = 'command';
  await notebook.scrollToItem(index, 'smart');
  notebook.activate();
  return true;
}
