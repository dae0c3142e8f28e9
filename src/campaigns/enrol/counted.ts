/** What steps do, counted. Pure. */
import type { Effect, StepDecision } from '../steps/run.ts';
import type { Changes } from './changes.ts';
import { ARM, type Arm, type Enrolment } from './entry.ts';
import type { Member } from './member.ts';

/** Counts what is done at a step, and how many it is done with, where somebody comes to the step more than once. */
export function countEffect(
  member: Member,
  enrolment: Enrolment & { arm: Arm },
  { do: what, step: key, atMs }: Effect,
  changes: Changes,
): void {
  const metric = what === 'would_send' || what === 'send' ? (what === 'send' ? 'sent' : what) : 'done';
  countAt(member, enrolment, metric, key, changes);
  const entry = member.entries.of(enrolment.id);
  if (metric === 'done' || !entry || entry.reachedMs !== null) return;
  entry.reachedMs = atMs;
  changes.keepEntry(member, entry);
}

/** Counts a message that is not made, since it would have been later than its step lets it be. */
export function countTooLate(
  member: Member,
  enrolment: Enrolment & { arm: Arm },
  { what, step: key, detail }: StepDecision,
  changes: Changes,
): void {
  if (what !== 'suppressed' || detail !== 'too_late' || enrolment.arm !== ARM.treated) return;
  countAt(member, enrolment, 'too_late', key!, changes);
}

/** Counts what comes of a step, and of how many. */
export function countAt(
  member: Member,
  enrolment: Enrolment & { arm: Arm },
  metric: string,
  key: string,
  changes: Changes,
): void {
  changes.count(member, enrolment, metric, { step: key });
  if (!enrolment.place.passes?.[key]) changes.count(member, enrolment, `${metric}:first`, { step: key });
}
