/** One message to one person, let in: the contact found or made, and the message accepted in the same transaction. */
import type { MessageClass } from '../../../contract/channels.ts';
import type { Content } from '../../../contract/content.ts';
import type { MessageAccepted } from '../../../contract/doors/console/messages.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import { getContact } from '../../contacts/contacts.ts';
import type { Tx } from '../../db/pool.ts';
import { say, type Whom } from '../../outbox/say.ts';
import type { Addressed } from './input.ts';
import { missing, type Call, type Done } from './route.ts';

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

/** Accepts it: 202 with the ids. */
export async function acceptOne(
  call: Call<unknown>,
  tx: Tx,
  one: One,
): Promise<Done<202, MessageAccepted> | Fault> {
  const { to: named, audited, ...said } = one;
  const to = await whomOf(call, tx, named, one.integrationId);
  if (isFault(to)) return to;
  const saying = { ...said, to, kind: 'message' as const, author: {}, source: { type: 'console' } };
  const [accepted] = await say(call.ctx, tx, call, [saying]);
  const { messageId, contactId, conversationId } = accepted!;
  return {
    status: 202,
    body: {
      messageId: toHex24(messageId),
      contactId: toHex24(contactId),
      conversationId: toHex24(conversationId),
    },
    audit: {
      action: audited,
      subject: `message:${messageId}`,
      detail: { contactId: toHex24(contactId), class: one.class },
    },
  };
}

async function whomOf(
  call: Call<unknown>,
  tx: Tx,
  to: One['to'],
  integrationId: number | undefined,
): Promise<Whom | Fault> {
  if ('contactId' in to) {
    const contact = await getContact(tx, call.workspace.id, to.contactId);
    return contact ? { contactId: contact.id } : missing('contact', 'contactId');
  }
  const { identity, channel, address } = to;
  if (!identity)
    return breaks('destination', `people on ${channel} cannot be written to before they were there`);
  return {
    identities: [identity],
    destination: { channel, integrationId: integrationId ?? null, address },
  };
}
