/**
 * Interactive work: goes to the lanes that rang, with one claim for all of them, while there is room. Never waits behind a bulk run, nor behind the
 * work of another workspace: each has a room of its own, and work of one whose room is full is passed over.
 */
import { pause } from '../../base/clock.ts';
import { bell } from '../../base/lifecycle.ts';
import { levelOf } from '../../db/patiently.ts';
import { createRooms } from './fair.ts';
import type { Handler, WorkerCore } from './core.ts';

const NOWHERE = { dueMs: 0, ownerId: 0 };
/** Pause after an error before the same thing is tried again. */
const AFTER_ERROR_MS = 250;
/** Lanes visited at a time, each with a claim of its own, where one statement cannot claim from many (Citus). */
const LANES_AT_ONCE = 8;

/** The pump of one kind's interactive work. */
export function createInteractive(core: WorkerCore, handler: Handler) {
  const ringing = new Set<number>();
  /** Lanes where work was passed over because its workspace's room was full. */
  const passedOver = new Set<number>();
  const woken = bell();
  const rooms = createRooms<number>(handler.inFlight);

  const left = (items: readonly { workspaceId: number }[]): void => {
    let roomy = false;
    for (const { workspaceId } of items) roomy = rooms.leave(workspaceId, 1) || roomy;
    if (!roomy) return;
    for (const lane of passedOver) ringing.add(lane);
    passedOver.clear();
    woken.ring();
  };

  const taken = (items: readonly { workspaceId: number }[]): void => {
    if (items.length) core.giveWay.came();
    for (const { workspaceId } of items) rooms.take(workspaceId, 1);
  };

  /** Claims from those of some lanes that are held. */
  const visit = async (numbers: readonly number[]): Promise<void> => {
    const lanes = core.lanes().filter((lane) => numbers.includes(lane.lane) && core.holds(lane));
    if (!lanes.length) return;
    const limit = handler.batchSize;
    const passOver = rooms.full();
    // Before the claim: room that is given back meanwhile rings these lanes again.
    if (passOver.length) for (const { lane } of lanes) passedOver.add(lane);
    if (!core.sql.placement.distributed) {
      const claimed = await core.claimOfLanes({ handler, lanes, stream: 0, limit, passOver, taken, left });
      for (const [lane, { items }] of claimed) if (items.length === limit) ringing.add(lane);
      return;
    }
    const claims = lanes.map(async (lane) => {
      const claim = { handler, lane, stream: 0, limit, after: NOWHERE, passOver, taken, left };
      const { items } = await core.claim(claim);
      if (items.length === limit) ringing.add(lane.lane);
    });
    const failed = (await Promise.allSettled(claims)).find((claim) => claim.status === 'rejected');
    if (failed) throw failed.reason;
  };

  return {
    ring(lane: number) {
      ringing.add(lane);
      woken.ring();
    },
    wake: () => woken.ring(),
    async run() {
      while (!core.stopping.aborted) {
        if (!ringing.size) {
          await woken.wait();
          continue;
        }
        const lanes = [...ringing].slice(0, core.sql.placement.distributed ? LANES_AT_ONCE : undefined);
        for (const lane of lanes) ringing.delete(lane);
        try {
          await visit(lanes);
        } catch (error) {
          core.log[levelOf(error)]({ error }, 'claiming failed; trying again');
          for (const lane of lanes) ringing.add(lane);
          await pause(core.clock, AFTER_ERROR_MS, core.stopping);
        }
      }
    },
  };
}
