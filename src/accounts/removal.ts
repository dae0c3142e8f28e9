/**
 * Deleting a workspace for good: nobody reaches it from the moment on that it is asked for (`deleteWorkspace`), and then its rows go, table
 * by table and part by part, each part in a transaction of its own with how far it is, so that a restart goes on where it was. Any process
 * may do it; two do not do one at once. What rooms keep elsewhere goes first (`removeOutside`): files, of which nothing would tell any
 * more. Tables are those of the catalogue that name a workspace, and what belongs to their rows
 * (`parts` in each `room.ts`): a new table is gone through without a word here.
 */
import type { Clock } from '../base/clock.ts';
import type { IdSource } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { Db, Sql, Tx } from '../db/pool.ts';
import type { Room } from '../db/room.ts';
import { appendAudit } from './audit.ts';
import {
  countUpTo,
  deleteOfLane,
  deleteOwned,
  deleteParts,
  deleteRemoved,
  insertRemoval,
  lockRemoval,
  PARTS,
  selectOwnedTables,
  selectRemovals,
  selectSpread,
  updateRemoval,
  type PartTable,
  type RemovalRow,
} from './sql.removal.ts';
import { goThroughEach, stretchOf, type WalkState, type WalkStep } from './walk.ts';
import { deleteWorkspace } from './workspaces.ts';
import { fault, isFault, type Fault } from '../base/fault.ts';

/** What was under way when it was asked for is over by then: processes know of it within a second, and a provider's answer in two minutes. */
const GRACE_MS = 3 * 60_000;
/** What workers claim, settle and hand on: gone through a lane at a time, while nothing is claimed from it. */
const LANED = ['due', 'timers', 'feed', 'feed_failures', 'event_arrivals', 'campaign_tasks'];
/** What shows that a workspace was there goes last: parts of its rows are found by it. */
const LAST = ['conversations', 'contacts'];

/** What it works with. */
export type Removing = {
  sql: Sql;
  ids: IdSource;
  clock: Clock;
  log: Log;
  rooms: readonly Room[];
  /** Lanes with their buckets, and how one is held still. */
  lanes: () => Promise<readonly { lane: number; bucket: number; buckets: number[] }[]>;
  holdLane: (tx: Tx, lane: { lane: number; bucket: number }) => Promise<void>;
};

/** What of a workspace goes with it: up to `most` are counted of each. */
export async function whatGoes(db: Db, workspaceId: number, most: number): Promise<Record<Goes, number>> {
  const counts: [Goes, number][] = [];
  for (const [name, table] of Object.entries(GOES) as [Goes, string][])
    counts.push([name, await countUpTo(db, table, workspaceId, most)]);
  return Object.fromEntries(counts) as Record<Goes, number>;
}

const GOES = {
  people: 'contacts',
  broadcasts: 'broadcasts',
  campaigns: 'campaigns',
  templates: 'templates',
  channels: 'integrations',
  webhooks: 'webhooks',
  keys: 'api_keys',
  members: 'memberships',
} as const;
type Goes = keyof typeof GOES;

/** Deletes a workspace and writes down that its rows are to go. After the commit, tell the directory and the keyring. */
export async function askRemoval(
  tx: Tx,
  { id, name, actor, nowMs }: { id: number; name: string; actor: string; nowMs: number },
): Promise<true | Fault> {
  const gone = await deleteWorkspace(tx, { id, nowMs });
  if (isFault(gone)) return gone;
  await insertRemoval(tx, { workspaceId: id, askedMs: nowMs, askedBy: actor, name });
  return true;
}

/** Goes on with what is to go, for so long; returns the workspaces of which nothing is left. */
export async function removeWorkspaces(deps: Removing): Promise<number[]> {
  const { sql, clock, log } = deps;
  const due = await selectRemovals(sql, clock.nowMs() - GRACE_MS);
  const done = await goThroughEach(deps, due, async ({ workspaceId }, untilMs) => {
    const isAlone = await removeOutside(deps, workspaceId, untilMs);
    const steps = await stepsOf(deps, workspaceId);
    return (tx, width) => goOn(deps, tx, { workspaceId, steps, isAlone }, width);
  });
  for (const workspaceId of done)
    log.info({ workspaceId }, 'a deleted workspace has no row and no file any more');
  return done;
}

/** What rooms keep of it elsewhere, some at a time; true when nothing of that is left. A store that is away keeps no row from going. */
async function removeOutside(
  { rooms, clock, log }: Removing,
  workspaceId: number,
  untilMs: number,
): Promise<boolean> {
  for (const room of rooms) {
    for (let gone: number | Fault = 1; gone !== 0 && room.removeOutside; ) {
      if (clock.nowMs() >= untilMs) return false;
      gone = await room
        .removeOutside(workspaceId)
        .catch((error: unknown) =>
          fault('unavailable', error instanceof Error ? error.message : String(error)),
        );
      if (!isFault(gone)) continue;
      const why = { workspaceId, room: room.name, detail: gone.message };
      log.warn(why, 'what is kept outside the database of a deleted workspace did not go; trying later');
      return false;
    }
  }
  return true;
}

/** A workspace that goes, the steps of that, and whether what was kept elsewhere has gone. */
type Going = { workspaceId: number; steps: readonly WalkStep[]; isAlone: boolean };

async function goOn(
  { ids, clock }: Removing,
  tx: Tx,
  { workspaceId, steps, isAlone }: Going,
  width: number,
): Promise<WalkState> {
  const at = await lockRemoval(tx, workspaceId);
  if (!at) return 'not ours';
  const { step, part, gone } = await stretchOf(tx, steps, at, width);
  if (step === undefined && gone === 0) {
    // As long as it stands here, the rest is tried again.
    if (!isAlone) return 'not ours';
    await finish(ids, tx, at, clock.nowMs());
    return 'done';
  }
  // What came in while it was gone through goes in the next round.
  const next = step === undefined ? { step: '', part: 0, gone: 0 } : { step, part, gone };
  await updateRemoval(tx, { workspaceId, ...next });
  return 'goes on';
}

/** The log of the workspace has gone with it; that of the install keeps who deleted it. */
async function finish(ids: IdSource, tx: Tx, at: RemovalRow, nowMs: number): Promise<void> {
  await deleteRemoved(tx, at.workspaceId);
  const detail = { name: at.name, askedBy: at.askedBy };
  const subject = `workspace:${at.workspaceId}`;
  await appendAudit(tx, ids, { actor: 'parley', action: 'workspace.removed', subject, detail, nowMs });
}

async function stepsOf({ sql, rooms, lanes, holdLane }: Removing, workspaceId: number): Promise<WalkStep[]> {
  const [owned, spread, laneList] = [await selectOwnedTables(sql), await selectSpread(sql), await lanes()];
  const names = new Set(owned.map(({ table }) => table));
  const parts = partTables(rooms, spread, names).map(
    (part): WalkStep => ({
      name: `of ${part.of}: ${part.table}`,
      parts: part.spread === 'whole' ? 1 : PARTS,
      most: PARTS,
      remove: (tx, range) => deleteParts(tx, part, workspaceId, range),
    }),
  );
  const laned: WalkStep = {
    name: 'lanes',
    parts: laneList.length,
    // A lane that is held stands still.
    most: 1,
    async remove(tx, { from }) {
      const { buckets, ...lane } = laneList[from]!;
      await holdLane(tx, lane);
      let gone = 0;
      for (const table of LANED) gone += await deleteOfLane(tx, table, workspaceId, buckets);
      return gone;
    },
  };
  const tables = owned
    .filter(({ table }) => !LANED.includes(table))
    .toSorted((a, b) => LAST.indexOf(a.table) - LAST.indexOf(b.table))
    .map(
      (one): WalkStep => ({
        name: `${one.table}.${one.column}`,
        parts: one.spread === 'whole' ? 1 : PARTS,
        most: PARTS,
        remove: (tx, range) => deleteOwned(tx, one, workspaceId, range),
      }),
    );
  return [laned, ...parts, ...tables];
}

/** What rooms say belongs to rows of a workspace, and what they export of a person: that is found by the person. */
function partTables(
  rooms: readonly Room[],
  spread: ReadonlyMap<string, PartTable['spread']>,
  owned: ReadonlySet<string>,
): PartTable[] {
  const told = rooms.flatMap(({ exports = {}, parts = {} }) => [
    ...Object.entries(parts).map(([table, { column, of, by = 'id' }]) => ({ table, column, of, by })),
    ...Object.entries(exports).flatMap(([table, how]) =>
      'by' in how && how.hasBucket !== false && !(table in parts)
        ? [{ table, column: how.column, of: how.by === 'contact' ? 'contacts' : 'conversations', by: 'id' }]
        : [],
    ),
  ]);
  return told
    .filter(({ table }) => !owned.has(table) && spread.has(table))
    .map((one) => ({ ...one, spread: spread.get(one.table)!, ofSpread: spread.get(one.of)! }));
}
