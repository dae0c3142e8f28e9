/** Who is at the web chat: a session for an auth code, and the caller behind a token. */
import { type Static, Type } from 'typebox';
import type { FastifyRequest } from 'fastify';
import type { Workspace } from '../../accounts/workspaces.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { fromHex24, toHex24 } from '../../base/ids.ts';
import type { Contact } from '../../contacts/contacts.ts';
import { ensureConversations } from '../../conversations/conversations.ts';
import type { Conversation } from '../../conversations/message.ts';
import { consumeAuthCode, findAuthCode, NOT_GOOD } from '../../links/authCodes.ts';
import { livingContact } from '../../links/links.ts';
import { findSession, openSession, type Session } from '../../links/sessions.ts';
import type { HttpContext } from '../kit/context.ts';
import { webChatOf, webDestination } from '../kit/webChat.ts';
import type { Guard } from './guard.ts';

/** The body of `POST /chat/session`. `workspace` is checked when it is given. */
export const SessionInput = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 64 }),
  token: Type.String({ minLength: 1, maxLength: 128 }),
  workspace: Type.Optional(Type.String({ maxLength: 24 })),
});

/** Who calls with a session. */
export type ChatCaller = { session: Session; workspace: Workspace; contact: Contact; nowMs: number };

/** A session that has begun. */
export type Begun = {
  token: string;
  expiresMs: number;
  workspace: Workspace;
  contact: Contact;
  conversation: Conversation;
};

const SIGNED_OUT = fault('invalid_auth', 'The session is over; open the link in your message again.');

/** Who calls, by `Authorization: Bearer <token>`. `nowMs` in the answer is by the workspace's clock. */
export async function callerBehind(
  ctx: HttpContext,
  guard: Guard,
  request: FastifyRequest,
): Promise<ChatCaller | Fault> {
  const token = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined)
    return fault('unauthorized', 'Send the session as: Authorization: Bearer <token>.');
  const nowMs = ctx.clock.nowMs();
  const busy = await guard.check(request, nowMs);
  if (busy) return busy;
  const session = await findSession(ctx.sql, token);
  if (!session) {
    await guard.missed(request, nowMs);
    return SIGNED_OUT;
  }
  const workspace = await ctx.directory.workspace(session.workspaceId);
  const contact = workspace && (await livingContact(ctx.sql, workspace.id, session.contactId));
  const theirNowMs = nowMs + (workspace?.clockAheadMs ?? 0);
  return !contact || session.expiresMs <= theirNowMs
    ? SIGNED_OUT
    : { session, workspace, contact, nowMs: theirNowMs };
}

/** Begins a session for an auth code, which is used up. Their conversation and their address on the web are made if need be. */
export async function beginSession(
  ctx: HttpContext,
  guard: Guard,
  request: FastifyRequest,
  input: Static<typeof SessionInput>,
): Promise<Begun | Fault> {
  const nowMs = ctx.clock.nowMs();
  const busy = await guard.check(request, nowMs);
  if (busy) return busy;
  const found = await findAuthCode(ctx.sql, input.token);
  const workspace = found && (await ctx.directory.workspace(found.workspaceId));
  const isTheirs =
    found !== undefined &&
    found.contactId === fromHex24(input.id) &&
    (input.workspace === undefined || input.workspace.toLowerCase() === toHex24(found.workspaceId));
  if (!workspace || !isTheirs) {
    await guard.missed(request, nowMs);
    return NOT_GOOD;
  }
  const theirNowMs = nowMs + workspace.clockAheadMs;
  const integrationId = await webChatOf(ctx, workspace.id);
  if (isFault(integrationId)) return integrationId;
  return await ctx.queue.transact(async (tx): Promise<Begun | Fault> => {
    const whose = await consumeAuthCode(tx, theirNowMs, input.token, found);
    if (isFault(whose)) return whose;
    const contact = await livingContact(tx, workspace.id, found.contactId);
    if (!contact) return NOT_GOOD;
    const of = { workspaceId: workspace.id, contactId: contact.id };
    const destinationId = await webDestination(ctx, tx, theirNowMs, { ...of, integrationId });
    if (isFault(destinationId)) return destinationId;
    const conversations = await ensureConversations(tx, ctx.ids, theirNowMs, [of]);
    const session = await openSession(tx, theirNowMs, { ...of, integrationId });
    return { ...session, workspace, contact, conversation: conversations.get(contact.id)! };
  });
}
