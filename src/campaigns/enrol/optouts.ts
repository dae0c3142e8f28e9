/**
 * Campaigns that a contact has left, by the word of the business: it is not let in again, and is out of them if it was in. Other campaigns
 * go on. Who leaves is told to the contact's lane as anything that arrives, so that leaving and being let in are one after the other.
 */
import { fault, type Fault } from '../../base/fault.ts';
import { bucketOf, fromHex24, type IdSource } from '../../base/ids.ts';
import type { Db, Tx } from '../../db/pool.ts';
import type { Merging } from '../../db/room.ts';
import type { Queue } from '../../queue/queue.ts';
import { ARRIVAL, insertArrivals } from '../events/sql.ts';
import { bumpStamp } from './sql.live.ts';
import {
  copyOptouts,
  deleteOptouts,
  deleteOptoutsOf,
  insertOptouts,
  markLeft,
  selectLeftBy,
  selectNamed,
  selectOptouts,
} from './sql.optouts.ts';

/** What leaving needs. */
export type LeaveDeps = { queue: Pick<Queue, 'laneOf' | 'turn'>; ids: IdSource };

/** What is told of a message that was not let in for this. */
export const LEFT_CAMPAIGN = 'left_campaign';

/** The ids of campaigns by key or id, in order; a fault names the one that is none. */
export async function campaignsNamed(
  db: Db,
  workspaceId: number,
  names: readonly string[],
  field: string,
): Promise<number[] | Fault> {
  const ids = names.map((name) => fromHex24(name)).filter((id) => id !== undefined);
  const found = await selectNamed(db, workspaceId, names, ids);
  const named = names.map(
    (name) => found.find(({ id, key }) => key === name || id === (fromHex24(name) ?? 0))?.id,
  );
  const odd = named.indexOf(undefined);
  if (odd >= 0)
    return fault('bad_request', `${field}[${odd}]: there is no such campaign`, { field: `${field}[${odd}]` });
  return named as number[];
}

/** Leaves campaigns, or comes back to them. `nowMs` is by the workspace's clock. */
export async function changeOptouts(
  deps: LeaveDeps,
  tx: Tx,
  of: { workspaceId: number; contactId: number },
  campaignIds: readonly number[],
  act: 'leave' | 'come back',
  nowMs: number,
): Promise<void> {
  if (act === 'come back') return await deleteOptouts(tx, of.contactId, campaignIds);
  await insertOptouts(tx, of, campaignIds, nowMs);
  // Turns ask who has left only where somebody has.
  if (await markLeft(tx, campaignIds)) await bumpStamp(tx, of.workspaceId);
  await tellLeft(deps, tx, of, campaignIds, nowMs);
}

/** Tells the contact's lane, whose owner takes them out. */
async function tellLeft(
  { queue, ids }: LeaveDeps,
  tx: Tx,
  { workspaceId, contactId }: { workspaceId: number; contactId: number },
  campaignIds: readonly number[],
  nowMs: number,
): Promise<void> {
  const lane = queue.laneOf(bucketOf(contactId));
  const id = ids.inOrder();
  const at = { nameId: null, atMs: nowMs, receivedMs: nowMs, key: id, flags: 0 };
  const properties = JSON.stringify({ campaigns: campaignIds });
  await insertArrivals(tx, [{ id, lane, workspaceId, contactId, kind: ARRIVAL.left, ...at, properties }]);
  queue.turn(tx, new Set([lane]));
}

/** Which of some campaigns each of some contacts has left. */
export async function leftBy(
  db: Db,
  contactIds: readonly number[],
  campaignIds: readonly number[],
): Promise<Map<number, Set<number>>> {
  const found = new Map<number, Set<number>>();
  if (!campaignIds.length || !contactIds.length) return found;
  for (const { contactId, campaignId } of await selectOptouts(db, contactIds, campaignIds))
    found.set(contactId, (found.get(contactId) ?? new Set()).add(campaignId));
  return found;
}

/** Nothing is left of it. */
export const eraseOptouts = deleteOptoutsOf;

/** What either has left, both have. */
export async function mergeOptouts(deps: LeaveDeps, merging: Merging): Promise<void> {
  const { tx, workspaceId, survivingId, discardedId, atMs } = merging;
  await copyOptouts(tx, discardedId, survivingId);
  await deleteOptoutsOf(tx, [discardedId]);
  const left = await selectLeftBy(tx, survivingId);
  if (left.length) await tellLeft(deps, tx, { workspaceId, contactId: survivingId }, left, atMs);
}
