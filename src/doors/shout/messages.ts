/**
 * What a company says to its connected accounts: an announcement, a message or a notification to one, and the same to many. Answered
 * once it is kept (S49); devices and browsers are told after.
 */
import {
  BroadcastGiven,
  MessageGiven,
  ShoutBroadcast,
  ShoutMessage,
} from '../../../contract/doors/shout/messages.ts';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import { postToAccounts, postToGroup } from '../../broadcasts/posted.ts';
import { openChatOf, type ChatKind } from '../../conversations/groups/chats.ts';
import { findAnnouncements } from '../../conversations/groups/groups.ts';
import type { Tx } from '../../db/pool.ts';
import { tellAccount } from '../../outbox/tellAccount.ts';
import { readAudience, TARGETS } from './audience.ts';
import { inOrder, timeIn } from './present.ts';
import { actingFor, readWho } from './read.ts';
import { writes, type Call, type Route } from './route.ts';
import { readSaid } from './said.ts';

const BROADCAST_BYTES = 4 * 1024 * 1024;
const ABILITY = { direct: 'messages', notices: 'notifications' } as const;

/** `/messages`, `/broadcast_messages`. */
export const messageRoutes: readonly Route[] = [
  writes({
    path: '/messages/send_announcement',
    does: 'Says something in the announcements, to all who are connected.',
    action: 'connect.act',
    body: MessageGiven,
    answers: { 201: ShoutMessage },
    handle: announce,
  }),
  toOne('/messages/send_shout_message', 'Writes to one connected account, which can answer.', 'direct'),
  toOne('/messages/send_connect_notification', 'Notifies one connected account.', 'notices'),
  toMany('/messages/broadcast_message', 'Writes to many accounts; with `type` notification, notifies them.'),
  toMany('/broadcast_messages/send_shout_message', 'Writes to many connected accounts.', 'direct'),
  toMany('/broadcast_messages/send_connect_notification', 'Notifies many connected accounts.', 'notices'),
];

async function announce(call: Call<{ message: Record<string, unknown> }>) {
  const { ctx, workspace, nowMs, workspaceNowMs: wsNowMs } = call;
  const said = readSaid(call.body.message, 'message', [], wsNowMs);
  if (isFault(said)) return said;
  await ctx.directory.integrationsOf(workspace.id);
  return async (tx: Tx) => {
    const group = await findAnnouncements(tx, workspace.id);
    if (!group || group.closedMs !== null)
      return fault('forbidden', 'Announcements are not enabled for this company: turn them on first.');
    const of = { workspaceId: workspace.id, groupId: group.id };
    const saying = { author: {}, content: said.content, mentions: [], mentionsAll: false };
    const post = await postToGroup(ctx.broadcasts, tx, of, saying, { nowMs, wsNowMs, atMs: said.atMs });
    if (isFault(post)) return post;
    const shown = { id: post.id, conversationId: group.id, profileId: null, atMs: post.atMs };
    return { status: 201 as const, body: presentMessage(call, said, shown) };
  };
}

function toOne(path: string, does: string, kind: ChatKind): Route {
  return writes({
    path,
    does,
    action: 'connect.act',
    body: MessageGiven,
    answers: { 201: ShoutMessage },
    async handle(call) {
      const { ctx, workspace, nowMs, workspaceNowMs: wsNowMs } = call;
      const given = call.body.message;
      const said = readSaid(given, 'message', ['connect_id', 'user_id'], wsNowMs);
      if (isFault(said)) return said;
      const who = readWho(given, 'message');
      if (isFault(who)) return who;
      await ctx.directory.integrationsOf(workspace.id);
      return async (tx) => {
        const grant = await actingFor(tx, workspace.id, who, ABILITY[kind]);
        if (isFault(grant)) return grant;
        const { contactId } = grant;
        const profileId = kind === 'direct' ? contactId : null;
        const of = { workspaceId: workspace.id, kind, companyName: workspace.name };
        if (said.atMs !== undefined && said.atMs > wsNowMs) {
          const chat = await openChatOf(tx, workspace.id, contactId, kind);
          if (isFault(chat)) return chat;
          const audience = { include: { contacts: [contactId] } };
          const when = { nowMs, wsNowMs, atMs: said.atMs };
          const made = await postToAccounts(
            ctx.broadcasts,
            tx,
            of,
            { content: said.content, audience },
            when,
          );
          if (isFault(made)) return made;
          const later = { id: made.id, conversationId: chat.id, profileId, atMs: wsNowMs };
          return { status: 201, body: presentMessage(call, said, later) };
        }
        const to = { ...of, contactId, aheadMs: workspace.clockAheadMs };
        const told = await tellAccount(ctx, tx, nowMs, to, {
          content: said.content,
          source: { type: 'shout' },
        });
        if (isFault(told)) return told;
        const { messageId: id, conversationId, atMs } = told;
        return { status: 201, body: presentMessage(call, said, { id, conversationId, profileId, atMs }) };
      };
    },
  });
}

function toMany(path: string, does: string, only?: ChatKind): Route {
  return writes({
    path,
    does,
    action: 'connect.act',
    body: BroadcastGiven,
    bodyBytes: BROADCAST_BYTES,
    answers: { 201: ShoutBroadcast },
    async handle(call) {
      const { ctx, workspace, nowMs, workspaceNowMs: wsNowMs } = call;
      const given = call.body.broadcast_message;
      const said = readSaid(given, 'broadcast_message', only ? TARGETS : [...TARGETS, 'type'], wsNowMs);
      if (isFault(said)) return said;
      const kind = only ?? readType(given['type']);
      if (isFault(kind)) return kind;
      const audience = await readAudience(ctx.sql, workspace.id, given);
      if (isFault(audience)) return audience;
      await ctx.directory.integrationsOf(workspace.id);
      const of = { workspaceId: workspace.id, kind, companyName: workspace.name };
      return async (tx) => {
        const when = { nowMs, wsNowMs, atMs: said.atMs };
        const made = await postToAccounts(ctx.broadcasts, tx, of, { content: said.content, audience }, when);
        if (isFault(made)) return made;
        const at = timeIn(workspace.timeZone, made.createdMs);
        const body: ShoutBroadcast = inOrder({
          id: made.id,
          body: said.body,
          company_id: workspace.id,
          created_at: at,
          dont_mark_as_open: false,
          object: 'broadcast_message',
          outlet_type: 'local',
          send_at: timeIn(workspace.timeZone, said.atMs ?? null),
          updated_at: at,
        });
        return { status: 201, body };
      };
    },
  });
}

function readType(value: unknown): ChatKind | Fault {
  if (value === undefined || value === null || value === 'message') return 'direct';
  return value === 'notification'
    ? 'notices'
    : breaks('broadcast_message.type', 'must be message or notification');
}

function presentMessage(
  { workspace: { id: companyId, timeZone } }: Call<unknown>,
  said: { body: string; atMs?: number },
  shown: { id: number; conversationId: number; profileId: number | null; atMs: number },
): ShoutMessage {
  const at = timeIn(timeZone, shown.atMs);
  return inOrder({
    id: shown.id,
    body: said.body,
    company_id: companyId,
    conversation_id: shown.conversationId,
    created_at: at,
    deleted_at: null,
    dont_mark_as_open: null,
    favorite: false,
    favorited_at: null,
    object: 'message',
    profile_id: shown.profileId,
    send_at: timeIn(timeZone, said.atMs ?? null),
    updated_at: at,
  });
}
