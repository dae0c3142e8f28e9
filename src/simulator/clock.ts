/**
 * The clock of a test workspace. It stands ahead of ours and is moved on by hand; what is due in the workspace comes forward
 * by as much, so timers and windows follow it.
 */
import type { Clock } from '../base/clock.ts';
import { fault, isFault, type Fault } from '../base/fault.ts';
import type { Sql, Tx } from '../db/pool.ts';
import type { WorkingRoom } from '../queue/room.ts';
import { waitOut } from '../queue/lanes/still.ts';
import type { Queue } from '../queue/queue.ts';
import { RECEIPT_AFTER_MS } from './outcomes.ts';
import type { Rules } from './rules.ts';
import { hasWork, moveClock, snapshot } from './sql.clock.ts';

/** The farthest a workspace's clock may stand ahead: ten years. */
export const FARTHEST_AHEAD_MS = 10 * 365.25 * 86_400_000;

/** What moving a clock needs. */
export type ClockDeps = {
  sql: Sql;
  queue: Queue;
  clock: Clock;
  rules: Pick<Rules, 'world' | 'forget'>;
  /**
   * Called when the new time is committed and before any work comes forward. Resolves when no process answers with the old
   * time any more: work that came forward and met the old time would be put off again.
   */
  clockMoved?: (workspaceId: number) => Promise<void>;
  /** All rooms, some of which have something due of their own. */
  rooms?: () => readonly WorkingRoom[];
};

/** By how much a clock may be moved at all. */
export function checkMove(byMs: number): Fault | undefined {
  if (Number.isInteger(byMs) && byMs >= 1 && byMs <= FARTHEST_AHEAD_MS) return undefined;
  const rule = `must be a whole number of milliseconds from 1 to ${FARTHEST_AHEAD_MS}`;
  return fault('bad_request', `byMs ${rule}`, { field: 'byMs' });
}

/** Said of a move that goes too far. */
export const TOO_FAR = fault('unprocessable', 'the clock of a workspace may stand at most ten years ahead', {
  field: 'byMs',
});

/** Moves a workspace's clock on at one go and lets run what is due by it; answers the workspace's new now. */
export async function advanceClock(
  deps: ClockDeps,
  workspaceId: number,
  byMs: number,
): Promise<{ nowMs: number } | Fault> {
  const { sql, clock, rules } = deps;
  const unfit = checkMove(byMs);
  if (unfit) return unfit;
  rules.forget(workspaceId);
  const world = await rules.world(workspaceId);
  if (isFault(world)) return world;
  const aheadMs = await moveClock(sql, workspaceId, byMs, FARTHEST_AHEAD_MS);
  if (aheadMs === undefined) return TOO_FAR;
  await bringForward(deps, workspaceId, () => Promise.resolve(byMs));
  return { nowMs: clock.nowMs() + aheadMs };
}

/**
 * Lets what is due follow a clock that was moved. Not one transaction with moving it: whatever is put in or put off in between with the new
 * time is only early, and is looked at again. `take` says by how much, in the transaction that does it.
 */
export async function bringForward(
  deps: ClockDeps,
  workspaceId: number,
  take: (tx: Tx) => Promise<number>,
): Promise<void> {
  const { sql, queue, rules } = deps;
  rules.forget(workspaceId);
  await deps.clockMoved?.(workspaceId);
  // Who had the old time in hand has written by it then, and what they wrote comes forward with the rest.
  await waitOut(sql, queue);
  await queue.transact(async (tx) => {
    const byMs = await take(tx);
    if (!byMs) return;
    await queue.bringForward(tx, workspaceId, byMs);
    for (const room of deps.rooms?.() ?? []) await room.advance?.(tx, workspaceId, byMs);
    queue.turn(tx, new Set(queue.lanes().map(({ lane }) => lane)));
  });
}

/** The workspace's own now. */
export async function workspaceNowMs(
  deps: Pick<ClockDeps, 'clock' | 'rules'>,
  workspaceId: number,
): Promise<number | Fault> {
  const world = await deps.rules.world(workspaceId);
  return isFault(world) ? world : deps.clock.nowMs() + world.clockAheadMs;
}

/**
 * True when nothing of the workspace (but work of one kind) is due now or at the next receipt, and no event waits to be handed on. A paused
 * broadcast does not count.
 */
export async function settled(
  deps: Pick<ClockDeps, 'sql' | 'clock' | 'rules' | 'rooms'>,
  workspaceId: number,
  exceptKind?: number,
): Promise<boolean | Fault> {
  const world = await deps.rules.world(workspaceId);
  if (isFault(world)) return world;
  const nowMs = deps.clock.nowMs();
  // Of one moment: what is handed from one to another between two looks would be in neither.
  return await deps.sql.begin(async (tx) => {
    await snapshot(tx);
    for (const room of deps.rooms?.() ?? []) if (await room.isBusy?.(tx, workspaceId, nowMs)) return false;
    return !(await hasWork(tx, workspaceId, nowMs + RECEIPT_AFTER_MS, exceptKind));
  });
}
