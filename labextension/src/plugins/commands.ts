/** What the user can do from the command palette, for the current notebook or console. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import {
  Dialog,
  ICommandPalette,
  InputDialog,
  Notification,
  showDialog
} from '@jupyterlab/apputils';

import type { MeterLink } from '../link';
import type { CommandName } from '../protocol';
import { CommandIDs, IMeters } from '../tokens';

const NO_ARGUMENTS = { args: { type: 'object' as const, properties: {} } };

export const commands: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-carbon:commands',
  description: 'Commands of the energy meter, and their entries in the palette.',
  autoStart: true,
  requires: [IMeters],
  optional: [ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    meters: IMeters,
    palette: ICommandPalette | null
  ): void => {
    const { trans } = meters;
    const live = (): MeterLink | null =>
      meters.current?.model.status.kind === 'live' ? meters.current : null;
    const paused = (): boolean => live()?.model.meter?.state.paused === true;
    const missing = (): boolean => {
      const kind = meters.current?.model.status.kind;
      return kind === 'not-loaded' || kind === 'load-failed';
    };

    /** Sends a command without arguments and tells what became of it. */
    const send = async (
      name: CommandName & ('pause' | 'resume' | 'reset')
    ): Promise<void> => {
      const link = live();
      if (link === null) {
        return;
      }
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
    };

    app.commands.addCommand(CommandIDs.load, {
      label: trans.__('Load the Energy Meter into the Kernel'),
      caption: trans.__('Meter every cell from here on'),
      describedBy: NO_ARGUMENTS,
      isEnabled: missing,
      execute: () => meters.current?.load()
    });
    app.commands.addCommand(CommandIDs.pause, {
      label: trans.__('Pause the Energy Meter'),
      describedBy: NO_ARGUMENTS,
      isEnabled: () => live() !== null && !paused(),
      execute: () => send('pause')
    });
    app.commands.addCommand(CommandIDs.resume, {
      label: trans.__('Resume the Energy Meter'),
      describedBy: NO_ARGUMENTS,
      isEnabled: paused,
      execute: () => send('resume')
    });
    app.commands.addCommand(CommandIDs.reset, {
      label: trans.__('Begin a New Energy Session…'),
      caption: trans.__('Count from 0 again; the figures so far are gone'),
      describedBy: NO_ARGUMENTS,
      isEnabled: () => live() !== null,
      execute: async () => {
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
          await send('reset');
        }
      }
    });
    app.commands.addCommand(CommandIDs.export, {
      label: trans.__('Export the Energy Summary…'),
      caption: trans.__('Write the figures of this session into a file'),
      describedBy: NO_ARGUMENTS,
      isEnabled: () => live() !== null,
      execute: async () => {
        const link = live();
        if (link === null) {
          return;
        }
        const { exportName, exportSummary } = await import('./export');
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
    });

    meters.currentChanged.connect(() => {
      for (const id of [
        CommandIDs.load,
        CommandIDs.pause,
        CommandIDs.resume,
        CommandIDs.reset,
        CommandIDs.export
      ]) {
        app.commands.notifyCommandChanged(id);
      }
    });
    const category = trans.__('Energy and carbon');
    for (const command of [
      CommandIDs.open,
      CommandIDs.load,
      CommandIDs.pause,
      CommandIDs.resume,
      CommandIDs.reset,
      CommandIDs.export
    ]) {
      palette?.addItem({ command, category });
    }
  }
};
