/** The Notification API: one call that reaches somebody who may never have been heard of (api/sunshine.md §6; N1–N6). */
import { Notification, NotificationAccepted } from '../../../contract/doors/sunshine/messages.ts';
import { type Static } from 'typebox';
import { isFault } from '../../base/fault.ts';
import { toUuid } from '../../base/ids.ts';
import { resolveContacts } from '../../contacts/resolve.ts';
import type { Wanted } from '../../contacts/wanted.ts';
import { ensureConversations } from '../../conversations/conversations.ts';
import { accept, type Send } from '../../outbox/accept.ts';
import { integrationNamed, readAddress, readMessages } from './messageInput.ts';
import { asSeen } from '../kit/templateCatalogue.ts';
import { join, type Joined, type Way } from '../kit/change.ts';
import { breaks, writes, type Call, type Route, type SunshineFault } from './route.ts';

/** `POST /notifications`. */
export const notificationRoutes: readonly Route[] = [
  writes({
    method: 'POST',
    path: '/notifications',
    action: 'messages.send',
    alsoV1: true,
    does: 'Reaches somebody who may never have been heard of.',
    body: Notification,
    answers: { 201: NotificationAccepted },
    handle: notify,
  }),
];

async function notify(call: Call<Static<typeof Notification>>): Promise<Joined | SunshineFault> {
  const { body, workspace } = call;
  const { destination } = body;
  const integration = await integrationNamed(call, destination.integrationId, 'destination.integrationId');
  if (isFault(integration)) return integration;
  const to = readAddress(integration, destination.destinationId, 'destination.destinationId');
  if (isFault(to)) return to;
  const contents = await readMessages(call, body.message, { schema: body.messageSchema, path: 'message' });
  if (isFault(contents)) return contents;
  const [content, ...more] = contents;
  if (!content || more.length > 0)
    return breaks('message.text', 'must be one message: a template in a text cannot stand beside other text');
  const { metadata, ...said } = await asSeen(call, integration, content);
  const { role: _role, ...author } = body.author;
  const { channel, kind, address } = to;
  return join(NOTIFYING, {
    person: {
      workspaceId: workspace.id,
      identities: [{ kind, value: address }],
      destination: { channel, integrationId: integration.id, address },
    },
    send: {
      workspaceId: workspace.id,
      kind: 'notification',
      class: 'transactional',
      content: said,
      author,
      source: { type: 'notification' },
      integrationId: integration.id,
      aheadMs: workspace.clockAheadMs,
      ...(metadata === undefined ? {} : { metadata }),
    },
  });
}

type Notified = { person: Wanted; send: Omit<Send, 'contactId' | 'conversationId' | 'destinationId'> };

/** Notifications of one workspace that are asked for at once. */
const NOTIFYING: Way<Notified> = {
  async together(ctx, tx, nowMs, items) {
    const people = await resolveContacts(
      tx,
      ctx.ids,
      nowMs,
      items.map(({ person }) => person),
    );
    const { workspaceId, aheadMs = 0 } = items[0]!.send;
    const contacts = people.map(({ contactId }) => ({ contactId, workspaceId }));
    const conversations = await ensureConversations(tx, ctx.ids, nowMs + aheadMs, contacts);
    const accepted = await accept(
      ctx,
      tx,
      nowMs,
      items.map(({ send }, at) => {
        const { contactId, destinationId } = people[at]!;
        const conversationId = conversations.get(contactId)!.id;
        const to = destinationId === undefined ? {} : { destinationId };
        return { ...send, contactId, conversationId, ...to };
      }),
    );
    return accepted.map(({ messageId }) => ({
      status: 201,
      body: { notification: { _id: toUuid(messageId) } },
    }));
  },
};
