/**
 * Moving a workspace's clock as a job: from one thing that is due to the next, each time waiting until what came due is done, so that things
 * happen in their order and at their time. One at a time in a workspace. A step is two transactions, the clock and what is due, and the row
 * says of each how far it is: whoever finds them apart goes on from there, so that a crash between them loses nothing and moves nothing twice.
 */
import { fault, isFault, type Fault } from '../base/fault.ts';
import type { IdSource } from '../base/ids.ts';
import type { Db, Tx } from '../db/pool.ts';
import { KIND } from '../queue/work/kinds.ts';
import { LaneLost, settle } from '../queue/work/settle.ts';
import type { Batch, WorkItem } from '../queue/work/work.ts';
import type { Handler } from '../queue/worker.ts';
import { bringForward, checkMove, FARTHEST_AHEAD_MS, settled, TOO_FAR, type ClockDeps } from './clock.ts';
import { nextDueMs, pageOf } from './coming.ts';
import { NOT_TEST } from './rules.ts';
import { selectWorkspace } from './sql.ts';
import {
  insertAdvance,
  moveClock,
  selectAdvance,
  selectAdvances,
  selectRunning,
  updateAdvance,
  type AdvanceRow,
  type Happened,
} from './sql.clock.ts';

export type { AdvanceRow } from './sql.clock.ts';

/** What the job needs. */
type AdvanceDeps = ClockDeps & { ids: IdSource };

/** A move has at most so many steps: what is due closer together comes due together. */
const MOST_STEPS = 24;
const MINUTE_MS = 60_000;
/** How often it is looked whether what is due is done. */
const LOOK_MS = 100;
/** How long one step waits for what is due, and all of them together: what never ends (a provider that hangs) does not stop the clock. */
const STEP_WAITS_MS = 5_000;
const ALL_WAIT_MS = 30_000;
/** What came due is told of up to so many groups. */
const MOST_TOLD = 100;
const WENT_ON = 'Some of what came due was still under way when the clock went on.';

/** Begins to move the clock of a workspace; part of the caller's transaction. */
export async function beginAdvance(
  deps: AdvanceDeps,
  tx: Tx,
  { workspaceId, byMs }: { workspaceId: number; byMs: number },
): Promise<AdvanceRow | Fault> {
  const unfit = checkMove(byMs);
  if (unfit) return unfit;
  const workspace = await selectWorkspace(tx, workspaceId);
  if (workspace?.environment !== 'test') return NOT_TEST;
  if (workspace.clockAheadMs + byMs > FARTHEST_AHEAD_MS) return TOO_FAR;
  const createdMs = deps.clock.nowMs();
  const fromMs = createdMs + workspace.clockAheadMs;
  const id = deps.ids.spread();
  const row = await insertAdvance(tx, { id, workspaceId, fromMs, byMs, createdMs });
  if (!row)
    return fault('conflict', 'The clock is being moved already; wait until that is over, or cancel it.');
  const key = { kind: KIND.clockAdvance, ownerId: id, causeId: id, seq: 0, stream: 0 };
  await deps.queue.put(tx, [{ ...key, workspaceId, dueMs: createdMs }]);
  return row;
}

/** Lets a move end where it is; part of the caller's transaction. What was moved stays, and what is due there comes due. */
export async function cancelAdvance(
  tx: Tx,
  workspaceId: number,
  id: number,
  nowMs: number,
): Promise<AdvanceRow | Fault> {
  const row = await selectAdvance(tx, workspaceId, id, true);
  if (!row) return fault('not_found', 'There is no such move of the clock.');
  if (row.state !== 'running') return fault('conflict', 'It is over already.');
  // In the middle of a step: what is due must follow the clock first.
  const ends = row.movedMs === row.broughtMs;
  const next: AdvanceRow = { ...row, cancel: true, ...(ends ? { state: 'canceled', endedMs: nowMs } : {}) };
  await updateAdvance(tx, next);
  return next;
}

/** A move of the clock. */
export async function findAdvance(db: Db, workspaceId: number, id: number): Promise<AdvanceRow | undefined> {
  return id > 0 ? await selectAdvance(db, workspaceId, id) : undefined;
}

/** The move that is under way in a workspace. */
export const runningAdvance = selectRunning;
/** Moves of a workspace's clock, newest first. */
export const listAdvances = selectAdvances;

/** Moves clocks. */
export function advanceHandler(deps: AdvanceDeps): Handler {
  return {
    kind: KIND.clockAdvance,
    batchSize: 1,
    inFlight: 2,
    async handle(batch) {
      for (const item of batch.items) await end(deps, batch, item, await takeSteps(deps, item));
    },
  };
}

/** Goes as far as it can without waiting; true when it has to wait. */
async function takeSteps(deps: AdvanceDeps, { workspaceId, ownerId: id }: WorkItem): Promise<boolean> {
  for (;;) {
    const row = await selectAdvance(deps.sql, workspaceId, id);
    if (row?.state !== 'running') return false;
    if (row.broughtMs < row.movedMs) {
      await follow(deps, row);
      continue;
    }
    const due = await whatIsDue(deps, row);
    if (due === 'under way') return true;
    await step(deps, row, due === 'too slow');
  }
}

/** What is due follows the clock. */
async function follow(deps: AdvanceDeps, { workspaceId, id }: AdvanceRow): Promise<void> {
  await bringForward(deps, workspaceId, async (tx) => {
    const row = await selectAdvance(tx, workspaceId, id, true);
    if (!row || row.broughtMs === row.movedMs) return 0;
    const nowMs = deps.clock.nowMs();
    const isOver = row.cancel;
    await updateAdvance(tx, {
      ...row,
      broughtMs: row.movedMs,
      sinceMs: nowMs,
      ...(isOver ? { state: 'canceled', endedMs: nowMs } : {}),
    });
    return row.movedMs - row.broughtMs;
  });
}

/** What became of what came due with the last step. */
async function whatIsDue(deps: AdvanceDeps, row: AdvanceRow): Promise<'done' | 'under way' | 'too slow'> {
  if (row.movedMs === 0) return 'done';
  if ((await settled(deps, row.workspaceId, KIND.clockAdvance)) !== false) return 'done';
  const waitedMs = deps.clock.nowMs() - row.sinceMs;
  return waitedMs < STEP_WAITS_MS && row.waitedMs + waitedMs < ALL_WAIT_MS ? 'under way' : 'too slow';
}

/** Moves the clock to what is due next, or ends the job where it is far enough. */
async function step(deps: AdvanceDeps, before: AdvanceRow, isSlow: boolean): Promise<void> {
  const nowMs = deps.clock.nowMs();
  const waitedMs = before.movedMs === 0 ? 0 : before.waitedMs + nowMs - before.sinceMs;
  const waited = { ...before, waitedMs, note: isSlow ? WENT_ON : before.note };
  const leftMs = before.byMs - before.movedMs;
  if (leftMs === 0) return await write(deps, before, { ...waited, state: 'done', endedMs: nowMs });
  const { byMs, happened } = await whatComes(deps, before, nowMs, leftMs);
  const told = [...before.happened, ...happened].slice(0, MOST_TOLD);
  await write(deps, before, { ...waited, movedMs: before.movedMs + byMs, happened: told });
}

/** Moves the clock by what two states of a move differ in. Does nothing where it was canceled, or another was quicker. */
async function write(deps: AdvanceDeps, before: AdvanceRow, after: AdvanceRow): Promise<void> {
  const { workspaceId, id } = before;
  const byMs = after.movedMs - before.movedMs;
  await deps.sql.begin(async (tx) => {
    const now = await selectAdvance(tx, workspaceId, id, true);
    if (now?.state !== 'running' || now.movedMs !== before.movedMs || now.broughtMs !== before.broughtMs)
      return;
    const moved = byMs === 0 || (await moveClock(tx, workspaceId, byMs, FARTHEST_AHEAD_MS)) !== undefined;
    // Somebody moved it by other ways meanwhile.
    const isFar = { state: 'done' as const, endedMs: deps.clock.nowMs(), note: TOO_FAR.message };
    await updateAdvance(tx, moved ? after : { ...before, ...isFar });
  });
}

/** How far the next step goes, and what comes due by then. */
async function whatComes(
  deps: AdvanceDeps,
  { workspaceId, byMs }: AdvanceRow,
  nowMs: number,
  leftMs: number,
): Promise<{ byMs: number; happened: Happened[] }> {
  deps.rules.forget(workspaceId);
  const world = await deps.rules.world(workspaceId);
  const aheadMs = isFault(world) ? 0 : world.clockAheadMs;
  const of = { workspaceId, aheadMs, afterMs: nowMs };
  const { nextMs, items, untilMs } = await nextDueMs(deps.sql, deps.rooms?.() ?? [], of);
  const leastMs = Math.ceil(byMs / MOST_STEPS);
  // What is due within a minute of it comes due with it.
  const soon = items.flatMap(({ dueMs }) => (dueMs < (nextMs ?? 0) + MINUTE_MS ? dueMs : []));
  const wantedMs = nextMs === undefined ? leftMs : Math.max(nextMs, ...soon) - nowMs;
  const stepMs = Math.min(leftMs, Math.max(wantedMs, leastMs));
  const due = items.filter(({ dueMs }) => dueMs <= nowMs + stepMs);
  const { groups } = pageOf(due, { aheadMs, untilMs, limit: due.length });
  return {
    byMs: stepMs,
    happened: groups.map(({ atMs, kind, of: sender, count, more }) => ({
      atMs,
      kind,
      of: sender,
      count,
      more,
    })),
  };
}

async function end(deps: AdvanceDeps, batch: Batch, item: WorkItem, waits: boolean): Promise<void> {
  const later = waits ? [{ item, dueMs: deps.clock.nowMs() + LOOK_MS, attempt: 0 }] : [];
  try {
    await deps.queue.transact(async (tx) => {
      if (!(await settle(tx, batch, { done: waits ? [] : [item], later, landed: true })))
        throw new LaneLost(batch.lane.lane);
    });
  } catch (error) {
    if (!(error instanceof LaneLost)) throw error;
  }
}
