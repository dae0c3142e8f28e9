/**
 * Turns for work that holds a connection for long, such as a transaction in which a provider is called: it must not take every
 * connection of the process. Knows nothing of what is done.
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
