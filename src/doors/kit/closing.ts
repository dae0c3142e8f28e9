/** Closing a workspace that is deleted, the same from every door: nobody reaches it any more, nobody is told of it, and its rows go. */
import { DOORS, listKeys } from '../../accounts/keys.ts';
import { listMembers } from '../../accounts/operators.ts';
import { askRemoval } from '../../accounts/removal.ts';
import type { Workspace } from '../../accounts/workspaces.ts';
import { isFault, type Fault } from '../../base/fault.ts';
import { disconnectWorkspace } from '../../connect/grants.ts';
import type { Tx } from '../../db/pool.ts';
import type { HttpContext } from './context.ts';

/** Deletes a workspace. Its keys open nothing in this process once it is committed, and nothing in any other within a second. */
export async function closeWorkspace(
  ctx: HttpContext,
  tx: Tx,
  closing: {
    workspace: Workspace;
    actor: string;
    nowMs: number;
    afterCommit: (act: () => void) => void;
  },
): Promise<true | Fault> {
  const { workspace, actor, nowMs, afterCommit } = closing;
  const { id, name } = workspace;
  const keys = await listKeys(tx, { owner: { workspaceId: id } });
  const members = await listMembers(tx, { workspaceId: id });
  const gone = await askRemoval(tx, { id, name, actor, nowMs });
  if (isFault(gone)) return gone;
  for (const door of DOORS)
    for (const webhook of await ctx.webhooks.list(tx, { workspaceId: id, door }))
      await ctx.webhooks.delete(tx, { workspaceId: id, door, id: webhook.id });
  await disconnectWorkspace(ctx, tx, id, { clientNowMs: nowMs + workspace.clockAheadMs });
  afterCommit(() => {
    ctx.directory.forget(id);
    for (const member of members) ctx.keyring.forgetRoles(member.id);
    for (const { door, keyId } of keys) ctx.keyring.forgetKey(door, keyId);
  });
  return true;
}
