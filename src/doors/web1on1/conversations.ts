/** Conversations: begun with a contact or within a team, found, changed (api/web1on1.md §B.4; W20–W40). */
import { type PersonGiven, readPerson } from './personInput.ts';
import {
  ConversationAsked,
  ConversationList,
  ConversationShown,
} from '../../../contract/doors/web1on1/answers.ts';
import {
  ChangedConversation,
  NewConversation,
  type WebMessage,
} from '../../../contract/doors/web1on1/bodies.ts';
import type { Integration } from '../../accounts/integrations.ts';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import { createContact, identitiesOf } from '../../contacts/contacts.ts';
import type { Identity } from '../../contacts/keys.ts';
import { ensureConversations } from '../../conversations/conversations.ts';
import { LANGUAGE, type Table, type Thread } from '../../threads/participants.ts';
import { beginTeamThread, openThreads, keepThread, tableOf, threadsOf } from '../../threads/threads.ts';
import { kindOfField, threadsWhere } from '../../threads/search.ts';
import type { Db, Tx } from '../../db/pool.ts';
import { may } from '../kit/route.ts';
import { usersOf } from './callers.ts';
import { TOUCHPOINTS } from '../../threads/touchpoints.ts';
import { checkMessage, checkMeta } from './messageInput.ts';
import { postMessages } from '../../threads/posts.ts';
import type { NewThreadPost, Poster } from '../../threads/post.ts';
import {
  loadContacts,
  loadMessages,
  loadShown,
  web1on1Contact,
  web1on1Conversation,
  presentOrganization,
} from './present.ts';
import { nextQuery, readQuery, selected, type FieldKind, type Query } from './query.ts';
import {
  missing,
  readId,
  reads,
  theirNowMs,
  writes,
  type Call,
  type RouteOutcome,
  type Route,
  type Work,
} from './route.ts';
import { tellOfThreads } from '../../threads/told.ts';
import { organizationSettings } from './settings.ts';

/** `/conversations`. */
export const conversationRoutes: readonly Route[] = [
  writes({
    method: 'POST',
    path: '/conversations',
    scope: 'agent',
    action: 'messages.send',
    does: 'Begins a conversation with a contact or within a team.',
    body: NewConversation,
    answers: { 201: ConversationShown },
    handle: begin,
  }),
  reads({
    path: '/conversations',
    does: 'Conversations, as they are searched for.',
    scope: 'agent',
    action: 'messages.read',
    answers: { 200: ConversationList },
    handle: list,
  }),
  reads({
    path: '/conversations/:id',
    does: 'A conversation.',
    scope: 'viewer',
    action: 'messages.read',
    answers: { 200: ConversationAsked },
    handle: get,
  }),
  writes({
    method: 'PATCH',
    path: '/conversations/:id',
    scope: 'agent',
    action: 'conversations.reply',
    does: 'Changes a conversation.',
    body: ChangedConversation,
    answers: { 200: ConversationShown },
    handle: change,
  }),
];

/** What a call needs to post. */
export async function posterOf(call: Pick<Call, 'ctx' | 'workspace' | 'caller' | 'nowMs'>): Promise<Poster> {
  const { ctx, workspace, caller, nowMs } = call;
  const [integrations, users] = await Promise.all([
    ctx.directory.integrationsOf(workspace.id),
    usersOf(ctx, workspace.id),
  ]);
  return { tools: ctx, workspace, integrations, users, userId: caller.userId, nowMs };
}

/** Checks messages as they stand in a body; `pathOf` says where. */
export function checkMessages(
  call: Pick<Call, 'caller' | 'holder' | 'workspace'>,
  messages: readonly WebMessage[],
  thread: { isContact: boolean; language?: string | null },
  pathOf: (index: number) => string,
): NewThreadPost[] | Fault {
  const { isContact } = thread;
  let language = thread.language ?? organizationSettings(call.workspace.settings).language;
  const checked: NewThreadPost[] = [];
  for (const [index, message] of messages.entries()) {
    const allowed = speaksFor(call, message) ? may(call, 'messages.impersonate') : true;
    if (isFault(allowed)) return allowed;
    const one = checkMessage(message, pathOf(index), { isContact, language });
    if (isFault(one)) return one;
    checked.push(one);
    // What is posted together is processed in its order, and so is what sets the language for the rest.
    const set = message.type === 'command' && /^\/set\s+@language\s+(\S+)$/i.exec(message.text ?? '')?.[1];
    if (set && LANGUAGE.test(set)) language = set;
  }
  return checked;
}

/** True when a message is another's: of the contact, or of a user whom the caller is not. */
function speaksFor({ caller }: Pick<Call, 'caller'>, { role, user }: WebMessage): boolean {
  return role === 'contact' || (user !== undefined && user.toLowerCase() !== caller.userId.toLowerCase());
}

async function begin(call: Call<NewConversation>): Promise<Work<201, ConversationShown> | Fault> {
  const { body, workspace } = call;
  const { contact, messages = [], organization } = body;
  const isContact = (body.type ?? (contact ? 'contact' : 'agent')) === 'contact';
  if (organization !== undefined && organization.toLowerCase() !== toHex24(workspace.id))
    return fault('forbidden', 'organization: the token is of another organization', {
      field: 'organization',
    });
  if (body.touchpoint !== undefined && !Object.hasOwn(TOUCHPOINTS, body.touchpoint))
    return breaks('touchpoint', `must be one of ${Object.keys(TOUCHPOINTS).join(', ')}`);
  const broken = checkMeta(body.meta, 'meta');
  if (broken) return broken;
  if (isContact && !contact) return breaks('contact', 'is required for a conversation of type contact');
  if (!isContact && contact) return breaks('contact', 'is for conversations of type contact only');
  const person = contact && readPerson(contact.profile, 'contact.profile', workspace.country);
  if (isFault(person)) return person;
  const checked = checkMessages(
    call,
    messages,
    { isContact, language: body.language ?? null },
    (index) => `messages[${index}]`,
  );
  if (isFault(checked)) return checked;
  if (isContact && !checked.some(({ said }) => said.kind === 'speech'))
    return breaks('messages', 'at least one message with the role agent is required');
  const poster = await posterOf(call);
  return async (tx) => {
    const table = person ? await openContact(call, tx, person) : await openTeam(call, tx);
    if (isFault(table)) return table;
    await tellOfThreads(call.ctx, tx, workspace.id, theirNowMs(call), [
      { what: 'create', conversationId: table.thread.id },
    ]);
    const posted = await postMessages(poster, tx, table, checked);
    if (isFault(posted)) return posted;
    // Whoever posted them is told of all, also those that are still to be said.
    const [shown] = await plain(tx, call, [table.thread], poster.integrations, true);
    return {
      status: 201,
      body: shown!,
      audit: { action: 'conversation.create', subject: `conversation:${table.thread.id}` },
    };
  };
}

/** The contact is made with its conversation, or there is a conflict (W22, W26). */
async function openContact(call: Call<NewConversation>, tx: Tx, person: PersonGiven): Promise<Table | Fault> {
  const { ctx, workspace, body, caller } = call;
  const theirMs = theirNowMs(call);
  const contact = await createContact(tx, ctx.ids, theirMs, {
    workspaceId: workspace.id,
    identities: person.identities,
    profile: person.profile,
  });
  if (isFault(contact)) {
    const field = `contact.profile.${contact.field === 'email' ? 'email' : 'telephone'}`;
    return fault('conflict', `${field}: there is a contact with it already`, { field });
  }
  const conversations = await ensureConversations(tx, ctx.ids, theirMs, [
    { contactId: contact.id, workspaceId: workspace.id },
  ]);
  const [thread] = await threadsOf(tx, [conversations.get(contact.id)!], true);
  Object.assign(thread!, {
    status: 'queued',
    createdBy: caller.userId,
    ...(body.name === undefined ? {} : { name: body.name }),
    tags: body.tags ?? [],
    meta: body.meta ?? {},
    ...(body.language === undefined ? {} : { language: body.language }),
    ...(body.touchpoint === undefined ? {} : { touchpoint: TOUCHPOINTS[body.touchpoint] }),
  } satisfies Partial<Thread>);
  await keepThread(tx, thread!);
  return { thread: thread!, participants: [] };
}

async function openTeam(call: Call<NewConversation>, tx: Tx): Promise<Table> {
  const { ctx, workspace, caller, body } = call;
  const theirMs = theirNowMs(call);
  const thread = await beginTeamThread(tx, ctx.ids, {
    workspaceId: workspace.id,
    createdBy: caller.userId,
    createdMs: theirMs,
    type: (body.type ?? 'agent') as 'agent',
    status: 'active',
    ...(body.name === undefined ? {} : { name: body.name }),
    tags: body.tags ?? [],
    meta: body.meta ?? {},
  });
  return { thread, participants: [] };
}

async function list(call: Call): Promise<RouteOutcome<200, ConversationAsked[]>> {
  const query = readQuery(call.query, kindOf);
  if (isFault(query)) return query;
  const { ctx, workspace } = call;
  const own = query.conditions.filter(({ field }) => field === 'organization');
  const elsewhere = own.some(({ values }) => !values.includes(workspace.id));
  const search = {
    ...query,
    conditions: query.conditions.filter(({ field }) => field !== 'organization'),
    limit: query.limit + 1,
  };
  const found = elsewhere ? [] : await threadsWhere(ctx.sql, workspace.id, search);
  const integrations = await ctx.directory.integrationsOf(workspace.id);
  const page = found.slice(0, query.limit);
  const body = await show(ctx.sql, call, page, integrations, query.populate);
  return {
    status: 200,
    body: body.map((one) => selected(one, query.select)),
    ...(found.length > query.limit ? { next: nextQuery(call.query, query) } : {}),
  };
}

async function get(call: Call): Promise<RouteOutcome<200, ConversationAsked>> {
  const query = readQuery(call.query, kindOf);
  if (isFault(query)) return query;
  const thread = await call.ctx.queue.transact((tx) => findThread(call, tx));
  if (isFault(thread)) return thread;
  return { status: 200, body: await showOne(call, call.ctx.sql, thread, query) };
}

async function change(call: Call<ChangedConversation>): Promise<Work<200, ConversationShown> | Fault> {
  const { body, workspace, ctx } = call;
  const broken = checkMeta(body.meta, 'meta');
  if (broken) return broken;
  if (body.touchpoint !== undefined && !Object.hasOwn(TOUCHPOINTS, body.touchpoint))
    return breaks('touchpoint', `must be one of ${Object.keys(TOUCHPOINTS).join(', ')}`);
  const integrations = await ctx.directory.integrationsOf(workspace.id);
  return async (tx) => {
    const thread = await findThread(call, tx, true);
    if (isFault(thread)) return thread;
    const { touchpoint, ...rest } = body;
    Object.assign(thread, rest, { updatedMs: theirNowMs(call) });
    if (touchpoint !== undefined) thread.touchpoint = TOUCHPOINTS[touchpoint]!;
    await keepThread(tx, thread);
    await tellOfThreads(ctx, tx, workspace.id, theirNowMs(call), [
      { what: 'update', conversationId: thread.id },
    ]);
    const [shown] = await plain(tx, call, [thread], integrations);
    return {
      status: 200,
      body: shown!,
      audit: { action: 'conversation.update', subject: `conversation:${thread.id}` },
    };
  };
}

/** The thread of the path's conversation; that of a conversation nobody had looked at yet is made. */
async function findThread(
  call: Pick<Call, 'params' | 'workspace'>,
  tx: Tx,
  lock = false,
): Promise<Thread | Fault> {
  const id = readId(call.params['id']!, 'id');
  if (isFault(id)) return id;
  const [thread] = await openThreads(tx, call.workspace.id, [id], lock);
  return thread ?? missing('conversation');
}

/** A thread with those who take part, held until the transaction ends. */
export async function findTable(call: Pick<Call, 'params' | 'workspace'>, tx: Tx): Promise<Table | Fault> {
  const thread = await findThread(call, tx, true);
  return isFault(thread) ? thread : await tableOf(tx, thread);
}

async function showOne(call: Call, db: Db, thread: Thread, query: Query): Promise<ConversationAsked> {
  const integrations = await call.ctx.directory.integrationsOf(call.workspace.id);
  const [shown] = await show(db, call, [thread], integrations, query.populate);
  return selected(shown!, query.select);
}

/** Conversations as they are shown. */
async function plain(
  db: Db,
  { workspace }: Pick<Call<unknown>, 'workspace'>,
  threads: readonly Thread[],
  integrations: readonly Integration[],
  withHeld = false,
): Promise<ConversationShown[]> {
  const all = await loadShown(db, workspace.id, threads, withHeld);
  return all.map((one) => web1on1Conversation(one, workspace, integrations));
}

/** Conversations as they are shown, with what is to be filled in. */
async function show(
  db: Db,
  { workspace }: Pick<Call<unknown>, 'workspace'>,
  threads: readonly Thread[],
  integrations: readonly Integration[],
  populate: readonly string[],
): Promise<ConversationAsked[]> {
  const all = await loadShown(db, workspace.id, threads);
  const fills = (name: string) => populate.some((path) => path.split('.')[0] === name);
  const messages = fills('messages')
    ? await loadMessages(
        db,
        workspace,
        all.flatMap(({ entryIds }) => entryIds),
      )
    : undefined;
  const contactIds = fills('contact') ? threads.flatMap(({ contactId }) => contactId ?? []) : [];
  const contacts = await loadContacts(db, workspace.id, contactIds);
  return all.map((one) => {
    const shown = web1on1Conversation(one, workspace, integrations);
    const contact = contacts.get(one.thread.contactId ?? 0);
    return {
      ...shown,
      ...(messages ? { messages: messages.filter(({ conversation }) => conversation === shown.id) } : {}),
      ...(contact ? { contact: web1on1Contact(workspace, contact, one.identities, one.thread.id) } : {}),
      ...(fills('organization') ? { organization: presentOrganization(workspace) } : {}),
    };
  });
}

function kindOf(field: string): FieldKind | undefined {
  const kind = kindOfField(field);
  if (kind) return kind === 'texts' ? 'text' : kind;
  if (field === 'organization') return 'id';
  return /^meta\.[^\s]{1,128}$/.test(field) ? 'text' : undefined;
}

/** What a contact is known by. */
export async function identitiesByContact(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<Map<number, Identity[]>> {
  return Map.groupBy(await identitiesOf(db, workspaceId, contactIds), ({ contactId }) => contactId);
}
