/** The place for a badge under one code cell. */
import type { CodeCell } from '@jupyterlab/cells';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import { type PanelLayout, Widget } from '@lumino/widgets';

import { crc32 } from '../code';
import { badge, type Badge, type BadgeFigures } from '../view/badge';
import type { Trans } from '../view/host';

export interface PlaceOptions {
  readonly trans: Trans;
  /** The code is different. */
  edited(place: Place): void;
  /** The badge was clicked. */
  open(place: Place): void;
}

export class Place implements IDisposable {
  constructor(
    readonly cell: CodeCell,
    private readonly _options: PlaceOptions
  ) {
    this.id = cell.model.id;
    this._shared = cell.model.sharedModel;
    this._shared.changed.connect(this._onChanged, this);
  }

  /** The id of the cell. */
  readonly id: string;

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  get source(): string {
    return this._shared.getSource();
  }

  /** The code's checksum, as in `code_crc32` of a run. */
  get crc(): number {
    this._crc ??= crc32(this.source);
    return this._crc;
  }

  /** What the notebook has under a key of the cell's metadata. */
  metadata(key: string): unknown {
    return this._shared.getMetadata(key);
  }

  setMetadata(key: string, value: Record<string, string | number>): void {
    this._shared.setMetadata(key, value);
  }

  deleteMetadata(key: string): void {
    if (this._shared.getMetadata(key) !== undefined) {
      this._shared.deleteMetadata(key);
    }
  }

  /** Shows a badge with these figures, or none. */
  show(figures: BadgeFigures | null, largest_j: number | null): void {
    if (this._isDisposed) {
      return;
    }
    if (figures === null) {
      // A windowed notebook may have taken its node out already: it stays until the cell goes.
      this._widget?.hide();
      return;
    }
    if (this._widget === null || this._badge === null) {
      this._badge = badge(this._options.trans, () => this._options.open(this));
      this._widget = new Widget({ node: this._badge.node });
      void this._attach(this._widget);
    }
    this._badge.setLargest(largest_j);
    this._badge.set(figures);
    this._widget.show();
  }

  /** Draws the bar anew. */
  setLargest(largest_j: number | null): void {
    this._badge?.setLargest(largest_j);
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    Signal.clearData(this);
    // With its cell the badge goes by itself; a notebook that stays keeps it, unseen.
    this._widget?.hide();
  }

  /** Puts the badge between input and outputs, once the cell has its parts. */
  private async _attach(widget: Widget): Promise<void> {
    await this.cell.ready;
    if (this._isDisposed || this.cell.isDisposed || widget.isDisposed) {
      widget.dispose();
      return;
    }
    const layout = this.cell.layout as PanelLayout;
    const at = layout.widgets.findIndex(each => each.hasClass('jp-Cell-outputWrapper'));
    layout.insertWidget(at < 0 ? layout.widgets.length : at, widget);
  }

  private _onChanged(_: unknown, change: { sourceChange?: unknown }): void {
    if (change.sourceChange !== undefined) {
      this._crc = null;
      this._options.edited(this);
    }
  }

  private readonly _shared: CodeCell['model']['sharedModel'];
  private _crc: number | null = null;
  private _badge: Badge | null = null;
  private _widget: Widget | null = null;
  private _isDisposed = false;
}
