/** Two at once on the store: one thing is done, and before that is committed another that waits for it; then the first is committed, or dies. */
import assert from 'node:assert/strict';
import type { Sql, Tx } from '../../src/db/pool.ts';
import { until } from './until.ts';

export type Ends = 'commits' | 'dies';

/** Both ends there are. */
export const ENDS: readonly Ends[] = ['commits', 'dies'];

/** Does both; resolves with what the second came to. Fails where it does not wait for the first. `transact` is the queue's, where one is needed. */
export async function overlapped<T>(
  { sql, transact = (work) => sql.begin(work) }: { sql: Sql; transact?: Sql['begin'] },
  ends: Ends,
  first: (tx: Tx) => Promise<unknown>,
  second: (tx: Tx) => Promise<T>,
): Promise<T> {
  const isDone = Promise.withResolvers<void>();
  const mayEnd = Promise.withResolvers<void>();
  const one = transact(async (tx) => {
    await first(tx);
    isDone.resolve();
    await mayEnd.promise;
    if (ends === 'dies') throw new Error('it dies');
  });
  await Promise.race([isDone.promise, one]);
  const other = transact(second);
  await until('the second waits for the first', async () => {
    const waiting = await sql`
      SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    return waiting.length > 0;
  });
  mayEnd.resolve();
  if (ends === 'dies') await assert.rejects(one, /it dies/);
  else await one;
  return await other;
}
