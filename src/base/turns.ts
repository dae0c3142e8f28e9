/**
 * Turns for work that holds a connection for long, such as a transaction in which a provider is called: it must not take every
 * connection of the process. Knows nothing of what is done.
 */
import { systemClock } from './clock.ts';

/** Runs work when it is its turn. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/** Turns of which at most so many run at a time; the others wait in order, and fail as `tooLate` says where they wait longer than `ms`. */
export function createTurns(most: number, longest?: { ms: number; tooLate: () => Error }): Turns {
  const waiting = new Set<() => void>();
  let running = 0;
  const wait = () =>
    new Promise<void>((resolve, reject) => {
      const go = () => {
        cancel?.();
        resolve();
      };
      const cancel =
        longest &&
        systemClock.after(longest.ms, () => {
          waiting.delete(go);
          reject(longest.tooLate());
        });
      waiting.add(go);
    });
  return async (work) => {
    if (running >= most) await wait();
    else running++;
    try {
      return await work();
    } finally {
      // Whoever waited longest takes this place over.
      const [next] = waiting;
      if (next) {
        waiting.delete(next);
        next();
      } else running--;
    }
  };
}

/** Turns of each name's own: who has much work waits for himself, and nobody waits for him. Names without work are forgotten. */
export function createTurnsOf(most: number): (name: number | string) => Turns {
  const byName = new Map<number | string, { turns: Turns; inside: number }>();
  return (name) => async (work) => {
    const own = byName.get(name) ?? { turns: createTurns(most), inside: 0 };
    byName.set(name, own);
    own.inside++;
    try {
      return await own.turns(work);
    } finally {
      if (--own.inside === 0) byName.delete(name);
    }
  };
}
