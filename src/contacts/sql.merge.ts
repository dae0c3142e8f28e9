/** Statements that move what is a contact's to another contact. Buckets differ, so rows are deleted and written anew. */
import { bucketOf, inKeyOrder } from '../base/ids.ts';
import { column, listText } from '../db/column.ts';
import type { Db } from '../db/pool.ts';
import type { ConsentEntry, Destination } from './sql.destinations.ts';
import type { Contact } from './sql.ts';

/**
 * Locks two contacts of a workspace, in the order in which contacts are locked (`lockPresent`), against whoever holds one: what hangs on them
 * is written before or after, and never in the other order beside it. Returns those that are there, with
 * their external ids.
 */
export async function lockBoth(
  db: Db,
  workspaceId: number,
  ids: readonly number[],
): Promise<Map<number, string | null>> {
  const found = await Promise.all(
    inKeyOrder(ids, (id) => id).map(
      (id) => db<{ id: number; externalId: string | null }[]>`
        SELECT id, external_id AS "externalId" FROM contacts WHERE bucket = ${bucketOf(id)} AND workspace_id = ${workspaceId} AND id = ${id} FOR UPDATE`,
    ),
  );
  return new Map(found.flat().map(({ id, externalId }) => [id, externalId]));
}

/** Makes identities of one contact another's. Locks them. */
export async function moveIdentities(
  db: Db,
  workspaceId: number,
  fromId: number,
  toId: number,
): Promise<void> {
  await db`
    UPDATE identities SET contact_id = ${toId} WHERE contact_id = ${fromId} AND workspace_id = ${workspaceId}`;
}

/**
 * Writes destinations under another contact with all that is known of them; where it has the same address already, when
 * it was last seen is merged; what blocks it is the same, for it is of the address. Ids are those of keys.ts for the other contact. Locks the rows.
 */
export async function insertMoved(db: Db, rows: readonly Destination[]): Promise<void> {
  const json = (value: unknown) => (value === null ? null : JSON.stringify(value));
  await db`
    INSERT INTO destinations AS d (bucket, contact_id, id, workspace_id, channel, integration_id, address, status,
      blocked_classes, blocked_reason, blocks, display_name, raw, info, linked_ms, last_seen_ms, last_inbound_ms)
    SELECT n.bucket, n.contact_id, n.id, n.workspace_id, n.channel, n.integration_id, n.address, n.status,
      n.blocked_classes, n.blocked_reason, n.blocks::text[], n.display_name, n.raw::jsonb, n.info::jsonb, n.linked_ms, n.last_seen_ms,
      n.last_inbound_ms
    FROM unnest(${column(rows, (r) => bucketOf(r.contactId))}::smallint[], ${column(rows, (r) => r.contactId)}::bigint[],
      ${column(rows, (r) => r.id)}::bigint[], ${column(rows, (r) => r.workspaceId)}::bigint[], ${column(rows, (r) => r.channel)}::text[],
      ${column(rows, (r) => r.integrationId)}::bigint[], ${column(rows, (r) => r.address)}::text[],
      ${column(rows, (r) => r.status)}::text[], ${column(rows, (r) => r.blockedClasses)}::smallint[],
      ${column(rows, (r) => r.blockedReason)}::text[],
      ${column(rows, (r) => r.blocks && listText(r.blocks))}::text[], ${column(rows, (r) => r.displayName)}::text[],
      ${column(rows, (r) => json(r.raw))}::text[], ${column(rows, (r) => json(r.info))}::text[],
      ${column(rows, (r) => r.linkedMs)}::bigint[], ${column(rows, (r) => r.lastSeenMs)}::bigint[],
      ${column(rows, (r) => r.lastInboundMs)}::bigint[])
      n (bucket, contact_id, id, workspace_id, channel, integration_id, address, status, blocked_classes, blocked_reason,
         blocks, display_name, raw, info, linked_ms, last_seen_ms, last_inbound_ms)
    ON CONFLICT (bucket, contact_id, id) DO UPDATE
      SET last_seen_ms = greatest(d.last_seen_ms, excluded.last_seen_ms),
        last_inbound_ms = greatest(d.last_inbound_ms, excluded.last_inbound_ms)`;
}

/** Takes a contact's entries out of the consent log, to be written under another. Locks them. */
export async function takeConsent(db: Db, workspaceId: number, contactId: number): Promise<ConsentEntry[]> {
  return await db<ConsentEntry[]>`
    DELETE FROM consent_log
    WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId} AND workspace_id = ${workspaceId}
    RETURNING id, contact_id AS "contactId", workspace_id AS "workspaceId", channel, address,
      blocked_classes AS "blockedClasses", reason, at_ms AS "atMs"`;
}

/** Fills what the surviving contact lacks from the one that goes. Locks the survivor. */
export async function fillContact(
  db: Db,
  survivorId: number,
  other: Contact,
  attributesBytes: number,
): Promise<void> {
  const merged = db`${JSON.stringify(other.attributes)}::text::jsonb || c.attributes`;
  await db`
    UPDATE contacts c SET external_id = coalesce(c.external_id, ${other.externalId}::text),
      given_name = coalesce(c.given_name, ${other.givenName}::text), surname = coalesce(c.surname, ${other.surname}::text),
      time_zone = coalesce(c.time_zone, ${other.timeZone}::text), locale = coalesce(c.locale, ${other.locale}::text),
      signed_up_ms = least(c.signed_up_ms, ${other.signedUpMs}::bigint),
      last_inbound_ms = greatest(c.last_inbound_ms, ${other.lastInboundMs}::bigint),
      disconnected_ms = greatest(c.disconnected_ms, ${other.disconnectedMs}::bigint),
      attributes = CASE WHEN octet_length((${merged})::text) <= ${attributesBytes} THEN ${merged} ELSE c.attributes END
    WHERE c.bucket = ${bucketOf(survivorId)} AND c.workspace_id = ${other.workspaceId} AND c.id = ${survivorId}`;
}

/** Remembers whom a contact became, also for those that had become it. Locks those. */
export async function insertMerged(
  db: Db,
  merge: { workspaceId: number; fromId: number; intoId: number; nowMs: number },
): Promise<void> {
  const { workspaceId, fromId, intoId, nowMs } = merge;
  await Promise.all([
    db`UPDATE merged_contacts SET into_id = ${intoId} WHERE into_id = ${fromId} AND workspace_id = ${workspaceId}`,
    db`INSERT INTO merged_contacts (bucket, workspace_id, contact_id, into_id, merged_ms)
       VALUES (${bucketOf(fromId)}, ${workspaceId}, ${fromId}, ${intoId}, ${nowMs})`,
  ]);
}

/** Whom contacts became that were merged; those that were not have no row. Locks nothing. */
export async function selectMerged(
  db: Db,
  contacts: readonly { workspaceId: number; contactId: number }[],
): Promise<{ contactId: number; intoId: number; workspaceId: number }[]> {
  return await db<{ contactId: number; intoId: number; workspaceId: number }[]>`
    SELECT m.contact_id AS "contactId", m.into_id AS "intoId", m.workspace_id AS "workspaceId"
    FROM unnest(${column(contacts, (c) => bucketOf(c.contactId))}::smallint[], ${column(contacts, (c) => c.workspaceId)}::bigint[],
      ${column(contacts, (c) => c.contactId)}::bigint[]) AS k (bucket, workspace_id, id)
    JOIN merged_contacts m ON m.bucket = k.bucket AND m.workspace_id = k.workspace_id AND m.contact_id = k.id`;
}

/** Who became a contact. Locks nothing. */
export async function selectMergedInto(db: Db, workspaceId: number, contactId: number): Promise<number[]> {
  const rows = await db<{ contactId: number }[]>`
    SELECT contact_id AS "contactId" FROM merged_contacts WHERE into_id = ${contactId} AND workspace_id = ${workspaceId}`;
  return rows.map((row) => row.contactId);
}

/** When others became a contact, newest first. Locks nothing. */
export async function selectMerges(
  db: Db,
  workspaceId: number,
  contactId: number,
): Promise<{ contactId: number; mergedMs: number }[]> {
  return await db<{ contactId: number; mergedMs: number }[]>`
    SELECT contact_id AS "contactId", merged_ms AS "mergedMs" FROM merged_contacts
    WHERE into_id = ${contactId} AND workspace_id = ${workspaceId} ORDER BY merged_ms DESC LIMIT 1000`;
}

/** Forgets who became these contacts; returns who they were. Locks the rows. */
export async function deleteMergedInto(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<{ contactId: number; intoId: number }[]> {
  return await db<{ contactId: number; intoId: number }[]>`
    DELETE FROM merged_contacts WHERE into_id = ANY(${[...contactIds]}::bigint[]) AND workspace_id = ${workspaceId}
    RETURNING contact_id AS "contactId", into_id AS "intoId"`;
}
