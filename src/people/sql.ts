/**
 * The statements of this room: rows that name a person, whole, and whether there are any. Tables and columns are those that rooms declare (`exports` in each
 * `room.ts`), never anything a caller says.
 */
import { bucketOf } from '../base/ids.ts';
import type { Db } from '../db/pool.ts';

/** Most rows of one table: more than a person with the fullest conversation has. */
const MOST_ROWS = 100_000;

/** The rows of a table whose column holds one of these ids, which are of the bucket of the person. Locks nothing. */
export async function selectRowsNaming(
  db: Db,
  where: { table: string; column: string; hasBucket: boolean; workspaceId: number | null },
  ids: readonly number[],
): Promise<Record<string, unknown>[]> {
  const { table, column, hasBucket, workspaceId } = where;
  const rows = await db.unsafe<{ row: Record<string, unknown> }[]>(
    `SELECT to_jsonb(t) AS row FROM ${table} t
     WHERE ${hasBucket ? 't.bucket = ANY($2::smallint[]) AND' : '$2::smallint[] IS NOT NULL AND'} t.${column} = ANY($1::bigint[])
     AND ${workspaceId === null ? '$3::bigint IS NULL' : 't.workspace_id = $3::bigint'}
     LIMIT ${MOST_ROWS}`,
    [[...ids], [...new Set(ids.map(bucketOf))], workspaceId],
  );
  return rows.map(({ row }) => row);
}

/** Those of some people of whom a table has a row, but for rows that say nothing (`unused`): for each, the first by an index. Locks nothing. */
export async function selectNamed(
  db: Db,
  where: {
    table: string;
    column: string;
    hasBucket: boolean;
    workspaceId: number | null;
    unused?: { column: string; is: number | 'their id' } | undefined;
  },
  ids: readonly number[],
): Promise<number[]> {
  const { table, column, hasBucket, workspaceId, unused } = where;
  const says = unused
    ? `AND t.${unused.column} <> ${unused.is === 'their id' ? 'k.id' : Math.trunc(unused.is)}`
    : '';
  const rows = await db.unsafe<{ id: number }[]>(
    `SELECT k.id FROM unnest($1::smallint[], $2::bigint[]) k (bucket, id)
     WHERE EXISTS (SELECT 1 FROM ${table} t WHERE ${hasBucket ? 't.bucket = k.bucket AND' : ''} t.${column} = k.id ${says}
       AND ${workspaceId === null ? '$3::bigint IS NULL' : 't.workspace_id = $3::bigint'})`,
    [ids.map(bucketOf), [...ids], workspaceId],
  );
  return rows.map(({ id }) => id);
}
