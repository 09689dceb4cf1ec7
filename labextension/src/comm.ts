/** One comm to the meter in one kernel: what goes there, what comes back, and what does not. */
import { KernelMessage, type Kernel } from '@jupyterlab/services';
import { UUID, type JSONObject } from '@lumino/coreutils';
import type { IDisposable } from '@lumino/disposable';

import {
  TARGET,
  VERSION,
  command,
  type CommandArgs,
  type CommandName,
  type Reply
} from './protocol';
import type { Trans } from './view/host';

/** So long a command, or the comm's opening, may go unanswered by a kernel that can answer. */
export const ANSWER_MS = 10_000;

/** What a comm tells its owner; it must not wait, since all messages of the kernel would. */
export interface CommEvents {
  message(data: unknown): void;
  /** The kernel closed it: the meter is not there, or not any more. */
  closed(): void;
  /** The kernel has neither closed it nor said anything: the question or the answer is lost. */
  unanswered(): void;
}

interface Pending {
  resolve(reply: Reply): void;
  reject(reason: Error): void;
  timer: ReturnType<typeof setTimeout> | null;
}

export class MeterComm implements IDisposable {
  /**
   * @param subshell - The subshell that takes its messages, or null for the main shell.
   */
  constructor(
    private readonly _kernel: Kernel.IKernelConnection,
    private readonly _events: CommEvents,
    private readonly _trans: Trans,
    public subshell: string | null
  ) {
    const comm = _kernel.createComm(TARGET);
    // The link has its own subshell, which it also has where the kernel is busy already.
    // Set by name, since hosts before JupyterLab 4.4 have no such enumeration.
    Object.assign(comm, { commsOverSubshells: 'disabled' });
    comm.onMsg = message => {
      this._answered();
      this._events.message(message.content.data);
    };
    comm.onClose = () => {
      this._end(this._trans.__('The meter has left the kernel.'));
      this._events.closed();
    };
    this._comm = comm;
    this._post('comm_open', {
      comm_id: comm.commId,
      target_name: TARGET,
      data: { v: VERSION, answers: true }
    });
    this.watchTheClock();
  }

  get isDisposed(): boolean {
    return this._isDisposed;
  }

  /** Whether what is sent now has to wait for the end of the running cell. */
  get waits(): boolean {
    return this.subshell === null && this._kernel.status === 'busy';
  }

  /** Sends a command; rejects with a sentence if no answer will come. */
  command<N extends CommandName>(name: N, args: CommandArgs[N]): Promise<Reply> {
    if (this._isDisposed || this._kernel.isDisposed || this._kernel.status === 'dead') {
      return Promise.reject(
        new Error(this._trans.__('There is no connection to the meter.'))
      );
    }
    const id = UUID.uuid4();
    return new Promise<Reply>((resolve, reject) => {
      this._pending.set(id, { resolve, reject, timer: null });
      this._post('comm_msg', {
        comm_id: this._comm.commId,
        // The schema's arguments are JSON; interfaces have no index signature to say so.
        data: command(id, name, args) as unknown as JSONObject
      });
      this.watchTheClock();
    });
  }

  /** Hands an answer to whoever asked; one that nobody awaits is dropped. */
  settle(reply: Reply): void {
    const pending = reply.id === null ? undefined : this._pending.get(reply.id);
    if (reply.id !== null && pending !== undefined) {
      this._pending.delete(reply.id);
      clearTimeout(pending.timer ?? undefined);
      pending.resolve(reply);
    }
  }

  /** Lets the time of what is unanswered run, unless the kernel cannot answer now. */
  watchTheClock(): void {
    if (this.waits) {
      return;
    }
    if (!this._isAnswered) {
      this._timer ??= setTimeout(() => this._events.unanswered(), ANSWER_MS);
    }
    for (const [id, pending] of this._pending) {
      pending.timer ??= setTimeout(() => {
        this._pending.delete(id);
        pending.reject(
          new Error(
            this._trans.__(
              'The kernel has not answered for %1 s. It may still do what was asked.',
              ANSWER_MS / 1000
            )
          )
        );
      }, ANSWER_MS);
    }
  }

  /** Lets go of it where the kernel has lost its side already. */
  abandon(): void {
    if (!this._isDisposed) {
      this._end(this._trans.__('The kernel went away before it answered.'));
    }
  }

  /** Closes it on both sides, as far as there are two. */
  dispose(): void {
    if (this._isDisposed) {
      return;
    }
    if (!this._comm.isDisposed && !this._kernel.isDisposed) {
      try {
        this._post('comm_close', { comm_id: this._comm.commId, data: {} });
      } catch {
        // A kernel that is gone has closed it already.
      }
    }
    this._end(this._trans.__('The connection to the meter has ended.'));
  }

  private _answered(): void {
    this._isAnswered = true;
    clearTimeout(this._timer);
  }

  private _end(reason: string): void {
    this._isDisposed = true;
    this._answered();
    for (const pending of this._pending.values()) {
      clearTimeout(pending.timer ?? undefined);
      pending.reject(new Error(reason));
    }
    this._pending.clear();
    this._comm.onMsg = () => undefined;
    this._comm.onClose = () => undefined;
    this._comm.dispose();
  }

  private _post(
    msgType: 'comm_open' | 'comm_msg' | 'comm_close',
    content: KernelMessage.ICommOpenMsg['content'] | KernelMessage.ICommMsgMsg['content']
  ): void {
    const message = KernelMessage.createMessage<KernelMessage.ICommMsgMsg<'shell'>>({
      msgType: msgType as 'comm_msg',
      channel: 'shell',
      username: this._kernel.username,
      session: this._kernel.clientId,
      content
    });
    if (this.subshell !== null) {
      message.header.subshell_id = this.subshell;
    }
    this._kernel.sendShellMessage(message, false, true);
  }

  private readonly _comm: Kernel.IComm;
  private readonly _pending = new Map<string, Pending>();
  private _isAnswered = false;
  private _timer: ReturnType<typeof setTimeout> | undefined;
  private _isDisposed = false;
}
