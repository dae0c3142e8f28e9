/** Days as people choose them, such as `2026-11-29`: of the zone of who looks. */
import { momentOf, wallOf } from './reader.ts';

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;

/** A day that there is, from 1970 on; undefined where the text is none. */
export function dayIn(text: string | undefined): string | undefined {
  const begins = text === undefined ? undefined : startOf(text, 0);
  return begins !== undefined && wallOf(begins).year >= 1970 && dayOf(begins) === text ? text : undefined;
}

/** The day of a moment. */
export function dayOf(ms: number): string {
  const { year, month, day } = wallOf(ms);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`;
}

/** Whether two moments are of different days. */
export function isOtherDay(ms: number, otherMs: number): boolean {
  return dayOf(ms) !== dayOf(otherMs);
}

/** When a day begins, unix ms. */
export function dayBeginsMs(day: string): number {
  return startOf(day, 0) ?? 0;
}

/** When it is over, unix ms. */
export function dayEndsMs(day: string): number {
  return startOf(day, 1) ?? 0;
}

function startOf(day: string, later: number): number | undefined {
  const [, year, month, date] = DAY.exec(day) ?? [];
  return year === undefined ? undefined : momentOf(Number(year), Number(month), Number(date) + later);
}
