/**
 * Takes back what campaigns let in for those who have left them since: what is not on its way yet and is marketing, unless its step says
 * otherwise (`cancelOnExit`). What is in flight is sent.
 */
import { bucketOf } from '../../base/ids.ts';
import type { Tx } from '../../db/pool.ts';
import { idsOfPerson } from '../../contacts/contacts.ts';
import { callOffSingles } from '../../ledger/callOff.ts';
import { KIND } from '../../queue/work/kinds.ts';
import { streamApart } from '../../queue/work/stream.ts';
import { callOffOf, inQueueOf } from '../../queue/work/streams.ts';
import type { Queue } from '../../queue/queue.ts';
import type { Changes } from './changes.ts';
import type { Live } from './member.ts';
import { selectVersionsById } from './sql.live.ts';
import { selectSendsOf } from './sql.read.ts';
import { versionOf, type Version } from '../steps/version.ts';

/** Who has left campaigns of a workspace. `atMs` is by its clock; `became`: whom those who left are being made, by a merge. */
export type Leaving = {
  workspaceId: number;
  live: Pick<Live, 'versions'>;
  exits: Changes['exits'];
  atMs: number;
  became?: number;
};

/**
 * Takes it back, of all who have left in a transaction: it locks lanes, in their order, so that whoever claims from several of them is not met
 * half way. Lanes of which nothing waits stay as they are: most have left long after what they were sent. Those of who was merged wait in
 * the lane of whom they were let in for. Costs a look where nobody's step sends marketing, and nothing where nobody left.
 */
export async function takeBack(
  { queue }: { queue: Queue },
  tx: Tx,
  leaving: readonly Leaving[],
): Promise<void> {
  const versions = await versionsOf(tx, leaving);
  const mayBe = leaving.flatMap(({ exits, ...of }) =>
    exits.flatMap((exit) =>
      versions.get(exit.versionId)?.steps.some((step) => 'send' in step && isTakenBack(step.send))
        ? [{ ...of, ...exit }]
        : [],
    ),
  );
  if (!mayBe.length) return;
  const byEnrolment = new Map(mayBe.map((exit) => [exit.enrolmentId, exit]));
  const sent = (await selectSendsOf(tx, mayBe)).flatMap(({ versionId, step, ...one }) => {
    const exit = byEnrolment.get(one.enrolmentId)!;
    const version = versions.get(versionId);
    const found = version?.steps[version.index.get(step) ?? -1];
    const isBack = found && 'send' in found && isTakenBack(found.send) && !exit.kept?.includes(step);
    return isBack ? [{ ...one, workspaceId: exit.workspaceId, became: exit.became }] : [];
  });
  if (!sent.length) return;
  const streams = [...new Set(sent.map(({ campaignId }) => streamApart(campaignId)))];
  const waiting = await inQueueOf(tx, KIND.delivery, streams, await ownedBy(tx, sent));
  const atMs = new Map(leaving.map((of) => [of.workspaceId, of.atMs]));
  for (const lane of queue.lanes()) {
    const here = waiting.filter(({ ownerId }) => queue.laneOf(bucketOf(ownerId)) === lane.lane);
    if (!here.length) continue;
    const out = await callOffOf(tx, lane, KIND.delivery, streams, here);
    for (const [workspaceId, own] of Map.groupBy(out, (one) => one.workspaceId)) {
      const gone = own.map(({ ownerId, causeId, seq }) => ({ contactId: ownerId, causeId, seq }));
      await callOffSingles(queue, tx, workspaceId, gone, atMs.get(workspaceId)!);
    }
  }
}

type SentTo = { contactId: number; messageId: number; workspaceId: number; became: number | undefined };

/** Whose each message was when it was let in: its contact's, or one's who became that contact since. Its id is in the bucket of that one. */
async function ownedBy(tx: Tx, sent: readonly SentTo[]): Promise<{ ownerId: number; causeId: number }[]> {
  const owned: { ownerId: number; causeId: number }[] = [];
  const known = new Map<number, readonly number[]>();
  for (const { contactId, messageId, workspaceId, became } of sent) {
    const bucket = bucketOf(messageId);
    if (bucket !== bucketOf(contactId) && !known.has(contactId))
      known.set(contactId, (await idsOfPerson(tx, workspaceId, became ?? contactId)) ?? []);
    const ids = bucket === bucketOf(contactId) ? [contactId] : known.get(contactId)!;
    for (const ownerId of ids) if (bucketOf(ownerId) === bucket) owned.push({ ownerId, causeId: messageId });
  }
  return owned;
}

/** The versions that who left went by. Those of a campaign that has ended are not live any more. */
async function versionsOf(tx: Tx, leaving: readonly Leaving[]): Promise<ReadonlyMap<number, Version>> {
  const found = new Map<number, Version>();
  const ended = new Set<number>();
  for (const { live, exits } of leaving)
    for (const { versionId } of exits) {
      const version = live.versions.get(versionId);
      if (version) found.set(versionId, version);
      else ended.add(versionId);
    }
  for (const row of ended.size ? await selectVersionsById(tx, [...ended]) : [])
    found.set(row.id, versionOf(row));
  return found;
}

function isTakenBack({
  class: of = 'marketing',
  cancelOnExit,
}: {
  class?: string;
  cancelOnExit?: boolean;
}): boolean {
  return of !== 'transactional' && (cancelOnExit ?? of === 'marketing');
}
