/**
 * What the SDKs do with users (api/sunshine.md §10.1, §10.4; N22–N28): nobody is made until there is something to say. Here is what
 * is done; who may do it is settled in sdk.ts.
 */
import type {
  Arrival,
  Client,
  Login,
  NewSdkUser,
  SessionShown,
} from '../../../contract/doors/sunshine/sdk.ts';
import { type Static } from 'typebox';
import type { Workspace } from '../../accounts/workspaces.ts';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import { fromHex24 } from '../../base/ids.ts';
import { createContact, findContact, updateContact, type Contact } from '../../contacts/contacts.ts';
import { destinationsOf, linkDestination } from '../../contacts/destinations.ts';
import { keepNewestDevices } from '../../contacts/manyDevices.ts';
import { ensureConversations } from '../../conversations/conversations.ts';
import type { ConversationStarted } from '../../conversations/events.ts';
import { markStarted } from '../../conversations/marks.ts';
import type { Tx } from '../../db/pool.ts';
import { consumeAuthCode, findAuthCode, NOT_GOOD } from '../../links/authCodes.ts';
import { livingContact } from '../../links/links.ts';
import { openSession } from '../../links/sessions.ts';
import type { HttpContext } from '../kit/context.ts';
import { say } from '../live/say.ts';
import { mergeUsers } from './merge.ts';
import { sunshineConversation, presentUser } from './present.ts';
import { newestMessages } from './messages.ts';
import { sunshineMessage } from './messageShown.ts';
import { loadUser } from './users.ts';

/** A call of an SDK for an app. */
export type SdkCall = { ctx: HttpContext; workspace: Workspace; nowMs: number };

/** Makes a user, starts the conversation, and keeps the push token that the device had before there was a user. */
export async function createUser(
  call: SdkCall,
  body: Static<typeof NewSdkUser>,
): Promise<SessionShown | Fault> {
  const { ctx, workspace } = call;
  const push = await pushOf(call, body.client);
  if (isFault(push)) return push;
  const { userId, givenName, surname } = body;
  const contact = await ctx.queue.transact(async (tx): Promise<Contact | Fault> => {
    const known = userId === undefined ? undefined : await userNamed(call, tx, userId);
    const made =
      known ??
      (await createContact(tx, ctx.ids, atOf(call), {
        workspaceId: workspace.id,
        identities: userId === undefined ? [] : [{ kind: 'external', value: userId }],
        profile: {
          ...(givenName ? { givenName } : {}),
          ...(surname ? { surname } : {}),
          credentialRequired: userId !== undefined,
        },
      }));
    if (isFault(made)) return made;
    const linked = push && (await linkPush(call, tx, made, push));
    return linked ?? made;
  });
  if (isFault(contact)) return contact;
  const { id: clientId, platform } = body.client;
  const isPhone = platform === 'ios' || platform === 'android';
  const started = await startConversation(call, contact, { clientId, isPhone });
  return isFault(started) ? started : await signedIn(call, contact);
}

/**
 * Starts the conversation of a user; once it is, this does nothing. In a browser the messenger is an address of its own; a phone
 * has its push token, or nothing yet.
 */
export async function startConversation(
  { ctx, workspace, nowMs }: SdkCall,
  contact: Contact,
  device: { clientId: string; isPhone: boolean },
): Promise<true | Fault> {
  const { id: workspaceId, clockAheadMs } = workspace;
  const contactId = contact.id;
  if (!device.isPhone) {
    const said = await say(ctx, { workspaceId, contactId }, workspace, { clientId: device.clientId });
    return isFault(said) ? said : true;
  }
  const atMs = nowMs + clockAheadMs;
  await ctx.queue.transact(async (tx) => {
    const conversations = await ensureConversations(tx, ctx.ids, atMs, [{ contactId, workspaceId }]);
    const conversationId = conversations.get(contactId)!.id;
    if (!(await markStarted(tx, conversationId, atMs))) return;
    const all = await destinationsOf(tx, workspaceId, [contactId]);
    const destinationId = all.findLast(({ channel }) => channel === 'push')?.id ?? 0;
    const payload: ConversationStarted = { contactId, conversationId, destinationId };
    await ctx.queue.append(tx, [
      { ownerId: contactId, workspaceId, type: 'conversation.started', atMs, payload },
    ]);
  });
  return true;
}

/**
 * Signs a user of the business's own in. Undefined when there is none: the user comes to be with the first word. What was said on
 * the device before is the user's from now on.
 */
export async function login(
  call: SdkCall,
  body: Static<typeof Login>,
  anonymous: Contact | undefined,
): Promise<SessionShown | undefined | Fault> {
  const { ctx } = call;
  const push = await pushOf(call, body.client);
  if (isFault(push)) return push;
  const contact = await ctx.queue.transact(async (tx): Promise<Contact | undefined | Fault> => {
    const known = await userNamed(call, tx, body.userId);
    const user = known ?? (anonymous && (await nameUser(call, tx, anonymous, body.userId)));
    if (!user || isFault(user)) return user;
    if (anonymous && anonymous.id !== user.id) {
      const merged = await mergeUsers(call, tx, user, anonymous, 'sdkLogin');
      if (merged) return merged;
    }
    const linked = push && (await linkPush(call, tx, user, push));
    return linked ?? user;
  });
  return contact === undefined || isFault(contact) ? contact : await signedIn(call, contact);
}

/** Makes a device the user's whom a code stands for; the code is used up (api/sunshine.md §9.2). */
export async function arriveWithCode(
  call: SdkCall,
  body: Static<typeof Arrival>,
): Promise<SessionShown | Fault> {
  const { ctx, workspace } = call;
  const push = await pushOf(call, body.client);
  if (isFault(push)) return push;
  const found = await findAuthCode(ctx.sql, body.authCode);
  if (found?.workspaceId !== workspace.id) return NOT_GOOD;
  const contact = await ctx.queue.transact(async (tx): Promise<Contact | Fault> => {
    const whose = await consumeAuthCode(tx, atOf(call), body.authCode, found);
    if (isFault(whose)) return whose;
    const user = await livingContact(tx, workspace.id, found.contactId);
    if (!user) return NOT_GOOD;
    const linked = push && (await linkPush(call, tx, user, push));
    return linked ?? user;
  });
  if (isFault(contact)) return contact;
  const session = await signedIn(call, contact);
  // Here the token stands with the user, too.
  const { sessionToken } = session;
  return sessionToken === undefined ? session : { ...session, appUser: { ...session.appUser, sessionToken } };
}

/** Keeps the push token of a user's device. */
export async function keepPushToken(
  call: SdkCall,
  contact: Contact,
  client: Static<typeof Client>,
): Promise<true | Fault> {
  const push = await pushOf(call, client);
  if (isFault(push)) return push;
  if (!push) return breaks('pushNotificationToken', 'is required');
  return (await call.ctx.queue.transact((tx) => linkPush(call, tx, contact, push))) ?? true;
}

/** A user as SDKs are shown one; with a session when one begins. */
export async function sunshineSession(
  { ctx, workspace }: SdkCall,
  contact: Contact,
  sessionToken?: string,
): Promise<SessionShown> {
  const integrations = await ctx.directory.integrationsOf(workspace.id);
  const user = await loadUser(ctx.sql, contact);
  const { conversation } = user;
  const { messages, more } = conversation
    ? await newestMessages(ctx.sql, conversation.id)
    : { messages: [], more: false };
  return {
    appUser: presentUser(user, integrations),
    ...(conversation ? { conversation: sunshineConversation(conversation) } : {}),
    ...(sessionToken === undefined ? {} : { sessionToken }),
    messages: messages.map((message) => sunshineMessage(message, contact)),
    hasPrevious: more,
    settings: { profile: { enabled: true, uploadInterval: 60 }, typing: { enabled: true } },
  };
}

async function signedIn(call: SdkCall, contact: Contact): Promise<SessionShown> {
  const { ctx, workspace } = call;
  const of = { workspaceId: workspace.id, contactId: contact.id };
  const all = await ctx.directory.integrationsOf(workspace.id);
  const integrationId = all.find(({ channel }) => channel === 'webchat')?.id ?? 0;
  const session = await ctx.queue.transact((tx) => openSession(tx, atOf(call), { ...of, integrationId }));
  return await sunshineSession(call, contact, session.token);
}

/** Gives an anonymous user a name of the business's own. */
async function nameUser(call: SdkCall, tx: Tx, contact: Contact, userId: string): Promise<Contact | Fault> {
  if (contact.externalId !== null)
    return fault('forbidden', 'The session is that of another user; log out first.');
  const change = { externalId: userId, credentialRequired: true };
  return await updateContact(tx, atOf(call), contact, change);
}

/** By the business's own id alone: one that looks like an id of ours is still not that user. */
function userNamed({ workspace }: SdkCall, tx: Tx, value: string): Promise<Contact | undefined> {
  return findContact(tx, workspace.id, { kind: 'external', value });
}

type Push = { integrationId: number | null; token: string };

const PROVIDERS: Readonly<Record<string, string>> = { ios: 'apns', android: 'fcm', web: 'webpush' };

/** Where a push token is good: at the integration named, else at the one of the platform. */
async function pushOf(call: SdkCall, client: Static<typeof Client>): Promise<Push | undefined | Fault> {
  const { pushNotificationToken: token, platform, integrationId } = client;
  if (token === undefined) return undefined;
  const all = await call.ctx.directory.integrationsOf(call.workspace.id);
  const named = all.find(({ id }) => id === fromHex24(integrationId ?? ''));
  const provider = PROVIDERS[platform ?? ''];
  const found =
    named?.channel === 'push'
      ? named
      : all.find((one) => one.channel === 'push' && one.provider === provider);
  if (!found)
    return breaks('client.pushNotificationToken', 'the app has no integration for push on this platform');
  return { integrationId: found.id, token };
}

async function linkPush(call: SdkCall, tx: Tx, contact: Contact, push: Push): Promise<undefined | Fault> {
  const linked = await linkDestination(tx, call.ctx.ids, atOf(call), {
    workspaceId: call.workspace.id,
    contactId: contact.id,
    channel: 'push',
    integrationId: push.integrationId,
    address: push.token,
  });
  if (isFault(linked)) return linked;
  const at = { workspaceId: call.workspace.id, nowMs: atOf(call) };
  if ('created' in linked && linked.created) await keepNewestDevices(tx, at, [contact.id]);
  return undefined;
}

function atOf({ workspace, nowMs }: SdkCall): number {
  return nowMs + workspace.clockAheadMs;
}
