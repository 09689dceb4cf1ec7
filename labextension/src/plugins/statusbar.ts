/** The item in the status bar, where there is one: power now, the session's energy and CO2e. */
import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';
import type { CommandRegistry } from '@lumino/commands';
import { Signal, type ISignal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import type { MeterLink } from '../link';
import type { Change } from '../model';
import { CommandIDs, IMeters } from '../tokens';
import { inWords } from '../view/words';
import { carbonIcon } from './icon';

const ITEM = 'jupyter-carbon:status';

class StatusItem extends Widget {
  constructor(
    private readonly _meters: IMeters,
    private readonly _commands: CommandRegistry
  ) {
    super({ node: document.createElement('button') });
    this.addClass('jp-carbon-statusbar');
    this.node.setAttribute('type', 'button');
    const icon = carbonIcon.element({
      tag: 'span',
      className: 'jp-carbon-statusbar-icon'
    });
    icon.setAttribute('aria-hidden', 'true');
    this._power.className = 'jp-carbon-statusbar-power';
    this.node.append(icon, this._power, this._energy, this._co2e);
    _meters.currentChanged.connect(this._onCurrentChanged, this);
    _meters.settings.changed.connect(this._onSettings, this);
    this._follow(_meters.current);
  }

  /** Emitted when there is something to show, or no more. */
  get activeChanged(): ISignal<this, void> {
    return this._activeChanged;
  }

  /** Whether there is something to show. */
  get isActive(): boolean {
    const { settings } = this._meters;
    const { _link: link } = this;
    return settings.statusBar && link !== null && link.model.status.kind === 'live';
  }

  handleEvent(): void {
    void this._commands.execute(CommandIDs.open);
  }

  override dispose(): void {
    if (!this.isDisposed) {
      Signal.clearData(this);
      this._link?.watch(ITEM, 'off');
      super.dispose();
    }
  }

  protected override onAfterAttach(): void {
    this.node.addEventListener('click', this);
    this._onVisible();
  }

  protected override onBeforeDetach(): void {
    this.node.removeEventListener('click', this);
  }

  protected override onAfterShow(): void {
    this._onVisible();
  }

  protected override onAfterHide(): void {
    this._onVisible();
  }

  private _onVisible(): void {
    this._link?.watch(ITEM, this.isVisible ? 'slow' : 'off');
    this._mark();
  }

  private _onCurrentChanged(_: IMeters, link: MeterLink | null): void {
    this._follow(link);
  }

  private _onSettings(): void {
    this._activeChanged.emit();
  }

  private _follow(link: MeterLink | null): void {
    if (this._link?.isDisposed === false) {
      this._link.watch(ITEM, 'off');
      this._link.model.changed.disconnect(this._onModelChanged, this);
    }
    this._link = link;
    link?.model.changed.connect(this._onModelChanged, this);
    this._activeChanged.emit();
    this._onVisible();
  }

  private _onModelChanged(_: unknown, change: Change): void {
    if (change.status === true) {
      this._activeChanged.emit();
    }
    if (change.now === true || change.session === true || change.state === true) {
      this._mark();
    }
  }

  /** Draws once in the next frame, however much has changed. */
  private _mark(): void {
    if (this._frame === null && this.isVisible) {
      this._frame = requestAnimationFrame(() => {
        this._frame = null;
        this._draw();
      });
    }
  }

  private _draw(): void {
    const meter = this._link?.isDisposed === false ? this._link.model.meter : null;
    if (meter === null) {
      return;
    }
    const { trans } = this._meters;
    const power = meter.state.paused ? trans.__('paused') : inWords(meter.now.total);
    const energy = inWords(meter.session.energy_j);
    const co2e = inWords(meter.session.co2e_g);
    setText(this._power, power);
    setText(this._energy, energy);
    setText(this._co2e, co2e);
    const label = trans.__(
      'Energy meter: now %1; this session %2, %3. Show the panel',
      power,
      energy,
      co2e
    );
    if (this.node.getAttribute('aria-label') !== label) {
      this.node.setAttribute('aria-label', label);
      this.node.title = label;
    }
  }

  private _link: MeterLink | null = null;
  private _frame: number | null = null;
  private readonly _power = document.createElement('span');
  private readonly _energy = document.createElement('span');
  private readonly _co2e = document.createElement('span');
  private readonly _activeChanged = new Signal<this, void>(this);
}

function setText(node: HTMLElement, text: string): void {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

export const statusBar: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-carbon:statusbar',
  description: 'Power now and the session so far, in the status bar.',
  autoStart: true,
  requires: [IMeters],
  optional: [IStatusBar],
  activate: (app: JupyterFrontEnd, meters: IMeters, bar: IStatusBar | null): void => {
    if (bar === null) {
      return;
    }
    const item = new StatusItem(meters, app.commands);
    bar.registerStatusItem(ITEM, {
      item,
      align: 'right',
      rank: 900,
      isActive: () => item.isActive,
      activeStateChanged: item.activeChanged
    });
  }
};
