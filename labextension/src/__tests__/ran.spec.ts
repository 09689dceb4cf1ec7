import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { codeName, RanCode, titleFits } from '../ran';

const RUN = { key: 3, id: 'a', title: 'x = 1' };

beforeEach(() => {
  window.sessionStorage.clear();
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('codeName', () => {
  it('tells codes apart, and not by the blanks around them', () => {
    expect(codeName('x = 1')).toBe(codeName('\n x = 1 \n'));
    expect(codeName('x = 1')).not.toBe(codeName('x = 2'));
    expect(codeName('x = 1')).not.toBe(codeName('x  = 1'));
  });
});

describe('titleFits', () => {
  it.each([
    ['x = 1', 'x = 1\ny = 2', true],
    ['x = 1', '\n%%carbon --label a\n  x   =\t1', true],
    ['x = 12…', 'x = 12345', true],
    ['x = 1', 'x = 12', false],
    ['x = 1', '', false],
    ['', 'anything', true]
  ])('%s of %s: %s', (title, source, fits) => {
    expect(titleFits(title, source)).toBe(fits);
  });
});

describe('RanCode', () => {
  it('knows the code that was sent, whatever is in the cell by now', () => {
    const ran = new RanCode();
    ran.begin('s');
    ran.send('a', 'x = 1');
    expect(ran.of(RUN, 'x = 1  # and more')).toBe(codeName('x = 1'));
  });

  it('takes no code that was sent for another run', () => {
    const ran = new RanCode();
    ran.begin('s');
    ran.send('a', 'y = 2');
    expect(ran.of(RUN, 'z')).toBeNull();
  });

  it('takes the code in the cell for a run of before the page, if it can have been that', () => {
    const ran = new RanCode();
    ran.begin('s');
    expect(ran.of(RUN, 'y = 2')).toBeNull();
    expect(ran.of(RUN, 'x = 1')).toBe(codeName('x = 1'));
    // From here on it is known: an edit does not change what ran.
    expect(ran.of(RUN, 'x = 1\ny')).toBe(codeName('x = 1'));
  });

  it('still knows it after a reload of the page, for this session only', () => {
    const before = new RanCode();
    before.begin('s');
    before.send('a', 'x = 1\nrest');
    before.of(RUN, 'x = 1\nrest');
    vi.runAllTimers();
    const after = new RanCode();
    after.begin('s');
    expect(after.of(RUN, 'x = 1\nedited')).toBe(codeName('x = 1\nrest'));
    after.begin('another');
    expect(after.of(RUN, 'x = 1\nedited')).toBe(codeName('x = 1\nedited'));
  });

  it.each(['[', '{"s": 1}', '{"s": {"3": 4}}', 'null'])(
    'survives %s in the tab',
    text => {
      window.sessionStorage.setItem('jupyter-carbon:ran', text);
      const ran = new RanCode();
      ran.begin('s');
      expect(ran.of(RUN, 'x = 1')).toBe(codeName('x = 1'));
      vi.runAllTimers();
    }
  );

  it('does without a place to keep it', () => {
    const ran = new RanCode(null);
    ran.begin('s');
    expect(ran.of(RUN, 'x = 1')).toBe(codeName('x = 1'));
    vi.runAllTimers();
  });

  it('keeps the newest sessions only', () => {
    for (let nth = 0; nth < 20; nth++) {
      const ran = new RanCode();
      ran.begin(`s${nth}`);
      ran.of(RUN, 'x = 1');
      vi.runAllTimers();
    }
    const kept = JSON.parse(
      window.sessionStorage.getItem('jupyter-carbon:ran')!
    ) as object;
    expect(Object.keys(kept)).toHaveLength(8);
    expect(Object.keys(kept)).toContain('s19');
  });
});
