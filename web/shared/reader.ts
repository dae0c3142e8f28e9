/**
 * In which zone and by which locale times and numbers are told to whoever looks: as he has said, else as the browser has them. One for the page, set
 * before anything of it is drawn.
 */

/** How somebody reads times. */
export type Reader = {
  timeZone?: string | undefined;
  locale?: string | undefined;
  /** The zone of the workspace that is open. */
  workspaceZone?: string | undefined;
};

let reader: Reader = {};
let formats = new Map<string, Intl.DateTimeFormat>();
let numbers = new Map<string, Intl.NumberFormat>();

/** Says whose page it is. */
export function setReader(next: Reader): void {
  const { timeZone, locale, workspaceZone } = reader;
  if (timeZone === next.timeZone && locale === next.locale && workspaceZone === next.workspaceZone) return;
  reader = next;
  formats = new Map();
  numbers = new Map();
}

/** The zone in which times are told. */
export function readerZone(): string {
  return reader.timeZone ?? new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** The zone of the workspace, where it is not the reader's. */
export function otherZone(): string | undefined {
  return reader.workspaceZone === readerZone() ? undefined : reader.workspaceZone;
}

/** What writes moments in a form, for the reader, or in another zone. */
export function formatOf(form: Intl.DateTimeFormatOptions, zone?: string): Intl.DateTimeFormat {
  const { timeZone = zone ?? reader.timeZone } = form;
  const name = JSON.stringify([form, timeZone]);
  const known = formats.get(name);
  if (known) return known;
  const made = new Intl.DateTimeFormat(reader.locale ?? 'en-GB', { ...form, timeZone });
  formats.set(name, made);
  return made;
}

/** A number as the reader writes it. */
export function numberText(n: number, form: Intl.NumberFormatOptions = {}): string {
  const name = JSON.stringify(form);
  const known = numbers.get(name) ?? new Intl.NumberFormat(reader.locale ?? 'en', form);
  numbers.set(name, known);
  return known.format(n);
}

/** What a clock and a calendar on the reader's wall say. */
export type Wall = { year: number; month: number; day: number; hour: number; minute: number; second: number };

let wall: { zone: string | undefined; format: Intl.DateTimeFormat } | undefined;

/** What they say at a moment. */
export function wallOf(ms: number): Wall {
  const zone = reader.timeZone;
  if (zone === undefined) {
    // The browser's own zone costs nothing to ask.
    const at = new Date(ms);
    const [year, month, day] = [at.getFullYear(), at.getMonth() + 1, at.getDate()];
    return { year, month, day, hour: at.getHours(), minute: at.getMinutes(), second: at.getSeconds() };
  }
  if (wall?.zone !== zone)
    wall = {
      zone,
      format: new Intl.DateTimeFormat('en-US', {
        timeZone: zone,
        hourCycle: 'h23',
        year: 'numeric',
        month: 'numeric',
        day: 'numeric',
        hour: 'numeric',
        minute: 'numeric',
        second: 'numeric',
      }),
    };
  const parts = wall.format.formatToParts(ms);
  const numberOf = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  return {
    year: numberOf('year'),
    month: numberOf('month'),
    day: numberOf('day'),
    hour: numberOf('hour'),
    minute: numberOf('minute'),
    second: numberOf('second'),
  };
}

/** How far the reader's clock is ahead of UTC at a moment. */
export function aheadOfUtcMs(ms: number): number {
  const { year, month, day, hour, minute } = wallOf(ms);
  const minuteMs = Math.floor(ms / 60_000) * 60_000;
  return Date.UTC(year, month - 1, day, hour, minute) - minuteMs;
}

/** The moment that a field for a time has (`2026-11-29T09:00`), unix ms; undefined where it has none. */
export function momentIn(text: string): number | undefined {
  const [year, month, day, hour, minute] =
    /^(\d{4,6})-(\d{2})-(\d{2})T(\d{2}):(\d{2})/.exec(text)?.slice(1) ?? [];
  return year === undefined
    ? undefined
    : momentOf(Number(year), Number(month), Number(day), Number(hour), Number(minute));
}

/** When they say so, unix ms; a day or month beyond the last runs over. */
export function momentOf(year: number, month: number, day: number, hour = 0, minute = 0): number {
  if (reader.timeZone === undefined) return new Date(year, month - 1, day, hour, minute).getTime();
  const wanted = Date.UTC(year, month - 1, day, hour, minute);
  // The offset of the zone is asked for at the moment that is found with the one before: it may have changed in between.
  let ms = wanted;
  for (let n = 0; n < 3; n++) {
    const now = wallOf(ms);
    const away = wanted - Date.UTC(now.year, now.month - 1, now.day, now.hour, now.minute, now.second);
    if (away === 0) break;
    ms += away;
  }
  return ms;
}
