/** Guesses at links and codes: who brings ones that lead nowhere has to wait, by an allowance of his network. */
import type { Db } from '../db/pool.ts';
import { createAllowances } from './allowances.ts';

/** Wrong codes a caller may bring at once; after six seconds one more. */
const WRONG = { most: 20, windowMs: 120_000 };

/** The guesses of all callers. One per door; what is counted is shared by all. */
type Guesses = {
  /** Milliseconds for which the caller has to wait; 0 when it may try. */
  waitMs(caller: string, nowMs: number): Promise<number>;
  /** Notes that what the caller brought was none of ours. */
  missed(caller: string, nowMs: number): Promise<void>;
};

/** Guesses, kept in `db` under a key made of the install's secret. */
export function createGuesses(db: Db, secret: string): Guesses {
  const allowances = createAllowances(db, secret);
  return {
    waitMs: (caller, nowMs) => allowances.waitMs(caller, WRONG, nowMs),
    missed: (caller, nowMs) => allowances.spend(caller, WRONG, nowMs),
  };
}
