/** Messages: posted to a conversation, found, changed, taken away (api/web1on1.md §B.5; W1–W18, W27–W34). */
import { Type } from 'typebox';
import { MessageList, MessageShown, Posted } from '../../../contract/doors/web1on1/answers.ts';
import { Nothing } from '../../../contract/doors/fields.ts';
import { ChangedMessage, WebMessage } from '../../../contract/doors/web1on1/bodies.ts';
import { refuses, breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import { entriesWhere, threadsWhere } from '../../threads/search.ts';
import { removeSaid } from '../../threads/removed.ts';
import { changePost, postsById } from '../../threads/threads.ts';
import type { Db, Tx } from '../../db/pool.ts';
import { checkMessages, findTable, posterOf } from './conversations.ts';
import { checkMeta } from './messageInput.ts';
import { postMessages } from '../../threads/posts.ts';
import { loadMessages } from './present.ts';
import { nextQuery, readQuery, selected, wanted, type FieldKind, type Query } from './query.ts';
import {
  acts,
  missing,
  readId,
  reads,
  theirNowMs,
  writes,
  writesMany,
  type Call,
  type RouteOutcome,
  type Route,
  type Work,
} from './route.ts';

/** chipchat's `messages.replace` sends no body (0.7.4), so that there is nothing to replace a message with. */
const NO_REPLACEMENT = fault(
  'not_built',
  'Replacing a message with nothing is not offered: send the new fields, or PATCH those that change.',
);

/** `/messages`, and those of a conversation. */
export const messageRoutes: readonly Route[] = [
  writesMany({
    method: 'POST',
    path: '/conversations/:id/messages',
    scope: 'viewer',
    action: 'conversations.reply',
    does: 'Posts messages to a conversation: one, or a list.',
    body: WebMessage,
    answers: { 201: Posted },
    handle: postBodies,
  }),
  writesMany({
    method: 'POST',
    path: '/messages',
    scope: 'viewer',
    action: 'messages.send',
    does: 'Posts messages to the conversation that they name.',
    body: WebMessage,
    answers: { 201: Posted },
    handle: postToNamed,
  }),
  reads({
    path: '/conversations/:id/messages',
    scope: 'viewer',
    action: 'messages.read',
    does: 'Messages of a conversation.',
    answers: { 200: MessageList },
    handle: (call) => list(call, call.params['id']),
  }),
  reads({
    path: '/messages',
    does: 'Messages, as they are searched for.',
    scope: 'bot',
    action: 'messages.read',
    answers: { 200: MessageList },
    handle: (call) => list(call),
  }),
  reads({
    path: '/messages/:id',
    does: 'A message.',
    scope: 'viewer',
    action: 'messages.read',
    answers: { 200: Type.Partial(MessageShown) },
    handle: get,
  }),
  ...(['PATCH', 'PUT'] as const).map((method) =>
    writes({
      method,
      path: '/messages/:id',
      scope: 'bot',
      action: 'conversations.reply',
      does: 'Changes the record of a message; what was said stays as it was said.',
      body: ChangedMessage,
      answers: { 200: MessageShown },
      handle: change,
      ...(method === 'PUT' ? { withoutBody: NO_REPLACEMENT } : {}),
    }),
  ),
  acts({
    method: 'DELETE',
    path: '/messages/:id',
    does: 'Deletes a message.',
    scope: 'admin',
    action: 'contacts.erase',
    answers: { 204: Nothing },
    handle: remove,
  }),
];

/** What posting needs of a call. */
export type Posting = Pick<
  Call<{ many: boolean; bodies: WebMessage[] }>,
  'ctx' | 'caller' | 'holder' | 'workspace' | 'params' | 'body' | 'nowMs'
>;

/** Posts messages to the conversation of the path. */
export async function postBodies(call: Posting): Promise<Work<201, Posted> | Fault> {
  const { many, bodies } = call.body;
  const pathOf = (index: number) => (many ? `[${index}]` : '');
  const elsewhere = bodies.findIndex(
    ({ conversation }) =>
      conversation !== undefined && conversation.toLowerCase() !== call.params['id']!.toLowerCase(),
  );
  if (elsewhere >= 0) {
    const field = pathOf(elsewhere) ? `${pathOf(elsewhere)}.conversation` : 'conversation';
    return breaks(field, 'is another conversation than that of the path');
  }
  const poster = await posterOf(call);
  return async (tx) => {
    const table = await findTable(call, tx);
    if (isFault(table)) return table;
    const { type, language } = table.thread;
    const checked = checkMessages(call, bodies, { isContact: type === 'contact', language }, pathOf);
    if (isFault(checked)) return checked;
    const ids = await postMessages(poster, tx, table, checked);
    if (isFault(ids)) return ids;
    const shown = await loadMessages(tx, call.workspace, ids);
    return { status: 201, body: many ? shown : shown[0]! };
  };
}

/** Posts messages to the conversation that they name, which is one. */
async function postToNamed(
  call: Call<{ many: boolean; bodies: WebMessage[] }>,
): Promise<Work<201, Posted> | Fault> {
  const id = call.body.bodies[0]!.conversation;
  const field = call.body.many ? '[0].conversation' : 'conversation';
  return id === undefined
    ? breaks(field, 'is required: the id of a conversation')
    : await postBodies({ ...call, params: { id } });
}

async function list(call: Call, conversation?: string): Promise<RouteOutcome<200, Partial<MessageShown>[]>> {
  const query = readQuery(call.query, kindOf);
  if (isFault(query)) return query;
  const own = conversation === undefined ? undefined : readId(conversation, 'id');
  if (isFault(own)) return own;
  if (own === undefined && !query.conditions.some(({ field }) => Object.hasOwn(FIELDS, field)))
    return breaks('conversation', `or another of ${Object.keys(FIELDS).join(', ')} is required`);
  const { sql } = call.ctx;
  const ids = wanted(query, 'id')?.map(Number) ?? (await find(call, sql, query, own));
  const shown = await loadMessages(sql, call.workspace, ids.slice(0, query.limit));
  return {
    status: 200,
    body: shown.map((one) => selected(one, query.select)),
    ...(ids.length > query.limit ? { next: nextQuery(call.query, query) } : {}),
  };
}

async function find(call: Call, db: Db, query: Query, own: number | undefined): Promise<number[]> {
  const { workspace } = call;
  const organizations = wanted(query, 'organization')?.map(Number);
  if (organizations && !organizations.includes(workspace.id)) return [];
  const named = own === undefined ? wanted(query, 'conversation')?.map(Number) : [own];
  const conversationIds = named && (await ownThreads(db, workspace.id, named));
  if (conversationIds?.length === 0) return [];
  const types = wanted(query, 'type');
  const roles = wanted(query, 'role');
  const entries = await entriesWhere(db, {
    among: conversationIds ? { conversationIds } : { workspaceId: workspace.id },
    ...(types ? { types } : {}),
    ...(roles ? { roles } : {}),
    ...bounds(query),
    newestFirst: query.sort.some(({ descending }) => descending),
    limit: query.limit + 1,
    offset: query.offset,
  });
  return entries.map(({ id }) => id);
}

/** Those that are the organization's: another's are not found by naming them. */
async function ownThreads(db: Db, workspaceId: number, named: readonly number[]): Promise<number[]> {
  const threads = await threadsWhere(db, workspaceId, {
    conditions: [{ field: 'id', op: 'eq', values: named }],
    sort: [],
    limit: named.length,
    offset: 0,
  });
  return threads.map(({ id }) => id);
}

function bounds({ conditions }: Query): { fromMs?: number; toMs?: number } {
  const found: { fromMs?: number; toMs?: number } = {};
  for (const { field, op, values } of conditions) {
    if (field !== 'createdAt') continue;
    const at = Number(values[0]);
    if (op === '>' || op === '>=' || op === 'eq') found.fromMs = op === '>' ? at + 1 : at;
    if (op === '<' || op === '<=' || op === 'eq') found.toMs = op === '<' ? at - 1 : at;
  }
  return found;
}

async function get(call: Call): Promise<RouteOutcome<200, Partial<MessageShown>>> {
  const query = readQuery(call.query, kindOf);
  const id = readId(call.params['id']!, 'id');
  if (isFault(query)) return query;
  if (isFault(id)) return id;
  const [shown] = await loadMessages(call.ctx.sql, call.workspace, [id]);
  return shown ? { status: 200, body: selected(shown, query.select) } : missing('message');
}

/** What was said to the contact stays as it was said; its record here changes. */
async function change(call: Call<ChangedMessage>): Promise<Work<200, MessageShown> | Fault> {
  const { body, workspace } = call;
  const id = readId(call.params['id']!, 'id');
  if (isFault(id)) return id;
  const broken = checkMeta(body.meta, 'meta');
  if (broken) return broken;
  return async (tx) => {
    const [found] = await postsById(tx, workspace.id, [id]);
    if (!found) return missing('message');
    if (found.dueMs !== null)
      return refuses('id', 'names a message whose delay is not over: remove it, and post another');
    await changePost(tx, id, { ...found.wire, ...body });
    const [shown] = await loadMessages(tx, workspace, [id]);
    return { status: 200, body: shown! };
  };
}

async function remove(call: Call): Promise<Work<204, undefined> | Fault> {
  const id = readId(call.params['id']!, 'id');
  if (isFault(id)) return id;
  return (tx) => removeMessage(call, tx, id);
}

async function removeMessage(call: Call, tx: Tx, id: number): Promise<RouteOutcome<204, undefined>> {
  const [found] = await loadMessages(tx, call.workspace, [id]);
  if (!found) return missing('message');
  const conversationId = readId(found.conversation, 'conversation') as number;
  const of = { workspaceId: call.workspace.id, conversationId, atMs: theirNowMs(call) };
  await removeSaid(call.ctx, tx, of, id);
  return { status: 204, body: undefined, audit: { action: 'message.delete', subject: `message:${id}` } };
}

const FIELDS: Readonly<Record<string, FieldKind>> = {
  id: 'id',
  organization: 'id',
  conversation: 'id',
  type: 'text',
  role: 'text',
  createdAt: 'time',
};

function kindOf(field: string): FieldKind | undefined {
  return Object.hasOwn(FIELDS, field) ? FIELDS[field] : undefined;
}
