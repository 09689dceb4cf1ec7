import {
  button,
  el,
  roled,
  section,
  setAttribute,
  setShown,
  setStyle,
  setText,
  slot
} from './dom';
import type { Host, View } from './host';
import { part } from './part';
import { answerLine, send } from './send';
import { figure, originWords, percent } from './words';

/** The session so far: energy with its range, CO2e, and what of it fell into cells. */
export function sessionView(host: Host): View {
  const { model, trans } = host;
  const energy = figure('mid');
  const co2e = figure('mid');
  const where = el('span', 'jp-carbon-where');
  const inCells = el('span', 'jp-carbon-part');
  const split = roled('img', 'jp-carbon-split', inCells);
  const shares = el('div', 'jp-carbon-sub');
  const origin = el('div', 'jp-carbon-sub');
  const earlier = el('div', 'jp-carbon-sub');
  const answer = answerLine();
  const before = el('span');
  const offer = el(
    'div',
    'jp-carbon-sub jp-carbon-offer',
    before,
    ' ',
    button(trans.__('go on with it'), 'jp-carbon-link', () => {
      void send(host, answer, 'resume_session', {});
    })
  );
  const { node, side, body } = section(trans.__('This session'), 'session');
  side.append(where);
  body.append(
    el(
      'dl',
      'jp-carbon-two',
      el(
        'div',
        '',
        el('dt', 'jp-carbon-hidden', trans.__('Energy')),
        el('dd', '', energy.node)
      ),
      el(
        'div',
        '',
        el('dt', 'jp-carbon-hidden', trans.__('CO₂e')),
        el('dd', '', co2e.node)
      )
    ),
    split,
    shares,
    slot('worth'),
    origin,
    earlier,
    offer,
    answer
  );

  function draw(): void {
    const meter = model.meter;
    if (meter === null) {
      return;
    }
    const { session } = meter;
    const path = meter.meter.notebook;
    const name = path?.split('/').pop() ?? '';
    setText(where, [name, session.duration].filter(Boolean).join(' · '));
    setAttribute(where, 'title', path);
    energy.set(session.energy_j);
    co2e.set(session.co2e_g);
    const share = session.in_cells_share;
    setShown(split, share !== null);
    setShown(shares, share !== null);
    if (share !== null) {
      setStyle(inCells, 'width', `${Math.round(share * 1000) / 10}%`);
      const words = trans.__(
        '%1 in cells · %2 between cells',
        percent(share),
        percent(1 - share)
      );
      setText(shares, words);
      setAttribute(split, 'aria-label', words);
    }
    setText(origin, originWords(trans, session.provenance, session.energy_j));
    setShown(origin, origin.textContent !== '');
    setText(earlier, session.earlier ? trans.__('Before: %1', session.earlier) : '');
    setShown(earlier, earlier.textContent !== '');
    setText(
      before,
      session.resumable ? trans.__('Earlier session: %1.', session.resumable) : ''
    );
    setShown(offer, before.textContent !== '' && model.status.kind === 'live');
  }

  return part({
    model,
    node,
    concerns: change => Boolean(change.session ?? change.meter ?? change.status),
    draw
  });
}
