/** The timeline: a tab with the whole session of the current notebook or console. */
import {
  ILabShell,
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, WidgetTracker } from '@jupyterlab/apputils';

import { CommandIDs, IMeters } from '../tokens';
import { carbonIcon } from './icon';
import type { TimelineTab } from './timelinetab';

export const timeline: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-carbon:timeline',
  description: 'The whole session of the current notebook or console, in a tab.',
  autoStart: true,
  requires: [IMeters],
  optional: [ICommandPalette, ILabShell, ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    meters: IMeters,
    palette: ICommandPalette | null,
    labShell: ILabShell | null,
    restorer: ILayoutRestorer | null
  ): void => {
    const { trans } = meters;
    const tracker = new WidgetTracker<TimelineTab>({
      namespace: 'jupyter-carbon-timeline'
    });
    // Notebook has room for one document; beside that there is the lower area.
    const place = (tab: TimelineTab): void => {
      if (labShell !== null) {
        labShell.add(tab, 'main', { mode: 'split-bottom', type: 'Carbon Timeline' });
      } else {
        app.shell.add(tab, 'down', { type: 'Carbon Timeline' });
      }
    };
    app.commands.addCommand(CommandIDs.timeline, {
      label: trans.__('Open the Energy Timeline'),
      caption: trans.__('Show the power over the whole session, with its cells'),
      icon: carbonIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: async () => {
        const { TIMELINE, TimelineTab } = await import('./timelinetab');
        if (tracker.currentWidget === null) {
          const tab = new TimelineTab(meters);
          place(tab);
          await tracker.add(tab);
        }
        app.shell.activateById(TIMELINE);
      }
    });
    palette?.addItem({
      command: CommandIDs.timeline,
      category: trans.__('Energy and carbon')
    });
    if (restorer !== null) {
      void restorer.restore(tracker, { command: CommandIDs.timeline, name: () => 'one' });
    }
  }
};
