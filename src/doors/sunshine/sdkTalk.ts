/**
 * What the user of an SDK does once there is one (api/sunshine.md §10.4): saying, clicking, reading, sending a picture, and the
 * clients of theirs. Who may is settled in sdk.ts; what is said goes the way of the live channel.
 */
import type { TakeReceipts } from '../../channels/adapter.ts';
import type { ChangedUser } from '../../../contract/doors/sunshine/users.ts';
import type { ActionShown, MessageShown } from '../../../contract/doors/sunshine/messages.ts';
import type { Asked, Clicked } from '../../../contract/doors/sunshine/sdk.ts';
import { type Static } from 'typebox';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import { fromHex24 } from '../../base/ids.ts';
import { confirmLink } from '../../confirmations/confirm.ts';
import { updateContact, type Contact } from '../../contacts/contacts.ts';
import { destinationsOf, linkDestination } from '../../contacts/destinations.ts';
import { checkContent } from '../../content/check.ts';
import { keepFile, removeFile } from '../../content/mediaStore.ts';
import { conversationsOf } from '../../conversations/conversations.ts';
import { messagesById, historyPage } from '../../conversations/history.ts';
import { readUpTo, say } from '../live/say.ts';
import { readProfile } from './appUsers.ts';
import { readForm } from '../kit/form.ts';
import { readLinking, removeClients } from './channels.ts';
import { confirmingOf } from './confirmations.ts';
import { presentClient, sunshineConversation, presentUser } from './present.ts';
import { sunshineMessage } from './messageShown.ts';
import { missing } from './route.ts';
import type { SdkCall } from './sdkUsers.ts';
import { loadUser } from './users.ts';

/** An answer of this side. */
export type SdkAnswer = { status: number; body?: object } | Fault;

/** A postback is looked for among so many of the last messages. */
const LOOKED_AT = 100;
/** Who was asked at a number is asked again no sooner than they answer, or this is over. */
const ASKED_AGAIN_S = 60;

/** The user says something; the answer is the message as it is kept. */
export async function hear(
  call: SdkCall,
  contact: Contact,
  given: Readonly<Record<string, unknown>>,
): Promise<SdkAnswer> {
  const content = checkContent(given, 'message');
  if (isFault(content)) return content;
  const { ctx, workspace } = call;
  const who = { workspaceId: workspace.id, contactId: contact.id };
  const said = await say(ctx, who, workspace, { clientId: String(ctx.ids.spread()), content });
  if (isFault(said)) return said;
  const [[message], conversations] = await Promise.all([
    messagesById(ctx.sql, workspace.id, [said.messageId!]),
    conversationsOf(ctx.sql, [contact.id]),
  ]);
  const conversation = conversations.get(contact.id);
  if (!message || !conversation) return missing('conversation');
  const shown = sunshineMessage(message, contact);
  return { status: 201, body: { message: shown, conversation: sunshineConversation(conversation) } };
}

/** A click on a postback says its text with its payload, as in any messenger of ours; webhooks are told of a click. */
export async function click(
  call: SdkCall,
  contact: Contact,
  body: Static<typeof Clicked>,
): Promise<SdkAnswer> {
  const { actionId } = body.postback;
  const conversation = (await conversationsOf(call.ctx.sql, [contact.id])).get(contact.id);
  const page = conversation
    ? await historyPage(call.ctx.sql, { conversationId: conversation.id, limit: LOOKED_AT })
    : [];
  const offered = page.flatMap((message) => actionsOf(sunshineMessage(message, contact)));
  const action = offered.find(({ _id, type }) => _id === actionId && type === 'postback');
  if (!action) return breaks('postback.actionId', 'is not a postback of a message of this conversation');
  const heard = await hear(call, contact, { type: 'text', text: action.text, payload: action.payload });
  return isFault(heard) ? heard : { status: 200, body: {} };
}

function actionsOf({ actions = [], items = [] }: MessageShown): ActionShown[] {
  return [...actions, ...items.flatMap((item) => item.actions ?? [])];
}

/** The user has read all there is. */
export async function readAll(
  call: SdkCall,
  contact: Contact,
  takeReceipts: TakeReceipts,
): Promise<SdkAnswer> {
  const { ctx, workspace } = call;
  const conversation = (await conversationsOf(ctx.sql, [contact.id])).get(contact.id);
  if (!conversation) return missing('conversation');
  const [last] = await historyPage(ctx.sql, { conversationId: conversation.id, limit: 1 });
  const whose = { workspaceId: workspace.id, contactId: contact.id };
  if (last) await readUpTo(ctx, takeReceipts, whose, last.id);
  const after = (await conversationsOf(ctx.sql, [contact.id])).get(contact.id)!;
  return { status: 200, body: { conversation: sunshineConversation(after) } };
}

/** A picture is kept, and is a message at once. */
export async function sendImage(
  call: SdkCall,
  contact: Contact,
  form: { contentType: string; rawBody: Buffer },
): Promise<SdkAnswer> {
  const read = await readForm(form);
  if (isFault(read)) return read;
  const { source } = read;
  if (!source.mediaType.startsWith('image/')) return breaks('source', 'must be an image');
  const mediaUrl = await keepFile(call.ctx, call.workspace.id, source);
  if (isFault(mediaUrl)) return mediaUrl;
  const heard = await hear(call, contact, { type: 'image', mediaUrl, mediaType: source.mediaType });
  if (isFault(heard)) await removeFile(call.ctx, call.workspace.id, mediaUrl);
  return heard;
}

/** What the user tells of themselves. */
export async function changeProfile(
  call: SdkCall,
  contact: Contact,
  body: Static<typeof ChangedUser>,
): Promise<SdkAnswer> {
  const change = readProfile(body);
  if (isFault(change)) return change;
  const { ctx, workspace, nowMs } = call;
  const integrations = await ctx.directory.integrationsOf(workspace.id);
  const changed = await ctx.queue.transact((tx) =>
    updateContact(tx, nowMs + workspace.clockAheadMs, contact, change),
  );
  if (isFault(changed)) return changed;
  return {
    status: 200,
    body: { appUser: presentUser(await loadUser(ctx.sql, changed), integrations) },
  };
}

/**
 * The user wants to be reached at a number, too, and is asked there. A number that is somebody else's stays theirs: who it is
 * cannot be known from here.
 */
export async function askAtNumber(
  call: SdkCall,
  contact: Contact,
  { criteria: { type, phoneNumber } }: Static<typeof Asked>,
): Promise<SdkAnswer> {
  const body = { type, phoneNumber, confirmation: { type: 'prompt' as const } };
  const linking = await readLinking({ ...call, body });
  if (isFault(linking)) return linking;
  const { ctx, workspace, nowMs } = call;
  const { id: workspaceId } = workspace;
  const integrations = await ctx.directory.integrationsOf(workspaceId);
  const { channel, address } = linking.to;
  return await ctx.queue.transact(async (tx): Promise<SdkAnswer> => {
    const before = await destinationsOf(tx, workspaceId, [contact.id]);
    if (before.some((one) => one.channel === channel && one.status === 'pending'))
      return fault('rate_limited', 'Somebody was asked already; answer there first.', {
        retryAfterS: ASKED_AGAIN_S,
      });
    const linked = await linkDestination(tx, ctx.ids, nowMs + workspace.clockAheadMs, {
      workspaceId,
      contactId: contact.id,
      channel,
      integrationId: linking.integration.id,
      address,
      status: 'pending',
    });
    if (isFault(linked)) return linked;
    if ('conflictsWith' in linked)
      return fault('conflict', 'criteria.phoneNumber: is linked to another user');
    const { destinations } = await loadUser(tx, contact);
    const made = destinations.find(({ id }) => id === linked.destinationId)!;
    if (made.status === 'pending')
      await confirmLink(confirmingOf(call, contact.id), tx, { id: made.id, isPending: true }, linking);
    return { status: 201, body: { client: presentClient(made, destinations, integrations) } };
  });
}

/** The user takes a client of theirs back. */
export async function removeClient(call: SdkCall, contact: Contact, clientId: string): Promise<SdkAnswer> {
  return await call.ctx.queue.transact(async (tx): Promise<SdkAnswer> => {
    const all = await destinationsOf(tx, call.workspace.id, [contact.id]);
    const gone = all.filter(({ id }) => id === fromHex24(clientId));
    if (gone.length === 0) return missing('client');
    await removeClients(call, tx, gone, 'sdk');
    return { status: 200, body: {} };
  });
}

/** A device signs out: what is pushed to it is pushed no more. */
export async function forgetDevice(call: SdkCall, contact: Contact, token: string): Promise<void> {
  await call.ctx.queue.transact(async (tx) => {
    const all = await destinationsOf(tx, call.workspace.id, [contact.id]);
    const gone = all.filter(({ channel, address }) => channel === 'push' && address === token);
    if (gone.length > 0) await removeClients(call, tx, gone, 'sdk');
  });
}
