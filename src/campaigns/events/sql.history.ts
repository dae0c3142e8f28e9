/** Statements by which people look at events. */
import { bucketOf } from '../../base/ids.ts';
import type { Db } from '../../db/pool.ts';

/** An event of a contact, with its name. */
export type ContactEvent = {
  name: string;
  atMs: number;
  receivedMs: number;
  key: number;
  flags: number;
  properties: Record<string, unknown> | null;
};

/** The events of a contact before a moment and key, newest first. One contact's range of the key; locks nothing. */
export async function selectEventsOf(
  db: Db,
  page: { workspaceId: number; contactId: number; beforeMs: number; beforeKey: number; limit: number },
): Promise<ContactEvent[]> {
  return await db<ContactEvent[]>`
    SELECT n.name, e.at_ms AS "atMs", e.received_ms AS "receivedMs", e.key, e.flags, e.properties
    FROM contact_events e JOIN event_names n ON n.id = e.name_id
    WHERE e.bucket = ${bucketOf(page.contactId)}::smallint AND e.contact_id = ${page.contactId}
      AND e.workspace_id = ${page.workspaceId} AND e.at_ms <= ${page.beforeMs}
      AND (e.at_ms, e.key) < (${page.beforeMs}::bigint, ${page.beforeKey}::bigint)
    ORDER BY e.at_ms DESC, e.key DESC LIMIT ${page.limit}`;
}

/** Names of a workspace after one, in order. Locks nothing. */
export async function selectNamesAfter(
  db: Db,
  page: { workspaceId: number; after: string; limit: number },
): Promise<{ id: number; name: string; createdMs: number }[]> {
  return await db<{ id: number; name: string; createdMs: number }[]>`
    SELECT id, name, created_ms AS "createdMs" FROM event_names
    WHERE workspace_id = ${page.workspaceId} AND name > ${page.after} ORDER BY name LIMIT ${page.limit}`;
}

/** How often events of some names were done by contacts in some buckets, and by how many of them. Reads what all did there. Locks nothing. */
export async function countNames(
  db: Db,
  workspaceId: number,
  of: { nameIds: readonly number[]; buckets: readonly number[] },
): Promise<{ nameId: number; times: number; contacts: number }[]> {
  return await db<{ nameId: number; times: number; contacts: number }[]>`
    SELECT name_id AS "nameId", sum(count)::bigint AS times, count(*) AS contacts FROM event_stats
    WHERE bucket = ANY(${[...of.buckets]}::smallint[]) AND workspace_id = ${workspaceId}
      AND name_id = ANY(${[...of.nameIds]}::bigint[])
    GROUP BY name_id`;
}
