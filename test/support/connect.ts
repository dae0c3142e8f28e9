/** Connected accounts for tests: a company with Connect enabled, account holders, and grants between them. */
import { createKey } from '../../src/accounts/keys.ts';
import { createOperator, hashPassword } from '../../src/accounts/operators.ts';
import { createWorkspace } from '../../src/accounts/workspaces.ts';
import { randomToken } from '../../src/base/crypto.ts';
import { clientOfWorkspace, enableConnect, type Client } from '../../src/connect/clients.ts';
import { connectAccount, disconnectAccount, type LiveGrant } from '../../src/connect/grants.ts';
import type { HttpContext } from '../../src/doors/kit/context.ts';
import { must, newWorkspace } from './world.ts';

/** A company: a workspace with Connect enabled, and its credentials. */
export type Company = Awaited<ReturnType<typeof newCompany>>;
/** An account holder with a workspace of their own. */
export type Holder = Awaited<ReturnType<typeof newHolder>>;

/** What every holder of tests signs in with: hashed once. */
export const HOLDER_PASSWORD = 'a password of the tests';
const passwordHash = hashPassword(HOLDER_PASSWORD, 'password') as Promise<string>;

/** Makes a company; `authorization` is the header of its key of the Shout door. */
export async function newCompany(ctx: HttpContext, environment: 'test' | 'live' = 'test') {
  const workspace = await newWorkspace(ctx, environment);
  const nowMs = ctx.clock.nowMs();
  return await ctx.sql.begin(async (tx) => {
    const client = await enableConnect(tx, ctx, { workspaceId: workspace.id, name: 'Acme', nowMs });
    const owner = { workspaceId: workspace.id };
    const { token } = must(await createKey(tx, ctx, { owner, door: 'shout', name: 'test', nowMs }));
    return { ...workspace, client, token, authorization: `Bearer ${token}` };
  });
}

/** Makes an operator with a workspace of their own. */
export async function newHolder(ctx: HttpContext, environment: 'test' | 'live' = 'test', name = 'Ann Lee') {
  const nowMs = ctx.clock.nowMs();
  const email = `holder-${randomToken(8).toLowerCase()}@example.com`;
  const hash = await passwordHash;
  return await ctx.sql.begin(async (tx) => {
    const operator = must(await createOperator(tx, ctx.ids, { email, name, passwordHash: hash, nowMs }));
    const own = { name, environment, ownerId: operator.id, nowMs };
    const workspace = must(await createWorkspace(tx, ctx.ids, own));
    return { ...operator, workspaceId: workspace.id };
  });
}

/** Connects a holder to a company. */
export async function connectHolder(
  ctx: HttpContext,
  company: { client: Client },
  holder: Holder,
  connectId: string,
  more: { signed?: boolean } = {},
) {
  const nowMs = ctx.clock.nowMs();
  return await ctx.queue.transact(async (tx) => {
    const client = must(await clientOfWorkspace(tx, company.client.workspaceId));
    return await connectAccount(ctx, tx, {
      client,
      clientNowMs: nowMs,
      connectId,
      signed: more.signed ?? false,
      holder,
      holderWorkspaceId: holder.workspaceId,
      actor: `operator:${holder.id}`,
      nowMs,
    });
  });
}

/** A company, a holder and the grant between them. */
export async function makeGrant(
  ctx: HttpContext,
  given: { company?: Company; connectId?: string; environment?: 'test' | 'live' } = {},
): Promise<{ company: Company; holder: Holder; grant: LiveGrant }> {
  const company = given.company ?? (await newCompany(ctx, given.environment));
  const holder = await newHolder(ctx, given.environment);
  const connectId = given.connectId ?? `aff-${holder.id}`;
  const { grant } = must(await connectHolder(ctx, company, holder, connectId));
  return { company, holder, grant };
}

/** Ends a grant as its holder. */
export async function endGrant(ctx: HttpContext, grant: { id: number; userId: number }) {
  const nowMs = ctx.clock.nowMs();
  const at = { clientNowMs: nowMs, nowMs, actor: `operator:${grant.userId}` };
  return await ctx.queue.transact((tx) =>
    disconnectAccount(ctx, tx, { id: grant.id, holderId: grant.userId }, at),
  );
}
