/** Where an axis has its marks. Pure. */

const TOPS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10];
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const STEPS = [
  5 * SECOND,
  10 * SECOND,
  15 * SECOND,
  30 * SECOND,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  24 * HOUR
];

/** The top of an axis that holds this much with some room: a round number that seldom jumps. */
export function roundTop(most: number): number {
  const wanted = Math.max(1, most * 1.12);
  const size = 10 ** Math.floor(Math.log10(wanted));
  const top = TOPS.find(each => each * size >= wanted) ?? 10;
  return top * size;
}

/** Moments for at most `most` marks between two others, round in local time. */
export function roundTimes(from: number, to: number, most: number): number[] {
  const span = to - from;
  const step =
    STEPS.find(each => span / each <= most) ??
    24 * HOUR * Math.ceil(span / (24 * HOUR) / Math.max(1, most));
  const offset = new Date(from).getTimezoneOffset() * MINUTE;
  const times: number[] = [];
  for (let at = Math.ceil((from - offset) / step) * step + offset; at <= to; at += step) {
    times.push(at);
  }
  return times;
}
