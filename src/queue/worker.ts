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
import { createBulk } from './bulk.ts';
import { createDispatcher, type FeedReader } from './dispatch.ts';
import { createLeases } from './leases.ts';
import type { Queue, Wake } from './queue.ts';
import type { Batch } from './settle.ts';
import {
  claimDue,
  selectAbandoned,
  selectInteractiveLanes,
  selectNextDueMs,
  type OwnedLane,
  type WorkItem,
} from './sql.ts';
import { selectFeedLanes } from './sql.feed.ts';

/** Who does the work of one kind. `handle` settles every item of the batch (queue/settle.ts) before it resolves. */
export type Handler = {
  kind: number;
  /** Most items in one claim. */
  batchSize: number;
  /** Most items in flight: once for interactive work, once for all bulk runs together. */
  inFlight: number;
  handle(batch: Batch): Promise<void>;
};

/** What the parts of a worker share. */
export type WorkerCore = {
  sql: Sql;
  ids: IdSource;
  clock: Clock;
  log: Log;
  stopping: AbortSignal;
  lanes(): readonly OwnedLane[];
  holds(lane: OwnedLane): boolean;
  /** Keys of what is in flight in a lane, so that a claim passes over them. */
  busyIn(lane: number, kind: number, stream: number): WorkItem[];
  /** Claims and runs one batch; returns how many items were claimed, and resolves `ran` when they are settled. */
  claim(
    handler: Handler,
    lane: OwnedLane,
    stream: number,
    limit: number,
    after: { dueMs: number; ownerId: number },
  ): Promise<{ items: WorkItem[]; ran: Promise<void> }>;
};

/** Without a wake, a worker looks by itself this often. */
const LOOK_MS = 1_000;
/** Pause after an error before the same thing is tried again. */
const AFTER_ERROR_MS = 250;
const NOWHERE = { dueMs: 0, ownerId: 0 };

/** A worker. `readers` get every event of the feed. */
export function createWorker(deps: {
  sql: Sql;
  queue: Queue;
  ids: IdSource;
  clock: Clock;
  log: Log;
  leaseMs: number;
  handlers: readonly Handler[];
  readers: readonly FeedReader[];
}): Part & { heldLanes(): number; workerName(): string } {
  const { sql, queue, ids, clock, log, leaseMs, handlers } = deps;
  const stop = new AbortController();
  const running = new Set<Promise<void>>();
  const busy = new Map<string, Set<WorkItem>>();
  /** Lanes in which nothing of a former owner is left in flight: only they are claimed from. */
  const ready = new Set<number>();
  const lookNow = bell();
  let leases: ReturnType<typeof createLeases> | undefined;
  const loops: Promise<void>[] = [];

  const track = (work: Promise<void>): Promise<void> => {
    running.add(work);
    return work.finally(() => running.delete(work));
  };

  const core: WorkerCore = {
    sql,
    ids,
    clock,
    log,
    stopping: stop.signal,
    lanes: () => [...(leases?.held().values() ?? [])].filter(({ lane }) => ready.has(lane)),
    holds: (lane) => leases?.holds(lane) ?? false,
    busyIn: (lane, kind, stream) => [...(busy.get(`${lane}:${kind}:${stream}`) ?? [])],
    async claim(handler, lane, stream, limit, after) {
      const flightId = ids.inBucket(lane.bucket);
      const items = await claimDue(sql, {
        lane,
        flightId,
        kind: handler.kind,
        stream,
        nowMs: clock.nowMs(),
        after,
        limit,
        busy: core.busyIn(lane.lane, handler.kind, stream),
      });
      if (!items.length) return { items, ran: Promise.resolve() };
      return { items, ran: run(handler, lane, flightId, stream, items, false) };
    },
  };

  function run(
    handler: Handler,
    lane: OwnedLane,
    flightId: number,
    stream: number,
    items: WorkItem[],
    abandoned: boolean,
  ) {
    const place = `${lane.lane}:${handler.kind}:${stream}`;
    const set = busy.get(place) ?? new Set();
    busy.set(place, set);
    for (const item of items) set.add(item);
    const batch: Batch = {
      lane,
      flightId,
      kind: handler.kind,
      stream,
      items,
      abandoned,
      holds: () => core.holds(lane),
      wakeAt: (dueMs) => ringAt(lane.lane, stream === 0 ? handler.kind : 'bulk', dueMs),
    };
    return track(
      carryOut(handler, batch).finally(() => {
        for (const item of items) set.delete(item);
        if (!set.size) busy.delete(place);
      }),
    );
  }

  /** A handler that throws has a bug, or lost the database for long. Its batch is then unclear: it is handled as abandoned. */
  async function carryOut(handler: Handler, batch: Batch): Promise<void> {
    for (let abandoned = batch.abandoned; ; abandoned = true) {
      try {
        return await handler.handle({ ...batch, abandoned });
      } catch (error) {
        log.error(
          { error, kind: batch.kind, lane: batch.lane.lane },
          'a batch failed; it is settled as abandoned',
        );
        await pause(clock, AFTER_ERROR_MS * 4, stop.signal);
        if (!core.holds(batch.lane) && !(await stillHeld(batch))) return;
        if (stop.signal.aborted) return;
      }
    }
  }

  async function stillHeld(batch: Batch): Promise<boolean> {
    await pause(clock, leaseMs, stop.signal);
    return core.holds(batch.lane);
  }

  const interactive = new Map(handlers.map((handler) => [handler.kind, createInteractive(core, handler)]));
  const bulk = createBulk(core, handlers);
  const dispatcher = createDispatcher(core, queue, deps.readers);

  const ring = ({ lane, what }: Wake) => {
    if (!ready.has(lane)) return;
    if (what === 'feed') dispatcher.ring(lane);
    else if (what === 'bulk') {
      bulk.ring(lane);
      lookNow.ring();
    } else interactive.get(what)?.ring(lane);
  };

  /** A lane is claimed from only when what its former owner left in flight is settled: else a row could be sent twice. */
  async function makeReady(lane: OwnedLane): Promise<void> {
    while (core.holds(lane) && !stop.signal.aborted) {
      try {
        await settleAbandoned(lane);
        ready.add(lane.lane);
        for (const { kind } of handlers) ring({ lane: lane.lane, what: kind });
        ring({ lane: lane.lane, what: 'bulk' });
        ring({ lane: lane.lane, what: 'feed' });
        return;
      } catch (error) {
        log.warn({ error, lane: lane.lane }, 'could not settle what was left in flight; trying again');
        await pause(clock, AFTER_ERROR_MS, stop.signal);
      }
    }
  }

  async function settleAbandoned(lane: OwnedLane): Promise<void> {
    for (const flight of await selectAbandoned(sql, lane)) {
      const handler = handlers.find(({ kind }) => kind === flight.kind);
      if (!handler) continue;
      log.warn(
        { lane: lane.lane, kind: flight.kind, items: flight.items.length },
        'settling what a former owner left in flight',
      );
      await run(handler, lane, flight.flightId, flight.items[0]?.stream ?? 0, flight.items, true);
    }
  }

  async function leaseRound(): Promise<Promise<void>[]> {
    const { gained, lost } = await leases!.round();
    for (const lane of lost) ready.delete(lane);
    return gained.map((lane) => track(makeReady(lane)));
  }

  /** Timers by place and time, so that a batch put off to one moment rings once. What is further away is found by looking. */
  const alarms = new Set<string>();
  function ringAt(lane: number, what: Wake['what'], dueMs: number): void {
    const delayMs = dueMs - clock.nowMs();
    const alarm = `${lane}:${what}:${dueMs}`;
    if (delayMs > LOOK_MS * 2 || alarms.has(alarm)) return;
    alarms.add(alarm);
    clock.after(delayMs + 1, () => {
      alarms.delete(alarm);
      ring({ lane, what });
    });
  }

  async function look(): Promise<number> {
    const nowMs = clock.nowMs();
    for (const { lane, kind } of await selectInteractiveLanes(sql, nowMs)) ring({ lane, what: kind });
    for (const lane of await selectFeedLanes(sql)) ring({ lane, what: 'feed' });
    await bulk.look();
    const nextMs = await selectNextDueMs(sql, nowMs);
    return nextMs === undefined ? LOOK_MS : Math.min(LOOK_MS, Math.max(5, nextMs - clock.nowMs()));
  }

  /** Repeats `step` until the worker stops; `step` says how long to wait. A lost database is waited for. */
  async function loop(what: string, step: () => Promise<number>, bellOf?: Bell): Promise<void> {
    while (!stop.signal.aborted) {
      const waitMs = await step().catch((error: unknown) => {
        log[isConnectionLost(error) ? 'warn' : 'error']({ error }, `${what} failed; trying again`);
        return AFTER_ERROR_MS;
      });
      await Promise.race([pause(clock, waitMs, stop.signal), ...(bellOf ? [bellOf.wait()] : [])]);
    }
  }

  return {
    name: 'worker',
    heldLanes: () => leases?.held().size ?? 0,
    workerName: () => leases?.name ?? '',
    async start() {
      leases = createLeases({ sql, clock, log, leaseMs, total: queue.lanes().length });
      queue.ownedBy((lane) => leases?.held().has(lane) ?? false);
      queue.onWake((wakes) => {
        for (const wake of wakes) ring(wake);
      });
      await Promise.all(await leaseRound());
      loops.push(
        loop('renewing leases', async () => {
          await leaseRound();
          return leaseMs / 3;
        }),
      );
      loops.push(loop('looking for work', look, lookNow));
      for (const pump of interactive.values()) loops.push(pump.run());
      loops.push(dispatcher.run());
    },
    async stop() {
      stop.abort();
      lookNow.ring();
      for (const pump of interactive.values()) pump.wake();
      dispatcher.wake();
      await bulk.stop();
      await Promise.allSettled(loops);
      await Promise.allSettled(running);
      await leases
        ?.release()
        .catch((error) => log.warn({ error }, 'leases were not given back; they will run out'));
      leases = undefined;
    },
  };
}

/** The pump of one kind's interactive work: goes to the lanes that rang, one claim each, while there is room. */
function createInteractive(core: WorkerCore, handler: Handler) {
  const ringing = new Set<number>();
  const woken = bell();
  let inFlight = 0;

  const visit = async (laneNumber: number): Promise<void> => {
    const lane = core.lanes().find((l) => l.lane === laneNumber);
    if (!lane || !core.holds(lane)) return;
    const { items, ran } = await core.claim(handler, lane, 0, handler.batchSize, NOWHERE);
    if (!items.length) return;
    inFlight += items.length;
    void ran.finally(() => {
      inFlight -= items.length;
      woken.ring();
    });
    if (items.length === handler.batchSize) ringing.add(laneNumber);
  };

  return {
    ring(lane: number) {
      ringing.add(lane);
      woken.ring();
    },
    wake: () => woken.ring(),
    async run() {
      while (!core.stopping.aborted) {
        if (!ringing.size || inFlight >= handler.inFlight) {
          await woken.wait();
          continue;
        }
        const lanes = [...ringing].slice(0, 8);
        for (const lane of lanes) ringing.delete(lane);
        // Several lanes at once: a claim is one round trip, and most hold only a row or two.
        const results = await Promise.allSettled(lanes.map(visit));
        const failed = results.find((result) => result.status === 'rejected');
        if (!failed) continue;
        core.log.warn({ error: failed.reason }, 'claiming failed; trying again');
        for (const lane of lanes) ringing.add(lane);
        await pause(core.clock, AFTER_ERROR_MS, core.stopping);
      }
    },
  };
}
