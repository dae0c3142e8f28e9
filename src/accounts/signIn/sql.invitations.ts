/** The statements on invitations: who was asked into a workspace and has not answered. */
import type { Db } from '../../db/pool.ts';

/** An invitation, with what both sides need to see of it. */
type InvitationRow = {
  operator_id: number;
  email: string;
  name: string;
  workspace_id: number;
  workspace_name: string;
  role: string;
  inviter: string | null;
};

/** Asks an operator, or asks again in another role. */
export async function upsertInvitation(
  db: Db,
  nowMs: number,
  one: { operatorId: number; workspaceId: number; role: string; invitedBy?: number | undefined },
): Promise<void> {
  await db`
    INSERT INTO invitations (operator_id, workspace_id, role, invited_ms, invited_by)
    VALUES (${one.operatorId}, ${one.workspaceId}, ${one.role}, ${nowMs}, ${one.invitedBy ?? null})
    ON CONFLICT (operator_id, workspace_id) DO UPDATE
    SET role = EXCLUDED.role, invited_ms = EXCLUDED.invited_ms, invited_by = EXCLUDED.invited_by`;
}

/** Takes an invitation away; its role, or undefined when there was none. */
export async function deleteInvitation(
  db: Db,
  one: { operatorId: number; workspaceId: number },
): Promise<string | undefined> {
  const rows = await db<{ role: string }[]>`
    DELETE FROM invitations WHERE operator_id = ${one.operatorId} AND workspace_id = ${one.workspaceId}
    RETURNING role`;
  return rows[0]?.role;
}

/** Open invitations, of an operator or of a workspace. */
export async function selectInvitations(
  db: Db,
  of: { operatorId: number } | { workspaceId: number },
): Promise<InvitationRow[]> {
  const { operatorId = null, workspaceId = null } = of as { operatorId?: number; workspaceId?: number };
  return await db<InvitationRow[]>`
    SELECT i.operator_id, o.email, o.name, i.workspace_id, w.name AS workspace_name, i.role, b.name AS inviter
    FROM invitations i JOIN operators o ON o.id = i.operator_id JOIN workspaces w ON w.id = i.workspace_id
      LEFT JOIN operators b ON b.id = i.invited_by
    WHERE (i.operator_id = ${operatorId}::bigint OR i.workspace_id = ${workspaceId}::bigint) AND w.deleted_ms IS NULL
    ORDER BY i.invited_ms, i.workspace_id, i.operator_id`;
}
