/** What the user can do from the command palette, for the current notebook or console. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';

import type { MeterLink } from '../link';
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

    /** What is done is loaded when it is asked for; the link is that of before. */
    const act = async (
      name: 'pause' | 'resume' | 'reset' | 'exportAs'
    ): Promise<void> => {
      const link = live();
      if (link !== null) {
        await (await import('./actions'))[name](link, trans);
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
      execute: () => act('pause')
    });
    app.commands.addCommand(CommandIDs.resume, {
      label: trans.__('Resume the Energy Meter'),
      describedBy: NO_ARGUMENTS,
      isEnabled: paused,
      execute: () => act('resume')
    });
    app.commands.addCommand(CommandIDs.reset, {
      label: trans.__('Begin a New Energy Session…'),
      caption: trans.__('Count from 0 again; the figures so far are gone'),
      describedBy: NO_ARGUMENTS,
      isEnabled: () => live() !== null,
      execute: () => act('reset')
    });
    app.commands.addCommand(CommandIDs.export, {
      label: trans.__('Export the Energy Summary…'),
      caption: trans.__('Write the figures of this session into a file'),
      describedBy: NO_ARGUMENTS,
      isEnabled: () => live() !== null,
      execute: () => act('exportAs')
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
