import { describe, expect, it } from 'vitest';

import type { Columns } from '../protocol';
import { highest, outlines, silhouette, strips, thinned } from '../view/strips';

function course(
  step_ms: number,
  times_ms: number[],
  sources: Columns['sources']
): Columns {
  return { step_ms, times_ms, sources };
}

describe('strips', () => {
  it('joins the coarse course to the recent one, without overlap', () => {
    const found = strips(
      {
        whole: course(10, [0, 10, 20], { a: [1, 2, 3] }),
        recent: course(1, [15, 16, 17], { a: [7, 8, 9] })
      },
      ['a']
    );
    expect(found.begins).toEqual([0, 10, 15, 16, 17]);
    expect(found.ends).toEqual([10, 15, 16, 17, 18]);
    expect(found.watts).toEqual([[1, 2, 7, 8, 9]]);
  });

  it('has nulls for a source that one of them does not know', () => {
    const found = strips(
      { whole: course(10, [0], { a: [1] }), recent: course(1, [10], { b: [2] }) },
      ['a', 'b', 'toString']
    );
    expect(found.watts).toEqual([
      [1, null],
      [null, 2],
      [null, null]
    ]);
  });

  it('leaves a gap where steps are missing', () => {
    const found = strips({ recent: course(1, [0, 1, 9], { a: [1, 1, 1] }) }, ['a']);
    expect(found.ends).toEqual([1, 2, 10]);
    expect(silhouette(found).xs).toHaveLength(2);
  });

  it('is empty without a course', () => {
    const found = strips({ recent: course(1, [], {}) }, ['a']);
    expect(outlines(found)).toEqual([{ xs: [], ys: [] }]);
    expect(silhouette(found)).toEqual({ xs: [], ys: [] });
  });
});

describe('outlines', () => {
  const two = strips(
    { recent: course(1, [0, 1, 2], { a: [5, null, 5], b: [1, 2, 3] }) },
    ['a', 'b']
  );

  it('stacks the first on top, each over what is below it', () => {
    const [a, b] = outlines(two);
    expect(b!.xs).toEqual([[0, 1, 1, 2, 2, 3, 3, 2, 2, 1, 1, 0]]);
    expect(b!.ys).toEqual([[1, 1, 2, 2, 3, 3, 0, 0, 0, 0, 0, 0]]);
    expect(a!.ys).toEqual([
      [6, 6, 1, 1],
      [8, 8, 3, 3]
    ]);
  });

  it('finds the highest step of a part', () => {
    expect(highest(two, 0, 3)).toBe(8);
    expect(highest(two, 0, 1.5)).toBe(6);
    expect(highest(two, 1, 2)).toBe(2);
    expect(highest(two, 50, 60)).toBe(0);
  });
});

describe('thinned', () => {
  it('lets the highest of close neighbours stand for them, and keeps gaps', () => {
    const dense = strips(
      { recent: course(1, [0, 1, 2, 3, 9, 10], { a: [1, 9, 2, null, 4, 5] }) },
      ['a']
    );
    expect(thinned(dense, 3)).toEqual({
      begins: [0, 3, 9],
      ends: [3, 4, 11],
      watts: [[9, null, 5]]
    });
    expect(thinned(dense, 0)).toEqual(dense);
  });
});
