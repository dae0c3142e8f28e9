/**
 * Turns: work of a room that is taken lane by lane, in an order of the room's own, by the lane's owner alone. Where due work is claimed
 * row by row and may overlap, a turn is one after the other, so whoever takes them is the only writer of what the lane's contacts have
 * in that room. A turn is one transaction under the lane's fence and calls nobody; one that dies is taken again.
 */
import type { OwnedLane } from './lanes/lane.ts';
import type { WorkerCore } from './work/core.ts';
import { createPump } from './work/pump.ts';

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

/** Turns that are taken alone after one that failed: as many as there may have been things in it. */
const ALONE = 1_000;

/** Takes the turns of this worker's lanes. */
export function createTurnPump(core: WorkerCore, takers: readonly TurnTaker[]) {
  const pump = createPump(core, {
    what: 'turns',
    aloneFor: ALONE,
    together: 1,
    async take(lanes, alone) {
      const [lane] = lanes;
      let more = false;
      for (const taker of takers) more = (await taker.take(lane!, alone)) || more;
      return more ? lanes : [];
    },
  });
  return {
    ...pump,
    ring(lane: number) {
      if (takers.length) pump.ring(lane);
    },
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
  };
}
