/** The badges of one notebook's cells. */
import { type Cell as CellWidget, CodeCell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import type { IDisposable } from '@lumino/disposable';
import { type IMessageHandler, type Message, MessageLoop } from '@lumino/messaging';
import { Signal } from '@lumino/signaling';

import { mayHaveRun } from '../code';
import { KEPT, keep, kept } from '../kept';
import type { MeterLink } from '../link';
import type { Change, MeterModel } from '../model';
import type { IMeters } from '../tokens';
import { figuresOf, type BadgeFigures } from '../view/badge';
import { Place } from './place';

/** Bars of cells that do not run are drawn anew at most so often. */
const BARS_MS = 2000;

export interface BadgesOptions {
  readonly panel: NotebookPanel;
  readonly meters: IMeters;
  /** Shows the last run of a cell in the panel. */
  reveal(cellId: string): void;
}

/** It listens to the meter once, whatever the number of cells. */
export class NotebookBadges implements IDisposable {
  constructor(private readonly _options: BadgesOptions) {
    const { panel, meters } = _options;
    this._name = `badges:${panel.id}`;
    panel.disposed.connect(this.dispose, this);
    panel.content.modelChanged.connect(this._onModelChanged, this);
    meters.settings.changed.connect(this._onSettings, this);
    meters.shifted.connect(this._follow, this);
    MessageLoop.installMessageHook(panel, this._hook);
    this._follow();
    this._onModelChanged();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** A cell is sent to the kernel. */
  send(cell: CellWidget): void {
    const place = this._places.get(cell.model.id);
    // What the notebook keeps is of an earlier run.
    place?.deleteMetadata(KEPT);
    this._mark(cell.model.id);
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    MessageLoop.removeMessageHook(this._options.panel, this._hook);
    cancelAnimationFrame(this._frame);
    clearTimeout(this._timer);
    this._listenTo(null);
    Signal.clearData(this);
    for (const place of this._places.values()) {
      place.dispose();
    }
    this._places.clear();
  }

  private get _shows(): boolean {
    return this._options.meters.settings.badges && this._options.panel.isVisible;
  }

  /** Listens to the link that has the comm to the notebook's kernel. */
  private _follow(): void {
    const { meters, panel } = this._options;
    if (panel.sessionContext.isDisposed) {
      return;
    }
    const link = meters.showing(panel.sessionContext);
    if (link !== this._link) {
      this._listenTo(link);
    }
  }

  private _listenTo(link: MeterLink | null): void {
    if (this._link?.isDisposed === false) {
      this._link.watch(this._name, 'off');
      this._link.model.changed.disconnect(this._onChanged, this);
    }
    this._link = link;
    link?.model.changed.connect(this._onChanged, this);
    this._onVisible();
    this._markAll();
  }

  private _onChanged(model: MeterModel, change: Change): void {
    if (change.cells === 'all' || change.meter === true) {
      this._markAll();
    } else if (change.cells !== undefined) {
      for (const key of change.cells) {
        const id = model.cell(key)?.id;
        if (id !== undefined && this._places.has(id)) {
          this._mark(id);
        }
      }
    }
    if (change.session === true || change.cells !== undefined) {
      this._markBars();
    }
  }

  private _onSettings(): void {
    this._onVisible();
    this._markAll();
  }

  private _onModelChanged(): void {
    this._options.panel.content.model?.cells.changed.connect(this._onCellsChanged, this);
    this._onCellsChanged();
  }

  /** Cells were added, removed or moved; a move makes a new widget for the same id. */
  private _onCellsChanged(): void {
    this._stale = true;
    this._ask();
  }

  private readonly _hook = (_: IMessageHandler, message: Message): boolean => {
    switch (message.type) {
      case 'after-show':
      case 'after-hide':
      case 'after-attach':
      case 'after-detach':
        // The widget itself takes the message after this.
        queueMicrotask(() => this._onVisible());
    }
    return true;
  };

  private _onVisible(): void {
    if (!this._isDisposed && this._link?.isDisposed === false) {
      this._link.watch(this._name, this._shows ? 'slow' : 'off');
      this._ask();
    }
  }

  private _mark(id: string): void {
    this._marked.add(id);
    this._ask();
  }

  private _markAll(): void {
    this._all = true;
    this._ask();
  }

  private _markBars(): void {
    const wait = this._barsAt + BARS_MS - performance.now();
    this._timer ??= setTimeout(
      () => {
        this._timer = undefined;
        this._bars = true;
        this._ask();
      },
      Math.max(0, wait)
    );
  }

  /** Draws in the next frame, once, and not while the notebook is hidden. */
  private _ask(): void {
    if (this._frame === 0 && !this._isDisposed && this._options.panel.isVisible) {
      this._frame = requestAnimationFrame(() => {
        this._frame = 0;
        this._draw();
      });
    }
  }

  private _draw(): void {
    const { meters } = this._options;
    const shows = meters.settings.badges;
    if (this._stale) {
      this._stale = false;
      this._seat();
    }
    const model = this._link?.isDisposed === false ? this._link.model : null;
    const largest_j = model?.meter?.session.largest_cell_j ?? null;
    const places = this._all ? this._places.values() : this._marked.values();
    for (const each of places) {
      const place = typeof each === 'string' ? this._places.get(each) : each;
      place?.show(shows ? this._figures(place, model) : null, largest_j);
    }
    this._all = false;
    this._marked.clear();
    if (this._bars) {
      this._bars = false;
      this._barsAt = performance.now();
      if (largest_j !== this._largest) {
        this._largest = largest_j;
        for (const place of this._places.values()) {
          place.setLargest(largest_j);
        }
      }
    }
  }

  /** A place for each code cell that is there now. */
  private _seat(): void {
    const gone = new Map(this._places);
    for (const cell of this._options.panel.content.widgets) {
      if (!(cell instanceof CodeCell)) {
        continue;
      }
      const { id } = cell.model;
      const place = this._places.get(id);
      if (place?.cell === cell) {
        gone.delete(id);
        continue;
      }
      this._places.set(
        id,
        new Place(cell, {
          trans: this._options.meters.trans,
          edited: edited => this._mark(edited.id),
          open: opened => this._options.reveal(opened.id)
        })
      );
      this._marked.add(id);
    }
    for (const [id, place] of gone) {
      place.dispose();
      if (this._places.get(id) === place) {
        this._places.delete(id);
      }
    }
  }

  /** What the badge of a cell says; null where nothing is known of the code that is there. */
  private _figures(place: Place, model: MeterModel | null): BadgeFigures | null {
    const run = model?.latestOf(place.id) ?? null;
    if (run === null) {
      return kept(place.metadata(KEPT), place.id, place.crc);
    }
    if (!mayHaveRun(run, place.source, place.crc)) {
      return null;
    }
    if (
      run.final &&
      run.status !== 'running' &&
      this._options.meters.settings.saveBadges
    ) {
      place.setMetadata(KEPT, keep(run, place.crc));
    }
    return figuresOf(run);
  }

  private readonly _name: string;
  private readonly _places = new Map<string, Place>();
  private readonly _marked = new Set<string>();
  private _link: MeterLink | null = null;
  private _all = true;
  private _stale = true;
  private _bars = false;
  private _barsAt = -Infinity;
  private _largest: number | null = null;
  private _frame = 0;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _isDisposed = false;
}
