/**
 * The worker: owns lanes, claims what is due in them, hands it to the handler of its kind, and dispatches the feed. It never
 * knows what work means.
 *
 * Interactive work and each bulk run are claimed apart. Interactive work is claimed lane by lane when something rings; a bulk
 * run has a pump of its own that goes round the lanes while there is room in flight.
 */
import { pause, type Clock } from '../base/clock.ts';
import type { IdSource } from '../base/ids.ts';
import { bell, type Bell, type Part } from '../base/lifecycle.ts';
import type { Log } from '../base/log.ts';
import { isConnectionLost, type Sql } from '../db/pool.ts';
import { createBulk } from './work/bulk.ts';
import { createDispatcher, type FeedReader } from './feed/dispatch.ts';
import { createFlights, type Claim } from './work/flights.ts';
import { createInteractive } from './work/interactive.ts';
import { createOwnership } from './work/ownership.ts';
import type { Queue, Wake } from './queue.ts';
import type { Batch } from './work/settle.ts';
import {
  selectInteractiveLanes,
  selectNextDueMs,
  type OwnedLane,
  type Stream,
  type WorkItem,
} from './work/sql.ts';
import { selectFeedLanes } from './feed/sql.ts';

/** Who does the work of one kind. `handle` settles every item of the batch (queue/work/settle.ts) before it resolves. */
export type Handler = {
  kind: number;
  /** Most items in one claim. */
  batchSize: number;
  /** Most items in flight in one room: of one workspace's interactive work, and of the bulk runs of one key (`roomOf`). */
  inFlight: number;
  /**
   * Which bulk runs share a room in flight, since they wait for the same thing; those of a workspace, where it is not said. The queue
   * never knows what the key means.
   */
  roomOf?(stream: Stream): Promise<string | undefined> | string | undefined;
  /**
   * Claims of at most so many begin as a whole; of larger ones `batch.steps` is told what begins, before it does. Absent: all claims
   * begin as a whole.
   */
  wholeUpTo?(stream: number): number;
  handle(batch: Batch): Promise<void>;
};

/** What a worker is made from. `readers` get every event of the feed. */
export type WorkerDeps = {
  sql: Sql;
  queue: Queue;
  ids: IdSource;
  clock: Clock;
  log: Log;
  leaseMs: number;
  handlers: readonly Handler[];
  readers: readonly FeedReader[];
};

/** What the pumps of a worker share. */
export type WorkerCore = Pick<WorkerDeps, 'sql' | 'clock' | 'log'> & {
  stopping: AbortSignal;
  /** Lanes that may be claimed from. */
  lanes(): readonly OwnedLane[];
  holds(lane: OwnedLane): boolean;
  claim(claim: Claim): Promise<{ items: WorkItem[]; ran: Promise<void> }>;
};

/** Without a wake, a worker looks by itself this often. */
const LOOK_MS = 1_000;
/** Pause after an error before the same thing is tried again. */
const AFTER_ERROR_MS = 250;

/** A worker. */
export function createWorker(deps: WorkerDeps): Part & { heldLanes(): number } {
  const { sql, queue, clock, log, leaseMs, handlers } = deps;
  const stop = new AbortController();
  const lookNow = bell();
  const loops: Promise<void>[] = [];
  const alarms = createAlarms(clock, (wake) => ring(wake));
  const flights = createFlights(deps, {
    stopping: stop.signal,
    holds: (lane) => ownership.holds(lane),
    wakeAt: alarms,
  });
  const ownership = createOwnership(
    deps,
    stop.signal,
    () => flights,
    (lane) => {
      for (const what of [...handlers.map(({ kind }) => kind), 'bulk', 'feed'] as const) ring({ lane, what });
    },
  );
  const core: WorkerCore = {
    sql,
    clock,
    log,
    stopping: stop.signal,
    lanes: ownership.lanes,
    holds: ownership.holds,
    claim: (claim) => flights.claim(claim),
  };
  const interactive = new Map(handlers.map((handler) => [handler.kind, createInteractive(core, handler)]));
  const bulk = createBulk(core, handlers);
  const dispatcher = createDispatcher(core, queue, deps.readers);

  const ring = ({ lane, what }: Wake) => {
    if (!ownership.isReady(lane)) return;
    if (what === 'feed') dispatcher.ring(lane);
    else if (what === 'bulk') {
      bulk.ring(lane);
      lookNow.ring();
    } else interactive.get(what)?.ring(lane);
  };

  const look = async (): Promise<number> => {
    await bulk.look();
    return await lookForWork(deps, ring);
  };
  // What was taken goes on settling by itself; the next renewal does not wait for it.
  const renew = () => ownership.round().then(() => leaseMs / 3);
  const loop = (what: string, step: () => Promise<number>, early?: Bell) =>
    repeat(deps, stop.signal, what, step, early);

  return {
    name: 'worker',
    heldLanes: ownership.count,
    async start() {
      queue.ownedBy(ownership.owns);
      queue.onWake((wakes) => wakes.forEach(ring));
      await ownership.start();
      loops.push(loop('renewing leases', renew), loop('looking for work', look, lookNow), dispatcher.run());
      for (const pump of interactive.values()) loops.push(pump.run());
    },
    async stop() {
      stop.abort();
      lookNow.ring();
      for (const pump of interactive.values()) pump.wake();
      dispatcher.wake();
      await bulk.stop();
      await Promise.allSettled(loops);
      await flights.landed();
      await ownership.release();
    },
  };
}

/** Rings whatever has something due; resolves with how long nothing more is expected, ms. */
async function lookForWork(
  { sql, clock }: Pick<WorkerDeps, 'sql' | 'clock'>,
  ring: (wake: Wake) => void,
): Promise<number> {
  const nowMs = clock.nowMs();
  for (const { lane, kind } of await selectInteractiveLanes(sql, nowMs)) ring({ lane, what: kind });
  for (const lane of await selectFeedLanes(sql)) ring({ lane, what: 'feed' });
  const nextMs = await selectNextDueMs(sql, nowMs);
  return nextMs === undefined ? LOOK_MS : Math.min(LOOK_MS, Math.max(5, nextMs - clock.nowMs()));
}

/** Repeats `step` until the worker stops; `step` says how long to wait, `early` cuts that short. A lost database is waited for. */
async function repeat(
  { clock, log }: Pick<WorkerDeps, 'clock' | 'log'>,
  stopping: AbortSignal,
  what: string,
  step: () => Promise<number>,
  early?: Bell,
): Promise<void> {
  while (!stopping.aborted) {
    const waitMs = await step().catch((error: unknown) => {
      log[isConnectionLost(error) ? 'warn' : 'error']({ error }, `${what} failed; trying again`);
      return AFTER_ERROR_MS;
    });
    await Promise.race([pause(clock, waitMs, stopping), ...(early ? [early.wait()] : [])]);
  }
}

/** Rings when work falls due soon, once for what falls due together. What is further away is found by looking. */
function createAlarms(clock: Clock, ring: (wake: Wake) => void): (wake: Wake, dueMs: number) => void {
  const set = new Set<string>();
  return (wake, dueMs) => {
    const delayMs = dueMs - clock.nowMs();
    const alarm = `${wake.lane}:${wake.what}:${dueMs}`;
    if (delayMs > LOOK_MS * 2 || set.has(alarm)) return;
    set.add(alarm);
    clock.after(delayMs + 1, () => {
      set.delete(alarm);
      ring(wake);
    });
  };
}
