import { el, setShown, setText } from './dom';
import type { Host, View } from './host';
import { part } from './part';

/** The kernel's sentences on what was not measured and on what went wrong. */
export function notesView(host: Host): View {
  const { model, trans } = host;
  const summary = el('summary');
  const list = el('ul');
  const node = el(
    'section',
    'jp-carbon-section jp-carbon-notes',
    el('details', '', summary, list)
  );
  node.setAttribute('aria-label', trans.__('Notes'));

  function draw(): void {
    const notes = model.meter?.notes ?? [];
    setShown(node, notes.length > 0);
    setText(
      summary,
      trans._n('%1 note on these figures', '%1 notes on these figures', notes.length)
    );
    list.replaceChildren(...notes.map(note => el('li', '', note)));
  }

  return part({ model, node, concerns: change => change.notes === true, draw });
}
