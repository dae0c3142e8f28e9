/**
 * Hours in which marketing may go, on the wall of whoever it goes to. Truth is a predicate of the wall (`allowed`), and ends are
 * instants: the first at which the predicate holds again. So 02:30 in the hour that spring loses opens at 03:00; in the hour that
 * autumn has twice, 01:30 opens, shuts when the wall jumps back, and opens again; a day or a midnight that does not exist needs no
 * case of its own. Pure but for what it remembers: the stretch around the last instant asked for, by zone and rule, so that a
 * recipient costs a look into a map.
 */
import { offsetChange, offsetsOf } from '../base/zones.ts';

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
  const offset = offsetsOf(timeZone);
  const openAt = (at: number) => !isQuiet(quiet, minuteOf(at, offset(at)));
  const open = openAt(ms);
  const boundary = open ? quiet.fromMinute : quiet.toMinute;
  let at = ms;
  for (;;) {
    const left = (boundary - minuteOf(at, offset(at)) + DAY_MINUTES) % DAY_MINUTES || DAY_MINUTES;
    const candidate = at - (at % MINUTE_MS) + left * MINUTE_MS;
    const changeMs = offsetChange(at, candidate, offset);
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

function minuteOf(ms: number, offset: number): number {
  const minutes = Math.floor((ms + offset) / MINUTE_MS);
  return ((minutes % DAY_MINUTES) + DAY_MINUTES) % DAY_MINUTES;
}
