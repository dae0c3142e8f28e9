/** Moving deliveries on by what their provider says of them. */
import type { Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';
import { KIND } from '../queue/work/kinds.ts';
import { isRun } from '../queue/work/stream.ts';
import type { LateFailure, ReceiptChange, ReceiptRow } from './delivery.ts';
import { toRef, type DeliveryKey } from './ref.ts';
import type { BulkRun, RunSource } from './run.ts';
import { applyReceiptRows, insertForReceipt, noteLateArrivals, noteLateFailures } from './sql.ts';

/** Whose receipts they are. */
type ReceiptsOf = { id: number; workspaceId: number; channel: string };

/**
 * Moves deliveries on; part of the caller's transaction. No delivery is named twice in `rows`. A receipt for another workspace's
 * delivery, or one that comes too late, changes nothing and is among those that moved nothing.
 */
export async function moveByReceipts(
  deps: { queue: Queue; runs: RunSource },
  tx: Tx,
  integration: ReceiptsOf,
  rows: readonly ReceiptRow[],
  atMs: number,
): Promise<{ changes: ReceiptChange[]; unmoved: ReceiptRow[] }> {
  const changes = await applyReceiptRows(tx, integration.workspaceId, rows);
  const unmoved = unmovedBy(changes, rows);
  if (!unmoved.length) return { changes, unmoved };
  await makeRoomForEarly(deps, tx, integration, unmoved, atMs);
  // Those that have room now, and those that were settled between the two statements.
  changes.push(...(await applyReceiptRows(tx, integration.workspaceId, unmoved)));
  return { changes, unmoved: unmovedBy(changes, rows) };
}

/**
 * Notes on deliveries that were delivered or read what a provider said of them later: a bounce that came back from behind the
 * server that had taken the mail. Their state stays. Returns those that did not have it yet, so that a repeat changes nothing.
 */
export async function noteLate(
  tx: Tx,
  workspaceId: number,
  rows: readonly ReceiptRow[],
): Promise<LateFailure[]> {
  return rows.length ? await noteLateFailures(tx, workspaceId, rows) : [];
}

/** Notes on deliveries that had failed that they were delivered after all: whoever is to try them once more must know. */
export async function noteArrivals(
  tx: Tx,
  workspaceId: number,
  rows: readonly ReceiptRow[],
  atMs: number,
): Promise<void> {
  if (rows.length) await noteLateArrivals(tx, workspaceId, rows, atMs);
}

/** Receipts that changed nothing: repeats, late ones, and those that overtook the settling. */
function unmovedBy(changes: readonly ReceiptChange[], rows: readonly ReceiptRow[]): ReceiptRow[] {
  if (changes.length === rows.length) return [];
  const moved = new Set(changes.map(toRef));
  return rows.filter((row) => !moved.has(toRef(row)));
}

/** A broadcast's delivery has no row until it is settled. A receipt that overtakes the settling finds it by its due row. */
async function makeRoomForEarly(
  deps: { queue: Queue; runs: RunSource },
  tx: Tx,
  integration: ReceiptsOf,
  rows: readonly ReceiptRow[],
  atMs: number,
): Promise<void> {
  const due = await deps.queue.stillIn(
    tx,
    KIND.delivery,
    rows.map((row) => ({ ownerId: row.contactId, causeId: row.causeId, seq: row.seq })),
  );
  const early: (DeliveryKey & Pick<BulkRun, 'class'>)[] = [];
  for (const item of due) {
    if (!isRun(item.stream) || item.workspaceId !== integration.workspaceId) continue;
    const run = await deps.runs(item.stream);
    if (run) early.push({ contactId: item.ownerId, causeId: item.causeId, seq: item.seq, class: run.class });
  }
  if (early.length) await insertForReceipt(tx, integration, early, atMs);
}
