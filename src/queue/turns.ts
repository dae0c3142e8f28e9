/**
 * Turns: work of a room that is taken lane by lane, in an order of the room's own, by the lane's owner alone. Where due work is claimed
 * row by row and may overlap, a turn is one after the other, so whoever takes them is the only writer of what the lane's contacts have
 * in that room. A turn is one transaction under the lanes' fences and calls nobody; one that dies is taken again. Lanes that rang together
 * go in one turn, since what is fixed about a turn costs more than what is mostly in it: some twenty statements.
 */
import type { OwnedLane } from './lanes/lane.ts';
import type { WorkerCore } from './work/core.ts';
import { createPump } from './work/pump.ts';

/** Who takes turns in a lane. */
export type TurnTaker = {
  name: string;
  /**
   * Takes one turn, behind the lanes' fences; those that are another's are left out (`LaneLost` where it is the only one). Returns the lanes
   * that may have more. `alone` after a turn that failed: takes only what is first in the one lane given, and sets it aside when that is what
   * fails, so that it keeps nobody else waiting.
   */
  take(lanes: readonly OwnedLane[], alone: boolean): Promise<readonly OwnedLane[]>;
  /** Lanes in which there is something to take, for what no wake told of; and when the next falls due, by our clock. */
  look(nowMs: number): Promise<{ lanes: readonly number[]; nextMs?: number | undefined }>;
};

/** Turns that are taken alone after one that failed: as many as there may have been things in it. */
const ALONE = 1_000;
/** Lanes in one turn, at most. */
const LANES_A_TIME = 16;

/** Takes the turns of this worker's lanes. */
export function createTurnPump(core: WorkerCore, takers: readonly TurnTaker[]) {
  const pump = createPump(core, {
    what: 'turns',
    aloneFor: ALONE,
    // Lanes of several shards in one transaction are dearer on Citus than one each.
    together: core.sql.placement.distributed ? 1 : LANES_A_TIME,
    async take(lanes, alone) {
      const more = new Set<OwnedLane>();
      for (const taker of takers) for (const lane of await taker.take(lanes, alone)) more.add(lane);
      return lanes.filter((lane) => more.has(lane));
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
