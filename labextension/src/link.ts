/** Follows the kernel of one notebook or console, and talks to the meter in it. */
import type { ISessionContext } from '@jupyterlab/apputils';
import type { Kernel, KernelMessage } from '@jupyterlab/services';
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';

import { isMetered, languageOf, loadMeter, untilConnected } from './kernel';
import { MeterModel, type LinkStatus } from './model';
import type { CommandArgs, CommandName, Reply } from './protocol';
import { INFO_MS } from './subshell';
import { Talk } from './talk';
import type { Trans } from './view/host';
import type { Rate } from './watchers';
import { within } from './within';

export interface LinkOptions {
  readonly trans: Trans;
  /** Whether to load the meter into a kernel that has it not. */
  alwaysLoad(): boolean;
}

/** So long a kernel may take to start before another way into it is looked for. */
const STARTING_MS = 60_000;
/** What a session without a kernel says while it is about to have one. */
const STARTING = new Set<string>(['initializing', 'starting', 'restarting']);
/** Statuses that say something of the kernel itself, whether it is reached or not. */
const WITHOUT_LINK = new Set<LinkStatus['kind']>([
  'no-notebook',
  'no-kernel',
  'no-comms',
  'foreign',
  'mismatch',
  'dead'
]);
/** Code that may have loaded the meter, whatever else it does. */
const MAY_LOAD = /carbon|load_ext/;

export class MeterLink implements IDisposable {
  readonly model = new MeterModel();

  constructor(
    readonly context: ISessionContext,
    private readonly _options: LinkOptions
  ) {
    this._talk = new Talk(this.model, _options.trans, {
      heard: () => this._goLive(),
      mismatched: theirs => this._onMismatch(theirs),
      closed: () => this._onClosed(),
      forgotten: () => this._onForgotten()
    });
    context.kernelChanged.connect(this._onKernelChanged, this);
    context.statusChanged.connect(this._onStatusChanged, this);
    context.connectionStatusChanged.connect(this._onConnectionChanged, this);
    context.iopubMessage.connect(this._onIOPub, this);
    context.disposed.connect(this.dispose, this);
    void context.ready.then(() => this._onReady());
    void this._join();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  get kernel(): Kernel.IKernelConnection | null {
    return this.context.session?.kernel ?? null;
  }

  /** Sends a command; rejects with a sentence if no answer will come. */
  command<N extends CommandName>(name: N, args: CommandArgs[N]): Promise<Reply> {
    return this._talk.command(name, args);
  }

  /** Says how closely somebody watches; the closest of all is what the kernel hears. */
  watch(who: string, rate: Rate): void {
    const before = this._talk.rate;
    this._talk.watch(who, rate);
    if (before !== 'live' && this._talk.rate === 'live') {
      // Somebody looks who may want to know that the meter is there by now.
      this._retry();
    }
  }

  /** Nothing is seen while the page is hidden, whoever watches. */
  setPageHidden(hidden: boolean): void {
    this._talk.setPageHidden(hidden);
  }

  /** Ends the comm as the page is left, so that the kernel does not go on talking to nobody. */
  hangUp(): void {
    this._turn++;
    this._talk.close();
  }

  /** Comes back to a page that was left and kept. */
  pickUp(): void {
    void this._join();
  }

  /** Loads the meter into the kernel, without a trace in the notebook. */
  async load(): Promise<void> {
    const { kernel } = this;
    const { kind } = this.model.status;
    if (kernel === null || (kind !== 'not-loaded' && kind !== 'load-failed')) {
      return;
    }
    const turn = this._turn;
    this._loadedInto = kernel;
    this.model.setStatus({ kind: 'loading' });
    const reason = await loadMeter(kernel, this._options.trans);
    if (turn !== this._turn) {
      return;
    }
    if (reason !== null) {
      this.model.setStatus({ kind: 'load-failed', reason });
      return;
    }
    await this._join('loading');
  }

  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    this._isDisposed = true;
    this._talk.close();
    Signal.clearData(this);
    this.model.dispose();
  }

  /** Leaves the comm that is there, and opens one to the kernel that is there now. */
  private async _join(quietly?: 'loading' | 'not-loaded'): Promise<void> {
    this._talk.leave();
    const turn = ++this._turn;
    const { kernel } = this;
    if (kernel === null) {
      const awaited = STARTING.has(this.context.kernelDisplayStatus);
      this._setStatus({ kind: awaited ? 'connecting' : 'no-kernel' });
      return;
    }
    if (!kernel.handleComms) {
      this._setStatus({ kind: 'no-comms' });
      return;
    }
    if (quietly === undefined) {
      this._setStatus({ kind: 'connecting' });
    }
    const language = await languageOf(kernel);
    if (turn !== this._turn) {
      return;
    }
    if (!isMetered(language)) {
      this._setStatus({ kind: 'foreign', language });
      return;
    }
    if (kernel.connectionStatus === 'connecting') {
      // Nothing can be asked over the control channel before that.
      await untilConnected(kernel, STARTING_MS);
      if (turn !== this._turn) {
        return;
      }
    }
    if (kernel.status !== 'idle') {
      const patience_ms = kernel.status === 'starting' ? STARTING_MS : INFO_MS;
      const answered = (await within(kernel.info, patience_ms)) !== null;
      if (!answered || this._busy) {
        await this._enter(kernel);
      }
      if (turn !== this._turn) {
        return;
      }
    }
    this._talk.open(kernel);
  }

  /** Gets a way in beside the running cell, if the kernel has one. */
  private async _enter(kernel: Kernel.IKernelConnection): Promise<void> {
    if (await this._talk.enter(kernel)) {
      this._noteKernel();
    }
  }

  /** The kernel's process is another one. */
  private _lose(): void {
    this._talk.lose();
    this._loadedInto = null;
  }

  private _goLive(): void {
    if (this.model.status.kind === 'live' || this.model.meter === null) {
      return;
    }
    this._setStatus({ kind: 'live' });
    this._mayHaveLoaded = false;
    this._loadedInto = this.kernel;
    this._talk.sendRate();
    if (this.kernel !== null) {
      void this._enter(this.kernel);
    }
  }

  private _onMismatch(theirs: string): void {
    this._turn++;
    this._setStatus({ kind: 'mismatch', theirs });
  }

  private _onForgotten(): void {
    const { kind } = this.model.status;
    void this._join(kind === 'not-loaded' || kind === 'loading' ? kind : undefined);
  }

  /** The kernel has no meter, or has it no more. */
  private _onClosed(): void {
    const { kind } = this.model.status;
    this.model.clear();
    if (kind === 'loading') {
      const reason = this._options.trans.__(
        'The meter was loaded, but it does not answer. Is it of an older version?'
      );
      this.model.setStatus({ kind: 'load-failed', reason });
      return;
    }
    this._setStatus({ kind: 'not-loaded', busy: this._busy });
    if (this._options.alwaysLoad() && this._loadedInto !== this.kernel) {
      // Once a kernel: who unloads it wants it unloaded, and a kernel that ends closes it, too.
      void this.load();
    } else if (this._mayHaveLoaded && !this._busy) {
      this._retry();
    }
  }

  private _onReady(): void {
    if (!this._isDisposed && this.kernel === null) {
      void this._join();
    }
  }

  /** Emitted as well when the user has restarted the same kernel. */
  private _onKernelChanged(): void {
    this._lose();
    const { kind } = this.model.status;
    const died =
      (kind === 'dead' || kind === 'restarting') && !this.context.isTerminating;
    if (died && this.kernel === null) {
      // Where it restarted and could not, JupyterLab 4.2 does not always say that it is dead.
      this._setStatus({ kind: 'dead' });
      return;
    }
    this.model.clear();
    void this._join();
  }

  private _onStatusChanged(_: ISessionContext, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting') {
      this._turn++;
      this._lose();
      this._setStatus({ kind: 'restarting' });
    } else if (status === 'dead') {
      this._turn++;
      this._lose();
      this._setStatus({ kind: 'dead' });
    } else if (this.model.status.kind === 'restarting' && status !== 'unknown') {
      this.model.clear();
      void this._join();
    }
    this._noteKernel();
    if (status === 'idle') {
      this._talk.kernelIsFree();
      if (this._mayHaveLoaded) {
        this._retry();
      }
    }
  }

  private _onConnectionChanged(
    _: ISessionContext,
    status: Kernel.ConnectionStatus
  ): void {
    const { kind } = this.model.status;
    // A kernel that restarts by itself is cut off for a moment, and its status brings it back.
    if (WITHOUT_LINK.has(kind) || (kind === 'restarting' && status !== 'connected')) {
      return;
    }
    if (status !== 'connected') {
      this._cutOff = true;
      this._setStatus({ kind: 'connecting' });
    } else if (this._cutOff) {
      this._cutOff = false;
      if (this._talk.isOpen && this.model.meter !== null) {
        this._talk.resume();
      } else {
        void this._join();
      }
    }
  }

  /** Notes that something ran after which the meter may be there. */
  private _onIOPub(_: ISessionContext, message: KernelMessage.IMessage): void {
    if (message.header.msg_type !== 'execute_input') {
      return;
    }
    const { kind } = this.model.status;
    // What was asked while the meter was about to be loaded may have come too early.
    if (kind !== 'not-loaded' && kind !== 'load-failed' && kind !== 'connecting') {
      return;
    }
    const { code } = message.content as KernelMessage.IExecuteInputMsg['content'];
    // Asked after each cell, a kernel without the meter would fill its log with it.
    this._mayHaveLoaded ||= this._talk.rate === 'live' || MAY_LOAD.test(code);
  }

  private _retry(): void {
    const { kind } = this.model.status;
    if (kind === 'not-loaded' || kind === 'load-failed') {
      this._mayHaveLoaded = false;
      void this._join('not-loaded');
    }
  }

  private get _busy(): boolean {
    return this.kernel?.status === 'busy';
  }

  private _setStatus(status: LinkStatus): void {
    this.model.setStatus(status);
    this._noteKernel();
  }

  private _noteKernel(): void {
    this.model.setKernel({ busy: this._busy, subshells: this._talk.isBeside });
    if (this.model.status.kind === 'not-loaded') {
      this.model.setStatus({ kind: 'not-loaded', busy: this._busy });
    }
  }

  private readonly _talk: Talk;
  private _loadedInto: Kernel.IKernelConnection | null = null;
  private _mayHaveLoaded = false;
  private _cutOff = false;
  private _isDisposed = false;
  /** Rises with each change of kernel: what was begun in an earlier turn is dropped. */
  private _turn = 0;
}
