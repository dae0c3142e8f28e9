/** What takes somebody out of a campaign that they are in, or would come into. Pure. */
import { isLookedFor } from '../match/evaluate.ts';
import type { Around, Facts, Seen } from '../match/facts.ts';
import type { Ending, Run } from './run.ts';
import type { Version } from './version.ts';
import { isBehind } from './waits.ts';

/** Whether an event that is told of somebody takes them out. What was done before what set them off does not, whenever it is told. */
export function takesOut(
  { exits }: Pick<Version, 'exits'>,
  event: Seen,
  { enteredMs, trigger }: Pick<Run, 'enteredMs' | 'trigger'>,
  facts: Facts,
  around: Around,
): boolean {
  if (event.atMs < Math.min(enteredMs, trigger?.atMs ?? enteredMs)) return false;
  return exits.some((exit) => exit.event === event.name && isLookedFor(exit, event, facts, around));
}

/** What of all that somebody did behind what set them off, and was told before they enter, takes them out: the first of it. */
export function leftBy(
  { exits }: Pick<Version, 'exits'>,
  { trigger }: Pick<Run, 'trigger'>,
  facts: Facts,
  around: Around,
): Seen | undefined {
  if (!trigger) return undefined;
  // What came of an event (they are in a segment now) is no older than that event.
  const isSince = (event: Seen) => (trigger.order > 0 ? isBehind(event, trigger) : event.atMs > trigger.atMs);
  const found = exits.flatMap(
    (exit) =>
      facts
        .events(exit.event, trigger.atMs)
        .findLast((event) => !event.isHistory && isSince(event) && isLookedFor(exit, event, facts, around)) ??
      [],
  );
  return found.toSorted((a, b) => a.atMs - b.atMs)[0];
}

/** How it ends for who did it. */
export function endingBy({ name }: Seen): Ending {
  return { exited: name === '$unsubscribed' ? 'unsubscribed' : 'event' };
}
