/** The demo's connected account: somebody who has authorised the demo workspace, so that the first call of the Shout door acts for them. */
import { createOperator } from '../accounts/operators.ts';
import { vouchFor } from '../accounts/signIn/signUps.ts';
import { createWorkspace } from '../accounts/workspaces.ts';
import { randomToken, type Vault } from '../base/crypto.ts';
import { isFault, type Fault } from '../base/fault.ts';
import type { Tx } from '../db/pool.ts';
import { enableConnect } from './clients.ts';
import { connectAccount, type GrantDeps } from './grants.ts';

/** What the demo shows of it. */
type GrantedDemo = {
  userId: number;
  connectId: string;
  /** Where the company acts: the account's own workspace. */
  holderWorkspaceId: number;
  /** Whom the account signs in as. */
  holder: { email: string; password: string };
};

/** Enables Connect for the demo workspace, and makes an account that is connected to it as `123abc`. Part of the transaction. */
export async function grantDemo(
  deps: GrantDeps & { vault: Vault },
  tx: Tx,
  demo: { workspaceId: number; nowMs: number },
): Promise<GrantedDemo> {
  const { workspaceId, nowMs } = demo;
  const client = await enableConnect(tx, deps, { workspaceId, name: 'Demo', nowMs });
  const password = randomToken(12);
  const email = 'affiliate@parley.local';
  const holder = must(await createOperator(tx, deps.ids, { email, name: 'Ann Affiliate', password, nowMs }));
  await vouchFor(tx, holder.id, nowMs);
  const own = { name: 'Ann Affiliate', environment: 'test' as const, ownerId: holder.id, nowMs };
  const { id: holderWorkspaceId } = must(await createWorkspace(tx, deps.ids, own));
  const connectId = '123abc';
  const at = { clientNowMs: nowMs, nowMs, actor: 'parley' };
  must(await connectAccount(deps, tx, { client, connectId, signed: true, holder, holderWorkspaceId, ...at }));
  return { userId: holder.id, connectId, holderWorkspaceId, holder: { email, password } };
}

/** Nothing here comes from a caller, so a fault is a bug. */
function must<T>(outcome: T | Fault): T {
  if (isFault(outcome)) throw new Error(`the demo account cannot be made: ${outcome.message}`);
  return outcome;
}
