/** What the kernel's meter writes into an output's metadata, to find that output again. */

const MARK = 'jupyter_carbon';

export interface Mark {
  /** Which output it is. */
  readonly output: string;
  /** It holds what stays; else better figures are to come. */
  readonly final: boolean;
}

/** The mark in an output's metadata; null if there is none. */
export function markOf(metadata: unknown): Mark | null {
  const mark = isRecord(metadata) ? metadata[MARK] : null;
  return isRecord(mark) &&
    typeof mark.output === 'string' &&
    typeof mark.final === 'boolean'
    ? { output: mark.output, final: mark.final }
    : null;
}

function isRecord(data: unknown): data is Record<string, unknown> {
  return typeof data === 'object' && data !== null;
}
