/**
 * Invitations: how somebody who is an operator already becomes a member. A workspace asks; only the operator himself says yes, so
 * that no workspace can put itself where his sign-in leads.
 */
import { fault, type Fault } from '../../base/fault.ts';
import type { Db, Tx } from '../../db/pool.ts';
import { setMember } from '../operators.ts';
import type { Role } from '../../../contract/roles.ts';
import { deleteInvitation, selectInvitations, upsertInvitation } from './sql.invitations.ts';

/** An open invitation. */
type Invitation = {
  operator: { id: number; email: string; name: string };
  workspace: { id: number; name: string };
  role: Role;
  /** The name of the operator who asked; null where a key did. */
  by: string | null;
};

/** Which invitation is meant. */
export type Which = { workspaceId: number; operatorId: number };

/** Asks an operator into a workspace; asked again, the role is the last one. */
export async function inviteOperator(
  tx: Tx,
  nowMs: number,
  invited: Which & { role: Role; invitedBy?: number | undefined },
): Promise<void> {
  await upsertInvitation(tx, nowMs, invited);
}

/** The operator says yes: a membership comes of it. Then: `keyring.forgetRoles(operatorId)`. */
export async function acceptInvitation(tx: Tx, which: Which): Promise<Role | Fault> {
  const role = (await deleteInvitation(tx, which)) as Role | undefined;
  if (role === undefined) return fault('not_found', 'There is no such invitation.');
  const set = await setMember(tx, { ...which, role });
  return set === true ? role : set;
}

/** Either side takes it back. */
export async function dropInvitation(tx: Tx, which: Which): Promise<boolean> {
  return (await deleteInvitation(tx, which)) !== undefined;
}

/** Open invitations of an operator, or of a workspace. */
export async function listInvitations(
  db: Db,
  of: { operatorId: number } | { workspaceId: number },
): Promise<Invitation[]> {
  return (await selectInvitations(db, of)).map((row) => ({
    operator: { id: row.operator_id, email: row.email, name: row.name },
    workspace: { id: row.workspace_id, name: row.workspace_name },
    role: row.role as Role,
    by: row.inviter,
  }));
}
