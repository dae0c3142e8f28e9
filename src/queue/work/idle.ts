/** Lanes of which a stream has nothing: they are asked no more until something rings, falls due or has landed. */
import type { Clock } from '../../base/clock.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import type { WorkerCore } from './core.ts';
import { selectNextOfStream } from './sql.ts';
import type { Stream } from './work.ts';

/** A wake is only a hint. One that was lost is made up for by asking all lanes this often. */
export const ASK_ANYWAY_MS = 60_000;
/** A lane of which something is under way is asked what else it has after that at the latest. */
const AWAY_MS = 1_000;

/** What is known of a lane that had nothing more: since when, and when the next of it falls due, once somebody has asked. */
type Idle = { lane: OwnedLane; afterMs: number; isAsked: boolean; dueMs?: number | undefined };

/** What is known of the lanes of one stream; see createIdleLanes. */
export type IdleLanes = ReturnType<typeof createIdleLanes>;

/** Lanes that had nothing more of a stream when they were asked, and when each of them will have. Of those given nothing at all is there. */
export function createIdleLanes(
  core: WorkerCore,
  { kind, stream }: Pick<Stream, 'kind' | 'stream'>,
  empty: readonly OwnedLane[],
) {
  const idle = knownEmpty(core, empty);
  const away = createAway(core.clock);
  // Not all at one time: there may be a thousand.
  let askedAllMs = core.clock.monotonicMs() - (empty.length ? 0 : Math.abs(stream) % ASK_ANYWAY_MS);
  let rings = 0;

  /** Asks when the next of some lanes is due; of all there is, `anyway`, and not only of what is due later. */
  const ask = async (lanes: readonly Idle[], anyway: boolean): Promise<void> => {
    const asked = lanes.map(({ lane, afterMs }) => ({ ...lane, afterMs: anyway ? -1 : afterMs }));
    // Before it is asked: what lands meanwhile is asked of again.
    for (const one of lanes) Object.assign(one, { isAsked: true, dueMs: undefined });
    try {
      for (const { lane, dueMs } of await selectNextOfStream(core.sql, asked, kind, stream)) {
        const one = idle.get(lane);
        // No wake told of it; or it is in flight, as the claim will find.
        if (anyway && dueMs <= core.clock.nowMs()) idle.delete(lane);
        else if (one) one.dueMs = dueMs;
      }
    } catch (error) {
      for (const one of lanes) one.isAsked = false;
      throw error;
    }
  };

  return {
    /** To be called before lanes are asked: what rings meanwhile may tell of what the answer does not have yet. */
    asking(nowMs: number) {
      const before = rings;
      return {
        foundNoMore(lane: OwnedLane) {
          if (rings === before) idle.set(lane.lane, { lane, afterMs: nowMs, isAsked: false });
        },
      };
    },
    /** Something of a lane is under way until `ran`: what is put off by then falls due at a time that nobody knows yet. */
    away({ lane }: OwnedLane, ran: Promise<void>, landed: () => void): void {
      away.began(lane);
      void ran.finally(() => {
        away.landed(lane);
        const one = idle.get(lane);
        if (one) one.isAsked = false;
        landed();
      });
    },
    forget(lane: number): void {
      rings++;
      idle.delete(lane);
    },
    has({ lane, epoch }: OwnedLane): boolean {
      const one = idle.get(lane);
      return one?.lane.epoch === epoch && (one.dueMs ?? Infinity) > core.clock.nowMs();
    },
    /** The lanes, when it is known of each that nothing is in it, due or later, nor under way; undefined while it is not. */
    allEmpty(): readonly OwnedLane[] | undefined {
      const lanes = core.lanes();
      const isEmpty = (lane: OwnedLane) => isAskedInVain(lane, idle.get(lane.lane));
      return lanes.length && !away.any() && lanes.every(isEmpty) ? lanes : undefined;
    },
    /**
     * How long no lane will have anything; undefined while one of them was not claimed from. Asked is of those alone of which it is not
     * known: whatever is put in rings its lane. A lane of which something is under way is asked when that has landed, mostly at once.
     */
    async nothingForMs(): Promise<number | undefined> {
      const lanes = core.lanes();
      if (!lanes.length || !lanes.every((lane) => this.has(lane))) return undefined;
      const all = lanes.map(({ lane }) => idle.get(lane)!);
      const anyway = core.clock.monotonicMs() > askedAllMs + ASK_ANYWAY_MS;
      if (anyway) askedAllMs = core.clock.monotonicMs();
      const unknown = all.filter((one) => anyway || (!one.isAsked && away.forMs(one.lane.lane) <= 0));
      if (unknown.length) await ask(unknown, anyway);
      // One of them has something by now.
      if (!lanes.every((lane) => this.has(lane))) return 0;
      const waits = lanes.map(({ lane }) => waitMsOf(idle.get(lane)!, core.clock, away));
      // Up to when all are asked anyway: a wait of its own from here might end just before that, and be followed by another.
      const askAllMs = askedAllMs + ASK_ANYWAY_MS + 1 - core.clock.monotonicMs();
      return Math.max(0, Math.min(askAllMs, ...waits));
    },
  };
}

function knownEmpty({ clock }: WorkerCore, empty: readonly OwnedLane[]): Map<number, Idle> {
  const afterMs = clock.nowMs();
  return new Map(empty.map((lane) => [lane.lane, { lane, afterMs, isAsked: true }]));
}

function waitMsOf({ lane, dueMs = Infinity, isAsked }: Idle, clock: Clock, away: Away): number {
  return Math.min(dueMs - clock.nowMs() + 1, isAsked ? Infinity : away.forMs(lane.lane));
}

function isAskedInVain({ epoch }: OwnedLane, one: Idle | undefined): boolean {
  return one?.lane.epoch === epoch && one.isAsked && one.dueMs === undefined;
}

type Away = ReturnType<typeof createAway>;

/** Lanes of which something is under way, and how long each is not asked for it: for a second at most, since a provider may hang. */
function createAway(clock: Clock) {
  const under = new Map<number, { flights: number; beganMs: number }>();
  return {
    began(lane: number): void {
      under.set(lane, { flights: (under.get(lane)?.flights ?? 0) + 1, beganMs: clock.monotonicMs() });
    },
    landed(lane: number): void {
      const one = under.get(lane);
      if (one && --one.flights === 0) under.delete(lane);
    },
    any: (): boolean => under.size > 0,
    forMs(lane: number): number {
      const one = under.get(lane);
      return one ? one.beganMs + AWAY_MS - clock.monotonicMs() : 0;
    },
  };
}
