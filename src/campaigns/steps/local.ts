/**
 * Times on the wall of a zone. A wall time that does not exist is the first instant after the gap; one that exists twice is the first of
 * the two. Pure.
 */
import { offsetAt, offsetChange, offsetsOf } from '../../base/zones.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Hours and days on a wall: minutes of the day from `from` to `to` (past midnight when `to` is not after `from`), days 0 = Monday. */
export type Window = { from: number; to: number; days: ReadonlySet<number> };

/** The first instant from `ms` on that lies in the window: `ms` itself, or an opening. */
export function nextInWindow(window: Window, zone: string, ms: number): number {
  const today = dayOf(ms, zone);
  // A window that began yesterday may reach over midnight.
  for (let day = today - 1; day <= today + 8; day++) {
    if (!window.days.has(weekday(day))) continue;
    const opens = instantOf(day, window.from, zone);
    const closes = instantOf(window.to > window.from ? day : day + 1, window.to, zone);
    if (ms < closes) return Math.max(ms, opens);
  }
  return ms;
}

/** The first instant from `ms` on at which the wall shows a minute of the day. */
export function nextAtMinute(minute: number, zone: string, ms: number): number {
  const today = dayOf(ms, zone);
  const found = instantOf(today, minute, zone);
  return found >= ms ? found : instantOf(today + 1, minute, zone);
}

/** The instant at which the wall of a zone shows this minute of a day (days since 1970). */
export function instantOf(day: number, minute: number, zone: string): number {
  const wallMs = day * DAY_MS + minute * MINUTE_MS;
  // One of the two offsets around it is right, or both, or, in a gap, neither.
  const before = offsetAt(zone, wallMs - DAY_MS);
  const after = offsetAt(zone, wallMs + DAY_MS);
  const candidates = [wallMs - before, wallMs - after].sort((a, b) => a - b);
  const right = candidates.find((ms) => ms + offsetAt(zone, ms) === wallMs);
  const [from, to] = candidates as [number, number];
  return right ?? offsetChange(from, to, offsetsOf(zone)) ?? to;
}

/** The day that the wall of a zone shows, as days since 1970. */
export function dayOf(ms: number, zone: string): number {
  return Math.floor((ms + offsetAt(zone, ms)) / DAY_MS);
}

/** Monday is 0; 1970 began on a Thursday. */
function weekday(day: number): number {
  return (((day + 3) % 7) + 7) % 7;
}
