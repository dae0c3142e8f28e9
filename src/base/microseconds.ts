/**
 * Instants finer than a millisecond, for what is told and answered with six digits: unix microseconds, which stay exact in a number
 * until the year 2255. Everything that only needs to know when uses milliseconds.
 */
import type { Clock } from './clock.ts';

const US_PER_MS = 1_000;
const US_PER_MINUTE = 60_000_000;

/** Readings of a clock, each later than the one before: the wall's milliseconds, and what the monotonic clock says between them. */
export function readingsOf(clock: Clock, aheadMs = 0): () => number {
  let lastUs = 0;
  return () => {
    const nowUs = (clock.nowMs() + aheadMs) * US_PER_MS + Math.floor((clock.monotonicMs() % 1) * US_PER_MS);
    lastUs = Math.max(lastUs + 1, Math.floor(nowUs));
    return lastUs;
  };
}

/** The millisecond an instant lies in. */
export function msOf(us: number): number {
  return Math.floor(us / US_PER_MS);
}

/** `2023-06-21T22:06:02.799121-06:00`, on a wall that is so far ahead of UTC. Offsets are told in minutes, as ISO 8601 has them. */
export function offsetTime(us: number, offsetMs: number): string {
  const minutes = Math.round((offsetMs * US_PER_MS) / US_PER_MINUTE);
  const wall = new Date(msOf(us) + minutes * 60_000).toISOString().slice(0, -1);
  const rest = String(((us % US_PER_MS) + US_PER_MS) % US_PER_MS).padStart(3, '0');
  const [hours, left] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map((part) =>
    String(part).padStart(2, '0'),
  );
  return `${wall}${rest}${minutes < 0 ? '-' : '+'}${hours}:${left}`;
}

/** What a text says of an instant; `offsetMinutes` undefined when it names no zone. */
type ReadInstant = { wallUs: number; offsetMinutes: number | undefined };

const FORM =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?(Z|UTC|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)?)?$/i;

/** Reads a date or a date and time by ISO 8601; undefined when it is none, or names no day there is. */
export function readInstant(text: string): ReadInstant | undefined {
  const parts = FORM.exec(text.trim());
  if (!parts) return undefined;
  const [, year, month, day, hour = '0', minute = '0', second = '0', fraction = '', zone] = parts;
  const numbers = [year, month, day, hour, minute, second].map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const wallMs = Date.UTC(numbers[0], numbers[1] - 1, ...(numbers.slice(2) as [number]));
  const wall = new Date(wallMs).toISOString();
  // The thirtieth of February would silently become the second of March.
  if (!wall.startsWith(`${year}-${month}-${day}T${hour.padStart(2, '0')}:${minute.padStart(2, '0')}:`))
    return undefined;
  if (Number(second) > 59) return undefined;
  const us = Number(fraction.padEnd(6, '0').slice(0, 6));
  return { wallUs: wallMs * US_PER_MS + us, offsetMinutes: offsetIn(zone) };
}

function offsetIn(zone: string | undefined): number | undefined {
  if (zone === undefined) return undefined;
  if (/^(?:z|utc)$/i.test(zone)) return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(3).replace(':', '') || '0')];
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}
