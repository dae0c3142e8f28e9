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
type Line<T, R> = { waiting: Waiting<T, R>[]; underWay: number; isWatched: boolean };

/**
 * For what need not be in order: who has waited `ms` goes beside what is under way, which may be waiting for a row that somebody has
 * locked; at most `atOnce` are under way.
 */
type Patience = { clock: Pick<Clock, 'nowMs' | 'after'>; ms: number; atOnce: number };

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

  async function work(key: number, line: Line<T, R>): Promise<void> {
    const { waiting } = line;
    // What else has come by now comes along.
    await nextTurn();
    await untilFewCome(waiting);
    while (waiting.length) {
      const batch = waiting.splice(0, together(waiting.map(({ item }) => item)));
      if (patience && waiting.length) watch(key, line, patience);
      await settle(key, batch);
      await untilFewCome(waiting);
    }
    if (--line.underWay === 0) lines.delete(key);
  }

  function begin(key: number, line: Line<T, R>): void {
    line.underWay++;
    void work(key, line);
  }

  /** One timer for a line, for whoever has waited longest: many wait at once, and hardly one of them so long. */
  function watch(key: number, line: Line<T, R>, { clock, ms, atOnce }: Patience): void {
    if (line.isWatched) return;
    line.isWatched = true;
    const left = ({ sinceMs }: Waiting<T, R>) => Math.max(0, sinceMs + ms - clock.nowMs());
    clock.after(left(line.waiting[0]!), () => {
      line.isWatched = false;
      const [first] = line.waiting;
      if (!first) return;
      if (left(first) > 0) watch(key, line, { clock, ms, atOnce });
      else if (line.underWay < atOnce) begin(key, line);
    });
  }

  return (key, item) =>
    new Promise((resolve, reject) => {
      const line = lines.get(key) ?? { waiting: [], underWay: 0, isWatched: false };
      lines.set(key, line);
      line.waiting.push({ item, sinceMs: patience?.clock.nowMs() ?? 0, resolve, reject });
      if (line.underWay === 0) begin(key, line);
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
