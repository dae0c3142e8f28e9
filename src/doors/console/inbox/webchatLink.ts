/**
 * Going on in the web chat: an operator sends the short link that brings its person there as themselves, by the channel the conversation
 * is on. It is a message like others, whose link is made short as those of all doors are (links/links.ts).
 */
import type { Static } from 'typebox';
import type { Content } from '../../../../contract/content.ts';
import { NewWebchatLink, ReplyAccepted } from '../../../../contract/doors/console/inbox.ts';
import { fault, isFault, type Fault } from '../../../base/fault.ts';
import { destinationsOf } from '../../../contacts/destinations.ts';
import type { InboxRow } from '../../../inbox/inbox.ts';
import { webchatOffer } from '../../../inbox/settings.ts';
import { hostedPageUri } from '../../../links/addresses.ts';
import { idOf, missing, readTime, writes, type Call, type Route, type Work } from '../route.ts';
import { findRow } from './inbox.ts';
import { answering } from './thread.ts';
import { carriesLink, waysOf, whyNoWebchat } from './ways.ts';

/** `…/conversations/{id}/link`. */
export const webchatLinkRoutes: readonly Route[] = [
  writes({
    path: '/conversations/:conversationId/link',
    action: 'conversations.reply',
    does: 'Offers to go on in the web chat, by a link that is good for a week, once for each `clientId`; a conflict as with other answers.',
    body: NewWebchatLink,
    keyField: 'clientId',
    answers: { 202: ReplyAccepted },
    handle: offer,
  }),
];

async function offer(call: Call<Static<typeof NewWebchatLink>>): Promise<Work<202, ReplyAccepted> | Fault> {
  const { ctx, body, workspace } = call;
  const seenMs = body.seenUpTo === undefined ? undefined : readTime(body.seenUpTo, 'seenUpTo');
  if (isFault(seenMs)) return seenMs;
  const row = await findRow(call);
  if (isFault(row)) return row;
  const ways = await waysOf(call, row);
  // Who was heard on the web chat last is called back by another address.
  const other = ways.find((way) => way.reason === null && carriesLink(way))?.destinationId;
  const usual = row.channel === 'webchat' && other !== undefined ? idOf(other) : row.destinationId;
  const destinationId = body.destinationId === undefined ? usual : idOf(body.destinationId);
  const refused = (await whyNoWebchat(call, row, ways)) ?? (await whyNotThere(call, row, destinationId));
  if (refused !== undefined) return typeof refused === 'string' ? fault('unprocessable', refused) : refused;
  const uri = hostedPageUri(ctx.publicUrl(), workspace.id);
  const usually = webchatOffer(workspace.settings);
  const content: Content = {
    type: 'text',
    text: body.text?.trim() || usually.text,
    actions: [{ type: 'link', text: body.label?.trim() || usually.label, uri }],
  };
  return answering(call, row, { content, clientId: body.clientId, destinationId, seenMs });
}

/** Why it cannot be sent to an address. */
async function whyNotThere(
  { ctx, workspace }: Call<unknown>,
  { contactId }: InboxRow,
  destinationId: number | null,
): Promise<string | Fault | undefined> {
  if (destinationId === null) return undefined;
  const all = await destinationsOf(ctx.sql, workspace.id, [contactId]);
  const channel = all.find(({ id }) => id === destinationId)?.channel;
  if (channel === undefined) return missing('destination', 'destinationId');
  if (channel === 'webchat') return 'A link to the web chat is sent elsewhere: choose another address.';
  return channel === 'voice' ? 'Nobody can open a link on a call: choose another address.' : undefined;
}
