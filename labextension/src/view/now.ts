import type { Meter } from '../model';
import type { Mark, NotMeasured, Source, Watts } from '../protocol';
import {
  button,
  el,
  roled,
  section,
  setAttribute,
  setChildren,
  setShown,
  setStyle,
  setText
} from './dom';
import type { Host, Trans, View } from './host';
import { part } from './part';
import { answerLine, send } from './send';
import { spark } from './spark';
import { colours, figure, inOrder, inWords, markWord, tag } from './words';

/** Power now: the total, its course over two minutes, and each source with how it is known. */
export function nowView(host: Host): View {
  const { model, trans } = host;
  const total = figure('big');
  const mark = tag();
  const line = spark();
  const rows = new Map<string, Row>();
  let listed: readonly NotMeasured[] | null = null;
  const table = roled('table', 'jp-carbon-devices');
  table.setAttribute('aria-label', trans.__('Power of each device'));
  const missing = roled('list', 'jp-carbon-missing');
  missing.setAttribute('aria-label', trans.__('Not measured'));
  const remark = el('p', 'jp-carbon-sub');
  const answer = answerLine();
  const pause = button(trans.__('pause'), 'jp-carbon-link', () => {
    void send(host, answer, 'pause', {});
  });
  const { node, side, body } = section(trans.__('Now'), 'now');
  side.append(pause);
  body.append(
    el('div', 'jp-carbon-lead', el('div', '', total.node, mark.node), line.node),
    table,
    missing,
    remark,
    answer
  );

  function draw(): void {
    const meter = model.meter;
    if (meter === null) {
      return;
    }
    const { now, state } = meter;
    setShown(pause, model.status.kind === 'live' && !state.paused);
    total.set(state.paused ? { number: trans.__('paused'), unit: '' } : now.total);
    mark.set(markWord(trans, now.total.mark), now.total.mark);
    setShown(mark.node, now.total.mark === 'estimated' || now.total.mark === 'mixed');
    line.draw(meter.power.recent);
    drawRows(meter);
    if (listed !== meter.not_measured) {
      listed = meter.not_measured;
      missing.replaceChildren(...listed.map(each => missingEntry(trans, each)));
      setShown(missing, listed.length > 0);
    }
    const words = remarkOn(trans, meter);
    setText(remark, words);
    setShown(remark, words !== '');
  }

  function drawRows(meter: Meter): void {
    const sources = inOrder(meter.sources);
    const found = colours(sources);
    const severalHosts = new Set(sources.map(source => source.host)).size > 1;
    for (const id of rows.keys()) {
      if (!found.has(id)) {
        rows.delete(id);
      }
    }
    setShown(table, sources.length > 0);
    setChildren(
      table,
      sources.map(source => {
        const row = rows.get(source.id) ?? deviceRow(trans);
        rows.set(source.id, row);
        const watts = Object.hasOwn(meter.now.sources, source.id)
          ? meter.now.sources[source.id]
          : undefined;
        row.set(source, watts ?? null, found.get(source.id) ?? '', severalHosts);
        return row.node;
      })
    );
  }

  return part({
    model,
    node,
    concerns: change =>
      Boolean(
        change.now ?? change.sources ?? change.power ?? change.state ?? change.status
      ),
    draw
  });
}

/** What is to be said of a meter with little to show. */
function remarkOn(trans: Trans, { state, sources, not_measured }: Meter): string {
  if (state.searching) {
    return sources.length === 0
      ? trans.__('Looking for what can be measured…')
      : trans.__('Looking for what else can be measured…');
  }
  if (sources.length === 0) {
    return trans.__('Nothing on this machine can be measured.');
  }
  return [...sources, ...not_measured].some(each => each.kind === 'gpu')
    ? ''
    : trans.__('No GPU was found; what is listed is metered.');
}

interface Row {
  readonly node: HTMLElement;
  set(source: Source, watts: Watts | null, colour: string, severalHosts: boolean): void;
}

function deviceRow(trans: Trans): Row {
  const dot = el('span', 'jp-carbon-dot');
  dot.setAttribute('aria-hidden', 'true');
  const name = el('span', 'jp-carbon-name');
  const power = roled('cell', 'jp-carbon-value');
  const mark = tag();
  const why = roled('cell', 'jp-carbon-why');
  let open = false;
  let last: Source | null = null;
  const ask = button('', 'jp-carbon-ask', () => {
    open = !open;
    explain();
  });
  ask.append(mark.node);
  const node = roled(
    'row',
    'jp-carbon-device',
    roled('cell', 'jp-carbon-what', dot, name),
    power,
    roled('cell', '', ask),
    why
  );

  /** Says what is wrong with the source, or, when asked, how its figure comes about. */
  function explain(): void {
    const note = last?.note ?? '';
    const wrong = last !== null && isTroubled(last) ? [last.message, last.remedy] : [];
    const reason = [...wrong, open ? note : ''].filter(Boolean).join(' ');
    setText(why, reason);
    setShown(why, reason !== '');
    ask.disabled = note === '';
    setAttribute(ask, 'aria-expanded', note === '' ? null : String(open));
  }

  return {
    node,
    set: (source, watts, colour, severalHosts) => {
      setStyle(dot, 'background-color', colour);
      setText(name, severalHosts ? `${source.name} · ${source.host}` : source.name);
      setAttribute(name, 'title', source.name);
      setText(power, isKnown(watts) ? inWords(watts) : '–');
      setAttribute(
        power,
        'aria-label',
        isKnown(watts) ? null : trans.__('no figure now')
      );
      const [word, kind] = standing(trans, source, watts);
      mark.set(word, kind);
      last = source;
      explain();
      node.classList.toggle('jp-carbon-troubled', isTroubled(source));
    }
  };
}

function isKnown(watts: Watts | null): watts is Watts {
  return watts !== null && watts.value_w !== null;
}

function marked(trans: Trans, mark: Mark): [string, string] {
  return [markWord(trans, mark), mark];
}

function isTroubled(source: Source): boolean {
  return source.state !== 'ok' && source.state !== 'starting';
}

/** The word beside a source: how its figure is known, or why there is none. */
function standing(trans: Trans, source: Source, watts: Watts | null): [string, string] {
  switch (source.state) {
    case 'ok':
      return marked(trans, isKnown(watts) ? watts.mark : source.mark);
    case 'starting':
      return [trans.__('starting'), 'starting'];
    case 'lost':
      return [trans.__('lost'), 'trouble'];
    case 'failed':
      return [trans.__('failed'), 'trouble'];
    case 'denied':
      return [trans.__('denied'), 'trouble'];
    default:
      return [source.state, 'trouble'];
  }
}

function missingEntry(trans: Trans, absent: NotMeasured): HTMLElement {
  const dot = el('span', 'jp-carbon-dot jp-carbon-hollow');
  dot.setAttribute('aria-hidden', 'true');
  const mark = tag();
  mark.set(trans.__('not measured'), 'not measured');
  return roled(
    'listitem',
    'jp-carbon-device',
    el('div', 'jp-carbon-what', dot, el('span', 'jp-carbon-name', absent.name)),
    el('div', 'jp-carbon-value'),
    el('div', '', mark.node),
    el('div', 'jp-carbon-why', [absent.reason, absent.remedy].filter(Boolean).join(' '))
  );
}
