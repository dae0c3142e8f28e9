/**
 * What a person does on the web chat, carried out: saying, starting, reading, confirming, typing. Contact, address and
 * conversation are made by the first of these that is said, and by nothing before it.
 */
import type { Workspace } from '../../accounts/workspaces.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import type { TakeReceipts } from '../../channels/adapter.ts';
import { recordInbound } from '../../contacts/destinations.ts';
import { resolveContacts } from '../../contacts/resolve/resolve.ts';
import { conversationsOf, ensureConversations, receiveMessages } from '../../conversations/conversations.ts';
import type { Conversation } from '../../conversations/message.ts';
import { messagesById, historyPage, messageKeptAs } from '../../conversations/history.ts';
import { markReadUpTo, markThere } from '../../conversations/marks.ts';
import type { Content } from '../../../contract/content.ts';
import type { Tx } from '../../db/pool.ts';
import type {
  ConversationRead,
  ConversationStarted,
  ConversationTyping,
} from '../../conversations/events.ts';
import { PAGE } from '../../live/log.ts';
import { toRef } from '../../ledger/ref.ts';
import { deliveriesNamed } from '../../ledger/deliveries.ts';
import type { Delivery } from '../../ledger/delivery.ts';
import { STATE } from '../../ledger/states.ts';
import type { HttpContext } from '../kit/context.ts';
import { webChatOf, webDestination } from '../kit/webChat.ts';
import type { LivePerson } from './identify.ts';

/** A conversation that is full takes nothing more (api/sunshine.md §1.3). */
const MOST_MESSAGES = 30_000;
/** A message is tried at no more addresses than this. */
const MOST_TRIES = 4;

/** Who said it, and the message that is kept; none for a start. */
type Said = { contactId: number; messageId?: number };

/** Says something, once for each `clientId` of a person; without content, the conversation is only started. */
export async function say(
  ctx: HttpContext,
  who: LivePerson,
  workspace: Workspace,
  what: { clientId: string; content?: Content },
): Promise<Said | Fault> {
  const integrationId = await webChatOf(ctx, workspace.id);
  if (isFault(integrationId)) return integrationId;
  return await ctx.queue.transact(async (tx): Promise<Said | Fault> => {
    const atMs = ctx.clock.nowMs() + workspace.clockAheadMs;
    const there = await arrive(ctx, tx, who, integrationId, atMs);
    if (isFault(there)) return there;
    const { contactId, destinationId, conversation } = there;
    if (conversation.messageCount >= MOST_MESSAGES)
      return fault('locked', `The conversation holds ${MOST_MESSAGES} messages and takes no more.`);
    if (!conversation.started) await begin(ctx, tx, there, atMs);
    if (!what.content) return { contactId };
    const { workspaceId } = who;
    const externalId = `web-${contactId.toString(36)}-${what.clientId}`;
    const source = { type: 'web', integrationId, originalMessageId: what.clientId };
    const said = { workspaceId, contactId, integrationId, destinationId, channel: 'webchat' };
    const [fresh] = await receiveMessages(ctx, tx, atMs, [
      { ...said, externalId, source, content: what.content, atMs },
    ]);
    if (fresh) {
      await recordInbound(tx, ctx.ids, atMs, [{ workspaceId, contactId, destinationId, atMs }]);
      return { contactId, messageId: fresh.messageId };
    }
    const messageId = await messageKeptAs(tx, integrationId, externalId);
    return messageId === undefined ? { contactId } : { contactId, messageId };
  });
}

type There = { contactId: number; destinationId: number; workspaceId: number; conversation: Conversation };

/** Finds or makes contact, address and conversation. Locks the contact, so that of two first words one starts it. */
async function arrive(
  ctx: HttpContext,
  tx: Tx,
  who: LivePerson,
  integrationId: number,
  atMs: number,
): Promise<There | Fault> {
  const { workspaceId } = who;
  const contactId = who.contactId ?? (await contactOf(ctx, tx, who, atMs));
  const destinationId = await webDestination(ctx, tx, atMs, { workspaceId, contactId, integrationId });
  if (isFault(destinationId)) return destinationId;
  const conversations = await ensureConversations(tx, ctx.ids, atMs, [{ contactId, workspaceId }]);
  return { contactId, destinationId, workspaceId, conversation: conversations.get(contactId)! };
}

/** The contact that the business's own id names, made when it is not there. */
async function contactOf(
  ctx: HttpContext,
  tx: Tx,
  who: { workspaceId: number; userId: string },
  atMs: number,
): Promise<number> {
  const identities = [{ kind: 'external' as const, value: who.userId }];
  const [found] = await resolveContacts(tx, ctx.ids, atMs, [{ workspaceId: who.workspaceId, identities }]);
  return found!.contactId;
}

async function begin(ctx: HttpContext, tx: Tx, there: There, atMs: number): Promise<void> {
  const { contactId, destinationId, workspaceId, conversation } = there;
  const conversationId = conversation.id;
  await markThere(tx, conversationId, atMs);
  const payload: ConversationStarted = { contactId, conversationId, destinationId };
  await ctx.queue.append(tx, [
    { ownerId: contactId, workspaceId, type: 'conversation.started', atMs, payload },
  ]);
}

/** The person has read up to a message. What is none of theirs changes nothing. */
export async function readUpTo(
  ctx: HttpContext,
  takeReceipts: TakeReceipts,
  whose: { workspaceId: number; contactId: number },
  messageId: number,
): Promise<void> {
  const { workspaceId, contactId } = whose;
  const [message] = await messagesById(ctx.sql, workspaceId, [messageId]);
  if (message?.contactId !== contactId) return;
  const { conversationId, atMs } = message;
  await ctx.queue.transact(async (tx) => {
    if (!(await markReadUpTo(tx, { conversationId, messageId, atMs }))) return;
    const payload: ConversationRead = { contactId, conversationId, by: 'contact', atMs };
    await ctx.queue.append(tx, [
      { ownerId: contactId, workspaceId, type: 'conversation.read', atMs, payload },
    ]);
  });
  const page = await historyPage(ctx.sql, { conversationId, beforeMs: atMs + 1, limit: PAGE });
  const read = page.filter((one) => one.direction === 'out' && (one.atMs < atMs || one.id <= messageId));
  await confirm(
    ctx,
    takeReceipts,
    contactId,
    'read',
    read.map(({ id }) => id),
  );
}

/** Messages have arrived at a messenger of the person, or were read there: those sent through the web chat move on. */
export async function confirm(
  ctx: HttpContext,
  takeReceipts: TakeReceipts,
  contactId: number,
  state: 'delivered' | 'read',
  messageIds: readonly number[],
): Promise<void> {
  const before = state === 'read' ? STATE.read : STATE.delivered;
  const ours = (await deliveriesOf(ctx, contactId, messageIds)).filter(
    // One that is not accepted yet is confirmed again once it is: until then another channel may still be chosen for it.
    (delivery) =>
      delivery.channel === 'webchat' &&
      delivery.integrationId !== null &&
      delivery.state >= STATE.accepted &&
      delivery.state < before,
  );
  for (const [integrationId, list] of Map.groupBy(ours, (delivery) => delivery.integrationId!))
    await takeReceipts(
      integrationId,
      list.map((delivery) => ({ ref: toRef(delivery), state })),
    );
}

/** Deliveries of messages to a contact. */
export async function deliveriesOf(
  ctx: Pick<HttpContext, 'sql'>,
  contactId: number,
  messageIds: readonly number[],
): Promise<Delivery[]> {
  const tries = Array.from({ length: MOST_TRIES }, (_, seq) => seq);
  const keys = messageIds.flatMap((causeId) => tries.map((seq) => ({ contactId, causeId, seq })));
  return await deliveriesNamed(ctx.sql, keys);
}

/** The person has begun or stopped to type. */
export async function type(
  ctx: HttpContext,
  whose: { workspaceId: number; contactId: number },
  on: boolean,
): Promise<void> {
  const { workspaceId, contactId } = whose;
  const conversation = (await conversationsOf(ctx.sql, [contactId])).get(contactId);
  if (!conversation) return;
  const payload: ConversationTyping = { contactId, conversationId: conversation.id, by: 'contact', on };
  const workspace = await ctx.directory.workspace(workspaceId);
  const atMs = ctx.clock.nowMs() + (workspace?.clockAheadMs ?? 0);
  await ctx.queue.transact((tx) =>
    ctx.queue.append(tx, [{ ownerId: contactId, workspaceId, type: 'conversation.typing', atMs, payload }]),
  );
}
