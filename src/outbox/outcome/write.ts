/**
 * Writing what a batch decided: due rows, states, tallies, what was learned, what follows, and the event, in one transaction
 * under the lane's fence.
 */
import type { Tx } from '../../db/pool.ts';
import { KIND } from '../../queue/work/kinds.ts';
import { LaneLost, settle, type Batch } from '../../queue/work/settle.ts';
import type { WorkItem } from '../../queue/work/sql.ts';
import type { Decision, Spread } from './decide.ts';
import { giveRoomBack } from '../deliver/capped.ts';
import type { DeliverDeps } from '../deliver/deliver.ts';
import type { AcceptedInRun, DeliveryChange, DeliveryChanged } from '../../ledger/events.ts';
import { fallBack } from './fallback.ts';
import { learn } from './learn.ts';
import { insertAccepted } from '../../ledger/sql.bulk.ts';
import { insertOnward } from '../../ledger/sql.fallback.ts';
import { addTallies, upsertOutcomes, type Change, type OutcomeRow } from '../../ledger/sql.ts';
import { STATE } from '../../ledger/states.ts';

/** Writes decisions; with `landed` the flight is over. Throws LaneLost when the lane has another owner: then nothing may stand. */
export async function writeDecisions(
  deps: DeliverDeps,
  tx: Tx,
  batch: Batch,
  decisions: readonly Decision[],
  landed: boolean,
): Promise<void> {
  const done = decisions.filter(({ later }) => !later).map(({ item }) => item);
  const later = decisions.flatMap(({ item, later: again }) => (again ? [{ item, ...again }] : []));
  if (!(await settle(tx, batch, { done, later, landed }))) throw new LaneLost(batch.lane.lane);
  await spreadOut(
    deps,
    tx,
    batch,
    decisions.flatMap(({ item, spread }) => (spread ? [{ item, spread }] : [])),
  );
  const rows = decisions.flatMap(({ row }) => (row ? [row] : []));
  if (!rows.length) return;
  await giveRoomBack(tx, decisions);
  const bulk = batch.stream !== 0;
  const [plain, others] = bulk ? divide(rows) : [[], rows];
  const { accepted, faster } = await writeAccepted(tx, plain);
  const changes = [...faster, ...(others.length ? await upsertOutcomes(tx, others) : [])];
  const lessons = decisions.flatMap(({ lesson }) => (lesson ? [lesson] : []));
  await learn(tx, deps.ids, lessons, deps.clock.nowMs());
  if (!bulk) await followUp(deps, tx, decisions, changes);
  if (bulk) await addTallies(tx, batch.lane.bucket, tallyOf(changes, accepted));
  await announce(deps, tx, bulk, rows, changes, accepted);
}

/** Appends what changed, one event per workspace. */
async function announce(
  deps: DeliverDeps,
  tx: Tx,
  bulk: boolean,
  rows: readonly OutcomeRow[],
  changes: readonly Change[],
  accepted: AcceptedInRun[],
): Promise<void> {
  const rowOf = new Map(rows.map((row) => [row.contactId, row]));
  const events = new Map<number, DeliveryChange[]>();
  if (accepted.length) events.set(rows[0]!.workspaceId, []);
  for (const { contactId, causeId, seq, state, priorState } of changes) {
    if (state === priorState) continue;
    const { workspaceId, stateMs } = rowOf.get(contactId)!;
    const list = events.get(workspaceId) ?? [];
    list.push({
      contactId,
      causeId,
      seq,
      to: state,
      atMs: stateMs,
      ...(priorState === null ? {} : { from: priorState }),
    });
    events.set(workspaceId, list);
  }
  await deps.queue.append(
    tx,
    [...events].map(([workspaceId, list]) => ({
      ownerId: list[0]?.contactId ?? accepted[0]!.contactIds[0]!,
      workspaceId,
      type: 'delivery.changed',
      atMs: list[0]?.atMs ?? accepted[0]!.atMs,
      payload: { bulk, changes: list, ...(accepted.length ? { accepted } : {}) } satisfies DeliveryChanged,
    })),
  );
}

/** The plain outcomes of a run's batch, and the others. */
function divide(rows: readonly OutcomeRow[]): [plain: OutcomeRow[], others: OutcomeRow[]] {
  const plain: OutcomeRow[] = [];
  const others: OutcomeRow[] = [];
  for (const row of rows) {
    const isPlain = row.state === STATE.accepted && row.attempts === 1 && row.seq === 0 && row.trail === null;
    (isPlain ? plain : others).push(row);
  }
  return [plain, others];
}

/** Writes plain outcomes, and tells apart those that a receipt was faster than. */
async function writeAccepted(
  tx: Tx,
  plain: readonly OutcomeRow[],
): Promise<{ accepted: AcceptedInRun[]; faster: Change[] }> {
  const accepted: AcceptedInRun[] = [];
  const faster: Change[] = [];
  for (const rows of Map.groupBy(plain, ({ integrationId }) => integrationId).values()) {
    const { causeId, workspaceId, class: messageClass, channel, integrationId } = rows[0]!;
    const atMs = Math.max(...rows.map(({ stateMs }) => stateMs));
    const known = await insertAccepted(
      tx,
      { causeId, workspaceId, class: messageClass, channel, integrationId, atMs },
      rows,
    );
    const early = new Set(known.map(({ contactId }) => contactId));
    const contactIds = rows.flatMap(({ contactId }) => (early.has(contactId) ? [] : [contactId]));
    if (contactIds.length) accepted.push({ causeId, atMs, contactIds });
    faster.push(...known);
  }
  return { accepted, faster };
}

/** What a single message's outcome leads to: another destination, or a look at whether it was read. */
async function followUp(
  deps: DeliverDeps,
  tx: Tx,
  decisions: readonly Decision[],
  changes: readonly Change[],
): Promise<void> {
  const watched = decisions.flatMap(({ item, unreadAtMs }) =>
    unreadAtMs === undefined ? [] : [{ ...item, kind: KIND.unread, dueMs: unreadAtMs }],
  );
  await deps.queue.put(tx, watched);
  const moving = decisions.filter(({ moveOn }) => moveOn);
  if (!moving.length) return;
  const ended = new Set(
    changes
      .filter(({ state, priorState }) => state >= STATE.failed && state !== priorState)
      .map(({ contactId, causeId, seq }) => `${contactId}.${causeId}.${seq}`),
  );
  const failed = moving
    .map(({ item }) => ({ contactId: item.ownerId, causeId: item.causeId, seq: item.seq }))
    .filter(({ contactId, causeId, seq }) => ended.has(`${contactId}.${causeId}.${seq}`));
  await fallBack(deps, tx, deps.clock.nowMs(), failed);
}

/** Deliveries that become one for each device: their rows, and work for those that are new. */
async function spreadOut(
  deps: DeliverDeps,
  tx: Tx,
  batch: Batch,
  spreads: readonly { item: WorkItem; spread: Spread }[],
): Promise<void> {
  if (!spreads.length) return;
  const onward = spreads.flatMap(({ item, spread: { destinationIds, ...shared } }) =>
    destinationIds.map((destinationId, index) => ({
      ...shared,
      contactId: item.ownerId,
      causeId: item.causeId,
      seq: item.seq + index,
      destinationId,
      trail: null,
    })),
  );
  await insertOnward(tx, onward);
  const added = spreads.flatMap(({ item, spread }) =>
    spread.destinationIds.slice(1).map((_, index) => ({
      kind: KIND.delivery,
      ownerId: item.ownerId,
      causeId: item.causeId,
      seq: item.seq + 1 + index,
      stream: item.stream,
      workspaceId: item.workspaceId,
      dueMs: item.dueMs,
    })),
  );
  await deps.queue.put(tx, added);
  // What is queued is whatever the tallies leave over of the audience: these deliveries are more than it has people.
  if (batch.stream !== 0)
    await addTallies(tx, batch.lane.bucket, [
      { causeId: batch.stream, state: STATE.queued, n: -added.length },
    ]);
}

/** What changes of state mean for the tallies of their runs. */
export function tallyOf(
  changes: readonly Change[],
  accepted: readonly AcceptedInRun[] = [],
): { causeId: number; state: Change['state']; n: number }[] {
  const sums = new Map<string, { causeId: number; state: Change['state']; n: number }>();
  const add = (causeId: number, state: Change['state'], n: number) => {
    const key = `${causeId}:${state}`;
    const sum = sums.get(key);
    if (sum) sum.n += n;
    else sums.set(key, { causeId, state, n });
  };
  for (const { causeId, contactIds } of accepted) add(causeId, STATE.accepted, contactIds.length);
  for (const { causeId, state, priorState } of changes) {
    if (state === priorState) continue;
    add(causeId, state, 1);
    // What is queued is not tallied: it is whatever the other states leave over.
    if (priorState !== null && priorState !== STATE.queued) add(causeId, priorState, -1);
  }
  return [...sums.values()].filter(({ n }) => n !== 0);
}
