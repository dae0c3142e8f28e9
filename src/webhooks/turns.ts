/**
 * Turns of calls that must keep their order: those of one line (a webhook and a contact) go one after the other, over all batches of
 * this process. A batch that is read slowly is not overtaken by the next.
 */

/** One batch's turn in a line: wait for `before`, then `end` it. */
export type Turn = { before: Promise<void> | undefined; end(): void };

/** Gives turns in the order of asking. */
export function createTurns(): (lines: ReadonlySet<string>) => Map<string, Turn> {
  const last = new Map<string, Promise<void>>();
  const take = (line: string): Turn => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = last.get(line);
    last.set(line, promise);
    const end = () => {
      resolve();
      if (last.get(line) === promise) last.delete(line);
    };
    return { before, end };
  };
  return (lines) => new Map([...lines].map((line) => [line, take(line)]));
}
