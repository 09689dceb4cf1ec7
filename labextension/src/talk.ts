/** The talk between a page and the meter in one kernel: what is heard goes into a model. */
import type { Kernel } from '@jupyterlab/services';

import { MeterComm } from './comm';
import type { MeterModel } from './model';
import {
  asksForAnswer,
  fromKernel,
  type CommandArgs,
  type CommandName,
  type Reply
} from './protocol';
import { WayIn } from './subshell';
import type { Trans } from './view/host';
import { Watchers, type Rate } from './watchers';

/** So often in a row a kernel is asked for its meter and does not answer at all. */
const MOST_UNANSWERED = 3;

/** What becomes of a talk; who is told must not wait, since all messages of the kernel would. */
export interface TalkEvents {
  /** The meter says something, and the model has it. */
  heard(): void;
  /** The meter speaks another version of the format; the talk is over. */
  mismatched(theirs: string): void;
  /** The kernel has no meter, or has it no more; the talk is over. */
  closed(): void;
  /** The kernel does not know this page, or what it was asked was lost: begin anew. */
  forgotten(): void;
}

export class Talk {
  constructor(
    private readonly _model: MeterModel,
    private readonly _trans: Trans,
    private readonly _events: TalkEvents
  ) {}

  /** Whether a comm is there; whether anybody answers is another matter. */
  get isOpen(): boolean {
    return this._comm !== null;
  }

  /** Whether the kernel takes what is sent while it runs a cell. */
  get isBeside(): boolean {
    return this._wayIn.id !== null;
  }

  /** How closely the page watches. */
  get rate(): Rate {
    return this._watchers.rate;
  }

  /** Sends a command; rejects with a sentence if no answer will come. */
  command<N extends CommandName>(name: N, args: CommandArgs[N]): Promise<Reply> {
    if (this._comm === null) {
      return Promise.reject(
        new Error(this._trans.__('There is no connection to the meter.'))
      );
    }
    return this._comm.command(name, args);
  }

  /** Says how closely somebody watches; the closest of all is what the kernel hears. */
  watch(who: string, rate: Rate): void {
    this._watchers.set(who, rate);
    this.sendRate();
  }

  /** Nothing is seen while the page is hidden, whoever watches. */
  setPageHidden(hidden: boolean): void {
    this._watchers.hidden = hidden;
    this.sendRate();
  }

  /** Tells the kernel how closely it is watched, if it knows otherwise or asks. */
  sendRate(asked = false): void {
    const { rate } = this;
    if (
      this._comm === null ||
      this._model.status.kind !== 'live' ||
      (rate === this._sentRate && !asked)
    ) {
      return;
    }
    this._sentRate = rate;
    this._comm.command('watch', { rate }).catch(() => {
      // An older rate is shown, or the comm has ended, which shows itself.
    });
  }

  /** Gets a way in beside the running cell, if the kernel has one; true if that is new. */
  async enter(kernel: Kernel.IKernelConnection): Promise<boolean> {
    if (!(await this._wayIn.open(kernel))) {
      return false;
    }
    if (this._comm !== null) {
      this._comm.subshell = this._wayIn.id;
    }
    return true;
  }

  /** Asks the kernel for its meter. */
  open(kernel: Kernel.IKernelConnection): void {
    try {
      this._comm = new MeterComm(
        kernel,
        {
          message: data => this._onMessage(data),
          closed: () => this._onClosed(),
          unanswered: () => this._onUnanswered()
        },
        this._trans,
        this._wayIn.id
      );
    } catch {
      // The kernel went away meanwhile; its status says so, and brings the next attempt.
      this._comm = null;
    }
  }

  /** Asks for what was missed. */
  catchUp(): void {
    const { _comm: comm } = this;
    if (this._refreshing || comm === null) {
      return;
    }
    this._refreshing = true;
    comm
      .command('refresh', {})
      .catch(() => {
        if (this._comm === comm) {
          this._events.forgotten();
        }
      })
      .finally(() => {
        this._refreshing = false;
      });
  }

  /** The connection was cut and is back: what was asked before may have got lost. */
  resume(): void {
    this._refreshing = false;
    this.catchUp();
  }

  /** The kernel can answer from now on. */
  kernelIsFree(): void {
    this._comm?.watchTheClock();
  }

  /** Ends it; a way in is kept for the next one with the same kernel. */
  leave(): void {
    this._comm?.dispose();
    this._forget();
  }

  /** Ends it for good. */
  close(): void {
    this.leave();
    this._wayIn.close();
  }

  /** The kernel's process is another one: comm and subshell are gone without a word. */
  lose(): void {
    this._comm?.abandon();
    this._forget();
    this._wayIn.lose();
  }

  private _forget(): void {
    this._comm = null;
    this._sentRate = null;
    this._refreshing = false;
  }

  private _onClosed(): void {
    this._forget();
    this._unanswered = 0;
    this._wayIn.close();
    this._events.closed();
  }

  private _onUnanswered(): void {
    this._unanswered += 1;
    if (this._unanswered < MOST_UNANSWERED) {
      this._events.forgotten();
    } else {
      // Asked for ever, a kernel that knows no comms would never be idle.
      this._comm?.dispose();
      this._onClosed();
    }
  }

  private _onMessage(data: unknown): void {
    this._unanswered = 0;
    switch (this._model.receive(data)) {
      case 'taken':
        this._events.heard();
        if (asksForAnswer(data)) {
          this.sendRate(true);
        }
        break;
      case 'lost':
        this.catchUp();
        break;
      case 'reply': {
        const reply = fromKernel(data);
        if (reply.kind === 'reply') {
          this._comm?.settle(reply);
        }
        break;
      }
      case 'mismatch': {
        const theirs = fromKernel(data);
        this.leave();
        this._events.mismatched(theirs.kind === 'refused' ? theirs.detail : '');
        break;
      }
      case 'refused':
        break;
    }
  }

  private _comm: MeterComm | null = null;
  private readonly _wayIn = new WayIn();
  private readonly _watchers = new Watchers();
  private _sentRate: Rate | null = null;
  private _unanswered = 0;
  private _refreshing = false;
}
