import './stand-ins';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { MeterModel, type LinkStatus } from '../model';
import type { Reply, Snapshot } from '../protocol';
import type { Host, PanelView, View } from '../view/host';
import { ENGLISH } from '../view/host';
import { cell, columns, NOW, power, shown, snapshot, source, tick } from './messages';

const { panelView } = await import('../view/panel');
const { cardView } = await import('../view/card');

const OK: Reply = { v: 1, kind: 'reply', seq: 9, id: 'x', ok: true, text: '' };

let model: MeterModel;
let view: PanelView;
const sent: [string, unknown][] = [];
const jumps: string[] = [];
const loads: boolean[] = [];
let answer: (name: string) => Promise<Reply>;

function host(): Host {
  return {
    model,
    trans: ENGLISH,
    settings: { alwaysLoad: false },
    command: (name, args) => {
      sent.push([name, args]);
      return answer(name);
    },
    load: always => {
      loads.push(always);
      return Promise.resolve();
    },
    jump: id => {
      jumps.push(id);
    },
    openTimeline: () => undefined
  };
}

/** Waits for the drawing of what has changed, parts of parts included. */
async function drawn(): Promise<void> {
  for (let nth = 0; nth < 3; nth++) {
    await new Promise(resolve => requestAnimationFrame(resolve));
  }
}

/** Waits for answers, and then for the drawing. */
async function settled(): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, 0));
  await drawn();
}

function find(selector: string): HTMLElement {
  const found = view.node.querySelector<HTMLElement>(selector);
  if (found === null) {
    throw new Error(`There is no ${selector}`);
  }
  return found;
}

function input(selector: string): HTMLInputElement {
  const found = find(selector);
  if (!(found instanceof HTMLInputElement)) {
    throw new Error(`${selector} is no input`);
  }
  return found;
}

/** Sends a form as Enter in one of its inputs does. */
function submit(selector: string): void {
  const form = find(selector);
  if (form instanceof HTMLFormElement) {
    form.requestSubmit();
  }
}

function text(selector: string): string {
  return find(selector).textContent.replace(/\s+/g, ' ').trim();
}

function buttonSaying(words: string): HTMLButtonElement {
  const found = Array.from(view.node.querySelectorAll('button')).find(
    each => each.textContent === words && each.closest('[hidden]') === null
  );
  if (found === undefined) {
    throw new Error(`No button says ${words}`);
  }
  return found;
}

function isShown(selector: string): boolean {
  return find(selector).closest('[hidden]') === null;
}

/** Opens a part's form, which is loaded when it is first asked for. */
async function openForm(words: string, part: string): Promise<void> {
  buttonSaying(words).click();
  await vi.waitFor(() => expect(isShown(`.jp-carbon-${part} form`)).toBe(true));
}

async function live(more: Partial<Snapshot> = {}): Promise<void> {
  model.setStatus({ kind: 'live' });
  expect(model.receive(snapshot(more))).toBe('taken');
  await drawn();
}

function names(): string[] {
  return Array.from(
    view.node.querySelectorAll('.jp-carbon-rows tbody .jp-carbon-run'),
    each => each.textContent
  );
}

beforeEach(() => {
  sent.length = jumps.length = loads.length = 0;
  answer = () => Promise.resolve(OK);
  model = new MeterModel();
  view = panelView(host());
  document.body.append(view.node);
  view.show();
});

afterEach(() => {
  view.dispose();
  model.dispose();
  document.body.replaceChildren();
});

describe('the figures', () => {
  it('are shown in the words of the kernel', async () => {
    await live();
    expect(text('.jp-carbon-now .jp-carbon-big')).toBe('300 W');
    expect(text('.jp-carbon-session .jp-carbon-two')).toContain('204 Wh ± 5 %');
    expect(text('.jp-carbon-session .jp-carbon-two')).toContain('67 g CO₂e');
    expect(text('.jp-carbon-session')).toContain('81 % in cells · 19 % between cells');
    expect(text('.jp-carbon-where')).toBe('train.ipynb · 1 min');
    expect(text('.jp-carbon-grid')).toContain('Germany · 330 g/kWh 2025 average');
    expect(text('.jp-carbon-grid')).toContain('PUE 1.0 · lifecycle · source: Ember');
    expect(text('.jp-carbon-rest')).toBe('between cells39 Wh13 g');
  });

  it('follow ticks', async () => {
    await live();
    model.receive(tick(2, { now: { total: power(7), sources: { cpu: power(7) } } }));
    await drawn();
    expect(text('.jp-carbon-now .jp-carbon-big')).toBe('7 W');
    expect(text('.jp-carbon-device:nth-child(1)')).toBe('The gpu–measured');
    expect(text('.jp-carbon-device:nth-child(2)')).toBe('The cpu7 Wmeasured');
  });

  it('are called not measured where they are not', async () => {
    await live({
      now: { total: power(null), sources: {} },
      session: {
        ...snapshot().session,
        energy_j: shown(null),
        co2e_g: shown(null),
        between_cells_j: shown(null),
        between_cells_g: shown(null),
        in_cells_share: null
      }
    });
    expect(text('.jp-carbon-now .jp-carbon-big')).toBe('not measured');
    expect(text('.jp-carbon-session .jp-carbon-two')).toContain('not measured');
    expect(text('.jp-carbon-session')).not.toContain('%');
    expect(text('.jp-carbon-rest')).toBe('between cellsnot measured');
    expect(view.node.textContent).not.toMatch(/\b0 (W|Wh|g)\b/);
  });

  it('say of shares that are nearly none or all that they are not quite', async () => {
    await live({ session: { ...snapshot().session, in_cells_share: 0.001 } });
    expect(text('.jp-carbon-session')).toContain('< 1 % in cells · > 99 % between cells');
  });

  it('bear marks in words, and explain estimates when asked', async () => {
    const note = 'Assumed from the size.';
    await live({
      sources: [
        source('dram', 'memory', { mark: 'estimated', provenance: 'assumed', note })
      ],
      now: {
        total: { ...power(7), mark: 'estimated' },
        sources: { dram: { ...power(7), mark: 'estimated' } }
      }
    });
    expect(text('.jp-carbon-lead .jp-carbon-tag')).toBe('estimated');
    const ask = find('.jp-carbon-device .jp-carbon-ask');
    expect(ask.getAttribute('aria-expanded')).toBe('false');
    expect(isShown('.jp-carbon-why')).toBe(false);
    ask.click();
    expect(ask.getAttribute('aria-expanded')).toBe('true');
    expect(text('.jp-carbon-why')).toBe(note);
  });

  it('say what is wrong with a lost device, and why there is no GPU', async () => {
    const lost = { state: 'lost', message: 'It fell off the bus.', remedy: 'Wait.' };
    await live({ sources: [source('gpu', 'gpu', lost), source('cpu', 'cpu')] });
    expect(text('.jp-carbon-troubled')).toContain('lost');
    expect(text('.jp-carbon-troubled')).toContain('It fell off the bus. Wait.');
    const missed = {
      name: 'GPU',
      kind: 'gpu',
      reason: 'No driver.',
      remedy: 'Install it.'
    };
    model.receive(tick(2, { sources: [source('cpu', 'cpu')], not_measured: [missed] }));
    await drawn();
    expect(view.node.querySelector('.jp-carbon-troubled')).toBeNull();
    expect(text('.jp-carbon-missing')).toBe('GPUnot measuredNo driver. Install it.');
    model.receive(tick(3, { not_measured: [] }));
    await drawn();
    expect(text('.jp-carbon-now')).toContain('No GPU was found');
  });

  it('are said for who does not see the chart', async () => {
    await live();
    const label = find('.jp-carbon-power .jp-carbon-plot').getAttribute('aria-label');
    expect(label).toContain('The gpu: 250 W to 260 W');
    expect(label).toContain('The cpu: 40 W to 41 W');
    expect(text('[aria-live="polite"].jp-carbon-hidden')).toBe(
      'Now 300 W; this session 204 Wh, 67 g CO₂e'
    );
  });
});

describe('the cells', () => {
  it('lie by energy, those that run first', async () => {
    const running = cell(4, { status: 'running', ended_ms: null, energy_j: shown(0) });
    await live({ cells: [cell(1), cell(2), cell(3), running] });
    expect(names()).toEqual(['[*]', '[3]', '[2]', '[1]']);
    model.receive(tick(2, { cells: [cell(1, { energy_j: shown(99) })] }));
    await drawn();
    expect(names()).toEqual(['[*]', '[1]', '[3]', '[2]']);
  });

  it('lie in the order of their runs when asked', async () => {
    await live({ cells: [cell(1, { energy_j: shown(9) }), cell(2)] });
    buttonSaying('latest').click();
    await drawn();
    expect(names()).toEqual(['[2]', '[1]']);
    expect(buttonSaying('latest').getAttribute('aria-pressed')).toBe('true');
    expect(buttonSaying('by energy').getAttribute('aria-pressed')).toBe('false');
  });

  it('take one to the notebook', async () => {
    await live();
    const first = find('.jp-carbon-rows tbody button');
    expect(first.getAttribute('aria-label')).toBe('Go to [3] step(3)');
    first.click();
    expect(jumps).toEqual(['id-3']);
  });

  it('offer no way to a cell that has no id', async () => {
    await live({ cells: [cell(1, { id: '' })] });
    expect(isShown('.jp-carbon-rows tbody button')).toBe(false);
    expect(text('.jp-carbon-rows tbody .jp-carbon-what span.jp-carbon-jump')).toBe(
      'step(1)'
    );
  });

  it('are few rows at first, however many there are', async () => {
    const cells = Array.from({ length: 2000 }, (_, nth) => cell(nth + 1));
    await live({ cells, cells_left_out: 5 });
    expect(names()).toHaveLength(8);
    expect(text('.jp-carbon-cells')).toContain(
      '5 older runs are in the session’s figures'
    );
    buttonSaying('show 50 of 1992 more').click();
    await drawn();
    expect(names()).toHaveLength(58);
    buttonSaying('show fewer').click();
    await drawn();
    expect(names()).toHaveLength(8);
  });

  it('are revealed from the notebook, with the focus on the row', async () => {
    await live({ cells: Array.from({ length: 30 }, (_, nth) => cell(nth + 1)) });
    view.reveal(2);
    await drawn();
    expect(names()).toContain('[2]');
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Go to [2] step(2)');
  });

  it('keep the focus where rows change places', async () => {
    await live();
    const last = Array.from(
      view.node.querySelectorAll<HTMLButtonElement>(
        '.jp-carbon-rows tbody button.jp-carbon-jump'
      )
    ).pop();
    last?.focus();
    model.receive(tick(2, { cells: [cell(1, { energy_j: shown(99) })] }));
    await drawn();
    expect(names()[0]).toBe('[1]');
    expect(document.activeElement).toBe(last);
  });

  it('say how a run ended', async () => {
    await live({
      cells: [cell(1, { status: 'error' }), cell(2, { status: 'interrupted' })]
    });
    const rows = Array.from(view.node.querySelectorAll('.jp-carbon-rows tbody tr'));
    expect(rows.map(row => row.querySelector('.jp-carbon-status')?.textContent)).toEqual([
      'interrupted',
      'error'
    ]);
  });
});

describe('the states', () => {
  const states: [LinkStatus, string][] = [
    [{ kind: 'no-notebook' }, 'No notebook is open'],
    [{ kind: 'no-kernel' }, 'No kernel is running'],
    [{ kind: 'foreign', language: 'R' }, 'This kernel speaks R'],
    [{ kind: 'connecting' }, 'Connecting to the meter…'],
    [{ kind: 'not-loaded', busy: false }, 'The meter is not loaded'],
    [{ kind: 'loading' }, 'Loading the meter…'],
    [{ kind: 'load-failed', reason: 'No module.' }, 'The meter could not be loaded'],
    [{ kind: 'restarting' }, 'The kernel restarts…'],
    [{ kind: 'dead' }, 'The kernel is dead'],
    [{ kind: 'mismatch', theirs: '2' }, 'The kernel’s meter is of another version'],
    [{ kind: 'no-comms' }, 'The meter is shown elsewhere']
  ];

  it.each(states)('tell of %o', async (status, title) => {
    model.setStatus(status);
    await drawn();
    expect(text('.jp-carbon-statetitle')).toBe(title);
    expect(isShown('.jp-carbon-main')).toBe(false);
    expect(find('.jp-carbon-state').getAttribute('role')).toMatch(/^(status|alert)$/);
  });

  it('leave nothing over figures where all is well', async () => {
    await live();
    expect(isShown('.jp-carbon-state')).toBe(false);
    expect(isShown('.jp-carbon-main')).toBe(true);
  });

  it('keep the last figures of a dead kernel, and those of none where it is another', async () => {
    await live();
    model.setStatus({ kind: 'dead' });
    await drawn();
    expect(isShown('.jp-carbon-main')).toBe(true);
    expect(find('.jp-carbon-main').classList).toContain('jp-carbon-stale');
    expect(() => buttonSaying('change')).toThrow();
    model.setStatus({ kind: 'foreign', language: 'R' });
    await drawn();
    expect(isShown('.jp-carbon-main')).toBe(false);
  });

  it('load the meter, always if that is wished', async () => {
    model.setStatus({ kind: 'not-loaded', busy: false });
    await drawn();
    buttonSaying('Load the meter').click();
    await settled();
    input('.jp-carbon-state input[type=checkbox]').click();
    buttonSaying('Load the meter').click();
    await settled();
    expect(loads).toEqual([false, true]);
  });

  it('offer to go on where it is paused, and to look where it rests', async () => {
    const { state } = snapshot();
    await live({ state: { ...state, paused: true } });
    expect(text('.jp-carbon-statetitle')).toBe('Paused');
    expect(text('.jp-carbon-now .jp-carbon-big')).toBe('paused');
    buttonSaying('Resume').click();
    model.receive(tick(2, { state: { ...state, resting: true } }));
    await settled();
    expect(text('.jp-carbon-statetitle')).toBe('Resting while the kernel is idle');
    buttonSaying('Look now').click();
    await settled();
    expect(sent).toEqual([
      ['resume', {}],
      ['refresh', {}]
    ]);
  });
});

describe('the budget', () => {
  const budget = {
    scope: 'session' as const,
    cell_key: null,
    measure: 'energy' as const,
    limit: '0.5 kWh',
    used: '420 Wh',
    fraction: 0.84,
    level: 'near' as const,
    stops: true
  };

  it('is told in a bar and in words', async () => {
    await live({ budgets: [budget] });
    expect(text('.jp-carbon-budgeted')).toBe(
      '420 Wh of 0.5 kWh, nearly used up · ends the run84 %'
    );
    expect(find('.jp-carbon-meter').getAttribute('aria-valuenow')).toBe('84');
    model.receive(tick(2, { budgets: [] }));
    await drawn();
    expect(view.node.querySelector('.jp-carbon-budgeted')).toBeNull();
    expect(text('.jp-carbon-budget')).toContain('No budget is set.');
  });

  it('is set by keyboard, and a refusal stays to be read', async () => {
    await live();
    const set = buttonSaying('set');
    set.focus();
    await openForm('set', 'budget');
    const limit = input('.jp-carbon-budget input');
    expect(document.activeElement).toBe(limit);
    answer = () => Promise.resolve({ ...OK, ok: false, text: '“much” is no energy.' });
    limit.value = ' much ';
    submit('.jp-carbon-budget form');
    await settled();
    expect(sent).toEqual([['budget', { limit: 'much', stop: false }]]);
    expect(text('.jp-carbon-budget [role=alert]')).toBe('“much” is no energy.');
    expect(isShown('.jp-carbon-budget form')).toBe(true);
    answer = () => Promise.resolve(OK);
    limit.value = '0.5kWh';
    submit('.jp-carbon-budget form');
    await settled();
    expect(isShown('.jp-carbon-budget form')).toBe(false);
    expect(document.activeElement).toBe(set);
  });

  it('is taken away', async () => {
    await live({ budgets: [budget] });
    buttonSaying('remove').click();
    await settled();
    expect(sent).toEqual([['budget', { limit: null }]]);
  });

  it('closes its form on Escape', async () => {
    await live();
    await openForm('set', 'budget');
    find('.jp-carbon-budget input').dispatchEvent(
      new KeyboardEvent('keydown', { key: 'Escape', bubbles: true })
    );
    expect(isShown('.jp-carbon-budget form')).toBe(false);
  });

  it('says that a busy kernel without subshells will take it later', async () => {
    await live({ budgets: [budget] });
    model.setKernel({ busy: true, subshells: false });
    answer = () => new Promise(() => undefined);
    buttonSaying('remove').click();
    expect(text('.jp-carbon-budget .jp-carbon-answer')).toContain(
      'when the running cell ends'
    );
    expect(isShown('.jp-carbon-budget .jp-carbon-answer')).toBe(true);
  });

  it('says so where the kernel could not be reached', async () => {
    await live({ budgets: [budget] });
    answer = () => Promise.reject(new Error('The link is down.'));
    buttonSaying('remove').click();
    await settled();
    expect(text('.jp-carbon-budget [role=alert]')).toBe('The link is down.');
  });
});

describe('the grid', () => {
  async function opened(): Promise<HTMLInputElement> {
    await live();
    await openForm('change', 'grid');
    return input('.jp-carbon-grid input[role=combobox]');
  }

  it('is changed: place and PUE, for the whole session if wished', async () => {
    const place = await opened();
    expect(place.value).toBe('DE');
    place.value = 'PL';
    input('.jp-carbon-grid input[inputmode=decimal]').value = '1,4';
    input('.jp-carbon-grid input[type=checkbox]').click();
    submit('.jp-carbon-grid form');
    await settled();
    expect(sent).toEqual([
      ['region', { place: 'PL', everything: true }],
      ['pue', { pue: 1.4, everything: true }]
    ]);
    expect(isShown('.jp-carbon-grid form')).toBe(false);
  });

  it('shows why a place is refused, and changes nothing', async () => {
    const place = await opened();
    answer = () =>
      Promise.resolve({ ...OK, ok: false, text: 'Nobody knows “Atlantis”.' });
    place.value = 'Atlantis';
    input('.jp-carbon-grid input[inputmode=decimal]').value = '1.4';
    submit('.jp-carbon-grid form');
    await settled();
    expect(text('.jp-carbon-grid [role=alert]')).toBe('Nobody knows “Atlantis”.');
    expect(sent.map(([name]) => name)).toEqual(['region']);
    expect(text('.jp-carbon-grid .jp-carbon-gridline')).toContain('Germany · 330 g/kWh');
  });

  it('sends nothing where nothing is different, nor a PUE that is no number', async () => {
    await opened();
    input('.jp-carbon-grid input[inputmode=decimal]').value = 'high';
    submit('.jp-carbon-grid form');
    await settled();
    expect(text('.jp-carbon-grid [role=alert]')).toBe('“high” is not a number.');
    input('.jp-carbon-grid input[inputmode=decimal]').value = '1.0';
    submit('.jp-carbon-grid form');
    await settled();
    expect(sent).toEqual([]);
  });

  it('suggests places, chosen by arrows and Enter', async () => {
    const place = await opened();
    const places = [
      { code: 'PL', name: 'Poland', intensity: '590 g/kWh' },
      { code: 'PT', name: 'Portugal', intensity: '130 g/kWh' }
    ];
    answer = () => Promise.resolve({ ...OK, places });
    place.value = 'Po';
    place.dispatchEvent(new Event('input'));
    await vi.waitFor(() => expect(place.getAttribute('aria-expanded')).toBe('true'));
    expect(sent).toEqual([['places', { query: 'Po' }]]);
    const press = (key: string): boolean =>
      place.dispatchEvent(
        new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })
      );
    press('ArrowDown');
    press('ArrowDown');
    const active = document.getElementById(
      place.getAttribute('aria-activedescendant') ?? ''
    );
    expect(active?.textContent).toContain('Portugal');
    expect(active?.getAttribute('aria-selected')).toBe('true');
    press('Enter');
    expect(place.value).toBe('PT');
    expect(place.getAttribute('aria-expanded')).toBe('false');
    // Escape closes the list first, and only then the form.
    place.dispatchEvent(new Event('input'));
    await vi.waitFor(() => expect(place.getAttribute('aria-expanded')).toBe('true'));
    press('Escape');
    expect(place.getAttribute('aria-expanded')).toBe('false');
    expect(isShown('.jp-carbon-grid form')).toBe(true);
  });
});

describe('notices', () => {
  function notice(id: string, level: string, words: string): unknown {
    return { v: 1, kind: 'notice', seq: 2, id, level, text: words };
  }

  it('stand as banners until they are put away', async () => {
    await live();
    model.receive(notice('a', 'warning', 'Nearly used up.'));
    model.receive(notice('b', 'info', 'By the way.'));
    model.receive(notice('a', 'error', 'Used up.'));
    const banners = Array.from(view.node.querySelectorAll('.jp-carbon-notice'));
    expect(banners.map(each => each.getAttribute('role'))).toEqual(['alert', 'status']);
    expect(banners[0]?.querySelector('.jp-carbon-noticetext')?.textContent).toBe(
      'Used up.'
    );
    banners[0]?.querySelector('button')?.click();
    expect(view.node.querySelectorAll('.jp-carbon-notice')).toHaveLength(1);
  });

  it('are kept while the panel is hidden, the newest three', async () => {
    await live();
    view.hide();
    for (const id of ['a', 'b', 'c', 'd']) {
      model.receive(notice(id, 'info', id));
    }
    view.show();
    expect(text('.jp-carbon-notices')).toBe('d×c×b×');
  });
});

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

describe('the card', () => {
  async function card(of: Parameters<typeof cardView>[1]): Promise<View> {
    const made = cardView({ model, trans: ENGLISH }, of);
    document.body.append(made.node);
    made.show();
    await drawn();
    return made;
  }

  function words(made: View): string {
    return Array.from(made.node.querySelectorAll('.jp-carbon-captioned'))
      .filter(each => each.closest('[hidden]') === null)
      .map(each => each.textContent.replace(/\s+/g, ' ').trim())
      .join(', ');
  }

  it('waits for figures', async () => {
    const made = await card({ kind: 'cell', key: 1 });
    expect(made.node.querySelector('.jp-carbon-cardbody')?.hasAttribute('hidden')).toBe(
      true
    );
    expect(made.node.textContent).toContain('No figures yet.');
    made.dispose();
  });

  it('shows a running cell with the power now, and then its mean', async () => {
    const running = {
      status: 'running' as const,
      ended_ms: null,
      label: 'bert, 1 epoch'
    };
    await live({ cells: [cell(1, running)] });
    const made = await card({ kind: 'cell', key: 1 });
    expect(made.node.querySelector('.jp-carbon-cardtitle')?.textContent).toBe(
      'bert, 1 epoch'
    );
    expect(words(made)).toBe('energy1 Wh ± 5 %, CO₂e1 g ± 5 %, now300 W');
    model.receive(tick(2, { cells: [cell(1)] }));
    await drawn();
    expect(words(made)).toBe('energy1 Wh ± 5 %, CO₂e1 g ± 5 %, mean power85 W');
    made.dispose();
  });

  it('shows the session, its budget, and the course of its power in words', async () => {
    const recent = columns(NOW - 60_000, { cpu: [40, 41, 42, 43] });
    await live({
      power: { recent },
      budgets: [
        {
          scope: 'session',
          cell_key: null,
          measure: 'energy',
          limit: '0.5 kWh',
          used: '204 Wh',
          fraction: 0.41,
          level: 'within',
          stops: false
        }
      ]
    });
    const made = await card({ kind: 'session' });
    expect(words(made)).toBe(
      'energy204 Wh ± 5 %, CO₂e67 g ± 5 %, now300 W, of budget41 %'
    );
    expect(made.node.textContent).toContain('204 Wh of 0.5 kWh');
    expect(
      made.node.querySelector('.jp-carbon-plot')?.getAttribute('aria-label')
    ).toContain('The cpu: 40 W to 43 W');
    made.dispose();
    expect(made.node.isConnected).toBe(false);
  });
});
