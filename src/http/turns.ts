/**
 * Turns for work that calls a provider while it holds a transaction: a slow provider must not take every connection of the
 * process. Knows nothing of what is done.
 */

/** Runs work when it is its turn. */
export type Turns = <T>(work: () => Promise<T>) => Promise<T>;

/** Turns of which at most so many run at a time; the others wait in order. */
export function createTurns(most: number): Turns {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await work();
    } finally {
      // Whoever waited longest takes this place over.
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
