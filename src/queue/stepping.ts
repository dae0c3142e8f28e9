/**
 * Work that is long and done part by part, each part in a transaction of its own with the note that it is done: after a moment others have
 * their turn; what fails is tried again, the longer the more seldom, and not for ever. What a part is, and where it is noted, is its room's
 * business.
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { beginningOf } from '../base/text.ts';
import { isPassing } from '../db/errors.ts';
import type { Tx } from '../db/pool.ts';
import type { Queue } from './queue.ts';
import type { Handler } from './worker.ts';
import { settleStep } from './work/settle.ts';
import type { Batch, WorkItem } from './work/work.ts';

/** What it takes. */
type SteppingDeps = { queue: Queue; clock: Clock; log: Log };

/** Work of a kind. */
type Stepped = {
  kind: Handler['kind'];
  /** What one is called in the log. */
  name: string;
  /** Does a part, whole or not at all; false when there is nothing more to do. */
  takePart(item: WorkItem): Promise<boolean>;
  /** Writes down why it waits, or why it is over before its end, for whoever looks; false when it is not under way any more. */
  tell(tx: Tx, item: WorkItem, why: { note: string; isOver: boolean }): Promise<boolean>;
};

const STEP_MS = 1_000;
const AGAIN_MS = 5_000;
/** What is wrong with this one alone. */
const MOST_ATTEMPTS = 5;
/** What the store says of itself (no room, a lock that is not to be had): with the waits between, more than an hour. */
const MOST_PASSING = 20;
const LONGEST_WAIT_MS = 300_000;

/** Does such work. */
export function stepping(deps: SteppingDeps, work: Stepped): Handler {
  return {
    kind: work.kind,
    batchSize: 1,
    inFlight: 2,
    async handle(batch) {
      for (const item of batch.items) await takeStep(deps, work, batch, item);
    },
  };
}

async function takeStep(deps: SteppingDeps, work: Stepped, batch: Batch, item: WorkItem): Promise<void> {
  const { transact } = deps.queue;
  const beganMs = deps.clock.monotonicMs();
  let took = 0;
  try {
    let goesOn = true;
    while (goesOn && deps.clock.monotonicMs() - beganMs < STEP_MS) {
      goesOn = await work.takePart(item);
      took++;
    }
    const next = goesOn ? { dueMs: deps.clock.nowMs(), attempt: 0 } : undefined;
    await settleStep(transact, batch, item, async () => next);
  } catch (error) {
    // Where the store is away, so is this: then the worker waits, and takes the step again.
    await settleStep(transact, batch, item, (tx) => putOff(deps, work, tx, item, { error, took }));
  }
}

async function putOff(
  deps: SteppingDeps,
  work: Stepped,
  tx: Tx,
  item: WorkItem,
  { error, took }: { error: unknown; took: number },
): Promise<{ dueMs: number; attempt: number } | undefined> {
  const isStores = isPassing(error);
  const tried = took > 0 ? 1 : item.attempt + 1;
  const isOver = tried >= (isStores ? MOST_PASSING : MOST_ATTEMPTS);
  const what = isOver
    ? 'It stopped before its end, and what was written stays'
    : 'It waits, and is tried again';
  const note = beginningOf(`${what}: ${String(error)}`, 500);
  if (!(await work.tell(tx, item, { note, isOver }))) return undefined;
  deps.log[isStores ? 'warn' : 'error']({ error, id: item.ownerId, tried }, `${work.name} does not get on`);
  const waitMs = isStores ? Math.min(AGAIN_MS * 2 ** (tried - 1), LONGEST_WAIT_MS) : AGAIN_MS;
  return isOver ? undefined : { dueMs: deps.clock.nowMs() + waitMs, attempt: tried };
}
