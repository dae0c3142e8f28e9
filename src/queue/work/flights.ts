/**
 * Batches in flight in this process: claimed, handed to their handler, and remembered until they are settled, so that no claim
 * takes what is in flight already.
 */
import { pause } from '../../base/clock.ts';
import { isPassing } from '../../db/errors.ts';
import { levelOf } from '../../db/patiently.ts';
import { createBusy, createClaims, placeOf, type Flight } from './claims.ts';
import { createLostClaims } from './lostClaims.ts';
import { LaneLost } from './settle.ts';
import { isRun } from './stream.ts';
import type { Batch, WorkItem } from './work.ts';
import { createSteps, stepsTogether } from './steps.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import type { Claim, Handler, Wake, WorkDeps } from './core.ts';

/** What the flights need of the rest of the worker. */
type Around = {
  stopping: AbortSignal;
  holds(lane: OwnedLane): boolean;
  wakeAt(wake: Wake, dueMs: number): void;
  /** Nothing is under way in a lane any more. */
  landed?(): void;
};

/** Flights of this process. */
export type Flights = ReturnType<typeof createFlights>;

/** Pause after an error before a batch is handled again. */
const AFTER_ERROR_MS = 1_000;

/** No flights yet. */
export function createFlights(deps: WorkDeps, around: Around) {
  const { sql, clock } = deps;
  const running = new Set<Promise<void>>();
  const busy = createBusy();
  const together = stepsTogether(deps);
  const lost = createLostClaims(deps);
  const underWay = createUnderWay(() => around.landed?.());

  const run = (handler: Handler, flight: Flight, left: Claim['left'] = () => {}): Promise<void> => {
    const { lane, stream, items } = flight;
    const free = busy.add(placeOf(lane, handler, stream), items);
    const over = underWay.begin([lane]);
    const wake: Wake =
      stream === 0 ? { lane: lane.lane, what: handler.kind } : { lane: lane.lane, what: 'bulk', stream };
    const inside = new Set(items);
    const settled = (some: readonly WorkItem[]) => {
      const leaving = some.filter((item) => inside.delete(item));
      if (leaving.length) left(leaving);
    };
    let firstAgainMs = Infinity;
    const isLeft = () => (firstAgainMs = Math.min(firstAgainMs, clock.nowMs()));
    const write = isRun(stream) ? undefined : together(stream === 0 ? 'single' : 'apart');
    const batch: Batch = {
      ...flight,
      kind: handler.kind,
      steps: createSteps(sql, flight, write),
      holds: () => around.holds(lane),
      wakeAt(dueMs) {
        firstAgainMs = Math.min(firstAgainMs, dueMs);
        around.wakeAt(wake, dueMs);
      },
      settled,
    };
    return track(
      carryOut(deps, around.stopping, handler, batch, isLeft).finally(() => {
        free();
        over();
        settled(items);
        // A look before the flight had landed passed over what was put off until then, or is due as it was.
        if (firstAgainMs <= clock.nowMs()) around.wakeAt(wake, firstAgainMs);
      }),
    );
  };

  const track = (work: Promise<void>): Promise<void> => {
    running.add(work);
    return work.finally(() => running.delete(work));
  };

  /** Takes back what lost claims have left; to be called now and then. */
  const takeBack = (): Promise<void> =>
    lost.takeBack().catch((error: unknown) => toldOf(deps, error, 'lost claims were not taken back'));

  return {
    run,
    track,
    ...counted(createClaims({ ...deps, lost }, busy, run), underWay),
    /** Something is claimed from a lane, or is being claimed, that is not settled yet. */
    isUnderWay: underWay.isIn,
    takeBack,
    /** Waits until nothing is in flight, and nothing is left that nobody carries out. */
    async landed(): Promise<void> {
      while (running.size) await Promise.allSettled(running);
      await takeBack();
    },
  };
}

function toldOf({ log }: Pick<WorkDeps, 'log'>, error: unknown, what: string): void {
  log[levelOf(error)]({ error }, `${what}; trying again`);
}

/** The ways to claim, each under way from when it is asked for: what comes of it may be answered late. */
function counted(
  claims: ReturnType<typeof createClaims>,
  underWay: ReturnType<typeof createUnderWay>,
): ReturnType<typeof createClaims> {
  return {
    claim: (claim) => claims.claim(claim).finally(underWay.begin([claim.lane])),
    claimOfLanes: (claim) => claims.claimOfLanes(claim).finally(underWay.begin(claim.lanes)),
  };
}

/** What is under way, by lane; `landed` is called when nothing is in one any more. */
function createUnderWay(landed: () => void) {
  const counts = new Map<number, number>();
  return {
    isIn: (lane: number) => counts.has(lane),
    /** What it returns ends it. */
    begin(lanes: readonly OwnedLane[]): () => void {
      for (const { lane } of lanes) counts.set(lane, (counts.get(lane) ?? 0) + 1);
      return () => {
        for (const { lane } of lanes) {
          const left = counts.get(lane)! - 1;
          if (left) counts.set(lane, left);
          else counts.delete(lane);
        }
        if (lanes.some(({ lane }) => !counts.has(lane))) landed();
      };
    },
  };
}

/**
 * A handler that throws has a bug, or lost the database. Whether its batch was done is then unclear: it is handled as abandoned, and `isLeft` told
 * that something of it may be due as it was.
 */
async function carryOut(
  { clock, log, leaseMs }: WorkDeps,
  stopping: AbortSignal,
  handler: Handler,
  batch: Batch,
  isLeft: () => void,
): Promise<void> {
  for (let now = batch; ; ) {
    try {
      return await handler.handle(now);
    } catch (error) {
      isLeft();
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
