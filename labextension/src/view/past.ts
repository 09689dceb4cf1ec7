import { button, section, setAttribute, setShown } from './dom';
import type { Host, View } from './host';
import { part } from './part';
import { answerLine, say } from './send';

/** The last days' figures, folded: they are looked up when somebody opens them. */
export function pastView(host: Host): View {
  const { model, trans } = host;
  const { node, side, body } = section(trans.__('History'), 'history');
  const answer = answerLine();
  let shown: View | null = null;
  let loading = false;
  const open = button(trans.__('show'), 'jp-carbon-link', () => void toggle());
  side.append(open);
  body.append(answer);

  async function toggle(): Promise<void> {
    if (shown !== null) {
      shown.dispose();
      shown = null;
      mark();
    } else if (!loading) {
      loading = true;
      try {
        const { historyView } = await import('./history');
        if (!drawn.isDisposed) {
          shown = historyView(host, answer);
          body.prepend(shown.node);
          shown.show();
          mark();
        }
      } catch (error) {
        say(answer, trans.__('It could not be loaded. Is the server there?'), 'refused');
        console.error('The history could not be loaded.', error);
      }
      loading = false;
    }
  }

  function mark(): void {
    open.textContent = shown === null ? trans.__('show') : trans.__('hide');
    setAttribute(open, 'aria-expanded', String(shown !== null));
    if (shown === null) {
      say(answer, '', 'done');
    }
  }
  mark();

  const drawn = part({
    model,
    node,
    concerns: change => Boolean(change.meter ?? change.status),
    draw: () => {
      setShown(node, model.meter?.meter.history === true && model.status.kind === 'live');
    },
    release: () => shown?.dispose()
  });
  setShown(node, false);
  return drawn;
}
