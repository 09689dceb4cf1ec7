import { describe, expect, it, vi } from 'vitest';

import type { Snapshot } from '../protocol';
import { ENGLISH } from '../view/host';
import { power, snapshot, tick } from './messages';
import { drawn, find, host, live, model, text, view, usePanel } from './panels';

const { panelView } = await import('../view/panel');
const { cardView } = await import('../view/card');

usePanel();

describe('hostile words', () => {
  const evil =
    '<img src=x onerror="window.owned=true"><script>window.owned=true</script>';

  function infested(): Snapshot {
    const plain = snapshot();
    return JSON.parse(
      JSON.stringify(plain, (key, value: unknown) =>
        typeof value === 'string' &&
        ![
          'v',
          'kind',
          'id',
          'mark',
          'provenance',
          'status',
          'scope',
          'co2e_unit'
        ].includes(key)
          ? evil
          : value
      )
    ) as Snapshot;
  }

  it('stay text, wherever they stand', async () => {
    const message = infested();
    message.sources.forEach(each => (each.note = evil));
    message.not_measured = [{ name: evil, kind: evil, reason: evil, remedy: evil }];
    message.cells.forEach(each => (each.label = evil));
    message.notes = [evil];
    message.budgets = [
      {
        scope: 'session',
        cell_key: null,
        measure: 'energy',
        limit: evil,
        used: evil,
        fraction: 0.5,
        level: 'within',
        stops: false
      }
    ];
    expect(model.receive(message)).toBe('taken');
    model.setStatus({ kind: 'live' });
    model.receive({ v: 1, kind: 'notice', seq: 2, id: 'x', level: 'info', text: evil });
    const card = cardView({ model, trans: ENGLISH }, { kind: 'cell', key: 1 });
    document.body.append(card.node);
    card.show();
    await drawn();
    expect(document.querySelectorAll('img, script, b[onerror]')).toHaveLength(0);
    expect(view.node.textContent).toContain(evil);
    expect(card.node.textContent).toContain(evil);
    expect('owned' in window).toBe(false);
    model.setStatus({ kind: 'load-failed', reason: evil });
    await drawn();
    expect(text('.jp-carbon-statetext')).toBe(evil);
    card.dispose();
  });
});

describe('cost', () => {
  it('draws once a frame, whatever comes', async () => {
    await live();
    const node = find('.jp-carbon-now .jp-carbon-number');
    let writes = 0;
    const observer = new MutationObserver(records => (writes += records.length));
    observer.observe(node, { childList: true, characterData: true, subtree: true });
    for (let seq = 2; seq < 40; seq++) {
      model.receive(tick(seq, { now: { total: power(seq), sources: {} } }));
    }
    await drawn();
    expect(node.textContent).toBe('39');
    expect(writes).toBe(1);
    observer.disconnect();
  });

  it('is none while hidden: no frame, no listener', async () => {
    await live();
    view.hide();
    const frames = vi.spyOn(window, 'requestAnimationFrame');
    model.receive(tick(2, { now: { total: power(5), sources: {} } }));
    model.setStatus({ kind: 'dead' });
    expect(frames).not.toHaveBeenCalled();
    frames.mockRestore();
    expect(text('.jp-carbon-now .jp-carbon-big')).toBe('300 W');
    model.setStatus({ kind: 'live' });
    view.show();
    await drawn();
    expect(text('.jp-carbon-now .jp-carbon-big')).toBe('5 W');
  });

  it('ends when it is disposed: no slot and no observer is left', async () => {
    const media = window.matchMedia('(x)');
    const watched = vi.spyOn(window, 'matchMedia').mockReturnValue(media);
    const added = vi.spyOn(media, 'addEventListener');
    const observers = vi.spyOn(MutationObserver.prototype, 'disconnect');
    const other = panelView(host());
    document.body.append(other.node);
    other.show();
    await live();
    const signals = added.mock.calls.map(([, , options]) =>
      typeof options === 'object' ? options.signal : undefined
    );
    expect(signals.length).toBeGreaterThan(0);
    observers.mockClear();
    other.dispose();
    expect(signals.every(signal => signal?.aborted)).toBe(true);
    expect(observers).toHaveBeenCalled();
    watched.mockRestore();
    observers.mockRestore();
    view.dispose();
    const frames = vi.spyOn(window, 'requestAnimationFrame');
    model.receive(tick(2, { now: { total: power(5), sources: {} } }));
    model.receive({ v: 1, kind: 'notice', seq: 3, id: 'x', level: 'info', text: 'x' });
    expect(frames).not.toHaveBeenCalled();
    expect(other.node.isConnected).toBe(false);
    expect(other.node.querySelector('.jp-carbon-notice')).toBeNull();
    frames.mockRestore();
  });
});
