/**
 * A turn: what has arrived in some lanes is taken, then what is due, in one transaction behind the lanes' fences. It calls nobody, so it may
 * die and be repeated at will; nobody else writes what a lane's contacts have here, so an event and a timer never race.
 *
 * A timer fires only when nothing that was received by then waits unread in its lane, as an arrival of its workspace or on the feed. What is to be done with
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
import {
  selectNextTimerMs,
  selectTimerLanes,
  selectTimers,
  selectWaiting,
  type LaneUntil,
  type Timer,
  type Waiting,
} from './enrol/sql.read.ts';
import { addCounts, selectArrivalLanes, selectArrivals, type Arrival } from './events/sql.take.ts';
import { takeArrivals } from './events/take.ts';
import { selectTaskLanes, type Task } from './enrol/sql.tasks.ts';
import { takeBack, type Leaving } from './enrol/takeBack.ts';
import { firingUntil } from './due.ts';
import { behindIn, readShares, type BehindIn, type LookFrom, type Shares } from './fair.ts';
import { selectArrivalsOf, selectTimersOf } from './sql.fair.ts';
import { setAside } from './aside.ts';
import { doTask, nextTask, type TasksTaken } from './tasks.ts';
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
  const places: Places = { arrivals: { afterId: 0 }, timers: { afterId: 0 }, tasks: new Map() };
  let isTold = false;
  return {
    name: 'campaigns',
    async take(lanes, alone) {
      try {
        return alone
          ? await takeAlone(deps, lanes[0]!, source, places.tasks)
          : await takeTogether(deps, lanes, source, places);
      } catch (error) {
        if (!(error instanceof TooManyEnter)) throw error;
        await stopFor(deps, error);
        return lanes;
      }
    },
    async look(nowMs) {
      const { lanes: tasks, tooNew } = await selectTaskLanes(deps.sql);
      if (tooNew > 0 && !isTold)
        deps.log.warn(
          { tasks: tooNew },
          'campaigns have tasks that this version does not understand; they wait for a worker of a newer one',
        );
      isTold = tooNew > 0;
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
  places: Places,
): Promise<readonly OwnedLane[]> {
  const took = await deps.queue.transact(async (tx) => {
    const nowMs = deps.clock.nowMs();
    // In one write with what is to be known of the lanes; of those that are another's it is not looked at.
    const held = fenced(tx, lanes);
    const [ours, found] = await Promise.all([held, lookInto(tx, lanes, nowMs, A_TURN)]);
    return ours.length ? await takeSome(deps, tx, ours, source, found, places) : NOTHING;
  }, KEYED);
  await takeTasks(deps, took, source, places.tasks);
  return [...took.again, ...took.tasks];
}

/** Takes the next of lanes' tasks, some lanes at once, for a while: what arrives in the other lanes of a turn waits no longer than that. */
async function takeTasks(
  deps: TurnDeps,
  { tasks: lanes, behind }: Took,
  source: LiveSource,
  taken: TasksTaken,
): Promise<void> {
  const untilMs = deps.clock.monotonicMs() + TASKS_MS;
  const left = lanes.values();
  const go = async () => {
    for (const one of left) {
      const task = await deps.queue.transact(async (tx) => {
        const [lane] = await fenced(tx, [one]);
        const nowMs = deps.clock.nowMs();
        const next = lane && (await nextTask(tx, lane, nowMs, { taken, behind: behind.get(lane.lane) }));
        if (next) await doTask(deps, tx, lane, next, await source(tx), nowMs, A_TURN);
        return next;
      });
      if (task) taken.set(task.lane, task.workspaceId);
      if (deps.clock.monotonicMs() > untilMs) return;
    }
  };
  // All of them are over before their lanes are taken again, also where one fails.
  const done = await Promise.allSettled(Array.from({ length: Math.min(TASKS_AT_ONCE, lanes.length) }, go));
  for (const one of done) if (one.status === 'rejected') throw one.reason;
}

/** Only what is first in a lane; what fails even so is set aside. */
async function takeAlone(
  deps: TurnDeps,
  lane: OwnedLane,
  source: LiveSource,
  taken: TasksTaken,
): Promise<readonly OwnedLane[]> {
  let task: Task | undefined;
  const more = await deps.queue.transact(async (tx) => {
    await fence(tx, lane);
    const nowMs = deps.clock.nowMs();
    task = undefined;
    const found = await lookInto(tx, [lane], nowMs, 1);
    try {
      return await tx.savepoint(async (inner) => {
        const { again, tasks } = await takeSome(deps, inner, [lane], source, found);
        if (tasks.length) task = await nextTask(inner, lane, nowMs, { taken });
        if (task) await doTask(deps, inner, lane, task, await source(inner), nowMs, 1);
        return again.length > 0 || tasks.length > 0;
      });
    } catch (error) {
      if (isPassing(error) || error instanceof TooManyEnter) throw error;
      return await setAside(deps, tx, lane, { nowMs, error, found, task });
    }
  });
  if (task) taken.set(lane.lane, task.workspaceId);
  return more ? [lane] : [];
}

/** Where this worker goes on where a lane is shared. */
type Places = { arrivals: LookFrom; timers: LookFrom; tasks: TasksTaken };

/** Lanes that may have more: behind what was taken, or by what it led to; and those that have a task, and of whom something lies before it. */
type Took = { again: readonly OwnedLane[]; tasks: readonly OwnedLane[]; behind: BehindIn };

const NOTHING: Took = { again: [], tasks: [], behind: new Map() };

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

const ARRIVALS = {
  table: 'event_arrivals',
  next: selectArrivalsOf,
  keyOf: ({ id }: Arrival) => `${id}`,
} as const;
const TIMERS = {
  table: 'timers',
  next: selectTimersOf,
  keyOf: ({ contactId, ownerId }: Timer) => `${contactId}|${ownerId}`,
} as const;

/** Takes what arrived, then what is due, of the lanes that are held. Without places nobody's share is taken, but what is first. */
async function takeSome(
  deps: TurnDeps,
  tx: Tx,
  lanes: readonly OwnedLane[],
  source: LiveSource,
  found: Found,
  places?: Places,
): Promise<Took> {
  const own = new Set(lanes.map(({ lane }) => lane));
  const first = found.arrivals.filter(({ lane }) => own.has(lane));
  const waiting = new Map(found.waiting.map((one) => [one.lane, one]));
  const until = firingUntil(lanes, found.nowMs, found.unread);
  const sharing = { each: found.each, cursor: places?.arrivals };
  const { rows, behind } = await readShares(tx, ARRIVALS, until, first, sharing);
  const taken = await takeArrivals(deps, tx, lanes, [...first, ...rows], found.nowMs);
  // It leaves with what is asked next, and is over before this is.
  const counting = addCounts(tx, taken.counts);
  counting.catch(() => {});
  try {
    return await takeOn(
      deps,
      tx,
      lanes,
      source,
      { nowMs: found.nowMs, each: found.each, waiting, until, taken: taken.arrivals, behind },
      places,
    );
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
  found: Pick<Found, 'nowMs' | 'each'> & {
    waiting: ReadonlyMap<number, Waiting>;
    until: readonly LaneUntil[];
    taken: readonly Arrival[];
    behind: BehindIn;
  },
  places: Places | undefined,
): Promise<Took> {
  const { nowMs, waiting, taken, behind } = found;
  const due = found.until.filter(({ lane }) => waiting.get(lane.lane)!.hasTimers);
  const timers = await timersOf(tx, due, found, places);
  const liveOf = await source(tx, waiting.get(lanes[0]!.lane)!.stamp);
  const again = new Set([...behind.keys(), ...timers.rows.map(({ lane }) => lane)]);
  const leaving: Leaving[] = [];
  for (const [workspaceId, part] of byWorkspace(taken, timers.rows)) {
    const live = await liveOf(workspaceId);
    const written = await takeTurn(deps, tx, lanes, live, workspaceId, part, nowMs);
    for (const lane of written?.dueIn ?? []) again.add(lane);
    if (written) leaving.push(written.leaving);
  }
  await takeBack(deps, tx, leaving);
  // Tasks wait for what lies before them, and not until nothing comes any more.
  const before = behindIn(behind, timers.behind);
  const mayGo = ({ lane }: OwnedLane) => waiting.get(lane)!.hasTask && before.get(lane) !== 'anybody';
  return {
    // What arrives meanwhile wakes the lane itself: a look that finds nothing would cost as much as a turn.
    again: lanes.filter((one) => again.has(one.lane) || (waiting.get(one.lane)!.hasTask && !mayGo(one))),
    tasks: lanes.filter(mayGo),
    behind: before,
  };
}

/**
 * Timers that may fire. What waits behind what was taken may have come before what is due now: of a lane in which more arrived than was
 * taken, those of workspaces of whom all was.
 */
async function timersOf(
  tx: Tx,
  due: readonly LaneUntil[],
  { each, behind }: { each: number; behind: BehindIn },
  places: Places | undefined,
): Promise<Shares<Timer & { lane: number }>> {
  const ripe = due.filter(({ lane }) => !behind.has(lane.lane));
  const first = ripe.length ? await selectTimers(tx, ripe, each) : [];
  const some = due.filter(({ lane }) => behind.get(lane.lane) !== 'anybody');
  const sharing = { each, cursor: places?.timers, less: behind };
  const { rows, behind: still } = await readShares(tx, TIMERS, some, first, sharing);
  return { rows: [...first, ...rows], behind: still };
}
