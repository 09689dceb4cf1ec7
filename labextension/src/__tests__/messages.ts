import type { Cell, Columns, Shown, Snapshot, Source, Tick, Watts } from '../protocol';

/** Messages as a kernel would send them, for tests. */

/** A moment, in milliseconds since the epoch. */
export const NOW = Date.UTC(2026, 10, 25, 11, 16);

export function shown(value: number | null, unit = 'Wh'): Shown {
  return value === null
    ? {
        value,
        low: null,
        high: null,
        provenance: 'missing',
        number: 'not measured',
        unit: '',
        range: ''
      }
    : {
        value,
        low: value,
        high: value,
        provenance: 'counter',
        number: String(value),
        unit,
        range: '± 5 %'
      };
}

export function power(value: number | null): Watts {
  return value === null
    ? { value_w: null, number: 'not measured', unit: '', mark: 'not measured' }
    : { value_w: value, number: String(value), unit: 'W', mark: 'measured' };
}

export function source(
  id: string,
  kind: Source['kind'],
  more: Partial<Source> = {}
): Source {
  return {
    id,
    name: `The ${id}`,
    kind,
    host: 'here',
    provenance: 'counter',
    mark: 'measured',
    state: 'ok',
    message: '',
    remedy: '',
    note: '',
    energy_j: shown(1),
    ...more
  };
}

export function cell(key: number, more: Partial<Cell> = {}): Cell {
  return {
    key,
    id: `id-${key}`,
    execution_count: key,
    label: null,
    title: `step(${key})`,
    code_crc32: null,
    status: 'ok',
    started_ms: NOW - 60_000 + key * 10,
    ended_ms: NOW - 60_000 + key * 10 + 5,
    duration_s: 0.005,
    duration: '5 ms',
    energy_j: shown(key),
    co2e_g: shown(key, 'g CO2e'),
    mean_w: '85 W',
    provenance: 'counter',
    overlapped: false,
    final: true,
    ...more
  };
}

/** Steps of one second, from a moment on. */
export function columns(from: number, sources: Columns['sources']): Columns {
  const count = Math.max(0, ...Object.values(sources).map(each => each.length));
  return {
    step_ms: 1000,
    times_ms: Array.from({ length: count }, (_, nth) => from + nth * 1000),
    sources
  };
}

export function snapshot(more: Partial<Snapshot> = {}): Snapshot {
  return {
    v: 1,
    kind: 'snapshot',
    seq: 1,
    meter: {
      version: '0.1.0',
      session_id: 's',
      started_ms: NOW - 60_000,
      notebook: 'work/train.ipynb',
      host: 'here',
      scope: 'machine',
      co2e_unit: 'kg'
    },
    state: { searching: false, busy: true, paused: false, resting: false, time_ms: NOW },
    now: { total: power(300), sources: { gpu: power(260), cpu: power(40) } },
    session: {
      duration_s: 60,
      duration: '1 min',
      energy_j: shown(204),
      co2e_g: shown(67, 'g CO2e'),
      in_cells_j: shown(165),
      in_cells_g: shown(54, 'g CO2e'),
      between_cells_j: shown(39),
      between_cells_g: shown(13, 'g CO2e'),
      in_cells_share: 0.81,
      largest_cell_j: 3,
      cells: 3,
      provenance: 'counter'
    },
    sources: [source('cpu', 'cpu'), source('gpu', 'gpu')],
    not_measured: [],
    cells: [cell(1), cell(2), cell(3)],
    cells_left_out: 0,
    power: { recent: columns(NOW - 3000, { gpu: [250, 255, 260], cpu: [40, 41, 40] }) },
    grid: {
      place: 'Germany',
      code: 'DE',
      assumed: false,
      words: 'Germany',
      intensity_g_per_kwh: 330,
      intensity: '330 g/kWh',
      basis: 'lifecycle',
      kind: 'average',
      year: 2025,
      source: 'Ember',
      pue: 1
    },
    budgets: [],
    notes: [],
    ...more
  };
}

export function tick(seq: number, more: Partial<Tick> = {}): Tick {
  const { state, now, session } = snapshot();
  return {
    v: 1,
    kind: 'tick',
    seq,
    state,
    now,
    session,
    cells: [],
    power: { recent: columns(NOW, {}) },
    ...more
  };
}
