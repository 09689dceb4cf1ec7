/** A kernel and a session as a link meets them: what is sent there is kept, and answered by hand. */
import type { ISessionContext } from '@jupyterlab/apputils';
import type { KernelMessage } from '@jupyterlab/services';
import { PromiseDelegate } from '@lumino/coreutils';
import { Signal } from '@lumino/signaling';

/** A message that was sent, as far as tests look at it. */
export interface Sent {
  type: string;
  subshell: string | null;
  content: Record<string, unknown>;
  data: Record<string, unknown>;
}

type Handler = (message: { content: { data: unknown } }) => void;

class StandInComm {
  onMsg: Handler = () => undefined;
  onClose: Handler = () => undefined;
  isDisposed = false;
  commsOverSubshells = 'perCommTarget';

  constructor(readonly commId: string) {}

  dispose(): void {
    this.isDisposed = true;
  }
}

export class StandInKernel {
  id = 'kernel';
  username = 'me';
  clientId = 'page';
  isDisposed = false;
  handleComms = true;
  status = 'idle';
  connectionStatus = 'connected';
  readonly connectionStatusChanged = new Signal<this, string>(this);
  language = 'python';
  features: string[] = [];
  /** How `%load_ext` ends. */
  loading: Record<string, unknown> = { status: 'ok' };
  /** Whether the kernel says what it is; a busy one does not, but over the control channel. */
  readonly information = new PromiseDelegate<unknown>();
  readonly comms: StandInComm[] = [];
  readonly sent: Sent[] = [];
  readonly executed: string[] = [];

  constructor() {
    this.information.resolve({ supported_features: this.features });
  }

  get info(): Promise<unknown> {
    return this.information.promise;
  }

  get spec(): Promise<unknown> {
    return Promise.resolve({ language: this.language });
  }

  createComm(): StandInComm {
    const comm = new StandInComm(`comm-${this.comms.length}`);
    this.comms.push(comm);
    return comm;
  }

  sendShellMessage(message: KernelMessage.IMessage): void {
    if (this.status === 'dead') {
      throw new Error('Kernel is dead');
    }
    this.sent.push(described(message));
  }

  sendControlMessage(message: KernelMessage.IMessage): unknown {
    if (this.connectionStatus !== 'connected') {
      throw new Error('Could not send message: status is not connected');
    }
    this.sent.push(described(message));
    const content = {
      kernel_info_request: { supported_features: this.features },
      create_subshell_request: { subshell_id: 'beside' },
      delete_subshell_request: {}
    }[message.header.msg_type as string];
    return { done: Promise.resolve({ content }), dispose: () => undefined };
  }

  requestExecute(content: { code: string }): unknown {
    this.executed.push(content.code);
    return { done: Promise.resolve({ content: this.loading }) };
  }

  /** The comm that was opened last. */
  get comm(): StandInComm {
    return this.comms[this.comms.length - 1]!;
  }

  /** The page's connection to it comes or goes. */
  connects(status: string): void {
    this.connectionStatus = status;
    this.connectionStatusChanged.emit(status);
  }

  /** Says something over the comm that was opened last. */
  say(data: unknown): void {
    this.comm.onMsg({ content: { data } });
  }

  /** Closes that comm, as a kernel without the meter does. */
  close(): void {
    this.comm.onClose({ content: { data: {} } });
  }

  /** The commands that were sent, by name. */
  get commands(): string[] {
    return this.sent
      .filter(each => each.data.kind === 'command')
      .map(each => String(each.data.name));
  }

  /** How often a comm was opened. */
  get opened(): number {
    return this.sent.filter(each => each.type === 'comm_open').length;
  }
}

function described(message: KernelMessage.IMessage): Sent {
  const content = message.content as Record<string, unknown>;
  return {
    type: message.header.msg_type,
    subshell: message.header.subshell_id ?? null,
    content,
    data: (content.data ?? {}) as Record<string, unknown>
  };
}

export class StandInSession {
  readonly kernelChanged = new Signal<this, unknown>(this);
  readonly statusChanged = new Signal<this, string>(this);
  readonly connectionStatusChanged = new Signal<this, string>(this);
  readonly iopubMessage = new Signal<this, unknown>(this);
  readonly disposed = new Signal<this, void>(this);
  readonly ready = Promise.resolve();
  isTerminating = false;
  isDisposed = false;
  kernelDisplayStatus = 'idle';
  path = 'train.ipynb';

  constructor(public kernel: StandInKernel | null) {}

  get session(): { kernel: StandInKernel | null } {
    return { kernel: this.kernel };
  }

  /** The kernel says what it does. */
  becomes(status: string): void {
    if (this.kernel !== null) {
      this.kernel.status = status;
    }
    this.statusChanged.emit(status);
  }

  /** The kernel runs code, from whichever page. */
  runs(code: string): void {
    this.becomes('busy');
    this.iopubMessage.emit({ header: { msg_type: 'execute_input' }, content: { code } });
    this.becomes('idle');
  }

  /** The session has another kernel, or the same in a new process. */
  changes(kernel: StandInKernel | null): void {
    this.kernel = kernel;
    this.kernelChanged.emit(undefined);
  }

  get context(): ISessionContext {
    return this as unknown as ISessionContext;
  }
}

/** Lets everything that waits for nothing outside happen. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) {
    await Promise.resolve();
  }
}
