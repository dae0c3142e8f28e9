/** What ends a wait, and until when it lasts. Pure. */
import type { SendStep, Step, WaitForStep, WaitStep } from '../../../contract/campaign.ts';
import { durationMs, minuteOfText } from '../match/duration.ts';
import { isLookedFor } from '../match/evaluate.ts';
import type { Around, Facts, Seen } from '../match/facts.ts';
import { nextAtMinute } from './local.ts';
import type { Place, Run } from './run.ts';
import { isOfSend } from './told.ts';

const LATE_BY_MS = 24 * 3600_000;

/** Whether a message that is so late is not worth sending any more. */
export function isTooLate({ lateBy }: Pick<SendStep, 'lateBy'>, lateMs: number): boolean {
  return lateMs > (lateBy === undefined ? LATE_BY_MS : durationMs(lateBy)!);
}

/** Whether an event ends a wait of somebody who came to it at `run.place.sinceMs`. */
export function endsWait(wait: WaitForStep, event: Seen, run: Run, facts: Facts, around: Around): boolean {
  // What is told as history ends nothing.
  if (event.isHistory) return false;
  const { sinceMs, heldMs = 0, heard } = run.place;
  if (event.atMs < countsFromMs(wait, run)) return false;
  if (event.atMs > sinceMs + heldMs + durationMs(wait.timeout)!) return false;
  const last = heard?.[wait.event];
  // What ended a wait ends no other, nor does what was done before it.
  if (last && (event.atMs < last[0] || (event.atMs === last[0] && event.key === last[1]))) return false;
  return fitsWait(wait, event, run, facts, around);
}

/** The first of what was done already that ends a wait of somebody who came to it at `run.place.sinceMs`. */
export function endOf(wait: WaitForStep, run: Run, facts: Facts, around: Around): Seen | undefined {
  return facts
    .events(wait.event, countsFromMs(wait, run))
    .findLast((event) => endsWait(wait, event, run, facts, around));
}

/** Whether an event is what somebody waited for at a step, whose time for it is over. */
export function isLate(
  steps: readonly Step[],
  event: Seen,
  run: Pick<Run, 'id' | 'trigger'> & { place: Pick<Run['place'], 'missed'> },
  facts: Facts,
  around: Around,
): boolean {
  const missed = run.place.missed?.[event.name];
  const waited = missed === undefined ? undefined : steps.find(({ key }) => key === missed);
  return waited !== undefined && 'wait_for' in waited && fitsWait(waited.wait_for, event, run, facts, around);
}

/** Whether an event is what a wait is for, whenever it was done. */
function fitsWait(
  wait: WaitForStep,
  event: Seen,
  { id, trigger }: Pick<Run, 'id' | 'trigger'>,
  facts: Facts,
  around: Around,
): boolean {
  if (event.name !== wait.event) return false;
  if (trigger && event.name === trigger.name && !isBehind(event, trigger)) return false;
  if (wait.of !== undefined && !isOfSend(event, id, wait.of)) return false;
  return isLookedFor(wait, event, facts, around);
}

/** Whether of two of one name the first was done after the other: what was done at one instant was done in the order in which it came. */
export function isBehind(event: Seen, trigger: Seen): boolean {
  if (event.key === trigger.key) return false;
  return event.atMs !== trigger.atMs || event.order > trigger.order;
}

/** Since when what was done ends a wait of somebody who came to it at `run.place.sinceMs`. */
function countsFromMs({ since }: WaitForStep, { trigger, enteredMs, place }: Run): number {
  if (since === 'step') return place.sinceMs;
  if (typeof since === 'object') return place.sinceMs - durationMs(since.ago)!;
  return trigger?.atMs ?? enteredMs;
}

/** How much longer than its time a wait goes on, for what was done in time and is told late (ms). */
export function graceMsOf({ grace, timeout }: Pick<WaitForStep, 'grace' | 'timeout'>): number {
  return grace ? Math.min(60_000, durationMs(timeout)! / 10) : 0;
}

/** When a rest ends that is over at `restMs`: then, or when the wall of a zone next shows the minute that is asked for. */
export function restsUntil({ thenAt }: Pick<WaitStep, 'thenAt'>, zone: string, restMs: number): number {
  return thenAt === undefined ? restMs : nextAtMinute(minuteOfText(thenAt)!, zone, restMs);
}

/** When a wait is over that somebody is in; undefined of one for a date or for hours. */
export function restOver(
  step: Step,
  { sinceMs, heldMs = 0 }: Pick<Place, 'sinceMs' | 'heldMs'>,
  zone: string,
): number | undefined {
  const fromMs = sinceMs + heldMs;
  if ('wait' in step) return restsUntil(step.wait, zone, fromMs + durationMs(step.wait.for)!);
  if (!('wait_for' in step)) return undefined;
  return fromMs + durationMs(step.wait_for.timeout)! + graceMsOf(step.wait_for);
}
