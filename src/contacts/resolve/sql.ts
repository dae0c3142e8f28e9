/**
 * Statements that find or make contacts: identities, and the new rows of contacts and destinations. Batches are parallel
 * arrays through unnest; each table is reached by its distribution column (hash or bucket).
 */
import { bucketOf, inKeyOrder } from '../../base/ids.ts';
import { column } from '../../db/column.ts';
import type { Db } from '../../db/pool.ts';
import type { DestinationKey, IdentityKind, Key } from '../keys.ts';

/** Who owns an identity. */
type Owner = { workspaceId: number; kind: IdentityKind; value: string; contactId: number };

/** A contact to be written. `attributes` is JSON text. */
export type NewContact = {
  workspaceId: number;
  id: number;
  externalId: string | null;
  givenName: string | null;
  surname: string | null;
  attributes: string;
  timeZone: string | null;
  locale: string | null;
  credentialRequired: boolean;
  signedUpMs: number | null;
};

/** A destination to be written. `raw` is JSON text. */
export type NewDestination = DestinationKey & {
  id: number;
  status: string;
  displayName: string | null;
  raw: string | null;
};

/** A destination that is there; `inserted` when this statement put it there. */
type FoundDestination = { id: number; inserted: boolean };

const identityColumns = (db: Db, keys: readonly Key[]) => db`unnest(
  ${column(keys, (k) => k.hash)}::integer[], ${column(keys, (k) => k.workspaceId)}::bigint[],
  ${column(keys, (k) => k.kind)}::text[], ${column(keys, (k) => k.value)}::text[])`;

/** The owners of those keys that have one. Locks nothing. */
export async function ownersOf(db: Db, keys: readonly Key[]): Promise<Owner[]> {
  return await db<Owner[]>`
    SELECT i.workspace_id AS "workspaceId", i.kind, i.value, i.contact_id AS "contactId"
    FROM ${identityColumns(db, keys)} k (hash, workspace_id, kind, value)
    JOIN identities i ON i.hash = k.hash AND i.workspace_id = k.workspace_id AND i.kind = k.kind AND i.value = k.value`;
}

/** A claim that was not made: the key is owned already, perhaps by the contact it was claimed for. */
type Unclaimed = Owner;

/**
 * Claims each key for its contact, and returns those that were owned when it came to it, with their owner: the first writer
 * wins. A claim that another transaction is making at this moment is waited for. Locks the identity rows, in the order of their
 * hashes, so that two batches do not lock each other out. No key may be there twice.
 */
export async function claimIdentities(
  db: Db,
  given: readonly (Key & { contactId: number })[],
): Promise<Unclaimed[]> {
  const claims = given.toSorted((a, b) => a.hash - b.hash);
  // A row for every claim comes back (there is no RETURNING … WHERE), so it is kept small for those that were made.
  const rows = await db<Partial<Unclaimed>[]>`
    INSERT INTO identities AS i (hash, workspace_id, kind, value, contact_id)
    SELECT * FROM unnest(
      ${column(claims, (k) => k.hash)}::integer[], ${column(claims, (k) => k.workspaceId)}::bigint[],
      ${column(claims, (k) => k.kind)}::text[], ${column(claims, (k) => k.value)}::text[],
      ${column(claims, (k) => k.contactId)}::bigint[])
    ON CONFLICT (hash, workspace_id, kind, value) DO UPDATE SET kind = excluded.kind
    RETURNING CASE WHEN xmax = 0 THEN NULL ELSE i.workspace_id END AS "workspaceId",
      CASE WHEN xmax = 0 THEN NULL ELSE i.kind END AS kind, CASE WHEN xmax = 0 THEN NULL ELSE i.value END AS value,
      CASE WHEN xmax = 0 THEN NULL ELSE i.contact_id END AS "contactId"`;
  return rows.filter((row): row is Unclaimed => row.value !== null);
}

/** Marks where claims begin, so that they can be undone. */
export async function beginClaims(db: Db): Promise<void> {
  await db`SAVEPOINT contact_claims`;
}

/** Undoes all since beginClaims, and lets go of what was locked since: whoever waits for it goes on. */
export async function undoClaims(db: Db): Promise<void> {
  await Promise.all([db`ROLLBACK TO SAVEPOINT contact_claims`, db`RELEASE SAVEPOINT contact_claims`]);
}

/** The claims stand. */
export async function keepClaims(db: Db): Promise<void> {
  await db`RELEASE SAVEPOINT contact_claims`;
}

/** Gives up claims, each only while the contact named owns it. Locks the identity rows. */
export async function releaseIdentities(
  db: Db,
  claims: readonly (Key & { contactId: number })[],
): Promise<void> {
  await db`
    DELETE FROM identities i USING unnest(
      ${column(claims, (k) => k.hash)}::integer[], ${column(claims, (k) => k.workspaceId)}::bigint[],
      ${column(claims, (k) => k.kind)}::text[], ${column(claims, (k) => k.value)}::text[],
      ${column(claims, (k) => k.contactId)}::bigint[]) k (hash, workspace_id, kind, value, contact_id)
    WHERE i.hash = k.hash AND i.workspace_id = k.workspace_id AND i.kind = k.kind AND i.value = k.value
      AND i.contact_id = k.contact_id`;
}

/**
 * Marks contacts as changed, gives those without an external id the one named, and returns those that are still there, with the
 * external id that they have. Locks the contact rows until the transaction ends: whoever adds to a contact does this first, so that an erasure
 * happens before it or sees what was added.
 */
export async function touchContacts(
  db: Db,
  given: readonly { workspaceId: number; id: number; externalId: string | null }[],
  nowMs: number,
): Promise<Map<number, string | null>> {
  const rows = inKeyOrder(given, ({ id }) => id);
  const touched = await db<{ id: number; externalId: string | null }[]>`
    UPDATE contacts c SET changed_ms = ${nowMs}, external_id = coalesce(c.external_id, t.external_id)
    FROM unnest(${column(rows, (r) => bucketOf(r.id))}::smallint[], ${column(rows, (r) => r.workspaceId)}::bigint[],
      ${column(rows, (r) => r.id)}::bigint[], ${column(rows, (r) => r.externalId)}::text[]) t (bucket, workspace_id, id, external_id)
    WHERE c.bucket = t.bucket AND c.workspace_id = t.workspace_id AND c.id = t.id
    RETURNING c.id, c.external_id AS "externalId"`;
  return new Map(touched.map(({ id, externalId }) => [id, externalId]));
}

/** Writes contacts. Their ids are new, so nothing is locked that another can see. */
export async function insertContacts(db: Db, rows: readonly NewContact[], nowMs: number): Promise<void> {
  await db`
    INSERT INTO contacts (bucket, workspace_id, id, external_id, given_name, surname, attributes, time_zone, locale,
      credential_required, signed_up_ms, created_ms, changed_ms)
    SELECT n.bucket, n.workspace_id, n.id, n.external_id, n.given_name, n.surname, n.attributes::jsonb, n.time_zone,
      n.locale, n.credential_required = 1, n.signed_up_ms, ${nowMs}::bigint, ${nowMs}::bigint
    FROM unnest(${column(rows, (r) => bucketOf(r.id))}::smallint[], ${column(rows, (r) => r.workspaceId)}::bigint[],
      ${column(rows, (r) => r.id)}::bigint[], ${column(rows, (r) => r.externalId)}::text[],
      ${column(rows, (r) => r.givenName)}::text[], ${column(rows, (r) => r.surname)}::text[],
      ${column(rows, (r) => r.attributes)}::text[], ${column(rows, (r) => r.timeZone)}::text[],
      ${column(rows, (r) => r.locale)}::text[], ${column(rows, (r) => Number(r.credentialRequired))}::smallint[],
      ${column(rows, (r) => r.signedUpMs)}::bigint[])
      n (bucket, workspace_id, id, external_id, given_name, surname, attributes, time_zone, locale, credential_required,
         signed_up_ms)`;
}

/** The ids of the destinations among `wanted` that are there. Locks nothing. */
export async function findDestinations(
  db: Db,
  wanted: readonly { id: number; contactId: number }[],
): Promise<FoundDestination[]> {
  return await db<FoundDestination[]>`
    SELECT d.id, false AS inserted
    FROM unnest(${column(wanted, (r) => bucketOf(r.contactId))}::smallint[], ${column(wanted, (r) => r.contactId)}::bigint[],
      ${column(wanted, (r) => r.id)}::bigint[]) w (bucket, contact_id, id)
    JOIN destinations d ON d.bucket = w.bucket AND d.contact_id = w.contact_id AND d.id = w.id`;
}

/**
 * Writes destinations of contacts that are there; one that exists already stays as it is. Returns all of them but those
 * whose contact is gone. Locks the rows it returns. No destination may be there twice.
 */
export async function insertDestinations(
  db: Db,
  rows: readonly NewDestination[],
  nowMs: number,
): Promise<FoundDestination[]> {
  return await db<FoundDestination[]>`
    INSERT INTO destinations AS d (bucket, contact_id, id, workspace_id, channel, integration_id, address, status,
      display_name, raw, linked_ms, last_seen_ms)
    SELECT n.bucket, n.contact_id, n.id, n.workspace_id, n.channel, n.integration_id, n.address, n.status, n.display_name,
      n.raw::jsonb, ${nowMs}::bigint, ${nowMs}::bigint
    FROM unnest(${column(rows, (r) => bucketOf(r.contactId))}::smallint[], ${column(rows, (r) => r.contactId)}::bigint[],
      ${column(rows, (r) => r.id)}::bigint[], ${column(rows, (r) => r.workspaceId)}::bigint[],
      ${column(rows, (r) => r.channel)}::text[], ${column(rows, (r) => r.integrationId)}::bigint[],
      ${column(rows, (r) => r.address)}::text[], ${column(rows, (r) => r.status)}::text[],
      ${column(rows, (r) => r.displayName)}::text[], ${column(rows, (r) => r.raw)}::text[])
      n (bucket, contact_id, id, workspace_id, channel, integration_id, address, status, display_name, raw)
    JOIN contacts c ON c.bucket = n.bucket AND c.workspace_id = n.workspace_id AND c.id = n.contact_id
    ON CONFLICT (bucket, contact_id, id) DO UPDATE SET channel = excluded.channel
    RETURNING d.id, (xmax = 0) AS inserted`;
}
