/** Small helpers over the DOM: text is only ever set as text. */

export type Child = Node | string | null;

/** Makes an element; strings among the children become text. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = '',
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  if (className !== '') {
    node.className = className;
  }
  for (const child of children) {
    if (child !== null) {
      node.append(child);
    }
  }
  return node;
}

/** Makes an element with a role, for rows and cells of what is a table in all but its tags. */
export function roled(
  role: string,
  className: string,
  ...children: Child[]
): HTMLElement {
  const node = el('div', className, ...children);
  node.setAttribute('role', role);
  return node;
}

/** Makes a button that does not send a form. */
export function button(
  text: string,
  className: string,
  onClick: (event: MouseEvent) => void
): HTMLButtonElement {
  const node = el('button', className, text);
  node.type = 'button';
  node.addEventListener('click', onClick);
  return node;
}

/** Sets an element's text; touches nothing if it is the same. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

/** Shows or hides an element. */
export function setShown(node: HTMLElement, shown: boolean): void {
  if (node.hidden === shown) {
    node.hidden = !shown;
  }
}

/** Sets an attribute, or takes it away with null; touches nothing if it is the same. */
export function setAttribute(node: Element, name: string, value: string | null): void {
  if (node.getAttribute(name) === value) {
    return;
  }
  if (value === null) {
    node.removeAttribute(name);
  } else {
    node.setAttribute(name, value);
  }
}

/** Sets a variable or property of an element's style; touches nothing if it is the same. */
export function setStyle(
  node: HTMLElement | SVGElement,
  name: string,
  value: string
): void {
  if (node.style.getPropertyValue(name) !== value) {
    node.style.setProperty(name, value);
  }
}

/** Makes a parent's children these, in this order; moves none that is in its place. */
export function setChildren(parent: Element, children: readonly Element[]): void {
  children.forEach((child, at) => {
    const there = parent.children[at] ?? null;
    if (there !== child) {
      parent.insertBefore(child, there);
    }
  });
  while (parent.children.length > children.length) {
    parent.lastElementChild?.remove();
  }
}

/** A part of the panel: its heading, a place beside that, and its content. */
export interface Section {
  readonly node: HTMLElement;
  readonly side: HTMLElement;
  readonly body: HTMLElement;
}

/** Makes a labelled region with a heading. */
export function section(title: string, name: string): Section {
  const side = el('span', 'jp-carbon-side');
  const body = el('div', 'jp-carbon-body');
  const node = el(
    'section',
    `jp-carbon-section jp-carbon-${name}`,
    el('div', 'jp-carbon-head', el('h3', 'jp-carbon-title', title), side),
    body
  );
  node.setAttribute('aria-label', title);
  return { node, side, body };
}

/** A choice of one among few, as buttons in a row. */
export interface Choice<T extends string> {
  readonly node: HTMLElement;
  set(value: T): void;
}

/** Makes a choice of one among few. */
export function choice<T extends string>(
  label: string,
  options: readonly (readonly [T, string])[],
  onChosen: (value: T) => void
): Choice<T> {
  const node = roled('group', 'jp-carbon-choice');
  node.setAttribute('aria-label', label);
  const buttons = options.map(([value, text]) => {
    const each = button(text, '', () => onChosen(value));
    node.append(each);
    return [value, each] as const;
  });
  return {
    node,
    set: chosen => {
      for (const [value, each] of buttons) {
        setAttribute(each, 'aria-pressed', String(value === chosen));
      }
    }
  };
}

/** A place in the layout for what is not there yet; empty, it takes none. */
export function slot(name: string): HTMLElement {
  const node = el('div', 'jp-carbon-slot');
  node.dataset.slot = name;
  return node;
}
