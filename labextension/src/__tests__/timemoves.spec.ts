import { describe, expect, it } from 'vitest';

import { LEAST_MS, moved, partOf, seenAs } from '../view/timemoves';

const whole = { from: 0, to: 100_000 };
const part = { from: 40_000, to: 60_000 };

describe('partOf', () => {
  it('is all, or the last of it, as far as there is so much', () => {
    expect(partOf('all', whole)).toEqual(whole);
    expect(partOf(30_000, whole)).toEqual({ from: 70_000, to: 100_000 });
    expect(partOf(900_000, whole)).toEqual(whole);
  });
});

describe('seenAs', () => {
  it('goes along with the end where the end is seen, or nearly', () => {
    expect(seenAs({ from: 70_000, to: 99_800 }, whole)).toBe(29_800);
    expect(seenAs({ from: 300, to: 100_000 }, whole)).toBe('all');
    expect(seenAs({ from: 0, to: 90_000 }, whole)).toBe('still');
  });
});

describe('moved', () => {
  it.each([
    ['ArrowLeft', 38_000, 58_000],
    ['ArrowRight', 42_000, 62_000],
    ['-', 35_000, 65_000],
    ['Home', 0, 20_000],
    ['End', 80_000, 100_000],
    ['0', 0, 100_000]
  ])('%s leads to %i … %i', (key, from, to) => {
    expect(moved(key, part, whole)).toEqual({ from, to });
  });

  it('zooms in by = as by +, and not below what makes sense', () => {
    expect(moved('=', part, whole)).toEqual(moved('+', part, whole));
    const least = { from: 40_000, to: 40_000 + LEAST_MS };
    expect(moved('+', least, whole)?.to).toBeCloseTo(
      least.from + LEAST_MS / 6 + LEAST_MS
    );
  });

  it('stays within the whole', () => {
    expect(moved('ArrowLeft', { from: 0, to: 20_000 }, whole)?.from).toBe(0);
    expect(moved('ArrowRight', { from: 80_000, to: 100_000 }, whole)?.to).toBe(100_000);
    expect(moved('-', whole, whole)).toEqual(whole);
  });

  it('leads nowhere by other keys', () => {
    expect(moved('a', part, whole)).toBeNull();
    expect(moved('toString', part, whole)).toBeNull();
  });
});
