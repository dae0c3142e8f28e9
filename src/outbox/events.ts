/** What the outbox puts on the feed. Contact rows are named by id: whoever presents an event loads what it needs. */

/** `message.accepted`: the business said something that will be sent. One event per contact. */
export type MessageAccepted = {
  messageId: number;
  contactId: number;
  conversationId: number;
  kind: 'message' | 'notification' | 'confirmation';
};

/** One delivery that changed its state. `from` is undefined when this is the first that is known of it. */
export type DeliveryChange = {
  contactId: number;
  causeId: number;
  seq: number;
  from?: number;
  to: number;
  atMs: number;
};

/**
 * `delivery.changed`: deliveries that changed state, in one event per batch. `bulk` tells that their cause is the run of a
 * broadcast; otherwise each cause is a message.
 */
export type DeliveryChanged = { bulk: boolean; changes: DeliveryChange[] };
