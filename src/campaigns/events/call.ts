/** Somebody says that a contact is to enter a campaign: an arrival like others, so that it is taken in order with what they do. */
import { hash53 } from '../../base/crypto.ts';
import { bucketOf, type IdSource } from '../../base/ids.ts';
import type { Tx } from '../../db/pool.ts';
import type { Queue } from '../../queue/queue.ts';
import { ARRIVAL, insertArrivals } from './sql.ts';

/** Lets a contact arrive at a campaign; part of the caller's transaction. Who came under a key does not come again by it. */
export async function callIn(
  deps: { queue: Pick<Queue, 'laneOf' | 'turn'>; ids: IdSource },
  tx: Tx,
  told: { workspaceId: number; contactId: number; campaignId: number; key: string; properties: object },
  nowMs: number,
): Promise<void> {
  const { workspaceId, contactId, campaignId, key, properties } = told;
  const lane = deps.queue.laneOf(bucketOf(contactId));
  await insertArrivals(tx, [
    {
      id: deps.ids.inOrder(),
      lane,
      workspaceId,
      contactId,
      kind: ARRIVAL.call,
      nameId: null,
      atMs: nowMs,
      receivedMs: nowMs,
      key: hash53(`call ${campaignId} ${key}`),
      flags: 0,
      properties: JSON.stringify({ campaign: campaignId, key, properties }),
    },
  ]);
  deps.queue.turn(tx, new Set([lane]));
}
