/** Acting in a connected account: which workspace that is, and that the account lets it happen at the moment it does. */
import type { Workspace } from '../../accounts/workspaces.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { grantOf, holdGrant, mayOnBehalf, type Ability, type GrantKey } from '../../connect/grants.ts';
import { holdGrants } from '../../connect/held.ts';
import type { Tx } from '../../db/pool.ts';
import type { HttpContext } from './context.ts';

/** Who is acted for, in what. */
export type ActingFor = { companyId: number; who: GrantKey; ability: Ability };

/** The workspace of a connected account, as it is before the transaction: how it reads numbers, times and money. */
export async function workspaceOf(
  { sql, directory }: Pick<HttpContext, 'sql' | 'directory'>,
  { companyId, who, ability }: ActingFor,
): Promise<Workspace | Fault> {
  const grant = await grantOf(sql, companyId, who);
  if (isFault(grant)) return grant;
  const may = mayOnBehalf(grant, ability);
  if (isFault(may)) return may;
  return (await directory.workspace(grant.holderWorkspaceId)) ?? fault('forbidden', 'The account is closed.');
}

/** Said where an account became another workspace's between being read and being held. */
export const CONNECTED_ANEW = fault('conflict', 'The account was connected anew at this moment; call again.');

/** What counts of an account's workspace where somebody acts in it. */
export type ActingPlace = Pick<Workspace, 'id' | 'country' | 'timeZone' | 'clockAheadMs'>;

/** Holds the grants of many accounts until the transaction ends, in one statement, and says where each of them is. */
export async function holdAccounts(
  tx: Tx,
  { companyId, ability }: Omit<ActingFor, 'who'>,
  named: readonly GrantKey[],
): Promise<(ActingPlace | Fault)[]> {
  const grants = await holdGrants(tx, companyId, named);
  return grants.map((grant) => {
    const may = isFault(grant) ? grant : mayOnBehalf(grant, ability);
    return isFault(grant) || isFault(may) ? (may as Fault) : { id: grant.holderWorkspaceId, ...grant.place };
  });
}

/** Holds the grant until the transaction ends: what is done is done before a disconnect, or not at all. */
export async function holdAccount(
  tx: Tx,
  { companyId, who, ability }: ActingFor,
  workspaceId: number,
): Promise<Fault | undefined> {
  const grant = await holdGrant(tx, companyId, who);
  if (isFault(grant)) return grant;
  const may = mayOnBehalf(grant, ability);
  if (isFault(may)) return may;
  return grant.holderWorkspaceId === workspaceId ? undefined : CONNECTED_ANEW;
}
