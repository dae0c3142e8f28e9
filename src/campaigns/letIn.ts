/** Letting some contacts of a lane into a campaign whom nothing of theirs brings there now: by its entry rule and filter, in the lane's turn. */
import type { Workspace } from '../accounts/workspaces.ts';
import { bucketOf } from '../base/ids.ts';
import { holdContacts } from '../contacts/held.ts';
import type { Tx } from '../db/pool.ts';
import { openBook } from './enrol/book.ts';
import { Changes } from './enrol/changes.ts';
import { enter } from './enrol/engine.ts';
import type { LiveNames } from './enrol/live.ts';
import { look } from './enrol/look.ts';
import type { Campaign, Member } from './enrol/member.ts';
import { recallKeys } from './enrol/recall.ts';
import { writeChanges } from './enrol/write.ts';
import type { Seen } from './match/facts.ts';
import type { TurnDeps } from './turnPart.ts';

/** Lets them in. `by` says of each what they enter by, and under which key; nobody enters for whom it says nothing. `nowMs` is by our clock. */
export async function letIn(
  deps: TurnDeps,
  tx: Tx,
  live: LiveNames,
  { workspace, campaign, nowMs }: { workspace: Workspace; campaign: Campaign; nowMs: number },
  contactIds: readonly number[],
  by: (member: Member, asOfMs: number) => { trigger: Seen; key: number | undefined } | undefined,
): Promise<void> {
  await holdContacts(
    tx,
    contactIds.map((contactId) => ({ workspaceId: workspace.id, contactId })),
  );
  const asOfMs = nowMs + workspace.clockAheadMs;
  const doubts = { mayBeAnonymous: contactIds };
  const members = await openBook(tx, live, workspace, contactIds, [campaign.id], asOfMs, doubts);
  const changes = new Changes((contactId) => deps.queue.laneOf(bucketOf(contactId)));
  const entering = [...members.values()].flatMap((member) => {
    const found = by(member, asOfMs);
    return found ? [{ member, found }] : [];
  });
  const asked = entering.flatMap(({ member: { contactId }, found: { key: entryKey } }) =>
    entryKey === undefined ? [] : [{ contactId, campaignId: campaign.id, entryKey }],
  );
  await recallKeys(tx, members, asked);
  for (const { member, found } of entering) {
    enter({ live, member, campaign, asOfMs, changes }, found.trigger, found.key);
    look(live, member, { asOfMs }, changes);
  }
  await writeChanges(deps, tx, live, workspace, members, changes, nowMs);
}
