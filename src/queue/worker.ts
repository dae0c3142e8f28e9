/**
 * The worker: owns lanes, claims what is due in them, hands it to the handler of its kind, and dispatches the feed. It never
 * knows what work means.
 *
 * Interactive work and each bulk run are claimed apart. Interactive work is claimed lane by lane when something rings; a bulk
 * run has a pump of its own that goes round the lanes while there is room in flight.
 */
import { pause, type Clock } from '../base/clock.ts';
import { bell, type Bell, type Part } from '../base/lifecycle.ts';
import { levelOf } from '../db/patiently.ts';
import { createBulk } from './work/bulk.ts';
import { createDispatcher } from './feed/dispatch.ts';
import type { FeedReader } from './feed/reader.ts';
import type { Wake, WorkDeps, WorkerCore } from './work/core.ts';
import { createFlights } from './work/flights.ts';
import { createGiveWay } from './work/giveWay.ts';
import { createInteractive } from './work/interactive.ts';
import { createOwnership } from './work/ownership.ts';
import { wakeText, type Queue } from './queue.ts';
import { createTurnPump, type TurnTaker } from './turns.ts';
import { selectInteractiveLanes, selectNextDueMs } from './work/sql.look.ts';
import { selectFeedLanes } from './feed/sql.ts';

export type { Handler } from './work/core.ts';

/** What a worker is made from. `readers` get every event of the feed, `turns` take what is theirs lane by lane. */
type WorkerDeps = WorkDeps & {
  queue: Queue;
  readers: readonly FeedReader[];
  turns?: readonly TurnTaker[];
};

/** Without a wake, a worker looks by itself this often. */
const LOOK_MS = 1_000;
/** What readers of the feed failed on is looked at this often. */
const READ_AGAIN_MS = 30_000;
/** Pause after an error before the same thing is tried again. */
const AFTER_ERROR_MS = 250;

/** A worker. */
export function createWorker(deps: WorkerDeps): Part & { heldLanes(): number } {
  const { sql, queue, clock, log, handlers } = deps;
  const stop = new AbortController();
  const lookNow = bell();
  const loops: Promise<void>[] = [];
  const alarms = createAlarms(clock, (wake) => ring(wake));
  const flights = createFlights(deps, {
    stopping: stop.signal,
    holds: (lane) => ownership.holds(lane),
    wakeAt: alarms,
    landed: () => void ownership.landed(),
  });
  const ownership = createOwnership(
    { ...deps, total: () => queue.lanes().length },
    stop.signal,
    () => flights,
    (lane) => {
      for (const what of [...handlers.map(({ kind }) => kind), 'bulk', 'feed', 'turn'] as const)
        ring({ lane, what });
    },
  );
  const core: WorkerCore = {
    sql,
    clock,
    log,
    stopping: stop.signal,
    giveWay: createGiveWay(clock),
    lanes: ownership.lanes,
    holds: ownership.holds,
    claim: (claim) => flights.claim(claim),
    claimOfLanes: (claim) => flights.claimOfLanes(claim),
  };
  const interactive = new Map(handlers.map((one) => [one.kind, createInteractive(core, one)]));
  const bulk = createBulk(core, handlers);
  const dispatcher = createDispatcher(core, queue, deps.readers);
  const turns = createTurnPump(core, deps.turns ?? []);

  const pumps = { feed: dispatcher, turn: turns };
  const ring = ({ lane, what, stream }: Wake) => {
    if (what === 'streams') return lookNow.ring();
    if (!ownership.isReady(lane)) return;
    if (what !== 'bulk') return (typeof what === 'number' ? interactive.get(what) : pumps[what])?.ring(lane);
    // One that is not known yet is found by looking.
    if (!bulk.ring(lane, stream)) lookNow.ring();
  };

  const look = () => bulk.look().then(() => lookForWork(deps, [...interactive.keys()], turns, ring));
  // What was taken goes on settling by itself; the next renewal does not wait for it.
  const renew = () => ownership.round().then(() => (void flights.takeBack(), deps.leaseMs / 3));
  const again = () => dispatcher.again().then(() => READ_AGAIN_MS);
  const loop = repeat.bind(undefined, deps, stop.signal);

  return {
    name: 'worker',
    heldLanes: ownership.count,
    async start() {
      queue.ownedBy(ownership.owns);
      queue.onWake((wakes) => wakes.forEach(ring));
      await ownership.start();
      loops.push(loop('renewing leases', renew), loop('looking for work', look, lookNow));
      loops.push(loop('reading again', again), dispatcher.run(), turns.run());
      for (const pump of interactive.values()) loops.push(pump.run());
    },
    async stop() {
      stop.abort();
      lookNow.ring();
      for (const pump of [...interactive.values(), dispatcher, turns]) pump.wake();
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
  kinds: readonly number[],
  turns: Pick<ReturnType<typeof createTurnPump>, 'look'>,
  ring: (wake: Wake) => void,
): Promise<number> {
  const nowMs = clock.nowMs();
  for (const { lane, kind } of await selectInteractiveLanes(sql, kinds, nowMs)) ring({ lane, what: kind });
  for (const lane of await selectFeedLanes(sql)) ring({ lane, what: 'feed' });
  const nextTurnMs = await turns.look(nowMs, (lane) => ring({ lane, what: 'turn' }));
  const nextMs = Math.min((await selectNextDueMs(sql, nowMs)) ?? Infinity, nextTurnMs ?? Infinity);
  return Math.min(LOOK_MS, Math.max(5, nextMs - clock.nowMs()));
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
      log[levelOf(error)]({ error }, `${what} failed; trying again`);
      return AFTER_ERROR_MS;
    });
    await (early ? early.wait({ clock, ms: waitMs }) : pause(clock, waitMs, stopping));
  }
}

/** Rings when work falls due soon, once for what falls due together. What is further away is found by looking. */
function createAlarms(clock: Clock, ring: (wake: Wake) => void): (wake: Wake, dueMs: number) => void {
  const set = new Set<string>();
  return (wake, dueMs) => {
    const delayMs = dueMs - clock.nowMs();
    const alarm = `${wakeText(wake)}@${dueMs}`;
    if (delayMs > LOOK_MS * 2 || set.has(alarm)) return;
    set.add(alarm);
    clock.after(delayMs + 1, () => {
      set.delete(alarm);
      ring(wake);
    });
  };
}
