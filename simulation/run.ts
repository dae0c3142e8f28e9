/**
 * One run: a workload and its faults, played over the real engine, then healed and played until nothing is left to do; then
 * everything that must be so is looked at. The same steps and the same seed are the same run.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monotonicMs } from '../src/base/clock.ts';
import { silentLog, type Log } from '../src/base/log.ts';
import { openPool, type Connection, type Sql } from '../src/db/pool.ts';
import { drawsOf, type Draws } from './draws.ts';
import { CONNECTIONS, kill, startPlayer, stopPlayer, type Cast, type Player } from './player.ts';
import { Over, playOn } from './rest.ts';
import { terminated } from './databases.ts';
import { meetsOfReceipts, meetsOfStep } from './exercised.ts';
import { ADAPTER_FAULT, type Books, type Kind } from './providers.ts';
import type { RoomPlay } from './rooms/room.ts';
import { ROOMS } from './rooms/rooms.ts';
import type { Rules } from './rooms/workspaces.ts';
import { createStage, type Stage } from './stage.ts';
import type { Told } from './targets.ts';
import { furnish, rulesOf, type Places } from './world.ts';

/** One thing that is done at an instant of the run. Plain data, so that a failing run can be printed, kept and shortened. */
export type Step = { atMs: number; room: string; what: string } & Record<string, unknown>;

/** What became of a step: `open` when whoever did it died meanwhile, so that nobody knows. */
export type Done = { step: Step; state: 'open' | 'done' | 'refused'; begunMs: number; atMs: number; result?: unknown };

/** A run that plays, as the rooms see it. */
export type Run = {
  seed: number;
  stage: Stage;
  draws: Draws;
  cast: Cast;
  places: Places;
  /** The rules of the busy workspace at first. */
  rules: Rules;
  /** Real, and not staged: for looking only. */
  look: Sql;
  books: Books;
  told: Told[];
  /** Takes what comes from outside. */
  door: () => Player;
  workers: Map<string, Player>;
  /** All who play now. */
  players: () => Player[];
  done: Done[];
  /** The rooms that are in it. */
  rooms: readonly RoomPlay[];
  /** Starts a worker of that name, when there is none. */
  hire: (name: string) => Promise<void>;
  reopenDoor: () => Promise<void>;
  /** How much goes wrong now, 0 to 1. */
  trouble: { level: number; lostCommits: number };
  /** Until when a kind of provider is out. */
  outages: Map<Kind, number>;
  /** How long the busy workspace's providers of a kind take at most, where they are slow. */
  slow: Map<Kind, number>;
  /** Whose database is slow: names of players, `door` for each that is one. */
  slowStores: Set<string>;
  isOver: () => boolean;
  /** What processes logged as errors: faults of the code, but for those that the run makes. */
  errors: string[];
  /** Who drew an id, of those that are drawn to see that nobody else draws the same (doze). */
  drawn: Map<number, string>;
  /** Processes of which two drew one id. */
  sameIds: Set<string>;
  /** From when on nothing went wrong any more. */
  healedMs: number;
};

/** What came of a run. */
export type Verdict = {
  seed: number;
  steps: readonly Step[];
  broken: string[];
  trace: string;
  counts: ReadonlyMap<string, number>;
  virtualMs: number;
  tookMs: number;
  recent: readonly string[];
  /** It was broken off before its end, and says nothing. */
  unfinished: boolean;
};

/** When runs begin. */
export const START_MS = Date.UTC(2026, 10, 2, 9);
/** After the last step, so much time at most until everything is at rest. */
const REST_WITHIN_MS = 8 * 24 * 3600_000;

type Options = {
  log?: Log;
  /** Breaks something at the end, to see whether it is seen. */
  tamper?: (run: Run) => void | Promise<void>;
  /** Asked now and then; true ends the run, unfinished and unjudged. */
  isOver?: () => boolean;
};

/** Plays a run on a database of its own, which is migrated and empty. */
export async function playRun(
  database: Connection,
  seed: number,
  steps: readonly Step[],
  options: Options = {},
): Promise<Verdict> {
  const fromMs = monotonicMs();
  const look = openPool(database, { max: 2, name: 'simulation' });
  const dataDir = await mkdtemp(join(tmpdir(), 'parley-simulation-'));
  const counts = new Map<string, number>();
  const run = createRun({ database, look, dataDir, seed, counts, log: options.log, isOver: options.isOver });
  try {
    const { broken, unfinished } = await judged(playThrough(run, steps, options.tamper));
    return {
      seed,
      steps,
      broken,
      trace: run.stage.trace(),
      counts,
      virtualMs: run.stage.nowMs() - START_MS,
      tookMs: monotonicMs() - fromMs,
      recent: run.stage.recent(),
      unfinished,
    };
  } finally {
    for (const player of run.players()) await kill(player);
    await look.end({ timeout: 5 });
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function judged(playing: Promise<string[]>): Promise<Pick<Verdict, 'broken' | 'unfinished'>> {
  try {
    return { broken: await playing, unfinished: false };
  } catch (error) {
    if (error instanceof Over) return { broken: [], unfinished: true };
    return { broken: [`broke off: ${(error as Error).stack}`], unfinished: false };
  }
}

type Setting = {
  database: Connection;
  look: Sql;
  dataDir: string;
  seed: number;
  counts: Map<string, number>;
  log: Log | undefined;
  isOver: (() => boolean) | undefined;
};

function createRun(setting: Setting): Run {
  const { look, seed } = setting;
  const workers = new Map<string, Player>();
  const trouble = { level: 0, lostCommits: 0 };
  const stage = createStage({
    startMs: START_MS,
    blockers: async (pid) => {
      const [row] = await look<{ pids: number[] }[]>`SELECT pg_blocking_pids(${pid}) pids`;
      return row?.pids ?? [];
    },
  });
  let door: Player | undefined;
  let doors = 0;
  const outages = new Map<Kind, number>();
  const slow = new Map<Kind, number>();
  const slowStores = new Set<string>();
  const draws = drawsOf(seed);
  const cast = castOf(setting, { stage, draws, trouble, outages, slow, slowStores, door: () => door!, places: () => run.places });
  const run: Run = {
    ...cast,
    seed,
    cast,
    places: undefined as never,
    rules: rulesOf(cast.draws),
    look,
    door: () => door!,
    workers,
    players: () => [...workers.values(), ...(door ? [door] : [])],
    done: [],
    rooms: [],
    drawn: new Map(),
    sameIds: new Set(),
    trouble,
    outages,
    slow,
    slowStores,
    isOver: setting.isOver ?? (() => false),
    healedMs: Infinity,
    async hire(name) {
      if (!workers.has(name)) workers.set(name, await startPlayer(cast, name, 'worker'));
    },
    async reopenDoor() {
      door = await startPlayer(cast, `door${++doors}`, 'door');
    },
  };
  return run;
}

function castOf(
  { database, look, dataDir, counts, log }: Setting,
  { stage, draws, trouble, outages, slow, slowStores, door, places }: Pick<Run, 'stage' | 'draws' | 'trouble' | 'outages' | 'slow' | 'slowStores' | 'door'> & {
    places: () => Places;
  },
): Cast & Pick<Run, 'errors'> {
  const books: Books = { begun: [], taken: [], reported: [], untold: new Set() };
  const errors: string[] = [];
  const count = (what: string) => void counts.set(what, (counts.get(what) ?? 0) + 1);
  return {
    stage,
    draws,
    connection: database,
    bus: new Map(),
    books,
    told: [],
    dataDir,
    spreads: new Map(),
    leaseMs: 10_000,
    connections: CONNECTIONS,
    errors,
    log: noting(log ?? silentLog, errors),
    trouble: () => trouble.level,
    lostCommits: () => trouble.lostCommits,
    count,
    async terminate(pids) {
      await terminated(look, pids);
    },
    isSlow: ({ name }) => slowStores.has(name.replace(/^door\d+$/, 'door')),
    slowMs: ({ place, kind }) => (place === 'busy' && kind !== 'push' ? slow.get(kind) : undefined),
    isOut: (kind) => kind !== 'push' && stage.nowMs() < (outages.get(kind) ?? 0),
    async report({ place, kind }, receipts, rightly) {
      for (const met of await meetsOfReceipts(look, receipts)) count(met);
      const own = place === 'busy' ? 'busy' : 'neighbour';
      const { integrations } = places()[rightly ? own : own === 'busy' ? 'neighbour' : 'busy'];
      const answered = () => {
        for (const { ref, state } of receipts) books.reported.push({ ref: ref!, state, rightly, atMs: stage.nowMs() });
      };
      untilAnswered(stage, () => door().takeReceipts(integrations[kind] ?? 0, receipts), answered);
    },
  };
}

/** A log that notes errors, but for those that adapters throw here. */
function noting(log: Log, errors: string[]): Log {
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error(fields, message) {
      log.error(fields, message);
      const { error } = fields as { error?: Error };
      if (error?.message !== ADAPTER_FAULT) errors.push(`${message}: ${error?.stack ?? JSON.stringify(fields)}`);
    },
  };
}

/** A provider repeats what was not answered. */
function untilAnswered(stage: Stage, call: () => Promise<void>, answered: () => void): void {
  const AGAIN_MS = 10_000;
  const attempt = (left: number) => {
    const again = stage.after(AGAIN_MS, 'a provider repeats what was not answered', () => {
      if (left > 0) attempt(left - 1);
    });
    const taken = (): void => {
      again();
      answered();
    };
    call().then(taken, () => {});
  };
  attempt(500);
}

async function playThrough(
  run: Run,
  steps: readonly Step[],
  tamper?: (run: Run) => void | Promise<void>,
): Promise<string[]> {
  const { stage } = run;
  await run.reopenDoor();
  run.places = await stage.until(furnish(run), 600_000, 'furnishing');
  await run.hire('a');
  const rooms = ROOMS.filter(({ isApart, name }) => !isApart || steps.some(({ room }) => room === name));
  run.rooms = rooms;
  for (const room of rooms) if (room.furnish) await stage.until(room.furnish(run), 600_000, `furnishing ${room.name}`);
  run.trouble.level = 1;
  const baseMs = stage.nowMs();
  const ordered = steps.toSorted((a, b) => a.atMs - b.atMs);
  for (const step of ordered) {
    await playOn(run, baseMs + step.atMs);
    await perform(run, step);
  }
  await heal(run, rooms);
  const untilMs = stage.nowMs() + REST_WITHIN_MS;
  const rested = await playOn(run, untilMs, true);
  const foundMs = Math.max(0, ...rooms.map(({ findsWithinMs }) => findsWithinMs ?? 0));
  if (rested && foundMs) await stage.play(stage.nowMs() + foundMs);
  await tamper?.(run);
  const broken = rested ? [] : [`not at rest ${hoursText(stage.nowMs() - run.healedMs)} h after the last step`];
  for (const room of rooms) broken.push(...((await room.check?.(run)) ?? []).map((text) => `${room.name}: ${text}`));
  for (const worker of run.workers.values()) await stopPlayer(run.cast, worker);
  return broken;
}

/** Does a step; what it waits for goes on while the run does. */
async function perform(run: Run, step: Step): Promise<void> {
  const room = ROOMS.find(({ name }) => name === step.room)!;
  const begunMs = run.stage.nowMs();
  const done: Done = { step, state: 'open', begunMs, atMs: begunMs };
  run.done.push(done);
  run.cast.count(`step: ${step.room} ${step.what}`);
  for (const met of await meetsOfStep(run, step)) run.cast.count(met);
  const act = async () => {
    try {
      done.result = await room.perform(run, step);
      done.state = 'done';
      done.atMs = run.stage.nowMs();
    } catch (error) {
      done.state = 'refused';
      done.result = String(error);
    }
  };
  const acting = act();
  // What happens to a process is over before anything else is done; what is asked of it goes on by itself.
  if (room.waits) await acting;
}

/** What is asked is answered within so long once nothing goes wrong; what is not was asked of a door that died. */
const ANSWERED_WITHIN_MS = 60_000;

/** Nothing goes wrong any more: everybody is there and awake, and what was paused goes on. */
async function heal(run: Run, rooms: readonly RoomPlay[]): Promise<void> {
  run.trouble.level = 0;
  run.trouble.lostCommits = 0;
  run.outages.clear();
  run.slow.clear();
  run.slowStores.clear();
  if (run.door().dead) await run.reopenDoor();
  for (const player of run.players()) player.asleepUntilMs = 0;
  await run.hire('a');
  await run.hire('b');
  // What was asked last may be under way: a pause that comes after all was resumed would never end.
  const answered = () => run.done.every(({ state }) => state !== 'open');
  if (!answered()) await run.stage.play(run.stage.nowMs() + ANSWERED_WITHIN_MS, answered);
  run.healedMs = run.stage.nowMs();
  for (const room of rooms) if (room.heal) await run.stage.until(room.heal(run), 600_000, `healing ${room.name}`);
}

function hoursText(ms: number): string {
  return (ms / 3600_000).toFixed(1);
}
