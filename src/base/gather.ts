/**
 * Calls in a flood: what comes while a transaction is under way waits for the next one and goes into it together, so that the dearer
 * a transaction is, the more it takes along; each call is still answered when its own part is committed. Alone, a call waits for
 * nobody. Knows nothing of what is done.
 */

/** How calls are gathered. */
export type Gathering<T, R> = {
  /** Does all of them, in one transaction; answers in their order. Those of one call have the same key. */
  take(key: number, items: readonly T[]): Promise<readonly R[]>;
  /** Of this size together, at most; one that is larger goes alone. */
  most: number;
  size(item: T): number;
  /** Two that share a name do not go together. */
  namesOf?(item: T): Iterable<unknown>;
  /** Whether an error says nothing of what was asked for: then nothing is tried again for each alone. */
  isOfAll(error: unknown): boolean;
};

type Waiting<T, R> = { item: T; done: (result: R) => void; failed: (error: unknown) => void };

/** Takes a call in; resolves when it is committed. Calls with different keys never go together. */
export function gather<T, R>(how: Gathering<T, R>): (key: number, item: T) => Promise<R> {
  const lines = new Map<number, Waiting<T, R>[]>();

  async function work(key: number, line: Waiting<T, R>[]): Promise<void> {
    while (line.length) {
      const batch = nextOf(how, line);
      const error = await failureOf(take(how, key, batch));
      if (error === undefined) continue;
      // One that cannot be stored does not keep the others from it; without a database nothing is tried twice.
      const alone = batch.length > 1 && !how.isOfAll(error);
      for (const one of batch) {
        const own = alone ? await failureOf(take(how, key, [one])) : error;
        if (own !== undefined) one.failed(own);
      }
    }
    lines.delete(key);
  }

  return (key, item) =>
    new Promise((done, failed) => {
      const waiting = { item, done, failed };
      const line = lines.get(key);
      if (line) return void line.push(waiting);
      const begun = [waiting];
      lines.set(key, begun);
      return void work(key, begun);
    });
}

async function take<T, R>(how: Gathering<T, R>, key: number, batch: readonly Waiting<T, R>[]): Promise<void> {
  const results = await how.take(
    key,
    batch.map(({ item }) => item),
  );
  batch.forEach(({ done }, i) => done(results[i]!));
}

/** Takes from a line what goes together. */
function nextOf<T, R>(how: Gathering<T, R>, line: Waiting<T, R>[]): Waiting<T, R>[] {
  const taken = new Set<unknown>();
  let size = 0;
  let end = 0;
  for (const { item } of line) {
    const names = [...(how.namesOf?.(item) ?? [])];
    size += how.size(item);
    if (end > 0 && (size > how.most || names.some((name) => taken.has(name)))) break;
    for (const name of names) taken.add(name);
    end++;
  }
  return line.splice(0, end);
}

async function failureOf(work: Promise<void>): Promise<unknown> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error ?? new Error('it failed without saying how');
  }
}
