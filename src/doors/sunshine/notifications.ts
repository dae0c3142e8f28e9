/** The Notification API: one call that reaches somebody who may never have been heard of (api/sunshine.md §6; N1–N6). */
import { Notification, NotificationAccepted } from '../../../contract/doors/sunshine/messages.ts';
import { type Static } from 'typebox';
import { breaks, isFault } from '../../base/fault.ts';
import { toUuid } from '../../base/ids.ts';
import type { Joined } from '../kit/change.ts';
import { says } from '../kit/said.ts';
import { integrationNamed, readAddress, readMessages } from './messageInput.ts';
import { asSeen } from '../kit/templateCatalogue.ts';
import { writes, type Call, type Route, type SunshineFault } from './route.ts';

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
  const saying = {
    to: {
      identities: [{ kind: to.kind, value: to.address }],
      destination: { channel: to.channel, integrationId: integration.id, address: to.address },
    },
    kind: 'notification' as const,
    class: 'transactional' as const,
    content: said,
    author,
    source: { type: 'notification' },
    integrationId: integration.id,
    ...(metadata === undefined ? {} : { metadata }),
  };
  const shown = (_id: string): Static<typeof NotificationAccepted> => ({ notification: { _id } });
  return says(workspace, saying, ({ messageId }) => ({ status: 201, body: shown(toUuid(messageId)) }));
}
