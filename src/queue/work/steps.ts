/**
 * What of a flight has begun. A claim is of many; their handler writes down ahead what begins next, some at a time, and along with
 * it what came of those before, so that what a dead worker leaves unclear is little more than what was out.
 */
import type { Steps, WorkItem } from './work.ts';
import type { Clock } from '../../base/clock.ts';
import { gather } from '../../db/gather.ts';
import type { Db, Sql } from '../../db/pool.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import { insertStep, insertSteps, selectAbandoned, selectSteps, type Step } from './sql.steps.ts';

/** Writes a step down; false when its lane is not held any more. */
type WriteStep = (step: Step) => Promise<boolean>;

/** Steps in one statement, at most. */
const MOST_TOGETHER = 64;

/**
 * Writes steps of what is no run: those of one moment are in many lanes, and go in one statement, since a commit is dearer than what is in it;
 * those of single messages by themselves (`of`). On Citus each goes to its lane's shard.
 */
export function stepsTogether({
  sql,
  clock,
}: {
  sql: Sql;
  clock: Clock;
}): (of: 'single' | 'apart') => WriteStep {
  const together = gather<Step, boolean>(
    async (_key, steps) =>
      steps.length === 1 ? [await insertStep(sql, steps[0]!)] : await insertSteps(sql, steps),
    (waiting) => Math.min(waiting.length, MOST_TOGETHER),
    { clock, ms: 50, atOnce: 4 },
  );
  const keys = { single: 0, apart: 1 };
  return (of) => (step) => (sql.placement.distributed ? insertStep(sql, step) : together(keys[of], step));
}

/** The steps of a flight of this process. */
export function createSteps(
  db: Db,
  flight: { lane: OwnedLane; flightId: number; whole: boolean; items: readonly WorkItem[] },
  write: WriteStep = (step) => insertStep(db, step),
): Steps {
  const { lane, flightId, whole, items } = flight;
  const places = whole ? undefined : new Map(items.map((item, at) => [item, at]));
  const begun = new Set<WorkItem>();
  const notes = new Map<WorkItem, unknown>();
  let unwritten: [number, unknown][] = [];
  let n = 0;
  let closed = false;
  const underWay = new Set<Promise<unknown>>();

  return {
    whole,
    async begin(some) {
      if (closed) return false;
      if (!places) return true;
      if (!some.length && !unwritten.length) return true;
      for (const item of some) begun.add(item);
      const told = unwritten;
      unwritten = [];
      const step = write({
        lane,
        flightId,
        n: n++,
        begun: some.map((item) => places.get(item)!),
        notes: told.length ? JSON.stringify(Object.fromEntries(told)) : null,
      });
      // Whoever is not told that it is on record does not begin, whatever the record says.
      const notBegun = () => some.forEach((item) => begun.delete(item));
      const done = step.catch(notBegun).finally(() => underWay.delete(done));
      underWay.add(done);
      return await step;
    },
    note(item, note) {
      if (!places || closed) return;
      notes.set(item, note);
      unwritten.push([places.get(item)!, note]);
    },
    async close() {
      closed = true;
      await Promise.all(underWay);
    },
    begun: () => (whole ? [...items] : [...begun]),
    notes: () => notes,
  };
}

/** What is left of a flight: those of its items that may have begun, and what was noted of them. */
type Left = {
  flightId: number;
  kind: number;
  atMs: number;
  items: WorkItem[];
  notes: ReadonlyMap<WorkItem, unknown>;
};

/** What former owners of a lane left behind. What had not begun is simply still due. */
export async function leftBehind(db: Db, lane: OwnedLane): Promise<Left[]> {
  const flights = await selectAbandoned(db, lane);
  if (!flights.length) return [];
  const steps = Map.groupBy(
    await selectSteps(
      db,
      lane,
      flights.map(({ flightId }) => flightId),
    ),
    ({ flightId }) => flightId,
  );
  return flights.map(({ flightId, kind, atMs, whole, items }) => {
    const own = steps.get(flightId) ?? [];
    const begun = new Set(own.flatMap((step) => step.begun));
    const noted = new Map(
      own.flatMap((step) => Object.entries(JSON.parse(step.notes ?? '{}') as Record<string, unknown>)),
    );
    const left: WorkItem[] = [];
    const notes = new Map<WorkItem, unknown>();
    for (const { at, ...item } of items) {
      if (!whole && !begun.has(at)) continue;
      left.push(item);
      if (noted.has(String(at))) notes.set(item, noted.get(String(at)));
    }
    return { flightId, kind, atMs, items: left, notes };
  });
}
