/**
 * The feed's dispatcher: takes the events of an owned lane in order and hands them to every reader, in one transaction with
 * their removal. A reader therefore sees each event exactly once, as far as the database is concerned.
 *
 * A reader that fails costs nobody else anything: the same events are handed on one by one, each reader behind a savepoint of its own,
 * and what one could not read is kept for that one (failures.ts).
 */
import type { FeedReader } from './reader.ts';
import { pause } from '../../base/clock.ts';
import { bell } from '../../base/lifecycle.ts';
import { levelOf } from '../../db/patiently.ts';
import { LaneLost } from '../work/settle.ts';
import { fenceLane } from '../lanes/sql.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import { createFailures, isReadersOwn, type Transacts } from './failures.ts';
import { moveToHistory, selectFeed } from './sql.ts';
import type { WorkerCore } from '../work/core.ts';

const EVENTS_A_TIME = 200;
const LANES_AT_ONCE = 4;
const AFTER_ERROR_MS = 250;

/** The dispatcher of this worker's lanes. */
export function createDispatcher(core: WorkerCore, queue: Transacts, readers: readonly FeedReader[]) {
  const ringing = new Set<number>();
  const active = new Set<number>();
  const woken = bell();
  const failures = createFailures(core, queue, readers);
  const handing = createHanding(queue, readers, failures);

  const drain = async (lane: OwnedLane): Promise<void> => {
    let alone = 0;
    while (!core.stopping.aborted && core.holds(lane)) {
      try {
        if (alone > 0) {
          if (!(await handing.handOnAlone(lane))) return;
          alone--;
        } else if ((await handing.handOn(lane, EVENTS_A_TIME)) < EVENTS_A_TIME) return;
      } catch (error) {
        if (error instanceof LaneLost) return;
        if (isReadersOwn(error) && alone === 0) {
          alone = EVENTS_A_TIME;
          continue;
        }
        core.log[levelOf(error)]({ error }, 'dispatching the feed failed; trying again');
        await pause(core.clock, AFTER_ERROR_MS, core.stopping);
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
    /** Hands on again what readers failed on, when it is time; what is left of a lane's at once when the lane is new here. */
    again: failures.again,
    async run() {
      while (!core.stopping.aborted) {
        const next = [...ringing].find((lane) => !active.has(lane));
        if (next === undefined || active.size >= LANES_AT_ONCE) await woken.wait();
        else take(next);
      }
    },
  };
}

/** Handing events on: many at a time, or one alone. */
function createHanding(
  queue: Transacts,
  readers: readonly FeedReader[],
  failures: Pick<ReturnType<typeof createFailures>, 'keep'>,
) {
  return {
    /** Hands on up to `limit` events; returns how many. */
    async handOn(lane: OwnedLane, limit: number): Promise<number> {
      const handed = await queue.transact(async (tx) => {
        // One after the other on the server, and one wait here.
        const [held, events] = await Promise.all([fenceLane(tx, lane), selectFeed(tx, lane, limit)]);
        if (!held) throw new LaneLost(lane.lane);
        if (!events.length) return events;
        for (const reader of readers) await reader.read(tx, events);
        await moveToHistory(tx, lane, events, null);
        return events;
      });
      for (const reader of readers) reader.committed?.(handed);
      return handed.length;
    },
    /** One event alone: a reader that fails on it loses what it did, and gets it again later. False when there is none left. */
    async handOnAlone(lane: OwnedLane): Promise<boolean> {
      const had: FeedReader[] = [];
      const handed = await queue.transact(async (tx) => {
        had.length = 0;
        if (!(await fenceLane(tx, lane))) throw new LaneLost(lane.lane);
        const events = await selectFeed(tx, lane, 1);
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
        await moveToHistory(tx, lane, events, failed);
        return events;
      });
      if (handed.length) for (const reader of had) reader.committed?.(handed);
      return handed.length > 0;
    },
  };
}
