/**
 * Allowances: how often somebody may do something, over all processes. What is used comes back with time; a row holds the moment at
 * which all of it is back, which is all that has to be known. Who it is stands there as a keyed hash, so that a dump of the database
 * names no network.
 */
import { hkdfSync } from 'node:crypto';
import { hmac } from '../base/crypto.ts';
import type { Db } from '../db/pool.ts';
import { deleteFullAllowances, selectBackMs, spendAllowance, takeAllowance } from './sql.allowances.ts';

/** So often at once, and as often again in `windowMs`: once every `windowMs / most`. */
type Allowance = { readonly most: number; readonly windowMs: number };

/** The allowances of all callers. What is used is shared by all who ask. */
type Allowances = {
  /** Milliseconds after which `who` may do it once more; 0 when at once. */
  waitMs(who: string, allowance: Allowance, nowMs: number): Promise<number>;
  /** Notes that `who` did it, also beyond what was allowed. */
  spend(who: string, allowance: Allowance, nowMs: number): Promise<void>;
  /** Uses it once, or `times`, where it may; returns the milliseconds after which `who` may, 0 when it was used. */
  take(who: string, allowance: Allowance, nowMs: number, times?: number): Promise<number>;
};

/** Allowances, kept in `db` under a key made of the install's secret. */
export function createAllowances(db: Db, secret: string): Allowances {
  const key = Buffer.from(hkdfSync('sha256', secret, 'parley', 'allowances-1', 32));
  const hashOf = (who: string) => hmac('sha256', key, who, 'hex');
  const waitMs = async (who: string, { most, windowMs }: Allowance, nowMs: number, times = 1) => {
    const backMs = await selectBackMs(db, hashOf(who));
    return Math.max(0, Math.ceil(backMs - nowMs - windowMs + (times * windowMs) / most));
  };
  return {
    waitMs: (who, allowance, nowMs) => waitMs(who, allowance, nowMs),
    spend: (who, { most, windowMs }, nowMs) => spendAllowance(db, hashOf(who), nowMs, windowMs / most),
    async take(who, allowance, nowMs, times = 1) {
      const { most, windowMs } = allowance;
      const use = { whoHash: hashOf(who), costMs: (times * windowMs) / most, windowMs };
      const isTaken = await takeAllowance(db, use, nowMs);
      return isTaken ? 0 : Math.max(1, await waitMs(who, allowance, nowMs, times));
    },
  };
}

/** Forgets those who have all of theirs back. */
export async function sweepAllowances(db: Db, nowMs: number): Promise<void> {
  await deleteFullAllowances(db, nowMs);
}
