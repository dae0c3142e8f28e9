/** The statements on signing in by a provider of the install: what is on its way, and which subject is which operator. */
import type { Db } from '../../db/pool.ts';

/** Writes down a sign-in that is sent to the provider; those that are over are gone. */
export async function insertSignIn(
  db: Db,
  nowMs: number,
  s: { stateHash: string; browserHash: string; returnTo: string; expiresMs: number },
): Promise<void> {
  await db`DELETE FROM provider_sign_ins WHERE expires_ms <= ${nowMs}`;
  await db`
    INSERT INTO provider_sign_ins (state_hash, browser_hash, return_to, expires_ms)
    VALUES (${s.stateHash}, ${s.browserHash}, ${s.returnTo}, ${s.expiresMs})`;
}

/** Uses a sign-in up, in the browser that began it; of two at once one gets it. Where to go on, or undefined when there is none such. */
export async function takeSignIn(
  db: Db,
  nowMs: number,
  s: { stateHash: string; browserHash: string },
): Promise<string | undefined> {
  const rows = await db<{ return_to: string }[]>`
    DELETE FROM provider_sign_ins
    WHERE state_hash = ${s.stateHash} AND browser_hash = ${s.browserHash} AND expires_ms > ${nowMs}
    RETURNING return_to`;
  return rows[0]?.return_to;
}

/** The operator to whom a subject of an issuer is bound, disabled or not. */
export async function selectBound(db: Db, issuer: string, subject: string): Promise<number | undefined> {
  const rows = await db<{ operator_id: number }[]>`
    SELECT operator_id FROM operator_identities WHERE issuer = ${issuer} AND subject = ${subject}`;
  return rows[0]?.operator_id;
}

/** Binds a subject to an operator; false where either has another of that issuer already. */
export async function insertBinding(
  db: Db,
  nowMs: number,
  b: { issuer: string; subject: string; operatorId: number },
): Promise<boolean> {
  const done = await db`
    INSERT INTO operator_identities (issuer, subject, operator_id, bound_ms)
    VALUES (${b.issuer}, ${b.subject}, ${b.operatorId}, ${nowMs}) ON CONFLICT DO NOTHING`;
  return done.count > 0;
}

/** Lets go of whom an operator was at providers; returns how many there were. */
export async function deleteBindings(db: Db, operatorId: number): Promise<number> {
  const done = await db`DELETE FROM operator_identities WHERE operator_id = ${operatorId}`;
  return done.count;
}

/** Whether an operator is a member of a workspace, or asked to be one. */
export async function belongsSomewhere(db: Db, operatorId: number): Promise<boolean> {
  const rows = await db<{ belongs: boolean }[]>`
    SELECT EXISTS (
      SELECT 1 FROM memberships m JOIN workspaces w ON w.id = m.workspace_id
      WHERE m.operator_id = ${operatorId} AND w.deleted_ms IS NULL
    ) OR EXISTS (
      SELECT 1 FROM invitations i JOIN workspaces w ON w.id = i.workspace_id
      WHERE i.operator_id = ${operatorId} AND w.deleted_ms IS NULL
    ) AS belongs`;
  return rows[0]!.belongs;
}

/** Whether a workspace of an operator's asks for the second factor besides what a provider says. */
export async function isFactorAsked(db: Db, operatorId: number): Promise<boolean> {
  const rows = await db<{ asked: boolean }[]>`
    SELECT EXISTS (
      SELECT 1 FROM memberships m JOIN workspaces w ON w.id = m.workspace_id
      WHERE m.operator_id = ${operatorId} AND w.deleted_ms IS NULL AND w.settings -> 'askSecondFactor' = 'true'
    ) AS asked`;
  return rows[0]!.asked;
}
