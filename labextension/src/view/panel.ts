import type { Host, PanelView } from './host';

/** The sidebar's content: all parts, and the states in which there is nothing to show. */
export function panelView(host: Host): PanelView {
  const node = document.createElement('div');
  node.className = 'jp-carbon jp-carbon-panel';
  void host;
  return { node, show: () => {}, hide: () => {}, dispose: () => {}, reveal: () => {} };
}
