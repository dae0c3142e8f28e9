/**
 * The stage: virtual time, and the order in which things happen on it. Whatever would take time in the world (a statement, a
 * provider's answer, a timer) is an act with an instant; acts are done one after the other, in order of their instants, and
 * between two of them everything that follows from the first without waiting has followed. So a run is the same each time it is
 * run, though its statements are real ones on a real Postgres.
 *
 * A statement that waits for another's lock is set aside until Postgres has let it go, while time goes on.
 */
import type { Draws } from './draws.ts';

/** Who acts: a process that can die, sleep, or play on. */
export type Player = { readonly name: string; dead: boolean; asleepUntilMs: number };

/** A cancellation. */
type Cancel = () => void;

/** A real statement: what it is for, whose, and how to find out whether it waits for a lock. */
export type Statement<T> = {
  player: Player;
  /** Statements of one connection are done in order. */
  connection: { pid: number; readyMs: number };
  text: string;
  run: () => Promise<T>;
};

/** The stage. */
export type Stage = {
  nowMs(): number;
  /** Does something at an instant from now; as part of a player it is dropped when that one dies, and late when it sleeps. */
  after(delayMs: number, what: string, act: () => void, player?: Player): Cancel;
  /** Does a statement for real when its time has come. */
  statement<T>(statement: Statement<T>, delayMs: number): Promise<T>;
  /** Plays until `done` holds (looked at after every act) or the time is over; true when it held. */
  play(untilMs: number, done?: () => boolean): Promise<boolean>;
  /** Plays until the promise is settled. */
  until<T>(promise: Promise<T>, withinMs: number, what: string): Promise<T>;
  /** When something happens next that is no player's doing; undefined when nothing does. */
  nextOutsideMs(): number | undefined;
  /** Leaps ahead: nothing happens in between. */
  leap(toMs: number): void;
  /** A number that stands for everything that has happened so far. */
  trace(): string;
  /** What happened last, for whoever looks into a failure. */
  recent(): readonly string[];
};

type Act = { atMs: number; order: number; what: string; player: Player | undefined; run: () => void | Promise<void>; gone?: true };
type Waiting = { statement: Statement<unknown>; settled: () => boolean; deliver: () => void };

const RECENT = 400;
/** A real statement that is not done after so long may be waiting for a lock. */
const LOOK_AFTER_MS = 15;

/** A stage; `blockers` says which backends a backend waits for. */
export function createStage(deps: {
  draws: Draws;
  startMs: number;
  blockers: (pid: number) => Promise<number[]>;
}): Stage {
  const { blockers } = deps;
  let nowMs = deps.startMs;
  let order = 0;
  let traced = 0;
  const queue = createQueue();
  const waiting = new Set<Waiting>();
  const recent: string[] = [];

  const note = (what: string) => {
    const line = `${(nowMs - deps.startMs).toFixed(0)} ${what}`;
    traced = (Math.imul(traced, 31) + hashOf(line)) | 0;
    recent.push(line);
    if (recent.length > RECENT) recent.shift();
  };

  const push = (delayMs: number, what: string, run: Act['run'], player: Player | undefined): Act => {
    const act: Act = { atMs: nowMs + Math.max(0, delayMs), order: order++, what, player, run };
    queue.push(act);
    return act;
  };

  const perform = async (statement: Statement<unknown>, deliver: Waiting['deliver'], settled: () => boolean) => {
    await soon(settled);
    while (!settled()) {
      if ((await blockers(statement.connection.pid)).length) {
        waiting.add({ statement, settled, deliver });
        note(`${statement.player.name} waits for a lock`);
        return;
      }
      await soon(settled);
    }
    deliver();
  };

  /** Delivers what has got its lock. Two that wait for each other are left to Postgres, which ends one of them. */
  const release = async () => {
    for (const one of waiting) {
      for (;;) {
        if (one.settled()) break;
        const by = await blockers(one.statement.connection.pid);
        if (by.length && !(await isCircle(one.statement.connection.pid, blockers))) break;
        await soon(one.settled);
      }
      if (!one.settled()) continue;
      waiting.delete(one);
      note(`${one.statement.player.name} got its lock`);
      one.deliver();
      await drain();
    }
  };

  const step = async (): Promise<boolean> => {
    const act = queue.pop();
    if (!act) return false;
    const { player } = act;
    if (act.gone || player?.dead) return true;
    if (player && player.asleepUntilMs > act.atMs) {
      act.atMs = player.asleepUntilMs;
      queue.push(act);
      return true;
    }
    nowMs = Math.max(nowMs, act.atMs);
    note(act.what);
    await act.run();
    await drain();
    if (waiting.size) await release();
    return true;
  };

  const stage: Stage = {
    nowMs: () => nowMs,
    after(delayMs, what, run, player) {
      const act = push(delayMs, what, run, player);
      return () => {
        act.gone = true;
      };
    },
    statement(statement, delayMs) {
      return new Promise((resolve, reject) => {
        const { connection } = statement;
        const atMs = Math.max(nowMs + delayMs, connection.readyMs);
        connection.readyMs = atMs;
        const run = async () => {
          let end: (() => void) | undefined;
          statement.run().then(
            (value) => (end = () => resolve(value)),
            (error: unknown) => (end = () => reject(error as Error)),
          );
          await perform(
            statement,
            () => (statement.player.dead ? undefined : end!()),
            () => end !== undefined,
          );
        };
        push(atMs - nowMs, `${statement.player.name}: ${brief(statement.text)}`, run, statement.player);
      });
    },
    async play(untilMs, done) {
      await drain();
      for (;;) {
        if (done?.()) return true;
        const next = queue.peek();
        if (!next || next.atMs > untilMs) {
          nowMs = Math.max(nowMs, untilMs);
          return false;
        }
        await step();
      }
    },
    async until(promise, withinMs, what) {
      let end: (() => unknown) | undefined;
      promise.then(
        (value) => (end = () => value),
        (error: unknown) =>
          (end = () => {
            throw error as Error;
          }),
      );
      if (!(await stage.play(nowMs + withinMs, () => end !== undefined)))
        throw new Error(`nothing came of “${what}” within ${withinMs / 1000} s of virtual time`);
      return end!() as Awaited<typeof promise>;
    },
    nextOutsideMs: () => queue.least(({ player, gone }) => !player && !gone)?.atMs,
    leap(toMs) {
      nowMs = Math.max(nowMs, toMs);
    },
    trace: () => (traced >>> 0).toString(16),
    recent: () => recent,
  };
  return stage;
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

/** Everything that follows without waiting has followed: micro tasks, and what node does at once. */
async function drain(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}

/** Waits for real until it is so, and a little while at most. */
async function soon(isSo: () => boolean): Promise<void> {
  const fromMs = performance.now();
  while (!isSo() && performance.now() - fromMs < LOOK_AFTER_MS)
    await new Promise((resolve) => setImmediate(resolve));
}

function brief(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ').slice(0, 80);
}

function hashOf(text: string): number {
  let h = 0;
  for (let i = 0; i < text.length; i++) h = (Math.imul(h, 31) + text.charCodeAt(i)) | 0;
  return h;
}

/** A binary heap of acts by instant, then by order of coming. */
function createQueue() {
  const heap: Act[] = [];
  const before = (a: Act, b: Act) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
  const swap = (i: number, j: number) => {
    [heap[i], heap[j]] = [heap[j]!, heap[i]!];
  };
  return {
    peek: () => heap[0],
    least: (fits: (act: Act) => boolean) =>
      heap.reduce<Act | undefined>((least, act) => (fits(act) && (!least || before(act, least)) ? act : least), undefined),
    push(act: Act) {
      let i = heap.push(act) - 1;
      while (i > 0) {
        const up = (i - 1) >> 1;
        if (!before(heap[i]!, heap[up]!)) break;
        swap(i, up);
        i = up;
      }
    },
    pop(): Act | undefined {
      const first = heap[0];
      const last = heap.pop();
      if (!first || first === last) return first;
      heap[0] = last!;
      for (let i = 0; ; ) {
        const left = 2 * i + 1;
        const right = left + 1;
        let least = i;
        if (left < heap.length && before(heap[left]!, heap[least]!)) least = left;
        if (right < heap.length && before(heap[right]!, heap[least]!)) least = right;
        if (least === i) return first;
        swap(i, least);
        i = least;
      }
    },
  };
}
