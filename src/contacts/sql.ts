/** Statements on contacts that exist: reading, listing, changing, deleting, merging. */
import { bucketOf, inKeyOrder } from '../base/ids.ts';
import { column } from '../db/column.ts';
import type { Db } from '../db/pool.ts';
import { workedOut } from '../db/shards.ts';
import type { IdentityKind } from './keys.ts';

/** A person. */
export type Contact = {
  id: number;
  workspaceId: number;
  externalId: string | null;
  givenName: string | null;
  surname: string | null;
  attributes: Record<string, unknown>;
  timeZone: string | null;
  locale: string | null;
  credentialRequired: boolean;
  signedUpMs: number | null;
  createdMs: number;
  changedMs: number;
  lastInboundMs: number | null;
  /** When it disconnected last, of a contact that is or was a connected account. */
  disconnectedMs: number | null;
};

const COLUMNS = (db: Db) => db`
  c.id, c.workspace_id AS "workspaceId", c.external_id AS "externalId", c.given_name AS "givenName", c.surname,
  c.attributes, c.time_zone AS "timeZone", c.locale, c.credential_required AS "credentialRequired",
  c.signed_up_ms AS "signedUpMs", c.created_ms AS "createdMs", c.changed_ms AS "changedMs",
  c.last_inbound_ms AS "lastInboundMs", c.disconnected_ms AS "disconnectedMs"`;

/**
 * Contacts by id, in no order. Locks nothing. Each is found by its whole key: of a list of buckets and one of ids Postgres tries every id in
 * every bucket. As a range of one, since it believes that a workspace it knows nothing of has hardly any contacts, and goes through all of them.
 */
export async function selectContacts(
  db: Db,
  workspaceId: number,
  ids: readonly number[],
): Promise<Contact[]> {
  const unique = [...new Set(ids)];
  return await db<Contact[]>`
    SELECT ${COLUMNS(db)} FROM unnest(${column(unique, bucketOf)}::smallint[], ${column(unique, (id) => id)}::bigint[])
      AS k (bucket, id)
    JOIN contacts c ON (c.bucket, c.workspace_id, c.id)
      BETWEEN (k.bucket, ${workspaceId}::bigint, k.id) AND (k.bucket, ${workspaceId}::bigint, k.id)`;
}

/** The newest contacts of a workspace with ids below `belowId`, of all or of one list or tag. Locks nothing. Reads every bucket. */
export async function selectNewest(
  db: Db,
  page: { workspaceId: number; belowId: number; limit: number; setId?: number | undefined },
): Promise<Contact[]> {
  const member =
    page.setId === undefined
      ? db``
      : db`
    JOIN set_members m ON m.bucket = c.bucket AND m.contact_id = c.id AND m.set_id = ${page.setId}
      AND m.contact_id < ${page.belowId}`;
  const key = page.setId === undefined ? db`c.id` : db`m.contact_id`;
  return await db<Contact[]>`
    SELECT ${COLUMNS(db)} FROM contacts c ${member}
    WHERE c.workspace_id = ${page.workspaceId} AND c.bucket >= 0 AND c.id < ${page.belowId}
    ORDER BY ${key} DESC LIMIT ${page.limit}`;
}

/** Columns to be set; what is not named stays. */
export type ColumnChange = {
  external_id?: string | null;
  given_name?: string | null;
  surname?: string | null;
  time_zone?: string | null;
  locale?: string | null;
  credential_required?: boolean;
  signed_up_ms?: number | null;
};

/**
 * Changes a contact and returns it; undefined when it is not there, or when its attributes would be larger than
 * `attributesBytes`. `set` is JSON text. Locks the contact.
 */
export async function updateContactRow(
  db: Db,
  ref: { workspaceId: number; id: number },
  columns: ColumnChange,
  attributes: { set: string; unset: readonly string[]; attributesBytes: number },
  nowMs: number,
): Promise<Contact | undefined> {
  const merged = db`(c.attributes || ${attributes.set}::text::jsonb) - ${[...attributes.unset]}::text[]`;
  const [row] = await db<Contact[]>`
    UPDATE contacts c SET ${db.assignments({ ...columns, changed_ms: nowMs })}, attributes = ${merged}
    WHERE c.bucket = ${bucketOf(ref.id)} AND c.workspace_id = ${ref.workspaceId} AND c.id = ${ref.id}
      AND octet_length((${merged})::text) <= ${attributes.attributesBytes}
    RETURNING ${COLUMNS(db)}`;
  return row;
}

/** Notes when contacts disconnected; of several times the last counts. Locks them. */
export async function updateDisconnected(
  db: Db,
  workspaceId: number,
  ids: readonly number[],
  atMs: number,
): Promise<void> {
  await db`
    UPDATE contacts SET disconnected_ms = greatest(disconnected_ms, ${atMs}::bigint)
    WHERE bucket = ANY(${[...new Set(ids.map(bucketOf))]}::smallint[]) AND workspace_id = ${workspaceId}
      AND id = ANY(${[...ids]}::bigint[])`;
}

/** What is known anew of a contact: null is unknown and leaves what is there. `set` is JSON text, `unset` an array's text. */
export type ProfileRow = {
  workspaceId: number;
  id: number;
  givenName: string | null;
  surname: string | null;
  timeZone: string | null;
  locale: string | null;
  set: string;
  unset: string;
};

/**
 * Merges profiles into contacts, and writes those that differ. Returns what was written; `refused` are attributes left as they
 * were because they would be larger than `attributesBytes`. Locks the contacts it writes, in the order of their keys. One row per contact.
 */
export async function mergeProfiles(
  db: Db,
  given: readonly ProfileRow[],
  attributesBytes: number,
  nowMs: number,
): Promise<{ id: number; refused: boolean }[]> {
  const rows = inKeyOrder(given, ({ id }) => id);
  return await db<{ id: number; refused: boolean }[]>`
    WITH n AS ${workedOut(db)} (
      SELECT u.bucket, u.workspace_id, u.id, u.given_name, u.surname, u.time_zone, u.locale, u.add::jsonb AS add, u.unset::text[] AS unset
      FROM unnest(${column(rows, (r) => bucketOf(r.id))}::smallint[], ${column(rows, (r) => r.workspaceId)}::bigint[],
        ${column(rows, (r) => r.id)}::bigint[], ${column(rows, (r) => r.givenName)}::text[], ${column(rows, (r) => r.surname)}::text[],
        ${column(rows, (r) => r.timeZone)}::text[], ${column(rows, (r) => r.locale)}::text[], ${column(rows, (r) => r.set)}::text[],
        ${column(rows, (r) => r.unset)}::text[])
        u (bucket, workspace_id, id, given_name, surname, time_zone, locale, add, unset))
    UPDATE contacts c SET changed_ms = ${nowMs}, given_name = coalesce(n.given_name, c.given_name),
      surname = coalesce(n.surname, c.surname), time_zone = coalesce(n.time_zone, c.time_zone),
      locale = coalesce(n.locale, c.locale),
      attributes = CASE WHEN octet_length(((c.attributes || n.add) - n.unset)::text) <= ${attributesBytes}
        THEN (c.attributes || n.add) - n.unset ELSE c.attributes END
    FROM n WHERE c.bucket = n.bucket AND c.workspace_id = n.workspace_id AND c.id = n.id
      AND (coalesce(n.given_name, c.given_name), coalesce(n.surname, c.surname), coalesce(n.time_zone, c.time_zone),
          coalesce(n.locale, c.locale), (c.attributes || n.add) - n.unset)
        IS DISTINCT FROM (c.given_name, c.surname, c.time_zone, c.locale, c.attributes)
    RETURNING c.id, c.attributes IS DISTINCT FROM (c.attributes || n.add) - n.unset AS refused`;
}

/** Those of some contacts that are there. Locks nothing. */
export async function selectThere(
  db: Db,
  rows: readonly { workspaceId: number; id: number }[],
): Promise<Set<number>> {
  const found = await db<{ id: number }[]>`
    SELECT c.id FROM unnest(${column(rows, (r) => bucketOf(r.id))}::smallint[], ${column(rows, (r) => r.workspaceId)}::bigint[],
      ${column(rows, (r) => r.id)}::bigint[]) AS k (bucket, workspace_id, id)
    JOIN contacts c ON c.bucket = k.bucket AND c.workspace_id = k.workspace_id AND c.id = k.id`;
  return new Set(found.map(({ id }) => id));
}

/** Deletes contacts and returns what they were. Locks them: whoever adds to one has done so, or finds it gone. */
export async function deleteContacts(
  db: Db,
  workspaceId: number,
  ids: readonly number[],
): Promise<Contact[]> {
  return await db<Contact[]>`
    DELETE FROM contacts c
    WHERE c.bucket = ANY(${[...new Set(ids.map(bucketOf))]}::smallint[]) AND c.workspace_id = ${workspaceId}
      AND c.id = ANY(${[...ids]}::bigint[])
    RETURNING ${COLUMNS(db)}`;
}

/** What contacts are known by. Locks nothing. Reads every shard, by an index on each. */
export async function selectIdentities(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<{ contactId: number; kind: IdentityKind; value: string }[]> {
  return await db<{ contactId: number; kind: IdentityKind; value: string }[]>`
    SELECT contact_id AS "contactId", kind, value FROM identities
    WHERE contact_id = ANY(${[...contactIds]}::bigint[]) AND workspace_id = ${workspaceId} ORDER BY kind, value`;
}

/** Gives up all that contacts are known by. Locks the identities. */
export async function deleteIdentities(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<void> {
  await db`
    DELETE FROM identities WHERE contact_id = ANY(${[...contactIds]}::bigint[]) AND workspace_id = ${workspaceId}`;
}
