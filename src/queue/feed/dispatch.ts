/**
 * The feed's dispatcher: takes the events of an owned lane in order and hands them to every reader, in one transaction with
 * their removal. A reader therefore sees each event exactly once, as far as the database is concerned.
 *
 * A reader that fails costs nobody else anything: the same events are handed on one by one, each reader behind a savepoint of its own,
 * and what one could not read is kept for that one (failures.ts).
 */
import type { FeedReader } from './reader.ts';
import { LaneLost } from '../work/settle.ts';
import { fenceLane, fenceLanes } from '../lanes/sql.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import { createFailures, isReadersOwn, type Transacts } from './failures.ts';
import { moveToHistory, selectFeed } from './sql.ts';
import type { WorkerCore } from '../work/core.ts';
import { createPump } from '../work/pump.ts';

/** Events of one lane in a transaction, at most; of several, each has a share of it. */
const EVENTS_A_TIME = 200;
/** Lanes in a transaction, at most: what is fixed about one costs more than what is in it. */
const LANES_A_TIME = 16;
/** What readers do names people and messages. */
const MANNER = 'keyed';

/** The dispatcher of this worker's lanes. */
export function createDispatcher(core: WorkerCore, queue: Transacts, readers: readonly FeedReader[]) {
  const failures = createFailures(core, queue, readers);
  const handing = createHanding(queue, readers, failures);
  const pump = createPump(core, {
    what: 'the feed',
    aloneFor: EVENTS_A_TIME,
    // Lanes of several shards in one transaction are dearer on Citus than one each.
    together: core.sql.placement.distributed ? 1 : LANES_A_TIME,
    async take(lanes, alone) {
      if (alone) return (await handing.handOnAlone(lanes[0]!)) ? lanes : [];
      return await handing.handOn(lanes, Math.ceil(EVENTS_A_TIME / lanes.length));
    },
  });
  return {
    ...pump,
    /** Hands on again what readers failed on, when it is time; what is left of a lane's at once when the lane is new here. */
    again: failures.again,
  };
}

/** Handing events on: many at a time, or one alone. */
function createHanding(
  queue: Transacts,
  readers: readonly FeedReader[],
  failures: Pick<ReturnType<typeof createFailures>, 'keep'>,
) {
  return {
    /** Hands on up to `limit` events of each lane, of those that are still ours; returns the lanes that may have more. */
    async handOn(lanes: readonly OwnedLane[], limit: number): Promise<OwnedLane[]> {
      const handed = await queue.transact(async (tx) => {
        // One after the other on the server, and one wait here.
        const [held, found] = await Promise.all([fenceLanes(tx, lanes), selectFeed(tx, lanes, limit)]);
        const events = found.filter(({ lane }) => held.has(lane));
        if (!events.length) return events;
        for (const reader of readers) await reader.read(tx, events);
        await moveToHistory(tx, lanes, events, null);
        return events;
      }, MANNER);
      for (const reader of readers) reader.committed?.(handed);
      const counts = Map.groupBy(handed, ({ lane }) => lane);
      return lanes.filter(({ lane }) => counts.get(lane)?.length === limit);
    },
    /** One event alone: a reader that fails on it loses what it did, and gets it again later. False when there is none left. */
    async handOnAlone(lane: OwnedLane): Promise<boolean> {
      const had: FeedReader[] = [];
      const handed = await queue.transact(async (tx) => {
        had.length = 0;
        if (!(await fenceLane(tx, lane))) throw new LaneLost(lane.lane);
        const events = await selectFeed(tx, [lane], 1);
        if (!events.length) return events;
        let failed: string | null = null;
        for (const reader of readers) {
          try {
            await tx.savepoint((inner) => reader.read(inner, events));
            had.push(reader);
          } catch (error) {
            if (!isReadersOwn(error)) throw error;
            failed = String(error);
            await failures.keep(tx, lane, reader, events[0]!, error);
          }
        }
        await moveToHistory(tx, [lane], events, failed);
        return events;
      }, MANNER);
      if (handed.length) for (const reader of had) reader.committed?.(handed);
      return handed.length > 0;
    },
  };
}
