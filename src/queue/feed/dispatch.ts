/**
 * The feed's dispatcher: takes the events of an owned lane in order and hands them to every reader, in one transaction with
 * their removal. A reader therefore sees each event exactly once, as far as the database is concerned.
 */
import { pause } from '../../base/clock.ts';
import { bell } from '../../base/lifecycle.ts';
import { isPassing, type Tx } from '../../db/pool.ts';
import type { Queue } from '../queue.ts';
import { LaneLost } from '../work/settle.ts';
import { fenceLane, type OwnedLane } from '../work/sql.ts';
import { moveToHistory, selectFeed, type FeedEvent } from './sql.ts';
import type { WorkerCore } from '../worker.ts';

/** Who reads the feed. Works in the transaction it is given; what it throws is a bug and costs it the event. */
export type FeedReader = {
  name: string;
  read(tx: Tx, events: readonly FeedEvent[]): Promise<void>;
  /** Told when the transaction of a `read` is committed, with the same list; not told when the process dies in between. */
  committed?(events: readonly FeedEvent[]): void;
};

const EVENTS_A_TIME = 200;
const LANES_AT_ONCE = 4;
const AFTER_ERROR_MS = 250;

/** The dispatcher of this worker's lanes. */
export function createDispatcher(core: WorkerCore, queue: Queue, readers: readonly FeedReader[]) {
  const ringing = new Set<number>();
  const active = new Set<number>();
  const woken = bell();

  /** Hands on up to `limit` events; returns how many. */
  const handOn = async (lane: OwnedLane, limit: number): Promise<number> => {
    const handed = await queue.transact(async (tx) => {
      if (!(await fenceLane(tx, lane))) throw new LaneLost(lane.lane);
      const events = await selectFeed(tx, lane, limit);
      if (!events.length) return events;
      for (const reader of readers) await reader.read(tx, events);
      await moveToHistory(tx, lane, events, null);
      return events;
    });
    for (const reader of readers) reader.committed?.(handed);
    return handed.length;
  };

  /** The first event made a reader fail, when handed on alone: it goes to history with the error, so that the feed goes on. */
  const passOver = (lane: OwnedLane, error: unknown): Promise<void> =>
    queue.transact(async (tx) => {
      if (!(await fenceLane(tx, lane))) throw new LaneLost(lane.lane);
      const events = await selectFeed(tx, lane, 1);
      core.log.error(
        { error, event: events[0]?.type },
        'a reader of the feed failed on an event; it is passed over',
      );
      await moveToHistory(tx, lane, events, String(error));
    });

  const drain = async (lane: OwnedLane): Promise<void> => {
    let limit = EVENTS_A_TIME;
    while (!core.stopping.aborted && core.holds(lane)) {
      try {
        const handed = await handOn(lane, limit);
        if (handed < limit) return;
        limit = EVENTS_A_TIME;
      } catch (error) {
        if (error instanceof LaneLost) return;
        if (isPassing(error)) {
          core.log.debug({ error }, 'dispatching the feed failed; trying again');
          await pause(core.clock, AFTER_ERROR_MS, core.stopping);
        } else if (limit > 1) limit = 1;
        else await passOver(lane, error);
      }
    }
  };

  const take = (laneNumber: number): void => {
    const lane = core.lanes().find((l) => l.lane === laneNumber);
    ringing.delete(laneNumber);
    if (!lane) return;
    active.add(laneNumber);
    void drain(lane)
      .catch((error: unknown) => core.log.error({ error }, 'the feed of a lane was not drained'))
      .finally(() => {
        active.delete(laneNumber);
        woken.ring();
      });
  };

  return {
    ring(lane: number) {
      ringing.add(lane);
      woken.ring();
    },
    wake: () => woken.ring(),
    async run() {
      while (!core.stopping.aborted) {
        const next = [...ringing].find((lane) => !active.has(lane));
        if (next === undefined || active.size >= LANES_AT_ONCE) await woken.wait();
        else take(next);
      }
    },
  };
}
