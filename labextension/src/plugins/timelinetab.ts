/** The tab of the timeline. */
import { Signal } from '@lumino/signaling';
import { Widget } from '@lumino/widgets';

import type { MeterLink } from '../link';
import type { IMeters } from '../tokens';
import type { Host, View } from '../view/host';
import { carbonIcon } from './icon';

/** The id of the tab, and the name under which it is restored. */
export const TIMELINE = 'jupyter-carbon-timeline';

/** Shows the current link's session; one chart is there at a time, and none while unseen. */
export class TimelineTab extends Widget {
  constructor(private readonly _meters: IMeters) {
    super();
    const { trans } = _meters;
    this.id = TIMELINE;
    this.addClass('jp-carbon-timelinetab');
    // The layout asks for it before the styles are there.
    this.node.style.minHeight = '180px';
    this.node.style.minWidth = '240px';
    this.title.label = trans.__('Energy timeline');
    this.title.caption = trans.__('The power over the session, with its cells');
    this.title.icon = carbonIcon;
    this.title.closable = true;
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', this.title.label);
    _meters.currentChanged.connect(this._onCurrentChanged, this);
    this._link = _meters.current;
  }

  override dispose(): void {
    if (this.isDisposed) {
      return;
    }
    Signal.clearData(this);
    this._unwatch();
    this._view?.dispose();
    this._view = null;
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
    this._unwatch();
    this._link = link;
    this._view?.dispose();
    this._view = null;
    this._draw();
  }

  private _unwatch(): void {
    if (this._link?.isDisposed === false) {
      this._link.watch(TIMELINE, 'off');
    }
  }

  private _draw(): void {
    if (this.isDisposed || !this.isVisible) {
      this._unwatch();
      this._view?.hide();
      return;
    }
    if (this._make === null) {
      void this._load();
      return;
    }
    this._link?.watch(TIMELINE, 'live');
    if (this._view === null) {
      this._view = this._make(this._meters.host(this._link));
      this.node.replaceChildren(this._view.node);
    }
    this._view.show();
  }

  /** Loads BokehJS, which is large, and which nobody needs who opens no timeline. */
  private async _load(): Promise<void> {
    const { trans } = this._meters;
    const waits = document.createElement('p');
    waits.className = 'jp-carbon jp-carbon-timewaits';
    waits.textContent = trans.__('Loading the chart…');
    this.node.replaceChildren(waits);
    try {
      const [{ timelineView }] = await Promise.all([
        import('../view/timeline'),
        import('../../style/timeline.css')
      ]);
      this._make = timelineView;
      this._draw();
    } catch (error) {
      waits.textContent = trans.__('The chart could not be loaded. Is the server there?');
      console.error('The timeline could not be loaded.', error);
    }
  }

  private _link: MeterLink | null;
  private _view: View | null = null;
  private _make: ((host: Host) => View) | null = null;
}
