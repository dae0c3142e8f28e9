import type { Sql } from '../../src/db/pool.ts';

/** Connections of a test's pool, as many as it may have (`database.ts`). */
const CONNECTIONS = 8;

/**
 * Rows and entries of indexes of some tables that were read so far, by whatever way. Each connection tells what it has read a second late at its
 * earliest, so those of both pools are asked for it: what a test read to make its rows was counted as what it looks at, now and then.
 */
export async function rowsRead(sql: Sql, one: Sql, tables: readonly string[]): Promise<number> {
  const tell = (pool: Sql) => pool.begin(async (tx) => await tx`SELECT pg_stat_force_next_flush()`);
  // At once, so that each has another connection.
  await Promise.all([tell(one), ...Array.from({ length: CONNECTIONS }, () => tell(sql))]);
  const [read] = await sql<{ n: number }[]>`
    SELECT sum(coalesce(t.seq_tup_read, 0)
      + (SELECT coalesce(sum(i.idx_tup_read), 0) FROM pg_stat_user_indexes i WHERE i.relid = t.relid))::bigint AS n
    FROM pg_stat_user_tables t WHERE t.relname = ANY(${[...tables]}::text[])`;
  return read!.n;
}
