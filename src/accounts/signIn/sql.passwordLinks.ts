/** The statements on links by which a password is set. */
import type { Db } from '../../db/pool.ts';

/** A link that is good, with whose password it sets; all but the inviter is null for the first owner. */
type PasswordLinkRow = {
  operator_id: number | null;
  email: string | null;
  name: string | null;
  password_hash: string | null;
  inviter: string | null;
};

/** Any fixed number: the advisory lock under which the first owner's link is made and used. */
const FIRST_OWNER_LOCK = 7_263_117;

/** Waits for its turn to look whether there is an operator, and to make the first; held until the transaction ends. */
export async function lockFirstOwner(db: Db): Promise<void> {
  await db`SELECT pg_advisory_xact_lock(${FIRST_OWNER_LOCK})`;
}

/** Whether nobody can sign in yet. */
export async function hasNoOperator(db: Db): Promise<boolean> {
  const rows = await db<{ none: boolean }[]>`SELECT NOT EXISTS (SELECT 1 FROM operators) AS none`;
  return rows[0]!.none;
}

/** Writes a link; those before it for the same operator, or for the first owner, are gone. */
export async function insertPasswordLink(
  db: Db,
  nowMs: number,
  l: { tokenHash: string; operatorId: number | null; expiresMs: number; invitedBy?: number | undefined },
): Promise<void> {
  await db`DELETE FROM password_links WHERE operator_id IS NOT DISTINCT FROM ${l.operatorId} OR expires_ms <= ${nowMs}`;
  await db`
    INSERT INTO password_links (token_hash, operator_id, created_ms, expires_ms, invited_by)
    VALUES (${l.tokenHash}, ${l.operatorId}, ${nowMs}, ${l.expiresMs}, ${l.invitedBy ?? null})`;
}

/** When the link of the first owner ends, if there is one that has not. */
export async function selectFirstOwnerLink(db: Db, nowMs: number): Promise<number | undefined> {
  const rows = await db<{ expires_ms: number }[]>`
    SELECT expires_ms FROM password_links WHERE operator_id IS NULL AND expires_ms > ${nowMs}`;
  return rows[0]?.expires_ms;
}

/** A link that has not ended. */
export async function selectPasswordLink(
  db: Db,
  nowMs: number,
  tokenHash: string,
): Promise<PasswordLinkRow | undefined> {
  const rows = await db<PasswordLinkRow[]>`
    SELECT l.operator_id, o.email, o.name, o.password_hash, b.name AS inviter
    FROM password_links l LEFT JOIN operators o ON o.id = l.operator_id LEFT JOIN operators b ON b.id = l.invited_by
    WHERE l.token_hash = ${tokenHash} AND l.expires_ms > ${nowMs} AND (l.operator_id IS NULL OR o.disabled_ms IS NULL)`;
  return rows[0];
}

/** Where an operator is a member and as what, by name; so many at the most. */
export async function selectMemberships(
  db: Db,
  operatorId: number,
  most: number,
): Promise<{ workspace: string; role: string }[]> {
  return await db<{ workspace: string; role: string }[]>`
    SELECT w.name AS workspace, m.role FROM memberships m JOIN workspaces w ON w.id = m.workspace_id
    WHERE m.operator_id = ${operatorId} AND w.deleted_ms IS NULL ORDER BY w.name, w.id LIMIT ${most}`;
}

/** Uses a link up; false when somebody has done so just now. */
export async function deletePasswordLink(db: Db, tokenHash: string): Promise<boolean> {
  const done = await db`DELETE FROM password_links WHERE token_hash = ${tokenHash}`;
  return done.count > 0;
}

/** Sets an operator's password, whatever it was. */
export async function resetPassword(db: Db, o: { id: number; passwordHash: string }): Promise<boolean> {
  const done = await db`
    UPDATE operators SET password_hash = ${o.passwordHash} WHERE id = ${o.id} AND disabled_ms IS NULL`;
  return done.count > 0;
}

/** Every operator with the workspaces each belongs to, by address. */
export async function selectOperators(
  db: Db,
): Promise<{ id: number; email: string; name: string; disabled_ms: number | null; workspaces: number }[]> {
  return await db<
    { id: number; email: string; name: string; disabled_ms: number | null; workspaces: number }[]
  >`
    SELECT o.id, o.email, o.name, o.disabled_ms,
      (SELECT count(*) FROM memberships m JOIN workspaces w ON w.id = m.workspace_id
       WHERE m.operator_id = o.id AND w.deleted_ms IS NULL) AS workspaces
    FROM operators o ORDER BY o.email`;
}

/** Every workspace that is not deleted, oldest first. */
export async function selectAllWorkspaces(
  db: Db,
): Promise<{ id: number; name: string; environment: string; members: number }[]> {
  return await db<{ id: number; name: string; environment: string; members: number }[]>`
    SELECT w.id, w.name, w.environment,
      (SELECT count(*) FROM memberships m WHERE m.workspace_id = w.id) AS members
    FROM workspaces w WHERE w.deleted_ms IS NULL ORDER BY w.created_ms, w.id`;
}
