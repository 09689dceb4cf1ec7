/** The links of all notebooks and consoles, and which of them the surfaces show. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { Notification, type ISessionContext } from '@jupyterlab/apputils';
import { IConsoleTracker } from '@jupyterlab/console';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { Signal, type ISignal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';

import type { MeterLink } from '../link';
import { MeterLinks } from '../links';
import { MeterModel } from '../model';
import { CarbonSettings } from '../settings';
import { CommandIDs, IMeters } from '../tokens';
import type { Host, Trans } from '../view/host';

/** A notebook or a console. */
type Sessioned = Widget & { sessionContext: ISessionContext };

/** What the application offers to this plugin. */
interface Surroundings {
  app: JupyterFrontEnd;
  notebooks: INotebookTracker | null;
  consoles: IConsoleTracker | null;
  trans: Trans;
}

class Meters implements IMeters {
  readonly settings = new CarbonSettings();

  constructor(private readonly _around: Surroundings) {
    const { app, notebooks, consoles } = _around;
    this._links = new MeterLinks({
      trans: _around.trans,
      alwaysLoad: () => this.settings.alwaysLoad
    });
    this._none.setStatus({ kind: 'no-notebook' });
    for (const tracker of [notebooks, consoles]) {
      tracker?.forEach(each => this.of(each.sessionContext));
      tracker?.widgetAdded.connect(this._onWidgetAdded, this);
      tracker?.currentChanged.connect(this._update, this);
    }
    app.shell.currentChanged?.connect(this._update, this);
    this._links.shifted.connect(this._update, this);
    this._update();
  }

  get trans(): Trans {
    return this._around.trans;
  }

  get links(): Iterable<MeterLink> {
    return this._links;
  }

  get added(): ISignal<this, MeterLink> {
    return this._added;
  }

  get current(): MeterLink | null {
    return this._current;
  }

  get currentChanged(): ISignal<this, MeterLink | null> {
    return this._currentChanged;
  }

  of(context: ISessionContext): MeterLink {
    return this._links.of(context);
  }

  showing(context: ISessionContext): MeterLink {
    return this._links.showing(context);
  }

  get shifted(): ISignal<unknown, void> {
    return this._links.shifted;
  }

  host(link: MeterLink | null): Host {
    const { app, trans } = this._around;
    return {
      model: link?.model ?? this._none,
      trans,
      settings: this.settings,
      command: (name, args) =>
        link === null
          ? Promise.reject(new Error(trans.__('There is no notebook.')))
          : link.command(name, args),
      load: async always => {
        if (always) {
          await this.settings.set('alwaysLoad', true);
        }
        await link?.load();
      },
      jump: cellId => {
        if (link !== null) {
          void this._jump(link, cellId);
        }
      },
      openTimeline: () => {
        if (app.commands.hasCommand(CommandIDs.timeline)) {
          void app.commands.execute(CommandIDs.timeline);
        }
      }
    };
  }

  private async _jump(link: MeterLink, cellId: string): Promise<void> {
    const { app, notebooks, trans } = this._around;
    const { jumpTo } = await import('./jump');
    if (!(await jumpTo(app, notebooks, link.context, cellId))) {
      Notification.info(trans.__('This cell is not in the notebook any more.'), {
        autoClose: 4000
      });
    }
  }

  private _onWidgetAdded(_: unknown, widget: Sessioned): void {
    const link = this.of(widget.sessionContext);
    this._added.emit(link);
    this._update();
  }

  /** Follows what has the focus, and stays where that is neither notebook nor console. */
  private _update(): void {
    const { app, notebooks, consoles } = this._around;
    const focused = app.shell.currentWidget;
    const there: Sessioned[] = [];
    for (const tracker of [notebooks, consoles]) {
      tracker?.forEach(each => there.push(each));
    }
    this._widget =
      there.find(each => each === focused) ??
      there.find(each => each === this._widget) ??
      notebooks?.currentWidget ??
      consoles?.currentWidget ??
      null;
    const current =
      this._widget === null || this._widget.sessionContext.isDisposed
        ? null
        : this._links.showing(this._widget.sessionContext);
    if (current !== this._current) {
      this._current = current;
      this._currentChanged.emit(current);
    }
  }

  private readonly _links: MeterLinks;
  private readonly _none = new MeterModel();
  private _widget: Sessioned | null = null;
  private _current: MeterLink | null = null;
  private readonly _added = new Signal<this, MeterLink>(this);
  private readonly _currentChanged = new Signal<this, MeterLink | null>(this);
}

export const meters: JupyterFrontEndPlugin<IMeters> = {
  id: 'jupyter-carbon:plugin',
  description: 'The energy meters of the open notebooks and consoles.',
  autoStart: true,
  provides: IMeters,
  optional: [INotebookTracker, IConsoleTracker, ISettingRegistry, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    notebooks: INotebookTracker | null,
    consoles: IConsoleTracker | null,
    registry: ISettingRegistry | null,
    translator: ITranslator | null
  ): IMeters => {
    const trans = (translator ?? nullTranslator).load('jupyter_carbon');
    const all = new Meters({ app, notebooks, consoles, trans });
    registry
      ?.load(meters.id)
      .then(stored => all.settings.follow(stored))
      .catch((reason: unknown) => {
        console.error(`The settings of ${meters.id} could not be read.`, reason);
      });
    return all;
  }
};
