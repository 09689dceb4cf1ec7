/** What a page has and jsdom has not. Canvases stay blank: charts are seen in a browser. */

class NoObserver {
  observe(): void {
    // Nothing is laid out, so nothing changes its size.
  }
  unobserve(): void {
    // As above.
  }
  disconnect(): void {
    // As above.
  }
}

Object.assign(window, {
  ResizeObserver: NoObserver,
  matchMedia: (query: string) =>
    Object.assign(new EventTarget(), { matches: false, media: query })
});
Element.prototype.scrollIntoView = () => {
  // There is nothing to scroll.
};
