/**
 * Calls in a flood: what comes while a transaction is under way waits for the next one and goes into it together, so that the dearer
 * a transaction is, the more it takes along; each call is still answered when its own part is committed. Alone, a call waits for
 * nobody. Knows nothing of what is done.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../base/clock.ts';
import { isPassing } from './errors.ts';

type Waiting<T, R> = {
  item: T;
  sinceMs: number;
  resolve: (result: R) => void;
  reject: (error: Error) => void;
};
type Line<T, R> = {
  waiting: Waiting<T, R>[];
  /** Those who are taking, by when they began. */
  takers: symbol[];
  isWatched: boolean;
  /** How long the last set took that nobody went beside. */
  tookMs: number;
};

/**
 * For what need not be in order: who has waited `ms` goes beside what is under way, which may be waiting for a row that somebody has
 * locked; at most `atOnce` are under way. Where a set takes nearly as long anyway, who waits is given twice its time: a machine that is busy
 * is no lock, and more transactions of fewer each would keep it busy.
 */
type Patience = { clock: Pick<Clock, 'nowMs' | 'after'>; ms: number; atOnce: number };

/** However long sets take, nobody waits longer than so many times `ms` for one that may hang. */
const MOST_PATIENCE = 4;

/**
 * What `take` does for many of one key, asked for one at a time. It answers in the order of what it was given; `together` says how
 * many from the front of those that wait may go at once, at least one. What is asked for in one turn of the loop goes together: what all
 * connections have brought by then, which in a flood is four times what one of them has. Without `patience` one set goes after the other. One that cannot be stored is found by trying each alone; what passes (`isPassing`) says nothing of any
 * of them, and is told to all.
 */
export function gather<T, R>(
  take: (key: number, items: readonly T[]) => Promise<readonly R[]>,
  together: (waiting: readonly T[]) => number,
  patience?: Patience,
): (key: number, item: T) => Promise<R> {
  const lines = new Map<number, Line<T, R>>();

  async function settle(key: number, batch: readonly Waiting<T, R>[]): Promise<void> {
    try {
      const items = batch.map(({ item }) => item);
      const results = await take(key, items);
      batch.forEach(({ resolve }, at) => resolve(results[at]!));
    } catch (error) {
      // One that cannot be stored does not keep the others from it; without a database nothing is tried twice.
      if (batch.length > 1 && !isPassing(error)) for (const one of batch) await settle(key, [one]);
      else for (const { reject } of batch) reject(error as Error);
    }
  }

  async function work(key: number, line: Line<T, R>, self: symbol): Promise<void> {
    const { waiting, takers } = line;
    // What else has come by now comes along.
    await nextTurn();
    await untilFewCome(waiting);
    // Once what held it up is over there is one again: who began beside it goes on with what waits.
    while (waiting.length && takers.at(-1) === self) {
      const batch = waiting.splice(0, together(waiting.map(({ item }) => item)));
      if (patience && waiting.length) watch(key, line, patience);
      const fromMs = patience?.clock.nowMs() ?? 0;
      await settle(key, batch);
      if (patience && takers.at(-1) === self) line.tookMs = patience.clock.nowMs() - fromMs;
      await untilFewCome(waiting);
    }
    takers.splice(takers.indexOf(self), 1);
    if (takers.length === 0) lines.delete(key);
    else if (patience && waiting.length) watch(key, line, patience);
  }

  function begin(key: number, line: Line<T, R>): void {
    const self = Symbol('taker');
    line.takers.push(self);
    void work(key, line, self);
  }

  /** One timer for a line, for whoever has waited longest: many wait at once, and hardly one of them so long. */
  function watch(key: number, line: Line<T, R>, { clock, ms, atOnce }: Patience): void {
    if (line.isWatched) return;
    line.isWatched = true;
    const patientMs = () => Math.min(Math.max(ms, 2 * line.tookMs), MOST_PATIENCE * ms);
    const left = ({ sinceMs }: Waiting<T, R>) => Math.max(0, sinceMs + patientMs() - clock.nowMs());
    clock.after(left(line.waiting[0]!), () => {
      line.isWatched = false;
      const [first] = line.waiting;
      if (!first) return;
      if (left(first) > 0) watch(key, line, { clock, ms, atOnce });
      else if (line.takers.length < atOnce) begin(key, line);
    });
  }

  return (key, item) =>
    new Promise((resolve, reject) => {
      const line = lines.get(key) ?? { waiting: [], takers: [], isWatched: false, tookMs: 0 };
      lines.set(key, line);
      line.waiting.push({ item, sinceMs: patience?.clock.nowMs() ?? 0, resolve, reject });
      if (line.takers.length === 0) begin(key, line);
      else if (patience) watch(key, line, patience);
    });
}

/** Turns of the loop that many who wait give to those who are about to come, at most. */
const MOST_TURNS = 4;

/**
 * While each turn of the loop brings more of them the machine is what they wait for: the more go together, the sooner all are done. Who
 * waits alone goes at once.
 */
async function untilFewCome(waiting: readonly unknown[]): Promise<void> {
  for (let turn = 0, before = 1; turn < MOST_TURNS && waiting.length > before; turn++) {
    before = waiting.length;
    await nextTurn();
  }
}
