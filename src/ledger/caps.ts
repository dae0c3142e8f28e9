/**
 * Room under a frequency cap, taken before anything is called and given back by what ended without having been sent. In one
 * transaction the marks of those concerned are locked, `reserve` decides, and what it decided is written. Two broadcasts at once find
 * the same person one after the other; a worker that dies after this has taken room for what may have been sent. Workspaces without
 * a cap pay nothing.
 */
import type { Db, Sql, Tx } from '../db/pool.ts';
import { reserve, type Mark } from '../gate/caps.ts';
import type { FrequencyCap } from '../gate/settings.ts';
import type { DeliveryKey } from './ref.ts';
import { dropMarks, lockMarks, seedMarks, selectMarks, writeMarks, type Marks } from './sql.caps.ts';

/** A message that would go, if there is room. `nowMs` by its workspace's clock. */
export type Asking = { contactId: number; causeId: number; cap: FrequencyCap; nowMs: number };

/** Takes room for messages in their order; returns, by `roomKey`, when those may go that found none. */
export async function takeRoom(sql: Sql, asking: readonly Asking[]): Promise<Map<string, number>> {
  const full = new Map<string, number>();
  if (!asking.length) return full;
  const contactIds = [...new Set(asking.map(({ contactId }) => contactId))];
  const sinceMs = Math.min(...asking.map(({ nowMs, cap }) => nowMs - cap.perMs));
  await sql.begin(async (tx) => {
    full.clear();
    const rows = await lockMarks(tx, contactIds);
    const known = new Set(rows.map(({ contactId }) => contactId));
    const missing = contactIds.filter((id) => !known.has(id));
    if (missing.length) rows.push(...(await seedMarks(tx, missing, sinceMs)));
    const marks = new Map(rows.map((row) => [row.contactId, marksIn(row)]));
    const changed = new Set<number>();
    for (const { contactId, causeId, cap, nowMs } of asking) {
      const reserved = reserve(cap, marks.get(contactId)!, causeId, nowMs);
      if ('freeMs' in reserved) full.set(roomKey({ contactId, causeId }), reserved.freeMs);
      else marks.set(contactId, reserved.marks);
      if ('marks' in reserved) changed.add(contactId);
    }
    if (changed.size)
      await writeMarks(
        tx,
        [...changed].map((id) => rowOf(id, marks.get(id)!)),
      );
  });
  return full;
}

/** A message's place under the cap: one for a person and a cause. */
export function roomKey({ contactId, causeId }: { contactId: number; causeId: number }): string {
  return `${contactId}.${causeId}`;
}

/**
 * Gives back the room that deliveries took; part of the transaction that ends them, once their states are written. Of a cause of which
 * something was or may have been sent, or still waits, the room stays taken. Who has no marks (there is no cap) costs one look.
 */
export async function giveRoomBack(tx: Tx, ended: readonly DeliveryKey[]): Promise<void> {
  if (!ended.length) return;
  const marked = new Set(
    (await lockMarks(tx, [...new Set(ended.map(({ contactId }) => contactId))])).flatMap(
      ({ contactId, causeIds }) => causeIds.map((causeId) => roomKey({ contactId, causeId })),
    ),
  );
  const keys = new Map(ended.map((key) => [roomKey(key), key]));
  const held = [...keys].flatMap(([name, key]) => (marked.has(name) ? [key] : []));
  if (held.length) await dropMarks(tx, held);
}

/** The marks of a person: what it was sent for lately, in workspaces that cap it. */
export async function marksOf(db: Db, contactId: number): Promise<Mark[]> {
  const [row] = await selectMarks(db, [contactId]);
  return row ? marksIn(row) : [];
}

function marksIn({ atMs, causeIds }: Marks): Mark[] {
  return atMs.map((at, index) => ({ atMs: at, causeId: causeIds[index]! }));
}

function rowOf(contactId: number, marks: readonly Mark[]): Marks {
  return { contactId, atMs: marks.map(({ atMs }) => atMs), causeIds: marks.map(({ causeId }) => causeId) };
}
