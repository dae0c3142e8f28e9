/**
 * Turns: work of a room that is taken lane by lane, in an order of the room's own, by the lane's owner alone. Where due work is claimed
 * row by row and may overlap, a turn is one after the other, so whoever takes them is the only writer of what the lane's contacts have
 * in that room. A turn is one transaction under the lane's fence and calls nobody; one that dies is taken again.
 */
import { pause } from '../base/clock.ts';
import { bell } from '../base/lifecycle.ts';
import { isPassing } from '../db/errors.ts';
import type { OwnedLane } from './lanes/lane.ts';
import type { WorkerCore } from './work/core.ts';
import { LaneLost } from './work/settle.ts';

/** Who takes turns in a lane. */
export type TurnTaker = {
  name: string;
  /**
   * Takes one turn, behind the lane's fence (`fenceLane`; `LaneLost` when it is another's). True when there is more to take. `alone` after
   * a turn that failed: takes only what is first, and sets it aside when that is what fails, so that it keeps nobody else waiting.
   */
  take(lane: OwnedLane, alone: boolean): Promise<boolean>;
  /** Lanes in which there is something to take, for what no wake told of; and when the next falls due, by our clock. */
  look(nowMs: number): Promise<{ lanes: readonly number[]; nextMs?: number | undefined }>;
};

const LANES_AT_ONCE = 4;
const AFTER_ERROR_MS = 250;
/** Turns that are taken alone after one that failed: as many as there may have been things in it. */
const ALONE = 1_000;

/** Takes the turns of this worker's lanes. */
export function createTurnPump(core: WorkerCore, takers: readonly TurnTaker[]) {
  const ringing = new Set<number>();
  const active = new Set<number>();
  const woken = bell();

  const drain = async (lane: OwnedLane): Promise<void> => {
    let more = true;
    let alone = 0;
    while (more && !core.stopping.aborted && core.holds(lane)) {
      try {
        more = false;
        for (const taker of takers) more = (await taker.take(lane, alone > 0)) || more;
        alone = more && alone > 0 ? alone - 1 : 0;
      } catch (error) {
        if (error instanceof LaneLost) return;
        more = true;
        if (!isPassing(error) && alone === 0) {
          core.log.warn({ error, lane: lane.lane }, 'a turn failed; what is in it is taken one by one');
          alone = ALONE;
          continue;
        }
        core.log[isPassing(error) ? 'debug' : 'error']({ error }, 'a turn failed; taking it again');
        await pause(core.clock, AFTER_ERROR_MS, core.stopping);
      }
    }
  };

  const take = (laneNumber: number): void => {
    ringing.delete(laneNumber);
    const lane = core.lanes().find((one) => one.lane === laneNumber);
    if (!lane) return;
    active.add(laneNumber);
    void drain(lane)
      .catch((error: unknown) => core.log.error({ error }, 'the turns of a lane were not taken'))
      .finally(() => {
        active.delete(laneNumber);
        woken.ring();
      });
  };

  return {
    ring(lane: number) {
      if (!takers.length) return;
      ringing.add(lane);
      woken.ring();
    },
    wake: () => woken.ring(),
    /** Rings lanes that have something to take; resolves with when the next falls due, if that is known. */
    async look(nowMs: number, ring: (lane: number) => void): Promise<number | undefined> {
      let nextMs: number | undefined;
      for (const taker of takers) {
        const seen = await taker.look(nowMs);
        for (const lane of seen.lanes) ring(lane);
        if (seen.nextMs !== undefined) nextMs = Math.min(nextMs ?? Infinity, seen.nextMs);
      }
      return nextMs;
    },
    async run(): Promise<void> {
      while (!core.stopping.aborted) {
        const next = [...ringing].find((lane) => !active.has(lane));
        if (next === undefined || active.size >= LANES_AT_ONCE) await woken.wait();
        else take(next);
      }
    },
  };
}
