/**
 * Guesses at links and codes, over all processes: who brings ones that lead nowhere has to wait. A bucket per caller that leaks;
 * the caller stands in it as a keyed hash, so that a dump of the database names no network.
 */
import { hkdfSync } from 'node:crypto';
import { hmac } from '../base/crypto.ts';
import type { Db } from '../db/pool.ts';
import { countGuess, deleteOldGuesses, selectGuesses } from './sql.guesses.ts';

/** Wrong codes a caller may bring at once, and the time after which it may bring one more. */
const MOST = 20;
const LEAK_MS = 6_000;
/** After a pause this long a caller's bucket is as good as empty: ten times what a full one takes to leak. */
const FORGOTTEN_MS = 10 * MOST * LEAK_MS;

/** The guesses of all callers. One per door; what is counted is shared by all. */
export type Guesses = {
  /** Milliseconds for which the caller has to wait; 0 when it may try. */
  waitMs(caller: string, nowMs: number): Promise<number>;
  /** Notes that what the caller brought was none of ours. */
  missed(caller: string, nowMs: number): Promise<void>;
};

/** Guesses, kept in `db` under a key made of the install's secret. */
export function createGuesses(db: Db, secret: string): Guesses {
  const key = Buffer.from(hkdfSync('sha256', secret, 'parley', 'guesses-1', 32));
  const of = (caller: string, nowMs: number) => ({
    callerHash: hmac('sha256', key, caller, 'hex'),
    nowMs,
    leakMs: LEAK_MS,
  });
  return {
    async waitMs(caller, nowMs) {
      const over = (await selectGuesses(db, of(caller, nowMs))) - (MOST - 1);
      return over <= 0 ? 0 : over * LEAK_MS;
    },
    missed: (caller, nowMs) => countGuess(db, of(caller, nowMs)),
  };
}

/** Forgets callers who have stopped guessing. */
export async function sweepGuesses(db: Db, nowMs: number): Promise<void> {
  await deleteOldGuesses(db, nowMs - FORGOTTEN_MS);
}
