/** Durations as people write them, `14d` or `1d12h`, and times of day. Pure. */

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/** Milliseconds of `14d`, `36h`, `1d12h`; undefined when it is none. A day is 24 hours. */
export function durationMs(text: string): number | undefined {
  const parts = [...text.matchAll(/(\d{1,9})([smhdw])/g)];
  if (!parts.length || parts.map(([part]) => part).join('') !== text) return undefined;
  return parts.reduce((ms, [, count, unit]) => ms + Number(count) * UNIT_MS[unit!]!, 0);
}

/** Minutes since midnight of `09:00`; undefined when it is no time of day. `24:00` is the end of the day. */
export function minuteOfText(text: string): number | undefined {
  const parts = /^(\d{2}):(\d{2})$/.exec(text);
  if (!parts) return undefined;
  const minute = Number(parts[1]) * 60 + Number(parts[2]);
  return Number(parts[2]) < 60 && minute <= 1440 ? minute : undefined;
}

/** Basis points of `10%` or `2.5%`, from 0 to 10,000; undefined when it is none. */
export function basisPoints(text: string): number | undefined {
  const parts = /^(\d{1,3}(?:\.\d{1,2})?)%$/.exec(text);
  const points = parts ? Math.round(Number(parts[1]) * 100) : undefined;
  return points !== undefined && points <= 10_000 ? points : undefined;
}
