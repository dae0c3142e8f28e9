/**
 * Bulk runs: one pump per stream that flows. A pump goes round the owned lanes, claims a full batch from each, and keeps up
 * to `inFlight` items going over all streams of its kind. It remembers where it is in each lane, so that rows in flight or
 * just deleted are not read again; at the end of a lane it starts over, for what was put off or put in meanwhile.
 */
import { pause, type Clock } from '../../base/clock.ts';
import { bell } from '../../base/lifecycle.ts';
import { isPassing } from '../../db/pool.ts';
import { selectStreams, type OwnedLane, type Stream } from './sql.ts';
import type { Handler, WorkerCore } from '../worker.ts';

const NOWHERE = { dueMs: 0, ownerId: 0 };
/** A lane that had nothing for a stream is asked again after this long, or when it rings. */
const EMPTY_PAUSE_MS = 500;

/** The pumps of all streams. */
export function createBulk(core: WorkerCore, handlers: readonly Handler[]) {
  const pumps = new Map<number, Pump>();
  const rooms = new Map(handlers.map((handler) => [handler.kind, createRoom(handler.inFlight)]));
  return {
    /** A lane was given a share of some run. */
    ring(lane: number) {
      for (const pump of pumps.values()) pump.ring(lane);
    },
    /** Reads which streams there are; starts, pauses and ends pumps. */
    async look() {
      const streams = await selectStreams(core.sql);
      for (const stream of streams) {
        const handler = handlers.find(({ kind }) => kind === stream.kind);
        const pump = pumps.get(stream.stream);
        if (pump) pump.update(stream);
        else if (handler)
          pumps.set(stream.stream, startPump(core, handler, stream, rooms.get(handler.kind)!));
      }
      for (const [id, pump] of pumps) {
        if (streams.some(({ stream }) => stream === id)) continue;
        pump.update({ stream: id, kind: 0, workspaceId: 0, flowing: false, ratePerS: null });
        pumps.delete(id);
      }
    },
    async stop() {
      for (const pump of pumps.values()) pump.ring();
      await Promise.allSettled([...pumps.values()].map(({ done }) => done));
    },
  };
}

/** Room for items in flight. `enter` waits until there is some; a batch may overshoot, so that it is never cut small. */
function createRoom(most: number) {
  let inside = 0;
  const waiting: (() => void)[] = [];
  return {
    async enter(items: number): Promise<void> {
      while (inside >= most) await new Promise<void>((resolve) => waiting.push(resolve));
      inside += items;
    },
    leave(items: number): void {
      inside -= items;
      waiting.shift()?.();
    },
  };
}

type Pump = { update(stream: Stream): void; ring(lane?: number): void; done: Promise<void> };

function startPump(
  core: WorkerCore,
  handler: Handler,
  first: Stream,
  room: ReturnType<typeof createRoom>,
): Pump {
  let stream = first;
  let ended = false;
  const woken = bell();
  const cursors = new Map<number, { dueMs: number; ownerId: number }>();
  const emptySince = new Map<number, number>();
  const pace = createPace(core.clock);

  /** One claim from one lane; true when there was something. */
  const visit = async (lane: OwnedLane): Promise<boolean> => {
    const limit = pace.allows(handler.batchSize);
    if (limit === 0) return false;
    await room.enter(limit);
    const after = cursors.get(lane.lane) ?? NOWHERE;
    const { items, ran } = await core
      .claim({ handler, lane, stream: stream.stream, limit, after })
      .catch((error: unknown) => {
        room.leave(limit);
        throw error;
      });
    pace.took(items.length);
    void ran.finally(() => room.leave(limit));
    if (items.length === limit) cursors.set(lane.lane, items.at(-1)!);
    else {
      cursors.delete(lane.lane);
      emptySince.set(lane.lane, core.clock.monotonicMs());
    }
    return items.length > 0;
  };

  const round = async (): Promise<boolean> => {
    let found = false;
    for (const lane of core.lanes()) {
      if (!stream.flowing || core.stopping.aborted) return false;
      const emptyForMs = core.clock.monotonicMs() - (emptySince.get(lane.lane) ?? -Infinity);
      if (!core.holds(lane) || emptyForMs < EMPTY_PAUSE_MS) continue;
      found = (await visit(lane)) || found;
    }
    return found;
  };

  const run = async () => {
    while (!ended && !core.stopping.aborted) {
      pace.set(stream.ratePerS, core.lanes().length);
      try {
        if (stream.flowing && (await round())) continue;
      } catch (error) {
        core.log[isPassing(error) ? 'debug' : 'error'](
          { error, stream: stream.stream },
          'a bulk claim failed; trying again',
        );
      }
      await Promise.race([woken.wait(), pause(core.clock, pace.waitMs() ?? EMPTY_PAUSE_MS, core.stopping)]);
    }
  };

  return {
    update(next: Stream) {
      ended = next.kind === 0;
      if (!next.flowing !== !stream.flowing || next.ratePerS !== stream.ratePerS) woken.ring();
      stream = next;
    },
    ring(lane) {
      if (lane !== undefined) emptySince.delete(lane);
      woken.ring();
    },
    done: run(),
  };
}

/** A token bucket for a run's own rate; a worker's part of it is the part of the lanes it owns. */
function createPace(clock: Clock) {
  const LANES = 32;
  let ratePerS: number | undefined;
  let tokens = 0;
  let filledAt = clock.monotonicMs();
  const fill = () => {
    const now = clock.monotonicMs();
    if (ratePerS !== undefined)
      tokens = Math.min(Math.max(1, ratePerS / 4), tokens + ((now - filledAt) / 1000) * ratePerS);
    filledAt = now;
  };
  return {
    set(rate: number | null, lanes: number) {
      fill();
      ratePerS = rate === null ? undefined : (rate * lanes) / LANES;
    },
    allows(most: number): number {
      fill();
      return ratePerS === undefined ? most : Math.min(most, Math.floor(tokens));
    },
    took(n: number) {
      tokens -= n;
    },
    /** How long until one more may go; undefined without a rate. */
    waitMs(): number | undefined {
      if (ratePerS === undefined || tokens >= 1) return undefined;
      return Math.max(5, ((1 - tokens) / ratePerS) * 1000);
    },
  };
}
