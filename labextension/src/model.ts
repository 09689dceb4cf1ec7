import { Signal, type ISignal } from '@lumino/signaling';

import { copyPower, mergePower } from './course';
import { fromKernel } from './protocol';
import type { Cell, Notice, Snapshot, Tick } from './protocol';
import { Runs } from './runs';
import { same } from './same';

/** How this page stands with the kernel's meter: every reason for showing no figures. */
export type LinkStatus =
  | { kind: 'no-notebook' }
  | { kind: 'no-kernel' }
  | { kind: 'foreign'; language: string }
  | { kind: 'connecting' }
  | { kind: 'not-loaded'; busy: boolean }
  | { kind: 'loading' }
  | { kind: 'load-failed'; reason: string }
  | { kind: 'live' }
  | { kind: 'restarting' }
  | { kind: 'dead' }
  | { kind: 'mismatch'; theirs: string }
  | { kind: 'no-comms' };

/** What the kernel's meter says, as last heard. Read it; only the model writes it. */
export type Meter = Omit<Snapshot, 'v' | 'kind' | 'seq'>;

/** What is different: a key is there only if what it names has changed. */
export interface Change {
  status?: boolean;
  state?: boolean;
  now?: boolean;
  session?: boolean;
  sources?: boolean;
  cells?: ReadonlySet<number> | 'all';
  power?: boolean;
  grid?: boolean;
  budgets?: boolean;
  notes?: boolean;
  meter?: boolean;
}

/**
 * What became of a message.
 *
 * - `taken`: it is in the model.
 * - `lost`: one before it is missing; ask `refresh`.
 * - `refused`: malformed, or older than what is known; nothing changed.
 * - `mismatch`: of another version of the format; nothing changed.
 * - `reply`: the answer to a command; whoever sent that takes it from here.
 */
export type Received = 'taken' | 'lost' | 'refused' | 'mismatch' | 'reply';

const EVERYTHING: Change = {
  state: true,
  now: true,
  session: true,
  sources: true,
  cells: 'all',
  power: true,
  grid: true,
  budgets: true,
  notes: true,
  meter: true
};

/**
 * What the meter in the kernel says, for all surfaces of one kernel.
 *
 * It adds up and formats nothing: figures and their words are the kernel's. It emits when
 * something is different, and only then. A status other than `live` keeps what was last
 * heard, until `clear`.
 */
export class MeterModel {
  /** Emitted after something is different. */
  get changed(): ISignal<MeterModel, Change> {
    return this._changed;
  }

  /** Emitted when the kernel has something to tell the user once. */
  get noticed(): ISignal<MeterModel, Notice> {
    return this._noticed;
  }

  get status(): LinkStatus {
    return this._status;
  }

  /** What was last heard, or null if nothing was. */
  get meter(): Meter | null {
    return this._meter;
  }

  /** The kernel runs something, metered or not. */
  get busyKernel(): boolean {
    return this._busyKernel;
  }

  /** A command sent now waits for the running cell's end: busy, and no subshell to take it. */
  get commandsWait(): boolean {
    return this._busyKernel && !this._subshells;
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  setStatus(status: LinkStatus): void {
    if (this._isDisposed || same(status, this._status)) {
      return;
    }
    this._status = status;
    this._changed.emit({ status: true });
  }

  /** Says whether the kernel is busy, and whether it takes commands meanwhile. */
  setKernel(kernel: { busy: boolean; subshells: boolean }): void {
    if (
      this._isDisposed ||
      (kernel.busy === this._busyKernel && kernel.subshells === this._subshells)
    ) {
      return;
    }
    this._busyKernel = kernel.busy;
    this._subshells = kernel.subshells;
    this._changed.emit({ status: true });
  }

  /** Takes a message from the kernel, whatever it is. */
  receive(data: unknown): Received {
    if (this._isDisposed) {
      return 'refused';
    }
    const message = fromKernel(data);
    switch (message.kind) {
      case 'snapshot':
        this._seq = message.seq;
        this._gap = false;
        this._replace(message);
        return 'taken';
      case 'tick':
        if (this._meter === null || this._seq === null) {
          this._count(message.seq);
          return 'lost';
        }
        if (message.seq <= this._seq) {
          return 'refused';
        }
        this._count(message.seq);
        this._merge(this._meter, message);
        return this._takeGap() ? 'lost' : 'taken';
      case 'notice':
        this._count(message.seq);
        this._noticed.emit(message);
        return this._takeGap() ? 'lost' : 'taken';
      case 'reply':
        this._count(message.seq);
        return 'reply';
      case 'refused':
        return message.why === 'version' ? 'mismatch' : 'refused';
    }
  }

  /** The last run of the notebook's cell with this id. */
  latestOf(cellId: string): Cell | null {
    const key = this._runs.latest(cellId);
    return key === undefined ? null : this.cell(key);
  }

  /** One run of a cell. */
  cell(key: number): Cell | null {
    return this._meter === null ? null : this._runs.of(this._meter, key);
  }

  /** Forgets what was heard: another session begins. */
  clear(): void {
    if (this._isDisposed) {
      return;
    }
    this._seq = null;
    this._gap = false;
    if (this._meter === null) {
      return;
    }
    this._meter = null;
    this._runs.clear();
    this._changed.emit(EVERYTHING);
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    Signal.clearData(this);
    this._meter = null;
    this._runs.clear();
  }

  /** Notes a message's number, and whether one before it is missing. */
  private _count(seq: number): void {
    if (this._seq === null) {
      this._seq = seq;
      return;
    }
    if (seq > this._seq + 1) {
      this._gap = true;
    }
    this._seq = Math.max(this._seq, seq);
  }

  private _takeGap(): boolean {
    const gap = this._gap;
    this._gap = false;
    return gap;
  }

  private _replace(snapshot: Snapshot): void {
    const { v: _v, kind: _kind, seq: _seq, ...heard } = snapshot;
    const meter: Meter = { ...heard, power: copyPower(heard.power) };
    const before = this._meter;
    this._meter = meter;
    this._runs.take(meter);
    if (before === null) {
      this._changed.emit(EVERYTHING);
      return;
    }
    const change: Change = {};
    for (const key of [
      'state',
      'now',
      'session',
      'grid',
      'budgets',
      'notes',
      'meter'
    ] as const) {
      if (!same(before[key], meter[key])) {
        change[key] = true;
      }
    }
    if (
      !same(before.sources, meter.sources) ||
      !same(before.not_measured, meter.not_measured)
    ) {
      change.sources = true;
    }
    if (
      !same(before.cells, meter.cells) ||
      before.cells_left_out !== meter.cells_left_out
    ) {
      change.cells = 'all';
    }
    if (!same(before.power, meter.power)) {
      change.power = true;
    }
    this._emit(change);
  }

  private _merge(before: Meter, tick: Tick): void {
    const change: Change = {};
    const meter: Meter = { ...before };
    for (const key of ['state', 'now', 'session'] as const) {
      if (!same(before[key], tick[key])) {
        change[key] = true;
      }
    }
    meter.state = tick.state;
    meter.now = tick.now;
    meter.session = tick.session;
    if (tick.grid && !same(before.grid, tick.grid)) {
      meter.grid = tick.grid;
      change.grid = true;
    }
    if (tick.budgets && !same(before.budgets, tick.budgets)) {
      meter.budgets = tick.budgets;
      change.budgets = true;
    }
    if (tick.notes && !same(before.notes, tick.notes)) {
      meter.notes = tick.notes;
      change.notes = true;
    }
    if (tick.meter && !same(before.meter, tick.meter)) {
      meter.meter = tick.meter;
      change.meter = true;
    }
    if (tick.sources && !same(before.sources, tick.sources)) {
      meter.sources = tick.sources;
      change.sources = true;
    }
    if (tick.not_measured && !same(before.not_measured, tick.not_measured)) {
      meter.not_measured = tick.not_measured;
      change.sources = true;
    }
    this._meter = meter;
    const cells = this._runs.merge(meter, tick);
    if (cells !== null) {
      change.cells = cells;
    }
    if (mergePower(meter.power, tick.power)) {
      change.power = true;
    }
    this._emit(change);
  }

  private _emit(change: Change): void {
    if (Object.keys(change).length > 0) {
      this._changed.emit(change);
    }
  }

  private readonly _changed = new Signal<this, Change>(this);
  private readonly _noticed = new Signal<this, Notice>(this);
  private readonly _runs = new Runs();
  private _status: LinkStatus = { kind: 'no-notebook' };
  private _meter: Meter | null = null;
  private _seq: number | null = null;
  private _gap = false;
  private _busyKernel = false;
  private _subshells = false;
  private _isDisposed = false;
}
