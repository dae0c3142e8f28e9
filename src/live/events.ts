/** What the web chat puts on the feed, besides messages: whoever presents an event loads what it needs. */

/** `conversation.started`: the contact has begun to talk, by saying something or by starting the conversation. Once each. */
export type ConversationStarted = { contactId: number; conversationId: number; destinationId: number };

/** `conversation.read`: one side has read all up to `atMs`. */
export type ConversationRead = {
  contactId: number;
  conversationId: number;
  by: 'contact' | 'business';
  atMs: number;
};

/** `conversation.typing`: one side has begun or stopped to type. */
export type ConversationTyping = {
  contactId: number;
  conversationId: number;
  by: 'contact' | 'business';
  on: boolean;
};
