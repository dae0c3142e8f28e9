/**
 * Work that is long and done part by part, each part in a transaction of its own with the note that it is done: after a moment others have
 * their turn, what fails is tried again, and after some times given up. What a part is, and where it is noted, is its room's business.
 */
import { monotonicMs, type Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { isPassing } from '../../db/errors.ts';
import type { Queue } from '../queue.ts';
import type { Handler } from '../worker.ts';
import { LaneLost, settle } from './settle.ts';
import type { Batch, WorkItem } from './work.ts';

/** What it takes. */
export type SteppingDeps = { queue: Queue; clock: Clock; log: Log };

/** Work of a kind. */
type Stepped = {
  kind: Handler['kind'];
  /** What one is called in the log. */
  name: string;
  /** Does a part, whole or not at all; false when there is nothing more to do. */
  takePart(item: WorkItem): Promise<boolean>;
  /** It has failed too often. */
  giveUp(item: WorkItem, error: unknown): Promise<void>;
};

const STEP_MS = 1_000;
const AGAIN_MS = 5_000;
const MOST_ATTEMPTS = 5;

/** Does such work. */
export function stepping(deps: SteppingDeps, work: Stepped): Handler {
  return {
    kind: work.kind,
    batchSize: 1,
    inFlight: 2,
    async handle(batch) {
      for (const item of batch.items) await end(deps, batch, item, await takeStep(deps, work, item));
    },
  };
}

type Again = { dueMs: number; attempt: number };

async function takeStep(deps: SteppingDeps, work: Stepped, item: WorkItem): Promise<Again | undefined> {
  const beganMs = monotonicMs();
  try {
    let goesOn = true;
    while (goesOn && monotonicMs() - beganMs < STEP_MS) goesOn = await work.takePart(item);
    return goesOn ? { dueMs: deps.clock.nowMs(), attempt: 0 } : undefined;
  } catch (error) {
    if (isPassing(error)) throw error;
    deps.log.error({ error, id: item.ownerId }, `${work.name} does not get on`);
    if (item.attempt + 1 < MOST_ATTEMPTS)
      return { dueMs: deps.clock.nowMs() + AGAIN_MS, attempt: item.attempt + 1 };
    await work.giveUp(item, error);
    return undefined;
  }
}

async function end(
  deps: SteppingDeps,
  batch: Batch,
  item: WorkItem,
  again: Again | undefined,
): Promise<void> {
  const settled = again
    ? { done: [], later: [{ item, ...again }], landed: true }
    : { done: [item], later: [], landed: true };
  try {
    await deps.queue.transact(async (tx) => {
      if (!(await settle(tx, batch, settled))) throw new LaneLost(batch.lane.lane);
    });
  } catch (error) {
    if (!(error instanceof LaneLost)) throw error;
  }
}
