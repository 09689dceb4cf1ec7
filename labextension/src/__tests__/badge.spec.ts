import './stand-ins';

import { describe, expect, it, vi } from 'vitest';

import { badge, figuresOf } from '../view/badge';
import { ENGLISH } from '../view/host';
import { cell, shown } from './messages';

function made(open = () => undefined): ReturnType<typeof badge> {
  return badge(ENGLISH, open);
}

const bar = (node: HTMLElement): HTMLElement =>
  node.querySelector<HTMLElement>('.jp-carbon-badge-bar')!;
const label = (node: HTMLElement): string | null =>
  node.querySelector('button')!.getAttribute('aria-label');
/** What is there to be read. */
const text = (node: HTMLElement): string =>
  [...node.querySelectorAll<HTMLElement>('button > span')]
    .filter(span => !span.hidden && span.textContent !== '')
    .map(span => span.textContent)
    .join(' | ');

describe('badge', () => {
  it('says duration, energy and CO2e in the words of the kernel', () => {
    const shows = made();
    shows.set(
      figuresOf(
        cell(1, {
          duration: '38 s',
          energy_j: { ...shown(3240), number: '0.9', unit: 'Wh' },
          co2e_g: { ...shown(0.3), unit: 'g CO2e' }
        })
      )
    );
    expect(text(shows.node)).toBe('38 s | 0.9 Wh | 0.3 g CO₂e');
    expect(label(shows.node)).toBe(
      'The last run of this cell took 38 s: 0.9 Wh, 0.3 g CO₂e'
    );
  });

  it('draws the bar against the largest cell, and anew when that is larger', () => {
    const shows = made();
    shows.setLargest(100);
    shows.set(figuresOf(cell(1, { energy_j: shown(50) })));
    expect(bar(shows.node).style.getPropertyValue('--jp-carbon-share')).toBe('50%');
    shows.setLargest(200);
    expect(bar(shows.node).style.getPropertyValue('--jp-carbon-share')).toBe('25%');
  });

  it('draws no bar, and no gas, of a figure that is only known to be small', () => {
    const shows = made();
    shows.setLargest(100);
    shows.set(figuresOf(cell(1, { energy_j: { ...shown(5), number: '< 0.02' } })));
    expect(bar(shows.node).hidden).toBe(true);
    expect(text(shows.node)).toMatch(/\| < 0\.02 Wh$/);
  });

  it('says that nothing was measured, and never 0', () => {
    const shows = made();
    shows.set(figuresOf(cell(1, { energy_j: shown(null), co2e_g: shown(null) })));
    expect(text(shows.node)).toMatch(/\| not measured$/);
    expect(bar(shows.node).hidden).toBe(true);
    expect(label(shows.node)).not.toMatch(/\b0\b/);
  });

  it.each([
    ['running', /^This cell runs: so far/, ''],
    ['error', /^This cell ended in an error after/, 'error'],
    ['interrupted', /^This cell was interrupted after/, 'interrupted']
  ] as const)('tells a cell that is %s by its words', (status, sentence, word) => {
    const shows = made();
    shows.set(figuresOf(cell(1, { status })));
    expect(label(shows.node)).toMatch(sentence);
    expect(shows.node.querySelector('.jp-carbon-badge-status')!.textContent).toBe(word);
  });

  it('shows hostile words as text', () => {
    const shows = made();
    const words = '<img src=x onerror=alert(1)>';
    shows.set(figuresOf(cell(1, { label: words, duration: words, provenance: words })));
    expect(shows.node.querySelector('img')).toBeNull();
    expect(shows.node.textContent).toContain(words);
  });

  it('opens the panel, but not for figures of an earlier session', () => {
    const open = vi.fn();
    const shows = made(open);
    const figures = figuresOf(cell(1));
    shows.set({ ...figures, status: 'kept' });
    shows.node.querySelector('button')!.click();
    expect(open).not.toHaveBeenCalled();
    expect(text(shows.node)).toMatch(/^earlier session \|/);
    shows.set(figures);
    shows.node.querySelector('button')!.click();
    expect(open).toHaveBeenCalledOnce();
  });
});
