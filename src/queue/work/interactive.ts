/** Interactive work: goes to the lanes that rang, one claim each, while there is room. Never waits behind a bulk run. */
import { pause } from '../../base/clock.ts';
import { bell } from '../../base/lifecycle.ts';
import type { Handler, WorkerCore } from '../worker.ts';

const NOWHERE = { dueMs: 0, ownerId: 0 };
/** Pause after an error before the same thing is tried again. */
const AFTER_ERROR_MS = 250;
/** Lanes visited at a time: a claim is one round trip, and most hold only a row or two. */
const LANES_AT_ONCE = 8;

/** The pump of one kind's interactive work. */
export function createInteractive(core: WorkerCore, handler: Handler) {
  const ringing = new Set<number>();
  const woken = bell();
  let inFlight = 0;

  const visit = async (laneNumber: number): Promise<void> => {
    const lane = core.lanes().find((l) => l.lane === laneNumber);
    if (!lane || !core.holds(lane)) return;
    const { items, ran } = await core.claim({
      handler,
      lane,
      stream: 0,
      limit: handler.batchSize,
      after: NOWHERE,
    });
    if (!items.length) return;
    inFlight += items.length;
    void ran.finally(() => {
      inFlight -= items.length;
      woken.ring();
    });
    if (items.length === handler.batchSize) ringing.add(laneNumber);
  };

  return {
    ring(lane: number) {
      ringing.add(lane);
      woken.ring();
    },
    wake: () => woken.ring(),
    async run() {
      while (!core.stopping.aborted) {
        if (!ringing.size || inFlight >= handler.inFlight) {
          await woken.wait();
          continue;
        }
        const lanes = [...ringing].slice(0, LANES_AT_ONCE);
        for (const lane of lanes) ringing.delete(lane);
        const results = await Promise.allSettled(lanes.map(visit));
        const failed = results.find((result) => result.status === 'rejected');
        if (!failed) continue;
        core.log.warn({ error: failed.reason }, 'claiming failed; trying again');
        for (const lane of lanes) ringing.add(lane);
        await pause(core.clock, AFTER_ERROR_MS, core.stopping);
      }
    },
  };
}
