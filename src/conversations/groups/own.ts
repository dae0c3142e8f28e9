/**
 * The conversations with a company as the account sees them: the two of its own, the announcements, the groups that it is in. A
 * connection shows what was said in the two while it lasted: the contact may have been somebody else's before, and may be again.
 */
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { MAX_ID } from '../../base/ids.ts';
import { cutPage } from '../../base/page.ts';
import type { Db, Tx } from '../../db/pool.ts';
import { conversationsOf } from '../conversations.ts';
import { withMerged } from '../history.ts';
import { markReadUpTo } from '../marks.ts';
import { changeChat, chatsOf, type Chat, type ChatKind } from './chats.ts';
import type { Group, Notify, Post } from './group.ts';
import { changeMember, groupsOf, markGroupRead } from './groups.ts';
import { listPosts, postsNamed } from './posts.ts';
import { countSaidAfter, selectSaid, selectSaidAt, type SaidToAccount, type SaidIn } from './sql.own.ts';

export type { SaidToAccount } from './sql.own.ts';

/** As whom an account stands with a company, and since when; until when, where it has disconnected. By the company's clock. */
export type AccountStanding = { workspaceId: number; contactId: number; fromMs: number; toMs: number | null };

/** What an account is told of in a conversation. */
type Setting = { notify: Notify; mutedUntilMs: number | null };

/** A conversation of an account. Closed: nothing is said in it any more. */
export type OwnChat = Setting & { id: number; unread: number; closedMs: number | null } & (
    | { kind: ChatKind; chat: Chat }
    | { kind: Group['kind']; group: Group }
  );

/** The conversations of an account: its own two first. Of a connection that has ended nothing is unread. */
export async function ownChats(db: Db, of: AccountStanding): Promise<OwnChat[]> {
  const [chats, groups, conversations] = await Promise.all([
    chatsOf(db, of.contactId),
    groupsOf(db, of),
    conversationsOf(db, [of.contactId]),
  ]);
  const two = chats.flatMap((chat) =>
    chat.workspaceId === of.workspaceId && chat.kind !== 'announcements'
      ? [{ ...chat, kind: chat.kind }]
      : [],
  );
  const conversation = conversations.get(of.contactId);
  const after = two.map(({ kind, readMs }) => {
    // What was read on the web chat is read here.
    const seenMs = kind === 'direct' ? (conversation?.contactReadMs ?? 0) : 0;
    return { kind, atMs: Math.max(readMs, seenMs, of.fromMs - 1) };
  });
  const conversationIds = await conversationIdsOf(db, conversation);
  const counts =
    of.toMs === null && two.length
      ? await countSaidAfter(db, { contactId: of.contactId, conversationIds }, after)
      : [];
  const unreadOf = new Map(counts.map(({ kind, n }) => [kind, n]));
  return [
    ...two.map((chat) => {
      const { id, kind, notify, mutedUntilMs } = chat;
      const closedMs = of.toMs ?? chat.closedMs;
      return { id, kind, chat, notify, mutedUntilMs, closedMs, unread: unreadOf.get(kind) ?? 0 };
    }),
    ...groups.map(({ group, membership: { notify, mutedUntilMs }, unread }) => {
      const { id, kind } = group;
      const closedMs = of.toMs ?? group.closedMs;
      return { id, kind, group, notify, mutedUntilMs, closedMs, unread: of.toMs === null ? unread : 0 };
    }),
  ];
}

/** One of them. */
export async function ownChat(db: Db, of: AccountStanding, id: number): Promise<OwnChat | Fault> {
  const found = (await ownChats(db, of)).find((one) => one.id === id);
  return found ?? fault('not_found', 'There is no such conversation.');
}

/** A page of one of the account's own two, newest first. What was said is asked for by its id. */
export async function ownPage(
  db: Db,
  of: AccountStanding,
  kind: ChatKind,
  { limit, before }: Parameters<typeof selectSaid>[2],
): Promise<{ said: SaidToAccount[]; hasMore: boolean }> {
  const found = await selectSaid(db, await saidIn(db, of, kind), { before, limit: limit + 1 });
  const { rows, last } = cutPage(found, limit);
  return { said: rows, hasMore: last !== undefined };
}

/** Sets what an account is told of; what is not given stays. */
export async function setOwn(
  tx: Tx,
  of: AccountStanding,
  own: OwnChat,
  to: { notify?: Notify | undefined; mutedUntilMs?: number | null | undefined },
): Promise<Setting | Fault> {
  if ('group' in own) return await changeMember(tx, { ...of, groupId: own.id }, to);
  const { notify } = to;
  if (notify === 'mentions')
    return fault('unprocessable', 'notify: nobody is mentioned here; it takes all or none', {
      field: 'notify',
    });
  return await changeChat(tx, own.chat, { ...to, notify });
}

/**
 * The account has read a conversation, up to something that was said or all of it; a mark never goes back. Returns up to when, of the
 * direct conversation where that is news to the company: it is for the feed.
 */
export async function markOwnRead(
  tx: Tx,
  of: AccountStanding,
  own: OwnChat,
  upToId: number | undefined,
): Promise<{ conversationId: number; atMs: number } | undefined | Fault> {
  if ('group' in own) return await markGroupUpTo(tx, of, own.group, upToId);
  const where = await saidIn(tx, of, own.chat.kind as ChatKind);
  const [newest] = upToId === undefined ? await selectSaid(tx, where, { limit: 1 }) : [];
  const atMs = upToId === undefined ? newest?.atMs : await selectSaidAt(tx, where, upToId);
  if (atMs === undefined) return upToId === undefined ? undefined : notSaid();
  const changed = await changeChat(tx, own.chat, { readMs: atMs });
  if (isFault(changed) || own.kind !== 'direct') return isFault(changed) ? changed : undefined;
  // Not the id of the chat: the contact may have been merged since that was opened.
  const conversationId = where.conversationIds[0]!;
  const isNews = await markReadUpTo(tx, { conversationId, messageId: MAX_ID, atMs });
  return isNews ? { conversationId, atMs } : undefined;
}

async function markGroupUpTo(
  tx: Tx,
  of: AccountStanding,
  group: Group,
  upToId: number | undefined,
): Promise<Fault | undefined> {
  const post = upToId === undefined ? undefined : (await postsNamed(tx, [upToId])).get(upToId);
  const position = upToId === undefined ? group.position : post?.groupId === group.id ? post.position : null;
  if (position === null) return notSaid();
  return await markGroupRead(tx, { ...of, groupId: group.id }, position);
}

/**
 * A page of what was said in a group that the account is in, newest first; of a connection that has ended, up to then. `next` is the
 * place to go on before.
 */
export async function ownPosts(
  db: Db,
  of: AccountStanding,
  group: Group,
  { limit, beforePosition }: Parameters<typeof listPosts>[2],
): Promise<{ posts: Post[]; next: number | null }> {
  const found = await listPosts(db, group.id, { beforePosition, limit: limit + 1 });
  const { rows, last } = cutPage(found, limit);
  const posts = rows.filter(({ atMs }) => of.toMs === null || atMs <= of.toMs);
  return { posts, next: last?.position ?? null };
}

function notSaid(): Fault {
  return fault('not_found', 'upTo: nothing in this conversation has this id', { field: 'upTo' });
}

async function saidIn(db: Db, of: AccountStanding, kind: ChatKind): Promise<SaidIn> {
  const { contactId, fromMs } = of;
  const conversation = (await conversationsOf(db, [contactId])).get(contactId);
  const conversationIds = await conversationIdsOf(db, conversation);
  return { contactId, conversationIds, kind, fromMs, toMs: of.toMs ?? MAX_ID };
}

async function conversationIdsOf(db: Db, conversation: { id: number } | undefined): Promise<number[]> {
  return conversation ? await withMerged(db, conversation.id) : [];
}
