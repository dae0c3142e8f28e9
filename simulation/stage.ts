/**
 * The stage: virtual time, and the order in which things happen on it. Whatever would take time in the world (a statement, a
 * provider's answer, a timer) is an act with an instant; acts are done one after the other, in order of their instants, and
 * between two of them everything that follows from the first without waiting has followed. So a run is the same each time it is
 * run, though its statements are real ones on a real Postgres.
 *
 * A statement that waits for another's lock is set aside until Postgres has let it go, while time goes on.
 */
import { monotonicMs } from '../src/base/clock.ts';
import { createActs, type Act } from './acts.ts';

/** Who acts: a process that can die, sleep, or play on. */
export type Player = { readonly name: string; dead: boolean; asleepUntilMs: number };

/** A connection, whose statements are done in order; `holds` while it may hold a lock. */
export type StagedConnection = { pid: number; readyMs: number; holds: boolean };

/** A real statement: what it is for, whose, and how to find out whether it waits for a lock. */
export type Statement<T> = {
  player: Player;
  connection: StagedConnection;
  text: string;
  run: () => Promise<T>;
};

/** The stage. */
export type Stage = {
  nowMs: () => number;
  /** Does something at an instant from now; as part of a player it is dropped when that one dies, and late when it sleeps. */
  after: (delayMs: number, what: string, act: () => void | Promise<void>, player?: Player) => () => void;
  /** Does a statement for real when its time has come. */
  statement: <T>(statement: Statement<T>, delayMs: number) => Promise<T>;
  /** Plays until `done` holds (looked at after every act) or the time is over; true when it held. */
  play: (untilMs: number, done?: () => boolean) => Promise<boolean>;
  /** Plays until the promise is settled. */
  until: <T>(promise: Promise<T>, withinMs: number, what: string) => Promise<T>;
  /** When something happens next that is no player's doing; undefined when nothing does. */
  nextOutsideMs: () => number | undefined;
  /** Leaps ahead: nothing happens in between. */
  leap: (toMs: number) => void;
  /** A number that stands for everything that has happened so far. */
  trace: () => string;
  /** What happened last, for whoever looks into a failure. */
  recent: () => readonly string[];
};

type Waiting = { player: Player; connection: StagedConnection; end: End; deliver: () => void };

/** A stage; `blockers` says which backends a backend waits for. */
export function createStage(deps: { startMs: number; blockers: Blockers }): Stage {
  let nowMs = deps.startMs;
  const acts = createActs();
  const trace = createTrace(() => nowMs - deps.startMs);
  const locks = createLocks(deps.blockers, (what) => trace.note(what));

  const after: Stage['after'] = (delayMs, what, run, player) => {
    const act = acts.push(nowMs + Math.max(0, delayMs), what, run, player);
    return () => {
      act.gone = true;
    };
  };

  const step = async (act: Act): Promise<void> => {
    const { player } = act;
    if (act.gone || player?.dead) return;
    if (player && player.asleepUntilMs > act.atMs) {
      acts.push(player.asleepUntilMs, act.what, act.run, player, act);
      return;
    }
    nowMs = Math.max(nowMs, act.atMs);
    trace.note(act.what);
    await act.run();
    await drain();
    await locks.release();
  };

  const play: Stage['play'] = async (untilMs, done) => {
    await drain();
    for (;;) {
      if (done?.()) return true;
      const next = acts.take(untilMs);
      if (!next) {
        nowMs = Math.max(nowMs, untilMs);
        return false;
      }
      await step(next);
    }
  };

  return {
    nowMs: () => nowMs,
    after,
    play,
    statement: (statement, delayMs) =>
      new Promise((resolve, reject) => {
        const { connection, player, text } = statement;
        const atMs = Math.max(nowMs + delayMs, connection.readyMs);
        connection.readyMs = atMs;
        const run = async () => {
          const end = watch(statement.run(), resolve, reject);
          const deliver = () => (player.dead ? undefined : end.now!());
          if (await locks.settles(connection, end)) deliver();
          else locks.wait({ player, connection, end, deliver });
        };
        acts.push(atMs, `${player.name}: ${brief(text)}`, run, player);
      }),
    until: (promise, withinMs, what) => untilSettled(promise, (done) => play(nowMs + withinMs, done), what),
    nextOutsideMs: () => acts.nextOutsideMs(),
    leap(toMs) {
      nowMs = Math.max(nowMs, toMs);
    },
    trace: trace.sum,
    recent: () => trace.recent,
  };
}

/** Plays until a promise is settled, and gives its value. */
async function untilSettled<T>(
  promise: Promise<T>,
  play: (done: () => boolean) => Promise<boolean>,
  what: string,
): Promise<T> {
  const end = watch(
    promise,
    (value) => value,
    (error) => {
      throw error;
    },
  );
  if (await play(() => end.now !== undefined)) return end.now!() as T;
  throw new Error(`nothing came of “${what}” in all the time it had`);
}

/** The end of something: `now` is what to call once it has come; nothing is called before. */
type End = { now?: () => unknown; come: Promise<void> };

function watch<T>(
  promise: Promise<T>,
  fulfilled: (value: T) => unknown,
  rejected: (error: Error) => unknown,
): End {
  const end: End = { come: Promise.resolve() };
  end.come = promise.then(
    (value) => void (end.now = () => fulfilled(value)),
    (error: Error) => void (end.now = () => rejected(error)),
  );
  return end;
}

const RECENT = 1500;

/** What happened, as a number that differs when anything does, and the last of it in words. */
function createTrace(atMs: () => number) {
  let sum = 0;
  const recent: string[] = [];
  return {
    recent,
    sum: () => (sum >>> 0).toString(16),
    note(what: string) {
      const line = `${atMs().toFixed(0)} ${what}`;
      for (let i = 0; i < line.length; i++) sum = (Math.imul(sum, 31) + line.charCodeAt(i)) | 0;
      recent.push(line);
      if (recent.length > RECENT) recent.shift();
    },
  };
}

type Blockers = (pid: number) => Promise<number[]>;

/** Statements that wait for a lock. */
function createLocks(blockers: Blockers, note: (what: string) => void) {
  const waiting = new Set<Waiting>();
  const seen = new Set<StagedConnection>();
  let usualMs = 1;
  const lookAfterMs = () => Math.min(LOOK_LATE_MS, Math.max(LOOK_AFTER_MS, usualMs * UNUSUAL));
  /** Whether any other may hold what this one waits for. */
  const mayWait = (connection: StagedConnection) => {
    for (const one of seen) if (one.holds && one !== connection) return true;
    return false;
  };
  /** True when it waits for a lock that others must give back first. Two that wait for each other are left to Postgres, which ends one of them. */
  const isBlocked = async (pid: number) => {
    const by = await blockers(pid);
    return by.length > 0 && !(await isCircle(pid, blockers));
  };
  /** True when it is settled, false when it waits for a lock. */
  const settles = async (connection: StagedConnection, end: End): Promise<boolean> => {
    seen.add(connection);
    const fromMs = monotonicMs();
    for (let waitMs = mayWait(connection) ? lookAfterMs() : LOOK_LATE_MS; ; waitMs *= 2) {
      await soon(end, waitMs);
      if (end.now) {
        usualMs += (monotonicMs() - fromMs - usualMs) / 50;
        return true;
      }
      if (await isBlocked(connection.pid)) return end.now !== undefined;
    }
  };
  return {
    settles,
    wait(one: Waiting) {
      waiting.add(one);
      note(`${one.player.name} waits for a lock`);
    },
    /** Delivers what has got its lock. */
    async release() {
      for (const one of waiting) {
        if (!one.end.now && (await isBlocked(one.connection.pid))) continue;
        if (!(await settles(one.connection, one.end))) continue;
        waiting.delete(one);
        note(`${one.player.name} got its lock`);
        one.deliver();
        await drain();
      }
    },
  };
}

/** True when a backend waits for one that waits, in the end, for it. */
async function isCircle(pid: number, blockers: (pid: number) => Promise<number[]>): Promise<boolean> {
  const seen = new Set<number>();
  const ahead = await blockers(pid);
  for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
    if (next === pid) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    ahead.push(...(await blockers(next)));
  }
  return false;
}

/**
 * A real statement that is not done after so long, or in so many times what they take of late, may be waiting for a lock: each is asked
 * after, which costs as much as another statement. One in four hundred waits.
 */
const LOOK_AFTER_MS = 10;
const UNUSUAL = 5;
/** Where no other connection is in a transaction nothing can be waited for: who takes so long is asked after all the same. */
const LOOK_LATE_MS = 2_000;

/** Everything that follows without waiting has followed: micro tasks, and what node does at once. */
async function drain(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}

/** Waits for real until it has come, and a little while at most. */
async function soon(end: End, waitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, waitMs);
  });
  await Promise.race([end.come, late]);
  clearTimeout(timer);
}

const BRIEF = new Map<string, string>();

/** The beginning of a statement. They come again and again. */
function brief(text: string): string {
  const known = BRIEF.get(text);
  if (known !== undefined) return known;
  const made = text.trim().replaceAll(/\s+/g, ' ').slice(0, 120);
  if (BRIEF.size < 5_000) BRIEF.set(text, made);
  return made;
}
