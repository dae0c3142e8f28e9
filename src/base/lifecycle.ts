/** Long-running parts: started in order, stopped in reverse, each safe to stop twice or unstarted. */
import type { Clock } from './clock.ts';

/** Something that runs: a server, a worker, a pool. `stop` waits until it is at rest. */
export type Part = {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
};

/** Runs parts as one. When a start fails, those already started are stopped before the error goes on. */
export function lifecycle(parts: readonly Part[]): Part {
  const started: Part[] = [];
  let stopping: Promise<void> | undefined;
  const stopAll = async () => {
    const errors: unknown[] = [];
    for (let part = started.pop(); part; part = started.pop()) {
      await part.stop().catch((error: unknown) => errors.push(error));
    }
    if (errors.length) throw new AggregateError(errors, 'some parts did not stop cleanly');
  };
  return {
    name: 'all',
    async start() {
      for (const part of parts) {
        started.push(part);
        try {
          await part.start();
        } catch (error) {
          await stopAll();
          throw error;
        }
      }
    },
    stop() {
      stopping ??= stopAll();
      return stopping;
    },
  };
}

/**
 * Keeps the process alive while it runs. All our timers and idle connections do without: a worker whose database is away for a
 * moment would otherwise have nothing left to live for, and end in silence.
 */
export function keepAlive(): Part {
  const LONG_MS = 2 ** 30;
  let timer: NodeJS.Timeout | undefined;
  return {
    name: 'keep-alive',
    async start() {
      timer = setInterval(() => {}, LONG_MS);
    },
    async stop() {
      clearInterval(timer);
    },
  };
}

/**
 * A waitable flag: `wait` resolves at the next `ring`, at once when it rang since the last wait, and after `atMost` at the latest. Its timer
 * goes with the ring: a pause beside it would stay until it is over, and a loop that rings a hundred times a second would have thousands.
 */
export type Bell = { ring(): void; wait(atMost?: { clock: Clock; ms: number }): Promise<void> };

/** A bell, for waking a loop without polling. One waits at a time. */
export function bell(): Bell {
  let rung = false;
  let resume: (() => void) | undefined;
  return {
    ring() {
      rung = true;
      resume?.();
    },
    async wait(atMost) {
      if (!rung) {
        await new Promise<void>((resolve) => {
          resume = resolve;
          const cancel = atMost?.clock.after(atMost.ms, resolve);
          if (!cancel) return;
          resume = () => {
            cancel();
            resolve();
          };
        });
      }
      resume = undefined;
      rung = false;
    },
  };
}
