import { describe, expect, it } from 'vitest';

import { ENGLISH, type View } from '../view/host';
import { cell, columns, NOW, tick } from './messages';
import { drawn, live, model, usePanel } from './panels';

const { cardView } = await import('../view/card');

usePanel();

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
