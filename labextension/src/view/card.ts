import type { Meter } from '../model';
import type { Budget, Cell, Shown } from '../protocol';
import { bandsOf, drawable, sentence } from './chart';
import { between, endOf, whole, within, type Steps } from './columns';
import {
  el,
  roled,
  setAttribute,
  setChildren,
  setShown,
  setStyle,
  setText,
  slot
} from './dom';
import type { CardHost, CardOf, Trans, View } from './host';
import { part } from './part';
import { plot } from './plot';
import {
  budgetWords,
  cellName,
  colours,
  figure,
  inOrder,
  originWords,
  percent
} from './words';

/** What a card says, of a cell or of the session. */
interface Carded {
  readonly title: string;
  readonly side: string;
  readonly running: boolean;
  readonly final: boolean;
  readonly energy: Shown;
  readonly co2e: Shown;
  readonly mean: string;
  readonly provenance: string;
  readonly from: number;
  readonly to: number;
  readonly budget: Budget | undefined;
}

/** The inline card: the figures of one run of a cell, or of the session. */
export function cardView(host: CardHost, of: CardOf): View {
  const { model, trans } = host;
  const title = el('b', 'jp-carbon-cardtitle');
  const side = el('span', 'jp-carbon-sub');
  const energy = captioned(trans.__('energy'));
  const co2e = captioned(trans.__('CO₂e'));
  const power = captioned('');
  const budget = captioned(trans.__('of budget'));
  const legend = el('div', 'jp-carbon-legend');
  const origin = el('div', 'jp-carbon-sub');
  const remark = el('div', 'jp-carbon-sub');
  const chart = plot({ height: 96 });
  /** What the chart shows: it changes less often than the figures. */
  let drawn = '';
  chart.node.setAttribute('role', 'img');
  const waiting = el('div', 'jp-carbon-sub', trans.__('No figures yet.'));
  const body = el(
    'div',
    'jp-carbon-cardbody',
    el('div', 'jp-carbon-cardhead', title, side),
    chart.node,
    legend,
    el('div', 'jp-carbon-four', energy.node, co2e.node, power.node, budget.node),
    remark,
    slot('forecast'),
    origin
  );
  const node = roled('group', 'jp-carbon jp-carbon-card', waiting, body);
  node.setAttribute('aria-label', trans.__('Energy and CO₂e'));

  function draw(): void {
    const meter = model.meter;
    const carded = meter === null ? null : describe(meter);
    setShown(waiting, carded === null);
    setShown(body, carded !== null);
    if (meter === null || carded === null) {
      return;
    }
    setText(title, carded.title);
    setText(side, carded.side);
    const provisional = !carded.final && !carded.running;
    energy.set({ ...carded.energy, provisional });
    co2e.set({ ...withoutGas(carded.co2e), provisional });
    if (carded.running) {
      power.caption(trans.__('now'));
      power.set(meter.now.total);
    } else {
      power.caption(trans.__('mean power'));
      power.set(parted(carded.mean));
    }
    setShown(power.node, carded.running || carded.mean !== '');
    drawBudget(carded.budget);
    setText(origin, originWords(trans, carded.provenance, carded.energy));
    setShown(origin, origin.textContent !== '');
    drawChart(meter, carded);
  }

  function drawBudget(found: Budget | undefined): void {
    const fraction = found?.fraction ?? null;
    setShown(budget.node, fraction !== null);
    budget.set(fraction === null ? { number: '', unit: '' } : parted(percent(fraction)));
    setAttribute(budget.node, 'data-level', found?.level ?? null);
    setText(remark, found === undefined ? '' : budgetWords(trans, found));
    setShown(remark, found !== undefined);
  }

  function drawChart(meter: Meter, carded: Carded): void {
    const sources = drawable(meter);
    const found = colours(inOrder(meter.sources));
    const ids = sources.map(source => source.id);
    const { to } = carded;
    const { times_ms: times } = meter.power.recent;
    const seen = [
      carded.from,
      to,
      times.length,
      ...ids,
      ...sources.map(({ name }) => name)
    ];
    if (seen.join() === drawn) {
      return;
    }
    drawn = seen.join();
    const steps = course(meter, ids, carded.from, to);
    // The first whole step may begin a little later.
    const from = Math.max(carded.from, Math.min(steps.times[0] ?? 0, to - 1));
    const enough = steps.times.length > 1;
    setShown(chart.node, enough);
    setShown(legend, enough && sources.length > 1);
    if (!enough) {
      return;
    }
    const css = ids.map(id => found.get(id) ?? 'var(--jp-carbon-other)');
    const bands = of.kind === 'session' ? bandsOf(meter.cells, from, to) : [];
    chart.draw({ steps, colours: css, from, to, bands });
    setAttribute(chart.node, 'aria-label', sentence(trans, steps, sources, from, to));
    if (legend.children.length !== sources.length) {
      setChildren(
        legend,
        sources.map(() =>
          el('span', 'jp-carbon-key', el('span', 'jp-carbon-dot'), el('span'))
        )
      );
    }
    sources.forEach((source, nth) => {
      const [dot, name] = Array.from(legend.children[nth]?.children ?? []);
      if (dot instanceof HTMLElement && name) {
        setStyle(dot, 'background-color', css[nth] ?? '');
        setText(name, source.name);
      }
    });
  }

  function describe(meter: Meter): Carded | null {
    if (of.kind === 'session') {
      return ofSession(trans, meter);
    }
    const cell = model.cell(of.key);
    return cell === null ? null : ofCell(trans, meter, cell);
  }

  return part({
    model,
    node,
    concerns: change =>
      Boolean(
        change.cells ??
        change.power ??
        change.now ??
        change.session ??
        change.budgets ??
        change.sources
      ),
    draw,
    release: () => chart.dispose()
  });
}

function ofSession(trans: Trans, meter: Meter): Carded {
  const { session, state } = meter;
  return {
    title: trans.__('This session'),
    side: session.duration,
    running: !state.paused,
    final: true,
    energy: session.energy_j,
    co2e: session.co2e_g,
    mean: '',
    provenance: session.provenance,
    from: meter.meter.started_ms,
    to: lastMoment(meter),
    budget: meter.budgets.find(budget => budget.scope === 'session')
  };
}

function ofCell(trans: Trans, meter: Meter, cell: Cell): Carded {
  const running = cell.status === 'running';
  const status = {
    ok: '',
    running: trans.__('running'),
    error: trans.__('error'),
    interrupted: trans.__('interrupted')
  }[cell.status];
  const shared = cell.overlapped ? trans.__('another cell ran meanwhile') : '';
  return {
    title: cellName(trans, cell),
    side: [status, shared, cell.duration].filter(Boolean).join(' · '),
    running,
    final: cell.final,
    energy: cell.energy_j,
    co2e: cell.co2e_g,
    mean: cell.mean_w,
    provenance: cell.provenance,
    from: cell.started_ms,
    to: cell.ended_ms ?? lastMoment(meter),
    budget:
      meter.budgets.find(
        budget => budget.scope === 'cell' && budget.cell_key === cell.key
      ) ??
      (running ? meter.budgets.find(budget => budget.scope === 'session') : undefined)
  };
}

/** The course between two moments: the fine one where it reaches back so far. */
function course(meter: Meter, ids: string[], from: number, to: number): Steps {
  const { recent } = meter.power;
  const first = recent.times_ms[0];
  const fine = first !== undefined && first <= from + recent.step_ms;
  return fine
    ? between(recent, ids, from, to)
    : within(whole(meter.power, ids), from, to);
}

function lastMoment(meter: Meter): number {
  return endOf(meter.power.recent) ?? meter.state.time_ms;
}

function captioned(text: string): {
  node: HTMLElement;
  caption(text: string): void;
  set(shown: {
    number: string;
    unit: string;
    range?: string;
    provisional?: boolean;
  }): void;
} {
  const caption = el('div', 'jp-carbon-sub', text);
  const value = figure('mid');
  return {
    node: el('div', 'jp-carbon-captioned', caption, value.node),
    caption: words => setText(caption, words),
    set: value.set
  };
}

/** The gas is in the caption. */
function withoutGas(shown: Shown): Shown {
  return { ...shown, unit: shown.unit.replace(' CO2e', '') };
}

/** A figure that comes as one string, in number and unit. */
function parted(text: string): { number: string; unit: string } {
  const at = text.lastIndexOf(' ');
  return at < 0
    ? { number: text, unit: '' }
    : { number: text.slice(0, at), unit: text.slice(at + 1) };
}
