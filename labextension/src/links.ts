/** The links of all open notebooks and consoles of a page. */
import type { ISessionContext } from '@jupyterlab/apputils';
import type { IDisposable } from '@lumino/disposable';
import { Signal, type ISignal } from '@lumino/signaling';

import { MeterLink, type LinkOptions } from './link';

export class MeterLinks implements IDisposable {
  constructor(private readonly _options: LinkOptions) {
    document.addEventListener('visibilitychange', this._onVisibility);
    window.addEventListener('pagehide', this._onPageHide);
    window.addEventListener('pageshow', this._onPageShow);
  }

  /** Emitted with each new link. */
  get added(): ISignal<this, MeterLink> {
    return this._added;
  }

  /** Emitted when a link may stand in for another, or no more. */
  get shifted(): ISignal<this, void> {
    return this._shifted;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  [Symbol.iterator](): Iterator<MeterLink> {
    return this._links.values();
  }

  /** The link of a notebook or console; made when first asked for, disposed with it. */
  of(context: ISessionContext): MeterLink {
    const known = this._links.get(context);
    if (known !== undefined) {
      return known;
    }
    const link = new MeterLink(context, this._options);
    this._links.set(context, link);
    link.setPageHidden(document.hidden);
    link.model.changed.connect(this._onModelChanged, this);
    context.disposed.connect(this._onContextDisposed, this);
    this._added.emit(link);
    return link;
  }

  /** The link that can show a context's kernel: its own, or one with the comm to the same. */
  showing(context: ISessionContext): MeterLink {
    const own = this.of(context);
    if (own.model.status.kind !== 'no-comms') {
      return own;
    }
    const id = own.kernel?.id;
    for (const link of this._links.values()) {
      if (link.kernel?.id === id && link.model.status.kind !== 'no-comms') {
        return link;
      }
    }
    return own;
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    document.removeEventListener('visibilitychange', this._onVisibility);
    window.removeEventListener('pagehide', this._onPageHide);
    window.removeEventListener('pageshow', this._onPageShow);
    for (const link of this._links.values()) {
      link.dispose();
    }
    this._links.clear();
    Signal.clearData(this);
  }

  private readonly _onVisibility = (): void => {
    for (const link of this._links.values()) {
      link.setPageHidden(document.hidden);
    }
  };

  private readonly _onPageHide = (): void => {
    for (const link of this._links.values()) {
      link.hangUp();
    }
  };

  private readonly _onPageShow = (event: PageTransitionEvent): void => {
    for (const link of event.persisted ? this._links.values() : []) {
      link.pickUp();
    }
  };

  private _onModelChanged(_: unknown, change: { status?: boolean }): void {
    if (change.status === true) {
      this._shifted.emit();
    }
  }

  private _onContextDisposed(context: ISessionContext): void {
    this._links.get(context)?.dispose();
    this._links.delete(context);
    this._shifted.emit();
  }

  private readonly _links = new Map<ISessionContext, MeterLink>();
  private readonly _added = new Signal<this, MeterLink>(this);
  private readonly _shifted = new Signal<this, void>(this);
  private _isDisposed = false;
}
