/** Which code a run of a cell ran, so that figures are not shown under other code. */

/** So many sessions are remembered in a tab. */
const MOST_SESSIONS = 8;
/** So many runs of a session are. */
const MOST_RUNS = 2000;
const STORED = 'jupyter-carbon:ran';

/** A short name for a piece of code; blanks around it do not count. */
export function codeName(source: string): string {
  const code = source.trim();
  let hash = 0x811c9dc5;
  for (let at = 0; at < code.length; at++) {
    hash = Math.imul(hash ^ code.charCodeAt(at), 0x01000193);
  }
  return `${code.length.toString(36)}-${(hash >>> 0).toString(36)}`;
}

/** Whether the kernel may have cut this title out of this code; an empty one says nothing. */
export function titleFits(title: string, source: string): boolean {
  if (title === '') {
    return true;
  }
  const first = source
    .split(/\r\n|[\n\r\v\f\u001c-\u001e\u0085\u2028\u2029]/)
    .map(line => line.replace(/[\s\p{Cc}]+/gu, ' ').trim())
    .find(line => line !== '' && !line.startsWith('%%carbon'));
  if (first === undefined) {
    return false;
  }
  return first === title || (title.endsWith('…') && first.startsWith(title.slice(0, -1)));
}

type Stored = Record<string, Record<string, string>>;

/**
 * The code of each run of a session, by the run's key.
 *
 * It is told when a cell is sent, and kept in the tab, so that it is known after a reload.
 */
export class RanCode {
  constructor(private readonly _storage: Storage | null = tabStorage()) {}

  /** Another session's runs are asked for from here on. */
  begin(sessionId: string): void {
    if (sessionId === this._session) {
      return;
    }
    this._session = sessionId;
    this._known = new Map(
      Object.entries(this._read()[sessionId] ?? {}).map(([key, code]) => [
        Number(key),
        code
      ])
    );
  }

  /** The cell is sent to the kernel, with this code. */
  send(cellId: string, source: string): void {
    this._sent.set(cellId, { code: codeName(source), source });
  }

  /** The code that a run ran; null if nobody can say that it was the cell's. */
  of(run: { key: number; id: string; title: string }, source: string): string | null {
    const known = this._known.get(run.key);
    if (known !== undefined) {
      return known;
    }
    const sent = this._sent.get(run.id);
    if (sent !== undefined && titleFits(run.title, sent.source)) {
      this._sent.delete(run.id);
      this._note(run.key, sent.code);
      return sent.code;
    }
    // It ran before this page was there, or out of another one.
    if (titleFits(run.title, source)) {
      const code = codeName(source);
      this._note(run.key, code);
      return code;
    }
    return null;
  }

  private _note(key: number, code: string): void {
    this._known.set(key, code);
    this._timer ??= setTimeout(() => {
      this._timer = null;
      this._write();
    }, 200);
  }

  private _write(): void {
    if (this._storage === null || this._session === null) {
      return;
    }
    const { [this._session]: before, ...others } = this._read();
    const runs = Object.entries({ ...before, ...Object.fromEntries(this._known) });
    const sessions = Object.entries(others).slice(1 - MOST_SESSIONS);
    const stored: Stored = {
      ...Object.fromEntries(sessions),
      [this._session]: Object.fromEntries(runs.slice(-MOST_RUNS))
    };
    try {
      this._storage.setItem(STORED, JSON.stringify(stored));
    } catch {
      // The tab keeps no more: after a reload the titles have to do.
    }
  }

  private _read(): Stored {
    try {
      const stored: unknown = JSON.parse(this._storage?.getItem(STORED) ?? '{}');
      return isStored(stored) ? stored : {};
    } catch {
      return {};
    }
  }

  private _session: string | null = null;
  private _known = new Map<number, string>();
  private readonly _sent = new Map<string, { code: string; source: string }>();
  private _timer: ReturnType<typeof setTimeout> | null = null;
}

function isStored(data: unknown): data is Stored {
  return (
    typeof data === 'object' &&
    data !== null &&
    Object.values(data as Record<string, unknown>).every(
      runs =>
        typeof runs === 'object' &&
        runs !== null &&
        Object.values(runs as Record<string, unknown>).every(
          code => typeof code === 'string'
        )
    )
  );
}

function tabStorage(): Storage | null {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}
