/**
 * Receipts: what a provider says of an earlier delivery moves its state forward, in one transaction with the event. They may
 * come before the send's answer, twice, or out of order; a repeat changes nothing.
 */
import type { ChannelName } from '../../../contract/channels.ts';
import type { Receipt } from '../../channels/adapter.ts';
import type { Clock } from '../../base/clock.ts';
import { bucketOf, type IdSource } from '../../base/ids.ts';
import { storable } from '../../base/storable.ts';
import type { Tx } from '../../db/pool.ts';
import { changeTold, tellOfDeliveries } from '../../ledger/events.ts';
import { addressOf } from '../../contacts/keys.ts';
import { fallBack, type FallbackDeps } from './fallback.ts';
import { learn, lessonOf, type Lesson } from './learn.ts';
import { redial } from './redial.ts';
import { fromRef, toRef } from '../../ledger/ref.ts';
import type { RunSource } from '../../ledger/run.ts';
import { moveByReceipts, noteArrivals, noteLate } from '../../ledger/receipts.ts';
import { tallyLanes } from '../../ledger/tallies.ts';
import type { ReceiptChange, ReceiptRow } from '../../ledger/delivery.ts';
import { STATE } from '../../ledger/states.ts';

const STATE_OF = {
  accepted: STATE.accepted,
  delivered: STATE.delivered,
  read: STATE.read,
  failed: STATE.failed,
} as const;

/** What receipts did. */
type ReceiptResult = { changed: number; unknown: number };

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
  const { changes, unmoved } = await moveByReceipts(deps, tx, integration, rows, atMs);
  await learnLate(deps, tx, integration.workspaceId, unmoved, atMs);
  const arrived = unmoved.filter(({ state }) => state === STATE.delivered || state === STATE.read);
  await noteArrivals(tx, integration.workspaceId, arrived, atMs);
  if (!changes.length) return { changed: 0, unknown: 0 };
  await learn(tx, deps.ids, lessonsOf(integration.workspaceId, rows, changes), atMs);
  const nowMs = deps.clock.nowMs();
  const missed = integration.channel === 'voice' ? missedCalls(rows, changes) : [];
  await redial(deps, tx, integration.workspaceId, missed, { nowMs, atMs });
  // A receipt that came before its message was settled: where that went is not known yet (overtaken.ts).
  const failed = changes.filter(
    (change) => change.state === STATE.failed && change.mayFallBack && change.address !== null,
  );
  await fallBack(deps, tx, nowMs, failed);
  // Events of one bucket are in order. Those of a single send are told as they come, so each person has their own; a run's are
  // for counting, and share one for each lane.
  const together = Map.groupBy(changes, ({ bulk, contactId }) =>
    bulk ? `lane ${deps.queue.laneOf(bucketOf(contactId))}` : contactId,
  );
  const told = tellOfDeliveries(
    deps.queue,
    tx,
    [...together.values()].map((list) => ({
      ownerId: list[0]!.contactId,
      workspaceId: integration.workspaceId,
      atMs,
      bulk: list[0]!.bulk,
      changes: list.map((change) => changeTold(change, atMs)),
    })),
  );
  const counted = changes.filter(({ bulk }) => bulk);
  await Promise.all([told, tallyLanes(deps.queue, tx, counted)]);
  return { changed: changes.length, unknown: 0 };
}

/** Calls that may come about another time. */
function missedCalls(rows: readonly ReceiptRow[], changes: readonly ReceiptChange[]): ReceiptChange[] {
  const transient = new Set(rows.filter((row) => row.class === 'transient').map(toRef));
  return changes.filter(
    (change) => change.state === STATE.failed && !change.bulk && transient.has(toRef(change)),
  );
}

/** What was delivered and came back later moves nothing, but tells of the address what a bounce tells. */
async function learnLate(
  deps: { ids: IdSource },
  tx: Tx,
  workspaceId: number,
  unmoved: readonly ReceiptRow[],
  atMs: number,
): Promise<void> {
  const late = unmoved.filter(
    (row) => row.state === STATE.failed && ['recipient', 'optout'].includes(row.class ?? ''),
  );
  if (!late.length) return;
  const told = new Map(late.map((row) => [toRef(row), row]));
  const lessons = (await noteLate(tx, workspaceId, late)).flatMap((at) => {
    const row = told.get(toRef(at))!;
    if (!isAbout(row, at)) return [];
    return lessonOf({ workspaceId, ...at }, { class: row.class, code: row.code ?? '' }) ?? [];
  });
  await learn(tx, deps.ids, lessons, atMs);
}

/** A message that failed after it was accepted may tell of the address, as a refusal does (a bounce, a number out of use). */
function lessonsOf(
  workspaceId: number,
  rows: readonly ReceiptRow[],
  changes: readonly ReceiptChange[],
): Lesson[] {
  const failed = changes.filter(({ state }) => state === STATE.failed);
  if (!failed.length) return [];
  const told = new Map(rows.map((row) => [toRef(row), row]));
  return failed.flatMap((change) => {
    const row = told.get(toRef(change));
    if (!row || !isAbout(row, change)) return [];
    return lessonOf({ workspaceId, ...change }, { class: row.class, code: row.code ?? '' }) ?? [];
  });
}

/** A mail that was forwarded on may fail at an address that is not the one we sent it to. */
function isAbout(
  { about }: ReceiptRow,
  { channel, address }: Pick<ReceiptChange, 'channel' | 'address'>,
): boolean {
  if (!about || !channel || !address) return true;
  const ours = addressOf(channel as ChannelName, address);
  return about.some((one) => addressOf(channel as ChannelName, one) === ours);
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
      code:
        receipt.code === undefined ? (state === STATE.failed ? 'undelivered' : null) : storable(receipt.code),
      class: receipt.class,
      detail: receipt.detail === undefined ? null : storable(receipt.detail),
      externalId: receipt.externalId === undefined ? null : storable(receipt.externalId),
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
