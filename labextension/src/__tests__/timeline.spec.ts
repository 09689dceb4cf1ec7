import './stand-ins';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { MeterModel } from '../model';
import { ENGLISH, type Host, type View } from '../view/host';
import type { TimeChartOptions, Timed } from '../view/timechart';
import { cell, columns, NOW, snapshot, source } from './messages';

// The chart itself is drawn on canvases, which jsdom has not: it is seen in a browser.
const drawn: Timed[] = [];
let options: TimeChartOptions;
const disposed = vi.fn();
vi.mock('../view/timechart', () => ({
  timeChart: (given: TimeChartOptions) => {
    options = given;
    return {
      node: document.createElement('div'),
      span: 60_000,
      draw: (data: Timed) => drawn.push(data),
      look: () => undefined,
      dispose: disposed
    };
  }
}));
const { timelineView } = await import('../view/timeline');

const HOSTILE = '<img src=x onerror=alert(1)>';
let model: MeterModel;
let view: View;

function host(): Host {
  return {
    model,
    trans: ENGLISH,
    settings: { alwaysLoad: false },
    command: () => Promise.reject(new Error('There is none.')),
    load: () => Promise.resolve(),
    jump: () => undefined,
    openTimeline: () => undefined
  };
}

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(2500);
}

beforeEach(() => {
  vi.useFakeTimers();
  drawn.length = 0;
  disposed.mockClear();
  model = new MeterModel();
  view = timelineView(host());
  document.body.replaceChildren(view.node);
  view.show();
});
afterEach(() => {
  view.dispose();
  model.dispose();
  vi.useRealTimers();
});

describe('the timeline', () => {
  it('says why there is nothing, and draws nothing', async () => {
    model.setStatus({ kind: 'no-notebook' });
    await settle();
    expect(view.node.querySelector('.jp-carbon-statetitle')!.textContent).toBe(
      'No notebook is open'
    );
    expect(view.node.querySelector<HTMLElement>('.jp-carbon-timemain')!.hidden).toBe(
      true
    );
    expect(drawn).toHaveLength(0);
  });

  it('draws the session and the spans of its cells, a running one up to the end', async () => {
    model.setStatus({ kind: 'live' });
    model.receive(
      snapshot({
        sources: [source('gpu0', 'gpu')],
        power: { recent: columns(NOW, { gpu0: [60, 250] }) },
        cells: [
          cell(1, { started_ms: NOW, ended_ms: NOW + 500 }),
          cell(2, { started_ms: NOW + 600, ended_ms: null, status: 'running' })
        ]
      })
    );
    await settle();
    const last = drawn[drawn.length - 1]!;
    expect(last.course.watts).toEqual([[60, 250]]);
    expect(last.to).toBe(NOW + 2000);
    expect(last.spans).toEqual([
      { key: 1, from: NOW, to: NOW + 500 },
      { key: 2, from: NOW + 600, to: NOW + 2000 }
    ]);
    expect(view.node.querySelector('[role=img]')!.getAttribute('aria-label')).toContain(
      'The gpu0: 60 W to 250 W'
    );
  });

  it('describes a cell by its label, energy and CO2e, as text', async () => {
    model.setStatus({ kind: 'live' });
    model.receive(snapshot({ cells: [cell(1, { label: HOSTILE, title: 'fit()' })] }));
    await settle();
    const lines = options.describe(1);
    expect(lines[0]).toContain(HOSTILE);
    expect(lines).toContain('fit()');
    expect(options.describe(99)).toEqual([]);
  });

  it('has the cells as a table, made only when it is opened', async () => {
    model.setStatus({ kind: 'live' });
    model.receive(snapshot({ cells: [cell(1, { label: HOSTILE }), cell(2)] }));
    await settle();
    expect(view.node.querySelectorAll('tbody tr')).toHaveLength(0);
    const table = view.node.querySelector('details')!;
    table.open = true;
    table.dispatchEvent(new Event('toggle'));
    await settle();
    expect(view.node.querySelectorAll('tbody tr')).toHaveLength(2);
    expect(view.node.querySelector('tbody')!.textContent).toContain(HOSTILE);
    expect(view.node.querySelector('img')).toBeNull();
  });

  it('names a device that was lost', async () => {
    model.setStatus({ kind: 'live' });
    model.receive(
      snapshot({
        sources: [
          source('gpu0', 'gpu', { state: 'lost', message: 'It fell off the bus.' })
        ],
        power: { recent: columns(NOW, { gpu0: [60] }) }
      })
    );
    await settle();
    expect(view.node.querySelector('.jp-carbon-legend')!.textContent).toContain(
      'The gpu0: It fell off the bus.'
    );
  });

  it('keeps what was seen when the kernel has died, and lets go of all in the end', async () => {
    model.setStatus({ kind: 'live' });
    model.receive(
      snapshot({
        sources: [source('gpu0', 'gpu')],
        power: { recent: columns(NOW, { gpu0: [60] }) }
      })
    );
    await settle();
    model.setStatus({ kind: 'dead' });
    await settle();
    const main = view.node.querySelector<HTMLElement>('.jp-carbon-timemain')!;
    expect(main.hidden).toBe(false);
    expect(main.classList).toContain('jp-carbon-stale');
    view.dispose();
    expect(disposed).toHaveBeenCalledOnce();
    const before = drawn.length;
    model.setStatus({ kind: 'live' });
    await settle();
    expect(drawn).toHaveLength(before);
  });
});
