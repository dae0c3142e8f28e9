/** Where somebody stands who enters, and who goes by another version from now on. Pure. */
import type { Facts } from '../match/facts.ts';
import type { Place, Run } from './run.ts';
import { leadsTo } from './flow.ts';
import { isWait, kindOf } from './kinds.ts';
import { nextInWindow } from './local.ts';
import { windowOf, type Version } from './version.ts';
import { endOf, restOver } from './waits.ts';

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

/** The same along their way; who comes back to a step is counted there. */
export function comesTo(
  { index }: Pick<Version, 'index'>,
  place: Place,
  step: string,
  asOfMs: number,
): Place {
  const { step: from, passes, phase } = place;
  // Who stands before it comes to it, and not back.
  const isBack = (index.get(from) ?? -1) >= index.get(step)! && phase !== 'go';
  const counted = isBack ? { ...passes, [step]: (passes?.[step] ?? 0) + 1 } : passes;
  return cameTo(step, { ...place, passes: counted }, asOfMs);
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

/**
 * The place of somebody who was moved and waits for something else now (`run.place`, as `moved` has it): who has done that already goes on with
 * those whom the change makes due.
 */
export function noticed(from: Version, to: Version, run: Run, facts: Facts, nowMs: number): Place {
  const { id, place, trigger } = run;
  const [was, is] = [from, to].map(({ steps, index }) => steps[index.get(place.step) ?? -1]);
  if (place.phase || !is || !('wait_for' in is) || JSON.stringify(was) === JSON.stringify(is)) return place;
  if (!endOf(is.wait_for, run, facts, { trigger, asOfMs: nowMs })) return place;
  return { ...place, dueMs: Math.min(place.dueMs, nowMs + (id % SPREAD_MS)) };
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
