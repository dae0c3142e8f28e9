/** Reads parts of JSON that came from outside, where every part may be missing or of another type. */
import { isObject } from '../../base/objects.ts';

/** An object as it may come from outside. */
export type Json = Record<string, unknown>;

/** A text that is not empty. */
export function textIn(object: Json | undefined, name: string): string | undefined {
  const value = object?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** An object. */
export function objectIn(object: Json | undefined, name: string): Json | undefined {
  const value = object?.[name];
  return isObject(value) ? value : undefined;
}

/** The objects of a list; none where there is no list. */
export function objectsIn(object: Json | undefined, name: string): Json[] {
  const value = object?.[name];
  return Array.isArray(value) ? (value as unknown[]).filter(isObject) : [];
}

/** What a table says of a name from outside; nothing of `constructor`, which every object has. */
export function entryOf<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}

/** Values that facts of a channel may hold: more are more than 64 kB, each with a comma, which is what is kept of them. */
export const MOST_FACTS = 32 * 1024;
/** What is deeper is not kept. */
const DEEPEST_FACT = 16;

/** Whether there are more values in it, all the way down: it is not gone through to the end. */
export function holdsMore(value: unknown, most: number): boolean {
  return isTooMuch(value, { left: most }, 0);
}

function isTooMuch(value: unknown, room: { left: number }, depth: number): boolean {
  if (--room.left < 0) return true;
  if (typeof value !== 'object' || value === null || depth >= DEEPEST_FACT) return false;
  return Object.values(value).some((inner) => isTooMuch(inner, room, depth + 1));
}
