/** Times as people read them: near ones by how long ago, the exact one on hover. All by the clock that is given. */
import { createContext, useContext, useEffect, useState, type ReactElement } from 'react';

/** How far the workspace's clock is ahead of ours. */
export const AheadMs = createContext(0);

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const short = new Intl.RelativeTimeFormat('en', { style: 'narrow', numeric: 'auto' });
const exact = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'long' });
const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short' });
const dayOfYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

/** The time of day. */
export const clockText = (ms: number): string => clock.format(ms);
/** A moment in full, with its zone. */
export const exactText = (ms: number): string => exact.format(ms);

/** The day of a moment, as one says it. */
export function dayText(ms: number, nowMs: number): string {
  const days = Math.round((startOfDay(nowMs) - startOfDay(ms)) / DAY_MS);
  if (days === 0) return 'Today';
  if (days === 1) return 'Yesterday';
  return new Date(ms).getFullYear() === new Date(nowMs).getFullYear() ? day.format(ms) : dayOfYear.format(ms);
}

function startOfDay(ms: number): number {
  return new Date(ms).setHours(0, 0, 0, 0);
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
