import { describe, expect, it } from 'vitest';

import type { LinkStatus } from '../model';
import { snapshot, tick } from './messages';
import {
  buttonSaying,
  drawn,
  find,
  input,
  isShown,
  live,
  loads,
  model,
  sent,
  settled,
  text,
  view,
  usePanel
} from './panels';

usePanel();

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
