/** Which code a run of a cell ran, so that its figures are not shown under other code. */
import type { Cell } from './protocol';

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) {
    byte = (byte >>> 1) ^ (byte & 1 ? 0xedb88320 : 0);
  }
  return byte;
});

/** The CRC-32 of a text's UTF-8, as the kernel gives that of the code that ran. */
export function crc32(text: string): number {
  let crc = -1;
  for (const byte of new TextEncoder().encode(text)) {
    crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 255] ?? 0);
  }
  return ~crc >>> 0;
}

/**
 * Whether a run of a cell may have run this code.
 *
 * @param crc - The code's CRC-32. Where the kernel does not know that of the run, what it
 * shows of the run's first line has to do.
 */
export function mayHaveRun(
  run: Pick<Cell, 'code_crc32' | 'title'>,
  code: string,
  crc: number
): boolean {
  return run.code_crc32 === null ? titleFits(run.title, code) : run.code_crc32 === crc;
}

/** Whether the kernel may have cut this title out of this code; an empty one says nothing. */
export function titleFits(title: string, code: string): boolean {
  if (title === '') {
    return true;
  }
  const first = code
    .split(/\r\n|[\n\r\v\f\u001c-\u001e\u0085\u2028\u2029]/)
    .map(line => line.replace(/[\s\p{Cc}]+/gu, ' ').trim())
    .find(line => line !== '' && !line.startsWith('%%carbon'));
  if (first === undefined) {
    return false;
  }
  return first === title || (title.endsWith('…') && first.startsWith(title.slice(0, -1)));
}
