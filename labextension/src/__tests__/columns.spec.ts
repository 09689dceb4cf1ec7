import { describe, expect, it } from 'vitest';

import type { Columns } from '../protocol';
import {
  beginning,
  between,
  endOf,
  extremes,
  stack,
  thin,
  together,
  whole,
  within
} from '../view/columns';
import { roundTimes, roundTop } from '../view/scale';

/** Steps of one second of one source. */
function course(watts: (number | null)[], from = 0): Columns {
  return {
    step_ms: 1000,
    times_ms: watts.map((_, nth) => from + nth * 1000),
    sources: { cpu: watts }
  };
}

describe('between', () => {
  it('keeps one step on either side, so that lines reach the edges', () => {
    const steps = between(course([0, 1, 2, 3, 4, 5]), ['cpu'], 2000, 4000);
    expect(steps.times).toEqual([1000, 2000, 3000, 4000]);
    expect(steps.watts).toEqual([[1, 2, 3, 4]]);
  });

  it('puts a step of nulls where steps are missing', () => {
    const gappy = course([1, 2, 3]);
    gappy.times_ms = [0, 1000, 9000];
    const steps = between(gappy, ['cpu'], 0, 10_000);
    expect(steps.times).toEqual([0, 1000, 2000, 9000, 10_000]);
    expect(steps.watts).toEqual([[1, 2, null, 3, 3]]);
  });

  it('has nulls for a source without a course', () => {
    expect(between(course([1, 2]), ['cpu', 'toString'], 0, 9).watts).toEqual([
      [1, 2, 2],
      [null, null, null]
    ]);
  });

  it('draws the newest step to its end, and an older one as far as asked', () => {
    const steps = course([1, 2, 3], 5000);
    expect(between(steps, ['cpu'], 0, 9000).times).toEqual([5000, 6000, 7000, 8000]);
    expect(between(steps, ['cpu'], 0, 5500).times).toEqual([5000, 6000]);
    expect(endOf(steps)).toBe(8000);
    expect(endOf(course([]))).toBeNull();
  });

  it('begins where a young session does, but is never a sliver', () => {
    const minute = course(Array.from({ length: 60 }, () => 1));
    expect(beginning(minute, 60_000, 120_000)).toBe(0);
    expect(beginning(minute, 60_000, 30_000)).toBe(30_000);
    expect(beginning(course([1, 1]), 2000, 120_000)).toBe(-18_000);
  });
});

describe('whole', () => {
  it('goes from the coarse course on with the recent one', () => {
    const coarse = { ...course([10, 20]), step_ms: 5000, times_ms: [0, 5000] };
    const recent = course([1, 2, 3, 4], 8000);
    const steps = whole({ recent, whole: coarse }, ['cpu']);
    // The coarse course tells of the time up to 10 s.
    expect(steps.times).toEqual([0, 5000, 10_000, 11_000, 12_000]);
    expect(steps.watts).toEqual([[10, 20, 3, 4, 4]]);
  });

  it('leaves a gap between the two a gap', () => {
    const coarse = { ...course([10]), step_ms: 5000, times_ms: [0] };
    const recent = course([1, 2], 60_000);
    const steps = whole({ recent, whole: coarse }, ['cpu']);
    expect(steps.times).toEqual([0, 5000, 60_000, 61_000, 62_000]);
    expect(steps.watts).toEqual([[10, null, 1, 2, 2]]);
  });

  it('is the recent course where there is no other', () => {
    expect(whole({ recent: course([1, 2]) }, ['cpu']).watts).toEqual([[1, 2, 2]]);
  });
});

describe('thin', () => {
  it('loses no peak, no dip and no gap', () => {
    const watts: (number | null)[] = Array.from({ length: 5000 }, () => 100);
    watts[1234] = 400;
    watts[3456] = 3;
    watts[4321] = null;
    const thinned = thin(between(course(watts), ['cpu'], 0, 5_000_000), 50);
    expect(thinned.times.length).toBeLessThanOrEqual(151);
    const kept = new Map(
      thinned.times.map((time, nth) => [time, thinned.watts[0]?.[nth]] as const)
    );
    expect(kept.get(1_234_000)).toBe(400);
    expect(kept.get(3_456_000)).toBe(3);
    expect(kept.get(4_321_000)).toBeNull();
    expect([...thinned.times].sort((a, b) => a - b)).toEqual(thinned.times);
  });

  it('leaves few steps alone', () => {
    const steps = between(course([1, 2, 3]), ['cpu'], 0, 3000);
    expect(thin(steps, 2)).toBe(steps);
  });
});

describe('stack', () => {
  const steps = {
    times: [0, 1, 2],
    watts: [
      [5, 5, null],
      [1, null, null]
    ]
  };

  it('puts the first source on top of the others', () => {
    expect(stack(steps)).toEqual([
      [6, 5, null],
      [1, null, null]
    ]);
  });

  it('knows the height of a step, and that there is none', () => {
    expect([0, 1, 2].map(at => together(steps, at))).toEqual([6, 5, null]);
  });
});

describe('small helpers', () => {
  it('cuts steps', () => {
    const steps = between(course([0, 1, 2, 3, 4]), ['cpu'], 0, 5000);
    expect(within(steps, 2000, 2500).times).toEqual([1000, 2000, 3000]);
  });

  it('finds the extremes of what was measured', () => {
    expect(extremes([null, 3, 1, null, 2])).toEqual([1, 3]);
    expect(extremes([null])).toBeNull();
  });

  it('has round tops with room above', () => {
    for (const most of [0, 0.4, 7, 61, 299, 312, 4724, 100_000]) {
      const top = roundTop(most);
      expect(top).toBeGreaterThan(most);
      expect(Number(top.toPrecision(2))).toBe(top);
    }
  });

  it('has few and round times', () => {
    const from = Date.UTC(2026, 10, 25, 11, 3, 7);
    for (const span of [10_000, 120_000, 900_000, 8 * 3_600_000, 40 * 86_400_000]) {
      const times = roundTimes(from, from + span, 4);
      expect(times.length).toBeGreaterThan(0);
      expect(times.length).toBeLessThanOrEqual(5);
      expect(times.every(time => time >= from && time <= from + span)).toBe(true);
      expect(times.every(time => time % 5000 === 0)).toBe(true);
    }
  });
});
