import { describe, expect, it } from 'vitest';

import { crc32, mayHaveRun, titleFits } from '../code';

describe('crc32', () => {
  // As Python's zlib.crc32 gives it of the UTF-8.
  it.each([
    ['', 0],
    ['a', 3904355907],
    ['123456789', 3421780262],
    ['x = 1', 1197187446],
    ["größe = '€ 𝄞'", 569090289],
    ['a\nb\r\n', 333824409]
  ])('of %j is %i', (text, crc) => {
    expect(crc32(text)).toBe(crc);
  });

  it('takes half a surrogate pair for U+FFFD, as the kernel does', () => {
    expect(crc32('a\ud800b\udc00')).toBe(crc32('a\ufffdb\ufffd'));
  });
});

describe('mayHaveRun', () => {
  const first = `${'x'.repeat(80)} = 1`;
  const run = { title: `${'x'.repeat(59)}…`, code_crc32: crc32(`${first}\ny = 2`) };

  it('looks at the whole code', () => {
    for (const [code, fits] of [
      [`${first}\ny = 2`, true],
      [`${first}\ny = 3`, false],
      [`${first}\ny = 2\n`, false]
    ] as const) {
      expect(mayHaveRun(run, code, crc32(code))).toBe(fits);
    }
  });

  it('looks at the title where the kernel knows no more', () => {
    const older = { ...run, code_crc32: null };
    expect(mayHaveRun(older, first, crc32(first))).toBe(true);
    expect(mayHaveRun(older, 'z = 1', crc32('z = 1'))).toBe(false);
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
  ])('%s of %s: %s', (title, code, fits) => {
    expect(titleFits(title, code)).toBe(fits);
  });
});
