/** Times as people read them: near ones by how long ago, the exact one on hover. All by the clock that is given. */
import { createContext, useContext, useEffect, useState, type ReactElement } from 'react';
import { formatOf, momentOf, otherZone, wallOf } from './reader.ts';

/** How far the workspace's clock is ahead of ours. */
export const AheadMs = createContext(0);

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const short = new Intl.RelativeTimeFormat('en', { style: 'narrow', numeric: 'auto' });
const EXACT = { dateStyle: 'full', timeStyle: 'long' } as const;
const CLOCK = { hour: '2-digit', minute: '2-digit' } as const;
const DAY = { weekday: 'short', day: 'numeric', month: 'short' } as const;
const DAY_OF_YEAR = { day: 'numeric', month: 'short', year: 'numeric' } as const;
const THERE = { dateStyle: 'medium', timeStyle: 'short' } as const;

/** The time of day. */
export const clockText = (ms: number): string => formatOf(CLOCK).format(ms);
/** A moment in full, with its zone; in the workspace's zone as well, where that is another than the reader's. */
export function exactText(ms: number): string {
  const zone = otherZone();
  const here = formatOf(EXACT).format(ms);
  return zone === undefined ? here : `${here} (in ${zone}: ${formatOf(THERE, zone).format(ms)})`;
}

/** The day of a moment, as one says it. */
export function dayText(ms: number, nowMs: number): string {
  const days = Math.round((startOfDay(nowMs) - startOfDay(ms)) / DAY_MS);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  return formatOf(wallOf(ms).year === wallOf(nowMs).year ? DAY : DAY_OF_YEAR).format(ms);
}

function startOfDay(ms: number): number {
  const { year, month, day } = wallOf(ms);
  return momentOf(year, month, day);
}

/** How long ago, or until when, in as few letters as will do. */
export function agoText(ms: number, nowMs: number): string {
  const away = ms - nowMs;
  const size = Math.abs(away);
  if (size < MINUTE_MS) return 'now';
  if (size < HOUR_MS) return short.format(Math.trunc(away / MINUTE_MS), 'minute');
  if (size < DAY_MS) return short.format(Math.trunc(away / HOUR_MS), 'hour');
  if (size < 7 * DAY_MS) return short.format(Math.trunc(away / DAY_MS), 'day');
  return dayText(ms, nowMs);
}

/** How long something takes or took. */
export function spanText(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.max(0, Math.round(ms / SECOND_MS))} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  if (ms < DAY_MS) return `${Math.floor(ms / HOUR_MS)} h ${Math.floor((ms % HOUR_MS) / MINUTE_MS)} min`;
  return `${Math.floor(ms / DAY_MS)} d ${Math.floor((ms % DAY_MS) / HOUR_MS)} h`;
}

/** The time by the workspace's clock, told again every so often. */
export function useNow(everyMs = 15 * SECOND_MS): number {
  const aheadMs = useContext(AheadMs);
  const [nowMs, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), everyMs);
    return () => window.clearInterval(timer);
  }, [everyMs]);
  return nowMs + aheadMs;
}

/** A moment, by how far it is away. */
export function Ago({ at }: { at: string }): ReactElement {
  const nowMs = useNow();
  const ms = Date.parse(at);
  return (
    <time dateTime={at} title={exactText(ms)}>
      {agoText(ms, nowMs)}
    </time>
  );
}
