import { el } from './dom';

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
