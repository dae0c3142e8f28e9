/**
 * The lanes of this worker that are ready. A lane is claimed from only when what its former owner left in flight is settled: else
 * a row could be sent twice.
 */
import { pause } from '../../base/clock.ts';
import { levelOf } from '../../db/patiently.ts';
import type { Flights } from './flights.ts';
import { createLeases } from '../lanes/leases.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import type { WorkDeps } from './core.ts';
import { leftBehind } from './steps.ts';

const AFTER_ERROR_MS = 250;

/** Owns nothing yet. `opened` is called with every lane that has become ready. */
export function createOwnership(
  deps: WorkDeps & { total: () => number },
  stopping: AbortSignal,
  flights: () => Flights,
  opened: (lane: number) => void,
) {
  const { sql, clock, log, handlers } = deps;
  /** Under which epoch lanes were made ready: one that was lost and came back is another lease, and not ready by what it was. */
  const ready = new Map<number, number>();
  let leases: ReturnType<typeof createLeases> | undefined;

  const holds = (lane: OwnedLane) => leases?.holds(lane) ?? false;
  const isReady = ({ lane, epoch }: OwnedLane) => ready.get(lane) === epoch;

  const settleAbandoned = async (lane: OwnedLane): Promise<void> => {
    for (const { flightId, kind, atMs, items, notes } of await leftBehind(sql, lane)) {
      const handler = handlers.find((one) => one.kind === kind);
      if (!handler) continue;
      log.warn({ lane: lane.lane, kind, items: items.length }, 'settling what a former owner left in flight');
      const left = { lane, flightId, stream: items[0]?.stream ?? 0, items, whole: true };
      await flights().run(handler, { ...left, claimedMs: atMs, abandoned: true, noted: notes });
    }
  };

  const makeReady = async (lane: OwnedLane): Promise<void> => {
    while (holds(lane) && !stopping.aborted) {
      try {
        await settleAbandoned(lane);
        ready.set(lane.lane, lane.epoch);
        opened(lane.lane);
        return;
      } catch (error) {
        log[levelOf(error)](
          { error, lane: lane.lane },
          'could not settle what was left in flight; trying again',
        );
        await pause(clock, AFTER_ERROR_MS, stopping);
      }
    }
  };

  return {
    holds,
    owns: (lane: number) => leases?.held().has(lane) ?? false,
    isReady(lane: number): boolean {
      const one = leases?.held().get(lane);
      return one !== undefined && isReady(one);
    },
    /** Lanes that may be claimed from. */
    lanes: () => [...(leases?.held().values() ?? [])].filter(isReady),
    count: () => leases?.held().size ?? 0,
    /** Takes the first lanes and waits until they are ready. */
    async start(): Promise<void> {
      leases = createLeases({ ...deps, total: deps.total(), isBusy: (lane) => flights().isUnderWay(lane) });
      await Promise.all(await this.round());
    },
    /** Renews, gives back and takes. What it resolves with goes on settling in what was taken. */
    async round(): Promise<Promise<void>[]> {
      const { gained } = await leases!.round();
      return gained.map((lane) => flights().track(makeReady(lane)));
    },
    /** Nothing is under way in some lane any more: it may be one that is to be given back. */
    async landed(): Promise<void> {
      await leases
        ?.giveBack()
        .catch((error: unknown) => log[levelOf(error)]({ error }, 'lanes were not given back; trying again'));
    },
    async release(): Promise<void> {
      await leases
        ?.release()
        .catch((error: unknown) => log.warn({ error }, 'leases were not given back; they will run out'));
      leases = undefined;
    },
  };
}
