/** A thread, and one thing said in it. Holds types only. */
import type { Content } from '../../contract/content.ts';
import type { MessageClass } from '../../contract/channels.ts';

/** A thread. Read marks are unix ms; null when nobody has read yet. */
export type Conversation = {
  id: number;
  contactId: number;
  workspaceId: number;
  started: boolean;
  unreadCount: number;
  businessReadMs: number | null;
  contactReadMs: number | null;
  messageCount: number;
  createdMs: number;
};

/** Who said it, for the business side; a contact's own messages have none. */
export type Author = { id?: string; name?: string; email?: string; avatarUrl?: string };

/** Where a message came from or how it was asked for (api/sunshine.md §3.5). */
export type Source = {
  /** The stream of its deliveries, where it is not that of single messages. */
  stream?: number;
  type: string;
  id?: string;
  integrationId?: number;
  originalMessageId?: string;
  originalMessageMs?: number;
  /** What it answers: the provider's id, and our message where it is one. */
  repliesTo?: { externalId: string; messageId?: number };
  /** What this kind of message has that others do not: `kind` (edit, revoke, reaction, order, …) and what the channel says of it. */
  facts?: { kind: string } & Record<string, unknown>;
  /** Of a mail with an id: what an answer needs to join its thread, and the whole of it where `text` is without what was quoted. */
  mail?: { references: string[]; fullText?: string };
};

/** One thing said. */
export type Message = {
  id: number;
  conversationId: number;
  contactId: number;
  workspaceId: number;
  direction: 'in' | 'out';
  /** A confirmation is sent but not shown in the conversation. */
  kind: 'message' | 'notification' | 'confirmation';
  class: MessageClass | null;
  content: Content;
  author: Author;
  source: Source;
  metadata: Record<string, string | number | boolean> | null;
  externalId: string | null;
  atMs: number;
};

/** A message to be written down. */
export type NewMessage = Omit<Message, 'metadata' | 'externalId' | 'class'> & {
  class?: MessageClass | null;
  metadata?: Record<string, string | number | boolean> | undefined;
  externalId?: string | undefined;
};
