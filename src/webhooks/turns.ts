/**
 * Turns of calls that must keep their order: those of one line (a webhook and a contact) go one after the other, over all batches of
 * this process. A batch that is read slowly is not overtaken by the next; nor is a call that was put off, by those behind it.
 */

/** The newest call of a line that was put off without having been made: those behind it are put off too. */
export type PutOff = { callId: number; untilMs: number };

/**
 * One batch's turn in a line: wait for `before`, which tells what the batch before put off, then `end` it, telling the same. It is
 * remembered until `forget`, when all of it is written.
 */
export type Turn = {
  before: Promise<PutOff | undefined> | undefined;
  end(held?: PutOff): void;
  forget(): void;
};

/** Gives turns in the order of asking. */
export function createTurns(): (lines: ReadonlySet<string>) => Map<string, Turn> {
  const last = new Map<string, Promise<PutOff | undefined>>();
  const take = (line: string): Turn => {
    const { promise, resolve } = Promise.withResolvers<PutOff | undefined>();
    const before = last.get(line);
    last.set(line, promise);
    return {
      before,
      end: resolve,
      forget() {
        resolve(undefined);
        if (last.get(line) === promise) last.delete(line);
      },
    };
  };
  return (lines) => new Map([...lines].map((line) => [line, take(line)]));
}
