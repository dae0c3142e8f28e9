/** The inside of a thread that `apart.ts` opens: does what comes, one after the other. */
import { parentPort } from 'node:worker_threads';

/** What came of work, and what of it is given away instead of copied. */
export type Handed<Out> = { value: Out; hand: readonly ArrayBuffer[] };

/** The input is what `run` was called with, which the types on the other side hold. */
type Work<Out> = (input: never) => Promise<Handed<Out>> | Handed<Out>;

/** Serves the thread's work with a function. */
export function servesApart<Out>(work: Work<Out>): void {
  parentPort!.on('message', (input: unknown) => {
    void answer(input as never, work);
  });
}

/* oxlint-disable unicorn/require-post-message-target-origin -- a thread's port has none */
async function answer<Out>(input: never, work: Work<Out>): Promise<void> {
  try {
    const { value, hand } = await work(input);
    parentPort!.postMessage({ value }, [...hand]);
  } catch (error) {
    parentPort!.postMessage({ error: (error as Error).stack ?? String(error) });
  }
}
