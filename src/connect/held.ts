/** Holding the grants of many at once, for whoever acts for them in one transaction. Who is not held is told why, as alone. */
import { fault, isFault, type Fault } from '../base/fault.ts';
import type { Tx } from '../db/pool.ts';
import { grantOf, grantOfRow, type LiveGrant, type GrantKey } from './grants.ts';
import { holdLiveGrants, type HolderPlace } from './sql.ts';

export type { HolderPlace } from './sql.ts';

/** A grant that is held, and where its account is. */
type HeldGrant = LiveGrant & { place: HolderPlace };

/** As `holdGrant`, of each of those named, in order, in one statement. */
export async function holdGrants(
  tx: Tx,
  clientWorkspaceId: number,
  named: readonly GrantKey[],
): Promise<(HeldGrant | Fault)[]> {
  const rows = await holdLiveGrants(tx, clientWorkspaceId, {
    connectIds: [...new Set(named.flatMap((who) => ('connectId' in who ? who.connectId : [])))],
    userIds: [...new Set(named.flatMap((who) => ('userId' in who ? who.userId : [])))],
  });
  const held = new Map<string, HeldGrant>();
  for (const { country, timeZone, clockAheadMs, ...row } of rows) {
    const grant = { ...(grantOfRow(row) as LiveGrant), place: { country, timeZone, clockAheadMs } };
    held.set(nameOf({ connectId: grant.connectId }), grant);
    held.set(nameOf({ userId: grant.userId }), grant);
  }
  const found: (HeldGrant | Fault)[] = [];
  for (const who of named) found.push(held.get(nameOf(who)) ?? (await whyNot(tx, clientWorkspaceId, who)));
  return found;
}

function nameOf(who: GrantKey): string {
  return 'connectId' in who ? `connect_id ${who.connectId}` : `user_id ${who.userId}`;
}

async function whyNot(tx: Tx, clientWorkspaceId: number, who: GrantKey): Promise<Fault> {
  const grant = await grantOf(tx, clientWorkspaceId, who);
  return isFault(grant)
    ? grant
    : fault('conflict', 'The account was connected anew at this moment; call again.');
}
