/**
 * Bulk runs, and what senders have set apart: one pump per stream that flows. A pump goes round the owned lanes, claims a full batch from each, and keeps as much
 * going as the room of its key holds (fair.ts). It remembers where it is in each lane, so that rows in flight or just deleted are
 * not read again; at the end of a lane it starts over, for what was put off or put in meanwhile.
 *
 * A run of which nothing is due costs nothing: its pump asks once when the next of it will be, and sleeps till then.
 */
import { pause, type Clock } from '../../base/clock.ts';
import { bell } from '../../base/lifecycle.ts';
import { levelOf } from '../../db/patiently.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import { createRooms, type Rooms } from './fair.ts';
import { selectNextOfStream, selectStreams } from './sql.ts';
import { isRun } from './stream.ts';
import type { Stream } from './work.ts';
import type { ClaimOfLanes, Flown, Handler, WorkerCore } from './core.ts';

const NOWHERE = { dueMs: 0, ownerId: 0 };
const NOTHING: Flown = { items: [], ran: Promise.resolve() };
/** Lanes in one claim, at most. */
const LANES_A_TIME = 16;
/** Of a stream that is closed. */
const NO_KIND = 0;
/** Pause of a pump that cannot go on for another reason than that nothing is due. */
const PAUSE_MS = 500;
/** A wake is only a hint. One that was lost is made up for by asking all lanes this often. */
const ASK_ANYWAY_MS = 60_000;
/** A lane of which something is under way is asked what else it has after that at the latest. */
const AWAY_MS = 1_000;
/**
 * So long after a round of what is no run began the next one does, with all that rang meanwhile (as in pump.ts): a claim with what follows it
 * is some fourteen statements, whether for one message or for ten. What rings after a rest goes at once.
 */
const APART_MS = 25;

/** The pumps of all streams. */
export function createBulk(core: WorkerCore, handlers: readonly Handler[]) {
  const pumps = new Map<number, Pump>();
  const rooms = new Map(
    handlers.map(({ kind, inFlight }) => [kind, createRooms<string>(inFlight, () => core.giveWay.part())]),
  );
  return {
    /** A lane was given a share of a stream, or of some; false when that one is not known. */
    ring(lane: number, stream?: number): boolean {
      if (stream !== undefined) {
        pumps.get(stream)?.ring(lane);
        return pumps.has(stream);
      }
      for (const pump of pumps.values()) pump.ring(lane);
      return true;
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
        pump.update({ stream: id, kind: NO_KIND, workspaceId: 0, flowing: false, ratePerS: null });
        pumps.delete(id);
      }
    },
    async stop() {
      for (const pump of pumps.values()) pump.ring();
      await Promise.allSettled([...pumps.values()].map(({ done }) => done));
    },
  };
}

type Pump = { update(stream: Stream): void; ring(lane?: number): void; done: Promise<void> };

function startPump(core: WorkerCore, handler: Handler, first: Stream, rooms: Rooms<string>): Pump {
  let stream = first;
  let key: string | undefined;
  const woken = bell();
  const cursors = new Map<number, { dueMs: number; ownerId: number }>();
  const idle = createIdleLanes(core, handler.kind, first.stream);
  const pace = createPace(core.clock);
  const apart = createApart(core, first.stream);
  const goesOn = () => stream.flowing && !core.stopping.aborted;

  /** One claim, from one lane or of what several have; true when there was something. */
  const visit = async (lanes: readonly OwnedLane[]): Promise<boolean> => {
    const allowed = pace.allows(Math.ceil(handler.batchSize * core.giveWay.part()));
    if (allowed === 0) return false;
    const each = Math.max(1, Math.floor(allowed / lanes.length));
    const charged = (key ??= String((await handler.roomOf?.(stream)) ?? stream.workspaceId));
    await rooms.enter(charged, each * lanes.length);
    const asking = idle.asking(core.clock.nowMs());
    let found = 0;
    try {
      if (!goesOn()) return false;
      const after = cursors.get(lanes[0]!.lane) ?? NOWHERE;
      const left = (items: readonly unknown[]) => void rooms.leave(charged, items.length);
      const which = { handler, stream: stream.stream, limit: each, passOver: [], left };
      for (const [one, { items, ran }] of await claimOf(core, which, lanes, after)) {
        found += items.length;
        if (items.length) idle.away(one, ran, () => woken.ring());
        if (items.length === each) cursors.set(one.lane, items.at(-1)!);
        else cursors.delete(one.lane);
        // What was put off meanwhile may be due before the place where this pass was.
        if (items.length < each && after === NOWHERE) asking.foundNoMore(one);
      }
      pace.took(found);
      return found > 0;
    } finally {
      rooms.leave(charged, each * lanes.length - found);
    }
  };

  const round = async (): Promise<boolean> => {
    let found = false;
    const lanes = core.lanes().filter((lane) => core.holds(lane) && !idle.has(lane));
    for (const group of visitedTogether(core, stream, lanes, cursors)) {
      const held = group.filter(core.holds);
      if (goesOn() && held.length) found = (await visit(held)) || found;
    }
    return found && goesOn();
  };

  const run = async () => {
    while (stream.kind !== NO_KIND && !core.stopping.aborted) {
      await apart();
      pace.set(stream.ratePerS, core.lanes().length);
      // One that does not flow is rung when it does.
      let waitMs = stream.flowing ? (pace.waitMs() ?? PAUSE_MS) : ASK_ANYWAY_MS;
      try {
        if (stream.flowing && (await round())) continue;
        if (stream.flowing) waitMs = (await idle.nothingForMs()) ?? waitMs;
      } catch (error) {
        core.log[levelOf(error)]({ error, stream: stream.stream }, 'a bulk claim failed; trying again');
      }
      await woken.wait({ clock: core.clock, ms: waitMs });
    }
  };

  return {
    update(next: Stream) {
      if (!next.flowing !== !stream.flowing || next.ratePerS !== stream.ratePerS) woken.ring();
      stream = next;
    },
    ring(lane) {
      if (lane !== undefined) idle.forget(lane);
      woken.ring();
    },
    done: run(),
  };
}

/** What is claimed of each of some lanes; of one alone, what is after a place. */
async function claimOf(
  core: WorkerCore,
  which: Omit<ClaimOfLanes, 'lanes'>,
  lanes: readonly OwnedLane[],
  after: typeof NOWHERE,
): Promise<[OwnedLane, Flown][]> {
  const [lane] = lanes;
  if (lanes.length === 1) return [[lane!, await core.claim({ ...which, lane: lane!, after })]];
  const claimed = await core.claimOfLanes({ ...which, lanes });
  return lanes.map((one) => [one, claimed.get(one.lane) ?? NOTHING]);
}

/** Lanes that are visited together: of what is no run those that do not have very much, since a claim costs more than the few that are in it. */
function visitedTogether(
  { sql }: WorkerCore,
  { stream }: Stream,
  lanes: readonly OwnedLane[],
  cursors: ReadonlyMap<number, unknown>,
): (readonly OwnedLane[])[] {
  if (isRun(stream) || sql.placement.distributed) return lanes.map((lane) => [lane]);
  // One whose last claim was full has a place at which the next goes on.
  const hasMuch = ({ lane }: OwnedLane) => cursors.has(lane);
  const few = lanes.filter((lane) => !hasMuch(lane));
  const groups = Math.ceil(few.length / LANES_A_TIME);
  return [
    ...lanes.filter(hasMuch).map((lane) => [lane]),
    ...Array.from({ length: groups }, (_, i) => few.slice(i * LANES_A_TIME, (i + 1) * LANES_A_TIME)),
  ];
}

/** What is known of a lane that had nothing more: since when, and when the next of it falls due, once somebody has asked. */
type Idle = { lane: OwnedLane; afterMs: number; isAsked: boolean; dueMs?: number | undefined };

/** Lanes that had nothing more of a stream when they were asked, and when each of them will have. */
function createIdleLanes(core: WorkerCore, kind: number, stream: number) {
  const idle = new Map<number, Idle>();
  const away = createAway(core.clock);
  // Not all at one time: there may be a thousand.
  let askedAllMs = core.clock.monotonicMs() - (Math.abs(stream) % ASK_ANYWAY_MS);
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
      const waits = all.map(({ lane: { lane }, isAsked }) => {
        const untilDueMs = (idle.get(lane)?.dueMs ?? Infinity) - core.clock.nowMs() + 1;
        return Math.min(untilDueMs, isAsked ? Infinity : away.forMs(lane));
      });
      // Up to when all are asked anyway: a wait of its own from here might end just before that, and be followed by another.
      const askAllMs = askedAllMs + ASK_ANYWAY_MS + 1 - core.clock.monotonicMs();
      return Math.max(0, Math.min(askAllMs, ...waits));
    },
  };
}

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
    forMs(lane: number): number {
      const one = under.get(lane);
      return one ? one.beganMs + AWAY_MS - clock.monotonicMs() : 0;
    },
  };
}

/** Resolves when a round may begin: at once for a run. */
function createApart({ clock, stopping }: WorkerCore, stream: number): () => Promise<void> {
  let begunMs = -Infinity;
  return async () => {
    const ms = begunMs + APART_MS - clock.monotonicMs();
    if (!isRun(stream) && ms > 0) await pause(clock, ms, stopping);
    begunMs = clock.monotonicMs();
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
