/** What a message answers: the provider's id of a message of ours becomes the message. */
import type { Inbound } from '../channels/adapter.ts';
import type { Source } from '../conversations/message.ts';
import type { Tx } from '../db/pool.ts';
import { messagesKnownAs } from '../ledger/said.ts';

/** What each message answers, by the provider's id of the answer; those that answer nothing in particular have none. */
export async function readReplies(
  tx: Tx,
  met: readonly { contactId: number; message: Pick<Inbound, 'externalId' | 'replyTo'> }[],
): Promise<Map<string, NonNullable<Source['repliesTo']>>> {
  const replies = met.flatMap(({ contactId, message: { externalId, replyTo } }) =>
    replyTo === undefined ? [] : [{ contactId, externalId, replyTo }],
  );
  const said = await messagesKnownAs(
    tx,
    replies.map(({ contactId, replyTo }) => ({ contactId, externalId: replyTo })),
  );
  return new Map(
    replies.map(({ contactId, externalId, replyTo }) => {
      const own = said.find((one) => one.contactId === contactId && one.externalId === replyTo);
      return [externalId, { externalId: replyTo, ...(own ? { messageId: own.messageId } : {}) }];
    }),
  );
}
