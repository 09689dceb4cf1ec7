import type { CardHost, CardOf, View } from './host';

/** The inline card: the figures of one run of a cell, or of the session. */
export function cardView(host: CardHost, of: CardOf): View {
  const node = document.createElement('div');
  node.className = 'jp-carbon jp-carbon-card';
  void host;
  void of;
  return { node, show: () => {}, hide: () => {}, dispose: () => {} };
}
