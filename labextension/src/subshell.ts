/**
 * A way into a kernel that is open while it runs a cell, where the kernel has one.
 *
 * What is asked here goes over the control channel, which a busy kernel reads too: after a
 * page reload amid a long cell the connection's own `info` is not known before its end.
 */
import { KernelMessage, type Kernel } from '@jupyterlab/services';

import { within } from './within';

const FEATURE = 'kernel subshells';
/** So long a kernel that is not busy may take to say what it is. */
export const INFO_MS = 700;
/** So long it may take to answer over the control channel; none answers there that cannot. */
const CONTROL_MS = 3000;

/** The subshell that takes a link's messages, once there is one. */
export class WayIn {
  /** The subshell's id, or null for the main shell. */
  get id(): string | null {
    return this._subshell?.id ?? null;
  }

  /** Opens one, if the kernel has them; true if that made a difference. */
  async open(kernel: Kernel.IKernelConnection): Promise<boolean> {
    if (this._subshell !== null) {
      return false;
    }
    const turn = this._turn;
    const id = (await hasSubshells(kernel)) ? await openSubshell(kernel) : null;
    if (id === null) {
      return false;
    }
    // While that was asked, the kernel may have ended, or another call may have been first.
    if (turn !== this._turn || this.id !== null) {
      closeSubshell(kernel, id);
      return false;
    }
    this._subshell = { kernel, id };
    return true;
  }

  /** Closes it. */
  close(): void {
    const subshell = this._subshell;
    this.lose();
    if (subshell !== null) {
      closeSubshell(subshell.kernel, subshell.id);
    }
  }

  /** Forgets it, since it is gone with the kernel's process. */
  lose(): void {
    this._turn++;
    this._subshell = null;
  }

  private _subshell: { kernel: Kernel.IKernelConnection; id: string } | null = null;
  private _turn = 0;
}

/** Whether the kernel takes messages beside a running cell. */
async function hasSubshells(kernel: Kernel.IKernelConnection): Promise<boolean> {
  const info: object | null = await within(kernel.info, INFO_MS);
  const content = info ?? (await ask(kernel, 'kernel_info_request', {}));
  const features =
    content !== null && 'supported_features' in content
      ? content.supported_features
      : null;
  return Array.isArray(features) && features.includes(FEATURE);
}

/** Opens a subshell; null if the kernel does not say that it did. */
async function openSubshell(kernel: Kernel.IKernelConnection): Promise<string | null> {
  const content = await ask(kernel, 'create_subshell_request', {});
  const id =
    content !== null && 'subshell_id' in content ? content.subshell_id : undefined;
  return typeof id === 'string' ? id : null;
}

/** Closes a subshell, if the kernel is still there to do so. */
function closeSubshell(kernel: Kernel.IKernelConnection, id: string): void {
  void ask(kernel, 'delete_subshell_request', { subshell_id: id });
}

async function ask(
  kernel: Kernel.IKernelConnection,
  kind: 'kernel_info_request' | 'create_subshell_request' | 'delete_subshell_request',
  content: Record<string, unknown>
): Promise<object | null> {
  if (kernel.isDisposed || kernel.status === 'dead') {
    return null;
  }
  const message = KernelMessage.createMessage<KernelMessage.ICreateSubshellRequestMsg>({
    // The control channel's own list of kinds has no kernel_info_request; kernels take it.
    msgType: kind as 'create_subshell_request',
    channel: 'control',
    username: kernel.username,
    session: kernel.clientId,
    content
  });
  let future;
  try {
    future = kernel.sendControlMessage(message, true, true);
  } catch {
    // It died, or its connection is cut off just now.
    return null;
  }
  const reply = await within(future.done, CONTROL_MS);
  future.dispose();
  return reply?.content ?? null;
}
