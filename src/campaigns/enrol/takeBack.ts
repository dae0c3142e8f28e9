/**
 * Takes back what a campaign let in for somebody who has left it since: what is not on its way yet and is marketing, unless its step says
 * otherwise (`cancelOnExit`). What is in flight is sent.
 */
import type { Workspace } from '../../accounts/workspaces.ts';
import { bucketOf } from '../../base/ids.ts';
import type { Tx } from '../../db/pool.ts';
import { callOffSingles } from '../../ledger/callOff.ts';
import { KIND } from '../../queue/work/kinds.ts';
import { streamApart } from '../../queue/work/stream.ts';
import { callOffOf } from '../../queue/work/streams.ts';
import type { Queue } from '../../queue/queue.ts';
import type { Changes } from './changes.ts';
import type { LiveNames } from './live.ts';
import { selectVersionsById } from './sql.live.ts';
import { selectSendsOf } from './sql.read.ts';
import { versionOf, type Version } from '../steps/version.ts';

/** Takes it back. All contacts are of one lane. Costs a look where nobody's step sends marketing, and nothing where nobody left. */
export async function takeBack(
  { queue }: { queue: Queue },
  tx: Tx,
  live: LiveNames,
  workspace: Workspace,
  exits: Changes['exits'],
  nowMs: number,
): Promise<void> {
  const versions = await versionsOf(tx, live, exits);
  const mayBe = exits.filter(({ versionId }) =>
    versions.get(versionId)?.steps.some((step) => 'send' in step && isTakenBack(step.send)),
  );
  if (!mayBe.length) return;
  const sent = await selectSendsOf(tx, mayBe);
  const keys = sent.filter(({ versionId, step }) => {
    const version = versions.get(versionId);
    const found = version?.steps[version.index.get(step) ?? -1];
    return found && 'send' in found && isTakenBack(found.send);
  });
  if (!keys.length) return;
  const lane = queue.lanes().find((one) => one.lane === queue.laneOf(bucketOf(keys[0]!.contactId)))!;
  const streams = [...new Set(keys.map(({ campaignId }) => streamApart(campaignId)))];
  const out = await callOffOf(
    tx,
    lane,
    KIND.delivery,
    streams,
    keys.map(({ contactId, messageId }) => ({ ownerId: contactId, causeId: messageId })),
  );
  await callOffSingles(
    queue,
    tx,
    workspace.id,
    out.map(({ ownerId, causeId, seq }) => ({ contactId: ownerId, causeId, seq })),
    nowMs + workspace.clockAheadMs,
  );
}

/** The versions that who left went by. Those of a campaign that has ended are not live any more. */
async function versionsOf(
  tx: Tx,
  live: LiveNames,
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
