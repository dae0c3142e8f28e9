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

/** A name, with how often it was done and by how many. */
export type CountedName = { name: string; createdMs: number; times: number; contacts: number };

/** Names of a workspace after one, in order, with counts: a walk through the counts of all its contacts. Locks nothing. */
export async function selectCountedNames(
  db: Db,
  page: { workspaceId: number; after: string; limit: number },
): Promise<CountedName[]> {
  return await db<CountedName[]>`
    WITH page AS (
      SELECT id, name, created_ms FROM event_names
      WHERE workspace_id = ${page.workspaceId} AND name > ${page.after} ORDER BY name LIMIT ${page.limit})
    SELECT p.name, p.created_ms AS "createdMs", coalesce(s.times, 0)::bigint AS times, coalesce(s.contacts, 0)::bigint AS contacts
    FROM page p LEFT JOIN (
      SELECT name_id, sum(count)::bigint AS times, count(*) AS contacts FROM event_stats
      WHERE workspace_id = ${page.workspaceId} AND name_id IN (SELECT id FROM page) GROUP BY name_id) s ON s.name_id = p.id
    ORDER BY p.name`;
}
