/**
 * Reading what people write, strictly: the first rule that is broken is told with the path of its field, and a key that means nothing
 * is refused. What reads throws `Broken`, which `reading` makes a fault of.
 */
import { fault, type Fault } from '../../base/fault.ts';
import { hasSigns, isStorable } from '../../base/storable.ts';
import { durationMs } from './duration.ts';

/** A rule that was broken. Never leaves this room. */
class Broken extends Error {
  readonly fault: Fault;
  constructor(broken: Fault) {
    super(broken.message);
    this.fault = broken;
  }
}

/** What `read` returns, or the fault of the first rule that is broken in it. */
export function reading<T>(read: () => T): T | Fault {
  try {
    return read();
  } catch (error) {
    if (error instanceof Broken) return error.fault;
    throw error;
  }
}

/** Ends reading. */
export function breaks(path: string, rule: string): never {
  throw new Broken(fault('bad_request', `${path}: ${rule}`, { field: path }));
}

/** An object with none but these keys. */
export function objectAt(value: unknown, path: string, keys: readonly string[]): Record<string, unknown> {
  const object = recordAt(value, path);
  const odd = Object.keys(object).find((key) => !keys.includes(key));
  if (odd !== undefined) breaks(`${path}.${odd}`, `is not known; known are ${keys.join(', ')}`);
  return object;
}

/** An object with any keys. */
export function recordAt(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) breaks(path, 'must be an object');
  return value as Record<string, unknown>;
}

/** The one of some keys that an object has. */
export function oneOf<K extends string>(
  object: Record<string, unknown>,
  keys: readonly K[],
  path: string,
): K {
  const found = keys.filter((key) => object[key] !== undefined);
  if (found.length !== 1) breaks(path, `must have exactly one of ${keys.join(', ')}`);
  return found[0]!;
}

/** A text that can be stored. */
export function textAt(value: unknown, path: string, most = 200, least = 1): string {
  if (typeof value !== 'string' || !hasSigns(value, least, most))
    breaks(path, `must be a text of ${least} to ${most} characters`);
  if (!isStorable(value)) breaks(path, 'has a character that cannot be stored');
  return value;
}

/** A name by which other parts refer to it. */
export function keyAt(value: unknown, path: string): string {
  const key = textAt(value, path, 64);
  if (!/^[a-z0-9][a-z0-9_-]*$/.test(key))
    breaks(path, 'must be lower-case letters, digits, - and _, and begin with a letter or digit');
  return key;
}

/** One of some words. */
export function wordAt<T extends string>(value: unknown, path: string, words: readonly T[]): T {
  if (!words.includes(value as T)) breaks(path, `must be one of ${words.join(', ')}`);
  return value as T;
}

/** A whole number within bounds. */
export function wholeAt(value: unknown, path: string, least: number, most: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
    breaks(path, `must be a whole number from ${least} to ${most}`);
  return value;
}

/** True or false. */
export function flagAt(value: unknown, path: string): boolean {
  if (typeof value !== 'boolean') breaks(path, 'must be true or false');
  return value;
}

/** A list of so many. */
export function listAt(value: unknown, path: string, least: number, most: number): unknown[] {
  if (!Array.isArray(value) || value.length < least || value.length > most)
    breaks(path, `must be a list of ${least} to ${most}`);
  return value;
}

/** A duration as it is written. */
export function durationAt(value: unknown, path: string, leastMs: number, mostMs: number): string {
  const ms = typeof value === 'string' ? durationMs(value) : undefined;
  if (ms === undefined) breaks(path, 'must be a duration such as 30m, 36h or 14d');
  if (ms < leastMs || ms > mostMs)
    breaks(path, `must be from ${leastMs / 1000} s to ${mostMs / 86_400_000} days`);
  return value as string;
}

/** A dotted path into properties or attributes. */
export function pathAt(value: unknown, path: string): string {
  const text = textAt(value, path, 256);
  if (text.split('.').some((part) => part === '' || part === '__proto__'))
    breaks(path, 'must be names with dots between them');
  return text;
}

/** The value at a dotted path; a name that has a dot in it is found whole first. */
export function valueAt(object: Readonly<Record<string, unknown>> | null | undefined, path: string): unknown {
  if (!object) return undefined;
  if (Object.hasOwn(object, path)) return object[path] ?? undefined;
  let value: unknown = object;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value ?? undefined;
}
