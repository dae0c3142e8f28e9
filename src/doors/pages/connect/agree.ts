/** Agreeing on the consent page: what is shown is what is agreed to, in the transaction that writes the grant; and taking it back. */
import type { FastifyReply } from 'fastify';
import type { Operator } from '../../../accounts/operators.ts';
import { sha256Hex } from '../../../base/crypto.ts';
import { fault, isFault, type Fault } from '../../../base/fault.ts';
import type { Tx } from '../../../db/pool.ts';
import { clientOfWorkspace, type Client } from '../../../connect/clients.ts';
import { connectAccount, disconnectAccount, grantOf, type LiveGrant } from '../../../connect/grants.ts';
import { ownWorkspaces, workspaceFor } from '../../../connect/holders.ts';
import type { Visit } from './enter.ts';
import { agreePage, connectedPage, sendPage } from './view.ts';

/** What somebody who has signed in sees: what they are asked to agree to, or that they have. */
export async function showStanding(
  visit: Visit,
  operator: Operator,
  of: { status: number; wrong: string | undefined },
): Promise<FastifyReply> {
  const { ctx, asked, form, reply } = visit;
  const { client, redirectUri } = asked;
  const grant = await grantOf(ctx.sql, client.workspaceId, { userId: operator.id });
  if (!isFault(grant) && of.wrong === undefined) {
    const page = connectedPage(form, { holder: operator, connectId: grant.connectId });
    return await sendPage(reply, of.status, client, page, redirectUri);
  }
  const workspaces = await ownWorkspaces(ctx.sql, operator.id, client);
  const wrong = of.wrong === undefined ? {} : { wrong: of.wrong };
  const page = agreePage(form, { holder: operator, workspaces, shown: wordsOf(client), ...wrong });
  return await sendPage(reply, of.status, client, page, redirectUri);
}

/** Connects the account. */
export async function agree(
  visit: Visit,
  operator: Operator,
  given: { shown: string; read: string; workspace: string },
): Promise<LiveGrant | Fault> {
  const { ctx, asked, nowMs } = visit;
  const workspace = await ctx.directory.workspace(asked.client.workspaceId);
  if (!workspace) return fault('not_found', 'There is no such company any more.');
  const made = await ctx.queue.transact(async (tx) => {
    // Read again in the transaction: what is agreed to is what was shown, whoever changes it meanwhile.
    const client = await clientOfWorkspace(tx, workspace.id);
    if (isFault(client)) return client;
    const unread = checkShown(client, given);
    if (unread) return unread;
    const holderWorkspaceId = await workspaceFor(ctx, tx, {
      holder: operator,
      company: workspace,
      chosen: Number(given.workspace) || undefined,
      most: ctx.config.workspacesPerOperator,
      nowMs,
    });
    if (isFault(holderWorkspaceId)) return holderWorkspaceId;
    return await connectAccount(ctx, tx, {
      client,
      clientNowMs: nowMs + workspace.clockAheadMs,
      connectId: asked.connectId,
      signed: asked.signed,
      holder: operator,
      holderWorkspaceId,
      actor: `operator:${operator.id}`,
      nowMs,
    });
  });
  if (isFault(made)) return made;
  ctx.keyring.forgetRoles(operator.id);
  return made.grant;
}

/** Takes it back; who is not connected stays so. */
export async function disconnect({ ctx, asked, nowMs }: Visit, operator: Operator): Promise<void> {
  const workspace = await ctx.directory.workspace(asked.client.workspaceId);
  const at = { clientNowMs: nowMs + (workspace?.clockAheadMs ?? 0), nowMs, actor: `operator:${operator.id}` };
  await ctx.queue.transact(async (tx: Tx) => {
    const grant = await grantOf(tx, asked.client.workspaceId, { userId: operator.id });
    if (!isFault(grant)) await disconnectAccount(ctx, tx, { id: grant.id, holderId: operator.id }, at);
  });
}

function checkShown(client: Client, { shown, read }: { shown: string; read: string }): Fault | undefined {
  if (shown !== wordsOf(client))
    return fault('conflict', `${client.name} has changed what it asks for. Please look at it again.`);
  return client.reading.length > 0 && read !== 'yes'
    ? fault('unprocessable', 'Please read what is below, and say that you have.')
    : undefined;
}

/** What the words are that somebody agrees to, as a hash. */
function wordsOf({ name, asks, reading }: Client): string {
  return sha256Hex(JSON.stringify([name, asks, reading]));
}
