import { describe, expect, it } from 'vitest';

import { crc32 } from '../code';
import { keep, kept } from '../kept';
import { cell, shown } from './messages';

const CODE = crc32('x = 1');
const run = cell(4, {
  id: 'a',
  duration: '38 s',
  energy_j: { ...shown(3240), number: '0.9' },
  co2e_g: { ...shown(0.3), unit: 'g CO2e' }
});

describe('what a notebook keeps', () => {
  it('comes back as it was shown, marked as of an earlier session', () => {
    const figures = kept(JSON.parse(JSON.stringify(keep(run, CODE))), 'a', CODE);
    expect(figures).toMatchObject({
      duration: '38 s',
      energy: { number: '0.9', unit: 'Wh', value: null },
      co2e: { number: '0.3', unit: 'g CO2e' },
      status: 'kept'
    });
  });

  it('keeps a bound as a bound', () => {
    const small = { ...run, energy_j: { ...shown(1), number: '< 0.02' } };
    expect(kept(keep(small, CODE), 'a', CODE)?.energy.number).toBe('< 0.02');
  });

  it('is not shown under other code, nor under a copy of the cell', () => {
    expect(kept(keep(run, CODE), 'a', crc32('x = 2'))).toBeNull();
    expect(kept(keep(run, CODE), 'copy', CODE)).toBeNull();
  });

  it('says nothing where nothing was measured', () => {
    const none = { ...run, energy_j: shown(null), co2e_g: shown(null) };
    expect(kept(keep(none, CODE), 'a', CODE)).toBeNull();
  });

  it.each([
    undefined,
    null,
    'text',
    7,
    [],
    {},
    { ...keep(run, CODE), v: 2 },
    { ...keep(run, CODE), energy: 12 },
    { ...keep(run, CODE), duration: { toString: 1 } },
    { ...keep(run, CODE), energy: 'x'.repeat(1000) }
  ])('refuses what is not its own: %j', metadata => {
    expect(kept(metadata, 'a', CODE)).toBeNull();
  });

  it('has no moment where that makes no sense', () => {
    expect(kept({ ...keep(run, CODE), ended_ms: 1e99 }, 'a', CODE)?.hint).toBe('');
  });
});
