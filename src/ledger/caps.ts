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
import { fillMarks, lockMarks, selectMarks, selectUnsent, writeMarks, type Marks } from './sql.caps.ts';

/** A message that would go, if there is room. `nowMs` by its workspace's clock, `capSetMs` by ours. */
export type CapCandidate = {
  contactId: number;
  causeId: number;
  cap: FrequencyCap;
  nowMs: number;
  capSetMs: number;
};

/**
 * So long after a cap was set, marks are filled again each time: another process may not know of it yet and send without marking, and
 * what was begun before is not known to be sent.
 */
const UNSETTLED_MS = 60_000;

/** Takes room for messages in their order; returns, by `roomKey`, when those may go that found none. `nowMs` by our clock. */
export async function takeRoom(
  sql: Sql,
  asking: readonly CapCandidate[],
  nowMs: number,
): Promise<Map<string, number>> {
  const full = new Map<string, number>();
  if (!asking.length) return full;
  await sql.begin(async (tx) => {
    full.clear();
    const { marks, filled } = await lockFilled(tx, asking, nowMs);
    const changed = new Set(filled);
    for (const { contactId, causeId, cap, nowMs: theirNowMs } of asking) {
      const reserved = reserve(cap, marks.get(contactId)!, causeId, theirNowMs);
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

/** The marks of those who ask, locked; filled from what they were sent where the cap is newer than the marks, or there are none. */
async function lockFilled(
  tx: Tx,
  asking: readonly CapCandidate[],
  nowMs: number,
): Promise<{ marks: Map<number, Mark[]>; filled: number[] }> {
  const setMs = new Map(asking.map(({ contactId, capSetMs }) => [contactId, capSetMs]));
  const rows = await lockMarks(tx, [...setMs.keys()]);
  const known = new Map(rows.map((row) => [row.contactId, marksIn(row)]));
  const whole = new Set(
    rows.flatMap(({ contactId, filledMs }) =>
      filledMs > setMs.get(contactId)! + UNSETTLED_MS ? [contactId] : [],
    ),
  );
  const toFill = [...setMs.keys()].filter((id) => !whole.has(id));
  const sinceMs = Math.min(...asking.map((one) => one.nowMs - one.cap.perMs));
  const filled = toFill.length ? await fillMarks(tx, toFill, { sinceMs, nowMs }) : [];
  return {
    marks: new Map([...known, ...filled.map((row) => [row.contactId, marksIn(row)] as const)]),
    filled: toFill,
  };
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
  const rows = await lockMarks(tx, [...new Set(ended.map(({ contactId }) => contactId))]);
  const marked = new Set(
    rows.flatMap(({ contactId, causeIds }) => causeIds.map((causeId) => roomKey({ contactId, causeId }))),
  );
  const keys = new Map(ended.map((key) => [roomKey(key), key]));
  const held = [...keys].flatMap(([name, key]) => (marked.has(name) ? [key] : []));
  // The marks are locked already: of two that end at once, the second sees that the first does not wait any more.
  const free = new Set((held.length ? await selectUnsent(tx, held) : []).map(roomKey));
  if (!free.size) return;
  const changed = rows.filter(({ contactId, causeIds }) =>
    causeIds.some((causeId) => free.has(roomKey({ contactId, causeId }))),
  );
  await writeMarks(
    tx,
    changed.map((row) =>
      rowOf(
        row.contactId,
        marksIn(row).filter(({ causeId }) => !free.has(roomKey({ contactId: row.contactId, causeId }))),
      ),
    ),
  );
}

/** The marks of a person: what it was sent for lately, in workspaces that cap it. */
export async function marksOf(db: Db, contactId: number): Promise<Mark[]> {
  const [row] = await selectMarks(db, [contactId]);
  return row ? marksIn(row) : [];
}

/** One mark a cause, the latest: what was filled in or merged may name a cause again. */
function marksIn({ atMs, causeIds }: Marks): Mark[] {
  const latest = new Map<number, number>();
  for (const [index, causeId] of causeIds.entries())
    latest.set(causeId, Math.max(latest.get(causeId) ?? 0, atMs[index]!));
  return [...latest].map(([causeId, at]) => ({ causeId, atMs: at })).sort((a, b) => a.atMs - b.atMs);
}

function rowOf(contactId: number, marks: readonly Mark[]): Marks {
  return { contactId, atMs: marks.map(({ atMs }) => atMs), causeIds: marks.map(({ causeId }) => causeId) };
}
