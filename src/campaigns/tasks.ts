/**
 * What is done with all who are in a campaign, a batch in a turn: they are moved to a new version, go on after a pause, or leave one that
 * has ended; and going through a lane for a segment. By the owner of each lane, so that nobody else writes of them meanwhile; a batch that dies is done again.
 */
import type { Workspace } from '../accounts/workspaces.ts';
import type { Tx } from '../db/pool.ts';
import type { OwnedLane } from '../queue/lanes/lane.ts';
import { openBook } from './enrol/book.ts';
import { Changes } from './enrol/changes.ts';
import { exit } from './enrol/engine.ts';
import type { LiveNames } from './enrol/live.ts';
import { catchUpDate, look } from './enrol/look.ts';
import { onResumed } from './enrol/steered.ts';
import type { Enrolment } from './enrol/entry.ts';
import type { Member } from './enrol/member.ts';
import { noteTask, selectInside, selectTasks, selectUnbuilt, type Task } from './enrol/sql.tasks.ts';
import { writeChanges } from './enrol/write.ts';
import { takeByHand } from './byHand.ts';
import { isBehind, type Behind } from './fair.ts';
import { holdThem } from './letIn.ts';
import { buildLane } from './segments/build.ts';
import { takeSince } from './since.ts';
import { catchUp, latenessIn, type TurnDeps } from './turnPart.ts';
import { takeZone } from './zone.ts';

/** What waits for a campaign to go on is looked at so often. */
const AGAIN_MS = 60_000;

/** Where lanes are with their tasks: the workspace whose was taken last, by lane. Of one process, and nothing is lost with it. */
export type TasksTaken = Map<number, number>;

/**
 * The task of a lane that is next: workspaces take turns with theirs, so that nobody waits until another's are done, and one's are done in their
 * order. None of who is behind there: what is done with many comes after what came before it.
 */
export async function nextTask(
  tx: Tx,
  lane: OwnedLane,
  nowMs: number,
  { taken, behind }: { taken: TasksTaken; behind?: Behind | undefined },
): Promise<Task | undefined> {
  const tasks = (await selectTasks(tx, lane, nowMs)).filter((one) => !isBehind(behind, one.workspaceId));
  const lastId = taken.get(lane.lane) ?? 0;
  return tasks.find(({ workspaceId }) => workspaceId > lastId) ?? tasks[0];
}

/** Does the next batch of a task. */
export async function doTask(
  deps: TurnDeps,
  tx: Tx,
  lane: OwnedLane,
  task: Task,
  liveOf: (workspaceId: number) => Promise<LiveNames>,
  nowMs: number,
  most: number,
): Promise<void> {
  const { workspaceId, campaignId } = task;
  const workspace = await deps.directory.workspace(workspaceId);
  if (task.kind === 'build') return await takeBuild(deps, tx, lane, liveOf, task, { workspace, nowMs, most });
  if (task.kind === 'zone') return await takeZone(deps, tx, lane, liveOf, task, { workspace, nowMs, most });
  if (task.kind === 'since' || task.kind === 'hand') {
    const live = await liveOf(workspaceId);
    // Nobody enters what is paused: they are let in once it goes on.
    if (live.campaigns.get(campaignId)?.paused)
      return await noteTask(tx, task, task.afterId, nowMs + AGAIN_MS);
    const take = task.kind === 'since' ? takeSince : takeByHand;
    return await take(deps, tx, lane, live, task, { workspace, nowMs, most });
  }
  const { only } = task.params;
  const contactIds = only ? [only] : await selectInside(tx, lane, campaignId, task.afterId, most);
  if (contactIds.length && workspace) {
    const live = await liveOf(workspaceId);
    await holdThem(tx, { workspace }, contactIds);
    const theirNowMs = nowMs + workspace.clockAheadMs;
    // What was done since it was paused is looked for, as far back as rules looked then.
    const asOfMs = Math.min(theirNowMs, task.params.pausedMs ?? Infinity);
    const members = await openBook(tx, live, workspace, contactIds, [campaignId], asOfMs);
    const changes = new Changes(deps.queue);
    for (const member of members.values()) {
      catchUp(live, member, theirNowMs, changes);
      const inside = [...member.enrolments.values()].filter((one) => one.campaignId === campaignId);
      for (const enrolment of inside) doWith(live, task, member, enrolment, theirNowMs, changes);
    }
    await writeChanges(deps, tx, live, workspace, members, changes, nowMs);
  }
  await noteTask(tx, task, !only && contactIds.length === most ? contactIds.at(-1) : undefined);
}

/** The next of going through a lane for a segment, or for a date that may have come since it was asked for. */
async function takeBuild(
  deps: TurnDeps,
  tx: Tx,
  lane: OwnedLane,
  liveOf: (workspaceId: number) => Promise<LiveNames>,
  task: Task,
  { workspace, nowMs, most }: { workspace: Workspace | undefined; nowMs: number; most: number },
): Promise<void> {
  const { workspaceId } = task;
  if (!workspace) return await noteTask(tx, task, undefined);
  const live = await liveOf(workspaceId);
  const theirNowMs = nowMs + workspace.clockAheadMs;
  const { contactIds, sinceMs } = await buildLane(tx, lane, live, task, { nowMs: theirNowMs, most });
  if (!contactIds.length) return;
  await holdThem(tx, { workspace }, contactIds);
  // Others may still be to be gone through in this lane.
  const unbuilt = (await selectUnbuilt(tx, [lane])).get(lane.lane) ?? new Set<number>();
  const doubts = { unknown: () => unbuilt, mayBeAnonymous: sinceMs < theirNowMs ? contactIds : [] };
  const asOfMs = Math.min(sinceMs, theirNowMs);
  const members = await openBook(tx, live, workspace, contactIds, [], asOfMs, doubts);
  const changes = new Changes(deps.queue);
  const lateBy = latenessIn(workspace, nowMs);
  const now = { asOfMs: theirNowMs };
  const only = task.campaignId;
  for (const member of members.values()) {
    // Somebody who came after it was published had no dates before they came.
    const fromMs = Math.max(sinceMs, member.facts.contact.createdMs);
    catchUpDate(live, member, only, { ...now, fromMs, lateBy }, changes);
    // What else became of them, by their steps too, is told as any change is, and sets off what it does then.
    look(live, member, { ...now, isHushed: true, only }, changes);
  }
  await writeChanges(deps, tx, live, workspace, members, changes, nowMs);
}

function doWith(
  live: LiveNames,
  task: Task,
  member: Member,
  enrolment: Enrolment,
  nowMs: number,
  changes: Changes,
): void {
  if (task.kind === 'end') exit(member, enrolment, 'campaign_ended', nowMs, changes);
  const { pausedMs = 0, byMs = 0, overMs = 0 } = task.params;
  if (task.kind === 'resume') onResumed(live, member, enrolment, { pausedMs, byMs, overMs }, nowMs, changes);
}
