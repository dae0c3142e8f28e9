/**
 * How Postgres plans what a connection asks. A statement that names its rows by key has one good plan, by its indexes, whatever the keys
 * and however full the tables: it is planned once for a connection and kept. Left to itself Postgres plans such a statement anew each
 * time, since it believes ten keys where one is given: over half of what the server does for a notification (`npm run bench -- --only
 * notifications --profile`). All else (audiences, lists, imports) is planned for its values, as Postgres sees fit.
 */
import type pg from 'pg';
import type { AskedManner } from './statement.ts';

type Asked = { query: pg.PoolClient['query'] };

/**
 * Indexes only: a plan that is kept must not be one that was good while a table was empty. Sorting stays: without it a few rows that are
 * locked in their order would be found by going through the whole index that has it.
 */
const SETTINGS = ['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin'];
const KEYED = `SET plan_cache_mode = force_generic_plan; ${SETTINGS.map((name) => `SET ${name} = off`).join('; ')}`;
const FREE = `RESET plan_cache_mode; ${SETTINGS.map((name) => `RESET ${name}`).join('; ')}`;

/** Follows how each connection plans. To be called outside its transactions; what is asked next is planned so. */
export function createPlans(): (client: Asked, manner: AskedManner) => void {
  const keyedNow = new WeakMap<Asked, boolean>();
  return (client, manner) => {
    const keyed = manner !== 'free';
    if (manner === 'anyhow' || (keyedNow.get(client) ?? false) === keyed) return;
    keyedNow.set(client, keyed);
    // It goes out with what follows. Where it fails the connection is lost, and what follows says so.
    client.query(keyed ? KEYED : FREE).catch(() => keyedNow.delete(client));
  };
}
