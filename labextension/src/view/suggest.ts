import { el, setAttribute, setShown } from './dom';

/** Something that can be chosen. */
export interface Suggestion {
  /** What is put into the input. */
  readonly value: string;
  readonly name: string;
  /** More about it, shown beside. */
  readonly note: string;
}

/** An input's list of suggestions. */
export interface Suggestions {
  readonly node: HTMLElement;
  close(): void;
}

const WAIT_MS = 150;

/**
 * Gives an input suggestions while one types: arrows choose, Enter takes, Escape closes.
 *
 * A late answer to an earlier question is dropped.
 */
export function suggest(
  input: HTMLInputElement,
  id: string,
  label: string,
  ask: (query: string) => Promise<readonly Suggestion[]>
): Suggestions {
  const node = el('ul', 'jp-carbon-suggestions');
  node.id = id;
  node.setAttribute('role', 'listbox');
  node.setAttribute('aria-label', label);
  node.hidden = true;
  input.setAttribute('role', 'combobox');
  input.setAttribute('aria-autocomplete', 'list');
  input.setAttribute('aria-controls', id);
  input.setAttribute('aria-expanded', 'false');
  let found: readonly Suggestion[] = [];
  let active = -1;
  let turn = 0;
  let timer = 0;

  function close(): void {
    turn += 1;
    window.clearTimeout(timer);
    found = [];
    setShown(node, false);
    setAttribute(input, 'aria-expanded', 'false');
    setAttribute(input, 'aria-activedescendant', null);
  }

  function activate(next: number): void {
    active = next;
    Array.from(node.children).forEach((option, nth) => {
      setAttribute(option, 'aria-selected', String(nth === active));
      if (nth === active) {
        option.scrollIntoView({ block: 'nearest' });
      }
    });
    setAttribute(input, 'aria-activedescendant', active < 0 ? null : `${id}-${active}`);
  }

  function take(nth: number): void {
    const chosen = found[nth];
    if (chosen !== undefined) {
      input.value = chosen.value;
    }
    close();
  }

  function show(suggestions: readonly Suggestion[]): void {
    found = suggestions;
    node.replaceChildren(
      ...found.map((each, nth) => {
        const option = el(
          'li',
          '',
          el('span', 'jp-carbon-name', each.name),
          el('span', 'jp-carbon-sub', each.note)
        );
        option.id = `${id}-${nth}`;
        option.setAttribute('role', 'option');
        // Before the input loses the focus.
        option.addEventListener('mousedown', event => {
          event.preventDefault();
          take(nth);
        });
        return option;
      })
    );
    activate(-1);
    setShown(node, found.length > 0);
    setAttribute(input, 'aria-expanded', String(found.length > 0));
  }

  async function look(): Promise<void> {
    turn += 1;
    const mine = turn;
    const query = input.value.trim();
    const suggestions = query === '' ? [] : await ask(query).catch(() => []);
    if (mine === turn) {
      show(suggestions);
    }
  }

  input.addEventListener('input', () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void look(), WAIT_MS);
  });
  input.addEventListener('blur', close);
  input.addEventListener('keydown', event => {
    if (found.length === 0) {
      return;
    }
    switch (event.key) {
      case 'ArrowDown':
        activate(active + 1 >= found.length ? 0 : active + 1);
        break;
      case 'ArrowUp':
        activate(active <= 0 ? found.length - 1 : active - 1);
        break;
      case 'Enter':
        if (active < 0) {
          return;
        }
        take(active);
        break;
      case 'Escape':
        close();
        break;
      default:
        return;
    }
    event.preventDefault();
  });
  return { node, close };
}
