import { button, el, setAttribute, setShown } from './dom';
import type { Host } from './host';
import { answerLine, say } from './send';

/** An input with its label. */
export interface Field {
  readonly node: HTMLElement;
  readonly input: HTMLInputElement;
}

/** Makes a labelled input. */
export function field(
  label: string,
  placeholder: string,
  mode: 'text' | 'decimal'
): Field {
  const input = el('input', 'jp-carbon-input');
  input.type = 'text';
  input.inputMode = mode;
  input.placeholder = placeholder;
  input.autocomplete = 'off';
  input.spellcheck = false;
  const node = el('label', 'jp-carbon-field', el('span', 'jp-carbon-sub', label), input);
  return { node, input };
}

/** Makes a labelled checkbox. */
export function checkbox(label: string): Field {
  const input = el('input');
  input.type = 'checkbox';
  return { node: el('label', 'jp-carbon-check', input, el('span', '', label)), input };
}

/** A form that opens inside a part and closes when it has taken effect. */
export interface InlineForm {
  readonly node: HTMLElement;
  /** Where answers are shown; outside of the form, so that they outlive it. */
  readonly answer: HTMLElement;
  /** Opens, or closes, from this button, which gets the focus back. */
  toggle(opener: HTMLElement): void;
  close(): void;
}

/** What a form holds and does. */
export interface InlineFormOptions {
  readonly submit: string;
  readonly content: readonly HTMLElement[];
  readonly first: HTMLInputElement;
  /** Sends; whether it took effect. */
  onSubmit(answer: HTMLElement): Promise<boolean>;
}

/** Makes a form: Enter sends, Escape closes. */
export function inlineForm(host: Host, options: InlineFormOptions): InlineForm {
  const { trans } = host;
  const answer = answerLine();
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
    const taken = await options.onSubmit(answer);
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
    answer,
    close,
    toggle: from => {
      if (!node.hidden) {
        close();
        return;
      }
      opener = from;
      setAttribute(from, 'aria-expanded', 'true');
      say(answer, '', 'done');
      setShown(node, true);
      node.scrollIntoView({ block: 'nearest' });
      options.first.focus({ preventScroll: true });
      options.first.select();
    }
  };
}
