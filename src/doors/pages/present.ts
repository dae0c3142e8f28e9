/** What a person may see of their conversation: what was said, and by whom as the business names them. Nothing it keeps for itself. */
import type { Action, Content, Item } from '../../../contract/content.ts';
import type { ChatConversation, ChatMessage, ChatSession } from '../../../contract/doors/chat.ts';
import { isoTime } from '../../base/clock.ts';
import { toHex24 } from '../../base/ids.ts';
import { textFallback } from '../../content/fallback.ts';
import type { Conversation, Message } from '../../conversations/message.ts';
import type { Begun } from './access.ts';

/** A session as its caller gets it. */
export function pageSession({ token, expiresMs, workspace, contact, conversation }: Begun): ChatSession {
  return {
    token,
    expiresAt: isoTime(expiresMs),
    workspace: { id: toHex24(workspace.id), name: workspace.name },
    contact: { id: toHex24(contact.id), givenName: contact.givenName, surname: contact.surname },
    conversation: pageConversation(conversation),
  };
}

/** A conversation. */
export function pageConversation(conversation: Conversation): ChatConversation {
  return { id: toHex24(conversation.id), unreadCount: conversation.unreadCount };
}

/** One thing said. `fallback` says all of it as text, for pages that show no more. */
export function pageMessage(message: Message): ChatMessage {
  const { name, avatarUrl } = message.author;
  const isTheirs = message.direction === 'in';
  return {
    id: toHex24(message.id),
    from: isTheirs ? 'contact' : 'business',
    ...(isTheirs ? {} : { author: { ...(name ? { name } : {}), ...(avatarUrl ? { avatarUrl } : {}) } }),
    at: isoTime(message.atMs),
    content: presentContent(message.content),
    fallback: textFallback(message.content),
  };
}

/** Fields of content that are said to the person; what is for channels, reports and the business's own programs is left out. */
const SHOWN = [
  'type',
  'text',
  'subject',
  'title',
  'mediaUrl',
  'mediaType',
  'mediaSize',
  'altText',
  'coordinates',
  'location',
  'fields',
  'payload',
] as const;

function presentContent(content: Content): Content {
  const given = content as Partial<Record<(typeof SHOWN)[number], unknown>>;
  const shown: Record<string, unknown> = {};
  for (const name of SHOWN) if (given[name] !== undefined) shown[name] = given[name];
  if ('actions' in content && content.actions) shown['actions'] = content.actions.map(presentAction);
  if ('items' in content) shown['items'] = content.items.map(presentItem);
  return shown as Content;
}

function presentItem({ metadata: _metadata, actions, ...item }: Item): object {
  return { ...item, ...(actions ? { actions: actions.map(presentAction) } : {}) };
}

function presentAction(action: Action): object {
  const { metadata: _metadata, ...shown } = action;
  if (shown.type !== 'link') return shown;
  const { longUri: _longUri, extraChannelOptions: _options, ...link } = shown;
  return link;
}
