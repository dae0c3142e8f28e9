/** The line before a provider: so many calls at a time, so many messages a second, interactive ones first. */
import type { Clock } from '../base/clock.ts';

/** A line. */
export type Line = {
  /** Runs `call` when it is its turn. `messages` is how many messages it carries, which the rate counts. */
  enter(interactive: boolean, messages: number, call: () => Promise<void>): void;
  /** How long a message that enters now would wait for the rate alone, ms. */
  waitMs(interactive: boolean): number;
  /** Messages a second that this process may send now; undefined without a limit. */
  ratePerS(): number | undefined;
  readonly inFlight: number;
};

type Waiting = { messages: number; call: () => Promise<void> };

/** A line with `concurrency` places; `share` says which part of the rate is this process's. */
export function createLine(options: {
  clock: Clock;
  concurrency: number;
  ratePerS?: number | undefined;
  share: () => number;
}): Line {
  const { clock, concurrency, share } = options;
  const first: Waiting[] = [];
  const rest: Waiting[] = [];
  let inFlight = 0;
  let waitingMessages = 0;
  let tokens = 0;
  let filledAt = clock.monotonicMs();
  let timer: (() => void) | undefined;

  const rate = () =>
    options.ratePerS === undefined ? undefined : Math.max(0.01, options.ratePerS * share());

  /** Tokens for one second at most may gather: a pause does not become a burst. */
  const fill = (perS: number) => {
    const now = clock.monotonicMs();
    tokens = Math.min(Math.max(1, perS), tokens + ((now - filledAt) / 1000) * perS);
    filledAt = now;
  };

  const start = (waiting: Waiting) => {
    inFlight++;
    waitingMessages -= waiting.messages;
    void waiting.call().finally(() => {
      inFlight--;
      advance();
    });
  };

  function advance(): void {
    while (inFlight < concurrency) {
      const next = first[0] ?? rest[0];
      if (!next) return;
      const perS = rate();
      if (perS !== undefined) {
        fill(perS);
        // A batch larger than a second's rate goes when the bucket is full, and leaves it in debt.
        const needed = Math.min(next.messages, Math.max(1, perS));
        if (tokens < needed) {
          timer ??= clock.after(((needed - tokens) / perS) * 1000 + 1, () => {
            timer = undefined;
            advance();
          });
          return;
        }
        tokens -= next.messages;
      }
      (first.length ? first : rest).shift();
      start(next);
    }
  }

  return {
    enter(interactive, messages, call) {
      waitingMessages += messages;
      (interactive ? first : rest).push({ messages, call });
      advance();
    },
    waitMs(interactive) {
      const perS = rate();
      if (perS === undefined) return 0;
      fill(perS);
      const ahead = interactive ? first.reduce((sum, { messages }) => sum + messages, 0) : waitingMessages;
      return Math.max(0, ((ahead + 1 - tokens) / perS) * 1000);
    },
    ratePerS: rate,
    get inFlight() {
      return inFlight;
    },
  };
}
