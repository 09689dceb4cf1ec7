/** Where in a session's time one looks, and how one moves there. Pure. */

/** The least that can be seen: below that there would be few steps. */
export const LEAST_MS = 10_000;

/** The part of the session that is seen: all of it, the last of it, or none that moves. */
export type Seen = 'all' | number | 'still';

/** The time between two moments. */
export interface Extent {
  readonly from: number;
  readonly to: number;
}

/** The part of the whole that is meant by a name of it. */
export function partOf(seen: Exclude<Seen, 'still'>, whole: Extent): Extent {
  const from = seen === 'all' ? whole.from : Math.max(whole.from, whole.to - seen);
  return { from, to: whole.to };
}

/** What is seen where the user has come to this part: what reaches the end goes along with it. */
export function seenAs({ from, to }: Extent, whole: Extent): Seen {
  const slack = Math.max(500, (to - from) * 0.01);
  if (to < whole.to - slack) {
    return 'still';
  }
  return from <= whole.from + slack ? 'all' : to - from;
}

/** Where a key leads from a part of the whole; null if it leads nowhere. */
export function moved(key: string, part: Extent, whole: Extent): Extent | null {
  const span = part.to - part.from;
  const middle = (part.from + part.to) / 2;
  const moves: Record<string, readonly [number, number]> = {
    ArrowLeft: [part.from - span / 10, part.to - span / 10],
    ArrowRight: [part.from + span / 10, part.to + span / 10],
    '+': [middle - span / 3, middle + span / 3],
    '-': [middle - span * 0.75, middle + span * 0.75],
    Home: [whole.from, whole.from + span],
    End: [whole.to - span, whole.to],
    '0': [whole.from, whole.to]
  };
  const name = key === '=' ? '+' : key;
  const move = Object.hasOwn(moves, name) ? moves[name] : undefined;
  if (move === undefined) {
    return null;
  }
  const [from, to] = move;
  const wide = Math.min(Math.max(to - from, LEAST_MS), whole.to - whole.from);
  const begin = Math.min(Math.max(from, whole.from), whole.to - wide);
  return { from: begin, to: begin + wide };
}
