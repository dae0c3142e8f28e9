/** Letting some contacts of a lane into a campaign whom nothing of theirs brings there now: by its entry rule and filter, in the lane's turn. */
import type { Workspace } from '../accounts/workspaces.ts';
import { holdContacts } from '../contacts/held.ts';
import type { Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';
import { openBook } from './enrol/book.ts';
import { Changes } from './enrol/changes.ts';
import { enter } from './enrol/engine.ts';
import type { LiveNames } from './enrol/live.ts';
import { look } from './enrol/look.ts';
import type { Campaign, Member } from './enrol/member.ts';
import { recallKeys } from './enrol/recall.ts';
import type { Task } from './enrol/sql.tasks.ts';
import { writeChanges } from './enrol/write.ts';
import type { Seen } from './match/facts.ts';
import type { TurnDeps } from './turnPart.ts';

const MINUTE_MS = 60_000;

/** What of a contact lets them in now: what they enter by, and under which key; undefined for nobody. */
type By = (member: Member, asOfMs: number) => { trigger: Seen; key: number | undefined } | undefined;

/** Who is let in where; `nowMs` is by our clock, and `asOfMs` as of when by the workspace's, where that is not now. */
type LetIn = { workspace: Workspace; campaign: Campaign; nowMs: number; asOfMs?: number };

/** Lets them in. */
export async function letIn(
  deps: TurnDeps,
  tx: Tx,
  live: LiveNames,
  of: LetIn,
  contactIds: readonly number[],
  by: By,
): Promise<void> {
  await holdThem(tx, of, contactIds);
  const { members, changes } = await entering(deps, tx, live, of, contactIds, by);
  await writeChanges(deps, tx, live, of.workspace, members, changes, of.nowMs);
}

/**
 * When the next of a task are let in, of which there may be `each` in a minute. By a clock that was moved on the minutes that it was moved by
 * have passed as well: what is due by then follows at once. By ours it is never made up for what was late.
 */
export function nextShareMs(
  { dueMs, params: { each = 1 } }: Pick<Task, 'dueMs' | 'params'>,
  { workspace, nowMs }: Pick<LetIn, 'workspace' | 'nowMs'>,
  limit: number,
): number {
  return beganMs({ dueMs }, { workspace, nowMs }) + Math.ceil((MINUTE_MS * limit) / each);
}

/** As of when those of a task whose turn it is are let in, by the workspace's clock: of a clock that was moved on, the minute that is theirs. */
export function asOfShare(task: Pick<Task, 'dueMs'>, of: Pick<LetIn, 'workspace' | 'nowMs'>): number {
  return beganMs(task, of) + of.workspace.clockAheadMs;
}

function beganMs(
  { dueMs }: Pick<Task, 'dueMs'>,
  { workspace, nowMs }: Pick<LetIn, 'workspace' | 'nowMs'>,
): number {
  return workspace.clockAheadMs > 0 && dueMs > 0 ? Math.min(dueMs, nowMs) : nowMs;
}

/** Nobody erases or merges them meanwhile. */
export async function holdThem(
  tx: Tx,
  { workspace }: Pick<LetIn, 'workspace'>,
  contactIds: readonly number[],
): Promise<void> {
  const workspaceId = workspace.id;
  await holdContacts(
    tx,
    contactIds.map((contactId) => ({ workspaceId, contactId })),
  );
}

/** What comes of letting them in now; nothing is written. */
export async function entering(
  deps: { queue: Pick<Queue, 'laneOf'> },
  tx: Tx,
  live: LiveNames,
  { workspace, campaign, nowMs, asOfMs = nowMs + workspace.clockAheadMs }: LetIn,
  contactIds: readonly number[],
  by: By,
): Promise<{ members: Map<number, Member>; changes: Changes }> {
  const doubts = { mayBeAnonymous: contactIds };
  const members = await openBook(tx, live, workspace, contactIds, [campaign.id], asOfMs, doubts);
  const changes = new Changes(deps.queue);
  const found = [...members.values()].flatMap((member) => {
    const one = by(member, asOfMs);
    return one ? [{ member, found: one }] : [];
  });
  const asked = found.flatMap(({ member: { contactId }, found: { key: entryKey } }) =>
    entryKey === undefined ? [] : [{ contactId, campaignId: campaign.id, entryKey }],
  );
  await recallKeys(tx, members, asked);
  for (const { member, found: one } of found) {
    enter({ live, member, campaign, asOfMs, changes }, one.trigger, one.key);
    // What they are in is looked at as it is now: as of before it may have been another.
    look(live, member, { asOfMs: nowMs + workspace.clockAheadMs }, changes);
  }
  return { members, changes };
}
