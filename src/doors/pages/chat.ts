/** The JSON calls of the web chat (docs/links.md): for our own page, and for customers' pages on other sites. */
import type { TakeReceipts } from '../../channels/adapter.ts';
import { type Static, Type } from 'typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ChatMessages, ChatSaid, ChatSession } from '../../../contract/doors/chat.ts';
import { Nothing } from '../../../contract/doors/fields.ts';
import { LIMITS } from '../../../contract/limits.ts';
import { randomToken } from '../../base/crypto.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { conversationsOf } from '../../conversations/conversations.ts';
import type { Message } from '../../conversations/message.ts';
import { messagesById, historyPage } from '../../conversations/history.ts';
import { markRead } from '../../conversations/marks.ts';
import { endSession } from '../../links/sessions.ts';
import { mustFit } from '../kit/answer.ts';
import { readBody } from '../kit/body.ts';
import type { HttpContext } from '../kit/context.ts';
import { sendFault, type FaultForm } from '../kit/errors.ts';
import { createGuests } from '../kit/guests.ts';
import { createRateLimit } from '../kit/rateLimit.ts';
import { hearOnWebChat } from '../kit/webChat.ts';
import { beginSession, callerBehind, SessionInput, type ChatCaller } from './access.ts';
import { confirmRead } from './confirm.ts';
import type { Guard } from './guard.ts';
import { OVERLAP_MS, type Hub } from './hub.ts';
import { pageConversation, pageMessage, pageSession } from './present.ts';

/** What a person says. `key` names it, so that saying it again after a failed call says it once. */
const NewMessage = Type.Object({
  text: Type.String({
    minLength: 1,
    maxLength: LIMITS.text,
    pattern: '\\S',
    rule: 'must hold more than blanks',
  }),
  payload: Type.Optional(Type.String({ minLength: 1, maxLength: LIMITS.payload })),
  key: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
});

const PAGE = 50;
const MOST_PER_PAGE = 100;
/** Nobody types more, and a program that does must not fill a conversation. */
const SAID_PER_S = 5;

/** This door's form of a fault. */
export const chatForm: FaultForm = ({ fault, message, field }) => ({
  error: { code: fault, description: message, ...(field ? { field } : {}) },
});

type Made = { status: number; body: object | undefined } | Fault;

/** The calls, as documents describe them; what they answer is held to this. */
export const CHAT_CALLS = {
  begin: {
    method: 'POST',
    path: '/chat/session',
    does: 'Begins a session of the web chat with the code of a link.',
    answers: { 201: ChatSession },
    open: true,
  },
  end: { method: 'DELETE', path: '/chat/session', does: 'Ends the session.', answers: { 204: Nothing } },
  history: {
    method: 'GET',
    path: '/chat/messages',
    does: 'What was said: the newest, `before` a cursor or `after` one.',
    answers: { 200: ChatMessages },
  },
  say: {
    method: 'POST',
    path: '/chat/messages',
    does: 'Says something. 200 where it was said under this `key` before.',
    answers: { 200: ChatSaid, 201: ChatSaid },
  },
  read: { method: 'POST', path: '/chat/read', does: 'All there is was read.', answers: { 204: Nothing } },
} as const;

/** The calls. */
export function serveChat(
  app: FastifyInstance,
  ctx: HttpContext,
  own: { guard: Guard; hub: Hub; takeReceipts: TakeReceipts },
): void {
  const { guard, takeReceipts } = own;
  const limit = createRateLimit(SAID_PER_S, ctx.clock);
  const guests = createGuests(ctx);
  const answer = async (
    reply: FastifyReply,
    call: (typeof CHAT_CALLS)[keyof typeof CHAT_CALLS],
    made: Made,
  ): Promise<FastifyReply> => {
    if (isFault(made)) return sendFault(reply, made, chatForm);
    if (ctx.config.checkAnswers) mustFit(call, made);
    return await reply.code(made.status).send(made.body);
  };
  const asCaller =
    (
      call: (typeof CHAT_CALLS)[keyof typeof CHAT_CALLS],
      run: (caller: ChatCaller, request: FastifyRequest) => Promise<Made>,
    ) =>
    async (request: FastifyRequest, reply: FastifyReply) => {
      const caller = await callerBehind(ctx, guard, request);
      return await answer(reply, call, isFault(caller) ? caller : await run(caller, request));
    };

  app.post('/session', async (request, reply) => {
    const input = readBody(SessionInput, request.body);
    const begun = isFault(input) ? input : await beginSession(ctx, guard, request, input);
    return await answer(
      reply,
      CHAT_CALLS.begin,
      isFault(begun) ? begun : { status: 201, body: pageSession(begun) },
    );
  });
  app.delete(
    '/session',
    asCaller(CHAT_CALLS.end, async ({ session }) => {
      await endSession(ctx.sql, session);
      return { status: 204, body: undefined };
    }),
  );
  app.get(
    '/messages',
    asCaller(CHAT_CALLS.history, (caller, request) => history(ctx, caller, request)),
  );
  app.post(
    '/messages',
    asCaller(CHAT_CALLS.say, async (caller, request) => {
      const said = readBody(NewMessage, request.body);
      if (isFault(said)) return said;
      const retryAfterS = limit.take(caller.session.key.hash);
      if (retryAfterS !== undefined)
        return fault('rate_limited', `More than ${SAID_PER_S} messages a second.`, { retryAfterS });
      return (await guests.say(caller.workspace.id, request.ip)) ?? (await say(ctx, caller, said));
    }),
  );
  app.post(
    '/read',
    asCaller(CHAT_CALLS.read, async ({ workspace, contact, nowMs }) => {
      const conversation = (await conversationsOf(ctx.sql, [contact.id])).get(contact.id);
      if (conversation) await markRead(ctx.sql, conversation.id, 'contact', nowMs);
      await confirmRead(ctx, takeReceipts, { workspaceId: workspace.id, contactId: contact.id });
      return { status: 204, body: undefined };
    }),
  );
  serveEvents(app, ctx, own);
}

function serveEvents(
  app: FastifyInstance,
  ctx: HttpContext,
  { guard, hub }: { guard: Guard; hub: Hub },
): void {
  app.get('/events', async (request, reply) => {
    const caller = await callerBehind(ctx, guard, request);
    if (isFault(caller)) return sendFault(reply, caller, chatForm);
    const last = request.headers['last-event-id'] ?? (request.query as { after?: unknown }).after;
    const afterMs = last === undefined ? caller.nowMs : readCursor(last, 'after');
    if (isFault(afterMs)) return sendFault(reply, afterMs, chatForm);
    const out = await hub.follow({ session: caller.session, contactId: caller.contact.id, afterMs });
    if (isFault(out)) return sendFault(reply, out, chatForm);
    reply.raw.once('close', () => out.destroy());
    // Proxies are asked not to hold back what is to be seen at once.
    return await reply.type('text/event-stream').header('x-accel-buffering', 'no').send(out);
  });
}

/**
 * A page of the conversation, oldest first: the newest, those before a cursor, or those after one. What is asked for after a
 * cursor begins a little before it (hub.ts), so messages may come twice; each has one id.
 */
async function history(ctx: HttpContext, caller: ChatCaller, request: FastifyRequest): Promise<Made> {
  const query = request.query as Record<string, unknown>;
  const limit = query['limit'] === undefined ? PAGE : Number(query['limit']);
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST_PER_PAGE)
    return fault('bad_request', `limit: must be from 1 to ${MOST_PER_PAGE}`, { field: 'limit' });
  const afterMs = query['after'] === undefined ? undefined : readCursor(query['after'], 'after');
  if (isFault(afterMs)) return afterMs;
  const beforeMs = query['before'] === undefined ? undefined : readCursor(query['before'], 'before');
  if (isFault(beforeMs)) return beforeMs;
  if (afterMs !== undefined && beforeMs !== undefined)
    return fault('bad_request', 'before: cannot be given with after', { field: 'before' });
  const { contact, nowMs } = caller;
  const conversation = (await conversationsOf(ctx.sql, [contact.id])).get(contact.id);
  if (!conversation)
    return { status: 200, body: { messages: [], cursor: String(afterMs ?? nowMs), previous: null } };
  const page =
    afterMs === undefined
      ? await newest(ctx, conversation.id, beforeMs, limit)
      : await since(ctx, conversation.id, afterMs);
  return {
    status: 200,
    body: {
      conversation: pageConversation(conversation),
      messages: page.messages.map(pageMessage),
      cursor: String(Math.max(afterMs ?? 0, page.messages.at(-1)?.atMs ?? 0)),
      previous: page.previousMs === undefined ? null : String(page.previousMs),
    },
  };
}

async function newest(
  ctx: HttpContext,
  conversationId: number,
  beforeMs: number | undefined,
  limit: number,
): Promise<{ messages: Message[]; previousMs?: number }> {
  const messages = await historyPage(ctx.sql, { conversationId, beforeMs, limit: limit + 1 });
  if (messages.length <= limit) return { messages };
  // The page before ends before a moment, so what is of one moment is not cut apart.
  const kept = messages.filter(({ atMs }) => atMs > messages[0]!.atMs);
  const page = kept.length > 0 ? kept : messages;
  return { messages: page, previousMs: page[0]!.atMs };
}

/** Everything after a moment, so that the cursor always moves on. */
async function since(
  ctx: HttpContext,
  conversationId: number,
  afterMs: number,
): Promise<{ messages: Message[]; previousMs?: number }> {
  const messages: Message[] = [];
  for (let fromMs = afterMs - OVERLAP_MS; messages.length < 1_000; fromMs = messages.at(-1)!.atMs) {
    const more = await historyPage(ctx.sql, { conversationId, afterMs: fromMs, limit: MOST_PER_PAGE });
    messages.push(...more);
    if (more.length < MOST_PER_PAGE) break;
  }
  return { messages };
}

async function say(ctx: HttpContext, caller: ChatCaller, said: Static<typeof NewMessage>): Promise<Made> {
  const { workspace, contact, session, nowMs } = caller;
  const of = { workspaceId: workspace.id, contactId: contact.id, integrationId: session.integrationId };
  const externalId = `${session.key.hash.slice(0, 16)}:${said.key ?? randomToken(12)}`;
  const kept = await ctx.queue.transact((tx) =>
    hearOnWebChat(ctx, tx, nowMs, {
      ...of,
      externalId,
      content: {
        type: 'text',
        text: said.text,
        ...(said.payload === undefined ? {} : { payload: said.payload }),
      },
      source: { type: 'web', integrationId: of.integrationId },
    }),
  );
  if (isFault(kept)) return kept;
  if (kept === undefined) return await saidBefore(ctx, caller, externalId);
  const [message] = await messagesById(ctx.sql, workspace.id, [kept.messageId]);
  return { status: 201, body: { message: message ? pageMessage(message) : null } };
}

/** Answers a repeat with what it said the first time, which is among the last things said. */
async function saidBefore(ctx: HttpContext, caller: ChatCaller, externalId: string): Promise<Made> {
  const conversation = (await conversationsOf(ctx.sql, [caller.contact.id])).get(caller.contact.id);
  const last = conversation
    ? await historyPage(ctx.sql, { conversationId: conversation.id, limit: MOST_PER_PAGE })
    : [];
  const message = last.find((one) => one.externalId === externalId);
  return { status: 200, body: { message: message ? pageMessage(message) : null } };
}

function readCursor(value: unknown, field: string): number | Fault {
  return typeof value === 'string' && /^\d{1,15}$/.test(value)
    ? Number(value)
    : fault('bad_request', `${field}: must be a cursor that was given here`, { field });
}
