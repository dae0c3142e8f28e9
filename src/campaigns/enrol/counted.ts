/** What steps do, counted. Pure. */
import type { Effect } from '../steps/run.ts';
import type { Changes } from './changes.ts';
import type { Arm, Enrolment } from './entry.ts';
import type { Member } from './member.ts';

/** Counts what is done at a step, and how many it is done with, where somebody comes to the step more than once. */
export function countEffect(
  member: Member,
  enrolment: Enrolment & { arm: Arm },
  { do: what, step: key, atMs }: Effect,
  changes: Changes,
): void {
  const metric = what === 'would_send' || what === 'send' ? (what === 'send' ? 'sent' : what) : 'done';
  changes.count(member, enrolment, metric, { step: key });
  if (!enrolment.place.passes?.[key]) changes.count(member, enrolment, `${metric}:first`, { step: key });
  const entry = member.entries.of(enrolment.id);
  if (metric === 'done' || !entry || entry.reachedMs !== null) return;
  entry.reachedMs = atMs;
  changes.keepEntry(member, entry);
}
