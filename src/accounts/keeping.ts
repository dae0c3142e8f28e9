/**
 * What a workspace keeps for fewer days than the install does (`keptDays` of its settings): once a day what is older is deleted, part by
 * part, by any process. The install's own days hold for everybody (months are dropped whole: `db/partitions.ts`).
 */
import type { Clock } from '../base/clock.ts';
import { firstIdAt } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { isObject } from '../base/objects.ts';
import type { Sql, Tx } from '../db/pool.ts';
import type { KeptSort, Room } from '../db/room.ts';
import {
  boundPatience,
  countOld,
  deleteOld,
  hastenKeeping,
  lockKeeping,
  selectKeeping,
  updateKeeping,
  type KeepingRow,
  type TooOld,
} from './sql.keeping.ts';
import { PARTS } from './sql.removal.ts';
import { goThroughEach, stretchOf, type WalkState, type WalkStep } from './walk.ts';
import type { Workspace } from './workspaces.ts';

const DAY_MS = 24 * 3600_000;
/** With how many workspaces one round of housekeeping goes on. */
const MOST_WORKSPACES = 100;
/** Who looks at a page does not wait longer than this for a count. */
const COUNT_MS = 500;

/** Days for which a workspace keeps each sort; what is not there is kept as long as the install keeps it. */
export type KeptDays = Readonly<Partial<Record<KeptSort, number>>>;

/** The days in a workspace's settings; what is odd counts as absent. */
function keptDays(settings: Readonly<Record<string, unknown>>): KeptDays {
  const given = settings['keptDays'];
  if (!isObject(given)) return {};
  return Object.fromEntries(
    SORTS.flatMap((sort) => {
      const days = given[sort];
      return Number.isInteger(days) && (days as number) > 0 ? [[sort, days as number]] : [];
    }),
  );
}

/** The sorts there are. */
export const SORTS: readonly KeptSort[] = ['messages', 'events', 'webhooks', 'audit'];

/** Deletes what workspaces keep no longer, where a round is due; returns those whose round is over. */
export async function deleteOldRows(deps: {
  sql: Sql;
  clock: Pick<Clock, 'nowMs'>;
  log: Log;
  rooms: readonly Room[];
}): Promise<number[]> {
  const { sql, clock, log, rooms } = deps;
  const nowMs = clock.nowMs();
  const due = await selectKeeping(sql, nowMs, MOST_WORKSPACES);
  return await goThroughEach({ sql, clock }, due, (row) => {
    const steps = stepsOf(rooms, row, nowMs);
    return (tx, width) => goOn(tx, row.workspaceId, steps, { width, nowMs, log });
  });
}

/** The days were changed: the next round of housekeeping goes by them. Part of the transaction. */
export async function keepOtherwise(tx: Tx, workspaceId: number): Promise<void> {
  await hastenKeeping(tx, workspaceId);
}

/** How much of each sort is older than so many days, up to `most`; null where it cannot be counted quickly. */
export async function countOldRows(
  sql: Sql,
  rooms: readonly Room[],
  workspace: Workspace,
  { days, most, nowMs }: { days: KeptDays; most: number; nowMs: number },
): Promise<Partial<Record<KeptSort, number | null>>> {
  const counts: Partial<Record<KeptSort, number | null>> = {};
  for (const sort of SORTS) {
    if (days[sort] === undefined) continue;
    // One table tells of its sort: that of which there is one row each.
    const [first] = tooOldOf(rooms, { [sort]: days[sort] }, workspace.clockAheadMs, nowMs).filter(
      ({ table }) => COUNTED.includes(table),
    );
    if (first) counts[sort] = await countQuickly(sql, first, workspace.id, most);
  }
  return counts;
}

const COUNTED: readonly string[] = ['messages', 'contact_events', 'webhook_calls', 'audit_log'];

async function countQuickly(
  sql: Sql,
  old: TooOld,
  workspaceId: number,
  most: number,
): Promise<number | null> {
  try {
    return await sql.begin(async (tx) => {
      await boundPatience(tx, COUNT_MS);
      return await countOld(tx, old, workspaceId, most);
    });
  } catch (error) {
    // 57014: the statement took longer than it may.
    if ((error as { code?: string }).code === '57014') return null;
    throw error;
  }
}

async function goOn(
  tx: Tx,
  workspaceId: number,
  steps: readonly WalkStep[],
  { width, nowMs, log }: { width: number; nowMs: number; log: Log },
): Promise<WalkState> {
  const at = await lockKeeping(tx, workspaceId, nowMs);
  if (!at || steps.length === 0) return 'not ours';
  const { step, part, gone } = await stretchOf(tx, steps, at, width);
  if (step !== undefined) {
    await updateKeeping(tx, { workspaceId, nextMs: 0, step, part, gone });
    return 'goes on';
  }
  await updateKeeping(tx, { workspaceId, nextMs: nowMs + DAY_MS, step: '', part: 0, gone: 0 });
  if (gone > 0) log.info({ workspaceId, rows: gone }, 'what a workspace keeps no longer was deleted');
  return 'done';
}

function stepsOf(
  rooms: readonly Room[],
  { workspaceId, settings, aheadMs }: KeepingRow,
  nowMs: number,
): WalkStep[] {
  const days = keptDays(settings as Record<string, unknown>);
  return tooOldOf(rooms, days, aheadMs, nowMs).map((old) => ({
    name: old.table,
    parts: PARTS,
    most: PARTS,
    remove: (tx, range) => deleteOld(tx, old, workspaceId, range),
  }));
}

function tooOldOf(rooms: readonly Room[], days: KeptDays, aheadMs: number, nowMs: number): TooOld[] {
  return rooms
    .flatMap(({ kept = {} }) => Object.entries(kept))
    .flatMap(([table, { sort, by: column }]) => {
      const kept = days[sort];
      if (kept === undefined) return [];
      const beforeMs = nowMs - kept * DAY_MS;
      return [{ table, column, before: column === 'at_ms' ? beforeMs + aheadMs : firstIdAt(beforeMs) }];
    });
}
