/** The forms of the panel's parts, which are loaded when one is first opened. */
import type { Budget } from '../protocol';
import { el } from './dom';
import { checkbox, field } from './fields';
import { inlineForm, type InlineForm } from './form';
import type { Host } from './host';
import { say, send } from './send';
import { suggest } from './suggest';

/** Sets the session's budget. */
export function budgetForm(
  host: Host,
  answer: HTMLElement,
  ofSession: () => Budget | undefined
): InlineForm {
  const { trans } = host;
  const limit = field(trans.__('Limit for the session'), '0.5kWh', 'text');
  const hint = el('div', 'jp-carbon-sub', trans.__('Energy or CO₂e: 0.5kWh, 200gCO2e'));
  const stop = checkbox(trans.__('end the run there'));
  return inlineForm(host, {
    submit: trans.__('Set'),
    content: [limit.node, hint, stop.node],
    first: limit.input,
    answer,
    onOpen: () => {
      const budget = ofSession();
      limit.input.value = budget?.limit.replace(/ /g, '') ?? '';
      stop.input.checked = budget?.stops ?? false;
    },
    onSubmit: () =>
      send(host, answer, 'budget', {
        limit: limit.input.value.trim(),
        stop: stop.input.checked
      })
  });
}

/** Changes place, intensity and PUE. */
export function gridForm(host: Host, answer: HTMLElement): InlineForm {
  const { model, trans } = host;
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

  async function change(): Promise<boolean> {
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

  return inlineForm(host, {
    submit: trans.__('Change'),
    content: [where.node, options.node, pue.node, everything.node],
    first: where.input,
    answer,
    onOpen: () => {
      const grid = model.meter?.grid;
      where.input.value = grid && !grid.assumed ? grid.code : '';
      pue.input.value = grid ? String(grid.pue) : '';
      everything.input.checked = false;
    },
    onClose: () => options.close(),
    onSubmit: change
  });
}
