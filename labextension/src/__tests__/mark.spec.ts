import { describe, expect, it } from 'vitest';

import { markOf } from '../mark';

describe('markOf', () => {
  it('reads what the kernel wrote', () => {
    const mark = { output: 'a', final: false };
    expect(markOf({ jupyter_carbon: { ...mark, more: 1 }, other: 2 })).toEqual(mark);
  });

  it.each([
    undefined,
    null,
    'text',
    {},
    { jupyter_carbon: null },
    { jupyter_carbon: { output: 3, final: true } },
    { jupyter_carbon: { output: 'a' } }
  ])('takes %j for none', metadata => {
    expect(markOf(metadata)).toBeNull();
  });
});
