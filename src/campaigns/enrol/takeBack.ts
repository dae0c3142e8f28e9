/**
 * Takes back what a campaign let in for somebody who has left it since: what is not on its way yet and is marketing, unless its step says
 * otherwise (`cancelOnExit`). What is in flight is sent.
 */
import { bucketOf } from '../../base/ids.ts';
import type { Tx } from '../../db/pool.ts';
import { idsOfPerson } from '../../contacts/contacts.ts';
import { callOffSingles } from '../../ledger/callOff.ts';
import { KIND } from '../../queue/work/kinds.ts';
import { streamApart } from '../../queue/work/stream.ts';
import { callOffOf } from '../../queue/work/streams.ts';
import type { Queue } from '../../queue/queue.ts';
import type { Changes } from './changes.ts';
import type { Live } from './member.ts';
import { selectVersionsById } from './sql.live.ts';
import { selectSendsOf } from './sql.read.ts';
import { versionOf, type Version } from '../steps/version.ts';

/**
 * Takes it back, lane by lane: those of who was merged wait in the lane of whom they were let in for. Costs a look where nobody's step sends marketing, and nothing where nobody left. `atMs` is by
 * the workspace's clock; `became`: whom those who left are being made, by a merge.
 */
export async function takeBack(
  { queue }: { queue: Queue },
  tx: Tx,
  live: Pick<Live, 'versions'>,
  workspaceId: number,
  exits: Changes['exits'],
  atMs: number,
  became?: number,
): Promise<void> {
  const versions = await versionsOf(tx, live, exits);
  const mayBe = exits.filter(({ versionId }) =>
    versions.get(versionId)?.steps.some((step) => 'send' in step && isTakenBack(step.send)),
  );
  if (!mayBe.length) return;
  const sent = await selectSendsOf(tx, mayBe);
  const kept = new Map(mayBe.map((exit) => [exit.enrolmentId, exit.kept ?? []]));
  const keys = sent.filter(({ enrolmentId, versionId, step }) => {
    if (kept.get(enrolmentId)?.includes(step)) return false;
    const version = versions.get(versionId);
    const found = version?.steps[version.index.get(step) ?? -1];
    return found && 'send' in found && isTakenBack(found.send);
  });
  const streams = [...new Set(keys.map(({ campaignId }) => streamApart(campaignId)))];
  const owned = await ownedBy(tx, workspaceId, keys, became);
  for (const lane of queue.lanes()) {
    const here = owned.filter(({ ownerId }) => queue.laneOf(bucketOf(ownerId)) === lane.lane);
    if (!here.length) continue;
    const out = await callOffOf(tx, lane, KIND.delivery, streams, here);
    const gone = out.map(({ ownerId, causeId, seq }) => ({ contactId: ownerId, causeId, seq }));
    await callOffSingles(queue, tx, workspaceId, gone, atMs);
  }
}

/** Whose each message was when it was let in: its contact's, or one's who became that contact since. Its id is in the bucket of that one. */
async function ownedBy(
  tx: Tx,
  workspaceId: number,
  sent: readonly { contactId: number; messageId: number }[],
  became: number | undefined,
): Promise<{ ownerId: number; causeId: number }[]> {
  const owned: { ownerId: number; causeId: number }[] = [];
  const known = new Map<number, readonly number[]>();
  for (const { contactId, messageId } of sent) {
    const bucket = bucketOf(messageId);
    if (bucket !== bucketOf(contactId) && !known.has(contactId))
      known.set(contactId, (await idsOfPerson(tx, workspaceId, became ?? contactId)) ?? []);
    const ids = bucket === bucketOf(contactId) ? [contactId] : known.get(contactId)!;
    for (const ownerId of ids) if (bucketOf(ownerId) === bucket) owned.push({ ownerId, causeId: messageId });
  }
  return owned;
}

/** The versions that who left went by. Those of a campaign that has ended are not live any more. */
async function versionsOf(
  tx: Tx,
  live: Pick<Live, 'versions'>,
  exits: Changes['exits'],
): Promise<ReadonlyMap<number, Version>> {
  const ended = new Set(exits.map(({ versionId }) => versionId).filter((id) => !live.versions.has(id)));
  if (!ended.size) return live.versions;
  const rows = await selectVersionsById(tx, [...ended]);
  return new Map([...live.versions, ...rows.map((row) => [row.id, versionOf(row)] as const)]);
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
