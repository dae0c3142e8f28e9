/** One message to one person, let in: the contact found or made, and the message accepted in the same transaction. */
import type { MessageClass } from '../../../contract/channels.ts';
import type { Content } from '../../../contract/content.ts';
import type { MessageAccepted } from '../../../contract/doors/console/messages.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import { getContact } from '../../contacts/contacts.ts';
import { say, type SaidTo, type Whom } from '../../outbox/say.ts';
import type { Joined } from '../kit/change.ts';
import { says } from '../kit/said.ts';
import type { Addressed } from './input.ts';
import { missing, type Call, type Done, type Work } from './route.ts';

/** What is to be sent to whom. */
export type One = {
  to: Addressed | { contactId: number };
  integrationId?: number;
  content: Content;
  class: MessageClass;
  notBeforeMs?: number;
  expiresMs?: number;
  metadata?: Record<string, string | number | boolean>;
  /** The action in the audit log. */
  audited: string;
};

/**
 * The work that accepts it: 202 with the ids. To an address it is said together with what others of the workspace say; a contact that
 * is named is looked up first, in the same transaction.
 */
export function acceptOne(call: Call<unknown>, one: One): Work<202, MessageAccepted> | Joined | Fault {
  const { to: named, audited: _audited, ...rest } = one;
  const saying = { ...rest, kind: 'message' as const, author: {}, source: { type: 'console' } };
  const answer = (said: SaidTo) => answerOf(said, one);
  if (!('contactId' in named)) {
    const to = whomAt(named, one.integrationId);
    return isFault(to) ? to : says(call.workspace, { ...saying, to }, answer);
  }
  return async (tx) => {
    const contact = await getContact(tx, call.workspace.id, named.contactId);
    if (!contact) return missing('contact', 'contactId');
    const [said] = await say(call.ctx, tx, call, [{ ...saying, to: { contactId: contact.id } }]);
    return answer(said!);
  };
}

function answerOf({ messageId, contactId, conversationId }: SaidTo, one: One): Done<202, MessageAccepted> {
  return {
    status: 202,
    body: {
      messageId: toHex24(messageId),
      contactId: toHex24(contactId),
      conversationId: toHex24(conversationId),
    },
    audit: {
      action: one.audited,
      subject: `message:${messageId}`,
      detail: { contactId: toHex24(contactId), class: one.class },
    },
  };
}

function whomAt({ identity, channel, address }: Addressed, integrationId: number | undefined): Whom | Fault {
  if (!identity)
    return breaks('destination', `people on ${channel} cannot be written to before they were there`);
  return {
    identities: [identity],
    destination: { channel, integrationId: integrationId ?? null, address },
  };
}
