import type { Budget } from '../protocol';
import {
  button,
  el,
  roled,
  section,
  setAttribute,
  setShown,
  setStyle,
  setText
} from './dom';
import type { Host, Trans, View } from './host';
import { later } from './later';
import { part } from './part';
import { answerLine, send } from './send';
import { budgetWords, cellNumber, percent } from './words';

/** The budgets: how much of each is used, in a bar and in words; the session's can be set. */
export function budgetView(host: Host): View {
  const { model, trans } = host;
  const { node, side, body } = section(trans.__('Budget'), 'budget');
  const none = el('p', 'jp-carbon-sub', trans.__('No budget is set.'));
  const list = el('div');
  const answer = answerLine();
  const form = later(host, answer, async () => {
    const { budgetForm } = await import('./forms');
    return budgetForm(host, answer, ofSession);
  });
  const edit = button('', 'jp-carbon-link', () => form.toggle(edit));
  const remove = button(trans.__('remove'), 'jp-carbon-link', () => {
    form.close();
    void send(host, answer, 'budget', { limit: null });
  });
  side.append(edit, remove);
  body.append(none, list, form.node, answer);

  function ofSession(): Budget | undefined {
    return model.meter?.budgets.find(budget => budget.scope === 'session');
  }

  function draw(): void {
    const meter = model.meter;
    if (meter === null) {
      return;
    }
    const has = ofSession() !== undefined;
    const live = model.status.kind === 'live';
    setText(edit, has ? trans.__('edit') : trans.__('set'));
    setShown(edit, live);
    setShown(remove, live && has);
    setShown(none, meter.budgets.length === 0);
    const budgets = meter.budgets;
    while (list.children.length > budgets.length) {
      bars.pop()?.node.remove();
    }
    budgets.forEach((budget, nth) => {
      let bar = bars[nth];
      if (bar === undefined) {
        bar = budgetBar(trans);
        bars.push(bar);
        list.append(bar.node);
      }
      const cell = budget.cell_key === null ? null : model.cell(budget.cell_key);
      bar.set(budget, budget.scope === 'cell' && cell ? cellNumber(cell) : '');
    });
  }

  const bars: BudgetBar[] = [];
  return part({
    model,
    node,
    concerns: change => Boolean(change.budgets ?? change.status),
    draw
  });
}

interface BudgetBar {
  readonly node: HTMLElement;
  set(budget: Budget, whose: string): void;
}

/** The bar of one budget, with its level in words. */
export function budgetBar(trans: Trans): BudgetBar {
  const used = el('span', 'jp-carbon-part');
  const bar = roled('meter', 'jp-carbon-split jp-carbon-meter', used);
  setAttribute(bar, 'aria-valuemin', '0');
  setAttribute(bar, 'aria-valuemax', '100');
  const words = el('span');
  const share = el('span', 'jp-carbon-value');
  const node = el(
    'div',
    'jp-carbon-budgeted',
    bar,
    el('div', 'jp-carbon-sub', words, share)
  );
  return {
    node,
    set: (budget, whose) => {
      const text = [
        whose,
        budgetWords(trans, budget),
        budget.stops ? trans.__('ends the run') : ''
      ]
        .filter(Boolean)
        .join(' · ');
      const { fraction } = budget;
      setAttribute(node, 'data-level', budget.level);
      setStyle(used, 'width', `${Math.round(Math.min(1, fraction ?? 0) * 1000) / 10}%`);
      setAttribute(
        bar,
        'aria-valuenow',
        fraction === null ? null : String(Math.round(fraction * 100))
      );
      setAttribute(bar, 'aria-valuetext', text);
      setAttribute(bar, 'aria-label', trans.__('Budget'));
      setText(words, text);
      setText(share, fraction === null ? '' : percent(fraction));
    }
  };
}
