/** What the live channel shows, in the form of contract/live.ts. Pure. */
import type { Content } from '../../../contract/content.ts';
import type {
  LiveConversation,
  LiveEvent,
  LiveMessage,
  LivePost,
  LiveState,
} from '../../../contract/live.ts';
import { toHex24 } from '../../base/ids.ts';
import type { Conversation, Message } from '../../conversations/message.ts';
import type { PostedMessage } from '../../broadcasts/posted.ts';
import type { Post } from '../../conversations/groups/group.ts';
import { ENTRY, type LogEntry } from '../../live/entry.ts';
import { STATE } from '../../ledger/states.ts';

/** A message; `state` is that of its delivery, where one is known. */
export function liveMessage(message: Message, state?: number): LiveMessage {
  const { name, avatarUrl } = message.author;
  const out = message.direction === 'out';
  const clientId = message.source.type === 'web' ? message.source.originalMessageId : undefined;
  return {
    id: toHex24(message.id),
    from: out ? 'business' : 'contact',
    content: forPeople(message.content),
    atMs: message.atMs,
    ...(out && (name || avatarUrl)
      ? { author: { ...(name ? { name } : {}), ...(avatarUrl ? { avatarUrl } : {}) } }
      : {}),
    ...(clientId ? { clientId } : {}),
    ...(out ? { state: stateOf(state ?? STATE.queued) } : {}),
  };
}

/** A conversation's marks. */
export function liveConversation(conversation: Conversation): LiveConversation {
  const { started, unreadCount, businessReadMs, contactReadMs } = conversation;
  return {
    started,
    unreadCount,
    ...(businessReadMs === null ? {} : { businessReadMs }),
    ...(contactReadMs === null ? {} : { contactReadMs }),
  };
}

/** What the entries of a log name. */
export type LogNames = {
  messages: ReadonlyMap<number, Message>;
  posts: ReadonlyMap<number, Post>;
  posted: ReadonlyMap<number, PostedMessage>;
};

/** An entry of the log as an event; undefined when what it names is gone. */
export function presentEntry(entry: LogEntry, { messages, posts, posted }: LogNames): LiveEvent | undefined {
  const { kind, messageId, detail, atMs } = entry;
  if (kind === ENTRY.post) {
    const post = posts.get(messageId!);
    if (post) return { kind: 'post', post: livePost(post, entry.contactId) };
    const said = posted.get(messageId!);
    return said && { kind: 'message', message: livePosted(said) };
  }
  if (kind === ENTRY.read) return { kind: 'read', by: detail === 1 ? 'business' : 'contact', atMs };
  if (kind === ENTRY.state)
    return { kind: 'state', messageId: toHex24(messageId!), state: stateOf(detail!), atMs };
  if (kind === ENTRY.removed) return { kind: 'removed', messageId: toHex24(messageId!) };
  const message = messages.get(messageId!);
  return message && { kind: 'message', message: liveMessage(message) };
}

/** A post, as one member sees it. */
function livePost(post: Post, contactId: number): LivePost {
  const { name, avatarUrl } = post.author;
  return {
    id: toHex24(post.id),
    groupId: toHex24(post.groupId),
    position: post.position ?? 0,
    content: forPeople(post.content),
    atMs: post.atMs,
    ...(name || avatarUrl
      ? { author: { ...(name ? { name } : {}), ...(avatarUrl ? { avatarUrl } : {}) } }
      : {}),
    ...(post.authorId === contactId ? { own: true as const } : {}),
    ...(post.deletedMs === null ? {} : { deleted: true as const }),
  };
}

/** What was said to many accounts at once, as one of them sees it. */
export function livePosted({ id, content, kind, atMs }: PostedMessage): LiveMessage {
  return { id: toHex24(id), from: 'business', content: forPeople(content), atMs, posted: kind };
}

function stateOf(code: number): LiveState {
  if (code === STATE.read) return 'read';
  if (code === STATE.delivered) return 'delivered';
  if (code === STATE.accepted) return 'accepted';
  return code < STATE.accepted ? 'sent' : 'failed';
}

/** What is meant for providers is left out. */
function forPeople(content: Content): Content {
  const shown = { ...content };
  for (const field of ['override', 'push', 'voice', 'senderId', 'html', 'metadata'] as const)
    delete shown[field];
  return shown;
}
