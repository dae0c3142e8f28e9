/**
 * What a date in a text is, before it is written: on the contact's wall, or an instant, as it is for campaigns (campaigns/steps/date.ts). Without this the engine
 * reads a text without a zone by the zone of this machine, and moves a birthday to the day before where the contact's zone is asked for. Pure.
 */

/** From here on a number is milliseconds, as it is in events: below it is seconds (the year 5138). */
const MILLISECONDS_FROM = 1e11;
const ZONED = /(?:z|utc|gmt|[+-]\d{2}:?\d{2}|\b[a-z]{1,4}t)\)?$/i;
const ISO = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)?$/;

const DAY = /^\s*(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)/;

/** What a filter is given of a date, with a wall as it stands: whatever zone is asked for. */
export function dateGiven(filter: string, value: unknown, args: readonly unknown[]): [unknown, ...unknown[]] {
  if (!filter.startsWith('date')) return [value, ...args];
  const wallMs = typeof value === 'string' ? wallOf(value.trim()) : undefined;
  // The format alone; the other filters of dates have no zone.
  if (wallMs !== undefined) return [new Date(wallMs), ...(filter === 'date' ? args.slice(0, 1) : args)];
  return [inSeconds(value), ...args];
}

/** Whether a text names a day that its month has not, which the engine takes for one of the next: it is no date, and is written as it stands. */
export function isNoDay(filter: string, value: unknown): boolean {
  const said = filter.startsWith('date') && typeof value === 'string' ? DAY.exec(value) : null;
  if (!said) return false;
  const [year, month, day] = said.slice(1).map(Number) as [number, number, number];
  return day > new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** The instant at which the wall of UTC shows a text that has no zone; undefined of all others. */
function wallOf(text: string): number | undefined {
  if (text === 'now' || text === 'today' || /^-?\d+(?:\.\d+)?$/.test(text) || ZONED.test(text))
    return undefined;
  const ms = Date.parse(
    ISO.test(text) ? `${text.replace(' ', 'T')}${text.length > 10 ? 'Z' : ''}` : `${text} UTC`,
  );
  return Number.isNaN(ms) ? undefined : ms;
}

function inSeconds(value: unknown): unknown {
  const number = typeof value === 'string' && /^\d{12,}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Math.abs(number) >= MILLISECONDS_FROM ? number / 1000 : value;
}
