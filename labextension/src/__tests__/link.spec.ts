import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { ANSWER_MS } from '../comm';
import { MeterLink } from '../link';
import { MeterLinks } from '../links';
import { ENGLISH } from '../view/host';
import { StandInKernel, StandInSession, settled } from './kernels';
import { snapshot, tick } from './messages';

let always = false;
const options = { trans: ENGLISH, alwaysLoad: () => always };

let kernel: StandInKernel;
let session: StandInSession;
let link: MeterLink;

async function opened(prepare: () => void = () => undefined): Promise<void> {
  prepare();
  link = new MeterLink(session.context, options);
  await settled();
}

async function live(): Promise<void> {
  await opened();
  kernel.say(snapshot({ seq: 1 }));
  await settled();
}

/** What the kernel was asked for, who watches left aside. */
function asked(): string[] {
  return kernel.commands.filter(name => name !== 'watch');
}

beforeEach(() => {
  vi.useFakeTimers();
  always = false;
  kernel = new StandInKernel();
  session = new StandInSession(kernel);
});

afterEach(() => {
  link.dispose();
  vi.useRealTimers();
});

describe('a link', () => {
  it('opens a comm, and is live with the first snapshot', async () => {
    await opened();
    expect(kernel.opened).toBe(1);
    expect(kernel.sent[0]).toMatchObject({
      type: 'comm_open',
      content: { target_name: 'jupyter_carbon' },
      data: { v: 1, answers: true }
    });
    expect(link.model.status.kind).toBe('connecting');
    kernel.say(snapshot({ seq: 1 }));
    expect(link.model.status.kind).toBe('live');
  });

  it('says why it has none', async () => {
    await opened(() => (session.kernel = null));
    expect(link.model.status).toEqual({ kind: 'no-kernel' });
    link.dispose();
    session.kernel = kernel;
    await opened(() => (kernel.handleComms = false));
    expect(link.model.status).toEqual({ kind: 'no-comms' });
    link.dispose();
    kernel.handleComms = true;
    await opened(() => (kernel.language = 'R'));
    expect(link.model.status).toEqual({ kind: 'foreign', language: 'R' });
    expect(kernel.opened).toBe(0);
  });

  it('asks again where nothing comes back, and not for ever', async () => {
    await opened();
    await vi.advanceTimersByTimeAsync(ANSWER_MS);
    expect(kernel.opened).toBe(2);
    expect(link.model.status.kind).toBe('connecting');
    await vi.advanceTimersByTimeAsync(60 * ANSWER_MS);
    expect(kernel.opened).toBe(3);
    expect(link.model.status.kind).toBe('not-loaded');
    session.runs('%load_ext jupyter_carbon');
    await settled();
    kernel.say(snapshot({ seq: 1 }));
    await vi.advanceTimersByTimeAsync(60 * ANSWER_MS);
    expect(kernel.opened).toBe(4);
    expect(link.model.status.kind).toBe('live');
  });

  it('is patient with a kernel that is busy', async () => {
    await opened(() => (kernel.status = 'busy'));
    await vi.advanceTimersByTimeAsync(60 * ANSWER_MS);
    expect(kernel.opened).toBe(1);
    session.becomes('idle');
    await vi.advanceTimersByTimeAsync(ANSWER_MS);
    expect(kernel.opened).toBe(2);
  });

  it('waits for a session that is about to have a kernel', async () => {
    session.kernelDisplayStatus = 'initializing';
    await opened(() => (session.kernel = null));
    expect(link.model.status.kind).toBe('connecting');
    session.changes(kernel);
    await settled();
    expect(kernel.opened).toBe(1);
  });

  it('tells a meter of another version', async () => {
    await opened();
    kernel.say({ v: 2, kind: 'snapshot' });
    expect(link.model.status).toEqual({ kind: 'mismatch', theirs: '2' });
    expect(kernel.sent.at(-1)?.type).toBe('comm_close');
  });

  it('drops what an earlier kernel says', async () => {
    await live();
    const before = kernel.comm;
    const other = new StandInKernel();
    session.changes(other);
    await settled();
    before.onMsg({ content: { data: snapshot({ seq: 2 }) } });
    expect(link.model.meter).toBeNull();
    expect(link.model.status.kind).toBe('connecting');
    expect(other.opened).toBe(1);
  });

  it('asks once for what was lost', async () => {
    await live();
    kernel.say(tick(4));
    kernel.say(tick(7));
    expect(asked()).toEqual(['refresh']);
    kernel.say({
      v: 1,
      kind: 'reply',
      seq: 8,
      id: kernel.sent.at(-1)?.data.id,
      ok: true,
      text: ''
    });
    await settled();
    kernel.say(tick(12));
    expect(asked()).toEqual(['refresh', 'refresh']);
  });
});

describe('a kernel without the meter', () => {
  it('is asked again when the meter may have been loaded, and not else', async () => {
    await opened();
    kernel.close();
    expect(link.model.status).toEqual({ kind: 'not-loaded', busy: false });
    session.runs('1 + 1');
    await settled();
    expect(kernel.opened).toBe(1);
    session.runs('%load_ext jupyter_carbon');
    await settled();
    expect(kernel.opened).toBe(2);
    expect(link.model.status.kind).toBe('not-loaded');
    kernel.say(snapshot({ seq: 1 }));
    expect(link.model.status.kind).toBe('live');
  });

  it('is asked again where it was asked while the meter was being loaded', async () => {
    await opened();
    session.becomes('busy');
    session.iopubMessage.emit({
      header: { msg_type: 'execute_input' },
      content: { code: '%load_ext jupyter_carbon' }
    });
    kernel.close();
    session.becomes('idle');
    await settled();
    expect(kernel.opened).toBe(2);
    kernel.say(snapshot({ seq: 1 }));
    expect(link.model.status.kind).toBe('live');
  });

  it('is asked again where it says no only after the meter was loaded', async () => {
    await opened();
    session.runs('%load_ext jupyter_carbon');
    expect(kernel.opened).toBe(1);
    kernel.close();
    await settled();
    expect(kernel.opened).toBe(2);
    kernel.close();
    await settled();
    expect(kernel.opened).toBe(2);
    expect(link.model.status.kind).toBe('not-loaded');
  });

  it('is asked after any cell while somebody looks', async () => {
    await opened();
    kernel.close();
    link.watch('panel', 'live');
    await settled();
    kernel.close();
    expect(kernel.opened).toBe(2);
    session.runs('1 + 1');
    await settled();
    expect(kernel.opened).toBe(3);
  });

  it('is given the meter when asked to, silently', async () => {
    await opened();
    kernel.close();
    const loading = link.load();
    expect(link.model.status.kind).toBe('loading');
    await loading;
    await settled();
    expect(kernel.executed).toEqual(['%load_ext jupyter_carbon']);
    expect(kernel.opened).toBe(2);
    kernel.close();
    expect(link.model.status).toMatchObject({ kind: 'load-failed' });
  });

  it('says why it could not be loaded', async () => {
    kernel.loading = {
      status: 'error',
      ename: 'ModuleNotFoundError',
      evalue: "No module named 'jupyter_carbon'"
    };
    await opened();
    kernel.close();
    await link.load();
    expect(link.model.status).toMatchObject({
      kind: 'load-failed',
      reason: expect.stringContaining('pip install jupyter-carbon') as string
    });
  });

  it('is given it once, where the user wants that always', async () => {
    always = true;
    await opened();
    kernel.close();
    await settled();
    expect(kernel.executed).toHaveLength(1);
    kernel.say(snapshot({ seq: 1 }));
    kernel.close(); // It was unloaded.
    await settled();
    expect(kernel.executed).toHaveLength(1);
    expect(link.model.status.kind).toBe('not-loaded');
    session.becomes('restarting');
    session.changes(kernel);
    await settled();
    kernel.close();
    await settled();
    expect(kernel.executed).toHaveLength(2);
  });
});

describe('a kernel that goes away', () => {
  it('is waited for with the last figures, and then begun with anew', async () => {
    await live();
    session.becomes('autorestarting');
    expect(link.model.status.kind).toBe('restarting');
    expect(link.model.meter).not.toBeNull();
    expect(kernel.sent.filter(each => each.type === 'comm_close')).toEqual([]);
    session.becomes('starting');
    kernel.status = 'idle';
    await settled();
    expect(link.model.meter).toBeNull();
    expect(kernel.opened).toBe(2);
  });

  it('is dead until there is another', async () => {
    await live();
    session.becomes('dead');
    session.changes(null);
    expect(link.model.status.kind).toBe('dead');
    expect(link.model.meter).not.toBeNull();
    session.changes(new StandInKernel());
    await settled();
    expect(link.model.status.kind).toBe('connecting');
  });

  it('is caught up with when the connection is back', async () => {
    await live();
    session.connectionStatusChanged.emit('connecting');
    expect(link.model.status.kind).toBe('connecting');
    session.connectionStatusChanged.emit('connected');
    expect(asked()).toEqual(['refresh']);
    kernel.say(snapshot({ seq: 9 }));
    expect(link.model.status.kind).toBe('live');
  });

  it('lets nobody wait for an answer', async () => {
    await live();
    const answer = link.command('pause', {});
    session.becomes('restarting');
    await expect(answer).rejects.toThrow('went away');
    await expect(link.command('pause', {})).rejects.toThrow('no connection');
  });
});

describe('a command', () => {
  it('gets its own reply, whatever the order', async () => {
    await live();
    const one = link.command('pause', {});
    const two = link.command('region', { place: 'DE' });
    const [first, second] = kernel.sent.slice(-2).map(each => each.data.id);
    const base = { v: 1, kind: 'reply', ok: true };
    kernel.say({ ...base, seq: 2, id: second, text: 'two' });
    kernel.say({ ...base, seq: 3, id: null, text: 'nobody' });
    kernel.say({ ...base, seq: 4, id: first, text: 'one' });
    expect((await one).text).toBe('one');
    expect((await two).text).toBe('two');
  });

  it('fails with a sentence when no answer comes', async () => {
    await live();
    const answer = link.command('pause', {});
    const failed = expect(answer).rejects.toThrow('has not answered');
    await vi.advanceTimersByTimeAsync(ANSWER_MS);
    await failed;
  });

  it('waits for the running cell where the kernel has no other way in', async () => {
    await live();
    session.becomes('busy');
    expect(link.model.commandsWait).toBe(true);
    const answer = link.command('pause', {});
    await vi.advanceTimersByTimeAsync(60 * ANSWER_MS);
    session.becomes('idle');
    const { id } = kernel.sent.at(-1)!.data;
    kernel.say({ v: 1, kind: 'reply', seq: 2, id, ok: true, text: '' });
    expect((await answer).ok).toBe(true);
  });

  it('goes beside the running cell where the kernel has subshells', async () => {
    kernel.features.push('kernel subshells');
    await live();
    session.becomes('busy');
    expect(link.model.commandsWait).toBe(false);
    void link.command('pause', {}).catch(() => undefined);
    expect(kernel.sent.at(-1)).toMatchObject({ type: 'comm_msg', subshell: 'beside' });
    link.dispose();
    expect(kernel.sent.at(-1)).toMatchObject({
      type: 'delete_subshell_request',
      content: { subshell_id: 'beside' }
    });
  });
});

describe('a page that comes to a busy kernel', () => {
  it('enters beside the running cell', async () => {
    const silent = new StandInKernel();
    silent.features.push('kernel subshells');
    silent.status = 'busy';
    Object.defineProperty(silent, 'info', { value: new Promise(() => undefined) });
    kernel = silent;
    session = new StandInSession(kernel);
    await opened();
    await vi.advanceTimersByTimeAsync(2000);
    expect(kernel.sent.map(each => [each.type, each.subshell])).toEqual([
      ['kernel_info_request', null],
      ['create_subshell_request', null],
      ['comm_open', 'beside']
    ]);
  });
});

describe('a page whose connection to the kernel does not stand yet', () => {
  function unconnected(): void {
    kernel = new StandInKernel();
    kernel.features.push('kernel subshells');
    kernel.status = 'unknown';
    kernel.connectionStatus = 'connecting';
    Object.defineProperty(kernel, 'info', { value: new Promise(() => undefined) });
    session = new StandInSession(kernel);
  }

  it('waits for it, and then enters', async () => {
    unconnected();
    await opened();
    await vi.advanceTimersByTimeAsync(20_000);
    expect(kernel.sent).toEqual([]);
    kernel.connects('connected');
    await vi.advanceTimersByTimeAsync(2000);
    expect(kernel.sent.map(each => [each.type, each.subshell])).toEqual([
      ['kernel_info_request', null],
      ['create_subshell_request', null],
      ['comm_open', 'beside']
    ]);
  });

  it('asks all the same where it fails', async () => {
    unconnected();
    await opened();
    kernel.connects('disconnected');
    await vi.advanceTimersByTimeAsync(2000);
    expect(kernel.opened).toBe(1);
  });
});

describe('who watches', () => {
  it('is told to the kernel as the closest of all, and only when that changes', async () => {
    await live();
    const rates = (): unknown[] =>
      kernel.sent
        .filter(each => each.data.name === 'watch')
        .map(each => (each.data.args as { rate: string }).rate);
    expect(rates()).toEqual(['off']);
    link.watch('status', 'slow');
    link.watch('panel', 'live');
    link.watch('timeline', 'live');
    link.watch('panel', 'off');
    link.setPageHidden(true);
    link.setPageHidden(false);
    link.watch('timeline', 'off');
    link.watch('status', 'off');
    expect(rates()).toEqual(['off', 'slow', 'live', 'off', 'live', 'slow', 'off']);
  });
});

describe('a kernel that asks whether it is heard', () => {
  it('is told', async () => {
    await live();
    const before = kernel.commands.length;
    kernel.say(tick(2));
    expect(kernel.commands).toHaveLength(before);
    kernel.say(tick(3, { ping: true }));
    expect(kernel.commands.slice(before)).toEqual(['watch']);
  });
});

describe('all links of a page', () => {
  it('have one a session, which goes with it', async () => {
    await live();
    const links = new MeterLinks(options);
    const one = links.of(session.context);
    expect(links.of(session.context)).toBe(one);
    session.disposed.emit();
    expect(one.isDisposed).toBe(true);
    expect([...links]).toEqual([]);
    links.dispose();
  });

  it('stand in for one that may open no comm to the same kernel', async () => {
    await live();
    const links = new MeterLinks(options);
    const second = new StandInKernel();
    second.handleComms = false;
    const console = new StandInSession(second);
    const own = links.of(console.context);
    await settled();
    expect(links.showing(console.context)).toBe(own);
    const notebook = links.of(session.context);
    await settled();
    expect(links.showing(console.context)).toBe(notebook);
    links.dispose();
  });

  it('hang up when the page is left', async () => {
    const links = new MeterLinks(options);
    link = links.of(session.context);
    await settled();
    kernel.say(snapshot({ seq: 1 }));
    window.dispatchEvent(new Event('pagehide'));
    expect(kernel.sent.at(-1)?.type).toBe('comm_close');
    links.dispose();
  });
});
