/** The plugins that JupyterLab and Notebook load. */
import type { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { badges } from './plugins/badges';
import { commands } from './plugins/commands';
import { meters } from './plugins/meters';
import { notices } from './plugins/notices';
import { outputs } from './plugins/outputs';
import { sidebar } from './plugins/sidebar';
import { statusBar } from './plugins/statusbar';
import { timeline } from './plugins/timeline';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  meters,
  sidebar,
  statusBar,
  badges,
  timeline,
  commands,
  notices,
  outputs
];

export default plugins;
