/** Why somebody got a message, or did not (ledger/why.ts, broadcasts/why.ts), as it is asked for and shown. */
import { WhyShown } from '../../../contract/doors/console/messages.ts';
import { Id } from '../../../contract/doors/fields.ts';
import { isFault, fault, type Fault } from '../../base/fault.ts';
import { findBroadcast } from '../../broadcasts/find.ts';
import { whyBroadcast } from '../../broadcasts/why.ts';
import { getContact } from '../../contacts/contacts.ts';
import { summed, whyMessage, type Why } from '../../ledger/why.ts';
import { findMessage } from './messages.ts';
import { presentDelivery } from './present.ts';
import { breaks, missing, queryId, reads, timeText, type Call, type Route } from './route.ts';

/** `…/why?contact=…&message=…` or `…&broadcast=…`. */
export const whyRoutes: readonly Route[] = [
  reads({
    path: '/why',
    action: 'messages.read',
    does: 'Why somebody got a message, or did not: every decision on its way, in order.',
    query: { contact: Id, message: Id, broadcast: Id },
    answer: WhyShown,
    handle: why,
  }),
];

async function why(call: Call): Promise<WhyShown | Fault> {
  const contactId = queryId(call, 'contact');
  const messageId = queryId(call, 'message');
  const broadcastId = queryId(call, 'broadcast');
  for (const given of [contactId, messageId, broadcastId]) if (isFault(given)) return given;
  if (contactId === undefined && messageId === undefined) return breaks('contact', 'is required');
  if ((messageId === undefined) === (broadcastId === undefined))
    return breaks('message', 'exactly one of message and broadcast must be given');
  const told =
    messageId === undefined
      ? await ofBroadcast(call, contactId as number, broadcastId as number)
      : await ofMessage(call, contactId as number | undefined, messageId as number);
  if (isFault(told)) return told;
  const { sent, state, steps } = summed(told);
  return {
    sent,
    state,
    decisions: steps.map(({ atMs, what, why: reason }) => ({ at: timeText(atMs), what, why: reason })),
    deliveries: told.deliveries.map((one) => presentDelivery(one)),
  };
}

/** A message alone says whose it is. */
async function ofMessage(call: Call, given: number | undefined, messageId: number): Promise<Why | Fault> {
  const message = await findMessage(call, messageId);
  if (isFault(message)) return message;
  if (given !== undefined && given !== message.contactId)
    return fault('not_found', 'The message is not of this contact.');
  return await whyMessage(call.ctx.sql, message, (source) => DOORS[source]);
}

/** What a message's source is called. */
const DOORS: Readonly<Record<string, string>> = {
  api: 'the Sunshine API',
  notification: 'the Notification API',
  console: 'the console',
};

async function ofBroadcast(call: Call, contactId: number, broadcastId: number): Promise<Why | Fault> {
  const { ctx, workspace, nowMs, workspaceNowMs } = call;
  const [broadcast, contact] = await Promise.all([
    findBroadcast(ctx.sql, workspace.id, broadcastId),
    getContact(ctx.sql, workspace.id, contactId),
  ]);
  if (!broadcast) return missing('broadcast');
  if (!contact) return missing('contact');
  return await whyBroadcast(ctx.broadcasts, broadcast, contactId, {
    ourMs: nowMs,
    workspaceMs: workspaceNowMs,
  });
}
