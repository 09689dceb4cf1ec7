/**
 * The figures of a cell's last run in its metadata, so that a saved notebook still shows
 * them: `metadata.jupyter_carbon`, written only if the user has asked for it.
 *
 * `v` is 1; `cell` the cell's id, since metadata go along when a cell is copied; `code` the
 * CRC-32 of the code that ran; `ended_ms` when it ended; `duration`, `energy`, `co2e` the
 * words shown.
 */
import type { Cell, Shown } from './protocol';
import type { BadgeFigures } from './view/badge';

/** The key in a cell's metadata. */
export const KEPT = 'jupyter_carbon';
/** Words of figures are short; what is longer is none of ours. */
const LONGEST = 40;

/** What lies in the metadata. */
export interface Kept {
  readonly [key: string]: string | number;
  readonly v: 1;
  readonly cell: string;
  readonly code: number;
  readonly ended_ms: number;
  readonly duration: string;
  readonly energy: string;
  readonly co2e: string;
}

/** What is kept of a run that has ended. */
export function keep(run: Cell, code: number): Kept {
  return {
    v: 1,
    cell: run.id,
    code,
    ended_ms: Math.round(run.ended_ms ?? run.started_ms),
    duration: run.duration,
    energy: words(run.energy_j),
    co2e: words(run.co2e_g)
  };
}

/** What a notebook says of a cell with this id and code; null if it says nothing of it. */
export function kept(
  metadata: unknown,
  cellId: string,
  code: number
): BadgeFigures | null {
  if (typeof metadata !== 'object' || metadata === null) {
    return null;
  }
  const found = metadata as Partial<Record<keyof Kept, unknown>>;
  const { v, cell, code: ran, ended_ms, duration, energy, co2e } = found;
  if (v !== 1 || cell !== cellId || ran !== code) {
    return null;
  }
  if (!isWords(duration) || !isWords(energy) || !isWords(co2e) || energy === '') {
    return null;
  }
  const ended = typeof ended_ms === 'number' ? new Date(ended_ms) : null;
  return {
    duration,
    energy: shown(energy),
    co2e: shown(co2e),
    status: 'kept',
    hint: ended === null || Number.isNaN(ended.getTime()) ? '' : ended.toLocaleString()
  };
}

function words({ number, unit }: Shown): string {
  return unit === '' ? '' : `${number} ${unit}`;
}

function shown(text: string): BadgeFigures['energy'] {
  const unit = /^(.*\d) (\D.*)$/.exec(text);
  return { number: unit?.[1] ?? text, unit: unit?.[2] ?? '', value: null };
}

function isWords(data: unknown): data is string {
  return typeof data === 'string' && data.length <= LONGEST;
}
