/** Where somebody stands who enters, and who goes by another version from now on. Pure. */
import { durationMs } from '../match/duration.ts';
import type { Place, Run } from './run.ts';
import { leadsTo } from './flow.ts';
import type { Version } from './version.ts';

/** Somebody who enters, before the first step. */
export function firstPlace(version: Version, asOfMs: number): Place {
  return { step: version.steps[0]!.key, sinceMs: asOfMs, dueMs: asOfMs, seq: 0, phase: 'go' };
}

/** Those whom a shorter wait makes due leave over this time, so that they do not all leave at once. */
const SPREAD_MS = 10 * 60_000;

/**
 * The place under `to` of somebody who stands in `from`: at the same step, if it is still there, else at the next of what stood behind
 * it that is. A wait that was changed counts from when they came to it. Where no step is left, the step stays named, and who comes to
 * it exits (`step_removed`).
 */
export function moved(from: Version, to: Version, run: Pick<Run, 'id' | 'place'>, nowMs: number): Place {
  const { place } = run;
  if (to.index.has(place.step)) return { ...place, dueMs: dueUnder(from, to, run, nowMs) };
  const next = surviving(from, to, place.step);
  const { seq, heard, missed, passes } = place;
  return {
    step: next ?? place.step,
    sinceMs: nowMs,
    dueMs: nowMs,
    seq,
    phase: 'go',
    ...(heard ? { heard } : {}),
    ...(missed ? { missed } : {}),
    ...(passes ? { passes } : {}),
  };
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

function dueUnder(
  from: Version,
  to: Version,
  { id, place }: Pick<Run, 'id' | 'place'>,
  nowMs: number,
): number {
  const [before, now] = [from, to].map((version) => {
    const step = version.steps[version.index.get(place.step) ?? -1];
    if (!step) return undefined;
    if ('wait' in step) return durationMs(step.wait.for)!;
    return 'wait_for' in step ? durationMs(step.wait_for.timeout)! : undefined;
  });
  if (before === undefined || now === undefined || before === now) return place.dueMs;
  const dueMs = place.dueMs + now - before;
  return dueMs > nowMs ? dueMs : nowMs + (id % SPREAD_MS);
}
