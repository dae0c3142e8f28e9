/**
 * Room under a frequency cap. A mark is one cause that a person was written to for, with its time: counted once however many devices,
 * channels and attempts it took. Pure; the marks are read, locked and written where messages are let through.
 */
import type { FrequencyCap } from './settings.ts';

/** What a person was sent. Times by the workspace's clock. */
export type Mark = { causeId: number; atMs: number };

/** There is room, and these are the marks from now on; or there is none before an instant. */
type Reserved = { marks: Mark[] } | { freeMs: number };

/** Beyond so many no cap reaches (a cap's `most` is at most 1,000), and older ones are of no use. */
const MOST_MARKS = 1000;

/** Takes room for a cause, if there is any. A cause that has its mark already takes it along to now. */
export function reserve(cap: FrequencyCap, marks: readonly Mark[], causeId: number, nowMs: number): Reserved {
  const freeMs = freeAt(cap, marks, causeId, nowMs);
  if (freeMs !== undefined) return { freeMs };
  const kept = marks.filter((mark) => mark.causeId !== causeId && mark.atMs > nowMs - cap.perMs);
  return { marks: [...kept, { causeId, atMs: nowMs }].slice(-MOST_MARKS) };
}

/** When there is room for a cause; undefined when there is now. The instant at which the oldest mark in the way leaves. */
export function freeAt(
  cap: FrequencyCap,
  marks: readonly Mark[],
  causeId: number | undefined,
  nowMs: number,
): number | undefined {
  const others = marks
    .filter((mark) => mark.causeId !== causeId && mark.atMs > nowMs - cap.perMs)
    .map(({ atMs }) => atMs)
    .sort((a, b) => b - a);
  return others.length < cap.most ? undefined : others[cap.most - 1]! + cap.perMs;
}
