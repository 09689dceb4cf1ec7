import type { Meter } from '../model';
import type { Cell, Source } from '../protocol';
import { drawable, sentence } from './chart';
import { choice, el, setAttribute, setChildren, setShown, setText } from './dom';
import type { Host, View } from './host';
import { part } from './part';
import { statesView } from './states';
import { strips } from './strips';
import { timeChart, type Span } from './timechart';
import { LEAST_MS, type Seen } from './timemoves';
import { cellName, cellNumber, clock, colours, inOrder, inWords, pretty } from './words';

type Range = '2 min' | '15 min' | 'all' | '';

const SPANS: Record<Exclude<Range, ''>, Seen> = {
  '2 min': 2 * 60_000,
  '15 min': 15 * 60_000,
  all: 'all'
};
/** Of so many runs, the last ones, the table has rows. */
const MOST_ROWS = 500;

/** The whole session as an interactive chart, with the cells as bands. */
export function timelineView(host: Host): View {
  const { model, trans } = host;
  const states = statesView(host);
  const title = el('h2', 'jp-carbon-timetitle', trans.__('Power over the session'));
  const about = el('span', 'jp-carbon-sub');
  const ranges = choice<Range>(
    trans.__('Span of the chart'),
    [
      ['2 min', trans.__('2 min')],
      ['15 min', trans.__('15 min')],
      ['all', trans.__('all')]
    ],
    chosen => {
      if (chosen !== '') {
        chart.look(SPANS[chosen]);
        ranges.set(chosen);
      }
    }
  );
  ranges.set('all');
  const legend = el('div', 'jp-carbon-legend');
  const chart = timeChart({
    describe: key => {
      const cell = model.cell(key);
      return cell === null ? [] : described(host, cell);
    },
    onSeen: seen => ranges.set(seen === 'all' ? 'all' : '')
  });
  chart.node.tabIndex = 0;
  chart.node.setAttribute('role', 'img');
  const none = el(
    'p',
    'jp-carbon-sub jp-carbon-timenone',
    trans.__('Nothing to draw yet.')
  );
  const hint = el(
    'p',
    'jp-carbon-sub',
    trans.__(
      'Drag to move, turn the wheel to zoom; with the keyboard: arrows, + and −, Home, End, 0 for all.'
    )
  );
  const table = cellsTable(host);
  const main = el(
    'div',
    'jp-carbon-timemain',
    el('div', 'jp-carbon-timehead', title, about, ranges.node),
    legend,
    none,
    chart.node,
    hint,
    table.node
  );
  const node = el('div', 'jp-carbon jp-carbon-timeline', states.node, main);
  table.node.addEventListener('toggle', () => drawn.update());

  function draw(): void {
    const { meter, status } = model;
    const { kind } = status;
    const shown =
      meter !== null &&
      (kind === 'live' ||
        kind === 'connecting' ||
        kind === 'restarting' ||
        kind === 'dead');
    setShown(main, shown);
    main.classList.toggle('jp-carbon-stale', kind !== 'live');
    if (!shown) {
      return;
    }
    const sources = drawable(meter);
    const ids = sources.map(({ id }) => id);
    const found = colours(inOrder(meter.sources));
    const course = strips(meter.power, ids);
    const end = course.ends[course.ends.length - 1];
    const empty = end === undefined;
    setShown(none, empty);
    setShown(chart.node, !empty);
    setShown(hint, !empty);
    const { session } = meter;
    setText(
      about,
      [
        meter.meter.notebook?.split('/').pop() ?? '',
        session.duration,
        inWords(session.energy_j),
        inWords(session.co2e_g)
      ]
        .filter(Boolean)
        .join(' · ')
    );
    drawLegend(sources, found);
    table.draw(meter);
    if (empty) {
      return;
    }
    const from = Math.min(course.begins[0] ?? end, end - LEAST_MS);
    chart.draw({
      course,
      colours: ids.map(id => found.get(id) ?? 'var(--jp-carbon-other)'),
      spans: spansOf(meter.cells, end),
      from,
      to: end
    });
    const steps = {
      times: course.begins.slice(),
      watts: course.watts.map(each => each.slice())
    };
    setAttribute(chart.node, 'aria-label', sentence(trans, steps, sources, from, end));
  }

  function drawLegend(sources: readonly Source[], found: Map<string, string>): void {
    const names = sources.map(({ id, name, state, message }) => {
      const lost = state !== 'ok' && state !== 'starting';
      return { id, text: lost ? `${name}: ${message === '' ? state : message}` : name };
    });
    const known = names.map(({ id, text }) => `${id}\n${text}`).join('\n');
    if (legend.dataset.known === known) {
      return;
    }
    legend.dataset.known = known;
    setChildren(
      legend,
      names.map(({ id, text }) => {
        const dot = el('span', 'jp-carbon-dot');
        dot.style.background = found.get(id) ?? 'var(--jp-carbon-other)';
        return el('span', 'jp-carbon-key', dot, text);
      })
    );
  }

  const drawn = part({
    model,
    node,
    concerns: change =>
      Boolean(
        change.power ??
        change.cells ??
        change.sources ??
        change.status ??
        change.meter ??
        change.session
      ),
    draw,
    // Of a long span a pixel is many seconds: a third of one is soon enough.
    pause: () => Math.min(10_000, Math.max(1000, chart.span / 2700)),
    release: () => {
      states.dispose();
      chart.dispose();
    }
  });
  return {
    node,
    show: () => {
      states.show();
      drawn.show();
    },
    hide: () => {
      states.hide();
      drawn.hide();
    },
    dispose: () => drawn.dispose()
  };
}

/** The spans of the cells, up to the end of what is drawn. */
function spansOf(cells: readonly Cell[], to: number): Span[] {
  return cells.map(({ key, started_ms: from, ended_ms }) => ({
    key,
    from,
    to: Math.max(from, ended_ms ?? to)
  }));
}

function described({ trans }: Host, cell: Cell): string[] {
  const took = cell.status === 'running' ? trans.__('running') : cell.status;
  return [
    `${cellNumber(cell)} ${cellName(trans, cell)}`,
    cell.label !== null && cell.title !== '' && cell.label !== cell.title
      ? cell.title
      : '',
    [inWords(cell.energy_j), cell.energy_j.range].filter(Boolean).join(' '),
    cell.co2e_g.unit === '' ? '' : inWords(cell.co2e_g),
    [
      clock(cell.started_ms, true),
      cell.duration,
      cell.mean_w,
      cell.status === 'ok' ? '' : took
    ]
      .filter(Boolean)
      .join(' · ')
  ].filter(Boolean);
}

/** What the bands say, as a table: for who cannot point at them. */
function cellsTable(host: Host): { node: HTMLDetailsElement; draw(meter: Meter): void } {
  const { trans } = host;
  const heads = [
    trans.__('Run'),
    trans.__('Cell'),
    trans.__('Began'),
    trans.__('Duration'),
    trans.__('Energy'),
    pretty('CO2e')
  ].map(text => {
    const head = el('th', '', text);
    head.scope = 'col';
    return head;
  });
  const body = el('tbody');
  const older = el('p', 'jp-carbon-sub');
  const node = el(
    'details',
    'jp-carbon-timetable',
    el('summary', '', trans.__('The cells as a table')),
    el('table', '', el('thead', '', el('tr', '', ...heads)), body),
    older
  );
  const rows = new Map<number, { cell: Cell; row: HTMLElement }>();
  return {
    node,
    draw: meter => {
      if (!node.open) {
        return;
      }
      const cells = meter.cells.slice(-MOST_ROWS).reverse();
      const keys = new Set(cells.map(({ key }) => key));
      for (const key of rows.keys()) {
        if (!keys.has(key)) {
          rows.delete(key);
        }
      }
      setChildren(
        body,
        cells.map(cell => {
          const known = rows.get(cell.key);
          if (known?.cell === cell) {
            return known.row;
          }
          const row = known?.row ?? el('tr');
          row.replaceChildren(
            ...[
              cellNumber(cell),
              cellName(trans, cell),
              clock(cell.started_ms, true),
              cell.duration,
              inWords(cell.energy_j),
              cell.co2e_g.unit === '' ? '' : inWords(cell.co2e_g)
            ].map(text => el('td', '', text))
          );
          rows.set(cell.key, { cell, row });
          return row;
        })
      );
      const left = meter.cells_left_out + meter.cells.length - cells.length;
      setShown(older, left > 0);
      setText(
        older,
        trans._n(
          '%1 older run is in the session’s figures and not in this table.',
          '%1 older runs are in the session’s figures and not in this table.',
          left
        )
      );
    }
  };
}
