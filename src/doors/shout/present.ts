/** How this door writes: `id` first and the rest in the order of their names, times with microseconds and an offset (api/shout.md §C). */
import { msOf, offsetTime } from '../../base/microseconds.ts';
import { offsetAt } from '../../base/zones.ts';

/** The object with its fields in this door's order, and so all objects within it. */
export function inOrder<T>(shown: T): T {
  if (Array.isArray(shown)) return shown.map(inOrder) as T;
  if (typeof shown !== 'object' || shown === null || Object.getPrototypeOf(shown) !== Object.prototype)
    return shown;
  const names = Object.keys(shown).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return Object.fromEntries(names.map((name) => [name, inOrder((shown as never)[name])])) as T;
}

function rank(name: string): number {
  return name === 'id' ? 0 : 1;
}

/** An answer as it is written: how many pieces a line of an order has is printed with a decimal (api/shout.md §C.3). */
export function shoutJson(answer: unknown): string {
  return JSON.stringify(answer, function (this: unknown, name, value: unknown) {
    const isPieces = name === 'quantity' && (this as { object?: unknown }).object === 'order_line_item';
    // Node 24 has it; the types of the language do not yet.
    return isPieces && Number.isInteger(value)
      ? (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(`${String(value)}.0`)
      : value;
  });
}

/** An instant (unix microseconds) as `2023-06-21T22:06:02.799121-06:00`, by the wall of a time zone. */
export function instantIn(timeZone: string, us: number): string {
  return offsetTime(us, offsetAt(timeZone, msOf(us)));
}

/** The same of a time in milliseconds; null when there is none. */
export function timeIn<T extends number | null | undefined>(timeZone: string, ms: T): TextOf<T> {
  return (typeof ms === 'number' ? instantIn(timeZone, ms * 1000) : null) as TextOf<T>;
}

/** Null only of what may not be there. */
type TextOf<T> = T extends number ? string : null;
