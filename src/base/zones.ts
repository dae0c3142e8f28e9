/**
 * Time zones: how far the wall of each is ahead of UTC, and when that changes. Read from `Intl`. Making a formatter costs about 50 µs, so they
 * are kept; so is that a name is none.
 */

/** How far a zone's wall is ahead of UTC at an instant, in milliseconds. */
type OffsetAt = (ms: number) => number;

const walls = new Map<string, OffsetAt | undefined>();
/** There are some 600 zones; names that callers make up are not kept without end. */
const MOST_ZONES = 2_000;

/** True for the name of a time zone that this machine knows. */
export function isTimeZone(name: string): boolean {
  return wallOf(name) !== undefined;
}

/** The offsets of a zone; those of UTC where this machine does not know the zone. */
export function offsetsOf(timeZone: string): OffsetAt {
  return wallOf(timeZone) ?? wallOf('UTC')!;
}

/** How far the wall of a zone is ahead of UTC at an instant, in milliseconds; that of UTC where this machine does not know the zone. */
export function offsetAt(timeZone: string, ms: number): number {
  return offsetsOf(timeZone)(ms);
}

/** The first instant after `fromMs` and up to `toMs` at which the wall jumps; undefined when it does not. Less than two days apart. */
export function offsetChange(fromMs: number, toMs: number, at: OffsetAt): number | undefined {
  const before = at(fromMs);
  if (at(toMs) === before) return undefined;
  let [low, high] = [fromMs, toMs];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (at(middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

function wallOf(timeZone: string): OffsetAt | undefined {
  if (walls.has(timeZone)) return walls.get(timeZone);
  if (walls.size >= MOST_ZONES) walls.clear();
  const wall = makeWall(timeZone);
  walls.set(timeZone, wall);
  return wall;
}

function makeWall(timeZone: string): OffsetAt | undefined {
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone, timeZoneName: 'longOffset' });
    return (ms) => offsetOf(format.formatToParts(ms).find(({ type }) => type === 'timeZoneName')!.value);
  } catch {
    return undefined;
  }
}

/** `GMT`, `GMT+05:30`, `GMT-00:44:30`. */
function offsetOf(text: string): number {
  const parts = /^GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(text)!;
  const seconds = Number(parts[2] ?? 0) * 3600 + Number(parts[3] ?? 0) * 60 + Number(parts[4] ?? 0);
  return (parts[1] === '-' ? -seconds : seconds) * 1000;
}
