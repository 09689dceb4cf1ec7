import { describe, expect, it } from 'vitest';

import { RECENT_MS } from '../course';
import { MeterModel, type Change } from '../model';
import type { Notice } from '../protocol';
import { MOST_CELLS } from '../runs';
import { cell, columns, NOW, power, shown, snapshot, source, tick } from './messages';

/** A model that has taken a snapshot, and what it emits from then on. */
function taken(message = snapshot()): { model: MeterModel; changes: Change[] } {
  const model = new MeterModel();
  expect(model.receive(message)).toBe('taken');
  const changes: Change[] = [];
  model.changed.connect((_, change) => {
    changes.push(change);
  });
  return { model, changes };
}

describe('MeterModel', () => {
  it('holds a snapshot as it came', () => {
    const { model } = taken();
    const { v: _v, kind: _kind, seq: _seq, ...rest } = snapshot();
    expect(model.meter).toEqual(rest);
  });

  it('emits nothing where a message brings nothing new', () => {
    const { model, changes } = taken();
    expect(model.receive(tick(2))).toBe('taken');
    expect(model.receive(snapshot({ seq: 3 }))).toBe('taken');
    expect(changes).toEqual([]);
  });

  it('names what is different, and only that', () => {
    const { model, changes } = taken();
    model.receive(tick(2, { now: { total: power(1), sources: {} } }));
    model.receive(tick(3, { now: { total: power(1), sources: {} }, notes: ['A note'] }));
    model.receive(
      tick(4, {
        now: { total: power(1), sources: {} },
        sources: [source('cpu', 'cpu', { state: 'lost' })]
      })
    );
    expect(changes).toEqual([{ now: true }, { notes: true }, { sources: true }]);
    expect(model.meter?.notes).toEqual(['A note']);
    expect(model.meter?.grid.place).toBe('Germany');
  });

  it('merges cells by their key', () => {
    const { model, changes } = taken();
    const again = cell(4, { id: 'id-2' });
    model.receive(tick(2, { cells: [cell(3, { energy_j: shown(9) }), again, cell(1)] }));
    expect(model.meter?.cells.map(each => each.key)).toEqual([1, 2, 3, 4]);
    expect(model.cell(3)?.energy_j.value).toBe(9);
    expect(model.latestOf('id-2')).toBe(again);
    expect(model.latestOf('id-1')?.key).toBe(1);
    expect(model.latestOf('nobody')).toBeNull();
    // The first is there as it was.
    expect(changes).toEqual([{ cells: new Set([3, 4]) }]);
  });

  it('keeps the newest cells where there are very many, and counts the others', () => {
    const cells = Array.from({ length: MOST_CELLS }, (_, nth) => cell(nth + 1));
    const { model, changes } = taken(snapshot({ cells, cells_left_out: 7 }));
    model.receive(tick(2, { cells: [cell(MOST_CELLS + 1)] }));
    const kept = model.meter?.cells.length ?? 0;
    expect(kept).toBeLessThanOrEqual(MOST_CELLS);
    expect(kept + (model.meter?.cells_left_out ?? 0)).toBe(MOST_CELLS + 1 + 7);
    expect(model.cell(1)).toBeNull();
    expect(model.cell(MOST_CELLS + 1)?.key).toBe(MOST_CELLS + 1);
    expect(model.cell(MOST_CELLS)?.key).toBe(MOST_CELLS);
    expect(changes).toEqual([{ cells: 'all' }]);
  });

  it('appends power, replaces the last step, and pads columns with nulls', () => {
    const { model, changes } = taken();
    const recent = columns(NOW - 1000, { cpu: [42, 43], dram: [7, 8] });
    model.receive(tick(2, { power: { recent } }));
    expect(model.meter?.power.recent.times_ms.map(time => time - NOW)).toEqual([
      -3000, -2000, -1000, 0
    ]);
    expect(model.meter?.power.recent.sources).toEqual({
      gpu: [250, 255, null, null],
      cpu: [40, 41, 42, 43],
      dram: [null, null, 7, 8]
    });
    expect(changes).toEqual([{ power: true }]);
  });

  it('drops steps that are older than the last', () => {
    const { model, changes } = taken();
    model.receive(tick(2, { power: { recent: columns(NOW - 9000, { cpu: [1, 1] }) } }));
    expect(model.meter?.power.recent.times_ms).toHaveLength(3);
    expect(changes).toEqual([]);
  });

  it('bounds the recent power, however long it goes on', () => {
    const { model } = taken();
    const minutes = 60;
    for (let minute = 0; minute < minutes; minute++) {
      const watts = Array.from({ length: 60 }, () => minute);
      const recent = columns(NOW + minute * 60_000, { cpu: watts });
      model.receive(tick(2 + minute, { power: { recent } }));
    }
    const times = model.meter?.power.recent.times_ms ?? [];
    expect(times[times.length - 1]).toBe(NOW + minutes * 60_000 - 1000);
    const span = (times[times.length - 1] ?? 0) - (times[0] ?? 0);
    expect(span).toBeGreaterThanOrEqual(RECENT_MS - 1000);
    expect(span).toBeLessThanOrEqual(RECENT_MS + 61_000);
    for (const watts of Object.values(model.meter?.power.recent.sources ?? {})) {
      expect(watts).toHaveLength(times.length);
    }
  });

  it('replaces the whole course, and does not write into messages', () => {
    const message = snapshot();
    const { model } = taken(message);
    const coarse = columns(NOW - 60_000, { cpu: [1, 2] });
    const recent = columns(NOW, { cpu: [5] });
    model.receive(tick(2, { power: { recent, whole: coarse } }));
    expect(model.meter?.power.whole).toEqual(coarse);
    expect(message.power.recent.times_ms).toHaveLength(3);
  });

  it('says that a message was lost, and takes what came', () => {
    const { model } = taken();
    const now = { total: power(7), sources: {} };
    expect(model.receive(tick(4, { now }))).toBe('lost');
    expect(model.meter?.now.total.value_w).toBe(7);
    expect(model.receive(tick(5, { now }))).toBe('taken');
  });

  it('refuses a tick that comes late, and goes on', () => {
    const { model } = taken();
    model.receive(tick(2, { now: { total: power(2), sources: {} } }));
    expect(model.receive(tick(2))).toBe('refused');
    expect(model.receive(tick(1))).toBe('refused');
    expect(model.meter?.now.total.value_w).toBe(2);
    expect(model.receive(tick(3))).toBe('taken');
  });

  it('remembers a gap that it saw at a reply', () => {
    const { model } = taken();
    const reply = { v: 1, kind: 'reply', seq: 3, id: 'a', ok: true, text: '' };
    expect(model.receive(reply)).toBe('reply');
    expect(model.receive(tick(4))).toBe('lost');
    expect(model.receive(tick(5))).toBe('taken');
  });

  it('asks for a snapshot where a tick comes first', () => {
    const model = new MeterModel();
    expect(model.receive(tick(3))).toBe('lost');
    expect(model.meter).toBeNull();
  });

  it('passes notices on', () => {
    const { model, changes } = taken();
    const heard: Notice[] = [];
    model.noticed.connect((_, notice) => {
      heard.push(notice);
    });
    const notice = {
      v: 1,
      kind: 'notice',
      seq: 2,
      id: 'n',
      level: 'warning',
      text: 'Hm'
    };
    expect(model.receive(notice)).toBe('taken');
    expect(heard).toEqual([notice]);
    expect(changes).toEqual([]);
  });

  it('knows another version from nonsense', () => {
    const { model, changes } = taken();
    expect(model.receive({ ...snapshot(), v: 2 })).toBe('mismatch');
    expect(model.receive({ ...snapshot(), kind: 'telegram' })).toBe('refused');
    expect(changes).toEqual([]);
  });

  it('takes unknown keys for nothing', () => {
    const { model, changes } = taken();
    expect(model.receive({ ...tick(2), forecast: { later: true } })).toBe('taken');
    expect(changes).toEqual([]);
  });

  it('keeps what was heard through other statuses, until it is cleared', () => {
    const { model, changes } = taken();
    model.setStatus({ kind: 'dead' });
    model.setStatus({ kind: 'dead' });
    expect(changes).toEqual([{ status: true }]);
    expect(model.meter).not.toBeNull();
    model.clear();
    expect(model.meter).toBeNull();
    expect(model.cell(1)).toBeNull();
    expect(model.latestOf('id-1')).toBeNull();
    expect(changes).toHaveLength(2);
    model.clear();
    expect(changes).toHaveLength(2);
  });

  it('knows when a command would wait', () => {
    const { model, changes } = taken();
    model.setKernel({ busy: true, subshells: false });
    expect(model.commandsWait).toBe(true);
    model.setKernel({ busy: true, subshells: true });
    expect(model.commandsWait).toBe(false);
    model.setKernel({ busy: true, subshells: true });
    expect(changes).toEqual([{ status: true }, { status: true }]);
  });

  it('is silent once it is disposed', () => {
    const { model, changes } = taken();
    model.dispose();
    model.dispose();
    expect(model.isDisposed).toBe(true);
    expect(model.receive(snapshot({ notes: ['x'] }))).toBe('refused');
    model.setStatus({ kind: 'live' });
    model.clear();
    expect(changes).toEqual([]);
  });

  it('stands 10,000 malformed messages, and changes nothing by those that it refuses', () => {
    const { model, changes } = taken();
    const random = numbers(4711);
    let refused = 0;
    for (let nth = 0; nth < 10_000; nth++) {
      const seq = nth + 2;
      const whole = random() < 0.5 ? snapshot({ seq }) : tick(seq);
      const before = model.meter;
      const emitted = changes.length;
      const answer = model.receive(mangled(structuredClone(whole), random));
      if (answer === 'refused' || answer === 'mismatch') {
        refused += 1;
        expect(model.meter).toBe(before);
        expect(changes).toHaveLength(emitted);
      }
    }
    expect(refused).toBeGreaterThan(5000);
    expect(model.receive(snapshot({ seq: 20_000 }))).toBe('taken');
    expect(model.meter?.session).toEqual(snapshot().session);
    expect(model.receive(tick(20_001))).toBe('taken');
  });
});

/** Numbers from 0 to 1 that are the same in each run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

const ODD: unknown[] = [
  null,
  undefined,
  NaN,
  Infinity,
  -1,
  1e308,
  '',
  '<b>',
  [],
  {},
  [[]],
  true,
  '__proto__'
];

/** The message with an odd value somewhere in it, or without something. */
function mangled(message: unknown, random: () => number): unknown {
  const odd = ODD[Math.floor(random() * ODD.length)];
  let at = message;
  for (let depth = 0; depth < 6; depth++) {
    if (typeof at !== 'object' || at === null) {
      break;
    }
    const record = at as Record<string, unknown>;
    const keys = Object.keys(record);
    const key = keys[Math.floor(random() * keys.length)];
    if (key === undefined) {
      break;
    }
    const value = record[key];
    if (random() < 0.4 || typeof value !== 'object' || value === null) {
      if (random() < 0.3) {
        Reflect.deleteProperty(record, key);
      } else {
        record[key] = odd;
      }
      return message;
    }
    at = value;
  }
  return odd;
}
