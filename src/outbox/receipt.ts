/**
 * Receipts: what a provider says of an earlier delivery moves its state forward, in one transaction with the event. They may
 * come before the send's answer, twice, or out of order; a repeat changes nothing.
 */
import type { ChannelName } from '../../contract/channels.ts';
import type { Receipt } from '../channels/adapter.ts';
import type { Clock } from '../base/clock.ts';
import { bucketOf, type IdSource } from '../base/ids.ts';
import type { Tx } from '../db/pool.ts';
import { KIND } from '../queue/kinds.ts';
import type { Queue } from '../queue/queue.ts';
import { selectDue } from '../queue/sql.ts';
import { tallyOf } from './write.ts';
import type { DeliveryChange } from './events.ts';
import { blockDestinations } from '../contacts/destinations.ts';
import { addressOf } from '../contacts/keys.ts';
import { fallBack, type FallbackDeps } from './fallback.ts';
import { learn, lessonOf, type Lesson } from './learn.ts';
import { fromRef, type DeliveryKey } from './ref.ts';
import type { RunSource } from './run.ts';
import {
  addTallies,
  applyReceiptRows,
  insertForReceipt,
  selectSentTo,
  type ReceiptChange,
  type ReceiptRow,
} from './sql.ts';
import { STATE } from './states.ts';

const STATE_OF = {
  accepted: STATE.accepted,
  delivered: STATE.delivered,
  read: STATE.read,
  failed: STATE.failed,
} as const;

/** What receipts did. */
export type ReceiptResult = { changed: number; unknown: number };

/**
 * Applies receipts of one integration; part of the caller's transaction. `atMs` is by the workspace's clock. Receipts that
 * name no delivery of ours are counted and otherwise ignored: providers also report on messages that others sent.
 */
export async function applyReceipts(
  deps: FallbackDeps & { ids: IdSource; clock: Clock; runs: RunSource },
  tx: Tx,
  integration: { id: number; workspaceId: number; channel: string },
  receipts: readonly Receipt[],
  atMs: number,
): Promise<ReceiptResult> {
  const rows = furthest(receipts, atMs);
  if (!rows.length) return { changed: 0, unknown: receipts.length };
  await makeRoomForEarly(deps, tx, integration, rows, atMs);
  const changes = await applyReceiptRows(tx, integration.workspaceId, rows);
  await heedComplaints(deps, tx, integration.workspaceId, receipts, atMs);
  if (!changes.length) return { changed: 0, unknown: 0 };
  await learn(tx, deps.ids, lessonsOf(integration.workspaceId, rows, changes), atMs);
  const failed = changes.filter(({ state, mayFallBack }) => state === STATE.failed && mayFallBack);
  await fallBack(deps, tx, deps.clock.nowMs(), failed);
  await writeTallies(
    deps,
    tx,
    changes.filter(({ bulk }) => bulk),
  );
  const byLane = Map.groupBy(
    changes,
    (change) => `${change.bulk}:${deps.queue.laneOf(bucketOf(change.contactId))}`,
  );
  await deps.queue.append(
    tx,
    [...byLane.values()].map((list) => ({
      ownerId: list[0]!.contactId,
      workspaceId: integration.workspaceId,
      type: 'delivery.changed',
      atMs,
      payload: {
        bulk: list[0]!.bulk,
        changes: list.map(
          (change): DeliveryChange => ({
            contactId: change.contactId,
            causeId: change.causeId,
            seq: change.seq,
            to: change.state,
            atMs,
            ...(change.priorState === null ? {} : { from: change.priorState }),
          }),
        ),
      },
    })),
  );
  return { changed: changes.length, unknown: 0 };
}

/** A message that failed after it was accepted may tell of the address, as a refusal does (a bounce, a number out of use). */
function lessonsOf(
  workspaceId: number,
  rows: readonly ReceiptRow[],
  changes: readonly ReceiptChange[],
): Lesson[] {
  const told = new Map(rows.map((row) => [`${row.causeId}.${row.contactId}.${row.seq}`, row]));
  return changes.flatMap((change) => {
    const row = told.get(`${change.causeId}.${change.contactId}.${change.seq}`);
    if (change.state !== STATE.failed || !row || !isAbout(row, change)) return [];
    return lessonOf({ workspaceId, ...change }, { class: row.class, code: row.code ?? '' }) ?? [];
  });
}

/** A mail that was forwarded on may fail at an address that is not the one we sent it to. */
function isAbout({ about }: ReceiptRow, { channel, address }: ReceiptChange): boolean {
  if (!about || !channel || !address) return true;
  const ours = addressOf(channel as ChannelName, address);
  return about.some((one) => addressOf(channel as ChannelName, one) === ours);
}

/** Who calls a message spam wants no more marketing, wherever the delivery stands by then. The address is the one we sent to. */
async function heedComplaints(
  deps: { ids: IdSource },
  tx: Tx,
  workspaceId: number,
  receipts: readonly Receipt[],
  atMs: number,
): Promise<void> {
  const keys = receipts.flatMap(({ complained, ref }) => (complained && ref && fromRef(ref)) || []);
  if (!keys.length) return;
  const sentTo = await selectSentTo(tx, workspaceId, keys);
  const blocks = sentTo.map(({ channel, address }) => ({
    workspaceId,
    channel: channel as ChannelName,
    address,
    classes: ['marketing'] as const,
    reason: 'stop',
  }));
  await blockDestinations(tx, deps.ids, atMs, blocks);
}

/** One row per delivery, the furthest state of those told: a statement must not name a row twice. */
function furthest(receipts: readonly Receipt[], atMs: number): ReceiptRow[] {
  const rows = new Map<string, ReceiptRow>();
  for (const receipt of receipts) {
    const key = receipt.ref === undefined ? undefined : fromRef(receipt.ref);
    if (!key) continue;
    const state = STATE_OF[receipt.state];
    const seen = rows.get(receipt.ref!);
    if (seen && !isFurther(seen.state, state)) continue;
    rows.set(receipt.ref!, {
      ...key,
      state,
      code: receipt.code ?? (state === STATE.failed ? 'undelivered' : null),
      class: receipt.class,
      detail: receipt.detail ?? null,
      externalId: receipt.externalId ?? null,
      about: receipt.about,
      atMs,
    });
  }
  return [...rows.values()];
}

/** Within one batch: delivered and read beat failed, since they cannot be untrue. */
function isFurther(seen: number, next: number): boolean {
  const rank = (state: number) => (state === STATE.failed ? STATE.accepted + 0.5 : state);
  return rank(next) > rank(seen);
}

/** A broadcast's delivery has no row until it is settled. A receipt that overtakes the settling finds it by its due row. */
async function makeRoomForEarly(
  deps: { queue: Queue; runs: RunSource },
  tx: Tx,
  integration: { id: number; workspaceId: number; channel: string },
  rows: readonly ReceiptRow[],
  atMs: number,
): Promise<void> {
  const due = await selectDue(
    tx,
    KIND.delivery,
    rows.map((row) => ({ ownerId: row.contactId, causeId: row.causeId, seq: row.seq })),
  );
  const early: (DeliveryKey & { class: 'transactional' | 'marketing' | 'authentication' })[] = [];
  for (const item of due) {
    if (item.stream === 0 || item.workspaceId !== integration.workspaceId) continue;
    const run = await deps.runs(item.stream);
    if (run) early.push({ contactId: item.ownerId, causeId: item.causeId, seq: item.seq, class: run.class });
  }
  if (early.length) await insertForReceipt(tx, integration, early, atMs);
}

async function writeTallies(
  deps: { queue: Queue },
  tx: Tx,
  changes: Awaited<ReturnType<typeof applyReceiptRows>>,
): Promise<void> {
  const lanes = deps.queue.lanes();
  const byLane = Map.groupBy(changes, (change) => deps.queue.laneOf(bucketOf(change.contactId)));
  for (const [lane, list] of [...byLane].sort(([a], [b]) => a - b))
    await addTallies(tx, lanes[lane]!.bucket, tallyOf(list));
}
