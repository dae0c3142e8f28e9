/**
 * Statements that look through contacts with a condition on `contacts c`, so many at a time, whatever it is. Never prepared: each is planned
 * for its condition. Two statements where one would do, since Citus joins no `LIMIT` with what hangs on a contact.
 */
import { bucketOf } from '../base/ids.ts';
import { column } from '../db/column.ts';
import type { Db, Fragment } from '../db/pool.ts';

/** The id of the n-th newest contact below an id; undefined where there are fewer. Reads every bucket. Locks nothing. */
export async function selectNth(
  db: Db,
  workspaceId: number,
  { belowId, n }: { belowId: number; n: number },
): Promise<number | undefined> {
  const [row] = await db<{ id: number }[]>`
    SELECT c.id FROM contacts c WHERE c.workspace_id = ${workspaceId} AND c.bucket >= 0 AND c.id < ${belowId}
    ORDER BY c.id DESC LIMIT 1 OFFSET ${n - 1}`;
  return row?.id;
}

/** Contacts from an id to below another for whom a condition holds, newest first. Reads every bucket. Locks nothing. */
export async function selectBetween(
  db: Db,
  workspaceId: number,
  between: { fromId: number; belowId: number },
  condition: Fragment,
  limit: number,
): Promise<number[]> {
  const rows = await db<{ id: number }[]>`
    SELECT c.id FROM contacts c
    WHERE c.workspace_id = ${workspaceId} AND c.bucket >= 0 AND c.id >= ${between.fromId} AND c.id < ${between.belowId}
      AND ${condition}
    ORDER BY c.id DESC LIMIT ${limit}`.unprepared();
  return rows.map(({ id }) => id);
}

/** Of some contacts, which of some conditions hold, in order. Locks nothing. */
export async function selectHolding(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
  conditions: readonly Fragment[],
): Promise<{ id: number; holds: boolean[] }[]> {
  const list = conditions.reduce((all, one) => db`${all}, ${one}`);
  return await db<{ id: number; holds: boolean[] }[]>`
    SELECT c.id, ARRAY[${list}] AS holds
    FROM unnest(${column(contactIds, bucketOf)}::smallint[], ${column(contactIds, Number)}::bigint[]) AS k (bucket, id)
    JOIN contacts c ON c.bucket = k.bucket AND c.workspace_id = ${workspaceId} AND c.id = k.id`.unprepared();
}

/** A value of an attribute, as text, and how many of the contacts that were looked at have it. Null for what is no scalar. */
export type ValueSeen = { name: string; type: string; value: string | null; n: number };

/** What attributes the newest contacts have. Reads every bucket. Locks nothing. */
export async function selectValuesSeen(
  db: Db,
  workspaceId: number,
  most: { contacts: number; values: number; length: number },
): Promise<ValueSeen[]> {
  return await db<ValueSeen[]>`
    SELECT a.key AS name, jsonb_typeof(a.value) AS type,
      CASE WHEN jsonb_typeof(a.value) IN ('string', 'number', 'boolean') AND length(a.value #>> '{}') <= ${most.length}
        THEN a.value #>> '{}' END AS value, count(*)::integer AS n
    FROM (SELECT c.attributes FROM contacts c WHERE c.workspace_id = ${workspaceId} AND c.bucket >= 0
      ORDER BY c.id DESC LIMIT ${most.contacts}) c, jsonb_each(c.attributes) a
    GROUP BY 1, 2, 3 ORDER BY n DESC, 1, 3 LIMIT ${most.values}`;
}
