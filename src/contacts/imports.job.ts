/**
 * The work of imports: part after part, each in one transaction with the note that it is done, behind a lock of the import's row. So a part
 * counts once, whichever of two workers takes it and wherever one dies. After a moment others have their turn.
 */
import { monotonicMs, type Clock } from '../base/clock.ts';
import { isFault } from '../base/fault.ts';
import { beginningOf } from '../base/text.ts';
import type { IdSource } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { isPassing } from '../db/errors.ts';
import type { Sql, Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';
import { KIND } from '../queue/work/kinds.ts';
import { settleStep } from '../queue/work/settle.ts';
import type { Batch, WorkItem } from '../queue/work/work.ts';
import type { Handler } from '../queue/worker.ts';
import { importPart } from './import.ts';
import { columnsOf } from './import.columns.ts';
import { rowsIn, type ImportRow, type SetPlan } from './imports.ts';
import { erasedOf } from './imports.erased.ts';
import { deleteParts, insertFaults, selectImport, selectPart, updateImport } from './sql.imports.ts';
import { keepStatistics } from './statistics.ts';

/** What the job needs. */
export type ImportJobDeps = { sql: Sql; ids: IdSource; queue: Queue; clock: Clock; log: Log };

const STEP_MS = 1_000;
const AGAIN_MS = 5_000;
/** What is wrong with this import alone. */
const MOST_ATTEMPTS = 5;
/** What the store says of itself (no room, a lock that is not to be had): with the waits between, more than an hour. */
const MOST_PASSING = 20;
const LONGEST_WAIT_MS = 300_000;

/** Does the work of imports. */
export function importHandler(deps: ImportJobDeps): Handler {
  return {
    kind: KIND.contactImport,
    batchSize: 1,
    inFlight: 2,
    async handle(batch) {
      for (const item of batch.items) await takeStep(deps, batch, item);
    },
  };
}

async function takeStep(deps: ImportJobDeps, batch: Batch, item: WorkItem): Promise<void> {
  const { transact } = deps.queue;
  const beganMs = monotonicMs();
  let took = 0;
  try {
    let goesOn = true;
    while (goesOn && monotonicMs() - beganMs < STEP_MS) {
      goesOn = await takePart(deps, item);
      took++;
    }
    const next = goesOn ? { dueMs: deps.clock.nowMs(), attempt: 0 } : undefined;
    await settleStep(transact, batch, item, async () => next);
  } catch (error) {
    // Where the store is away, so is this: then the worker waits, and takes the step again.
    await settleStep(transact, batch, item, (tx) => putOff(deps, tx, item, { error, took }));
  }
}

/** What failed is tried again, the longer the more seldom, and not for ever; whoever looks is told why it waits. */
async function putOff(
  deps: ImportJobDeps,
  tx: Tx,
  { workspaceId, ownerId: id, attempt }: WorkItem,
  { error, took }: { error: unknown; took: number },
): Promise<{ dueMs: number; attempt: number } | undefined> {
  const row = await selectImport(tx, workspaceId, id, true);
  if (row?.state !== 'running') return undefined;
  const isStores = isPassing(error);
  const tried = took > 0 ? 1 : attempt + 1;
  deps.log[isStores ? 'warn' : 'error']({ error, import: id, tried }, 'an import does not get on');
  const nowMs = deps.clock.nowMs();
  if (tried < (isStores ? MOST_PASSING : MOST_ATTEMPTS)) {
    await updateImport(tx, { ...row, note: noteOf('It waits, and is tried again', error) });
    const waitMs = isStores ? Math.min(AGAIN_MS * 2 ** (tried - 1), LONGEST_WAIT_MS) : AGAIN_MS;
    return { dueMs: nowMs + waitMs, attempt: tried };
  }
  const note = noteOf('It stopped before its end, and what was written stays', error);
  await updateImport(tx, { ...row, state: 'failed', note, endedMs: nowMs });
  await deleteParts(tx, id);
  return undefined;
}

function noteOf(what: string, error: unknown): string {
  return beginningOf(`${what}: ${String(error)}`, 500);
}

/** One part; false when there is nothing more to do. */
async function takePart(deps: ImportJobDeps, { workspaceId, ownerId: id }: WorkItem): Promise<boolean> {
  const before = await selectImport(deps.sql, workspaceId, id);
  if (before?.state !== 'running') return false;
  const part = await selectPart(deps.sql, id, before.doneParts);
  const { setIds, mapping, defaultCountry } = JSON.parse(before.options) as SetPlan;
  const columns = columnsOf(JSON.parse(before.header) as string[], mapping);
  if (isFault(columns)) throw new Error(columns.message);
  const nowMs = () => deps.clock.nowMs();
  const erased = (tx: Tx) => erasedOf(tx, before);
  const to = { workspaceId, columns, setIds, defaultCountry, erased };
  let after: ImportRow | undefined;
  const transact: Sql['begin'] = (work) =>
    deps.queue.transact(async (tx) => {
      // The row first: of two who take a part, the second finds that it is done, and has written nothing yet.
      const now = await selectImport(tx, workspaceId, id, true);
      if (now?.state !== 'running' || now.doneParts !== before.doneParts) throw new PartIsDone();
      return await work(tx);
    });
  try {
    await importPart({ transact, ids: deps.ids, nowMs }, rowsIn(part ?? '[]'), to, async (tx, result) => {
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
      await updateImport(tx, after);
      if (isLast) await deleteParts(tx, id);
    });
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
