import { button, el, setAttribute, setShown } from './dom';
import type { Host } from './host';
import { say } from './send';

/** A form that opens inside a part and closes when it has taken effect. */
export interface InlineForm {
  readonly node: HTMLElement;
  /** Opens, or closes, from this button, which gets the focus back. */
  toggle(opener: HTMLElement): void;
  close(): void;
}

/** What a form holds and does. */
export interface InlineFormOptions {
  readonly submit: string;
  readonly content: readonly HTMLElement[];
  readonly first: HTMLInputElement;
  /** Where answers are shown; outside of the form, so that they outlive it. */
  readonly answer: HTMLElement;
  /** Fills it. */
  onOpen(): void;
  onClose?(): void;
  /** Sends; whether it took effect. */
  onSubmit(): Promise<boolean>;
}

/** Makes a form: Enter sends, Escape closes. */
export function inlineForm(host: Host, options: InlineFormOptions): InlineForm {
  const { trans } = host;
  const { answer } = options;
  let opener: HTMLElement | null = null;
  let turn = 0;
  const submit = el('button', 'jp-carbon-button jp-carbon-primary', options.submit);
  submit.type = 'submit';
  const cancel = button(trans.__('Cancel'), 'jp-carbon-button', () => close());
  const node = el(
    'form',
    'jp-carbon-form',
    ...options.content,
    el('div', 'jp-carbon-buttons', submit, cancel)
  );
  node.hidden = true;
  node.noValidate = true;

  function close(): void {
    if (node.hidden) {
      return;
    }
    turn += 1;
    const within = node.contains(document.activeElement);
    options.onClose?.();
    setShown(node, false);
    submit.disabled = false;
    say(answer, '', 'done');
    if (opener !== null) {
      setAttribute(opener, 'aria-expanded', 'false');
      if (within) {
        opener.focus();
      }
    }
  }

  async function send(): Promise<void> {
    turn += 1;
    const mine = turn;
    submit.disabled = true;
    const taken = await options.onSubmit();
    if (mine !== turn) {
      return; // closed, or sent anew, meanwhile
    }
    submit.disabled = false;
    if (taken) {
      close();
    } else {
      answer.scrollIntoView({ block: 'nearest' });
    }
  }

  node.addEventListener('submit', event => {
    event.preventDefault();
    void send();
  });
  node.addEventListener('keydown', event => {
    if (event.key === 'Escape' && !event.defaultPrevented) {
      event.stopPropagation();
      close();
    }
  });
  return {
    node,
    close,
    toggle: from => {
      if (!node.hidden) {
        close();
        return;
      }
      opener = from;
      options.onOpen();
      setAttribute(from, 'aria-expanded', 'true');
      say(answer, '', 'done');
      setShown(node, true);
      node.scrollIntoView({ block: 'nearest' });
      options.first.focus({ preventScroll: true });
      options.first.select();
    }
  };
}
