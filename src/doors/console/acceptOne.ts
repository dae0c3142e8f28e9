/** One message to one person, let in: the contact found or made, and the message accepted in the same transaction. */
import type { MessageClass } from '../../../contract/channels.ts';
import type { Content } from '../../../contract/content.ts';
import type { MessageAccepted } from '../../../contract/doors/console/messages.ts';
import { isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import { getContact } from '../../contacts/contacts.ts';
import { resolveContacts } from '../../contacts/resolve.ts';
import { ensureConversations } from '../../conversations/conversations.ts';
import type { Tx } from '../../db/pool.ts';
import { accept } from '../../outbox/accept.ts';
import type { Addressed } from './input.ts';
import { breaks, missing, type Call, type Done } from './route.ts';

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
  const { ctx, workspace, nowMs, workspaceNowMs } = call;
  const who = await whoIs(call, tx, one);
  if (isFault(who)) return who;
  const { contactId, destinationId } = who;
  const conversations = await ensureConversations(tx, ctx.ids, workspaceNowMs, [
    { contactId, workspaceId: workspace.id },
  ]);
  const conversationId = conversations.get(contactId)!.id;
  const { content, class: messageClass, integrationId, notBeforeMs, expiresMs, metadata, audited } = one;
  const [accepted] = await accept(ctx, tx, nowMs, [
    {
      workspaceId: workspace.id,
      contactId,
      conversationId,
      kind: 'message',
      class: messageClass,
      content,
      author: {},
      source: { type: 'console' },
      aheadMs: workspace.clockAheadMs,
      ...(integrationId === undefined ? {} : { integrationId }),
      ...(destinationId === undefined ? {} : { destinationId }),
      ...(notBeforeMs === undefined ? {} : { notBeforeMs }),
      ...(expiresMs === undefined ? {} : { expiresMs }),
      ...(metadata === undefined ? {} : { metadata }),
    },
  ]);
  const { messageId } = accepted!;
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
      detail: { contactId: toHex24(contactId), class: messageClass },
    },
  };
}

async function whoIs(
  call: Call<unknown>,
  tx: Tx,
  { to, integrationId }: One,
): Promise<{ contactId: number; destinationId?: number } | Fault> {
  const workspaceId = call.workspace.id;
  if ('contactId' in to) {
    const contact = await getContact(tx, workspaceId, to.contactId);
    return contact ? { contactId: contact.id } : missing('contact', 'contactId');
  }
  if (!to.identity)
    return breaks('destination', `people on ${to.channel} cannot be written to before they were there`);
  const [found] = await resolveContacts(tx, call.ctx.ids, call.nowMs, [
    {
      workspaceId,
      identities: [to.identity],
      destination: { channel: to.channel, integrationId: integrationId ?? null, address: to.address },
    },
  ]);
  return found!;
}
