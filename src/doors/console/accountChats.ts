/** An account's conversations with a company that it connected to: what is said there, what it is told of, what it has read, answering. */
import { Type } from 'typebox';
import {
  AccountChatPatch,
  AccountChatRead,
  AccountChatSetting,
  AccountChatsShown,
  type AccountChatShown,
  AccountSaying,
  AccountSayings,
  NewAccountSaying,
} from '../../../contract/doors/console/accountChats.ts';
import { NEWEST_FIRST } from '../../../contract/doors/console/fields.ts';
import { Nothing } from '../../../contract/doors/fields.ts';
import type { Content } from '../../../contract/content.ts';
import { fullName } from '../../../contract/personName.ts';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import { fromHex24, toHex24 } from '../../base/ids.ts';
import { messagesPosted, postToGroup } from '../../broadcasts/posted.ts';
import { holdGrant } from '../../connect/grants.ts';
import { getContact } from '../../contacts/contacts.ts';
import { checkContent } from '../../content/check.ts';
import { messagesById } from '../../conversations/history.ts';
import type { ConversationRead } from '../../conversations/events.ts';
import { mayReply, type ChatKind } from '../../conversations/groups/chats.ts';
import type { Group, Post } from '../../conversations/groups/group.ts';
import {
  markOwnRead,
  ownChat,
  ownChats,
  ownPage,
  ownPosts,
  setOwn,
  type OwnChat,
  type SaidToAccount,
  type AccountStanding,
} from '../../conversations/groups/own.ts';
import type { Tx } from '../../db/pool.ts';
import { hearOnWebChat, webChatOf } from '../kit/webChat.ts';
import { findConnection, type CompanyConnection } from './connections.ts';
import {
  idIn,
  idOf,
  missing,
  reads,
  readLimit,
  readTime,
  timeText,
  writes,
  type Call,
  type Done,
  type Route,
} from './route.ts';

const action = 'workspace.read';
const all = '/me/connections/:connectionId/conversations';
const one = `${all}/:conversationId`;
/** What a person can say: the rest is for the business, or for providers. */
const SAYABLE: readonly Content['type'][] = ['text', 'image', 'file', 'location'];

/** `/me/connections/{id}/conversations`. */
export const accountChatRoutes: readonly Route[] = [
  reads({
    of: 'caller',
    path: all,
    does: 'One’s conversations with a company: the direct one, notifications, announcements and groups, with what is unread.',
    action,
    answer: AccountChatsShown,
    async handle(call) {
      const found = await standing(call);
      if (isFault(found)) return found;
      const chats = await ownChats(call.ctx.sql, found.of);
      return { conversations: chats.map((chat) => present(chat, found.connection)) };
    },
  }),
  writes({
    of: 'caller',
    method: 'PATCH',
    path: one,
    does: 'Sets what one is told of in a conversation: all, mentions or nothing, or nothing until a time.',
    action,
    body: AccountChatPatch,
    answers: { 200: AccountChatSetting },
    async handle(call) {
      const { notify, mutedUntil } = call.body;
      const mutedUntilMs = typeof mutedUntil === 'string' ? readTime(mutedUntil, 'mutedUntil') : mutedUntil;
      if (isFault(mutedUntilMs)) return mutedUntilMs;
      const there = await conversation(call);
      if (isFault(there)) return there;
      return async (tx) => {
        const held = await hold(tx, there.connection);
        if (held) return held;
        const set = await setOwn(tx, there.of, there.own, { notify, mutedUntilMs });
        if (isFault(set)) return set;
        return { status: 200, body: { notify: set.notify, mutedUntil: timeText(set.mutedUntilMs) } };
      };
    },
  }),
  writes({
    of: 'caller',
    method: 'POST',
    path: `${one}/read`,
    does: 'Marks a conversation as read, up to something that was said there or all of it. A mark never goes back.',
    action,
    body: AccountChatRead,
    answers: { 204: Nothing },
    async handle(call) {
      const there = await conversation(call);
      if (isFault(there)) return there;
      const { upTo } = call.body;
      return async (tx) => await markRead(call, tx, there, upTo === undefined ? undefined : idOf(upTo));
    },
  }),
  reads({
    of: 'caller',
    path: `${one}/messages`,
    does: 'What was said in a conversation with a company, newest first.',
    action,
    query: { limit: NEWEST_FIRST.limit, before: Type.String({ maxLength: 64 }) },
    answer: AccountSayings,
    handle: history,
  }),
  writes({
    of: 'caller',
    method: 'POST',
    path: `${one}/messages`,
    does: 'Says something in a conversation with a company that goes both ways.',
    action,
    body: NewAccountSaying,
    answers: { 201: AccountSaying },
    async handle(call) {
      const content = checkContent(call.body.content, 'content');
      if (isFault(content)) return content;
      if (!SAYABLE.includes(content.type))
        return breaks('content.type', `must be one of ${SAYABLE.join(', ')}`);
      const there = await conversation(call);
      if (isFault(there)) return there;
      if (there.of.toMs !== null) return disconnected();
      return await ('group' in there.own
        ? sayInGroup(call, there, content)
        : sayDirectly(call, there, there.own, content));
    },
  }),
];

type Standings = { connection: CompanyConnection; of: AccountStanding };
type There = Standings & { own: OwnChat };

async function standing(call: Call<unknown>): Promise<Standings | Fault> {
  const connection = await findConnection(call);
  if (isFault(connection)) return connection;
  const { contactId, clientWorkspaceId: workspaceId, connectedMs: fromMs, disconnectedMs } = connection;
  // What a company has erased is not there.
  if (contactId === null) return missing('connection');
  return { connection, of: { workspaceId, contactId, fromMs, toMs: disconnectedMs ?? null } };
}

async function conversation(call: Call<unknown>): Promise<There | Fault> {
  const found = await standing(call);
  if (isFault(found)) return found;
  const own = await ownChat(call.ctx.sql, found.of, idIn(call, 'conversationId'));
  return isFault(own) ? own : { ...found, own };
}

/** Keeps the connection until the transaction ends: what is done by it is done before a disconnect, or not at all. */
async function hold(tx: Tx, connection: CompanyConnection): Promise<Fault | undefined> {
  const held = await holdGrant(tx, connection.clientWorkspaceId, { userId: connection.userId });
  if (isFault(held)) return held.field === undefined ? held : disconnected();
  return held.id === connection.id ? undefined : disconnected();
}

function disconnected(): Fault {
  return fault('forbidden', 'You are not connected with this company any more.');
}

/** The company's clock, by which everything is timed that is said to it. */
async function companyNowMs(
  { ctx, nowMs }: Call<unknown>,
  { workspaceId }: AccountStanding,
): Promise<number> {
  return nowMs + ((await ctx.directory.workspace(workspaceId))?.clockAheadMs ?? 0);
}

async function markRead(
  { ctx }: Call<unknown>,
  tx: Tx,
  { connection, of, own }: There,
  upToId: number | undefined,
): Promise<Omit<Done<204, undefined>, 'audit'> | Fault> {
  const held = await hold(tx, connection);
  if (held) return held;
  const marked = await markOwnRead(tx, of, own, upToId);
  if (isFault(marked)) return marked;
  if (marked) {
    const { contactId, workspaceId } = of;
    const payload: ConversationRead = { contactId, by: 'contact', ...marked };
    const event = { ownerId: contactId, workspaceId, type: 'conversation.read', atMs: marked.atMs, payload };
    await ctx.queue.append(tx, [event]);
  }
  return { status: 204, body: undefined };
}

async function sayDirectly(
  call: Call<NewAccountSaying>,
  { connection, of }: There,
  { chat }: Extract<OwnChat, { kind: ChatKind }>,
  content: Content,
) {
  const { ctx } = call;
  const refused =
    mayReply(chat) ??
    (call.body.mentions && fault('unprocessable', 'mentions: is for groups', { field: 'mentions' }));
  if (refused) return refused;
  const integrationId = await webChatOf(ctx, of.workspaceId);
  if (isFault(integrationId)) return integrationId;
  const atMs = await companyNowMs(call, of);
  const externalId = `account-${toHex24(ctx.ids.spread())}`;
  const source = { type: 'web', integrationId };
  const { workspaceId, contactId } = of;
  return async (tx: Tx): Promise<Done<201, AccountSaying> | Fault> => {
    const held = await hold(tx, connection);
    if (held) return held;
    const said = { workspaceId, contactId, integrationId, externalId, content, source };
    const heard = await hearOnWebChat(ctx, tx, atMs, said);
    if (isFault(heard)) return heard;
    const id = toHex24(heard!.messageId);
    const body = { id, own: true, author: null, content, deletedAt: null, at: timeText(atMs) };
    return { status: 201, body, audit: noteOf(connection, id) };
  };
}

async function sayInGroup(call: Call<NewAccountSaying>, { connection, of, own }: There, content: Content) {
  const { ctx, nowMs, body } = call;
  const wsNowMs = await companyNowMs(call, of);
  const mentions = (body.mentions ?? []).map(idOf).filter((id) => id > 0);
  const to = { workspaceId: of.workspaceId, groupId: own.id };
  return async (tx: Tx): Promise<Done<201, AccountSaying> | Fault> => {
    const held = await hold(tx, connection);
    if (held) return held;
    const contact = await getContact(tx, of.workspaceId, of.contactId);
    const name = fullName(contact);
    const author = { id: toHex24(of.contactId), ...(name && { name }) };
    const saying = { authorId: of.contactId, author, content, mentions, mentionsAll: false };
    const post = await postToGroup(ctx.broadcasts, tx, to, saying, { nowMs, wsNowMs });
    if (isFault(post)) return post;
    return { status: 201, body: presentPost(post, of), audit: noteOf(connection, toHex24(post.id)) };
  };
}

/** In the log of the account's workspace. What was said is not in it. */
function noteOf(connection: CompanyConnection, id: string): Done['audit'] {
  const { holderWorkspaceId: workspaceId, clientWorkspaceId } = connection;
  const detail = { company: clientWorkspaceId };
  return { workspaceId, action: 'connect.say', subject: `message:${id}`, detail };
}

async function history(call: Call): Promise<AccountSayings | Fault> {
  const limit = readLimit(call);
  if (isFault(limit)) return limit;
  const there = await conversation(call);
  if (isFault(there)) return there;
  const { own, of } = there;
  const before = call.query['before'];
  return 'group' in own
    ? await groupHistory(call, of, own.group, { before, limit })
    : await chatHistory(call, of, own.kind, { before, limit });
}

type Page = { before: string | undefined; limit: number };

async function groupHistory(call: Call, of: AccountStanding, group: Group, { before, limit }: Page) {
  if (before !== undefined && !/^\d{1,15}$/.test(before)) return badCursor();
  const beforePosition = before === undefined ? undefined : Number(before);
  const { posts, next } = await ownPosts(call.ctx.sql, of, group, { beforePosition, limit });
  return { messages: posts.map((post) => presentPost(post, of)), next: next === null ? null : String(next) };
}

async function chatHistory({ ctx }: Call, of: AccountStanding, kind: ChatKind, { before, limit }: Page) {
  const [, ms, hex] = /^(\d{1,15})-([0-9a-f]{24})$/.exec(before ?? '') ?? [];
  const id = hex === undefined ? undefined : fromHex24(hex);
  if (before !== undefined && id === undefined) return badCursor();
  const place = id === undefined ? undefined : { atMs: Number(ms), id };
  const { said, hasMore } = await ownPage(ctx.sql, of, kind, { before: place, limit });
  const idsOf = (isMessage: boolean) => said.filter((at) => at.isMessage === isMessage).map((at) => at.id);
  const [messages, posted] = await Promise.all([
    messagesById(ctx.sql, of.workspaceId, idsOf(true)),
    messagesPosted(ctx.sql, idsOf(false)),
  ]);
  const byId = new Map(messages.map((message) => [message.id, message]));
  const shown = said.flatMap((at) => {
    const message = byId.get(at.id);
    const content = message?.content ?? posted.get(at.id)?.content;
    if (!content) return [];
    const own = message?.direction === 'in';
    return [presentSaid(at, { own, author: message?.author.name ?? null, content })];
  });
  const last = said.at(-1);
  return { messages: shown, next: hasMore && last ? `${last.atMs}-${toHex24(last.id)}` : null };
}

function badCursor(): Fault {
  return breaks('before', 'must be what the page before gave as next');
}

function presentSaid(
  { id, atMs }: Pick<SaidToAccount, 'id' | 'atMs'>,
  more: Pick<AccountSaying, 'own' | 'author' | 'content'>,
): AccountSaying {
  return { id: toHex24(id), ...more, deletedAt: null, at: timeText(atMs) };
}

function presentPost(post: Post, { contactId }: AccountStanding): AccountSaying {
  const { content, author } = post;
  const said = presentSaid(post, { own: post.authorId === contactId, author: author.name ?? null, content });
  return { ...said, deletedAt: timeText(post.deletedMs) };
}

function present(own: OwnChat, { client }: CompanyConnection): AccountChatShown {
  const { id, kind, unread, notify, mutedUntilMs, closedMs } = own;
  const looks =
    'group' in own ? own.group : { name: client.name, description: null, photoUrl: null, coverUrl: null };
  return {
    id: toHex24(id),
    kind,
    name: looks.name,
    description: looks.description,
    photoUrl: looks.photoUrl,
    coverUrl: looks.coverUrl,
    unread,
    notify,
    mutedUntil: timeText(mutedUntilMs),
    closedAt: timeText(closedMs),
  };
}
