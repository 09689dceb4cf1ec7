import type { Meter } from '../model';
import type { Cell, Source } from '../protocol';
import { beginning, between, endOf, extremes, whole, type Steps } from './columns';
import { button, choice, el, section, setAttribute, setShown, setText } from './dom';
import type { Host, Trans, View } from './host';
import { part } from './part';
import { plot, type Band } from './plot';
import { cellName, cellNumber, clock, colours, inOrder, watts } from './words';

type Range = '2 min' | '15 min' | 'all';

const SPANS: Record<Range, number> = {
  '2 min': 2 * 60_000,
  '15 min': 15 * 60_000,
  all: Infinity
};

/** The course of the power, stacked per source, with the cells behind it. */
export function chartView(host: Host): View {
  const { model, trans } = host;
  let range: Range = '2 min';
  const { node, side, body } = section(trans.__('Power'), 'power');
  const ranges = choice<Range>(
    trans.__('Span of the chart'),
    [
      ['2 min', trans.__('2 min')],
      ['15 min', trans.__('15 min')],
      ['all', trans.__('all')]
    ],
    chosen => {
      range = chosen;
      ranges.set(range);
      drawn.updateNow();
    }
  );
  ranges.set(range);
  const open = button('↗', 'jp-carbon-icon', () => host.openTimeline());
  setAttribute(open, 'aria-label', trans.__('Open the timeline'));
  open.title = trans.__('Open the timeline');
  const pointed = el('div', 'jp-carbon-pointed jp-carbon-sub');
  pointed.setAttribute('aria-live', 'polite');
  pointed.hidden = true;
  let sources: Source[] = [];
  const chart = plot({
    height: 132,
    onPointed: (steps, at) => {
      const cells = model.meter?.cells ?? [];
      setText(pointed, at === null ? '' : atStep(trans, steps, at, sources, cells));
      setShown(pointed, at !== null);
    },
    onPicked: band => {
      const cell = model.cell(band.key);
      if (cell !== null && cell.id !== '') {
        host.jump(cell.id);
      }
    }
  });
  // Arrow keys walk the steps, and the line below says each.
  chart.node.tabIndex = 0;
  chart.node.setAttribute('role', 'img');
  side.append(ranges.node, open);
  const none = el('p', 'jp-carbon-sub', trans.__('Nothing to draw yet.'));
  body.append(none, chart.node, pointed);

  function draw(): void {
    const meter = model.meter;
    if (meter === null) {
      return;
    }
    sources = drawable(meter);
    const ids = sources.map(source => source.id);
    const found = colours(inOrder(meter.sources));
    const { from, to, steps } = cut(meter, ids, SPANS[range]);
    const empty = steps.times.length === 0;
    setShown(none, empty);
    setShown(chart.node, !empty);
    if (empty) {
      return;
    }
    chart.draw({
      steps,
      colours: ids.map(id => found.get(id) ?? 'var(--jp-carbon-other)'),
      from,
      to,
      bands: bandsOf(meter.cells, from, to)
    });
    setAttribute(chart.node, 'aria-label', sentence(trans, steps, sources, from, to));
  }

  const drawn = part({
    model,
    node,
    // A cell that goes on is drawn with the next step of power.
    concerns: change =>
      Boolean(change.power ?? change.sources ?? change.meter) || change.cells === 'all',
    draw,
    // Of a longer span a pixel is more than a second: no need to draw each.
    pause: () => ({ '2 min': 500, '15 min': 2000, all: 4000 })[range],
    release: () => chart.dispose()
  });
  return drawn;
}

/** The sources with a course to draw, in their order: known ones, then any other. */
export function drawable(meter: Meter): Source[] {
  const { recent, whole: coarse } = meter.power;
  return inOrder(meter.sources).filter(
    ({ id }) =>
      Object.hasOwn(recent.sources, id) ||
      (coarse !== undefined && Object.hasOwn(coarse.sources, id))
  );
}

/** The steps of the last span, and from when to when it reaches. */
function cut(
  meter: Meter,
  ids: string[],
  span: number
): { from: number; to: number; steps: Steps } {
  const { recent } = meter.power;
  const to = endOf(recent) ?? meter.state.time_ms;
  if (span === Infinity) {
    const steps = whole(meter.power, ids);
    const begin = steps.times[0] ?? meter.meter.started_ms;
    return { from: Math.min(begin, to - 1000), to, steps };
  }
  const from = beginning(recent, to, span);
  return { from, to, steps: between(recent, ids, from, to) };
}

/** The bands of the cells that ran between two moments, in the order of their beginning. */
export function bandsOf(cells: readonly Cell[], from: number, to: number): Band[] {
  const bands: Band[] = [];
  for (const cell of cells) {
    const ended = cell.ended_ms ?? to;
    if (ended >= from && cell.started_ms <= to) {
      bands.push({
        key: cell.key,
        from: cell.started_ms,
        to: ended,
        label: cellNumber(cell)
      });
    }
  }
  return bands;
}

/** What the canvas shows, for who does not see it: no sums, each source's least and most. */
export function sentence(
  trans: Trans,
  steps: Steps,
  sources: readonly Source[],
  from: number,
  to: number
): string {
  const parts = sources.flatMap((source, nth) => {
    const found = extremes(steps.watts[nth] ?? []);
    return found === null
      ? []
      : [trans.__('%1: %2 to %3', source.name, watts(found[0]), watts(found[1]))];
  });
  const span = trans.__('Power from %1 to %2.', clock(from), clock(to));
  return parts.length === 0
    ? `${span} ${trans.__('Nothing was measured.')}`
    : `${span} ${parts.join('; ')}.`;
}

function atStep(
  trans: Trans,
  steps: Steps,
  at: number,
  sources: readonly Source[],
  cells: readonly Cell[]
): string {
  const time = steps.times[at];
  if (time === undefined) {
    return '';
  }
  const powers = sources.flatMap((source, nth) => {
    const power = steps.watts[nth]?.[at] ?? null;
    return power === null ? [] : [`${source.name} ${watts(power)}`];
  });
  const running = cells.find(
    cell => cell.started_ms <= time && (cell.ended_ms === null || cell.ended_ms >= time)
  );
  return [
    clock(time, true),
    running ? `${cellNumber(running)} ${cellName(trans, running)}` : '',
    ...(powers.length > 0 ? powers : [trans.__('not measured')])
  ]
    .filter(Boolean)
    .join(' · ');
}
