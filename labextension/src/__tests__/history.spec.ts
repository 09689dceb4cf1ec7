import { describe, expect, it } from 'vitest';

import type { History, Reply } from '../protocol';
import { shown, snapshot } from './messages';
import {
  OK,
  buttonSaying,
  find,
  isShown,
  kernel,
  live,
  sent,
  settled,
  text,
  usePanel,
  view
} from './panels';

usePanel();

const HOSTILE = '<img src=x onerror=alert(1)>';
const history: History = {
  total: { energy_j: shown(204), co2e_g: shown(67, 'g CO2e') },
  sessions: 3,
  days: [
    { day: '2026-11-28', energy_j: shown(50), co2e_g: shown(17, 'g CO2e') },
    { day: '2026-11-29', energy_j: null, co2e_g: null },
    { day: '2026-11-30', energy_j: shown(100), co2e_g: shown(33, 'g CO2e') }
  ],
  notebooks: [
    { name: 'work/train.ipynb', energy_j: shown(150), co2e_g: shown(50, 'g CO2e') },
    { name: HOSTILE, energy_j: shown(50), co2e_g: shown(null) },
    { name: null, energy_j: shown(4), co2e_g: shown(1, 'g CO2e') }
  ],
  note: 'Two kernels ran at once.'
};

async function opened(answer: () => Promise<Reply>): Promise<void> {
  await live({ meter: { ...snapshot().meter, history: true } });
  kernel.answer = answer;
  buttonSaying('show').click();
  await import('../view/history');
  await settled();
  await settled();
}

describe('the history', () => {
  it('is not there where there is no ledger', async () => {
    await live();
    expect(isShown('.jp-carbon-history')).toBe(false);
  });

  it('is looked up when it is opened, and put away', async () => {
    await opened(() => Promise.resolve({ ...OK, history }));
    expect(sent).toEqual([['history', { days: 30 }]]);
    expect(text('.jp-carbon-history .jp-carbon-two')).toBe('204 Wh ± 5 %67 g CO₂e ± 5 %');
    expect(text('.jp-carbon-history')).toContain('3 sessions in the last 3 days');
    expect(text('.jp-carbon-history')).toContain(history.note);
    const bars = Array.from(view.node.querySelectorAll<HTMLElement>('.jp-carbon-day'));
    expect(bars.map(bar => bar.style.getPropertyValue('--jp-carbon-share'))).toEqual([
      '50%',
      '0%',
      '100%'
    ]);
    expect(bars[1]?.title).toContain('nothing was recorded');
    expect(bars[2]?.title).toContain('100 Wh, 33 g CO₂e');
    const label = find('.jp-carbon-days').getAttribute('aria-label');
    expect(label).toContain('on 2 days');
    expect(label).toContain('100 Wh');
    const rows = Array.from(view.node.querySelectorAll('.jp-carbon-notebooks tr'));
    expect(rows.map(row => row.textContent)).toEqual([
      'train.ipynb150 Wh50 g CO₂e',
      `${HOSTILE}50 Wh`,
      'not known which4 Wh1 g CO₂e'
    ]);
    expect(view.node.querySelector('img')).toBeNull();
    buttonSaying('hide').click();
    expect(view.node.querySelector('.jp-carbon-days')).toBeNull();
  });

  it('says why there is none', async () => {
    await opened(() =>
      Promise.resolve({ ...OK, ok: false, text: 'The ledger is damaged.' })
    );
    expect(text('.jp-carbon-history [role=alert]')).toBe('The ledger is damaged.');
    kernel.answer = () => Promise.reject(new Error('The link is down.'));
    buttonSaying('look again').click();
    await settled();
    expect(text('.jp-carbon-history [role=alert]')).toBe('The link is down.');
  });
});
