/** Shows what the meter has to tell once, such as a budget that is nearly used up. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';

import type { MeterLink } from '../link';
import type { MeterModel } from '../model';
import type { Notice } from '../protocol';
import { IMeters } from '../tokens';

/** So long something that is no warning stays. */
const INFO_MS = 8000;

class Notices {
  constructor(private readonly _meters: IMeters) {
    for (const link of _meters.links) {
      this._follow(_meters, link);
    }
    _meters.added.connect(this._follow, this);
  }

  private _follow(_: IMeters, link: MeterLink): void {
    link.model.noticed.connect(this._onNotice, this);
  }

  private _onNotice({ meter }: MeterModel, notice: Notice): void {
    // A kernel may say it twice, and each kernel counts from one.
    const name = `${meter?.meter.session_id ?? ''} ${notice.id}`;
    if (!this._meters.settings.notify || this._told.has(name)) {
      return;
    }
    this._told.add(name);
    Notification.emit(notice.text, notice.level, {
      autoClose: notice.level === 'info' ? INFO_MS : false
    });
  }

  private readonly _told = new Set<string>();
}

export const notices: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-carbon:notices',
  description: 'Notifications of the energy meter.',
  autoStart: true,
  requires: [IMeters],
  activate: (_app: JupyterFrontEnd, meters: IMeters): void => {
    new Notices(meters);
  }
};
