/**
 * What a turn fails on, set aside: it keeps neither its neighbours nor the lane waiting. Who runs the install is told by the log, for each;
 * nothing is lost: an event is kept and counted, a timer comes back.
 */
import { bucketOf } from '../base/ids.ts';
import { type Tx } from '../db/pool.ts';
import { isPassing } from '../db/errors.ts';
import type { OwnedLane } from '../queue/lanes/lane.ts';
import { firingUntil } from './due.ts';
import { selectTimers } from './enrol/sql.read.ts';
import { insertTasks, noteTask, selectInside, selectTasks, type Task } from './enrol/sql.tasks.ts';
import { upsertTimers } from './enrol/sql.write.ts';
import { addCounts, deleteArrivals, type Arrival } from './events/sql.take.ts';
import { takeArrivals } from './events/take.ts';
import type { TurnDeps } from './turnPart.ts';

/** A timer that cannot be taken is tried again after this long: by then a new version may be running. */
const AGAIN_MS = 3600_000;

/** What failed alone in a lane, of what was found there: what arrived first, else the timer that was due first, else a task. */
type Failed = {
  nowMs: number;
  error: unknown;
  found: { arrivals: readonly Arrival[]; unread: ReadonlyMap<number, number> };
  task: Task | undefined;
};

/** Sets it aside; what has arrived since it was found is not at fault. False when there is nothing. */
export async function setAside(
  deps: TurnDeps,
  tx: Tx,
  lane: OwnedLane,
  { nowMs, error, found, task }: Failed,
): Promise<boolean> {
  const [arrival] = found.arrivals;
  if (arrival) {
    const { id, contactId } = arrival;
    const isKept = await keepOnly(deps, tx, lane, arrival, nowMs);
    if (!isKept) await deleteArrivals(tx, [lane], [arrival]);
    deps.log.error(
      { error, arrival: id, contactId, isKept },
      'campaigns could not look at what arrived for a contact; it sets nothing off',
    );
    return true;
  }
  const [timer] = await selectTimers(tx, firingUntil([lane], nowMs, found.unread), 1);
  if (timer) {
    const { contactId, ownerId, workspaceId, atMs } = timer;
    const dueMs = nowMs + AGAIN_MS;
    const where = { contactId, workspaceId, ownerId, lane: deps.queue.laneOf(bucketOf(contactId)) };
    await upsertTimers(tx, [{ ...where, dueMs, atMs }]);
    deps.log.error(
      { error, enrolment: ownerId, contactId },
      'a campaign could not take a contact on; it is tried again in an hour',
    );
    return true;
  }
  return task ? await passOver(deps, tx, lane, task, { nowMs, error }) : false;
}

/**
 * Goes on with a task behind whom it failed at. Where that is nobody (what is asked of the whole lane fails), it is tried again in an hour: all
 * that it is for is behind it.
 */
async function passOver(
  deps: TurnDeps,
  tx: Tx,
  lane: OwnedLane,
  failed: Task,
  { nowMs, error }: { nowMs: number; error: unknown },
): Promise<boolean> {
  // As it stood before: what is noted of it is rolled back.
  const tasks = await selectTasks(tx, lane, nowMs);
  const task = tasks.find(({ id }) => id === failed.id);
  if (!task) return tasks.length > 0;
  const { campaignId, kind, afterId } = task;
  const isOfAll = kind === 'resume' || kind === 'move' || kind === 'end';
  const first = isOfAll && !task.params.only ? await selectInside(tx, lane, campaignId, afterId, 1) : [];
  const contactId = isOfAll ? first[0] : failed.nextId;
  // A pause has put them far off: nothing else would bring them back.
  if (kind === 'resume' && contactId) {
    const alone = { ...task, id: deps.ids.spread(), params: { ...task.params, only: contactId } };
    await insertTasks(tx, [alone], nowMs, nowMs + AGAIN_MS);
  }
  if (contactId) await noteTask(tx, task, contactId);
  else await noteTask(tx, task, afterId, nowMs + AGAIN_MS);
  deps.log.error(
    { error, campaign: campaignId, task: kind, contactId },
    'what is to be done with many in a campaign could not be done with a contact; it goes on behind them',
  );
  return true;
}

/** Keeps and counts the event, if that is not what fails. */
async function keepOnly(
  deps: TurnDeps,
  tx: Tx,
  lane: OwnedLane,
  arrival: Arrival,
  nowMs: number,
): Promise<boolean> {
  try {
    await tx.savepoint(async (inner) => {
      const { counts } = await takeArrivals(deps, inner, [lane], [arrival], nowMs);
      await addCounts(inner, counts);
    });
    return true;
  } catch (again) {
    if (isPassing(again)) throw again;
    return false;
  }
}
