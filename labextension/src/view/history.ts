import '../../style/history.css';

import type { History } from '../protocol';
import { button, el, roled, setChildren, setShown, setStyle, setText } from './dom';
import type { Host, View } from './host';
import { say } from './send';
import { barLength, figure, inWords } from './words';

/** So many days are looked up, today included. */
const DAYS = 30;

/**
 * What all sessions of the last days cost: in all, by day, and the costliest notebooks.
 *
 * @param answer - Where it is said that it takes a while, or what went wrong.
 */
export function historyView(host: Host, answer: HTMLElement): View {
  const { model, trans } = host;
  const energy = figure('mid');
  const co2e = figure('mid');
  const count = el('div', 'jp-carbon-sub');
  const bars = roled('img', 'jp-carbon-days');
  const first = el('span');
  const last = el('span');
  const ends = el('div', 'jp-carbon-sub jp-carbon-dayends', first, last);
  const rows = el('tbody');
  const table = el(
    'table',
    'jp-carbon-notebooks',
    el('caption', 'jp-carbon-sub', trans.__('Notebooks that took most')),
    rows
  );
  const note = el('div', 'jp-carbon-sub');
  const found = el(
    'div',
    '',
    el('div', 'jp-carbon-two', energy.node, co2e.node),
    count,
    bars,
    ends,
    table,
    note
  );
  const again = button(trans.__('look again'), 'jp-carbon-link', () => void look());
  const node = el('div', '', found, again);
  let asked = false;
  let disposed = false;
  setShown(found, false);

  async function look(): Promise<void> {
    if (asked) {
      return;
    }
    asked = true;
    say(
      answer,
      model.commandsWait
        ? trans.__('The kernel is busy: this is looked up when the running cell ends.')
        : trans.__('Looking it up…'),
      'waits'
    );
    let refused = '';
    try {
      const { ok, text, history } = await host.command('history', { days: DAYS });
      if (ok && history !== undefined && !disposed) {
        draw(history);
      } else if (!ok) {
        refused = text || trans.__('The kernel refused this.');
      }
    } catch (error) {
      refused = error instanceof Error ? error.message : '';
      refused ||= trans.__('The kernel could not be reached.');
    }
    asked = false;
    if (!disposed) {
      say(answer, refused, 'refused');
    }
  }

  function draw(history: History): void {
    const { total, sessions, days, notebooks } = history;
    setShown(found, true);
    energy.set(total.energy_j);
    co2e.set(total.co2e_g);
    setText(
      count,
      trans._n(
        '%1 session in the last %2 days',
        '%1 sessions in the last %2 days',
        sessions,
        days.length
      )
    );
    const most = Math.max(0, ...days.map(({ energy_j }) => energy_j?.value ?? 0));
    setChildren(
      bars,
      days.map(({ day, energy_j, co2e_g }) => {
        const bar = el('span', 'jp-carbon-day');
        setStyle(bar, '--jp-carbon-share', barLength(energy_j?.value ?? null, most));
        bar.title =
          energy_j === null
            ? trans.__('%1: nothing was recorded', date(day))
            : [
                `${date(day)}: ${inWords(energy_j)}`,
                co2e_g === null || co2e_g.unit === '' ? '' : inWords(co2e_g)
              ]
                .filter(Boolean)
                .join(', ');
        bar.classList.toggle('jp-carbon-none', energy_j === null);
        return bar;
      })
    );
    bars.setAttribute('aria-label', sentence(history));
    setText(first, date(days[0]?.day ?? ''));
    setText(last, trans.__('today'));
    setShown(table, notebooks.length > 0);
    setChildren(
      rows,
      notebooks.map(({ name, energy_j, co2e_g }) => {
        const words = name?.split('/').pop() ?? trans.__('not known which');
        const head = el('th', '', words);
        head.scope = 'row';
        head.title = name ?? '';
        return el(
          'tr',
          '',
          head,
          el('td', '', inWords(energy_j)),
          el('td', '', co2e_g.unit === '' ? '' : inWords(co2e_g))
        );
      })
    );
    setText(note, history.note);
    setShown(note, history.note !== '');
  }

  /** The bars, for who does not see them. */
  function sentence({ days }: History): string {
    const known = days.flatMap(({ day, energy_j }) =>
      typeof energy_j?.value === 'number' ? [{ day, energy_j }] : []
    );
    const top = known.reduce<(typeof known)[number] | null>(
      (best, each) =>
        (each.energy_j.value ?? 0) > (best?.energy_j.value ?? -1) ? each : best,
      null
    );
    return top === null
      ? trans.__('Energy by day: nothing was recorded.')
      : trans.__(
          'Energy by day, on %1 days; most of it on %2: %3',
          known.length,
          date(top.day),
          inWords(top.energy_j)
        );
  }

  return {
    node,
    show: () => void look(),
    hide: () => undefined,
    dispose: () => {
      disposed = true;
      node.remove();
    }
  };
}

/** A day in the words of the user's own place: '30 Nov'. */
function date(day: string): string {
  const at = new Date(`${day}T12:00:00`);
  return Number.isNaN(at.getTime())
    ? day
    : at.toLocaleDateString(undefined, { day: 'numeric', month: 'short' });
}
