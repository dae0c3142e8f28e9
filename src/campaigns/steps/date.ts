/**
 * When a date of a contact comes: so long before or after it, at a time of their day, each year where it is yearly. Pure.
 *
 * A date without a time is a day on the contact's wall, and one with a time and no zone a time on it. One with both is an instant, unless a
 * time of day is asked for: then it is the day of it. 29 February is 28 February in years that have none.
 */
import { CAMPAIGN_LIMITS, type DateStep, type Trigger } from '../../../contract/campaign.ts';
import { parseIsoTime } from '../../base/clock.ts';
import { clientMs } from '../events/time.ts';
import { durationMs, minuteOfText } from '../match/duration.ts';
import { valueAt } from '../match/reading.ts';
import { dayOf, instantOf } from './local.ts';

const DAY_MS = 86_400_000;
/** Beyond the year 9999 nothing is a date: walls and calendars end not far behind it. */
const LAST_MS = Date.UTC(9999, 11, 31);
/** A day is greeted in the morning, unless it is said when. */
const MORNING = 9 * 60;

/** What is asked of a date. */
export type DateTrigger = Extract<Trigger, { date: object }>['date'];

/** Milliseconds of `-3d` or `2h`; undefined when it is none. */
export function offsetMs(text: string): number | undefined {
  const isBefore = text.startsWith('-');
  const ms = durationMs(isBefore ? text.slice(1) : text);
  return ms === undefined ? undefined : isBefore ? -ms : ms;
}

/**
 * A time that a date comes. `of` names the date that it is of, wherever its contact is: in another zone it comes at another time, and is the same
 * date.
 */
export type DateComes = { atMs: number; of: string };

/** The first time after `afterMs` that it comes, for a value of the attribute; undefined when it does not, or when that is no date. */
export function nextDate(
  asked: DateTrigger,
  value: unknown,
  zone: string,
  afterMs: number,
): DateComes | undefined {
  const offset = asked.offset === undefined ? 0 : offsetMs(asked.offset)!;
  const found = dateOf(value);
  if (!found) return undefined;
  if ('atMs' in found && asked.at === undefined && !asked.yearly) {
    const atMs = found.atMs + offset;
    return atMs > afterMs ? { atMs, of: `${found.atMs}` } : undefined;
  }
  const day = 'day' in found ? found.day : dayOf(found.atMs, zone);
  const said = 'day' in found ? found.minute : undefined;
  const minute = asked.at === undefined ? (said ?? MORNING) : minuteOfText(asked.at)!;
  const whole = offset % DAY_MS === 0 ? offset / DAY_MS : 0;
  const instant = (of: number) => instantOf(of + whole, minute, zone) + (whole === 0 ? offset : 0);
  const name = 'day' in found ? `${day}.${minute}` : `${found.atMs}`;
  if (!asked.yearly) return instant(day) > afterMs ? { atMs: instant(day), of: name } : undefined;
  const year = new Date(afterMs).getUTCFullYear();
  const first = new Date(day * DAY_MS).getUTCFullYear();
  for (let one = Math.max(first, year - 2); one <= Math.max(first, year + 2); one++) {
    const atMs = instant(inYear(day, one));
    if (atMs > afterMs) return { atMs, of: `${name} ${one}` };
  }
  return undefined;
}

/** When the date comes that a step waits for, from `asOfMs` on; a text says why it does not. */
export function comesAt(
  until: DateStep,
  attributes: Readonly<Record<string, unknown>>,
  zone: string,
  asOfMs: number,
): number | string {
  const { attribute } = until;
  const comesMs = nextDate(until, valueAt(attributes, attribute), zone, asOfMs - 1)?.atMs;
  if (comesMs === undefined) return `${attribute} is past, or no date`;
  return comesMs - asOfMs > CAMPAIGN_LIMITS.waitMs ? `${attribute} is more than 400 days away` : comesMs;
}

/** The same day of another year, as days since 1970. */
function inYear(day: number, year: number): number {
  const of = new Date(day * DAY_MS);
  const [month, date] = [of.getUTCMonth(), of.getUTCDate()];
  const ms = Date.UTC(year, month, date);
  // 29 February rolls over into March where there is none.
  return (new Date(ms).getUTCMonth() === month ? ms : Date.UTC(year, month, 28)) / DAY_MS;
}

/** On a wall, or an instant. */
type Dated = { day: number; minute?: number } | { atMs: number };

function dateOf(value: unknown): Dated | undefined {
  if (typeof value === 'number') {
    const atMs = clientMs(value);
    return Math.abs(atMs) <= LAST_MS ? { atMs } : undefined;
  }
  if (typeof value !== 'string') return undefined;
  const wall = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::\d{2}(?:\.\d{1,9})?)?)?$/.exec(value);
  if (!wall) {
    const atMs = parseIsoTime(value);
    return atMs === undefined ? undefined : { atMs };
  }
  const ms = parseIsoTime(`${wall[1]}T00:00:00Z`);
  const minute = wall[2] === undefined ? undefined : minuteOfText(wall[2]);
  if (ms === undefined || (wall[2] !== undefined && (minute === undefined || minute > 1439)))
    return undefined;
  return { day: ms / DAY_MS, ...(minute === undefined ? {} : { minute }) };
}
