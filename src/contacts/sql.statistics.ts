/** Statements on the planner's statistics. */
import type { Db } from '../db/pool.ts';

/**
 * Tables that were never analysed, or have more than twice the pages they had then. By their size on disk, since the counters that
 * autovacuum goes by are up to ten seconds late. Small ones are left alone: any plan will do. Locks nothing.
 */
export async function selectGrown(db: Db, tables: readonly string[]): Promise<string[]> {
  if (db.placement.distributed) return [];
  const rows = await db<{ name: string }[]>`
    SELECT c.relname AS name FROM unnest(${[...tables]}::text[]) t (name) JOIN pg_class c ON c.oid = to_regclass(t.name)
    WHERE pg_relation_size(c.oid) / current_setting('block_size')::int > 8 + 2 * (CASE WHEN c.reltuples < 0 THEN 0 ELSE c.relpages END)`;
  return rows.map(({ name }) => name);
}

/** Samples a table; whoever is at it already is left to it. Holds up no reader and no writer. */
export async function analyse(db: Db, table: string): Promise<void> {
  await db.unsafe(`ANALYZE (SKIP_LOCKED) ${table}`);
}
