/**
 * The zone of a workspace becomes another: who has none of their own, and waits by its wall, waits by the new one from then on. Their timers were
 * set by the old one: a date that comes sooner by the new would be looked at when it is over, and be lost. Done by the owner of each lane, a batch
 * in a turn, once every process knows of the zone.
 */
import type { Workspace } from '../accounts/workspaces.ts';
import type { Clock } from '../base/clock.ts';
import type { IdSource } from '../base/ids.ts';
import { nextWhere } from '../contacts/segments.ts';
import type { Tx } from '../db/pool.ts';
import type { OwnedLane } from '../queue/lanes/lane.ts';
import type { Queue } from '../queue/queue.ts';
import { openBook } from './enrol/book.ts';
import { Changes } from './enrol/changes.ts';
import { take } from './enrol/engine.ts';
import type { LiveNames } from './enrol/live.ts';
import { catchUpZone } from './enrol/look.ts';
import { selectLiveCampaigns } from './enrol/sql.live.ts';
import { insertTasks, noteTask, waitsBySomebodysZone, type Task } from './enrol/sql.tasks.ts';
import { writeChanges } from './enrol/write.ts';
import { holdThem } from './letIn.ts';
import { latenessIn, type TurnDeps } from './turnPart.ts';

/** What is known of a workspace is at most a second behind what other processes changed (`accounts/directory.ts`). */
const KNOWN_MS = 1_500;

/** The zone was another (`zoneWas`) until now; part of the change. `nowMs` is by the workspace's clock. */
export async function zoneChanged(
  { queue, ids, clock }: { queue: Pick<Queue, 'lanes'>; ids: IdSource; clock: Pick<Clock, 'nowMs'> },
  tx: Tx,
  workspaceId: number,
  zoneWas: string,
  nowMs: number,
): Promise<void> {
  if (!(await selectLiveCampaigns(tx, workspaceId)).length) return;
  const params = { zoneWas, sinceMs: nowMs };
  const task = { id: ids.spread(), workspaceId, campaignId: workspaceId, kind: 'zone' as const, params };
  const atMs = clock.nowMs();
  await insertTasks(
    tx,
    queue.lanes().map(({ lane, bucket }) => ({ ...task, lane, bucket })),
    atMs,
    atMs + KNOWN_MS,
  );
}

/** The next of a lane who wait by it. */
export async function takeZone(
  deps: TurnDeps,
  tx: Tx,
  lane: OwnedLane,
  liveOf: (workspaceId: number) => Promise<LiveNames>,
  task: Task,
  { workspace, nowMs, most }: { workspace: Workspace | undefined; nowMs: number; most: number },
): Promise<void> {
  const { zoneWas, sinceMs } = task.params;
  if (!workspace || zoneWas === undefined || sinceMs === undefined)
    return await noteTask(tx, task, undefined);
  const page = { afterId: task.afterId, limit: most };
  const contactIds = await nextWhere(tx, workspace.id, lane.buckets, waitsBySomebodysZone(tx), page);
  await noteTask(tx, task, contactIds.length === most ? contactIds.at(-1) : undefined);
  if (!contactIds.length) return;
  await holdThem(tx, { workspace }, contactIds);
  const live = await liveOf(workspace.id);
  const asOfMs = nowMs + workspace.clockAheadMs;
  const doubts = { mayBeAnonymous: contactIds };
  const members = await openBook(tx, live, workspace, contactIds, [], Math.min(sinceMs, asOfMs), doubts);
  const changes = new Changes(deps.queue);
  const lateBy = latenessIn(workspace, nowMs);
  for (const member of members.values()) {
    const inside = [...member.enrolments.values()];
    for (const enrolment of inside)
      if (enrolment.arm !== null) take(live, member, enrolment, { kind: 'changed' }, asOfMs, changes);
    catchUpZone(live, member, { zoneWas, sinceMs, asOfMs, lateBy }, changes);
  }
  await writeChanges(deps, tx, live, workspace, members, changes, nowMs);
}
