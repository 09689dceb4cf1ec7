import type { Grid } from '../protocol';
import { button, el, section, setAttribute, setShown, setText } from './dom';
import type { Host, Trans, View } from './host';
import { later } from './later';
import { part } from './part';
import { answerLine } from './send';
import { tag } from './words';

/** What turns energy into CO2e: place, intensity and how it is known, PUE; all can be changed. */
export function gridView(host: Host): View {
  const { model, trans } = host;
  const { node, side, body } = section(trans.__('Grid'), 'grid');
  const place = el('span', 'jp-carbon-place');
  const intensity = el('b', 'jp-carbon-intensity');
  const kind = tag();
  const details = el('div', 'jp-carbon-sub');
  const answer = answerLine();
  const form = later(host, answer, async () => {
    const { gridForm } = await import('./forms');
    return gridForm(host, answer);
  });
  const open = button(trans.__('change'), 'jp-carbon-link', () => form.toggle(open));
  side.append(open);
  body.append(
    el('div', 'jp-carbon-gridline', place, ' · ', intensity, ' ', kind.node),
    details,
    form.node,
    answer
  );

  function draw(): void {
    const grid = model.meter?.grid;
    if (grid === undefined) {
      return;
    }
    setShown(open, model.status.kind === 'live');
    const words = grid.words || grid.place;
    setText(place, words.charAt(0).toUpperCase() + words.slice(1));
    setText(intensity, grid.intensity);
    const known = [grid.year === null ? '' : String(grid.year), kindWord(trans, grid)];
    kind.set(known.filter(Boolean).join(' '), grid.assumed ? 'estimated' : 'measured');
    setShown(kind.node, known.some(Boolean));
    setText(
      details,
      [
        trans.__('PUE %1', Number.isInteger(grid.pue) ? grid.pue.toFixed(1) : grid.pue),
        grid.basis,
        grid.source === '' ? '' : trans.__('source: %1', grid.source)
      ]
        .filter(Boolean)
        .join(' · ')
    );
    setAttribute(node, 'data-assumed', String(grid.assumed));
  }

  return part({
    model,
    node,
    concerns: change => Boolean(change.grid ?? change.status),
    draw
  });
}

function kindWord(trans: Trans, grid: Grid): string {
  switch (grid.kind) {
    case 'average':
      return trans.__('average');
    case 'stated':
      return trans.__('stated');
    default:
      return grid.kind;
  }
}
