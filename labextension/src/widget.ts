import base from '../style/base.css';
import cardStyle from '../style/card.css';
import chartStyle from '../style/chart.css';
import legendStyle from '../style/legend.css';
import { MeterModel } from './model';
import { cardView } from './view/card';
import { ENGLISH, type CardOf } from './view/host';

/** What anywidget gives of the widget's model in the kernel. */
export interface WidgetModel {
  get(name: string): unknown;
  on(name: string, callback: () => void): void;
  off(name: string, callback: () => void): void;
}

/** One view of the widget: its model, and the element to draw into. */
export interface Rendered {
  model: WidgetModel;
  el: HTMLElement;
}

/**
 * Shows the card of a cell or of the session, and returns what takes it away again.
 *
 * The model's state has the whole snapshot at any time, so that a view that comes late, or
 * after a reload, shows what the others do.
 */
function render({ model, el }: Rendered): () => void {
  const ended = new AbortController();
  const meter = new MeterModel();
  const view = cardView({ model: meter, trans: ENGLISH }, shownOf(model));
  const style = document.createElement('style');
  style.textContent = [base, chartStyle, legendStyle, cardStyle].join('\n');
  // What is said where the figures cannot be read, by an older page of a newer kernel.
  const line = document.createElement('div');

  function take(): void {
    const taken = meter.receive(snapshotOf(model)) === 'taken';
    view.node.hidden = !taken;
    line.hidden = taken;
    line.textContent = taken ? '' : textOf(model);
  }

  meter.setStatus({ kind: 'live' });
  take();
  model.on('change:_snapshot', take);
  ended.signal.addEventListener('abort', () => {
    model.off('change:_snapshot', take);
    view.dispose();
    meter.dispose();
    el.replaceChildren();
  });
  el.replaceChildren(style, view.node, line);
  view.show();
  return () => ended.abort();
}

function shownOf(model: WidgetModel): CardOf {
  const key = model.get('_of');
  return typeof key === 'number' && key >= 0
    ? { kind: 'cell', key }
    : { kind: 'session' };
}

/** The snapshot with the course of the power, which is sent by itself. */
function snapshotOf(model: WidgetModel): unknown {
  const snapshot: unknown = model.get('_snapshot');
  if (typeof snapshot !== 'object' || snapshot === null) {
    return snapshot;
  }
  return { ...snapshot, power: { recent: model.get('_course') } };
}

function textOf(model: WidgetModel): string {
  const text = model.get('text');
  return typeof text === 'string' ? text : '';
}

export default { render };
