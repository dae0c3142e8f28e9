/**
 * Work on what strangers wrote, in a thread of its own: whatever it takes, the loop that serves everybody goes on. A thread is
 * started when there is something to do and ended when there was nothing for a while, so that an idle install holds none; work that
 * takes longer than its deadline, or more memory than its share, ends the thread and nothing else. Who hands in much waits for its
 * own: waiting work is taken in turns of whom it is for. Knows nothing of what is done.
 */
import { Worker } from 'node:worker_threads';
import { systemClock } from './clock.ts';

/** What came of work. `late`: the deadline passed. `broke`: the thread ended, or the work threw: a fault of ours. */
type ApartResult<Out> = { kind: 'done'; value: Out } | { kind: 'late' } | { kind: 'broke'; error: Error };

/** A thread that does one kind of work. */
export type Apart<In, Out> = {
  /** Does it when it is its turn. `whose` is for whom: each has turns of its own. What is in `hand` is given away, not copied. */
  run: (input: In, whose: number, hand?: readonly ArrayBuffer[]) => Promise<ApartResult<Out>>;
};

/** How long one piece of work may take, and how much of V8's heap. */
type ApartLimits = { deadlineMs: number; heapMb: number };

/** A thread without work ends after this. */
const IDLE_MS = 30_000;

type Waiting<In, Out> = {
  input: In;
  hand: readonly ArrayBuffer[];
  settle: (result: ApartResult<Out>) => void;
};
type Reply<Out> = { value: Out } | { error: string };

/** A thread for the work of a module, which calls `servesApart` (`apartThread.ts`). */
export function createApart<In, Out>(module: URL, { deadlineMs, heapMb }: ApartLimits): Apart<In, Out> {
  // A line for each one for whom there is work, in the order of their turns.
  const lines = new Map<number, Waiting<In, Out>[]>();
  let thread: Worker | undefined;
  let isBusy = false;
  let lastServed: number | undefined;
  let cancelIdle: (() => void) | undefined;

  function next(): Waiting<In, Out> | undefined {
    // Whoever was served last comes behind all others, though nobody else was waiting then.
    const whose = [...lines.keys()].find((one) => one !== lastServed) ?? lines.keys().next().value;
    if (whose === undefined) return undefined;
    lastServed = whose;
    const line = lines.get(whose)!;
    const work = line.shift();
    lines.delete(whose);
    if (line.length) lines.set(whose, line);
    return work;
  }

  async function workOff(): Promise<void> {
    if (isBusy) return;
    isBusy = true;
    cancelIdle?.();
    for (let work = next(); work; work = next()) {
      thread ??= openThread();
      const result = await doneIn<In, Out>(thread, work, deadlineMs);
      if (result.kind !== 'done') end();
      work.settle(result);
    }
    isBusy = false;
    cancelIdle = systemClock.after(IDLE_MS, end);
  }

  function openThread(): Worker {
    const opened = new Worker(module, {
      resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: 16 },
      env: {},
    });
    // What a thread that is ended still says is nobody's; whoever waits for it hears of it by itself.
    opened.on('error', () => {});
    opened.once('exit', () => {
      if (thread === opened) thread = undefined;
    });
    return opened;
  }

  function end(): void {
    void thread?.terminate();
    thread = undefined;
  }

  return {
    run: (input, whose, hand = []) =>
      new Promise((settle) => {
        const line = lines.get(whose) ?? [];
        line.push({ input, hand, settle });
        lines.set(whose, line);
        void workOff();
      }),
  };
}

/** One piece of work; settles when the thread has answered, has ended, or the deadline has passed. */
function doneIn<In, Out>(
  thread: Worker,
  { input, hand }: Waiting<In, Out>,
  deadlineMs: number,
): Promise<ApartResult<Out>> {
  return new Promise((resolve) => {
    const settle = (result: ApartResult<Out>) => {
      cancel();
      thread.off('message', answered).off('error', failed).off('exit', ended);
      // A thread that waits keeps no process alive.
      thread.unref();
      resolve(result);
    };
    const answered = (reply: Reply<Out>) =>
      settle(
        'value' in reply
          ? { kind: 'done', value: reply.value }
          : { kind: 'broke', error: new Error(reply.error) },
      );
    const failed = (error: Error) => settle({ kind: 'broke', error });
    const ended = () => failed(new Error('the thread ended'));
    const cancel = systemClock.after(deadlineMs, () => settle({ kind: 'late' }));
    thread.once('message', answered).once('error', failed).once('exit', ended);
    thread.ref();
    thread.postMessage(input, [...hand]);
  });
}
