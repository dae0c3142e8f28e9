/**
 * Bulk runs, and what senders have set apart: one pump per stream that flows. A pump goes round the owned lanes, claims a full batch from each, and keeps as much
 * going as the room of its key holds (fair.ts). It remembers where it is in each lane, so that rows in flight or just deleted are
 * not read again; at the end of a lane it starts over, for what was put off or put in meanwhile.
 *
 * A run of which nothing is due costs nothing: its pump asks once when the next of it will be, and sleeps till then. What a campaign has set
 * apart stays for as long as the campaign, mostly with nothing in it: that one has no pump until something rings (asleep.ts).
 */
import { pause } from '../../base/clock.ts';
import { bell, type Bell } from '../../base/lifecycle.ts';
import { levelOf } from '../../db/patiently.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import { createAsleep, type Resting } from './asleep.ts';
import { createRooms, type Rooms } from './fair.ts';
import { ASK_ANYWAY_MS, createIdleLanes, type IdleLanes } from './idle.ts';
import { createPace, type Pace } from './pace.ts';
import { selectStreams } from './sql.ts';
import { isRun } from './stream.ts';
import type { Stream } from './work.ts';
import type { ClaimOfLanes, Flown, Handler, WorkerCore } from './core.ts';

const NOWHERE = { dueMs: 0, ownerId: 0 };
const NOTHING: Flown = { items: [], ran: Promise.resolve() };
/** Lanes in one claim, at most. */
const LANES_A_TIME = 16;
/** The kind of a stream that is closed. */
const NO_KIND = 0;
/** Pause of a pump that cannot go on for another reason than that nothing is due. */
const PAUSE_MS = 500;
/**
 * So long after a round of what is no run began the next one does, with all that rang meanwhile (as in pump.ts): a claim with what follows it
 * is some fourteen statements, whether for one message or for ten. What rings after a rest goes at once.
 */
const APART_MS = 25;

/** The pumps of all streams. */
export function createBulk(core: WorkerCore, handlers: readonly Handler[]) {
  const pumps = new Map<number, Pump>();
  const asleep = createAsleep(core);
  const rooms = new Map(
    handlers.map(({ kind, inFlight }) => [kind, createRooms<string>(inFlight, () => core.giveWay.part())]),
  );

  const handlerOf = ({ kind }: Stream) => handlers.find((one) => one.kind === kind);

  const begin = (first: Resting): void => {
    const { kind, stream: id } = first.stream;
    const handler = handlerOf(first.stream);
    if (!handler) return;
    const rests = (resting: Resting) => {
      pumps.delete(id);
      asleep.add(resting);
    };
    pumps.set(id, startPump(core, handler, rooms.get(kind)!, first, rests));
  };
  const wake = (stream: number, lane?: number): boolean => {
    const woken = asleep.wake(stream, lane);
    if (woken) begin(woken);
    return woken !== undefined || asleep.has(stream);
  };

  return {
    /** A lane was given a share of a stream, or of some; false when it takes a look to know of which. */
    ring(lane: number, stream?: number): boolean {
      if (stream !== undefined && !pumps.has(stream)) return wake(stream, lane);
      if (stream !== undefined) pumps.get(stream)!.ring(lane);
      else for (const pump of pumps.values()) pump.ring(lane);
      return stream !== undefined || !asleep.doubt();
    },
    /** Reads which streams there are; starts, pauses and ends pumps. */
    async look() {
      const streams = await selectStreams(core.sql);
      const there = new Set(streams.map(({ stream }) => stream));
      for (const stream of streams) {
        const pump = pumps.get(stream.stream);
        if (pump) pump.update(stream);
        else if (isRun(stream.stream)) begin({ stream, empty: [] });
        else if (handlerOf(stream)) asleep.update(stream);
      }
      for (const [id, pump] of pumps) {
        if (there.has(id)) continue;
        pump.update({ stream: id, kind: NO_KIND, workspaceId: 0, flowing: false, ratePerS: null });
        pumps.delete(id);
      }
      asleep.keepOnly(there);
      for (const stream of await asleep.withWork()) wake(stream);
    },
    async stop() {
      for (const pump of pumps.values()) pump.ring();
      await Promise.allSettled([...pumps.values()].map(({ done }) => done));
    },
  };
}

type Pump = { update(stream: Stream): void; ring(lane?: number): void; done: Promise<void> };

/** What a pump goes round with. */
type Rounds = {
  core: WorkerCore;
  handler: Handler;
  rooms: Rooms<string>;
  idle: IdleLanes;
  pace: Pace;
  woken: Bell;
  stream: () => Stream;
};

/** One round of all lanes that may have something; resolves with whether there was anything, and there may be more. */
function createRounds({ core, handler, rooms, idle, pace, woken, stream }: Rounds): () => Promise<boolean> {
  let key: string | undefined;
  const cursors = new Map<number, { dueMs: number; ownerId: number }>();
  const goesOn = () => stream().flowing && !core.stopping.aborted;

  /** One claim, from one lane or of what several have; true when there was something. */
  const visit = async (lanes: readonly OwnedLane[]): Promise<boolean> => {
    const allowed = pace.allows(Math.ceil(handler.batchSize * core.giveWay.part()));
    if (allowed === 0) return false;
    const each = Math.max(1, Math.floor(allowed / lanes.length));
    const charged = (key ??= String((await handler.roomOf?.(stream())) ?? stream().workspaceId));
    await rooms.enter(charged, each * lanes.length);
    const asking = idle.asking(core.clock.nowMs());
    let found = 0;
    try {
      if (!goesOn()) return false;
      const after = cursors.get(lanes[0]!.lane) ?? NOWHERE;
      const left = (items: readonly unknown[]) => void rooms.leave(charged, items.length);
      const which = { handler, stream: stream().stream, limit: each, passOver: [], left };
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

  return async () => {
    let found = false;
    const lanes = core.lanes().filter((lane) => core.holds(lane) && !idle.has(lane));
    for (const group of visitedTogether(core, stream(), lanes, cursors)) {
      const held = group.filter(core.holds);
      if (goesOn() && held.length) found = (await visit(held)) || found;
    }
    return found && goesOn();
  };
}

/** `rests` is told at its end when nothing of the stream is left: in the same step, so that no ring falls between. */
function startPump(
  core: WorkerCore,
  handler: Handler,
  rooms: Rooms<string>,
  { stream: first, empty }: Resting,
  rests: (resting: Resting) => void,
): Pump {
  let stream = first;
  const woken = bell();
  const idle = createIdleLanes(core, first, empty);
  const pace = createPace(core.clock);
  const apart = createApart(core, first.stream);
  const round = createRounds({ core, handler, rooms, idle, pace, woken, stream: () => stream });

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
      const nowhere = idle.allEmpty();
      if (nowhere && mayRest(stream)) return rests({ stream, empty: nowhere });
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

/** Whether a stream needs no pump while nothing of it is left: a run ends by then, and one with a rate must remember what it has had of it. */
function mayRest({ stream, flowing, ratePerS }: Stream): boolean {
  return !isRun(stream) && flowing && ratePerS === null;
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

/** Resolves when a round may begin: at once for a run. */
function createApart({ clock, stopping }: WorkerCore, stream: number): () => Promise<void> {
  let begunMs = -Infinity;
  return async () => {
    const ms = begunMs + APART_MS - clock.monotonicMs();
    if (!isRun(stream) && ms > 0) await pause(clock, ms, stopping);
    begunMs = clock.monotonicMs();
  };
}
