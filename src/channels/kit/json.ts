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
