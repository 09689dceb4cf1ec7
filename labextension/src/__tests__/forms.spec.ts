import { describe, expect, it, vi } from 'vitest';

import { tick } from './messages';
import {
  OK,
  buttonSaying,
  drawn,
  find,
  input,
  isShown,
  kernel,
  live,
  model,
  openForm,
  sent,
  settled,
  submit,
  text,
  view,
  usePanel
} from './panels';

usePanel();

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
    kernel.answer = () =>
      Promise.resolve({ ...OK, ok: false, text: '“much” is no energy.' });
    limit.value = ' much ';
    submit('.jp-carbon-budget form');
    await settled();
    expect(sent).toEqual([['budget', { limit: 'much', stop: false }]]);
    expect(text('.jp-carbon-budget [role=alert]')).toBe('“much” is no energy.');
    expect(isShown('.jp-carbon-budget form')).toBe(true);
    kernel.answer = () => Promise.resolve(OK);
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
    kernel.answer = () => new Promise(() => undefined);
    buttonSaying('remove').click();
    expect(text('.jp-carbon-budget .jp-carbon-answer')).toContain(
      'when the running cell ends'
    );
    expect(isShown('.jp-carbon-budget .jp-carbon-answer')).toBe(true);
  });

  it('says so where the kernel could not be reached', async () => {
    await live({ budgets: [budget] });
    kernel.answer = () => Promise.reject(new Error('The link is down.'));
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
    kernel.answer = () =>
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
    kernel.answer = () => Promise.resolve({ ...OK, places });
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
