/**
 * What another room tells of a contact as an event of theirs (an order was made): it arrives like anything they do, in order with it, and
 * a repeat of the same key is the same event.
 */
import { hash53 } from '../../base/crypto.ts';
import { bucketOf, type IdSource } from '../../base/ids.ts';
import type { Tx } from '../../db/pool.ts';
import type { Queue } from '../../queue/queue.ts';
import type { Names, OwnEvent } from './names.ts';
import { ARRIVAL, insertArrivals, type ArrivalRow } from './sql.ts';
import { FLAG } from './time.ts';

/** Something that happened to a contact, by the workspace's clock. */
export type OwnTold = {
  workspaceId: number;
  contactId: number;
  name: OwnEvent;
  atMs: number;
  /** Tells it from others of the same name. */
  key: string;
  properties: Record<string, unknown>;
  /** It is kept and counted, and sets nothing off. */
  isHistory: boolean;
};

/** Lets them arrive; part of the transaction. */
export async function tellOwn(
  { queue, ids, names }: { queue: Pick<Queue, 'laneOf' | 'turn'>; ids: IdSource; names: Names },
  tx: Tx,
  told: readonly OwnTold[],
): Promise<void> {
  const nameIds = new Map<string, number>();
  for (const [workspaceId, of] of Map.groupBy(told, (one) => one.workspaceId)) {
    const known = await names(workspaceId, [...new Set(of.map(({ name }) => name))]);
    for (const [name, id] of known) nameIds.set(`${workspaceId} ${name}`, id);
  }
  const rows: ArrivalRow[] = [];
  for (const { workspaceId, contactId, name, atMs, key, properties, isHistory } of told) {
    const nameId = nameIds.get(`${workspaceId} ${name}`);
    if (nameId === undefined) continue;
    rows.push({
      id: ids.inOrder(),
      lane: queue.laneOf(bucketOf(contactId)),
      workspaceId,
      contactId,
      kind: ARRIVAL.event,
      nameId,
      atMs,
      receivedMs: atMs,
      key: hash53(`${name} ${key}`),
      flags: FLAG.keyed | FLAG.own | (isHistory ? FLAG.history : 0),
      properties: JSON.stringify(properties),
    });
  }
  if (!rows.length) return;
  await insertArrivals(tx, rows);
  queue.turn(tx, new Set(rows.map(({ lane }) => lane)));
}
