import './stand-ins';

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { cell, columns, NOW, power, shown, snapshot } from './messages';

const { default: widget } = await import('../widget');
const { default: stub } = await import('../stub');

/** The widget's model as a front end has it, without a front end. */
class StandInModel {
  constructor(public state: Record<string, unknown>) {}

  readonly listeners = new Map<string, Set<() => void>>();
  widget_manager = {
    get_model: (id: string): Promise<StandInModel> => {
      this.asked.push(id);
      return Promise.resolve(new StandInModel({ _esm: CODE }));
    }
  };
  readonly asked: string[] = [];

  get(name: string): unknown {
    return this.state[name];
  }

  on(name: string, callback: () => void): void {
    const found = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, found.add(callback));
  }

  off(name: string, callback: () => void): void {
    this.listeners.get(name)?.delete(callback);
  }

  /** The kernel sends these. */
  update(state: Record<string, unknown>): void {
    Object.assign(this.state, state);
    for (const name of Object.keys(state)) {
      this.listeners.get(`change:${name}`)?.forEach(callback => callback());
    }
  }

  get heardBy(): number {
    return [...this.listeners.values()].reduce((sum, each) => sum + each.size, 0);
  }
}

const CODE = `export default {
  render({ model, el }) {
    el.textContent = 'drawn ' + model.get('text');
    return () => { el.textContent = ''; };
  }
}`;

function running(more: Record<string, unknown> = {}): StandInModel {
  return new StandInModel({
    _of: 4,
    _snapshot: snapshot({
      cells: [cell(4, { label: 'bert', status: 'running', ended_ms: null })]
    }),
    _course: columns(NOW - 3000, { gpu: [250, 255, 260], cpu: [40, 41, 40] }),
    text: 'bert · 4 Wh',
    ...more
  });
}

async function drawn(): Promise<void> {
  for (let nth = 0; nth < 3; nth++) {
    await new Promise(resolve => requestAnimationFrame(resolve));
  }
}

let el: HTMLElement;

beforeEach(() => {
  el = document.createElement('div');
  document.body.append(el);
});

afterEach(() => {
  el.remove();
  vi.restoreAllMocks();
});

describe('the widget', () => {
  it('shows its cell, follows it, and leaves nothing behind', async () => {
    const model = running();
    const end = widget.render({ model, el });
    await drawn();
    expect(el.textContent).toContain('bert');
    expect(el.textContent).toContain('running');
    model.update({
      _snapshot: snapshot({
        seq: 2,
        now: { total: power(77), sources: {} },
        cells: [cell(4, { label: 'bert', energy_j: shown(9), mean_w: '85 W' })]
      })
    });
    await drawn();
    expect(el.textContent).toContain('9');
    expect(el.textContent).toContain('85');
    expect(el.textContent).not.toContain('running');
    end();
    expect(el.childNodes).toHaveLength(0);
    expect(model.heardBy).toBe(0);
  });

  it('shows the session where it is of no cell', async () => {
    const end = widget.render({ model: running({ _of: -1 }), el });
    await drawn();
    expect(el.textContent).toContain('This session');
    expect(el.textContent).toContain('204');
    end();
  });

  it('shows the same in each view, also in one that comes late', async () => {
    const model = running();
    const late = document.createElement('div');
    const ends = [widget.render({ model, el })];
    model.update({
      _snapshot: snapshot({ seq: 7, cells: [cell(4, { label: 'later' })] })
    });
    ends.push(widget.render({ model, el: late }));
    document.body.append(late);
    await drawn();
    expect(el.textContent).toContain('later');
    expect(late.textContent).toBe(el.textContent);
    ends.forEach(end => end());
    late.remove();
  });

  it('shows the line where it cannot read the figures', async () => {
    const model = running({ _snapshot: { ...snapshot(), v: 2 } });
    const end = widget.render({ model, el });
    await drawn();
    expect(el.lastElementChild?.textContent).toBe('bert · 4 Wh');
    expect(el.querySelector<HTMLElement>('.jp-carbon-card')?.hidden).toBe(true);
    model.update({ _snapshot: snapshot({ cells: [cell(4, { label: 'bert' })] }) });
    await drawn();
    expect(el.querySelector<HTMLElement>('.jp-carbon-card')?.hidden).toBe(false);
    expect(el.lastElementChild?.textContent).toBe('');
    end();
  });

  it('shows hostile words as text', async () => {
    const evil = '<img src=x onerror="window.evil = 1">';
    const model = running({
      _snapshot: snapshot({ cells: [cell(4, { label: evil })] })
    });
    const end = widget.render({ model, el });
    await drawn();
    expect(el.textContent).toContain(evil);
    expect(el.querySelector('img')).toBeNull();
    end();
  });
});

describe('the stub', () => {
  beforeEach(() => {
    vi.stubGlobal('URL', {
      createObjectURL: () => `data:text/javascript,${encodeURIComponent(CODE)}`,
      revokeObjectURL: () => undefined
    });
  });

  afterEach(() => vi.unstubAllGlobals());

  it('takes the code once a page', async () => {
    const models = [1, 2, 3].map(() =>
      running({ _library: 'IPY_MODEL_lib', _digest: 'one' })
    );
    for (const model of models) {
      const end = await stub.render({ model, el });
      expect(el.textContent).toBe('drawn bert · 4 Wh');
      end();
      expect(el.textContent).toBe('');
    }
    expect(models.map(model => model.asked)).toEqual([['lib'], [], []]);
    const other = running({ _library: 'lib2', _digest: 'two' });
    await stub.render({ model: other, el });
    expect(other.asked).toEqual(['lib2']);
  });

  it('follows the text where there is no code, and asks again later', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue(undefined);
    const model = running({ _library: 'gone', _digest: 'three' });
    const asked = model.widget_manager;
    model.widget_manager = { get_model: () => Promise.reject(new Error('not found')) };
    const end = await stub.render({ model, el });
    expect(el.textContent).toBe('bert · 4 Wh');
    expect(warn).toHaveBeenCalledOnce();
    model.update({ text: 'bert · 5 Wh' });
    expect(el.textContent).toBe('bert · 5 Wh');
    end();
    expect(model.heardBy).toBe(0);
    model.widget_manager = asked;
    await stub.render({ model, el });
    expect(el.textContent).toBe('drawn bert · 5 Wh');
  });
});
