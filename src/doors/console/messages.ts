/** Single messages: sending one, and what became of it. */
import {
  DeliveriesShown,
  type DeliveryShown,
  MessageAccepted,
  MessageWhole,
  NewMessage,
} from '../../../contract/doors/console/messages.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { checkMetadata } from '../../content/check.ts';
import { messagesById } from '../../conversations/history.ts';
import type { Message } from '../../conversations/message.ts';
import { deliveriesOf } from '../../ledger/deliveries.ts';
import { acceptOne, type One } from './acceptOne.ts';
import type { Joined } from '../kit/change.ts';
import { asSeen, templatesThrough } from '../kit/templateCatalogue.ts';
import { readAddress, readContent } from './input.ts';
import { presentDelivery, consoleMessage, saidBy } from './present.ts';
import { idIn, idOf, missing, reads, readTime, writes, type Call, type Route, type Work } from './route.ts';
import type { Static } from 'typebox';

/** A message may be put off for so long: ten years, as far as a test workspace's clock goes. */
const FARTHEST_MS = 10 * 365.25 * 86_400_000;

/** `…/messages`. */
export const messageRoutes: readonly Route[] = [
  writes({
    path: '/messages',
    does: 'Sends one message to a contact, or to an address whose contact is found or made.',
    action: 'messages.send',
    body: NewMessage,
    answers: { 202: MessageAccepted },
    handle: send,
  }),
  reads({
    path: '/messages/:messageId',
    does: 'A message, and what became of it.',
    answer: MessageWhole,
    action: 'messages.read',
    async handle(call) {
      const message = await findMessage(call, idIn(call, 'messageId'));
      if (isFault(message)) return message;
      return { ...consoleMessage(message), deliveries: await shownDeliveries(call, message) };
    },
  }),
  reads({
    path: '/messages/:messageId/deliveries',
    does: 'What became of a message.',
    answer: DeliveriesShown,
    action: 'messages.read',
    async handle(call) {
      const message = await findMessage(call, idIn(call, 'messageId'));
      return isFault(message) ? message : { deliveries: await shownDeliveries(call, message) };
    },
  }),
];

/** A message of the workspace. */
export async function findMessage(call: Call<unknown>, id: number): Promise<Message | Fault> {
  const [message] = id > 0 ? await messagesById(call.ctx.sql, call.workspace.id, [id]) : [];
  return message ?? missing('message');
}

async function shownDeliveries(call: Call, message: Message): Promise<DeliveryShown[]> {
  const { workspace, ctx } = call;
  const rows = await deliveriesOf(ctx.sql, workspace.id, {
    contactId: message.contactId,
    causeId: message.id,
  });
  const said = saidBy(message);
  return rows.map((row) => presentDelivery(row, said));
}

async function send(
  call: Call<Static<typeof NewMessage>>,
): Promise<Work<202, MessageAccepted> | Joined | Fault> {
  const { body, ctx, workspace, workspaceNowMs } = call;
  const { contactId, destination, metadata } = body;
  if ((contactId === undefined) === (destination === undefined))
    return breaks('destination', 'exactly one of contactId and destination must be given');
  const tooMuch = checkMetadata(metadata, 'metadata');
  if (tooMuch) return tooMuch;
  const given = await readContent(body.content, 'content', workspace.id);
  if (isFault(given)) return given;
  const to =
    destination === undefined
      ? { contactId: idOf(contactId!) }
      : readAddress(destination.channel, destination.address, 'destination.address', workspace.country);
  if (isFault(to)) return to;
  const through = await integrationOf(call, body.integrationId);
  if (isFault(through)) return through;
  if (through && destination && through.channel !== destination.channel)
    return breaks('integrationId', `is an integration for ${through.channel}, not ${destination.channel}`);
  const content = await asSeen(call, await templatesThrough(call, through, given), given);
  const notBeforeMs = body.notBefore === undefined ? undefined : readTime(body.notBefore, 'notBefore');
  if (isFault(notBeforeMs)) return notBeforeMs;
  if (notBeforeMs !== undefined && notBeforeMs > workspaceNowMs + FARTHEST_MS)
    return breaks('notBefore', 'must be within ten years');
  const lifeMs = body.expiresAfterMs;
  const one: One = {
    to,
    content,
    class: body.class ?? 'transactional',
    audited: 'message.send',
    ...(through ? { integrationId: through.id } : {}),
    ...(notBeforeMs === undefined ? {} : { notBeforeMs }),
    ...lifeOf(lifeMs, notBeforeMs, workspaceNowMs),
    ...(metadata === undefined ? {} : { metadata }),
  };
  await ctx.directory.integrationsOf(workspace.id);
  return acceptOne(call, one);
}

const THREE_DAYS_MS = 3 * 24 * 3600 * 1000;

/** A message that waits for its hour lives from that hour on. */
function lifeOf(lifeMs: number | undefined, notBeforeMs: number | undefined, nowMs: number) {
  if (lifeMs === undefined && notBeforeMs === undefined) return {};
  return { expiresMs: Math.max(nowMs, notBeforeMs ?? 0) + (lifeMs ?? THREE_DAYS_MS) };
}

async function integrationOf(call: Call<unknown>, text: string | undefined) {
  if (text === undefined) return undefined;
  const integration = await call.ctx.directory.integration(idOf(text));
  return integration?.workspaceId === call.workspace.id
    ? integration
    : missing('integration', 'integrationId');
}
