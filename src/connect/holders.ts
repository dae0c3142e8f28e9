/** Account holders: operators with a workspace of their own, in which companies may act for them. */
import type { Operator } from '../accounts/operators.ts';
import { createOwnWorkspace, getWorkspace, listWorkspaces, type Workspace } from '../accounts/workspaces.ts';
import { fault, isFault, type Fault } from '../base/fault.ts';
import type { IdSource } from '../base/ids.ts';
import { lockFor } from '../db/lock.ts';
import type { Db, Tx } from '../db/pool.ts';

/**
 * The workspaces that somebody owns in which a company may act, oldest first: real where the company's is, so that what it tries out
 * reaches nobody.
 */
export async function ownWorkspaces(
  db: Db,
  holderId: number,
  company: { workspaceId: number },
): Promise<Workspace[]> {
  const of = await getWorkspace(db, company.workspaceId);
  return (await listWorkspaces(db, { operatorId: holderId }))
    .filter(({ role, workspace }) => role === 'owner' && workspace.environment === of?.environment)
    .map(({ workspace }) => workspace)
    .filter(({ id }) => id !== company.workspaceId);
}

/** The one they chose, or their first; who has none gets one, once, however many windows ask. */
export async function workspaceFor(
  tools: { ids: IdSource },
  tx: Tx,
  of: { holder: Operator; company: Workspace; chosen: number | undefined; most: number; nowMs: number },
): Promise<number | Fault> {
  const { holder, company, chosen, most, nowMs } = of;
  await lockFor(tx, 'connect holder', holder.id);
  const own = await ownWorkspaces(tx, holder.id, { workspaceId: company.id });
  const found = chosen === undefined ? own[0] : own.find(({ id }) => id === chosen);
  if (found) return found.id;
  if (chosen !== undefined) return fault('unprocessable', 'This is not a workspace of yours any more.');
  const { environment, country, timeZone } = company;
  const input = { name: holder.name, environment, country, timeZone, ownerId: holder.id, nowMs };
  const made = await createOwnWorkspace(tx, tools.ids, input, most);
  return isFault(made) ? made : made.id;
}
