/**
 * Writing what a batch decided: due rows, states, tallies, what was learned, what follows, and the event, in one transaction
 * under the lane's fence.
 */
import type { Clock } from '../../base/clock.ts';
import type { IdSource } from '../../base/ids.ts';
import type { Tx } from '../../db/pool.ts';
import { KIND } from '../../queue/work/kinds.ts';
import { LaneLost, settle } from '../../queue/work/settle.ts';
import type { Batch, WorkItem } from '../../queue/work/work.ts';
import type { Decision, Spread } from './decide.ts';
import { giveRoomBack } from '../../ledger/caps.ts';
import type { AcceptedInRun, DeliveryChange, DeliveryChanged } from '../../ledger/events.ts';
import { fallBack, type FallbackDeps } from './fallback.ts';
import { learn } from './learn.ts';
import { insertAccepted } from '../../ledger/sql.bulk.ts';
import { insertOnward } from '../../ledger/sql.fallback.ts';
import { addTallies, upsertOutcomes, type Change, type OutcomeRow } from '../../ledger/sql.ts';
import { toRef, type DeliveryKey } from '../../ledger/ref.ts';
import { STATE } from '../../ledger/states.ts';

/** What writing needs. */
export type WriteDeps = FallbackDeps & { ids: IdSource; clock: Clock };

/** Writes decisions; with `landed` the flight is over. Throws LaneLost when the lane has another owner: then nothing may stand. */
export async function writeDecisions(
  deps: WriteDeps,
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
  const bulk = batch.stream !== 0;
  const [plain, others] = bulk ? divide(rows) : [[], rows];
  const { accepted, faster } = await writeAccepted(tx, plain);
  const changes = [...faster, ...(others.length ? await upsertOutcomes(tx, others) : [])];
  await learnFrom(deps, tx, decisions, changes);
  if (!bulk) await followUp(deps, tx, decisions, changes);
  await giveRoomBack(
    tx,
    decisions.flatMap(({ item, givesRoomBack }) => (givesRoomBack ? [keyOf(item)] : [])),
  );
  if (bulk) await addTallies(tx, tallyOf(batch.lane.bucket, changes, accepted));
  await announce(deps, tx, bulk, rows, changes, accepted);
}

/**
 * Appends what changed. Events of one bucket are in order: those of a single send are told as they come, so each person has their
 * own; a run's are for counting, and share one for each workspace.
 */
async function announce(
  deps: WriteDeps,
  tx: Tx,
  bulk: boolean,
  rows: readonly OutcomeRow[],
  changes: readonly Change[],
  accepted: AcceptedInRun[],
): Promise<void> {
  const rowOf = new Map(rows.map((row) => [toRef(row), row]));
  const moved = changes.filter(({ state, priorState }) => state !== priorState);
  const told = moved.map((change) => ({ change, row: rowOf.get(toRef(change))! }));
  const together = Map.groupBy(told, ({ row }) => (bulk ? row.workspaceId : row.contactId));
  // A run is of one workspace, and so are all that it was accepted for.
  if (accepted.length && !together.size) together.set(rows[0]!.workspaceId, []);
  await deps.queue.append(
    tx,
    [...together.values()].map((list) => ({
      ownerId: list[0]?.row.contactId ?? accepted[0]!.contactIds[0]!,
      workspaceId: (list[0]?.row ?? rows[0]!).workspaceId,
      type: 'delivery.changed',
      atMs: list[0]?.row.stateMs ?? accepted[0]!.atMs,
      payload: {
        bulk,
        changes: list.map(({ change, row }) => changeOf(change, row.stateMs)),
        ...(accepted.length ? { accepted } : {}),
      } satisfies DeliveryChanged,
    })),
  );
}

function changeOf({ contactId, causeId, seq, state, priorState }: Change, atMs: number): DeliveryChange {
  return { contactId, causeId, seq, to: state, atMs, ...(priorState === null ? {} : { from: priorState }) };
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
  deps: WriteDeps,
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
    changes.filter(({ state, priorState }) => state >= STATE.failed && state !== priorState).map(toRef),
  );
  const failed = moving.map(({ item }) => keyOf(item)).filter((key) => ended.has(toRef(key)));
  await fallBack(deps, tx, deps.clock.nowMs(), failed);
}

/** Learns what providers taught of addresses. What they say of somebody who was erased meanwhile blocks it, and names it nowhere. */
async function learnFrom(
  deps: WriteDeps,
  tx: Tx,
  decisions: readonly Decision[],
  changes: readonly Change[],
): Promise<void> {
  const lessons = decisions.flatMap(({ lesson }) => (lesson ? [lesson] : []));
  if (!lessons.length) return;
  const erased = new Set(changes.flatMap((change) => (change.erased ? [change.contactId] : [])));
  const marked = lessons.map((lesson) => ({ ...lesson, isOfErased: erased.has(lesson.contactId) }));
  await learn(tx, deps.ids, marked, deps.clock.nowMs());
}

function keyOf({ ownerId, causeId, seq }: WorkItem): DeliveryKey {
  return { contactId: ownerId, causeId, seq };
}

/** Deliveries that become one for each device: their rows, and work for those that are new. */
async function spreadOut(
  deps: WriteDeps,
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
    await addTallies(tx, [
      { bucket: batch.lane.bucket, causeId: batch.stream, state: STATE.queued, n: -added.length },
    ]);
}

/** What changes of state in one lane mean for the tallies of their runs; `bucket` is where the lane's are kept. */
export function tallyOf(
  bucket: number,
  changes: readonly Change[],
  accepted: readonly AcceptedInRun[] = [],
): { bucket: number; causeId: number; state: Change['state']; n: number }[] {
  const sums = new Map<string, { bucket: number; causeId: number; state: Change['state']; n: number }>();
  const add = (causeId: number, state: Change['state'], n: number) => {
    const key = `${causeId}:${state}`;
    const sum = sums.get(key);
    if (sum) sum.n += n;
    else sums.set(key, { bucket, causeId, state, n });
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
