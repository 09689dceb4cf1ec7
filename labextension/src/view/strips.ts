import type { Columns, Power } from '../protocol';
import { firstFrom } from './columns';

/** Pure work on the whole course of the power, for the timeline. No figure comes of it. */

/** Steps of power, each with its end, for each source in the order asked for. */
export interface Strips {
  readonly begins: readonly number[];
  readonly ends: readonly number[];
  readonly watts: readonly (readonly (number | null)[])[];
}

/** An area as polygons: one for each stretch without a gap. */
export interface Outlines {
  readonly xs: number[][];
  readonly ys: number[][];
}

/** The whole session as finely as it is known: the recent course, before that the coarse one. */
export function strips(power: Power, ids: readonly string[]): Strips {
  const { recent, whole: coarse } = power;
  const begins: number[] = [];
  const ends: number[] = [];
  const watts: (number | null)[][] = ids.map(() => []);

  function take(columns: Columns, count: number): void {
    const sources = ids.map(id =>
      Object.hasOwn(columns.sources, id) ? columns.sources[id] : undefined
    );
    for (let at = 0; at < count; at++) {
      const begin = columns.times_ms[at] ?? 0;
      const last = ends.length - 1;
      if (last >= 0) {
        // A step ends where the next begins, or there would be seams between them.
        const end = ends[last] ?? begin;
        const close = Math.abs(begin - end) <= columns.step_ms / 2;
        ends[last] = close ? begin : Math.min(end, begin);
      }
      begins.push(begin);
      ends.push(begin + columns.step_ms);
      sources.forEach((source, nth) => watts[nth]?.push(source?.[at] ?? null));
    }
  }

  const from = recent.times_ms[0];
  if (coarse !== undefined) {
    const times = coarse.times_ms;
    take(coarse, from === undefined ? times.length : firstFrom(times, from));
  }
  take(recent, recent.times_ms.length);
  return { begins, ends, watts };
}

/**
 * The course in steps that can be seen: of neighbours that together last less than `least_ms`
 * the highest stands for all, so that no peak is lost. A gap stays one.
 */
export function thinned(course: Strips, least_ms: number): Strips {
  const begins: number[] = [];
  const ends: number[] = [];
  const kept: number[] = [];
  let at = 0;
  while (at < course.begins.length) {
    const begin = course.begins[at] ?? 0;
    let end = course.ends[at] ?? 0;
    let highest = at;
    let most = height(course, at);
    for (at++; at < course.begins.length; at++) {
      const next = height(course, at);
      const close = course.begins[at] === end && (next === null) === (most === null);
      if (!close || (course.ends[at] ?? 0) - begin > least_ms) {
        break;
      }
      end = course.ends[at] ?? end;
      if ((next ?? 0) > (most ?? 0)) {
        highest = at;
        most = next;
      }
    }
    begins.push(begin);
    ends.push(end);
    kept.push(highest);
  }
  return {
    begins,
    ends,
    watts: course.watts.map(source => kept.map(each => source[each] ?? null))
  };
}

/** The areas of the sources, stacked: the first on top. A source without a figure has none. */
export function outlines(course: Strips): Outlines[] {
  const heights = course.begins.map(() => 0);
  const found: Outlines[] = [];
  for (let nth = course.watts.length - 1; nth >= 0; nth--) {
    const floors = heights.slice();
    const source = course.watts[nth] ?? [];
    source.forEach((watts, at) => {
      heights[at] = (heights[at] ?? 0) + (watts ?? 0);
    });
    found.unshift(outline(course, floors, heights, at => (source[at] ?? null) !== null));
  }
  return found;
}

/** The area below all sources together. */
export function silhouette(course: Strips): Outlines {
  const tops = course.begins.map((_, at) => height(course, at) ?? 0);
  const floors = tops.map(() => 0);
  return outline(course, floors, tops, at => height(course, at) !== null);
}

/** The height of the highest step that lies between two moments. */
export function highest(course: Strips, from: number, to: number): number {
  let most = 0;
  for (let at = 0; at < course.begins.length; at++) {
    if ((course.ends[at] ?? 0) > from && (course.begins[at] ?? 0) < to) {
      most = Math.max(most, height(course, at) ?? 0);
    }
  }
  return most;
}

/** How high the step is drawn; null where no source has a figure. */
function height(course: Strips, at: number): number | null {
  let sum: number | null = null;
  for (const source of course.watts) {
    const watts = source[at] ?? null;
    if (watts !== null) {
      sum = (sum ?? 0) + watts;
    }
  }
  return sum;
}

/** Walks along the tops to the right, and along the floors back, once for each stretch. */
function outline(
  { begins, ends }: Strips,
  floors: readonly number[],
  tops: readonly number[],
  known: (at: number) => boolean
): Outlines {
  const xs: number[][] = [];
  const ys: number[][] = [];
  let at = 0;
  while (at < begins.length) {
    if (!known(at)) {
      at++;
      continue;
    }
    const first = at;
    const x: number[] = [];
    const y: number[] = [];
    do {
      x.push(begins[at] ?? 0, ends[at] ?? 0);
      y.push(tops[at] ?? 0, tops[at] ?? 0);
      at++;
    } while (at < begins.length && known(at) && begins[at] === ends[at - 1]);
    for (let back = at - 1; back >= first; back--) {
      x.push(ends[back] ?? 0, begins[back] ?? 0);
      y.push(floors[back] ?? 0, floors[back] ?? 0);
    }
    xs.push(x);
    ys.push(y);
  }
  return { xs, ys };
}
