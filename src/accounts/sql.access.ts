/** The statements on operators, their sessions and memberships, and API keys. */
import type { Notices } from '../../contract/notices.ts';
import type { Db } from '../db/pool.ts';

/** A row of operators. */
export type OperatorRow = {
  id: number;
  email: string;
  name: string;
  password_hash: string;
  created_ms: number;
  time_zone: string | null;
  locale: string | null;
  notices: Partial<Notices>;
};

const operatorColumns = (db: Db) =>
  db`id, email, name, password_hash, created_ms, time_zone, locale, notices`;

/** A row of api_keys, without its secret. */
export type KeyRow = {
  id: number;
  workspace_id: number | null;
  operator_id: number | null;
  door: string;
  key_id: string;
  name: string;
  scopes: string[];
  created_ms: number;
  expires_ms: number | null;
  revoked_ms: number | null;
};

/** A row of api_keys with its secret: for checking, never for showing. */
export type HeldKeyRow = KeyRow & { secret_hash: string | null; secret_sealed: Uint8Array | null };

const keyColumns = (db: Db) =>
  db`k.id, k.workspace_id, k.operator_id, k.door, k.key_id, k.name, k.scopes, k.created_ms, k.expires_ms, k.revoked_ms`;

/** Writes a new operator; false when the address is taken. */
export async function insertOperator(
  db: Db,
  nowMs: number,
  o: { id: number; email: string; name: string; passwordHash: string },
): Promise<boolean> {
  const done = await db`
    INSERT INTO operators (id, email, name, password_hash, created_ms)
    VALUES (${o.id}, ${o.email}, ${o.name}, ${o.passwordHash}, ${nowMs})
    ON CONFLICT (email) DO NOTHING`;
  return done.count > 0;
}

/** An operator who is not disabled, by address. */
export async function selectOperatorByEmail(db: Db, email: string): Promise<OperatorRow | undefined> {
  const rows = await db<OperatorRow[]>`
    SELECT ${operatorColumns(db)} FROM operators
    WHERE email = ${email} AND disabled_ms IS NULL`;
  return rows[0];
}

/** An operator who is not disabled, by id. */
export async function selectOperator(db: Db, id: number): Promise<OperatorRow | undefined> {
  const rows = await db<OperatorRow[]>`
    SELECT ${operatorColumns(db)} FROM operators
    WHERE id = ${id} AND disabled_ms IS NULL`;
  return rows[0];
}

/** Sets a password, if it is still the one whose hash is given. */
export async function updatePassword(
  db: Db,
  o: { id: number; oldHash: string; newHash: string },
): Promise<boolean> {
  const done = await db`
    UPDATE operators SET password_hash = ${o.newHash} WHERE id = ${o.id} AND password_hash = ${o.oldHash}`;
  return done.count > 0;
}

/** What is changed of an operator; what is left out stays, and null gives it back to the browser. */
export type OperatorChange = {
  name?: string | undefined;
  timeZone?: string | null | undefined;
  locale?: string | null | undefined;
  notices?: Partial<Notices> | undefined;
};

/** Changes what an operator is called, and how he reads times; what is left out stays. Locks the row. */
export async function updateOperator(db: Db, id: number, to: OperatorChange): Promise<void> {
  await db`
    UPDATE operators SET name = coalesce(${to.name ?? null}, name),
      time_zone = CASE WHEN ${to.timeZone === undefined} THEN time_zone ELSE ${to.timeZone ?? null} END,
      locale = CASE WHEN ${to.locale === undefined} THEN locale ELSE ${to.locale ?? null} END,
      notices = notices || ${JSON.stringify(to.notices ?? {})}::text::jsonb
    WHERE id = ${id}`;
}

/** The sessions of an operator that are not over, the newest first. Locks nothing. */
export async function selectSessionsOf(
  db: Db,
  operatorId: number,
  nowMs: number,
): Promise<{ token_hash: string; created_ms: number; expires_ms: number }[]> {
  return await db<{ token_hash: string; created_ms: number; expires_ms: number }[]>`
    SELECT token_hash, created_ms, expires_ms FROM operator_sessions
    WHERE operator_id = ${operatorId} AND ended_by IS NULL AND expires_ms > ${nowMs} ORDER BY created_ms DESC, token_hash`;
}

/** Starts a session. */
export async function insertSession(
  db: Db,
  nowMs: number,
  s: { tokenHash: string; operatorId: number; expiresMs: number },
): Promise<void> {
  await db`
    INSERT INTO operator_sessions (token_hash, operator_id, created_ms, expires_ms)
    VALUES (${s.tokenHash}, ${s.operatorId}, ${nowMs}, ${s.expiresMs})`;
}

/** Sessions by the hash of their token, of operators who are not disabled. Expired ones come, too. */
export async function selectSessions(
  db: Db,
  tokenHashes: readonly string[],
): Promise<{ token_hash: string; operator_id: number; expires_ms: number }[]> {
  return await db<{ token_hash: string; operator_id: number; expires_ms: number }[]>`
    SELECT s.token_hash, s.operator_id, s.expires_ms
    FROM operator_sessions s JOIN operators o ON o.id = s.operator_id
    WHERE s.token_hash = ANY(${tokenHashes}::text[]) AND s.ended_by IS NULL AND o.disabled_ms IS NULL`;
}

/** What ends a session before its time: signing out with it, ending it from elsewhere, another password. */
type EndedBy = 'signed_out' | 'elsewhere' | 'password';

/** Ends sessions; returns how many there were. Why is kept for as long as they would have lasted. */
export async function updateSessionsEnded(
  db: Db,
  tokenHashes: readonly string[],
  by: EndedBy,
): Promise<number> {
  const done = await db`
    UPDATE operator_sessions SET ended_by = ${by}, kept_until_ms = expires_ms, expires_ms = 0
    WHERE token_hash = ANY(${[...tokenHashes]}::text[]) AND ended_by IS NULL`;
  return done.count;
}

/** Ends all sessions of an operator, for another password. */
export async function updateSessionsOfEnded(db: Db, operatorId: number): Promise<void> {
  await db`
    UPDATE operator_sessions SET ended_by = 'password', kept_until_ms = expires_ms, expires_ms = 0
    WHERE operator_id = ${operatorId} AND ended_by IS NULL`;
}

/** Why a session is over: null where its time was up, undefined where nothing is known of it. */
export async function selectEnding(
  db: Db,
  tokenHash: string,
  nowMs: number,
): Promise<{ by: EndedBy | null } | undefined> {
  const rows = await db<{ by: EndedBy | null }[]>`
    SELECT ended_by AS by FROM operator_sessions WHERE token_hash = ${tokenHash} AND expires_ms <= ${nowMs}`;
  return rows[0];
}

/** Deletes sessions that are over. Runs seldom; reads the whole table, which has a row per sign-in of 14 days. */
export async function deleteExpiredSessions(db: Db, nowMs: number): Promise<number> {
  const done = await db`DELETE FROM operator_sessions WHERE coalesce(kept_until_ms, expires_ms) <= ${nowMs}`;
  return done.count;
}

/** Gives an operator a role in a workspace, or another one. */
export async function upsertMembership(
  db: Db,
  m: { operatorId: number; workspaceId: number; role: string },
): Promise<void> {
  await db`
    INSERT INTO memberships (operator_id, workspace_id, role)
    VALUES (${m.operatorId}, ${m.workspaceId}, ${m.role})
    ON CONFLICT (operator_id, workspace_id) DO UPDATE SET role = EXCLUDED.role`;
}

/** Takes an operator out of a workspace; false when not a member. */
export async function deleteMembership(
  db: Db,
  m: { operatorId: number; workspaceId: number },
): Promise<boolean> {
  const done = await db`
    DELETE FROM memberships WHERE operator_id = ${m.operatorId} AND workspace_id = ${m.workspaceId}`;
  return done.count > 0;
}

/** How many workspaces an operator owns. Locks the operator, so that two that are made at once count each other. */
export async function countOwned(tx: Db, operatorId: number): Promise<number> {
  await tx`SELECT FROM operators WHERE id = ${operatorId} FOR NO KEY UPDATE`;
  const rows = await tx<{ n: number }[]>`
    SELECT count(*) AS n FROM memberships m JOIN workspaces w ON w.id = m.workspace_id
    WHERE m.operator_id = ${operatorId} AND m.role = 'owner' AND w.deleted_ms IS NULL`;
  return rows[0]!.n;
}

/** The memberships of operators in workspaces that are not deleted. */
export async function selectRoles(
  db: Db,
  operatorIds: readonly number[],
): Promise<{ operator_id: number; workspace_id: number; role: string }[]> {
  return await db<{ operator_id: number; workspace_id: number; role: string }[]>`
    SELECT m.operator_id, m.workspace_id, m.role
    FROM memberships m JOIN workspaces w ON w.id = m.workspace_id
    WHERE m.operator_id = ANY(${operatorIds}::bigint[]) AND w.deleted_ms IS NULL`;
}

/** The members of a workspace, by name. */
export async function selectMembers(
  db: Db,
  workspaceId: number,
): Promise<{ id: number; email: string; name: string; role: string; disabled_ms: number | null }[]> {
  return await db<{ id: number; email: string; name: string; role: string; disabled_ms: number | null }[]>`
    SELECT o.id, o.email, o.name, m.role, o.disabled_ms
    FROM memberships m JOIN operators o ON o.id = m.operator_id
    WHERE m.workspace_id = ${workspaceId}
    ORDER BY o.name, o.id`;
}

/** True when a workspace has an owner who is not disabled, besides one operator. */
export async function hasOtherOwner(
  db: Db,
  m: { workspaceId: number; operatorId: number },
): Promise<boolean> {
  const rows = await db<{ other: boolean }[]>`
    SELECT EXISTS (
      SELECT 1 FROM memberships m JOIN operators o ON o.id = m.operator_id
      WHERE m.workspace_id = ${m.workspaceId} AND m.role = 'owner' AND m.operator_id <> ${m.operatorId}
        AND o.disabled_ms IS NULL) AS other`;
  return rows[0]!.other;
}

/** Writes a new key. */
export async function insertKey(
  db: Db,
  nowMs: number,
  k: {
    id: number;
    workspaceId: number | null;
    operatorId: number | null;
    door: string;
    keyId: string;
    name: string;
    scopes: readonly string[];
    secretHash: string | null;
    secretSealed: Uint8Array | null;
    expiresMs: number | null;
  },
): Promise<void> {
  await db`
    INSERT INTO api_keys
      (id, workspace_id, operator_id, door, key_id, name, scopes, secret_hash, secret_sealed, created_ms, expires_ms)
    VALUES (${k.id}, ${k.workspaceId}, ${k.operatorId}, ${k.door}, ${k.keyId}, ${k.name},
      ${k.scopes}::text[], ${k.secretHash}, ${k.secretSealed}, ${nowMs}, ${k.expiresMs})`;
}

/** Keys by door and key id with their secrets; left out are those revoked, of a deleted workspace or of a disabled operator. */
export async function selectHeldKeys(
  db: Db,
  doors: readonly string[],
  keyIds: readonly string[],
): Promise<HeldKeyRow[]> {
  return await db<HeldKeyRow[]>`
    SELECT ${keyColumns(db)}, k.secret_hash, k.secret_sealed
    FROM unnest(${doors}::text[], ${keyIds}::text[]) wanted (door, key_id)
      JOIN api_keys k ON k.door = wanted.door AND k.key_id = wanted.key_id
      LEFT JOIN workspaces w ON w.id = k.workspace_id
      LEFT JOIN operators o ON o.id = k.operator_id
    WHERE k.revoked_ms IS NULL
      AND (k.workspace_id IS NULL OR (w.id IS NOT NULL AND w.deleted_ms IS NULL))
      AND (k.operator_id IS NULL OR (o.id IS NOT NULL AND o.disabled_ms IS NULL))`;
}

/** The keys of a workspace, or the account-wide keys of an operator, of one door or of all; oldest first. */
export async function selectKeys(
  db: Db,
  k: { workspaceId: number | null; operatorId: number | null; door: string | null },
): Promise<KeyRow[]> {
  const owner =
    k.workspaceId === null
      ? db`k.workspace_id IS NULL AND k.operator_id = ${k.operatorId}`
      : db`k.workspace_id = ${k.workspaceId}`;
  return await db<KeyRow[]>`
    SELECT ${keyColumns(db)} FROM api_keys k
    WHERE ${owner} AND k.revoked_ms IS NULL AND (${k.door}::text IS NULL OR k.door = ${k.door})
    ORDER BY k.created_ms, k.id`;
}

/** How many keys of a door a workspace has that still work at `nowMs`. */
export async function countKeys(
  db: Db,
  nowMs: number,
  k: { workspaceId: number; door: string },
): Promise<number> {
  const rows = await db<{ n: number }[]>`
    SELECT count(*) AS n FROM api_keys
    WHERE workspace_id = ${k.workspaceId} AND door = ${k.door} AND revoked_ms IS NULL
      AND (expires_ms IS NULL OR expires_ms > ${nowMs})`;
  return rows[0]!.n;
}

/** Ends a key of a workspace at a time, unless it ends before that; the row as it was, undefined where there is none. Locks the row. */
export async function updateKeyEnding(
  tx: Db,
  k: { workspaceId: number; keyId: string; endsMs: number },
): Promise<KeyRow | undefined> {
  const rows = await tx<KeyRow[]>`
    UPDATE api_keys k SET expires_ms = least(k.expires_ms, ${k.endsMs})
    WHERE k.workspace_id = ${k.workspaceId} AND k.key_id = ${k.keyId} AND k.revoked_ms IS NULL
    RETURNING ${keyColumns(tx)}`;
  return rows[0];
}

/** Revokes a key of its owner; false when there is none. Locks the row. */
export async function markKeyRevoked(
  db: Db,
  nowMs: number,
  k: { workspaceId: number | null; operatorId: number | null; door: string; keyId: string },
): Promise<boolean> {
  const owner =
    k.workspaceId === null
      ? db`workspace_id IS NULL AND operator_id = ${k.operatorId}`
      : db`workspace_id = ${k.workspaceId}`;
  const done = await db`
    UPDATE api_keys SET revoked_ms = ${nowMs}
    WHERE door = ${k.door} AND key_id = ${k.keyId} AND ${owner} AND revoked_ms IS NULL`;
  return done.count > 0;
}
