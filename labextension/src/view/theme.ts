/** The theme's colours, for canvases: they cannot hold CSS variables. */

/** Resolves colours given as CSS, variables and mixes among them. */
export interface Palette {
  /** The element to keep in the page, inside what has the variables. */
  readonly node: HTMLElement;
  /** A colour that a canvas understands. */
  colour(css: string): string;
  /** The family of the theme's font. */
  font(px: number): string;
  /** Forgets what was resolved: the theme has changed. */
  forget(): void;
}

/** Makes a palette. */
export function palette(): Palette {
  const node = document.createElement('span');
  node.className = 'jp-carbon-probe';
  node.setAttribute('aria-hidden', 'true');
  const known = new Map<string, string>();
  let family = '';
  return {
    node,
    colour: css => {
      let found = known.get(css);
      if (found === undefined) {
        node.style.color = css;
        found = getComputedStyle(node).color;
        known.set(css, found);
      }
      return found;
    },
    font: px => {
      family ||= getComputedStyle(node).fontFamily || 'sans-serif';
      return `${px}px ${family}`;
    },
    forget: () => {
      known.clear();
      family = '';
    }
  };
}

const MARKS = ['class', 'style', 'theme', 'data-jp-theme-name', 'data-jp-theme-light'];

/**
 * Calls back when the page's theme may have changed: JupyterLab, VS Code and Colab mark the
 * page's root or body, others follow the system.
 */
export function onTheme(callback: () => void, signal: AbortSignal): void {
  const observer = new MutationObserver(callback);
  for (const node of [document.documentElement, document.body]) {
    observer.observe(node, { attributes: true, attributeFilter: MARKS });
  }
  signal.addEventListener('abort', () => observer.disconnect(), { once: true });
  for (const query of ['(prefers-color-scheme: dark)', '(forced-colors: active)']) {
    window.matchMedia(query).addEventListener('change', callback, { signal });
  }
}
