import { describe, expect, it } from 'vitest';

import { cell, shown, tick } from './messages';
import {
  buttonSaying,
  drawn,
  find,
  isShown,
  jumps,
  live,
  model,
  text,
  view,
  usePanel
} from './panels';

usePanel();

function names(): string[] {
  return Array.from(
    view.node.querySelectorAll('.jp-carbon-rows tbody .jp-carbon-run'),
    each => each.textContent
  );
}

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
