/** Campaigns that a contact has left, by the word of the business: nothing of theirs is let in for it. Other campaigns go on. */
import { fault, type Fault } from '../../base/fault.ts';
import { fromHex24 } from '../../base/ids.ts';
import type { Db, Tx } from '../../db/pool.ts';
import type { Merging } from '../../db/room.ts';
import {
  copyOptouts,
  deleteOptouts,
  deleteOptoutsOf,
  insertOptouts,
  selectNamed,
  selectOptouts,
  type Left,
} from './sql.optouts.ts';

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

/** Leaves campaigns, or comes back to them. */
export async function changeOptouts(
  tx: Tx,
  of: { workspaceId: number; contactId: number },
  campaignIds: readonly number[],
  act: 'leave' | 'come back',
  nowMs: number,
): Promise<void> {
  if (act === 'leave') await insertOptouts(tx, of, campaignIds, nowMs);
  else await deleteOptouts(tx, of.contactId, campaignIds);
}

/** Whether the one has left the other. */
export async function whoHasLeft(db: Db, pairs: readonly Left[]): Promise<(pair: Left) => boolean> {
  const left = await selectOptouts(db, pairs);
  const texts = new Set(left.map(({ contactId, campaignId }) => `${contactId}|${campaignId}`));
  return ({ contactId, campaignId }) => texts.has(`${contactId}|${campaignId}`);
}

/** Nothing is left of it. */
export const eraseOptouts = deleteOptoutsOf;

/** What either has left, both have. */
export async function mergeOptouts({ tx, survivingId, discardedId }: Merging): Promise<void> {
  await copyOptouts(tx, discardedId, survivingId);
  await deleteOptoutsOf(tx, [discardedId]);
}
