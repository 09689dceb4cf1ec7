import { describe, expect, it } from 'vitest';

import { power, shown, snapshot, source, tick } from './messages';
import {
  buttonSaying,
  drawn,
  find,
  isShown,
  live,
  model,
  sent,
  text,
  view,
  usePanel
} from './panels';

usePanel();

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

  it('say what of them earlier kernels ran, and offer to go on with an earlier session', async () => {
    const { session } = snapshot();
    await live({ session: { ...session, resumable: '1.2 Wh in 3 min' } });
    expect(text('.jp-carbon-offer')).toBe(
      'Earlier session: 1.2 Wh in 3 min. go on with it'
    );
    buttonSaying('go on with it').click();
    expect(sent).toEqual([['resume_session', {}]]);
    model.receive(
      tick(2, { session: { ...session, resumable: null, earlier: '1.2 Wh in 3 min' } })
    );
    await drawn();
    expect(isShown('.jp-carbon-offer')).toBe(false);
    expect(text('.jp-carbon-session')).toContain('Before: 1.2 Wh in 3 min');
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
