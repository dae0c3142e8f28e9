/** Why somebody got a message, or did not (ledger/why.ts, broadcasts/why.ts), as it is asked for and shown. */
import { WhyShown } from '../../../contract/doors/console/messages.ts';
import { Id } from '../../../contract/doors/fields.ts';
import { breaks, isFault, fault, type Fault } from '../../base/fault.ts';
import { findBroadcast } from '../../broadcasts/find.ts';
import { whyBroadcast } from '../../broadcasts/why.ts';
import { findCampaign } from '../../campaigns/campaigns.ts';
import { whyIn } from '../../campaigns/report/lists.ts';
import { summed, whyMessage, type Why } from '../../ledger/why.ts';
import { findMessage } from './messages.ts';
import { contactBy } from './people/contacts.ts';
import { presentDelivery } from './present.ts';
import { missing, queryId, reads, timeText, type Call, type Route } from './route.ts';

/** `…/why?contact=…&message=…` `…&broadcast=…` or `…&campaign=…`. */
export const whyRoutes: readonly Route[] = [
  reads({
    path: '/why',
    action: 'messages.read',
    does: 'Why somebody got a message, or did not: every decision on its way, in order.',
    query: { contact: Id, message: Id, broadcast: Id, campaign: Id },
    answer: WhyShown,
    handle: why,
  }),
];

async function why(call: Call): Promise<WhyShown | Fault> {
  const contactId = queryId(call, 'contact');
  const messageId = queryId(call, 'message');
  const broadcastId = queryId(call, 'broadcast');
  const campaignId = queryId(call, 'campaign');
  for (const given of [contactId, messageId, broadcastId, campaignId]) if (isFault(given)) return given;
  if (contactId === undefined && messageId === undefined) return breaks('contact', 'is required');
  if ([messageId, broadcastId, campaignId].filter((given) => given !== undefined).length !== 1)
    return breaks('message', 'exactly one of message, broadcast and campaign must be given');
  const told =
    messageId !== undefined
      ? await ofMessage(call, contactId as number | undefined, messageId as number)
      : broadcastId !== undefined
        ? await ofBroadcast(call, contactId as number, broadcastId as number)
        : await ofCampaign(call, contactId as number, campaignId as number);
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
  campaign: 'a campaign',
};

/** Entry or refusal, every decision, and what became of every message. */
async function ofCampaign(call: Call, contactId: number, campaignId: number): Promise<Why | Fault> {
  const { sql } = call.ctx;
  const [campaign, contact] = await Promise.all([
    findCampaign(sql, call.workspace.id, campaignId),
    contactBy(call, contactId),
  ]);
  if (!campaign) return missing('campaign');
  return contact ? await whyIn(sql, call.workspace.id, contact.id, campaignId) : missing('contact');
}

async function ofBroadcast(call: Call, contactId: number, broadcastId: number): Promise<Why | Fault> {
  const { ctx, workspace, nowMs, workspaceNowMs } = call;
  const [broadcast, contact] = await Promise.all([
    findBroadcast(ctx.sql, workspace.id, broadcastId),
    contactBy(call, contactId),
  ]);
  if (!broadcast) return missing('broadcast');
  if (!contact) return missing('contact');
  return await whyBroadcast(ctx.broadcasts, broadcast, contact.id, {
    ourMs: nowMs,
    workspaceMs: workspaceNowMs,
  });
}
