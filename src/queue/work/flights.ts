/**
 * Batches in flight in this process: claimed, handed to their handler, and remembered until they are settled, so that no claim
 * takes what is in flight already.
 */
import { pause } from '../../base/clock.ts';
import { isPassing } from '../../db/errors.ts';
import { LaneLost } from './settle.ts';
import type { Batch, WorkItem } from './work.ts';
import { createSteps } from './steps.ts';
import { fenceLane } from '../lanes/sql.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import { claimDue } from './sql.ts';
import type { Claim, Handler, Wake, WorkDeps } from './core.ts';

/** What the flights need of the rest of the worker. */
type Around = {
  stopping: AbortSignal;
  holds(lane: OwnedLane): boolean;
  wakeAt(wake: Wake, dueMs: number): void;
};

/** Flights of this process. */
export type Flights = ReturnType<typeof createFlights>;

const FRESH = { abandoned: false, noted: new Map() } as const satisfies Partial<Batch>;

/** Pause after an error before a batch is handled again. */
const AFTER_ERROR_MS = 1_000;

/** No flights yet. */
export function createFlights(deps: WorkDeps, around: Around) {
  const { sql, ids, clock } = deps;
  const running = new Set<Promise<void>>();
  const busy = createBusy();

  const run = (
    handler: Handler,
    flight: Pick<Batch, 'lane' | 'flightId' | 'stream' | 'items' | 'abandoned' | 'claimedMs' | 'noted'> & {
      whole: boolean;
    },
    left: Claim['left'] = () => {},
  ): Promise<void> => {
    const { lane, stream, items } = flight;
    const free = busy.add(placeOf(lane, handler, stream), items);
    const wake: Wake =
      stream === 0 ? { lane: lane.lane, what: handler.kind } : { lane: lane.lane, what: 'bulk', stream };
    const inside = new Set(items);
    const settled = (some: readonly WorkItem[]) => {
      const leaving = some.filter((item) => inside.delete(item));
      if (leaving.length) left(leaving);
    };
    let firstAgainMs = Infinity;
    const batch: Batch = {
      ...flight,
      kind: handler.kind,
      steps: createSteps(sql, flight),
      holds: () => around.holds(lane),
      wakeAt(dueMs) {
        firstAgainMs = Math.min(firstAgainMs, dueMs);
        around.wakeAt(wake, dueMs);
      },
      settled,
    };
    return track(
      carryOut(deps, around.stopping, handler, batch).finally(() => {
        free();
        settled(items);
        // Whoever looked before the flight had landed passed over what was put off for then.
        if (firstAgainMs <= clock.nowMs()) around.wakeAt(wake, firstAgainMs);
      }),
    );
  };

  const track = (work: Promise<void>): Promise<void> => {
    running.add(work);
    return work.finally(() => running.delete(work));
  };

  return {
    run,
    track,
    /** Claims one batch and starts it; `ran` resolves when it is settled. */
    async claim(claim: Claim): Promise<{ items: WorkItem[]; ran: Promise<void> }> {
      const { handler, lane, stream } = claim;
      const flightId = ids.inBucket(lane.bucket);
      const wholeUpTo = handler.wholeUpTo?.(stream) ?? Infinity;
      const nowMs = clock.nowMs();
      const wanted = wantedBy(claim, flightId, wholeUpTo, nowMs, busy.at(placeOf(lane, handler, stream)));
      const items = stream === 0 ? await claimDue(sql, wanted) : await claimOfRun(sql, wanted);
      if (!items.length) return { items, ran: Promise.resolve() };
      claim.taken?.(items);
      const whole = items.length <= wholeUpTo;
      const flight = { lane, flightId, stream, items, whole, claimedMs: nowMs, ...FRESH };
      return { items, ran: run(handler, flight, claim.left) };
    },
    /** Waits until nothing is in flight. */
    async landed(): Promise<void> {
      while (running.size) await Promise.allSettled(running);
    },
  };
}

/** A handler that throws has a bug, or lost the database. Whether its batch was done is then unclear: it is handled as abandoned. */
async function carryOut(
  { clock, log, leaseMs }: WorkDeps,
  stopping: AbortSignal,
  handler: Handler,
  batch: Batch,
): Promise<void> {
  for (let now = batch; ; ) {
    try {
      return await handler.handle(now);
    } catch (error) {
      const where = { error, kind: batch.kind, lane: batch.lane.lane };
      if (error instanceof LaneLost)
        return log.warn(where, 'a batch is settled by the new owner of its lane');
      if (isPassing(error))
        log.warn(where, 'a batch lost the database; what had begun of it is taken up again');
      else log.error(where, 'a batch failed; it is settled as abandoned');
      await pause(clock, AFTER_ERROR_MS, stopping);
      // The lease may only seem to be over, because the database was away; a lane that is truly lost stays so.
      if (!batch.holds()) await pause(clock, leaseMs, stopping);
      if (!batch.holds() || stopping.aborted) return;
      // What had not begun is simply due again when the flight is over.
      await batch.steps.close();
      if (!now.abandoned)
        now = { ...batch, abandoned: true, items: batch.steps.begun(), noted: batch.steps.notes() };
    }
  }
}

function wantedBy(
  { handler, lane, stream, limit, after, passOver }: Claim,
  flightId: number,
  wholeUpTo: number,
  nowMs: number,
  busy: readonly WorkItem[],
): Parameters<typeof claimDue>[1] {
  const most = Math.min(wholeUpTo, limit);
  return { lane, flightId, kind: handler.kind, stream, nowMs, after, limit, passOver, busy, wholeUpTo: most };
}

/**
 * Work of a run may be called off meanwhile (`callOff` locks the lane): the claim begins to look only when it has the lane, so it does
 * not take what it saw before. Interactive work is never called off so, and needs no second statement.
 */
async function claimOfRun(sql: WorkDeps['sql'], wanted: Parameters<typeof claimDue>[1]): Promise<WorkItem[]> {
  return await sql.begin(async (tx) => {
    const [held, items] = await Promise.all([fenceLane(tx, wanted.lane), claimDue(tx, wanted)]);
    return held ? items : [];
  });
}

function placeOf(lane: OwnedLane, handler: Handler, stream: number): string {
  return `${lane.lane}:${handler.kind}:${stream}`;
}

/** What is in flight, by place. */
function createBusy() {
  const places = new Map<string, Set<WorkItem>>();
  return {
    at: (place: string): WorkItem[] => [...(places.get(place) ?? [])],
    /** Adds items; what it returns takes them out again. */
    add(place: string, items: readonly WorkItem[]): () => void {
      const set = places.get(place) ?? new Set();
      places.set(place, set);
      for (const item of items) set.add(item);
      return () => {
        for (const item of items) set.delete(item);
        if (!set.size) places.delete(place);
      };
    },
  };
}
