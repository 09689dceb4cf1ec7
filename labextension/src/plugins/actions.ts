/** What the commands do with the meter of a notebook or console, and what they ask before. */
import { Dialog, InputDialog, Notification, showDialog } from '@jupyterlab/apputils';

import type { MeterLink } from '../link';
import type { CommandName } from '../protocol';
import type { Trans } from '../view/host';
import { exportName, exportSummary } from './export';

export function pause(link: MeterLink, trans: Trans): Promise<void> {
  return send(link, 'pause', trans);
}

export function resume(link: MeterLink, trans: Trans): Promise<void> {
  return send(link, 'resume', trans);
}

/** Begins a new session, once the user has said that the figures so far may go. */
export async function reset(link: MeterLink, trans: Trans): Promise<void> {
  const { button } = await showDialog({
    title: trans.__('Begin a new energy session?'),
    body: trans.__(
      'The meter counts from 0 again. The figures of this session are gone, unless they were exported.'
    ),
    buttons: [
      Dialog.cancelButton(),
      Dialog.warnButton({ label: trans.__('Begin a new session') })
    ]
  });
  if (button.accept) {
    await send(link, 'reset', trans);
  }
}

/** Has the kernel write a summary into the file that the user names. */
export async function exportAs(link: MeterLink, trans: Trans): Promise<void> {
  const { value } = await InputDialog.getText({
    title: trans.__('Export the energy summary'),
    label: trans.__(
      'File, where the kernel runs: .json has everything, .csv a row a cell, .md is for reading'
    ),
    text: exportName(link.context.path),
    okLabel: trans.__('Export')
  });
  if (value !== null && value.trim() !== '') {
    await exportSummary(link, value.trim(), trans);
  }
}

/** Sends a command without arguments and tells what became of it. */
async function send(
  link: MeterLink,
  name: CommandName & ('pause' | 'resume' | 'reset'),
  trans: Trans
): Promise<void> {
  if (link.model.commandsWait) {
    Notification.info(
      trans.__('The kernel is busy: this takes effect when the running cell ends.'),
      { autoClose: 5000 }
    );
  }
  try {
    const reply = await link.command(name, {});
    if (!reply.ok) {
      Notification.error(reply.text);
    }
  } catch (error) {
    Notification.error(error instanceof Error ? error.message : String(error));
  }
}
