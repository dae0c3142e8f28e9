/**
 * Failures that overtook the settling: a provider may report on a message before its answer to the call is written. The state moves
 * at once; what follows from a failure (a lesson, another call, the next channel) waits until it is known where the message had gone,
 * and is done by whoever settles it, or finds that a worker died before it did.
 */
import type { Clock } from '../../base/clock.ts';
import type { IdSource } from '../../base/ids.ts';
import type { Tx } from '../../db/pool.ts';
import type { StateChange, OutcomeRow } from '../../ledger/delivery.ts';
import { toRef } from '../../ledger/ref.ts';
import { fallBack, type FallbackDeps } from './fallback.ts';
import { learnNow, lessonOf } from './learn.ts';
import { redial } from './redial.ts';

type Overtaken = {
  change: StateChange;
  row: OutcomeRow;
  code: string;
  class: NonNullable<StateChange['early']>['early'];
};

/** Does what follows for those of `changes` that had failed before; part of the transaction that settles them. */
export async function followOvertaken(
  deps: FallbackDeps & { ids: IdSource; clock: Clock },
  tx: Tx,
  rows: readonly OutcomeRow[],
  changes: readonly StateChange[],
): Promise<void> {
  const told = changes.filter(({ early }) => early);
  if (!told.length) return;
  const rowOf = new Map(rows.map((row) => [toRef(row), row]));
  const overtaken = told.map((change): Overtaken => {
    const { why: code, early } = change.early!;
    return { change, row: rowOf.get(toRef(change))!, code, class: early };
  });
  const nowMs = deps.clock.nowMs();
  const lessons = overtaken.flatMap(({ change, row, code, class: errorClass }) => {
    const lesson = errorClass === '' ? undefined : lessonOf(row, { class: errorClass, code });
    return lesson ? [{ ...lesson, isOfErased: change.erased === true }] : [];
  });
  await learnNow(deps, tx, lessons, nowMs);
  const missed = overtaken.filter(({ row, class: why }) => row.channel === 'voice' && why === 'transient');
  for (const [workspaceId, calls] of Map.groupBy(missed, ({ row }) => row.workspaceId)) {
    const at = { nowMs, atMs: calls[0]!.row.stateMs };
    await redial(
      deps,
      tx,
      workspaceId,
      calls.map(({ change }) => change),
      at,
    );
  }
  await fallBack(deps, tx, nowMs, told);
}
