/**
 * The work of back-tests: some buckets at a time, each batch noted in the transaction that ends its step, so that a job goes on where it
 * was wherever a worker died. A fair sample comes first.
 */
import { monotonicMs, type Clock } from '../../base/clock.ts';
import { bucketOf } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import { beginningOf } from '../../base/text.ts';
import { isPassing } from '../../db/errors.ts';
import type { Queue } from '../../queue/queue.ts';
import { KIND } from '../../queue/work/kinds.ts';
import { settleStep } from '../../queue/work/settle.ts';
import type { Batch, WorkItem } from '../../queue/work/work.ts';
import type { Handler } from '../../queue/worker.ts';
import { ALL_BUCKETS, selectBacktest, updateBacktest, type BacktestRow } from './sql.ts';
import { Counts } from './sums.ts';
import { readyOf, tryBuckets, type TryDeps } from './try.ts';

/** What the job needs. */
type JobDeps = TryDeps & { queue: Queue; clock: Clock; log: Log };

/** A step takes about so long: then what it counted is kept, and others have their turn. */
const STEP_MS = 400;
/** Buckets at a time at first. What people did in them is in memory at once: nobody knows how much that is before it was read. */
const AT_ONCE = 1;
const MOST_AT_ONCE = 512;
const AGAIN_MS = 5_000;
const MOST_ATTEMPTS = 5;
const LEFT = 'the process that was at it ended';
/** Odd, so that every bucket comes once; neighbours are far apart, as ids of one moment are not. */
const STRIDE = 2_731;

/** The bucket that is taken as the n-th. */
function nthBucket(n: number): number {
  return (n * STRIDE) % ALL_BUCKETS;
}

/** Does the work of back-tests. */
export function backtestHandler(deps: JobDeps): Handler {
  return {
    kind: KIND.backtest,
    batchSize: 1,
    inFlight: 2,
    async handle(batch) {
      for (const item of batch.items) await takeStep(deps, batch, item);
    },
  };
}

async function takeStep(deps: JobDeps, batch: Batch, item: WorkItem): Promise<void> {
  const nowMs = deps.clock.nowMs();
  const before = await selectBacktest(deps.sql, item.workspaceId, item.ownerId);
  if (!before || before.endedMs !== null)
    return await settleStep(deps.queue.transact, batch, item, async () => undefined);
  const stuck = (error: unknown): BacktestRow => {
    const endedMs = item.attempt + 1 < MOST_ATTEMPTS ? null : nowMs;
    // A process that was taken down and is up again is nobody's fault, as long as the job goes on.
    const level = error === LEFT && endedMs === null ? 'warn' : 'error';
    deps.log[level]({ error, backtest: item.ownerId }, 'a back-test does not get on');
    const note = beginningOf(`it does not get on: ${String(error)}`, 500);
    return { ...before, note, endedMs };
  };
  let after: BacktestRow;
  try {
    // It may be the step by which the process ended that took it: it is counted before it is tried once more, or it would be for ever.
    after = batch.abandoned ? stuck(LEFT) : await stepOf(deps, before, nowMs);
  } catch (error) {
    if (isPassing(error)) throw error;
    after = stuck(error);
  }
  const failed = after.note !== null && after.endedMs === null;
  const next = { dueMs: failed ? nowMs + AGAIN_MS : nowMs, attempt: failed ? item.attempt + 1 : 0 };
  await settleStep(deps.queue.transact, batch, item, async (tx) => {
    const isNoted = await updateBacktest(tx, after, before.done);
    return isNoted && after.endedMs === null ? next : undefined;
  });
}

/** The next buckets, counted: as many as there are in a step's time, and more at a time where there is little in them. */
async function stepOf(deps: JobDeps, before: BacktestRow, nowMs: number): Promise<BacktestRow> {
  const { wanted } = before;
  const sums = { ...before.sums };
  const ready = await readyOf(deps, before);
  // Nobody can have done what is not even known by name.
  let done = ready ? before.done : wanted;
  let atOnce = AT_ONCE;
  const beganMs = monotonicMs();
  while (done < wanted && monotonicMs() - beganMs < STEP_MS) {
    const fromMs = monotonicMs();
    const buckets = Array.from({ length: Math.min(atOnce, wanted - done) }, (_, i) => nthBucket(done + i));
    const counts = new Map(buckets.map((bucket) => [bucket, new Counts()]));
    await tryBuckets(deps.sql, ready!, { buckets }, (contactId, found) =>
      counts.get(bucketOf(contactId))!.addContact(found),
    );
    for (const one of counts.values()) one.into(sums);
    done += buckets.length;
    if (monotonicMs() - fromMs < STEP_MS / 8) atOnce = Math.min(atOnce * 2, MOST_AT_ONCE);
  }
  return { ...before, sums, done, note: null, endedMs: done >= wanted ? nowMs : null };
}
