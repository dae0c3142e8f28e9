/**
 * Writing what a batch decided: due rows, states, tallies, what was learned, what follows, and the event, in one transaction
 * under the lanes' fences.
 */
import { tallyLane } from '../../ledger/tallies.ts';
import { writeOutcomes } from '../../ledger/outcomes.ts';
import { learnSpellings } from '../../contacts/spellings.ts';
import { spreadOut } from '../../ledger/onward.ts';
import type { Clock } from '../../base/clock.ts';
import type { IdSource } from '../../base/ids.ts';
import type { Tx } from '../../db/pool.ts';
import { KIND } from '../../queue/work/kinds.ts';
import { heldOf, settleHeld } from '../../queue/work/settle.ts';
import { isRun } from '../../queue/work/stream.ts';
import type { Batch, WorkItem } from '../../queue/work/work.ts';
import type { Decision } from './decide.ts';
import { giveRoomBack } from '../../ledger/caps.ts';
import { changeTold, tellOfDeliveries, type AcceptedInRun } from '../../ledger/events.ts';
import { fallBack, type FallbackDeps } from './fallback.ts';
import { learnNow } from './learn.ts';
import { followOvertaken } from './overtaken.ts';
import type { StateChange, OutcomeRow } from '../../ledger/delivery.ts';
import { toRef, type DeliveryKey } from '../../ledger/ref.ts';
import { isWaiting, STATE } from '../../ledger/states.ts';

/** What writing needs. */
export type WriteDeps = FallbackDeps & { ids: IdSource; clock: Clock };

/** What was decided of a batch; with `landed` the flight is over. */
export type Outcomes = { batch: Batch; decisions: readonly Decision[]; landed: boolean };

/**
 * Writes decisions: of one batch of a run, or of any batches of single messages together. Returns those batches whose lanes are still
 * held; of the others nothing was written.
 */
export async function writeDecisions(
  deps: WriteDeps,
  tx: Tx,
  outcomes: readonly Outcomes[],
): Promise<Set<Batch>> {
  const held = await heldOf(
    tx,
    outcomes.map(({ batch }) => batch),
  );
  const parts = outcomes.filter(({ batch }) => held.has(batch));
  if (!parts.length) return held;
  await settleHeld(
    tx,
    parts.map(({ batch, decisions, landed }) => ({
      batch,
      settlement: {
        done: decisions.filter(({ later }) => !later).map(({ item }) => item),
        later: decisions.flatMap(({ item, later: again }) => (again ? [{ item, ...again }] : [])),
        landed,
      },
    })),
  );
  for (const { batch, decisions } of parts)
    await spreadOut(
      deps.queue,
      tx,
      batch.lane.bucket,
      decisions.flatMap(({ item, spread }) => (spread ? [{ item, spread }] : [])),
    );
  await writeRows(
    deps,
    tx,
    parts[0]!.batch,
    parts.flatMap(({ decisions }) => decisions),
  );
  return held;
}

/** What was decided, of one run or of single messages; `batch` is one of those it was decided in. */
async function writeRows(
  deps: WriteDeps,
  tx: Tx,
  { stream, lane }: Batch,
  decisions: readonly Decision[],
): Promise<void> {
  const rows = decisions.flatMap(({ row }) => (row ? [row] : []));
  if (!rows.length) return;
  const bulk = isRun(stream);
  const { accepted, changes } = await writeOutcomes(tx, rows, bulk);
  await learnFrom(deps, tx, decisions, changes);
  if (!bulk) await followUp(deps, tx, decisions, changes);
  await followOvertaken(deps, tx, rows, changes);
  await giveRoomBack(
    tx,
    decisions.flatMap(({ item, givesRoomBack }) => (givesRoomBack ? [keyOf(item)] : [])),
  );
  if (bulk) await tallyLane(tx, lane.bucket, changes, accepted);
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
  changes: readonly StateChange[],
  accepted: AcceptedInRun[],
): Promise<void> {
  // Few of a run's batch are among the changes: `accepted` stands for all others.
  const rowOf = new Map(changes.length ? rows.map((row) => [toRef(row), row]) : []);
  const moved = changes.filter(({ state, priorState }) => state !== priorState);
  const told = moved.map((change) => ({ change, row: rowOf.get(toRef(change))! }));
  const together = Map.groupBy(told, ({ row }) => (bulk ? row.workspaceId : row.contactId));
  // A run is of one workspace, and so are all that it was accepted for.
  if (accepted.length && !together.size) together.set(rows[0]!.workspaceId, []);
  await tellOfDeliveries(
    deps.queue,
    tx,
    [...together.values()].map((list) => ({
      ownerId: list[0]?.row.contactId ?? accepted[0]!.contactIds[0]!,
      workspaceId: (list[0]?.row ?? rows[0]!).workspaceId,
      atMs: list[0]?.row.stateMs ?? accepted[0]!.atMs,
      bulk,
      changes: list.map(({ change, row }) => changeTold(change, row.stateMs)),
      ...(accepted.length ? { accepted } : {}),
    })),
  );
  const late = changes.filter(isLateSize).map((change) => rowOf.get(toRef(change))!);
  await tellOfDeliveries(
    deps.queue,
    tx,
    late.flatMap(({ contactId: ownerId, causeId, workspaceId, stateMs: atMs, segments, attempts }) =>
      // For one that was tried before, the provider's receipt has already said how many.
      segments === null || attempts > 1
        ? []
        : [
            {
              ownerId,
              workspaceId,
              atMs,
              bulk,
              changes: [],
              late: { atMs, extraSegments: segments - 1, causeId },
            },
          ],
    ),
  );
}

/** Its provider had told of it before its settling said how many text messages it takes: it is counted as one. */
function isLateSize({ state, priorState }: StateChange): boolean {
  return state === priorState && !isWaiting(state);
}

/** What a single message's outcome leads to: another destination, or a look at whether it was read. */
async function followUp(
  deps: WriteDeps,
  tx: Tx,
  decisions: readonly Decision[],
  changes: readonly StateChange[],
): Promise<void> {
  const watched = decisions.flatMap(({ item, unreadAtMs }) =>
    unreadAtMs === undefined ? [] : [{ ...item, stream: 0, kind: KIND.unread, dueMs: unreadAtMs }],
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
  changes: readonly StateChange[],
): Promise<void> {
  const lessons = decisions.flatMap(({ lesson }) => (lesson ? [lesson] : []));
  const spellings = decisions.flatMap(({ spelling }) => (spelling ? [spelling] : []));
  if (!lessons.length && !spellings.length) return;
  const erased = new Set(changes.flatMap((change) => (change.erased ? [change.contactId] : [])));
  const marked = lessons.map((lesson) => ({ ...lesson, isOfErased: erased.has(lesson.contactId) }));
  await learnNow(deps, tx, marked, deps.clock.nowMs());
  await learnSpellings(
    tx,
    spellings.filter(({ contactId }) => !erased.has(contactId)),
  );
}

function keyOf({ ownerId, causeId, seq }: WorkItem): DeliveryKey {
  return { contactId: ownerId, causeId, seq };
}
