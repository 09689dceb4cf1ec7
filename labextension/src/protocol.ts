/**
 * The messages between the kernel's meter and the surfaces: their types, as the schema
 * gives them, and the one place where unknown data becomes one of them.
 */
import { SHAPES, type FromKernel, type Shape, type ToKernel } from './protocol.gen';

export type * from './protocol.gen';

/** The comm target that the meter listens at. */
export const TARGET = 'jupyter_carbon';

/** The version of the format that this side speaks. */
export const VERSION = 1;

export type CommandName = ToKernel['name'];

/** The arguments of each command, by its name. */
export type CommandArgs = { [C in ToKernel as C['name']]: C['args'] };

/** Data that is no message of this version. */
export interface Refused {
  kind: 'refused';
  why: 'malformed' | 'version';
  /** Where it is malformed, or their version. */
  detail: string;
}

const KINDS = new Map([
  ['snapshot', 'Snapshot'],
  ['tick', 'Tick'],
  ['notice', 'Notice'],
  ['reply', 'Reply']
]);

/** Whether the kernel wants to hear something, to know that somebody still listens. */
export function asksForAnswer(data: unknown): boolean {
  return isRecord(data) && data.ping === true;
}

/**
 * Takes unknown data for a message from the kernel, or says why it is none.
 *
 * Keys that nobody knows are left alone; a message of another version is refused as such,
 * whatever else is in it.
 */
export function fromKernel(data: unknown): FromKernel | Refused {
  if (!isRecord(data)) {
    return malformed('the message');
  }
  if (data.v !== VERSION) {
    const theirs =
      typeof data.v === 'number' || typeof data.v === 'string' ? data.v : null;
    return theirs === null
      ? malformed('v')
      : { kind: 'refused', why: 'version', detail: `${theirs}` };
  }
  const name = typeof data.kind === 'string' ? KINDS.get(data.kind) : undefined;
  if (name === undefined) {
    return malformed('kind');
  }
  const fault = misfit(data, { ref: name }, name);
  // The one assertion on which all types stand: the shapes are the schema's, as the types are.
  return fault === null ? (data as unknown as FromKernel) : malformed(fault);
}

/** A command as it is sent. */
export function command<N extends CommandName>(
  id: string,
  name: N,
  args: CommandArgs[N]
): { v: typeof VERSION; kind: 'command'; id: string; name: N; args: CommandArgs[N] } {
  return { v: VERSION, kind: 'command', id, name, args };
}

/** Where data differs from a shape; null if it does not. */
function misfit(data: unknown, shape: Shape, path: string): string | null {
  if (typeof shape === 'string') {
    return isPlain(data, shape) ? null : path;
  }
  if ('ref' in shape) {
    const known = SHAPES[shape.ref];
    return known === undefined ? path : misfit(data, known, path);
  }
  if ('is' in shape) {
    return shape.is.includes(data) ? null : path;
  }
  if ('any' in shape) {
    return shape.any.some(each => misfit(data, each, path) === null) ? null : path;
  }
  if ('list' in shape) {
    return Array.isArray(data) ? firstMisfit(data.entries(), shape.list, path) : path;
  }
  if (!isRecord(data)) {
    return path;
  }
  if ('map' in shape) {
    return firstMisfit(Object.entries(data), shape.map, path);
  }
  for (const [name, each] of Object.entries(shape.keys)) {
    const optional = name.endsWith('?');
    const key = optional ? name.slice(0, -1) : name;
    const value = Object.hasOwn(data, key) ? data[key] : undefined;
    if (value === undefined && optional) {
      continue;
    }
    const fault = misfit(value, each, `${path}.${key}`);
    if (fault !== null) {
      return fault;
    }
  }
  return null;
}

function firstMisfit(
  entries: Iterable<[string | number, unknown]>,
  shape: Shape,
  path: string
): string | null {
  for (const [key, value] of entries) {
    const fault = misfit(value, shape, `${path}.${key}`);
    if (fault !== null) {
      return fault;
    }
  }
  return null;
}

function isPlain(data: unknown, shape: Shape & string): boolean {
  switch (shape) {
    case 'null':
      return data === null;
    case 'number':
      return Number.isFinite(data);
    case 'integer':
      return Number.isSafeInteger(data);
    default:
      return typeof data === shape;
  }
}

function isRecord(data: unknown): data is Record<string, unknown> {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}

function malformed(detail: string): Refused {
  return { kind: 'refused', why: 'malformed', detail };
}
