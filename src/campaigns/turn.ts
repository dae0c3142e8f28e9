/**
 * A turn: what has arrived in some lanes is taken, then what is due, in one transaction behind the lanes' fences. It calls nobody, so it may
 * die and be repeated at will; nobody else writes what a lane's contacts have here, so an event and a timer never race.
 *
 * A timer fires only when nothing that was received by then waits unread in its lane, as an arrival or on the feed. What is to be done with
 * many (`tasks.ts`) has transactions of its own, a lane in each, so that nobody's event waits for it to be written.
 */
import { type Tx } from '../db/pool.ts';
import { isPassing } from '../db/errors.ts';
import type { OwnedLane } from '../queue/lanes/lane.ts';
import { oldestUnread } from '../queue/feed/unread.ts';
import { fence, fenced } from '../queue/work/settle.ts';
import type { TurnTaker } from '../queue/turns.ts';
import { stopFor, TooManyEnter } from './enrol/brake.ts';
import type { LiveSource } from './enrol/live.ts';
import { selectNextTimerMs, selectTimerLanes, selectWaiting, type Waiting } from './enrol/sql.read.ts';
import { addCounts, selectArrivalLanes, selectArrivals, type Arrival } from './events/sql.take.ts';
import { takeArrivals } from './events/take.ts';
import { selectTask, selectTaskLanes, type Task } from './enrol/sql.tasks.ts';
import { dueTimers } from './due.ts';
import { setAside } from './aside.ts';
import { doTask, takeTask } from './tasks.ts';
import { byWorkspace, takeTurn, type TurnDeps } from './turnPart.ts';

/** Arrivals, timers or people in one turn; each of its lanes has a share of it. */
const A_TURN = 500;
/** Tasks that one turn is at with at once, and for how long. */
const TASKS_AT_ONCE = 2;
const TASKS_MS = 100;
/** What a turn does names people, and nobody waits for a connection because of it. */
const KEYED = 'keyed batch';

/** Takes the turns of campaigns. */
export function turnTaker(deps: TurnDeps, source: LiveSource): TurnTaker {
  return {
    name: 'campaigns',
    async take(lanes, alone) {
      try {
        return alone ? await takeAlone(deps, lanes[0]!, source) : await takeTogether(deps, lanes, source);
      } catch (error) {
        if (!(error instanceof TooManyEnter)) throw error;
        await stopFor(deps, error);
        return lanes;
      }
    },
    async look(nowMs) {
      const tasks = await selectTaskLanes(deps.sql);
      const lanes = [
        ...(await selectArrivalLanes(deps.sql)),
        ...(await selectTimerLanes(deps.sql, nowMs)),
        ...tasks.filter(({ dueMs }) => dueMs <= nowMs).map(({ lane }) => lane),
      ];
      const later = tasks.map(({ dueMs }) => dueMs).filter((dueMs) => dueMs > nowMs);
      const nextMs = Math.min((await selectNextTimerMs(deps.sql, nowMs)) ?? Infinity, ...later);
      return { lanes: [...new Set(lanes)], ...(nextMs < Infinity ? { nextMs } : {}) };
    },
  };
}

async function takeTogether(
  deps: TurnDeps,
  lanes: readonly OwnedLane[],
  source: LiveSource,
): Promise<readonly OwnedLane[]> {
  const took = await deps.queue.transact(async (tx) => {
    const nowMs = deps.clock.nowMs();
    // In one write with what is to be known of the lanes; of those that are another's it is not looked at.
    const held = fenced(tx, lanes);
    const [ours, found] = await Promise.all([held, lookInto(tx, lanes, nowMs, A_TURN)]);
    return ours.length ? await takeSome(deps, tx, ours, source, found) : NOTHING;
  }, KEYED);
  await takeTasks(deps, took.tasks, source);
  return [...took.again, ...took.tasks];
}

/** Takes the next of lanes' tasks, some lanes at once, for a while: what arrives in the other lanes of a turn waits no longer than that. */
async function takeTasks(deps: TurnDeps, lanes: readonly OwnedLane[], source: LiveSource): Promise<void> {
  const untilMs = deps.clock.monotonicMs() + TASKS_MS;
  const left = lanes.values();
  const go = async () => {
    for (const one of left) {
      await deps.queue.transact(async (tx) => {
        const [lane] = await fenced(tx, [one]);
        if (lane) await takeTask(deps, tx, lane, await source(tx), deps.clock.nowMs(), A_TURN);
      });
      if (deps.clock.monotonicMs() > untilMs) return;
    }
  };
  // All of them are over before their lanes are taken again, also where one fails.
  const done = await Promise.allSettled(Array.from({ length: Math.min(TASKS_AT_ONCE, lanes.length) }, go));
  for (const one of done) if (one.status === 'rejected') throw one.reason;
}

/** Only what is first in a lane; what fails even so is set aside. */
async function takeAlone(deps: TurnDeps, lane: OwnedLane, source: LiveSource): Promise<readonly OwnedLane[]> {
  const more = await deps.queue.transact(async (tx) => {
    await fence(tx, lane);
    const nowMs = deps.clock.nowMs();
    let task: Task | undefined;
    try {
      return await tx.savepoint(async (inner) => {
        const found = await lookInto(inner, [lane], nowMs, 1);
        const { again, tasks } = await takeSome(deps, inner, [lane], source, found);
        if (tasks.length) task = await selectTask(inner, lane, nowMs);
        if (task) await doTask(deps, inner, lane, task, await source(inner), nowMs, 1);
        return again.length > 0 || tasks.length > 0;
      });
    } catch (error) {
      if (isPassing(error) || error instanceof TooManyEnter) throw error;
      return await setAside(deps, tx, lane, { nowMs, error, task });
    }
  });
  return more ? [lane] : [];
}

/** Lanes that may have more: behind what was taken, or by what it led to; and those that have a task and nothing before it. */
type Took = { again: readonly OwnedLane[]; tasks: readonly OwnedLane[] };

const NOTHING: Took = { again: [], tasks: [] };

/** What waits in some lanes as of an instant: of each lane up to `each` arrivals, those that come first. */
type Found = {
  nowMs: number;
  each: number;
  arrivals: (Arrival & { lane: number })[];
  waiting: Waiting[];
  /** What nobody was handed yet of what was told on the feed: the oldest of each lane. */
  unread: ReadonlyMap<number, number>;
};

/**
 * Looks for it, up to `most` of all lanes. One after the other on the server, the feed first: what is handed on meanwhile has arrived by the time
 * that arrivals are read, and the other way round it would be in neither. So whatever came before a timer fell due is seen with it.
 */
async function lookInto(tx: Tx, lanes: readonly OwnedLane[], nowMs: number, most: number): Promise<Found> {
  const each = Math.ceil(most / lanes.length);
  const [unread, arrivals, waiting] = await Promise.all([
    oldestUnread(tx, lanes),
    selectArrivals(tx, lanes, each),
    selectWaiting(tx, lanes, nowMs),
  ]);
  return { nowMs, each, arrivals, waiting, unread };
}

/** Takes what arrived, then what is due, of the lanes that are held. */
async function takeSome(
  deps: TurnDeps,
  tx: Tx,
  lanes: readonly OwnedLane[],
  source: LiveSource,
  found: Found,
): Promise<Took> {
  const own = new Set(lanes.map(({ lane }) => lane));
  const [arrivals, waiting] = [found.arrivals, found.waiting].map((rows) =>
    rows.filter(({ lane }) => own.has(lane)),
  ) as [typeof found.arrivals, typeof found.waiting];
  const taken = await takeArrivals(deps, tx, lanes, arrivals, found.nowMs);
  // It leaves with what is asked next, and is over before this is.
  const counting = addCounts(tx, taken.counts);
  counting.catch(() => {});
  try {
    return await takeOn(deps, tx, lanes, source, { ...found, arrivals, waiting, taken: taken.arrivals });
  } finally {
    await counting;
  }
}

/** Takes on whom it concerns: what was taken, then what is due where nothing more lies before it. */
async function takeOn(
  deps: TurnDeps,
  tx: Tx,
  lanes: readonly OwnedLane[],
  source: LiveSource,
  { nowMs, each, arrivals, waiting, unread, taken }: Found & { taken: readonly Arrival[] },
): Promise<Took> {
  const arrived = Map.groupBy(arrivals, ({ lane }) => lane);
  const more = new Set(lanes.map(({ lane }) => lane).filter((lane) => arrived.get(lane)?.length === each));
  const of = new Map(waiting.map((one) => [one.lane, one]));
  // What waits behind may have come before what is due now.
  const ripe = lanes.filter(({ lane }) => !more.has(lane) && of.get(lane)!.hasTimers);
  const timers = ripe.length ? await dueTimers(tx, ripe, { nowMs, unread }, each) : [];
  const liveOf = await source(tx, waiting[0]!.stamp);
  const fired = Map.groupBy(timers, ({ lane }) => lane);
  const again = new Set([...more, ...fired.keys()]);
  for (const [workspaceId, part] of byWorkspace(taken, timers))
    for (const lane of await takeTurn(deps, tx, lanes, await liveOf(workspaceId), workspaceId, part, nowMs))
      again.add(lane);
  // Tasks wait for what lies before them, and not until nothing comes any more.
  const isLast = (lane: number) => !more.has(lane) && (fired.get(lane)?.length ?? 0) < each;
  return {
    // What arrives meanwhile wakes the lane itself: a look that finds nothing would cost as much as a turn.
    again: lanes.filter(({ lane }) => again.has(lane) || (of.get(lane)!.hasTask && !isLast(lane))),
    tasks: lanes.filter(({ lane }) => of.get(lane)!.hasTask && isLast(lane)),
  };
}
