/** Web chat as the doors to it share it: the workspace's integration, and a person's address on it. */
import { createIntegration, seeIntegrations } from '../../accounts/integrations.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import { linkDestination, recordInbound } from '../../contacts/destinations.ts';
import { receiveMessages, type Incoming } from '../../conversations/conversations.ts';
import type { Tx } from '../../db/pool.ts';
import { holdWebChat } from '../../live/log.ts';
import type { HttpContext } from './context.ts';

/** The contact's address on the web chat, linked if it is not. It is one, whatever the number of their browsers. */
export async function webDestination(
  ctx: Pick<HttpContext, 'ids'>,
  tx: Tx,
  nowMs: number,
  of: { workspaceId: number; contactId: number; integrationId: number },
): Promise<number | Fault> {
  const linked = await linkDestination(tx, ctx.ids, nowMs, {
    ...of,
    channel: 'webchat',
    address: `web:${toHex24(of.contactId)}`,
    status: 'active',
  });
  if (isFault(linked)) return linked;
  if ('conflictsWith' in linked) throw new Error('an address on the web chat is nobody else’s');
  return linked.destinationId;
}

/** Keeps what a person said on the web chat, once for each `externalId`; undefined when it was said before. */
export async function hearOnWebChat(
  ctx: Pick<HttpContext, 'ids' | 'queue'>,
  tx: Tx,
  nowMs: number,
  said: Pick<Incoming, 'workspaceId' | 'contactId' | 'integrationId' | 'externalId' | 'content' | 'source'>,
): Promise<{ messageId: number } | undefined | Fault> {
  const destinationId = await webDestination(ctx, tx, nowMs, said);
  if (isFault(destinationId)) return destinationId;
  const heard: Incoming = { ...said, channel: 'webchat', destinationId, atMs: nowMs };
  const [message] = await receiveMessages(ctx, tx, nowMs, [heard]);
  if (!message) return undefined;
  const { workspaceId, contactId } = said;
  await recordInbound(tx, ctx.ids, nowMs, [{ workspaceId, contactId, destinationId, atMs: nowMs }]);
  return { messageId: message.messageId };
}

/** The integration that the web chat of a workspace goes through, made when the first person says something. */
export async function webChatOf(ctx: HttpContext, workspaceId: number): Promise<number | Fault> {
  const known = openOf(await ctx.directory.integrationsOf(workspaceId));
  if (known !== undefined) return known;
  const made = await ctx.queue.transact(async (tx): Promise<number | Fault> => {
    await holdWebChat(tx, workspaceId);
    const there = openOf(await seeIntegrations(tx, workspaceId));
    if (there !== undefined) return there;
    const adapter = Object.values(ctx.adapters).find((one) => one?.channel === 'webchat');
    if (!adapter) return fault('not_built', 'This Parley has no web chat.');
    const { provider } = adapter;
    const tools = { vault: ctx.vault, ids: ctx.ids, catalogue: ctx.adapters };
    const wanted = { workspaceId, provider, name: 'Web chat', settings: {}, nowMs: ctx.clock.nowMs() };
    const integration = await createIntegration(tx, tools, wanted);
    return isFault(integration) ? integration : integration.id;
  });
  if (!isFault(made)) ctx.directory.forget(made);
  return made;
}

function openOf(
  integrations: readonly { id: number; channel: string; status: string }[],
): number | Fault | undefined {
  const ours = integrations.filter(({ channel }) => channel === 'webchat');
  if (!ours.length) return undefined;
  const open = ours.find(({ status }) => status === 'active');
  return open?.id ?? fault('forbidden', 'Web chat is switched off here; answer the message instead.');
}
