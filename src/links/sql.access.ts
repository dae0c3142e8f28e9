/** Every statement on auth codes, link requests, chat sessions and presence. The caller finds the bucket in the code. */
import { bucketOf } from '../base/ids.ts';
import type { Db } from '../db/pool.ts';

/** Where a secret's row is: the bucket is in its text, the hash is of it. */
export type SecretKey = { bucket: number; hash: string };

/** What an auth code stands for. */
export type AuthCodeRow = { workspaceId: number; contactId: number; expiresMs: number };

/** Writes auth codes down. */
export async function insertAuthCodes(db: Db, rows: readonly (SecretKey & AuthCodeRow)[]): Promise<void> {
  await db`
    INSERT INTO auth_codes (bucket, code_hash, workspace_id, contact_id, expires_ms)
    SELECT * FROM unnest(${rows.map((r) => r.bucket)}::smallint[], ${rows.map((r) => r.hash)}::text[],
      ${rows.map((r) => r.workspaceId)}::bigint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.expiresMs)}::bigint[])`;
}

/** An auth code. Locks nothing. */
export async function selectAuthCode(db: Db, key: SecretKey): Promise<AuthCodeRow | undefined> {
  const [row] = await db<AuthCodeRow[]>`
    SELECT workspace_id AS "workspaceId", contact_id AS "contactId", expires_ms AS "expiresMs" FROM auth_codes
    WHERE bucket = ${key.bucket} AND code_hash = ${key.hash}`;
  return row;
}

/** Uses an auth code up: of two who do it at once, one is told true. Locks the row. */
export async function deleteAuthCode(
  db: Db,
  key: SecretKey,
  of: { workspaceId: number; contactId: number },
  nowMs: number,
): Promise<boolean> {
  const { count } = await db`
    DELETE FROM auth_codes WHERE bucket = ${key.bucket} AND code_hash = ${key.hash}
      AND workspace_id = ${of.workspaceId} AND contact_id = ${of.contactId} AND expires_ms > ${nowMs}`;
  return count === 1;
}

/** What a link request stands for. */
type LinkRequestRow = AuthCodeRow & { integrationId: number | null };

/** Writes link requests down. */
export async function insertLinkRequests(
  db: Db,
  rows: readonly (SecretKey & LinkRequestRow)[],
): Promise<void> {
  await db`
    INSERT INTO link_requests (bucket, code_hash, workspace_id, contact_id, integration_id, expires_ms)
    SELECT * FROM unnest(${rows.map((r) => r.bucket)}::smallint[], ${rows.map((r) => r.hash)}::text[],
      ${rows.map((r) => r.workspaceId)}::bigint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.integrationId)}::bigint[], ${rows.map((r) => r.expiresMs)}::bigint[])`;
}

/** Uses a link request up on an integration: of two who do it at once, one gets the contact. Locks the row. */
export async function deleteLinkRequest(
  db: Db,
  key: SecretKey,
  of: { workspaceId: number; integrationId: number },
  nowMs: number,
): Promise<number | undefined> {
  const [row] = await db<{ contactId: number }[]>`
    DELETE FROM link_requests WHERE bucket = ${key.bucket} AND code_hash = ${key.hash}
      AND workspace_id = ${of.workspaceId} AND (integration_id IS NULL OR integration_id = ${of.integrationId})
      AND expires_ms > ${nowMs}
    RETURNING contact_id AS "contactId"`;
  return row?.contactId;
}

/** A browser in which a person is known. Times are by the workspace's clock. */
export type SessionRow = {
  workspaceId: number;
  contactId: number;
  /** The web chat it goes through. */
  integrationId: number;
  createdMs: number;
  expiresMs: number;
};

/** Writes a session down. */
export async function insertSession(db: Db, row: SecretKey & SessionRow): Promise<void> {
  await db`
    INSERT INTO chat_sessions (bucket, token_hash, workspace_id, contact_id, integration_id, created_ms, expires_ms)
    VALUES (${row.bucket}, ${row.hash}, ${row.workspaceId}, ${row.contactId}, ${row.integrationId}, ${row.createdMs},
      ${row.expiresMs})`;
}

/** Sessions that are there, by hash. Locks nothing. */
export async function selectSessions(db: Db, keys: readonly SecretKey[]): Promise<Map<string, SessionRow>> {
  const rows = await db<(SessionRow & { hash: string })[]>`
    SELECT s.token_hash AS hash, workspace_id AS "workspaceId", contact_id AS "contactId", integration_id AS "integrationId",
      created_ms AS "createdMs", expires_ms AS "expiresMs"
    FROM chat_sessions s
    JOIN unnest(${keys.map((k) => k.bucket)}::smallint[], ${keys.map((k) => k.hash)}::text[]) AS k (bucket, token_hash)
      ON s.bucket = k.bucket AND s.token_hash = k.token_hash`;
  return new Map(rows.map(({ hash, ...row }) => [hash, row]));
}

/** Ends a session. Locks the row. */
export async function deleteSession(db: Db, key: SecretKey): Promise<boolean> {
  const { count } = await db`
    DELETE FROM chat_sessions WHERE bucket = ${key.bucket} AND token_hash = ${key.hash}`;
  return count === 1;
}

/** Notes that contacts are looking at the web chat. Each once. Locks the rows. */
export async function upsertPresence(db: Db, contactIds: readonly number[], nowMs: number): Promise<void> {
  await db`
    INSERT INTO chat_presence AS p (bucket, contact_id, seen_ms)
    SELECT *, ${nowMs}::bigint FROM unnest(${contactIds.map(bucketOf)}::smallint[], ${[...contactIds]}::bigint[])
    ON CONFLICT (bucket, contact_id) DO UPDATE SET seen_ms = greatest(p.seen_ms, excluded.seen_ms)`;
}

/** Notes that a contact looked away, unless they were seen since: the two are written over different connections. Locks the row. */
export async function deletePresence(db: Db, contactId: number, leftMs: number): Promise<void> {
  await db`
    DELETE FROM chat_presence
    WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId} AND seen_ms <= ${leftMs}::bigint`;
}

/** Which of these contacts were seen since. Locks nothing. */
export async function selectPresent(
  db: Db,
  contactIds: readonly number[],
  sinceMs: number,
): Promise<number[]> {
  const rows = await db<{ contactId: number }[]>`
    SELECT p.contact_id AS "contactId" FROM chat_presence p
    JOIN unnest(${contactIds.map(bucketOf)}::smallint[], ${[...contactIds]}::bigint[]) AS k (bucket, contact_id)
      ON p.bucket = k.bucket AND p.contact_id = k.contact_id
    WHERE p.seen_ms > ${sinceMs}`;
  return rows.map(({ contactId }) => contactId);
}
