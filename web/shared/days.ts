/** Days as people choose them, such as `2026-11-29`: of the zone of who looks. Pure. */

const DAY = /^(\d{4})-(\d{2})-(\d{2})$/;

/** A day that there is, from 1970 on; undefined where the text is none. */
export function dayIn(text: string | undefined): string | undefined {
  const begins = text === undefined ? undefined : startOf(text, 0);
  return begins !== undefined && begins.getFullYear() >= 1970 && dayOf(begins.getTime()) === text
    ? text
    : undefined;
}

/** The day of a moment. */
export function dayOf(ms: number): string {
  const at = new Date(ms);
  const two = (n: number) => String(n).padStart(2, '0');
  return `${String(at.getFullYear()).padStart(4, '0')}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** When a day begins, unix ms. */
export function dayBeginsMs(day: string): number {
  return startOf(day, 0)?.getTime() ?? 0;
}

/** When it is over, unix ms. */
export function dayEndsMs(day: string): number {
  return startOf(day, 1)?.getTime() ?? 0;
}

function startOf(day: string, later: number): Date | undefined {
  const [, year, month, date] = DAY.exec(day) ?? [];
  return year === undefined ? undefined : new Date(Number(year), Number(month) - 1, Number(date) + later);
}
