/** Rows by the shard that has them, where tables are spread over shards (Citus): there a statement that locks, or takes so many of each, asks one. */
import type { Db, Fragment } from './pool.ts';

/** Rows in parts, a shard each, in the order of shards; all in one on plain Postgres. */
export function byShard<R>(db: Db, rows: readonly R[], bucketOf: (row: R) => number): (readonly R[])[] {
  const { shardOf } = db.placement;
  if (!shardOf || rows.length < 2) return [rows];
  const parts = Map.groupBy(rows, (row) => shardOf[bucketOf(row)]!);
  return [...parts].sort(([a], [b]) => a - b).map(([, part]) => part);
}

/** What is asked of rows, in one statement; on Citus in one for each shard, which asks with `onShard` for the buckets of those it is given. */
export async function onEachShard<R, T>(
  db: Db,
  rows: readonly R[],
  bucketOf: (row: R) => number,
  ask: (some: readonly R[], buckets: number[]) => Promise<T[]>,
): Promise<T[]> {
  const parts = byShard(db, rows, bucketOf);
  const found = await Promise.all(parts.map((some) => ask(some, [...new Set(some.map(bucketOf))])));
  return found.length === 1 ? found[0]! : found.flat();
}

/** How a CTE of rows that are given is planned: as if it stood where it is named. On Citus, which takes nothing there that reads an array from text, before that. */
export const workedOut = (db: Db): Fragment =>
  db.placement.distributed ? db`MATERIALIZED` : db`NOT MATERIALIZED`;
