/** What is on the feed of conversations besides messages. Whoever presents an event loads what it needs. */

/** `conversation.started`: the contact has begun to talk, by saying something or by starting the conversation. Once each. */
export type ConversationStarted = { contactId: number; conversationId: number; destinationId: number };

/** `conversation.read`: one side has read all up to `atMs`. `source` says where, when it was not on the web chat. */
export type ConversationRead = {
  contactId: number;
  conversationId: number;
  by: 'contact' | 'business';
  atMs: number;
  source?: string;
};

/** `message.removed`: some of what was said is not kept any more. Whoever shows, finds or counts it lets go of it. */
export type MessagesRemoved = { contactId: number; messageIds: readonly number[] };

/** `conversation.typing`: one side has begun or stopped to type. */
export type ConversationTyping = {
  contactId: number;
  conversationId: number;
  by: 'contact' | 'business';
  on: boolean;
};
