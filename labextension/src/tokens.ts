/** What plugins of this extension share. */
import type { ISessionContext } from '@jupyterlab/apputils';
import { Token } from '@lumino/coreutils';
import type { ISignal } from '@lumino/signaling';

import type { MeterLink } from './link';
import type { CarbonSettings } from './settings';
import type { Host, Trans } from './view/host';

/** The meters of all open notebooks and consoles, and which of them is the current one. */
export interface IMeters {
  readonly trans: Trans;
  readonly settings: CarbonSettings;
  /** The link of a notebook or console; made when first asked for, disposed with it. */
  of(context: ISessionContext): MeterLink;
  /** The link that can show a context's kernel: its own, or one with the comm to the same. */
  showing(context: ISessionContext): MeterLink;
  /** Emitted when another link may show a context's kernel than before. */
  readonly shifted: ISignal<unknown, void>;
  /** The links that there are. */
  readonly links: Iterable<MeterLink>;
  /** Emitted with each new link. */
  readonly added: ISignal<IMeters, MeterLink>;
  /**
   * The link of the current notebook or console, or null where there is none. Where that one
   * may open no comm, it is the one that has the comm to the same kernel.
   */
  readonly current: MeterLink | null;
  readonly currentChanged: ISignal<IMeters, MeterLink | null>;
  /** What the views of a link, or of none, ask of their surroundings. */
  host(link: MeterLink | null): Host;
}

export const IMeters = new Token<IMeters>(
  'jupyter-carbon:IMeters',
  'The energy meters of the open notebooks and consoles.'
);

/** The names of the commands. */
export const CommandIDs = {
  open: 'jupyter-carbon:open',
  load: 'jupyter-carbon:load',
  pause: 'jupyter-carbon:pause',
  resume: 'jupyter-carbon:resume',
  reset: 'jupyter-carbon:reset',
  export: 'jupyter-carbon:export',
  /** With `cellId`: shows the last run of that cell in the panel. */
  reveal: 'jupyter-carbon:reveal',
  timeline: 'jupyter-carbon:timeline'
} as const;
