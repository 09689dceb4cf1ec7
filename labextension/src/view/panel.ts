import { budgetView } from './budget';
import { cellsView } from './cells';
import { chartView } from './chart';
import { el, setShown, setText, slot } from './dom';
import { gridView } from './grid';
import type { Host, PanelView, View } from './host';
import { notesView } from './notes';
import { noticesView } from './notices';
import { nowView } from './now';
import { part } from './part';
import { pastView } from './past';
import { sessionView } from './session';
import { statesView } from './states';
import { inWords } from './words';

/** Totals are read out to screen readers at most this often. */
const SAID_EVERY_MS = 20_000;

/** The sidebar's content: all parts, and the states in which there is nothing to show. */
export function panelView(host: Host): PanelView {
  const { model, trans } = host;
  const cells = cellsView(host);
  const figures = [
    nowView(host),
    sessionView(host),
    chartView(host),
    cells,
    budgetView(host),
    gridView(host),
    pastView(host),
    notesView(host)
  ];
  const around = [statesView(host), noticesView(host)];
  const said = el('div', 'jp-carbon-hidden');
  said.setAttribute('role', 'status');
  said.setAttribute('aria-live', 'polite');
  const main = el('div', 'jp-carbon-main', ...figures.map(each => each.node));
  const node = el(
    'div',
    'jp-carbon jp-carbon-panel',
    ...around.map(each => each.node),
    main,
    slot('actions'),
    said
  );
  let saidAt = -Infinity;

  /** Figures belong to a kernel: where none is followed, those of the last one are not its. */
  function hasFigures(): boolean {
    const kind = model.status.kind;
    return (
      model.meter !== null &&
      (kind === 'live' ||
        kind === 'connecting' ||
        kind === 'restarting' ||
        kind === 'dead')
    );
  }

  function turn(view: View, on: boolean): void {
    if (on) {
      view.show();
    } else {
      view.hide();
    }
  }

  function draw(): void {
    const shown = hasFigures();
    setShown(main, shown);
    main.classList.toggle('jp-carbon-stale', model.status.kind !== 'live');
    figures.forEach(each => turn(each, shown));
    announce(shown);
  }

  function announce(shown: boolean): void {
    const meter = model.meter;
    const now = performance.now();
    if (!shown || meter === null || now - saidAt < SAID_EVERY_MS) {
      return;
    }
    saidAt = now;
    setText(
      said,
      trans.__(
        'Now %1; this session %2, %3',
        inWords(meter.now.total),
        inWords(meter.session.energy_j),
        inWords(meter.session.co2e_g)
      )
    );
  }

  const whole = part({
    model,
    node,
    concerns: change => Boolean(change.status ?? change.meter ?? change.session),
    draw,
    release: () => [...figures, ...around].forEach(each => each.dispose())
  });
  return {
    node,
    show: () => {
      whole.show();
      around.forEach(each => each.show());
    },
    hide: () => {
      [...figures, ...around].forEach(each => each.hide());
      whole.hide();
    },
    dispose: () => whole.dispose(),
    reveal: key => cells.reveal(key)
  };
}
