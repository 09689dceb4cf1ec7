import type { Columns, Power } from '../protocol';

/** Pure work on columns of power: which steps to draw, and stacked how. No figure comes of it. */

/** A chart shows at least so long a time. */
const LEAST_MS = 20_000;

/** Steps of power: as in `Columns`, ready to be drawn. */
export interface Steps {
  readonly times: number[];
  /** One array a source, in the order asked for, as long as `times`. */
  readonly watts: (number | null)[][];
}

/**
 * The steps that begin between two moments, of these sources.
 *
 * Where steps are missing, one of nulls is put, so that a gap is drawn as a gap. One step on
 * either side is kept, so that lines reach the edges, and the newest step is drawn to its end.
 */
export function between(
  columns: Columns,
  ids: readonly string[],
  from: number,
  to: number
): Steps {
  const all = columns.times_ms;
  const end = Math.min(all.length, firstFrom(all, to) + 1);
  const steps = opened(columns, ids, from, end);
  const last = steps.times[steps.times.length - 1];
  if (end === all.length && last !== undefined) {
    steps.times.push(last + columns.step_ms);
    steps.watts.forEach(each => each.push(each[each.length - 1] ?? null));
  }
  return steps;
}

/** The steps from a moment on, up to a place among them. */
function opened(
  columns: Columns,
  ids: readonly string[],
  from: number,
  end: number
): Steps {
  const all = columns.times_ms;
  const sources = ids.map(id =>
    Object.hasOwn(columns.sources, id) ? columns.sources[id] : null
  );
  const times: number[] = [];
  const watts: (number | null)[][] = ids.map(() => []);
  for (let at = Math.max(0, firstFrom(all, from) - 1); at < end; at++) {
    const time = all[at] ?? 0;
    const last = times[times.length - 1];
    if (last !== undefined && time - last > columns.step_ms * 2.5) {
      times.push(last + columns.step_ms);
      watts.forEach(each => each.push(null));
    }
    times.push(time);
    sources.forEach((source, nth) => watts[nth]?.push(source?.[at] ?? null));
  }
  return { times, watts };
}

/** The end of the newest step; null where there is none. */
export function endOf(columns: Columns): number | null {
  const last = columns.times_ms[columns.times_ms.length - 1];
  return last === undefined ? null : last + columns.step_ms;
}

/** Where a chart of a span begins: later in a young session, which would be a sliver else. */
export function beginning(columns: Columns, to: number, span: number): number {
  const first = columns.times_ms[0] ?? to;
  return Math.max(to - span, Math.min(first, to - LEAST_MS));
}

/** Of these steps those between two moments, and one on either side. */
export function within(steps: Steps, from: number, to: number): Steps {
  const start = Math.max(0, firstFrom(steps.times, from) - 1);
  const end = firstFrom(steps.times, to) + 1;
  return {
    times: steps.times.slice(start, end),
    watts: steps.watts.map(each => each.slice(start, end))
  };
}

/** The whole session: the coarse course, and the recent one from where that ends. */
export function whole(power: Power, ids: readonly string[]): Steps {
  const coarse = power.whole;
  const last = coarse?.times_ms[coarse.times_ms.length - 1];
  if (coarse === undefined || last === undefined) {
    return between(power.recent, ids, -Infinity, Infinity);
  }
  const begin = firstFrom(power.recent.times_ms, last + coarse.step_ms);
  const from = power.recent.times_ms[begin];
  if (from === undefined) {
    return between(coarse, ids, -Infinity, Infinity);
  }
  const early = opened(coarse, ids, -Infinity, coarse.times_ms.length);
  const late = between(power.recent, ids, from, Infinity);
  const cut = late.times.findIndex(time => time >= from);
  const gap = from - last > coarse.step_ms * 2.5;
  const seam = gap ? [last + coarse.step_ms] : [];
  return {
    times: [...early.times, ...seam, ...late.times.slice(cut)],
    watts: early.watts.map((each, nth) => [
      ...each,
      ...seam.map(() => null),
      ...(late.watts[nth] ?? []).slice(cut)
    ])
  };
}

/**
 * At most about two steps for each of `buckets` equal spans: those with the least and with the
 * most power in it, so that no peak and no dip is lost, and the first gap in it.
 */
export function thin(steps: Steps, buckets: number): Steps {
  const count = steps.times.length;
  const begin = steps.times[0];
  const end = steps.times[count - 1];
  if (count <= buckets * 2 || begin === undefined || end === undefined || end <= begin) {
    return steps;
  }
  const kept: number[] = [];
  const span = (end - begin) / buckets;
  let at = 0;
  while (at < count) {
    const bucket = Math.floor(((steps.times[at] ?? 0) - begin) / span);
    let low = -1;
    let high = -1;
    let gap = -1;
    let least = Infinity;
    let most = -Infinity;
    for (; at < count; at++) {
      if (Math.floor(((steps.times[at] ?? 0) - begin) / span) !== bucket) {
        break;
      }
      const sum = together(steps, at);
      if (sum === null) {
        gap = gap < 0 ? at : gap;
        continue;
      }
      if (sum < least) {
        least = sum;
        low = at;
      }
      if (sum > most) {
        most = sum;
        high = at;
      }
    }
    const found = [low, high, gap].filter(each => each >= 0).sort((a, b) => a - b);
    kept.push(...found.filter((each, nth) => each !== found[nth - 1]));
  }
  return {
    times: kept.map(each => steps.times[each] ?? 0),
    watts: steps.watts.map(source => kept.map(each => source[each] ?? null))
  };
}

/**
 * Stacked for drawing: the first source on top, each array the height up to which its source
 * reaches; null where that was not counted.
 */
export function stack(steps: Steps): (number | null)[][] {
  const heights = steps.times.map(() => 0);
  const stacked = steps.watts.map(() => [] as (number | null)[]);
  for (let nth = steps.watts.length - 1; nth >= 0; nth--) {
    const source = steps.watts[nth] ?? [];
    stacked[nth] = source.map((watts, at) => {
      if (watts === null) {
        return null;
      }
      heights[at] = (heights[at] ?? 0) + watts;
      return heights[at];
    });
  }
  return stacked;
}

/** The height of all sources at a step; null if none was counted. */
export function together(steps: Steps, at: number): number | null {
  let sum: number | null = null;
  for (const source of steps.watts) {
    const watts = source[at] ?? null;
    if (watts !== null) {
      sum = (sum ?? 0) + watts;
    }
  }
  return sum;
}

/** The least and the most of one source; null if it was not counted. */
export function extremes(watts: readonly (number | null)[]): [number, number] | null {
  let least = Infinity;
  let most = -Infinity;
  for (const each of watts) {
    if (each !== null) {
      least = Math.min(least, each);
      most = Math.max(most, each);
    }
  }
  return least <= most ? [least, most] : null;
}

/** The index of the first time not before a moment. */
export function firstFrom(times: readonly number[], moment: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < moment) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
