/** What happens to this room's rows when a contact is merged or erased, and when they are old. */
import type { Db, Tx } from '../db/pool.ts';
import { bucketOf } from '../base/ids.ts';
import { countOnce } from './hours.ts';
import { deleteOfContacts, deleteOver, insertClicks, takeClicks } from './sql.ts';

/**
 * Part of a merge of two contacts: what the one opened that goes, the one opened that stays. Links, codes and sessions are left
 * as they are, since codes that were sent and tokens that were given name the old contact; they lead to whom it became.
 */
export async function moveLinks(
  tx: Tx,
  merge: { workspaceId: number; fromId: number; toId: number },
): Promise<void> {
  const clicks = await takeClicks(tx, merge.fromId);
  if (clicks.length === 0) return;
  const now = await insertClicks(tx, merge.toId, clicks);
  const counts = new Map(now.map(({ causeId, position, n }) => [`${causeId}.${position}`, n]));
  // More than were put there: the other had opened it as well.
  const twice = clicks.filter(({ causeId, position, n }) => counts.get(`${causeId}.${position}`)! > n);
  if (twice.length > 0) await countOnce(tx, bucketOf(merge.toId), twice);
}

/** Part of erasing contacts: nothing leads to them any more, and nothing tells what they opened. */
export async function forgetLinks(tx: Tx, contactIds: readonly number[]): Promise<void> {
  if (contactIds.length > 0) await deleteOfContacts(tx, contactIds);
}

const DAY_MS = 24 * 3600_000;
/** For this long after its end a link says that it has expired. */
const EXPIRED_KEPT_MS = 30 * DAY_MS;

/** Housekeeping: deletes what is over. `clicksKeptMs` is how long clicks are kept. */
export async function sweepLinks(db: Db, nowMs: number, clicksKeptMs: number): Promise<void> {
  await deleteOver(db, {
    linksMs: nowMs - EXPIRED_KEPT_MS,
    clicksMs: nowMs - clicksKeptMs,
    codesMs: nowMs,
  });
}
