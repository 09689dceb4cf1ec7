import { describe, expect, it } from 'vitest';

import { command, fromKernel } from '../protocol';

const NOTICE = { v: 1, kind: 'notice', seq: 3, id: 'a', level: 'warning', text: 'Hot.' };
const REPLY = { v: 1, kind: 'reply', seq: 4, id: null, ok: true, text: '' };

describe('fromKernel', () => {
  it('takes what fits, and leaves unknown keys alone', () => {
    const data = { ...NOTICE, later: { a: [1] } };
    expect(fromKernel(data)).toBe(data);
    expect(fromKernel(REPLY)).toBe(REPLY);
  });

  it.each([
    null,
    undefined,
    1,
    'notice',
    [],
    [NOTICE],
    {},
    { ...NOTICE, v: undefined },
    { ...NOTICE, v: {} },
    { ...NOTICE, kind: 'hello' },
    { ...NOTICE, kind: '__proto__' },
    { ...NOTICE, seq: 1.5 },
    { ...NOTICE, seq: Number.NaN },
    { ...NOTICE, seq: '3' },
    { ...NOTICE, level: 'loud' },
    { ...NOTICE, text: null },
    { ...NOTICE, text: undefined },
    { ...REPLY, id: 7 },
    { ...REPLY, places: [{ code: 'DE', name: 'Germany' }] },
    { ...REPLY, places: { length: 0 } },
    { v: 1, kind: 'tick', seq: 1 }
  ])('refuses %j as malformed', data => {
    expect(fromKernel(data)).toMatchObject({ kind: 'refused', why: 'malformed' });
  });

  it('says where a message is malformed', () => {
    const data = { ...REPLY, places: [{ code: 'DE', name: 'Germany', intensity: 330 }] };
    expect(fromKernel(data)).toMatchObject({ detail: 'Reply.places.0.intensity' });
  });

  it('does not take inherited keys for its own', () => {
    const data: unknown = Object.create(NOTICE, {
      v: { value: 1 },
      kind: { value: 'notice' }
    });
    expect(fromKernel(data)).toMatchObject({ kind: 'refused', why: 'malformed' });
  });

  it.each([2, 0, '1'])('tells version %j from what is malformed', v => {
    expect(fromKernel({ v, kind: 'whatever' })).toEqual({
      kind: 'refused',
      why: 'version',
      detail: String(v)
    });
  });
});

describe('command', () => {
  it('is what the schema asks for', () => {
    expect(command('x', 'region', { place: 'DE' })).toEqual({
      v: 1,
      kind: 'command',
      id: 'x',
      name: 'region',
      args: { place: 'DE' }
    });
  });
});
