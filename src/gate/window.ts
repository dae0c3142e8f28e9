/**
 * Hours in which marketing may go, on the wall of whoever it goes to. Truth is a predicate of the wall (`allowed`), and ends are
 * instants: the first at which the predicate holds again. So 02:30 in the hour that spring loses opens at 03:00; in the hour that
 * autumn has twice, 01:30 opens, shuts when the wall jumps back, and opens again; a day or a midnight that does not exist needs no
 * case of its own. Pure but for what it remembers: the stretch around the last instant asked for, by zone and rule, so that a
 * recipient costs a look into a map.
 */

/** Hours that are quiet, as minutes of the day 0..1439. From a later to an earlier minute they go over midnight. Never equal. */
export type QuietHours = { fromMinute: number; toMinute: number };

/** True when the wall of a zone is outside quiet hours. */
export function allowed(quiet: QuietHours, timeZone: string, ms: number): boolean {
  return stretchAt(quiet, timeZone, ms).open;
}

/** The first instant from `ms` on that is allowed; `ms` itself when it is. */
export function nextOpen(quiet: QuietHours, timeZone: string, ms: number): number {
  const stretch = stretchAt(quiet, timeZone, ms);
  return stretch.open ? ms : stretch.endMs;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;

/** As long as the predicate stays what it is. `startMs` is the earliest instant it was asked for, not necessarily its beginning. */
type Stretch = { open: boolean; startMs: number; endMs: number };

const stretches = new Map<string, Stretch>();
/** Zones of the world times a few rules; beyond it somebody is trying rules out. */
const MOST_STRETCHES = 10_000;

function stretchAt(quiet: QuietHours, timeZone: string, ms: number): Stretch {
  const key = `${quiet.fromMinute}-${quiet.toMinute} ${timeZone}`;
  const known = stretches.get(key);
  if (known && ms >= known.startMs && ms < known.endMs) return known;
  if (stretches.size >= MOST_STRETCHES) stretches.clear();
  const found = findStretch(quiet, timeZone, ms);
  stretches.set(key, found);
  return found;
}

/** From boundary to boundary of the wall, and from change to change of the zone's offset, until the predicate changes. */
function findStretch(quiet: QuietHours, timeZone: string, ms: number): Stretch {
  const offsetAt = wallOf(timeZone) ?? wallOf('UTC')!;
  const openAt = (at: number) => !isQuiet(quiet, minuteOf(at, offsetAt));
  const open = openAt(ms);
  const boundary = open ? quiet.fromMinute : quiet.toMinute;
  let at = ms;
  for (;;) {
    const left = (boundary - minuteOf(at, offsetAt) + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
    const candidate = at - (at % MINUTE_MS) + left * MINUTE_MS;
    const changeMs = offsetChange(at, candidate, offsetAt);
    if (changeMs === undefined) return { open, startMs: ms, endMs: candidate };
    if (openAt(changeMs) !== open) return { open, startMs: ms, endMs: changeMs };
    at = changeMs;
  }
}

function isQuiet({ fromMinute, toMinute }: QuietHours, minute: number): boolean {
  return fromMinute <= toMinute
    ? minute >= fromMinute && minute < toMinute
    : minute >= fromMinute || minute < toMinute;
}

/** The first instant after `fromMs` and up to `toMs` at which the wall jumps; undefined when it does not. Less than two days apart. */
function offsetChange(fromMs: number, toMs: number, offsetAt: OffsetAt): number | undefined {
  const before = offsetAt(fromMs);
  if (offsetAt(toMs) === before) return undefined;
  let [low, high] = [fromMs, toMs];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

function minuteOf(ms: number, offsetAt: OffsetAt): number {
  const minutes = Math.floor((ms + offsetAt(ms)) / MINUTE_MS);
  return ((minutes % DAY_MINUTES) + DAY_MINUTES) % DAY_MINUTES;
}

/** How far a zone's wall is ahead of UTC at an instant, in milliseconds. */
type OffsetAt = (ms: number) => number;

/** Making a formatter costs about 50 µs, so they are kept; what a zone is not called stays unknown. */
const walls = new Map<string, OffsetAt | undefined>();

function wallOf(timeZone: string): OffsetAt | undefined {
  if (walls.has(timeZone)) return walls.get(timeZone);
  if (walls.size >= MOST_STRETCHES) walls.clear();
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

/** How far the wall of a zone is ahead of UTC at an instant, in milliseconds; that of UTC where this machine does not know the zone. */
export function offsetAt(timeZone: string, ms: number): number {
  return (wallOf(timeZone) ?? wallOf('UTC')!)(ms);
}
