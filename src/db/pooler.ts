/**
 * Finds a pooler that lends a server connection for one transaction only (PgBouncer's `pool_mode = transaction` or `statement`).
 * Through such a one a prepared statement may be somebody else's, a LISTEN hears nothing and an advisory lock is left behind, all
 * of it silently. Told by what happens to two connections, not by a name: other poolers do the same.
 */
import type { Db, Sql } from './pool.ts';

/** Often enough that a pooler with spare connections is found out, too: it hands them round. */
const ROUNDS = 3;

/** Whether the pool's connections share server connections. Takes two of them, for about ten short statements. */
export async function sharesConnections(sql: Sql): Promise<boolean> {
  const one = await sql.reserve();
  try {
    const other = await sql.reserve();
    try {
      for (let round = 0; round < ROUNDS; round++) if (await isMoved(one, other)) return true;
      return false;
    } finally {
      other.release();
    }
  } catch (error) {
    // PgBouncer refuses BEGIN in statement mode (08P01).
    if ((error as { code?: string }).code === '08P01') return true;
    throw error;
  } finally {
    one.release();
  }
}

/** While the second is in a transaction, a connection of its own still is where it was, and the second is elsewhere. */
async function isMoved(one: Db, other: Db): Promise<boolean> {
  const before = await serverOf(one);
  await other.unsafe('BEGIN');
  const busy = await serverOf(other);
  const after = await serverOf(one);
  await other.unsafe('COMMIT');
  return before === busy || before !== after;
}

async function serverOf(db: Db): Promise<number> {
  const rows = await db.unsafe<{ pid: number }[]>('SELECT pg_backend_pid() AS pid');
  return rows[0]!.pid;
}
