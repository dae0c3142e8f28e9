/** Where somebody stands who enters, and who goes by another version from now on. Pure. */
import type { Step } from '../../../contract/campaign.ts';
import { durationMs } from '../match/duration.ts';
import type { Place, Run } from './run.ts';
import { leadsTo } from './flow.ts';
import { isWait, kindOf } from './kinds.ts';
import { nextInWindow } from './local.ts';
import { windowOf, type Version } from './version.ts';
import { graceMsOf, restsUntil } from './waits.ts';

/** Somebody who enters, before the first step. */
export function firstPlace(version: Version, asOfMs: number): Place {
  return { step: version.steps[0]!.key, sinceMs: asOfMs, dueMs: asOfMs, seq: 0, phase: 'go' };
}

/** Where a step is come to, with what is kept of the way there. */
export function cameTo(
  step: string,
  {
    seq,
    passes,
    heard,
    missed,
  }: Pick<Place, 'seq' | 'heard' | 'missed'> & { passes?: Place['passes'] | undefined },
  asOfMs: number,
): Place {
  return {
    step,
    sinceMs: asOfMs,
    dueMs: asOfMs,
    seq,
    ...(passes ? { passes } : {}),
    ...(heard ? { heard } : {}),
    ...(missed ? { missed } : {}),
  };
}

/** Those whom a change makes due leave over this time, so that they do not all leave at once. */
const SPREAD_MS = 10 * 60_000;

/**
 * The place under `to` of somebody who stands in `from`: at the same step, if it is still there, else at the next of what stood behind
 * it that is. A wait that was changed counts from when they came to it; what does something else now is come to anew. Where no step is left, the
 * step stays named, and who comes to it exits (`step_removed`). `zone` is theirs.
 */
export function moved(
  from: Version,
  to: Version,
  { id, place }: Pick<Run, 'id' | 'place'>,
  zone: string,
  nowMs: number,
): Place {
  const [was, is] = [from, to].map(({ steps, index }) => steps[index.get(place.step) ?? -1]);
  if (!is) return { ...cameTo(surviving(from, to, place.step) ?? place.step, place, nowMs), phase: 'go' };
  // Nobody has come to it yet, or it is what it was.
  if (place.phase === 'go' || !was || JSON.stringify(was) === JSON.stringify(is)) return place;
  const over = (dueMs: number) => (dueMs > nowMs ? dueMs : nowMs + (id % SPREAD_MS));
  if (!isWait(is) || !isWait(was))
    return kindOf(was) === kindOf(is)
      ? place
      : { ...cameTo(place.step, place, nowMs), phase: 'go', dueMs: over(nowMs) };
  if ('wait_until' in is) {
    const { wait_until: until } = is;
    // A date is asked for at once: it may be near.
    return 'attribute' in until
      ? { ...place, dueMs: nowMs }
      : { ...place, dueMs: over(nextInWindow(windowOf(until), until.zone ?? zone, nowMs)) };
  }
  const [before, now] = [was, is].map((step) => restOver(step, place, zone));
  return before === now ? place : { ...place, dueMs: over(now!), zone };
}

/** When a wait is over that somebody is in; undefined of one for a date or for hours. */
function restOver(step: Step, { sinceMs, heldMs = 0 }: Place, zone: string): number | undefined {
  const fromMs = sinceMs + heldMs;
  if ('wait' in step) return restsUntil(step.wait, zone, fromMs + durationMs(step.wait.for)!);
  if (!('wait_for' in step)) return undefined;
  return fromMs + durationMs(step.wait_for.timeout)! + graceMsOf(step.wait_for);
}

/** The first step behind one that was removed which is still there, along what stood behind it. */
function surviving(from: Version, to: Version, removed: string): string | undefined {
  const seen = new Set<string>();
  let key = removed;
  while (!seen.has(key)) {
    seen.add(key);
    const at = from.index.get(key);
    if (at === undefined) return undefined;
    key = leadsTo(from.steps, at, 'wait_for' in from.steps[at]! ? 'timeout' : 'next');
    if (to.index.has(key)) return key;
  }
  return undefined;
}
