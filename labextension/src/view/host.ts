import type { MeterModel } from '../model';
import type { CommandArgs, CommandName, Reply } from '../protocol';

/**
 * Translation, as gettext has it: `%1`, `%2` stand for the arguments, in `_n` `%1` for the
 * number itself. JupyterLab's `TranslationBundle` is one.
 */
export interface Trans {
  __(text: string, ...args: unknown[]): string;
  _n(one: string, many: string, n: number, ...args: unknown[]): string;
}

/** What the user has set, as far as views need it. */
export interface Settings {
  /** Load the meter into each new Python kernel. */
  readonly alwaysLoad: boolean;
}

/** All that a view may ask of where it is shown. */
export interface Host {
  readonly model: MeterModel;
  readonly trans: Trans;
  readonly settings: Settings;
  /** Sends a command; the reply's `ok` and `text` say what became of it. Rejects if unsent. */
  command<N extends CommandName>(name: N, args: CommandArgs[N]): Promise<Reply>;
  /** Loads the meter into the kernel, and from now on into each if `always`. */
  load(always: boolean): Promise<void>;
  /** Goes to the notebook's cell with this id. */
  jump(cellId: string): void;
  openTimeline(): void;
}

/** What an element shows of the model. Made hidden: `show` it once it is in the page. */
export interface View {
  readonly node: HTMLElement;
  show(): void;
  hide(): void;
  dispose(): void;
}

/** The sidebar's content. */
export interface PanelView extends View {
  /** Shows the row of one run of a cell, and gives it the focus. */
  reveal(key: number): void;
}

/** What the card of a cell or of the session needs: no JupyterLab, no way to send. */
export type CardHost = Pick<Host, 'model' | 'trans'>;

/** Which figures a card shows: one run of a cell, by its key, or the session's. */
export type CardOf = { kind: 'session' } | { kind: 'cell'; key: number };

/** English, for places without a translator. */
export const ENGLISH: Trans = {
  __: (text, ...args) => fill(text, args),
  _n: (one, many, n, ...args) => fill(n === 1 ? one : many, [n, ...args])
};

function fill(text: string, args: readonly unknown[]): string {
  return text.replace(/%(\d+)/g, (whole, digit: string) => {
    const at = Number(digit) - 1;
    return at in args ? String(args[at]) : whole;
  });
}
