/** The line before a provider: so many calls at a time, so many messages a second, interactive ones first. */
import type { Clock } from '../base/clock.ts';
import { createAhead, type LineEntry } from './ahead.ts';

/** A line. */
export type Line<T = unknown> = {
  /** Calls each when it is its turn, and may. */
  enter(interactive: boolean, entries: readonly LineEntry<T>[]): void;
  /** How long a message that enters now would wait for the rate alone, ms. */
  waitMs(interactive: boolean): number;
  /** Messages a second that this process may send now; undefined without a limit. */
  ratePerS(): number | undefined;
  readonly inFlight: number;
};

/** What waits is looked at again this often: a run may have been paused, a lease be over. */
const LOOK_MS = 25;
/**
 * Calls of bulk that begin in one turn of the loop. A call and its answer take some 0.1 ms of it, and a single message waits for a dozen
 * turns from its request to the wire: with all places answered and begun anew in each, that is what it waits for.
 */
const A_TURN = 16;

/** A line with `concurrency` places; `share` says which part of the rate is this process's. */
export function createLine<T>(options: {
  clock: Clock;
  concurrency: number;
  ratePerS?: number | undefined;
  share: () => number;
}): Line<T> {
  const { clock, concurrency } = options;
  const tokens = createTokens(options);
  const ahead = createAhead<T>({ clock, concurrency, ratePerS: tokens.ratePerS, ready: advance });
  const turn = createTurn(() => advance());
  let inFlight = 0;
  let cancel: (() => void) | undefined;

  const start = (entry: LineEntry<T>): void => {
    inFlight++;
    void entry.call().finally(() => {
      inFlight--;
      ahead.answered(entry.gatekeeper);
      advance();
    });
  };

  function advance(): void {
    while (inFlight < concurrency) {
      const entry = ahead.next((messages) => tokens.take(messages), turn.isFull());
      if (!entry) break;
      turn.began();
      start(entry);
    }
    ahead.write();
    if (!ahead.isEmpty()) cancel ??= clock.after(Math.min(LOOK_MS, tokens.waitMs() ?? LOOK_MS), look);
  }

  function look(): void {
    cancel = undefined;
    ahead.look();
    advance();
  }

  return {
    enter(interactive, entries) {
      for (const entry of entries) ahead.enter(interactive, entry);
      advance();
    },
    waitMs: (interactive) => tokens.waitFor(ahead.messages(interactive) + 1),
    ratePerS: tokens.ratePerS,
    get inFlight() {
      return inFlight;
    },
  };
}

/** Counts calls in a turn of the loop; `goOn` is called in the next one when it was full. */
function createTurn(goOn: () => void) {
  let begun = 0;
  return {
    isFull: () => begun >= A_TURN,
    began(): void {
      if (begun++ > 0) return;
      setImmediate(() => {
        const wasFull = begun >= A_TURN;
        begun = 0;
        if (wasFull) goOn();
      });
    },
  };
}

/** Tokens for the rate: for one second at most may gather, so that a pause does not become a burst. */
function createTokens(options: { clock: Clock; ratePerS?: number | undefined; share: () => number }) {
  const { clock } = options;
  let tokens = 0;
  let filledAt = clock.monotonicMs();
  /** How many were lacking when a call was last refused. */
  let lacking = 0;
  const rate = () =>
    options.ratePerS === undefined ? undefined : Math.max(0.01, options.ratePerS * options.share());
  const fill = (perS: number) => {
    const now = clock.monotonicMs();
    tokens = Math.min(Math.max(1, perS), tokens + ((now - filledAt) / 1000) * perS);
    filledAt = now;
  };
  return {
    ratePerS: rate,
    take(messages: number): boolean {
      const perS = rate();
      if (perS === undefined) return true;
      fill(perS);
      // A batch larger than a second's rate goes when the bucket is full, and leaves it in debt.
      lacking = Math.max(0, Math.min(messages, Math.max(1, perS)) - tokens);
      if (lacking > 0) return false;
      tokens -= messages;
      return true;
    },
    /** How long until the call that was refused may go; undefined when none was. */
    waitMs(): number | undefined {
      const perS = rate();
      return perS === undefined || lacking <= 0 ? undefined : (lacking / perS) * 1000 + 1;
    },
    waitFor(messages: number): number {
      const perS = rate();
      if (perS === undefined) return 0;
      fill(perS);
      return Math.max(0, ((messages - tokens) / perS) * 1000);
    },
  };
}
