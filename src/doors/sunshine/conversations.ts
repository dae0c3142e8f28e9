/** The one conversation of a user: its marks, and what the business does in it besides talking (api/sunshine.md §3.4, §5.5). */
import {
  type ActionShown,
  Activity,
  ConversationShown,
  type MessageShown,
  Postback,
} from '../../../contract/doors/sunshine/messages.ts';
import { type Static } from 'typebox';
import { breaks, isFault } from '../../base/fault.ts';
import type { Contact } from '../../contacts/contacts.ts';
import { conversationsOf } from '../../conversations/conversations.ts';
import type { Conversation } from '../../conversations/message.ts';
import type { ConversationRead, ConversationTyping } from '../../conversations/events.ts';
import { historyPage } from '../../conversations/history.ts';
import { markRead } from '../../conversations/marks.ts';
import type { Db, Tx } from '../../db/pool.ts';
import { sunshineConversation } from './present.ts';
import { sunshineMessage } from './messageShown.ts';
import {
  acts,
  missing,
  reads,
  writes,
  type Call,
  type RouteOutcome,
  type Route,
  type SunshineFault,
} from './route.ts';
import { tellOfUsers } from './told.ts';
import { findUser } from './users.ts';

/** A postback is looked for among so many of the last messages. */
const LOOKED_AT = 100;

/** `…/appusers/{userId}/conversation`. */
export const conversationRoutes: readonly Route[] = [
  reads({
    path: '/appusers/:userId/conversation',
    does: 'The conversation of a user.',
    answers: { 200: ConversationShown },
    action: 'messages.read',
    scopes: ['account', 'app', 'appUser'],
    async handle(call) {
      const found = await find(call, call.ctx.sql);
      return isFault(found) ? found : shown(found.conversation);
    },
  }),
  acts({
    method: 'POST',
    path: '/appusers/:userId/conversation/read',
    does: 'The user has read all there is.',
    answers: { 200: ConversationShown },
    action: 'conversations.reply',
    scopes: ['account', 'app', 'appUser'],
    handle: async (call) => (tx) => read(call, tx),
  }),
  writes({
    method: 'POST',
    path: '/appusers/:userId/conversation/activity',
    action: 'conversations.reply',
    does: 'The business types, or has read.',
    body: Activity,
    answers: { 200: ConversationShown },
    handle: async (call) => (tx) => act(call, tx),
  }),
  writes({
    method: 'POST',
    path: '/appusers/:userId/conversation/postback',
    action: 'messages.impersonate',
    scopes: ['account', 'app', 'appUser'],
    does: 'The user clicks on a postback.',
    body: Postback,
    answers: { 200: ConversationShown },
    handle: async (call) => (tx) => postback(call, tx),
  }),
];

type Found = { contact: Contact; conversation: Conversation };

async function find(call: Call<unknown>, db: Db): Promise<Found | SunshineFault> {
  const contact = await findUser(call, db);
  if (isFault(contact)) return contact;
  const conversation = (await conversationsOf(db, [contact.id])).get(contact.id);
  return conversation ? { contact, conversation } : missing('conversation');
}

async function read(call: Call<unknown>, tx: Tx): Promise<Shown> {
  const found = await find(call, tx);
  if (isFault(found)) return found;
  await markRead(tx, found.conversation.id, 'contact', nowOf(call));
  await note(call, tx, found, readBy(call, found, 'contact'));
  return await again(found, tx);
}

async function act(call: Call<Static<typeof Activity>>, tx: Tx): Promise<Shown> {
  const found = await find(call, tx);
  if (isFault(found)) return found;
  const { type } = call.body;
  if (type === 'conversation:read') {
    await markRead(tx, found.conversation.id, 'business', nowOf(call));
    await note(call, tx, found, readBy(call, found, 'business'));
  } else {
    const payload: ConversationTyping = {
      contactId: found.contact.id,
      conversationId: found.conversation.id,
      by: 'business',
      on: type === 'typing:start',
    };
    await note(call, tx, found, { type: 'conversation.typing', payload });
  }
  return await again(found, tx);
}

type Noted = { type: string; payload: ConversationRead | ConversationTyping };

function readBy(call: Call<unknown>, found: Found, by: 'contact' | 'business'): Noted {
  const { contact, conversation } = found;
  const payload = {
    contactId: contact.id,
    conversationId: conversation.id,
    by,
    atMs: nowOf(call),
    source: 'api',
  };
  return { type: 'conversation.read', payload };
}

/** Puts on the feed what is not said, for webhooks and for whoever has the conversation open. */
async function note(call: Call<unknown>, tx: Tx, { contact }: Found, noted: Noted): Promise<void> {
  const about = { ownerId: contact.id, workspaceId: call.workspace.id, atMs: nowOf(call) };
  await call.ctx.queue.append(tx, [{ ...about, ...noted }]);
}

async function postback(call: Call<Static<typeof Postback>>, tx: Tx): Promise<Shown> {
  const found = await find(call, tx);
  if (isFault(found)) return found;
  const { contact, conversation } = found;
  const page = await historyPage(tx, { conversationId: conversation.id, limit: LOOKED_AT });
  for (const row of page.toReversed()) {
    const message = sunshineMessage(row, contact);
    const action = actionsOf(message).find(({ _id }) => _id === call.body.actionId);
    if (!action) continue;
    const { uri: _uri, ...shownAction } = action;
    await tellOfUsers(call, tx, [
      { trigger: 'postback', contactId: contact.id, more: { postbacks: [{ message, action: shownAction }] } },
    ]);
    return shown(conversation);
  }
  return breaks('actionId', 'is not a postback of a message of this conversation');
}

function actionsOf({ actions, items }: MessageShown): ActionShown[] {
  const all = [...(actions ?? []), ...(items ?? []).flatMap((item) => item.actions ?? [])];
  return all.filter(({ type }) => type === 'postback');
}

async function again({ contact }: Found, tx: Tx): Promise<Shown> {
  return shown((await conversationsOf(tx, [contact.id])).get(contact.id)!);
}

type Shown = RouteOutcome<200, Static<typeof ConversationShown>>;

function shown(conversation: Conversation): Shown {
  return { status: 200, body: { conversation: sunshineConversation(conversation) } };
}

function nowOf(call: Call<unknown>): number {
  return call.nowMs + call.workspace.clockAheadMs;
}
