/** What came of what a step gave away, in the very turn: a message that could not be let in, what another room did. Pure. */
import type { Changes } from './changes.ts';
import { countAt } from './counted.ts';
import { log, take } from './engine.ts';
import { seqAfter } from './late.ts';
import type { Arm, Enrolment } from './entry.ts';
import type { Live, Member } from './member.ts';

/** What came of a step: as of when that was to happen, and how late it is for it by now. */
type Came = { stepKey: string; atMs: number; lateMs: number };

/** What Parley tells of a message that could not even be let in. */
export function onUnsent(
  live: Live,
  member: Member,
  enrolment: Enrolment,
  { stepKey, reason, atMs, lateMs }: Came & { reason: string },
  changes: Changes,
): void {
  const now = member.enrolments.get(enrolment.id);
  countAt(member, (now ?? enrolment) as Enrolment & { arm: Arm }, 'unsent', stepKey, changes);
  const told = { atMs, what: 'not sent', step: stepKey, detail: reason };
  if (!now) return log(member, enrolment, changes, { seq: seqAfter(member, enrolment), ...told });
  const next = { ...now, place: { ...now.place } };
  log(member, next, changes, { seq: next.place.seq++, ...told });
  member.enrolments.set(next.id, next);
  changes.keep(member, next);
  const properties = { enrolment: next.id, step: stepKey, code: reason };
  const event = { name: '$failed', atMs, receivedMs: atMs, key: 0, order: 0, properties };
  take(live, member, next, { kind: 'event', event, lateMs }, atMs, changes);
}

/** Another room has done a step, or could not. */
export function onHanded(
  live: Live,
  member: Member,
  enrolment: Enrolment,
  { stepKey, failed, atMs, lateMs }: Came & { failed: string | undefined },
  changes: Changes,
): void {
  const now = member.enrolments.get(enrolment.id);
  if (now) take(live, member, now, { kind: 'handed', step: stepKey, failed, lateMs }, atMs, changes);
}
