import { el } from './dom';
import type { InlineForm } from './form';
import type { Host } from './host';
import { say } from './send';

/** A form that is loaded when it is first opened. */
export interface LaterForm {
  readonly node: HTMLElement;
  /** Opens, or closes, from this button, which gets the focus back. */
  toggle(opener: HTMLElement): void;
  close(): void;
}

/** Where a form will stand; what goes wrong on the way is said in its answer line. */
export function later(
  host: Host,
  answer: HTMLElement,
  load: () => Promise<InlineForm>
): LaterForm {
  const node = el('div');
  let form: InlineForm | null = null;
  let loading = false;

  async function open(opener: HTMLElement): Promise<void> {
    loading = true;
    try {
      form = await load();
      node.append(form.node);
      form.toggle(opener);
    } catch (error) {
      const { trans } = host;
      say(
        answer,
        trans.__('The form could not be loaded. Is the server there?'),
        'refused'
      );
      console.error('A form of the energy meter could not be loaded.', error);
    }
    loading = false;
  }

  return {
    node,
    toggle: opener => {
      if (form !== null) {
        form.toggle(opener);
      } else if (!loading) {
        void open(opener);
      }
    },
    close: () => form?.close()
  };
}
