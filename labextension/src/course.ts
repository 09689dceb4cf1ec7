import type { Columns, Power } from './protocol';
import { same } from './same';

/** The course of the power as it is kept: appended to, and bounded. */

/** So much of the power's recent course is kept. */
export const RECENT_MS = 15 * 60 * 1000;

function copyColumns(columns: Columns): Columns {
  const sources: Columns['sources'] = {};
  for (const [id, watts] of Object.entries(columns.sources)) {
    sources[id] = watts.slice();
  }
  return { ...columns, times_ms: columns.times_ms.slice(), sources };
}

/** A copy that may be appended to. */
export function copyPower(power: Power): Power {
  return { ...power, recent: copyColumns(power.recent) };
}

/** Appends the new steps in place and lets the old ones go; says whether anything changed. */
export function mergePower(known: Power, news: Power): boolean {
  let changed = false;
  if (news.whole && !same(known.whole, news.whole)) {
    known.whole = news.whole;
    changed = true;
  }
  return appendColumns(known.recent, news.recent) || changed;
}

function appendColumns(known: Columns, news: Columns): boolean {
  const times = known.times_ms;
  let changed = false;
  if (news.times_ms.length > 0) {
    known.step_ms = news.step_ms;
  }
  for (const id of Object.keys(news.sources)) {
    if (!Object.hasOwn(known.sources, id)) {
      known.sources[id] = times.map(() => null);
    }
  }
  for (const [step, time] of news.times_ms.entries()) {
    const last = times[times.length - 1] ?? -Infinity;
    if (time < last) {
      continue;
    }
    const at = time === last ? times.length - 1 : times.length;
    times[at] = time;
    for (const [id, watts] of Object.entries(known.sources)) {
      watts[at] = news.sources[id]?.[step] ?? null;
    }
    changed = true;
  }
  if (changed) {
    dropOld(known);
  }
  return changed;
}

function dropOld(columns: Columns): void {
  const times = columns.times_ms;
  const end = times[times.length - 1] ?? 0;
  // A minute's slack, so that not each message moves the arrays.
  if (end - (times[0] ?? end) <= RECENT_MS + 60_000) {
    return;
  }
  const kept = times.findIndex(time => time >= end - RECENT_MS);
  times.splice(0, kept);
  for (const watts of Object.values(columns.sources)) {
    watts.splice(0, kept);
  }
}
