/** The panel in the right area: it shows the meter of the current notebook or console. */
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import type { MeterLink } from '../link';
import { CommandIDs, IMeters } from '../tokens';
import type { Host, PanelView } from '../view/host';
import { carbonIcon } from './icon';

/** The id of the panel in the application's layout. */
export const PANEL = 'jupyter-carbon';

/** Holds a view for each link that it has shown, and shows the current one's; none is made unseen. */
class CarbonPanel extends Widget {
  constructor(private readonly _meters: IMeters) {
    super();
    const { trans } = _meters;
    this.id = PANEL;
    this.addClass('jp-carbon-sidebar');
    this.title.icon = carbonIcon;
    this.title.caption = trans.__('Energy and carbon');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Energy and carbon'));
    _meters.currentChanged.connect(this._onCurrentChanged, this);
    this._show(_meters.current);
  }

  /** Shows the last run of a notebook's cell. */
  reveal(cellId: string): void {
    const cell = this._link?.model.latestOf(cellId) ?? null;
    if (cell !== null) {
      this._view?.reveal(cell.key);
    }
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    Signal.clearData(this);
    for (const view of this._views.values()) {
      view.dispose();
    }
    this._views.clear();
    this._link?.watch(PANEL, 'off');
    super.dispose();
  }

  protected override onAfterAttach(): void {
    this._draw();
  }

  protected override onAfterShow(): void {
    this._draw();
  }

  protected override onAfterHide(): void {
    this._draw();
  }

  protected override onAfterDetach(): void {
    this._draw();
  }

  private _onCurrentChanged(_: IMeters, link: MeterLink | null): void {
    this._show(link);
  }

  private _show(link: MeterLink | null): void {
    if (this._link?.isDisposed === false) {
      this._link.watch(PANEL, 'off');
    }
    for (const [shown, view] of this._views) {
      if (shown?.isDisposed === true) {
        view.dispose();
        this._views.delete(shown);
      }
    }
    this._link = link;
    this._draw();
  }

  private _draw(): void {
    this._link?.watch(PANEL, this.isVisible ? 'live' : 'off');
    if (!this.isVisible) {
      this._view?.hide();
      return;
    }
    if (this._make === null) {
      void this._load();
      return;
    }
    const view = this._views.get(this._link) ?? this._make(this._meters.host(this._link));
    this._views.set(this._link, view);
    if (view !== this._view) {
      this._view?.hide();
      this._view = view;
      this.node.replaceChildren(view.node);
    }
    view.show();
  }

  /** Loads what draws, which nobody needs before the panel is seen. */
  private async _load(): Promise<void> {
    const { panelView } = await import('../view/panel');
    this._make = panelView;
    if (!this.isDisposed) {
      this._draw();
    }
  }

  private _link: MeterLink | null = null;
  private _view: PanelView | null = null;
  private _make: ((host: Host) => PanelView) | null = null;
  private readonly _views = new Map<MeterLink | null, PanelView>();
}

export const sidebar: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-carbon:sidebar',
  description: 'The meter of the current notebook or console, in the right area.',
  autoStart: true,
  requires: [IMeters],
  optional: [ILayoutRestorer],
  activate: (
    app: JupyterFrontEnd,
    meters: IMeters,
    restorer: ILayoutRestorer | null
  ): void => {
    const { trans } = meters;
    const panel = new CarbonPanel(meters);
    app.shell.add(panel, 'right', { rank: 900, type: 'Carbon' });
    restorer?.add(panel, PANEL);

    app.commands.addCommand(CommandIDs.open, {
      label: trans.__('Show the Energy Meter'),
      caption: trans.__('Show the energy and CO2e of this notebook'),
      icon: carbonIcon,
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => app.shell.activateById(PANEL)
    });
    app.commands.addCommand(CommandIDs.reveal, {
      label: trans.__('Show the Cell in the Energy Meter'),
      describedBy: {
        args: {
          type: 'object',
          properties: { cellId: { type: 'string', description: 'The id of the cell' } },
          required: ['cellId']
        }
      },
      execute: args => {
        app.shell.activateById(PANEL);
        if (typeof args.cellId === 'string') {
          panel.reveal(args.cellId);
        }
      }
    });
  }
};
