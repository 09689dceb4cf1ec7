import type { CommandArgs, CommandName } from '../protocol';
import { setAttribute, setShown, setText } from './dom';
import type { Host } from './host';

/** Where the answer to a command is shown: what went wrong, or that it waits. */
export function answerLine(): HTMLElement {
  const node = document.createElement('div');
  node.className = 'jp-carbon-answer';
  node.hidden = true;
  return node;
}

/** Says something in an answer line; nothing hides it. */
export function say(
  line: HTMLElement,
  text: string,
  kind: 'refused' | 'waits' | 'done'
): void {
  setAttribute(line, 'role', kind === 'refused' ? 'alert' : 'status');
  setAttribute(line, 'data-kind', kind);
  setText(line, text);
  setShown(line, text !== '');
}

/**
 * Sends a command and shows what becomes of it; whether it took effect.
 *
 * While the answer is awaited the line says so where the kernel cannot take it yet.
 */
export async function send<N extends CommandName>(
  host: Host,
  line: HTMLElement,
  name: N,
  args: CommandArgs[N]
): Promise<boolean> {
  const { model, trans } = host;
  say(
    line,
    model.commandsWait
      ? trans.__('The kernel is busy: this takes effect when the running cell ends.')
      : '',
    'waits'
  );
  try {
    const reply = await host.command(name, args);
    if (reply.ok) {
      say(line, '', 'done');
    } else {
      say(line, reply.text || trans.__('The kernel refused this.'), 'refused');
    }
    return reply.ok;
  } catch (error) {
    const reason = error instanceof Error ? error.message : '';
    say(line, reason || trans.__('The kernel could not be reached.'), 'refused');
    return false;
  }
}
