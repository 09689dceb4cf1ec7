/** Has the kernel write the summary of its session into a file. */
import { Notification } from '@jupyterlab/apputils';
import type { KernelMessage } from '@jupyterlab/services';

import type { MeterLink } from '../link';
import type { Trans } from '../view/host';

/** A name for the summary of a notebook: `train.ipynb` gives `train-energy.json`. */
export function exportName(path: string): string {
  const name = path.split('/').at(-1) ?? '';
  const stem = name.replace(/\.ipynb$/, '').replace(/[^\p{L}\p{N}._-]+/gu, '-');
  return `${stem === '' ? 'notebook' : stem}-energy.json`;
}

/** A word as `%carbon` reads it, whatever is in it. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'"'"'`)}'`;
}

/** Writes the summary and tells what became of it. */
export async function exportSummary(
  link: MeterLink,
  file: string,
  trans: Trans
): Promise<void> {
  const { kernel } = link;
  if (kernel === null || /[\n\r]/.test(file)) {
    return;
  }
  const said: string[] = [];
  const future = kernel.requestExecute({
    code: `get_ipython().run_line_magic('carbon', ${literal(`export ${quoted(file)}`)})`,
    silent: true,
    store_history: false,
    allow_stdin: false,
    stop_on_error: false
  });
  future.onIOPub = message => {
    if (message.header.msg_type === 'stream') {
      said.push((message as KernelMessage.IStreamMsg).content.text);
    }
  };
  try {
    const { content } = await future.done;
    const text = said.join('').trim();
    if (content.status === 'ok') {
      Notification.info(text === '' ? trans.__('The summary was written.') : text, {
        autoClose: 8000
      });
    } else if (content.status === 'error') {
      Notification.error(content.evalue === '' ? content.ename : content.evalue);
    } else {
      Notification.error(trans.__('The kernel was interrupted before the export.'));
    }
  } catch {
    Notification.error(trans.__('The kernel went away before the export.'));
  }
}

/** A Python string literal: JSON's escapes are Python's, too. */
function literal(text: string): string {
  return JSON.stringify(text);
}
