/** What is said in a user's conversation: reading it, adding to it, deleting from it (api/sunshine.md §5). */
import { Done } from '../../../contract/doors/sunshine/fields.ts';
import { MessagePage, MessagesAdded, PostedMessage } from '../../../contract/doors/sunshine/messages.ts';
import type { Content } from '../../../contract/content.ts';
import { breaks, isFault, fault, type Fault } from '../../base/fault.ts';
import { destinationsOf, type Destination } from '../../contacts/destinations.ts';
import type { Contact } from '../../contacts/contacts.ts';
import { conversationsOf, ensureConversations, receiveMessages } from '../../conversations/conversations.ts';
import type { Author, Conversation, Message } from '../../conversations/message.ts';
import { messagesById, historyPage } from '../../conversations/history.ts';
import { removeSaid } from '../../threads/removed.ts';
import type { Db, Tx } from '../../db/pool.ts';
import { accept } from '../../outbox/accept.ts';
import { readMessages } from './messageInput.ts';
import { asSeen } from '../kit/templateCatalogue.ts';
import { integrationFor, sunshineConversation } from './present.ts';
import { sunshineMessage } from './messageShown.ts';
import { may } from '../kit/route.ts';
import { providerOf } from './names.ts';
import {
  acts,
  missing,
  readId,
  reads,
  writes,
  type Call,
  type RouteOutcome,
  type Route,
  type SunshineFault,
  type Work,
} from './route.ts';
import { findUser } from './users.ts';

/** Messages a page (api/sunshine.md §1.4). */
const PAGE = 100;
/** A conversation that is full takes nothing more (api/sunshine.md §1.3). */
const MOST_MESSAGES = 30_000;

/** A posted message. */
type PostedBody = { role: 'appUser' | 'appMaker'; [field: string]: unknown };

/** What is to be said. */
type Posted = {
  role: 'appUser' | 'appMaker';
  author: Author;
  contents: Content[];
  destination?: { integrationId?: string; integrationType?: string };
};

/** `…/appusers/{userId}/messages`. */
export const messageRoutes: readonly Route[] = [
  reads({
    path: '/appusers/:userId/messages',
    action: 'messages.read',
    scopes: ['account', 'app', 'appUser'],
    does: 'What was said with a user, a page at a time.',
    answers: { 200: MessagePage },
    handle: listMessages,
  }),
  writes({
    method: 'POST',
    path: '/appusers/:userId/messages',
    action: 'conversations.reply',
    scopes: ['account', 'app', 'appUser'],
    does: 'Says something, as the business or as the user.',
    body: PostedMessage,
    answers: { 201: MessagesAdded },
    handle: postMessage,
  }),
  acts({
    method: 'DELETE',
    path: '/appusers/:userId/messages',
    does: 'Deletes all that was said with a user.',
    action: 'contacts.erase',
    answers: { 200: Done },
    async handle(call) {
      return (tx) => removeMessages(call, tx);
    },
  }),
  acts({
    method: 'DELETE',
    path: '/appusers/:userId/messages/:messageId',
    does: 'Deletes a message.',
    action: 'contacts.erase',
    answers: { 200: Done },
    async handle(call) {
      const messageId = readId(call.params['messageId']!, 'messageId');
      return isFault(messageId) ? messageId : (tx) => removeMessages(call, tx, messageId);
    },
  }),
];

async function listMessages(call: Call): Promise<RouteOutcome<200, MessagePage>> {
  const contact = await findUser(call, call.ctx.sql);
  return isFault(contact) ? contact : await messagesPage(call, contact);
}

/** A page of what was said with a user: the newest, or those `before` or `after` a moment. `url` is that of the list. */
export async function messagesPage(
  { ctx: { sql }, query, url }: Pick<Call, 'ctx' | 'query' | 'url'>,
  contact: Contact,
): Promise<RouteOutcome<200, MessagePage>> {
  const beforeMs = readSeconds(query['before'], 'before');
  const afterMs = readSeconds(query['after'], 'after');
  if (isFault(beforeMs)) return beforeMs;
  if (isFault(afterMs)) return afterMs;
  if (beforeMs !== undefined && afterMs !== undefined)
    return breaks('before', 'cannot be given together with after');
  const conversation = (await conversationsOf(sql, [contact.id])).get(contact.id);
  if (!conversation) return missing('conversation');
  const found = await historyPage(sql, {
    conversationId: conversation.id,
    beforeMs,
    afterMs,
    limit: PAGE + 1,
  });
  const forward = afterMs !== undefined;
  const messages = onePage(found, forward);
  const more = messages.length < found.length;
  const older = forward ? messages.length > 0 : more;
  const newer = forward ? more : beforeMs !== undefined && messages.length > 0;
  const link = (name: string, at: Message | undefined) => `${url}?${name}=${at!.atMs / 1000}`;
  return {
    status: 200,
    body: {
      conversation: sunshineConversation(conversation),
      messages: messages.map((message) => sunshineMessage(message, contact)),
      ...(older ? { previous: link('before', messages[0]) } : {}),
      ...(newer ? { next: link('after', messages.at(-1)) } : {}),
    },
  };
}

/** The newest of a conversation, as many as a page has; `more`: there are older ones. */
export async function newestMessages(
  db: Db,
  conversationId: number,
): Promise<{ messages: readonly Message[]; more: boolean }> {
  const found = await historyPage(db, { conversationId, limit: PAGE + 1 });
  const messages = onePage(found, false);
  return { messages, more: messages.length < found.length };
}

/** Cuts one message too many off, and with it those of the same moment: the next page begins after a moment. */
function onePage(found: readonly Message[], forward: boolean): readonly Message[] {
  if (found.length <= PAGE) return found;
  const cutMs = (forward ? found.at(-1) : found[0])!.atMs;
  const kept = found.filter(({ atMs }) => atMs !== cutMs);
  if (kept.length > 0) return kept;
  return forward ? found.slice(0, PAGE) : found.slice(1);
}

async function postMessage(call: Call<PostedBody>): Promise<Work<201, MessagesAdded> | SunshineFault> {
  const posted = await readPosted(call, call.body);
  if (isFault(posted)) return posted;
  if (call.caller.scope === 'appUser' && posted.role !== 'appUser')
    return fault('forbidden', 'role: a token of a user speaks for that user only', { field: 'role' });
  const allowed = posted.role === 'appUser' ? may(call, 'messages.impersonate') : true;
  if (isFault(allowed)) return { ...allowed, field: 'role' };
  const to = await integrationWanted(call, posted.destination);
  if (isFault(to)) return to;
  const all = await call.ctx.directory.integrationsOf(call.workspace.id);
  const whatsapp = all.find(({ channel }) => channel === 'whatsapp');
  const contents = await Promise.all(posted.contents.map((content) => asSeen(call, whatsapp, content)));
  return (tx) => addMessages(call, tx, { ...posted, contents }, to);
}

/** Adds messages to the user's conversation, of either side; answers as the API does. */
export async function addMessages(
  call: Call<unknown>,
  tx: Tx,
  posted: Posted,
  to: ToIntegration | undefined,
): Promise<RouteOutcome<201, MessagesAdded>> {
  const contact = await findUser(call, tx);
  if (isFault(contact)) return contact;
  const { workspace, ctx, nowMs } = call;
  const atMs = nowMs + workspace.clockAheadMs;
  const ensured = await ensureConversations(tx, ctx.ids, atMs, [
    { contactId: contact.id, workspaceId: workspace.id },
  ]);
  const conversation = ensured.get(contact.id)!;
  if (conversation.messageCount >= MOST_MESSAGES)
    return fault('locked', `The conversation holds ${MOST_MESSAGES} messages and takes no more.`);
  const ids =
    posted.role === 'appMaker'
      ? await say(call, tx, contact, conversation, posted, to)
      : await hear(call, tx, contact, posted.contents);
  if (isFault(ids)) return ids;
  const [messages, after] = await Promise.all([
    messagesById(tx, workspace.id, ids),
    conversationsOf(tx, [contact.id]),
  ]);
  const byId = new Map(messages.map((message) => [message.id, sunshineMessage(message, contact)]));
  const [message, ...extraMessages] = ids.map((id) => byId.get(id)!);
  return {
    status: 201,
    body: {
      message: message!,
      ...(extraMessages.length > 0 ? { extraMessages } : {}),
      conversation: sunshineConversation(after.get(contact.id)!),
    },
  };
}

/** Who says what, from a posted message. */
export async function readPosted(call: Call<unknown>, body: PostedBody): Promise<Posted | Fault> {
  const { role, name, email, avatarUrl, destination, messageSchema: schema, message, ...rest } = body;
  const native = schema === 'whatsapp' && message !== undefined;
  const contents = await readMessages(call, native ? (message as Record<string, unknown>) : rest, {
    schema: schema as 'whatsapp' | undefined,
    path: native ? 'message' : '',
    verbatim: role === 'appUser',
  });
  if (isFault(contents)) return contents;
  if (contents.length === 0) return breaks('text', 'holds nothing that can be sent');
  if (role === 'appUser' && destination !== undefined)
    return breaks('destination', 'is for messages of role appMaker only');
  const author = Object.fromEntries(
    Object.entries({ name, email, avatarUrl }).filter(([, value]) => value !== undefined),
  ) as Author;
  return {
    role,
    author,
    contents,
    ...(destination === undefined ? {} : { destination: destination as NonNullable<Posted['destination']> }),
  };
}

/** The business says something. */
async function say(
  call: Call<unknown>,
  tx: Tx,
  contact: Contact,
  conversation: Conversation,
  posted: Posted,
  toIntegration: ToIntegration | undefined,
): Promise<number[] | Fault> {
  const { ctx, nowMs, workspace } = call;
  const to = toIntegration && (await destinationsOf(tx, workspace.id, [contact.id])).findLast(toIntegration);
  if (toIntegration && !to) return breaks('destination', 'the user has no client there; link one first');
  const accepted = await accept(
    ctx,
    tx,
    nowMs,
    posted.contents.map(({ metadata, ...content }) => ({
      workspaceId: workspace.id,
      contactId: contact.id,
      conversationId: conversation.id,
      kind: 'message',
      class: 'transactional',
      content,
      author: posted.author,
      source: { type: 'api' },
      aheadMs: workspace.clockAheadMs,
      ...(metadata === undefined ? {} : { metadata }),
      ...(to === undefined ? {} : { destinationId: to.id }),
    })),
  );
  return accepted.map(({ messageId }) => messageId);
}

/** Which of the user's clients a message is for: those for which this is true. */
type ToIntegration = (destination: Destination) => boolean;

/** The integration that the caller wants it sent through; undefined leaves the choice to us. */
async function integrationWanted(
  call: Call<unknown>,
  wanted: Posted['destination'],
): Promise<ToIntegration | undefined | SunshineFault> {
  if (!wanted) return undefined;
  const { integrationId, integrationType } = wanted;
  if ((integrationId === undefined) === (integrationType === undefined))
    return breaks('destination', 'needs integrationId or integrationType, not both');
  const integrations = await call.ctx.directory.integrationsOf(call.workspace.id);
  const used = (destination: Destination) => integrationFor(destination, integrations);
  if (integrationId === undefined)
    return (destination) => used(destination)?.provider === providerOf(integrationType!);
  const id = readId(integrationId, 'destination.integrationId');
  if (isFault(id)) return id;
  if (!integrations.some((integration) => integration.id === id)) return missing('integration');
  return (destination) => used(destination)?.id === id;
}

/** The user says something, told by the business or with the user's own token. It came through no integration. */
async function hear(
  call: Call<unknown>,
  tx: Tx,
  contact: Contact,
  contents: readonly Content[],
): Promise<number[]> {
  const { ctx, nowMs, workspace } = call;
  const atMs = nowMs + workspace.clockAheadMs;
  const received = await receiveMessages(
    ctx,
    tx,
    atMs,
    contents.map(({ metadata, ...content }) => ({
      workspaceId: workspace.id,
      contactId: contact.id,
      integrationId: 0,
      channel: 'api',
      destinationId: 0,
      // The provider's id is what tells a repeat; here that is the Idempotency-Key.
      externalId: `api-${ctx.ids.spread()}`,
      content,
      source: { type: 'api' },
      atMs,
      ...(metadata === undefined ? {} : { metadata }),
    })),
  );
  return received.map(({ messageId }) => messageId);
}

async function removeMessages(call: Call, tx: Tx, messageId?: number): Promise<RouteOutcome<200, object>> {
  const contact = await findUser(call, tx);
  if (isFault(contact)) return contact;
  const conversation = (await conversationsOf(tx, [contact.id])).get(contact.id);
  if (!conversation) return missing('conversation');
  const { ctx, workspace, nowMs } = call;
  const atMs = nowMs + workspace.clockAheadMs;
  const of = { workspaceId: workspace.id, conversationId: conversation.id, atMs };
  const removed = await removeSaid(ctx, tx, of, messageId);
  return messageId !== undefined && removed === 0
    ? fault('not_found', 'There is no such message.')
    : { status: 200, body: {} };
}

/** Unix seconds with decimals, as milliseconds. */
function readSeconds(text: string | undefined, field: string): number | undefined | Fault {
  if (text === undefined) return undefined;
  return /^\d{1,11}(\.\d{1,9})?$/.test(text)
    ? Math.round(Number(text) * 1000)
    : breaks(field, 'must be unix seconds, such as 1700000000.123');
}
