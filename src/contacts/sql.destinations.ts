/** Statements on destinations that exist, on suppressions and on the consent log. All batches, all within the contact's bucket. */
import type { ChannelName } from '../../contract/channels.ts';
import { bucketOf, inKeyOrder } from '../base/ids.ts';
import { column } from '../db/column.ts';
import type { Db } from '../db/pool.ts';
import type { DestinationStatus } from './wanted.ts';

/** An address of a contact on a channel. */
export type Destination = {
  id: number;
  contactId: number;
  workspaceId: number;
  channel: ChannelName;
  integrationId: number | null;
  address: string;
  status: DestinationStatus;
  /** A bit per message class, see CLASS_BIT. */
  blockedClasses: number;
  blockedReason: string | null;
  /** What blocks it, see consent/compiled.ts. */
  blocks: string[] | null;
  displayName: string | null;
  raw: unknown;
  info: unknown;
  linkedMs: number;
  lastSeenMs: number;
  lastInboundMs: number | null;
};

/** A destination of a contact, by ids. */
export type DestinationRef = { contactId: number; destinationId: number };

/** An address of a contact, wherever it is linked. */
type ContactAddress = {
  workspaceId: number;
  contactId: number;
  channel: ChannelName;
  address: string;
};

const COLUMNS = (db: Db) => db`
  d.id, d.contact_id AS "contactId", d.workspace_id AS "workspaceId", d.channel, d.integration_id AS "integrationId",
  d.address, d.status, d.blocked_classes AS "blockedClasses", d.blocked_reason AS "blockedReason", d.blocks,
  d.display_name AS "displayName", d.raw, d.info, d.linked_ms AS "linkedMs", d.last_seen_ms AS "lastSeenMs",
  d.last_inbound_ms AS "lastInboundMs"`;

const refColumns = (db: Db, refs: readonly DestinationRef[]) => db`unnest(
  ${column(refs, (r) => bucketOf(r.contactId))}::smallint[], ${column(refs, (r) => r.contactId)}::bigint[],
  ${column(refs, (r) => r.destinationId)}::bigint[])`;

/** The destinations of contacts of a workspace, oldest first. Locks nothing. */
export async function selectDestinations(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<Destination[]> {
  return await db<Destination[]>`
    SELECT ${COLUMNS(db)} FROM destinations d
    WHERE d.bucket = ANY(${[...new Set(contactIds.map(bucketOf))]}::smallint[])
      AND d.contact_id = ANY(${[...contactIds]}::bigint[]) AND d.workspace_id = ${workspaceId}
    ORDER BY d.contact_id, d.linked_ms, d.id`;
}

/** Deletes destinations and returns what they were. Locks them. */
export async function deleteDestinations(
  db: Db,
  workspaceId: number,
  refs: readonly DestinationRef[],
): Promise<Destination[]> {
  return await db<Destination[]>`
    DELETE FROM destinations d USING ${refColumns(db, refs)} r (bucket, contact_id, id)
    WHERE d.bucket = r.bucket AND d.contact_id = r.contact_id AND d.id = r.id AND d.workspace_id = ${workspaceId}
    RETURNING ${COLUMNS(db)}`;
}

/** Deletes all destinations of contacts and returns what they were. Locks them. */
export async function deleteAllDestinations(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<Destination[]> {
  return await db<Destination[]>`
    DELETE FROM destinations d
    WHERE d.bucket = ANY(${[...new Set(contactIds.map(bucketOf))]}::smallint[])
      AND d.contact_id = ANY(${[...contactIds]}::bigint[]) AND d.workspace_id = ${workspaceId}
    RETURNING ${COLUMNS(db)}`;
}

/** Sets where destinations stand; returns those that are there. Locks them. */
export async function updateStatus(
  db: Db,
  workspaceId: number,
  refs: readonly (DestinationRef & { status: DestinationStatus })[],
): Promise<Destination[]> {
  return await db<Destination[]>`
    UPDATE destinations d SET status = r.status
    FROM unnest(${column(refs, (r) => bucketOf(r.contactId))}::smallint[], ${column(refs, (r) => r.contactId)}::bigint[],
      ${column(refs, (r) => r.destinationId)}::bigint[], ${column(refs, (r) => r.status)}::text[])
      r (bucket, contact_id, id, status)
    WHERE d.bucket = r.bucket AND d.contact_id = r.contact_id AND d.id = r.id AND d.workspace_id = ${workspaceId}
    RETURNING ${COLUMNS(db)}`;
}

/** A message from the person came in on a destination. `raw` is JSON text. */
type Inbound = DestinationRef & {
  workspaceId: number;
  atMs: number;
  displayName: string | null;
  raw: string | null;
};

/**
 * Records the last message from the person, never an earlier one over a later; returns those that something blocks. Locks the
 * destinations. One row each.
 */
export async function updateInbound(
  db: Db,
  given: readonly Inbound[],
): Promise<(ContactAddress & { blocks: string[] | null })[]> {
  const rows = inKeyOrder(given, ({ contactId }) => contactId);
  const seen = await db<(ContactAddress & { blocks: string[] | null })[]>`
    UPDATE destinations d SET last_inbound_ms = greatest(d.last_inbound_ms, r.at_ms),
      last_seen_ms = greatest(d.last_seen_ms, r.at_ms), display_name = coalesce(r.display_name, d.display_name),
      raw = coalesce(r.raw::jsonb, d.raw), status = CASE WHEN d.status = 'inactive' THEN 'active' ELSE d.status END
    FROM unnest(${column(rows, (r) => bucketOf(r.contactId))}::smallint[], ${column(rows, (r) => r.contactId)}::bigint[],
      ${column(rows, (r) => r.destinationId)}::bigint[], ${column(rows, (r) => r.workspaceId)}::bigint[],
      ${column(rows, (r) => r.atMs)}::bigint[], ${column(rows, (r) => r.displayName)}::text[], ${column(rows, (r) => r.raw)}::text[])
      r (bucket, contact_id, id, workspace_id, at_ms, display_name, raw)
    WHERE d.bucket = r.bucket AND d.contact_id = r.contact_id AND d.id = r.id AND d.workspace_id = r.workspace_id
    RETURNING d.workspace_id AS "workspaceId", d.contact_id AS "contactId", d.channel, d.address, d.blocks`;
  return seen.filter(({ blocks }) => blocks !== null);
}

/** Records on contacts when they last wrote. Locks the contacts. One row each. */
export async function updateContactsInbound(
  db: Db,
  given: readonly { workspaceId: number; contactId: number; atMs: number }[],
): Promise<void> {
  const rows = inKeyOrder(given, ({ contactId }) => contactId);
  await db`
    UPDATE contacts c SET last_inbound_ms = greatest(c.last_inbound_ms, r.at_ms)
    FROM unnest(${column(rows, (r) => bucketOf(r.contactId))}::smallint[], ${column(rows, (r) => r.contactId)}::bigint[],
      ${column(rows, (r) => r.workspaceId)}::bigint[], ${column(rows, (r) => r.atMs)}::bigint[]) r (bucket, id, workspace_id, at_ms)
    WHERE c.bucket = r.bucket AND c.workspace_id = r.workspace_id AND c.id = r.id`;
}

/** What was decided about an address: `blockedClasses` is what is blocked since. */
export type ConsentEntry = {
  id: number;
  contactId: number;
  workspaceId: number;
  /** `none` where somebody without an address was erased. */
  channel: ChannelName | 'none';
  address: string;
  blockedClasses: number;
  reason: string;
  atMs: number;
};

/** Appends to the consent log. Locks nothing that another can see. */
export async function insertConsent(db: Db, rows: readonly ConsentEntry[]): Promise<void> {
  await db`
    INSERT INTO consent_log (bucket, id, contact_id, workspace_id, channel, address, blocked_classes, reason, at_ms)
    SELECT * FROM unnest(${column(rows, (r) => bucketOf(r.id))}::smallint[], ${column(rows, (r) => r.id)}::bigint[],
      ${column(rows, (r) => r.contactId)}::bigint[], ${column(rows, (r) => r.workspaceId)}::bigint[],
      ${column(rows, (r) => r.channel)}::text[], ${column(rows, (r) => r.address)}::text[],
      ${column(rows, (r) => r.blockedClasses)}::smallint[], ${column(rows, (r) => r.reason)}::text[],
      ${column(rows, (r) => r.atMs)}::bigint[])`;
}

/** The consent log of a contact, oldest first. Locks nothing. */
export async function selectConsent(db: Db, workspaceId: number, contactId: number): Promise<ConsentEntry[]> {
  return await db<ConsentEntry[]>`
    SELECT id, contact_id AS "contactId", workspace_id AS "workspaceId", channel, address,
      blocked_classes AS "blockedClasses", reason, at_ms AS "atMs"
    FROM consent_log WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId} AND workspace_id = ${workspaceId}
    ORDER BY id`;
}

/** The addresses in the consent log of contacts that are not proofs yet. Locks nothing. */
export async function selectLogged(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<{ id: number; channel: string; address: string }[]> {
  return await db<{ id: number; channel: string; address: string }[]>`
    SELECT id, channel, address FROM consent_log
    WHERE bucket = ANY(${[...new Set(contactIds.map(bucketOf))]}::smallint[])
      AND contact_id = ANY(${[...contactIds]}::bigint[]) AND workspace_id = ${workspaceId} AND address NOT LIKE 'hmac:%'`;
}
