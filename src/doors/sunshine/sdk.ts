/**
 * The SDKs' side of the API (api/sunshine.md §10): `/sdk/v2/apps/{appId}/…`. A browser or phone is nobody until its user says
 * something; then it is a user with a session, or one whom a token of the business names. Decides who may call; what is done is in
 * sdkUsers.ts. Live events go over the live channel, with the same session token.
 */
import type { TakeReceipts } from '../../channels/adapter.ts';
import {
  Arrival,
  Asked,
  Clicked,
  Device,
  Leaving,
  Login,
  NewSdkUser,
  Said,
} from '../../../contract/doors/sunshine/sdk.ts';
import { ChangedUser } from '../../../contract/doors/sunshine/users.ts';
import { mustFit } from '../kit/answer.ts';
import { sdkRoute } from './sdkRoutes.ts';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { authenticateSunshine } from '../../accounts/authenticate.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { fromHex24, toHex24 } from '../../base/ids.ts';
import { networkOf } from '../../base/network.ts';
import type { Contact } from '../../contacts/contacts.ts';
import { conversationsOf } from '../../conversations/conversations.ts';
import { livingContact } from '../../links/links.ts';
import { endSession, findSession, openSession, type Session } from '../../links/sessions.ts';
import { atRoot, isMultipart, JSON_BYTES, readBody } from '../kit/body.ts';
import type { HttpContext } from '../kit/context.ts';
import { sendFault, type FaultForm } from '../kit/errors.ts';
import { createGuests, type Guests } from '../kit/guests.ts';
import { queryOnce } from '../kit/route.ts';
import { createRateLimit, type RateLimit } from '../kit/rateLimit.ts';
import { FILE_BYTES } from './attachments.ts';
import { messagesPage } from './messages.ts';
import { sunshineConversation } from './present.ts';
import { typeOfProvider } from './names.ts';
import { missing } from './route.ts';
import {
  arriveWithCode,
  createUser,
  keepPushToken,
  login,
  sunshineSession,
  startConversation,
  type SdkCall,
} from './sdkUsers.ts';
import {
  askAtNumber,
  changeProfile,
  click,
  forgetDevice,
  hear,
  readAll,
  removeClient,
  sendImage,
  type SdkAnswer,
} from './sdkTalk.ts';
import { contactNamed } from './users.ts';

/** New users a second from one address: a person makes one. */
const MADE_PER_S = 5;
/** Numbers a second at which an app's users ask to be reached. */
const ASKED_PER_S = 1;

declare module 'fastify' {
  interface FastifyRequest {
    /** The user of an SDK's call, once it is known to be theirs. */
    sdkUser: Contact | null;
  }
}

/** Says who calls, before the body is read: a fault for whom the call is not. */
type Admit = (call: SdkCall, request: FastifyRequest) => Promise<undefined | Fault>;
type Opened = { bodyLimit?: number | undefined; admit?: Admit };
type Handle = (call: SdkCall, request: FastifyRequest) => Promise<SdkAnswer>;
type AsUser = (call: SdkCall, contact: Contact, request: FastifyRequest) => Promise<SdkAnswer>;
type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
/** Serves a path of a user, below `/appusers/{userId}`. */
type Serve = (method: Method, url: string, handle: AsUser, bodyLimit?: number) => void;

/** The calls, below `/sdk/v2/apps/:appId`. */
export function serveSdk(
  app: FastifyInstance,
  ctx: HttpContext,
  form: FaultForm,
  takeReceipts: TakeReceipts,
): void {
  const made = createRateLimit(ctx.config.rateLimitPerS === 0 ? 0 : MADE_PER_S, ctx.clock);
  const guests = createGuests(ctx);
  app.decorateRequest('sdkUser', null);
  const open = (method: Method, url: string, handle: Handle, { bodyLimit, admit = anybody }: Opened = {}) =>
    app.route({
      method,
      url,
      bodyLimit: bodyLimit ?? JSON_BYTES,
      // Before any of the body is read: a stranger has nothing to bring.
      onRequest: async (request, reply) => {
        const refused = await forApp(ctx, request, admit);
        return isFault(refused) ? await answer(reply, refused, form) : undefined;
      },
      handler: async (request, reply) => {
        const given = await forApp(ctx, request, handle);
        if (ctx.config.checkAnswers && !isFault(given))
          mustFit(sdkRoute(method, url), { status: given.status, body: given.body });
        return await answer(reply, given, form);
      },
    });
  const asUser: Serve = (method, url, handle, bodyLimit) =>
    open(method, `/appusers/:userId${url}`, (call, request) => handle(call, request.sdkUser!, request), {
      bodyLimit,
      async admit(call, request) {
        const contact = await userBehind(call, request);
        if (isFault(contact)) return contact;
        request.sdkUser = contact;
        request.isKnown = true;
        return undefined;
      },
    });

  open('GET', '/config', async (call) => ({ status: 200, body: await configOf(call) }));
  open('POST', '/appusers', async (call, request) => {
    const retryAfterS = made.take(networkOf(request.ip));
    if (retryAfterS !== undefined) return fault('rate_limited', 'Too many new users.', { retryAfterS });
    return await create(call, request, guests);
  });
  open('POST', '/login', signIn);
  open('POST', '/appusers/authcode', async (call, request) => {
    const retryAfterS = made.take(networkOf(request.ip));
    if (retryAfterS !== undefined) return fault('rate_limited', 'Too many codes.', { retryAfterS });
    const body = readBody(Arrival, request.body);
    const user = isFault(body) ? body : await arriveWithCode(call, body);
    return isFault(user) ? user : { status: 200, body: user };
  });
  asUser('GET', '', async (call, contact) => ({ status: 200, body: await sunshineSession(call, contact) }));
  asUser('POST', '/conversation', async (call, contact, request) => {
    const isPhone = /^(?:ios|android)\b/i.test(String(request.headers['x-smooch-sdk'] ?? ''));
    const started = await startConversation(call, contact, { clientId: 'start', isPhone });
    return isFault(started) ? started : await conversationOf(call, contact);
  });
  asUser('PUT', '/clients/:clientId', async (call, contact, request) => {
    const body = readBody(Device, request.body);
    if (isFault(body)) return body;
    const kept = await keepPushToken(call, contact, { ...body, id: 'client' });
    return isFault(kept) ? kept : { status: 200, body: {} };
  });
  serveTalk(asUser, speaking(asUser, guests), ctx, takeReceipts);
  serveSelf(asUser, createRateLimit(ctx.config.rateLimitPerS === 0 ? 0 : ASKED_PER_S, ctx.clock));
}

/** Serves what a user says: guests say no more than is theirs. Who comes with a token of the business is no guest. */
function speaking(asUser: Serve, guests: Guests): Serve {
  return (method, url, handle, bodyLimit) =>
    asUser(
      method,
      url,
      async (call, contact, request) => {
        const isGuest = sessionGiven(request) !== undefined;
        const file = isMultipart(request) ? (request.rawBody?.length ?? 0) : 0;
        const busy = isGuest ? await guests.say(call.workspace.id, request.ip, file) : undefined;
        return busy ?? (await handle(call, contact, request));
      },
      bodyLimit,
    );
}

/** What is said and read. */
function serveTalk(asUser: Serve, says: Serve, ctx: HttpContext, takeReceipts: TakeReceipts): void {
  asUser('GET', '/messages', async (_call, contact, request) => {
    const query = queryOnce(request.query);
    if (isFault(query)) return query;
    const url = `${ctx.publicUrl()}${request.url.split('?')[0]}`;
    return await messagesPage({ ctx, query, url }, contact);
  });
  says('POST', '/messages', async (call, contact, request) => {
    const body = readBody(Said, request.body);
    return isFault(body) ? body : await hear(call, contact, { ...body.message, type: 'text' });
  });
  says('POST', '/postback', async (call, contact, request) => {
    const body = readBody(Clicked, request.body);
    return isFault(body) ? body : await click(call, contact, body);
  });
  asUser('POST', '/conversation/read', (call, contact) => readAll(call, contact, takeReceipts));
  const image: AsUser = async (call, contact, request) =>
    isMultipart(request)
      ? await sendImage(call, contact, {
          contentType: String(request.headers['content-type']),
          rawBody: request.rawBody ?? Buffer.alloc(0),
        })
      : fault('unsupported_media', 'The body must be multipart/form-data with a file named source.');
  says('POST', '/images', image, FILE_BYTES);
}

/** Who the user is, and where they are reached. */
function serveSelf(asUser: Serve, asked: RateLimit): void {
  asUser('PUT', '', async (call, contact, request) => {
    const body = readBody(ChangedUser, request.body);
    return isFault(body) ? body : await changeProfile(call, contact, body);
  });
  asUser('POST', '/clients', async (call, contact, request) => {
    const body = readBody(Asked, request.body);
    if (isFault(body)) return body;
    // Whoever opens the page can ask for an SMS to any number: an app pays for few of them.
    const retryAfterS = asked.take(String(call.workspace.id));
    if (retryAfterS !== undefined) return fault('rate_limited', 'Too many numbers.', { retryAfterS });
    return await askAtNumber(call, contact, body);
  });
  asUser('DELETE', '/clients/:clientId', (call, contact, request) =>
    removeClient(call, contact, (request.params as { clientId: string }).clientId),
  );
  asUser('POST', '/logout', async (call, contact, request) => {
    const body = readBody(Leaving, request.body);
    if (isFault(body)) return body;
    const token = body.client.pushNotificationToken;
    if (token !== undefined) await forgetDevice(call, contact, token);
    const session = await sessionOf(call, request);
    if (session) await endSession(call.ctx.sql, session);
    return { status: 200, body: {} };
  });
  // A session that an older SDK holds is changed for one that lasts as long as a new one.
  asUser('POST', '/upgrade', async (call, contact, request) => {
    const session = await sessionOf(call, request);
    const integrationId = session?.integrationId ?? 0;
    const of = { workspaceId: call.workspace.id, contactId: contact.id, integrationId };
    const atMs = call.nowMs + call.workspace.clockAheadMs;
    const made = await call.ctx.queue.transact((tx) => openSession(tx, atMs, of));
    if (session) await endSession(call.ctx.sql, session);
    return { status: 200, body: { appUser: { _id: toHex24(contact.id), sessionToken: made.token } } };
  });
}

async function answer(reply: FastifyReply, given: SdkAnswer, form: FaultForm): Promise<FastifyReply> {
  if (isFault(given)) return sendFault(reply, atRoot(given), form);
  return await reply.code(given.status).send(given.body);
}

/** Where it is for the handler to say who may. */
const anybody: Admit = () => Promise.resolve(undefined);

async function forApp<T>(
  ctx: HttpContext,
  request: FastifyRequest,
  handle: (call: SdkCall, request: FastifyRequest) => Promise<T>,
): Promise<T | Fault> {
  const { appId } = request.params as { appId: string };
  const id = fromHex24(appId);
  const workspace = id === undefined ? undefined : await ctx.directory.workspace(id);
  return workspace ? await handle({ ctx, workspace, nowMs: ctx.clock.nowMs() }, request) : missing('app');
}

async function create(call: SdkCall, request: FastifyRequest, guests: Guests): Promise<SdkAnswer> {
  const body = readBody(NewSdkUser, request.body);
  if (isFault(body)) return body;
  const all = await call.ctx.directory.integrationsOf(call.workspace.id);
  if (!all.some(({ channel, status }) => channel === 'webchat' && status === 'active'))
    return fault(
      'forbidden',
      'The app has no web messenger: it needs an active integration of type webchat.',
    );
  // Only the business says who somebody is.
  const refused =
    body.userId === undefined
      ? await guests.enter(call.workspace.id, request.ip)
      : await nameBehind(call, request, body.userId);
  if (isFault(refused)) return refused;
  const user = await createUser(call, body);
  return isFault(user) ? user : { status: 201, body: user };
}

async function signIn(call: SdkCall, request: FastifyRequest): Promise<SdkAnswer> {
  const body = readBody(Login, request.body);
  if (isFault(body)) return body;
  const named = await nameBehind(call, request, body.userId);
  if (isFault(named)) return named;
  const { appUserId, sessionToken } = body;
  const anonymous =
    appUserId === undefined || sessionToken === undefined
      ? undefined
      : await bySession(call, appUserId, sessionToken);
  if (isFault(anonymous)) return anonymous;
  const user = await login(call, body, anonymous);
  if (isFault(user)) return user;
  return user ? { status: 200, body: user } : { status: 204 };
}

async function conversationOf(
  { ctx }: SdkCall,
  contact: Contact,
): Promise<{ status: number; body: object } | Fault> {
  const conversation = (await conversationsOf(ctx.sql, [contact.id])).get(contact.id);
  return conversation
    ? { status: 200, body: { conversation: sunshineConversation(conversation) } }
    : missing('conversation');
}

/** What an SDK reads before it does anything: nothing is made by it (N23). */
async function configOf({ ctx, workspace }: SdkCall): Promise<object> {
  const all = await ctx.directory.integrationsOf(workspace.id);
  const integrations = all
    .filter(({ status }) => status === 'active')
    .map(({ id, provider }) => ({ _id: toHex24(id), type: typeOfProvider(provider) }));
  const root = `${ctx.publicUrl()}/sdk/v2`;
  return {
    config: {
      app: { _id: toHex24(workspace.id), name: workspace.name, status: 'active' },
      baseUrl: { web: root, ios: root, android: root },
      integrations,
    },
  };
}

/** The user of the path, for a session's token or a token of the business that names the user. */
async function userBehind(call: SdkCall, request: FastifyRequest): Promise<Contact | Fault> {
  const { userId } = request.params as { userId: string };
  // Postgres knows no such text, so nobody can have this name.
  if (userId.includes('\0') || !userId.isWellFormed()) return missing('user');
  const given = sessionGiven(request);
  if (!given) {
    const contact = await contactNamed(call.ctx.sql, call.workspace.id, userId);
    // Somebody without a name of the business's own is reached by a session only.
    const named = await nameBehind(call, request, contact ? (contact.externalId ?? '') : userId);
    return isFault(named) ? named : (contact ?? missing('user'));
  }
  const { appUserId, token } = given;
  const contact = await bySession(call, appUserId, token);
  if (isFault(contact)) return contact;
  const own = [appUserId, toHex24(contact.id), contact.externalId];
  return own.includes(userId) ? contact : fault('forbidden', 'The session is that of another user.');
}

/** User and token of a session, as the Authorization header holds them. */
function sessionGiven({ headers }: FastifyRequest): { appUserId: string; token: string } | undefined {
  const basic = /^basic +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (basic === undefined) return undefined;
  const [appUserId = '', token = ''] = Buffer.from(basic, 'base64').toString('utf8').split(':', 2);
  return { appUserId, token };
}

/** The session that is used; none for who comes with a token of the business. */
async function sessionOf({ ctx }: SdkCall, request: FastifyRequest): Promise<Session | undefined> {
  const given = sessionGiven(request);
  return given && (await findSession(ctx.sql, given.token));
}

/** A token of the business that names this user. */
async function nameBehind(
  { ctx, workspace, nowMs }: SdkCall,
  request: FastifyRequest,
  userId: string,
): Promise<true | Fault> {
  const { authorization } = request.headers;
  const caller = await authenticateSunshine(ctx.keyring, { authorization, nowMs });
  if (isFault(caller)) return caller;
  return caller.scope === 'appUser' && caller.workspaceId === workspace.id && caller.userId === userId
    ? true
    : fault('forbidden', 'The token is not one of scope appUser for this user.');
}

async function bySession(
  { ctx, workspace, nowMs }: SdkCall,
  appUserId: string,
  token: string,
): Promise<Contact | Fault> {
  const session = await findSession(ctx.sql, token);
  const isGood =
    session?.workspaceId === workspace.id &&
    session.contactId === fromHex24(appUserId) &&
    session.expiresMs > nowMs + workspace.clockAheadMs;
  const contact = isGood ? await livingContact(ctx.sql, workspace.id, session.contactId) : undefined;
  return contact ?? fault('invalid_auth', 'The session is over, or is none.');
}
