/** Puts figures in the place of those that were to come. */
import { CodeCell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { KernelMessage } from '@jupyterlab/services';

import { markOf, type Mark } from '../mark';

type Content = KernelMessage.IUpdateDisplayDataMsg['content'];

/** Updates the output with this mark, if it is there and JupyterLab has not done so itself. */
export function fillIn(
  panel: NotebookPanel,
  mark: Mark,
  { data, metadata }: Content
): void {
  for (const cell of panel.isDisposed ? [] : panel.content.widgets) {
    if (!(cell instanceof CodeCell)) {
      continue;
    }
    const { outputs } = cell.model;
    for (let at = 0; at < outputs.length; at++) {
      const output = outputs.get(at);
      const known = markOf(output.metadata);
      if (known?.output !== mark.output || known.final) {
        continue;
      }
      if (mark.final || output.data['text/plain'] !== data['text/plain']) {
        outputs.set(at, { output_type: 'display_data', data, metadata });
      }
    }
  }
}
