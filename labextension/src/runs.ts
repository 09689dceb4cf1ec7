/** The runs of cells that a model keeps: found by key and by cell, and bounded in number. */
import type { Cell, Tick } from './protocol';
import { same } from './same';

/** So many runs of cells are kept; the figures of older ones are in the session's. */
export const MOST_CELLS = 5000;

/** Where they are kept, in their order. */
export interface Kept {
  cells: Cell[];
  cells_left_out: number;
}

export class Runs {
  /** One run of a cell. */
  of(kept: Kept, key: number): Cell | null {
    const at = this._places.get(key);
    return at === undefined ? null : (kept.cells[at] ?? null);
  }

  /** The key of the last run of the notebook's cell with this id. */
  latest(cellId: string): number | undefined {
    return this._latest.get(cellId);
  }

  clear(): void {
    this._places.clear();
    this._latest.clear();
  }

  /** Takes all of them anew. */
  take(kept: Kept): void {
    trim(kept);
    this._index(kept.cells);
  }

  /** Puts new and changed ones in their places; null if none is different. */
  merge(kept: Kept, news: Pick<Tick, 'cells' | 'cells_left_out'>): Changed {
    const changed = new Set<number>();
    let all = false;
    if (
      news.cells_left_out !== undefined &&
      news.cells_left_out !== kept.cells_left_out
    ) {
      kept.cells_left_out = news.cells_left_out;
      all = true;
    }
    const different = news.cells.filter(cell => {
      const known = this.of(kept, cell.key);
      return known === null || !same(known, cell);
    });
    if (different.length > 0) {
      kept.cells = kept.cells.slice();
      for (const cell of different) {
        const at = this._places.get(cell.key);
        if (at === undefined) {
          this._places.set(cell.key, kept.cells.length);
          kept.cells.push(cell);
        } else {
          kept.cells[at] = cell;
        }
        this._note(cell);
        changed.add(cell.key);
      }
      if (trim(kept)) {
        this._index(kept.cells);
        all = true;
      }
    }
    return all ? 'all' : changed.size > 0 ? changed : null;
  }

  private _index(cells: readonly Cell[]): void {
    this.clear();
    cells.forEach((cell, at) => {
      this._places.set(cell.key, at);
      this._note(cell);
    });
  }

  private _note(cell: Cell): void {
    const key = this._latest.get(cell.id);
    if (key === undefined || cell.key >= key) {
      this._latest.set(cell.id, cell.key);
    }
  }

  private readonly _places = new Map<number, number>();
  private readonly _latest = new Map<string, number>();
}

/** The keys of those that are different. */
export type Changed = ReadonlySet<number> | 'all' | null;

/** Lets the oldest go where there are too many. */
function trim(kept: Kept): boolean {
  const over = kept.cells.length - MOST_CELLS;
  if (over <= 0) {
    return false;
  }
  // A tenth at once, so that not each further cell moves all others.
  const dropped = over + Math.floor(MOST_CELLS / 10);
  kept.cells = kept.cells.slice(dropped);
  kept.cells_left_out += dropped;
  return true;
}
