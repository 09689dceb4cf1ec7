import type { Grid } from '../protocol';
import { button, el, section, setAttribute, setShown, setText } from './dom';
import { checkbox, field, inlineForm } from './form';
import type { Host, Trans, View } from './host';
import { part } from './part';
import { say, send } from './send';
import { suggest } from './suggest';
import { tag } from './words';

/** What turns energy into CO2e: place, intensity and how it is known, PUE; all can be changed. */
export function gridView(host: Host): View {
  const { model, trans } = host;
  const { node, side, body } = section(trans.__('Grid'), 'grid');
  const place = el('span', 'jp-carbon-place');
  const intensity = el('b', 'jp-carbon-intensity');
  const kind = tag();
  const details = el('div', 'jp-carbon-sub');
  const where = field(
    trans.__('Place, code, or intensity'),
    'DE, Poland, 330g/kWh',
    'text'
  );
  const pue = field(trans.__('PUE'), '1.0', 'decimal');
  const everything = checkbox(trans.__('for the whole session, not only from now on'));
  const options = suggest(
    where.input,
    `jp-carbon-places-${Math.random().toString(36).slice(2)}`,
    trans.__('Places'),
    async query => {
      // A busy kernel would answer long after the question.
      if (model.commandsWait) {
        return [];
      }
      const reply = await host.command('places', { query });
      return (reply.places ?? []).map(each => ({
        value: each.code,
        name: `${each.name} · ${each.code}`,
        note: each.intensity
      }));
    }
  );
  const form = inlineForm(host, {
    submit: trans.__('Change'),
    content: [where.node, options.node, pue.node, everything.node],
    first: where.input,
    onSubmit: change
  });
  const open = button(trans.__('change'), 'jp-carbon-link', () => {
    const grid = model.meter?.grid;
    where.input.value = grid && !grid.assumed ? grid.code : '';
    pue.input.value = grid ? String(grid.pue) : '';
    everything.input.checked = false;
    form.toggle(open);
  });
  side.append(open);
  body.append(
    el('div', 'jp-carbon-gridline', place, ' · ', intensity, ' ', kind.node),
    details,
    form.node,
    form.answer
  );

  async function change(answer: HTMLElement): Promise<boolean> {
    const grid = model.meter?.grid;
    const named = where.input.value.trim();
    const ratio = pue.input.value.trim().replace(',', '.');
    const all = everything.input.checked;
    if (!Number.isFinite(Number(ratio))) {
      say(answer, trans.__('“%1” is not a number.', pue.input.value), 'refused');
      return false;
    }
    if (named !== '' && (named !== grid?.code || all)) {
      if (!(await send(host, answer, 'region', { place: named, everything: all }))) {
        return false;
      }
    }
    if (ratio !== '' && (Number(ratio) !== grid?.pue || all)) {
      return send(host, answer, 'pue', { pue: Number(ratio), everything: all });
    }
    return true;
  }

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
    draw,
    release: () => options.close()
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
