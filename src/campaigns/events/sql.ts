/** Statements on what has arrived and on the names of events. */
import { column } from '../../db/column.ts';
import { bucketOf } from '../../base/ids.ts';
import type { Db } from '../../db/pool.ts';

/**
 * What an arrival is. `changed` tells that a contact's profile may be another one, `call` that they are to enter a campaign, `left` that
 * they have left some.
 */
export const ARRIVAL = { event: 1, changed: 2, call: 3, left: 4 } as const;

/** What has arrived and waits to be taken. Times by the workspace's clock. */
export type ArrivalRow = {
  /** In order of arrival (`ids.inOrder`). */
  id: number;
  lane: number;
  workspaceId: number;
  contactId: number;
  kind: (typeof ARRIVAL)[keyof typeof ARRIVAL];
  nameId: number | null;
  atMs: number;
  receivedMs: number;
  key: number;
  flags: number;
  /** JSON text. */
  properties: string | null;
};

/** Puts arrivals in, sorted by key. Locks nothing but the new rows. */
export async function insertArrivals(db: Db, rows: readonly ArrivalRow[]): Promise<void> {
  const sorted = rows.toSorted((a, b) => bucketOf(a.contactId) - bucketOf(b.contactId) || a.id - b.id);
  await db`
    INSERT INTO event_arrivals (bucket, id, lane, workspace_id, contact_id, kind, name_id, at_ms, received_ms, key, flags, properties)
    SELECT n.bucket, n.id, n.lane, n.workspace_id, n.contact_id, n.kind, n.name_id, n.at_ms, n.received_ms, n.key, n.flags,
      n.properties::jsonb
    FROM unnest(${column(sorted, (r) => bucketOf(r.contactId))}::smallint[], ${column(sorted, (r) => r.id)}::bigint[],
      ${column(sorted, (r) => r.lane)}::smallint[], ${column(sorted, (r) => r.workspaceId)}::bigint[],
      ${column(sorted, (r) => r.contactId)}::bigint[], ${column(sorted, (r) => r.kind)}::smallint[],
      ${column(sorted, (r) => r.nameId)}::bigint[], ${column(sorted, (r) => r.atMs)}::bigint[],
      ${column(sorted, (r) => r.receivedMs)}::bigint[], ${column(sorted, (r) => r.key)}::bigint[],
      ${column(sorted, (r) => r.flags)}::smallint[], ${column(sorted, (r) => r.properties)}::text[])
      AS n (bucket, id, lane, workspace_id, contact_id, kind, name_id, at_ms, received_ms, key, flags, properties)`;
}

/** A name of events. */
type EventName = { id: number; name: string };

/** Those of some names that are known. */
export async function selectNames(
  db: Db,
  workspaceId: number,
  names: readonly string[],
): Promise<EventName[]> {
  return await db<EventName[]>`
    SELECT id, name FROM event_names WHERE workspace_id = ${workspaceId} AND name = ANY(${[...names]}::text[])`;
}

/** Writes names that are new, as far as there are fewer than `most`; the names must be locked. Infinity is all of them. */
export async function insertNames(
  db: Db,
  workspaceId: number,
  names: readonly EventName[],
  nowMs: number,
  most: number,
): Promise<void> {
  const counted = db`(SELECT count(*) FROM event_names WHERE workspace_id = ${workspaceId})`;
  await db`
    INSERT INTO event_names (id, workspace_id, name, created_ms)
    SELECT n.id, ${workspaceId}::bigint, n.name, ${nowMs}::bigint
    FROM unnest(${column(names, (n) => n.id)}::bigint[], ${column(names, (n) => n.name)}::text[]) AS n (id, name)
    WHERE NOT EXISTS (SELECT 1 FROM event_names e WHERE e.workspace_id = ${workspaceId} AND e.name = n.name)
    ORDER BY n.name ${most === Infinity ? db`` : db`LIMIT greatest(0, ${most}::bigint - ${counted})`} ON CONFLICT DO NOTHING`;
}
