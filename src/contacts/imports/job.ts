/**
 * The work of imports: part after part, each in one transaction with the note that it is done, behind a lock of the import's row. So a part
 * counts once, whichever of two workers takes it and wherever one dies. After a moment others have their turn.
 */
import type { Clock } from '../../base/clock.ts';
import { isFault } from '../../base/fault.ts';
import type { IdSource } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import type { Sql, Tx } from '../../db/pool.ts';
import type { Queue } from '../../queue/queue.ts';
import { KIND } from '../../queue/work/kinds.ts';
import { stepping } from '../../queue/stepping.ts';
import type { WorkItem } from '../../queue/work/work.ts';
import type { Handler } from '../../queue/worker.ts';
import { importPart } from './import.ts';
import { columnsOf } from './columns.ts';
import { rowsIn, type ImportRow, type SetPlan } from './imports.ts';
import { erasedOf } from './erased.ts';
import { deleteParts, insertFaults, selectImport, selectPart, updateImport } from './sql.ts';
import { insertMade } from './sql.undo.ts';
import { keepStatistics } from '../statistics.ts';

/** What the job needs. */
export type ImportJobDeps = { sql: Sql; ids: IdSource; queue: Queue; clock: Clock; log: Log };

/** Does the work of imports. */
export function importHandler(deps: ImportJobDeps): Handler {
  return stepping(deps, {
    kind: KIND.contactImport,
    name: 'an import',
    takePart: (item) => takePart(deps, item),
    tell: (tx, item, why) => tell(deps, tx, item, why),
  });
}

/** One part; false when there is nothing more to do. */
async function takePart(deps: ImportJobDeps, { workspaceId, ownerId: id }: WorkItem): Promise<boolean> {
  const before = await selectImport(deps.sql, workspaceId, id);
  if (before?.state !== 'running') return false;
  const part = await selectPart(deps.sql, id, before.doneParts);
  const { setIds, mapping, defaultCountry, setsOff, keeps } = JSON.parse(before.options) as SetPlan;
  const columns = columnsOf(JSON.parse(before.header) as string[], mapping);
  if (isFault(columns)) throw new Error(columns.message);
  const nowMs = () => deps.clock.nowMs();
  const erased = (tx: Tx) => erasedOf(tx, before);
  const to = { workspaceId, columns, setIds, setsOff, defaultCountry, erased };
  let after: ImportRow | undefined;
  const transact: Sql['begin'] = (work) =>
    deps.queue.transact(async (tx) => {
      // The row first: of two who take a part, the second finds that it is done, and has written nothing yet.
      const now = await selectImport(tx, workspaceId, id, true);
      if (now?.state !== 'running' || now.doneParts !== before.doneParts) throw new PartIsDone();
      return await work(tx);
    });
  try {
    await importPart(
      { transact, ids: deps.ids, nowMs },
      rowsIn(part ?? '[]'),
      to,
      async (tx, result, made) => {
        const isLast = before.doneParts + 1 >= before.parts;
        after = {
          ...before,
          doneParts: before.doneParts + 1,
          doneRows: before.doneRows + result.rows,
          created: before.created + result.created,
          updated: before.updated + result.updated,
          rejected: before.rejected + result.rejected,
          note: null,
          ...(isLast ? { state: 'done' as const, endedMs: nowMs() } : {}),
        };
        await insertFaults(tx, id, result.faults);
        if (keeps && made.length > 0) await insertMade(tx, id, made);
        await updateImport(tx, after);
        if (isLast) await deleteParts(tx, id);
      },
    );
  } catch (error) {
    if (error instanceof PartIsDone) return true;
    throw error;
  }
  if (after?.state !== 'done') return true;
  await keepStatistics(deps.sql);
  return false;
}

/** Another worker was quicker, or the import was deleted. */
class PartIsDone extends Error {}

/** Says why it waits, or why it is over; then the file goes. */
async function tell(
  deps: ImportJobDeps,
  tx: Tx,
  { workspaceId, ownerId: id }: WorkItem,
  { note, isOver }: { note: string; isOver: boolean },
): Promise<boolean> {
  const row = await selectImport(tx, workspaceId, id, true);
  if (row?.state !== 'running') return false;
  const ended = isOver ? { state: 'failed' as const, endedMs: deps.clock.nowMs() } : {};
  await updateImport(tx, { ...row, note, ...ended });
  if (isOver) await deleteParts(tx, id);
  return true;
}
