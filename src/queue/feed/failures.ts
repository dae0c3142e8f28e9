/**
 * What readers of the feed failed on. An event that a reader could not read is kept for that reader alone and handed to it again: in
 * a minute, then more and more seldom, and whenever a worker starts, since what was wrong is mostly mended by a new version. It comes
 * out of its order then. The log tells of each failure, `parley_feed_failures` in the metrics how many are waiting.
 */
import { type Db, type Sql, type Tx } from '../../db/pool.ts';
import { isPassing } from '../../db/errors.ts';
import { LaneLost } from '../work/settle.ts';
import { fenceLane } from '../lanes/sql.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import type { WorkerCore } from '../work/core.ts';
import type { FeedReader } from './reader.ts';
import {
  countFailures,
  deleteFailure,
  deleteFailuresBefore,
  insertFailure,
  putOffFailure,
  selectFailures,
  type ReaderFailure,
  type FeedEvent,
} from './sql.failures.ts';

const FIRST_AGAIN_MS = 60_000;
const LAST_AGAIN_MS = 3_600_000;
/** Failures that are handed on in one round: the rest waits for the next. */
const MOST_A_ROUND = 500;

/** What transactions are made with: the queue, which repeats them on a deadlock and wakes workers at the commit. */
export type Transacts = { transact: Sql['begin'] };

/** True for what a reader threw, as against a database or lane that was lost or contended, which is nobody's fault. */
export function isReadersOwn(error: unknown): boolean {
  return !(error instanceof LaneLost || isPassing(error));
}

/** How many events wait for a reader that failed on them. */
export async function waitingFailures(db: Db): Promise<number> {
  return await countFailures(db);
}

/** Forgets failures that nobody mended for so long that what they tell of is forgotten too. */
export async function sweepFailures(db: Db, beforeMs: number): Promise<void> {
  await deleteFailuresBefore(db, beforeMs);
}

/** Failures of this worker's lanes. */
export function createFailures(core: WorkerCore, queue: Transacts, readers: readonly FeedReader[]) {
  const { sql, clock, log } = core;
  const byName = new Map(readers.map((reader) => [reader.name, reader]));
  /** Lanes, with their epochs, whose failures were handed on since they came here. */
  const fresh = new Map<number, number>();

  const handOn = async (lane: OwnedLane, failure: ReaderFailure): Promise<void> => {
    const reader = byName.get(failure.reader)!;
    const read = await queue.transact(async (tx): Promise<boolean> => {
      if (!(await fenceLane(tx, lane))) throw new LaneLost(lane.lane);
      try {
        await tx.savepoint((inner) => reader.read(inner, [failure]));
        await deleteFailure(tx, failure);
        return true;
      } catch (error) {
        if (!isReadersOwn(error)) throw error;
        const waitMs = Math.min(LAST_AGAIN_MS, FIRST_AGAIN_MS * 2 ** Math.min(failure.attempts, 10));
        await putOffFailure(tx, failure, String(error), clock.nowMs() + waitMs);
        return false;
      }
    });
    if (read) reader.committed?.([failure]);
    if (read) log.info({ reader: reader.name, type: failure.type }, 'an event was read after all');
  };

  return {
    /** Keeps an event for the reader that failed on it. Part of the transaction that hands it on. */
    async keep(tx: Tx, lane: OwnedLane, reader: FeedReader, event: FeedEvent, error: unknown): Promise<void> {
      log.error(
        { error, reader: reader.name, event: event.id, type: event.type },
        'a reader of the feed failed on an event; it gets it again later',
      );
      const againMs = clock.nowMs() + FIRST_AGAIN_MS;
      await insertFailure(tx, lane, { ...event, reader: reader.name, error: String(error), againMs });
    },
    /** One round. Asked for now and then. */
    again: async (): Promise<void> => {
      const lanes = core.lanes();
      const news = lanes.filter(({ lane, epoch }) => fresh.get(lane) !== epoch);
      for (const { lane, epoch } of news) fresh.set(lane, epoch);
      // Those of readers that are not here are left for a process that has them, and stand in nobody's way.
      const due = await selectFailures(sql, [...byName.keys()], lanes, news, clock.nowMs(), MOST_A_ROUND);
      for (const failure of due) {
        const lane = lanes.find((one) => one.lane === failure.lane);
        if (!lane || core.stopping.aborted) continue;
        // Whether the lane is still held is asked where it is fenced.
        await handOn(lane, failure).catch((error: unknown) => {
          if (!(error instanceof LaneLost)) throw error;
        });
      }
    },
  };
}
