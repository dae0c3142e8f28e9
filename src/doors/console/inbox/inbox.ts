/** The operators' inbox: its views, how one conversation stands, and what operators do with it. */
import { Type, type Static } from 'typebox';
import { CHANNELS } from '../../../../contract/channels.ts';
import { CONSOLE_LIMITS, NEWEST_FIRST, TimeGiven } from '../../../../contract/doors/console/fields.ts';
import {
  ConversationPage,
  ConversationPatch,
  ConversationShown,
  ConversationWhole,
  CountsShown,
  NewDraft,
  Seen,
  VIEW,
} from '../../../../contract/doors/console/inbox.ts';
import { Id, Nothing, oneOf } from '../../../../contract/doors/fields.ts';
import { MOST_COUNTED, rankIn, VIEWS, type View } from '../../../../contract/inboxViews.ts';
import { breaks, fault, isFault, type Fault } from '../../../base/fault.ts';
import { fromHex24, toHex24 } from '../../../base/ids.ts';
import { searchIn } from '../../../contacts/search.ts';
import type { Tx } from '../../../db/pool.ts';
import { conversationsOf } from '../../../conversations/conversations.ts';
import type { ConversationRead } from '../../../conversations/events.ts';
import { markSeenUpTo } from '../../../conversations/marks.ts';
import {
  changeStandings,
  contactOf,
  countView,
  noteSeen,
  rowOf,
  selectMentioned,
  selectRows,
  selectSeats,
  selectView,
  takeUp,
  upsertDraft,
  type InboxChange,
  type InboxRow,
  type Look,
  type ViewPlace,
} from '../../../inbox/inbox.ts';
import { findWith } from '../../../inbox/findWith.ts';
import { operatorNames, operatorOf, presentConversations } from './shown.ts';
import { waysOf } from './ways.ts';
import {
  idIn,
  idOf,
  idText,
  missing,
  queryId,
  queryWord,
  readLimit,
  reads,
  readTime,
  timeText,
  writes,
  type Call,
  type Route,
  type Work,
} from '../route.ts';

/** Conversations with mentions that are counted and listed. */
const MOST_MENTIONED = 50;
const one = '/conversations/:conversationId';

/** `…/conversations`. */
export const inboxRoutes: readonly Route[] = [
  reads({
    path: '/conversations',
    action: 'messages.read',
    does: 'A view of the inbox: those who wait longest first in mine and unassigned, else the newest first. With `q` those of any view with somebody who is called so; such a page may be short, or empty, and not be the last.',
    query: {
      view: VIEW,
      channel: oneOf(CHANNELS),
      assignee: Id,
      unread: Type.Literal('true'),
      q: Type.String({ maxLength: CONSOLE_LIMITS.name }),
      limit: NEWEST_FIRST.limit,
      until: TimeGiven,
      after: Type.String({ maxLength: 64 }),
    },
    answer: ConversationPage,
    handle: list,
  }),
  reads({
    path: '/conversations/counts',
    action: 'messages.read',
    does: `How many conversations each view has; counting ends at ${MOST_COUNTED}.`,
    answer: CountsShown,
    handle: counts,
  }),
  reads({
    path: '/conversations/mentioned',
    action: 'messages.read',
    does: `Conversations in which the caller was mentioned since he has seen them, the newest first; ${MOST_MENTIONED} at most.`,
    answer: ConversationPage,
    handle: mentionedIn,
  }),
  reads({
    path: one,
    action: 'messages.read',
    does: 'A conversation with the ways to answer, what the caller has begun to write, and who has seen it.',
    answer: ConversationWhole,
    async handle(call) {
      const row = await findRow(call);
      return isFault(row) ? row : await whole(call, row);
    },
  }),
  writes({
    method: 'PATCH',
    path: one,
    action: 'conversations.reply',
    does: 'Assigns, closes, opens or snoozes a conversation.',
    body: ConversationPatch,
    answers: { 200: ConversationShown },
    handle: change,
  }),
  writes({
    path: `${one}/read`,
    action: 'conversations.reply',
    does: 'Marks a conversation as seen up to a time.',
    body: Seen,
    answers: { 204: Nothing },
    handle: see,
  }),
  writes({
    method: 'PUT',
    path: `${one}/draft`,
    action: 'conversations.reply',
    does: 'Keeps what the caller has begun to write; an empty text takes it away.',
    body: NewDraft,
    answers: { 204: Nothing },
    handle: keepDraft,
  }),
];

/** The operator who calls; what is somebody's own is not for keys. */
export function operatorIn(call: Call<unknown>): number | Fault {
  const { operatorId, keyId } = call.caller;
  return operatorId === undefined || keyId !== undefined
    ? fault('forbidden', 'This is of an operator: sign in.')
    : operatorId;
}

function lookOf(call: Call, view: View): Look | Fault {
  const { caller, workspace, workspaceNowMs } = call;
  const channel = queryWord(call, 'channel', CHANNELS);
  if (isFault(channel)) return channel;
  const assigneeId = queryId(call, 'assignee');
  if (isFault(assigneeId)) return assigneeId;
  const unread = queryWord(call, 'unread', ['true']);
  if (isFault(unread)) return unread;
  return {
    workspaceId: workspace.id,
    view,
    operatorId: caller.operatorId ?? 0,
    nowMs: workspaceNowMs,
    channel,
    assigneeId,
    unread: unread !== undefined,
  };
}

async function list(call: Call): Promise<ConversationPage | Fault> {
  const { ctx, workspace, query } = call;
  const view = queryWord(call, 'view', VIEWS);
  if (isFault(view)) return view;
  const limit = readLimit(call);
  if (isFault(limit)) return limit;
  const look = lookOf(call, view ?? 'all');
  if (isFault(look)) return look;
  const search = searchIn(query['q']);
  const after = placeOf(call, search === undefined ? look.view : 'all');
  if (isFault(after)) return after;
  if (search !== undefined) return await find(call, look, search, { after, limit });
  const rows = await selectView(ctx.sql, look, { after, limit: limit + 1 });
  const page = rows.slice(0, limit);
  return {
    conversations: await presentConversations(ctx.sql, workspace.id, page),
    next: rows.length > limit ? placeText(look.view, page.at(-1)!) : null,
  };
}

/** Those whose contact is called so, or has such an address: of any view, the newest first. */
async function find(
  { ctx, workspace }: Call,
  { channel, assigneeId, unread }: Look,
  search: string,
  page: { after: ViewPlace | undefined; limit: number },
): Promise<ConversationPage> {
  const fits = (row: InboxRow) =>
    (channel === undefined || row.channel === channel) &&
    (assigneeId === undefined || row.assigneeId === assigneeId) &&
    (!unread || row.lastInMs > row.readMs);
  const { rows, next } = await findWith(ctx.sql, { workspaceId: workspace.id, search, fits }, page);
  return {
    conversations: await presentConversations(ctx.sql, workspace.id, rows),
    next: next === undefined ? null : `${next.rank}.${toHex24(next.contactId)}`,
  };
}

/** Where a page begins: behind the last of the one before it, or at a time. */
function placeOf({ query }: Call, view: View): ViewPlace | undefined | Fault {
  if (query['after'] !== undefined) return placeIn(query['after']);
  if (query['until'] === undefined) return undefined;
  if (view !== 'all' && view !== 'closed')
    return breaks('until', 'may be given with the views all and closed');
  const untilMs = readTime(query['until'], 'until');
  return isFault(untilMs) ? untilMs : { rank: -Math.max(1, untilMs), contactId: 0 };
}

function placeText(view: View, row: InboxRow): string {
  const { contactId, assigneeId, ...rest } = row;
  const standing = { ...rest, contactId: toHex24(contactId), assigneeId: idText(assigneeId) };
  return `${rankIn(view, standing)}.${standing.contactId}`;
}

function placeIn(text: string): ViewPlace | Fault {
  const [, rank, id] = /^(-?\d{1,16})\.([0-9a-f]{24})$/.exec(text) ?? [];
  const contactId = id === undefined ? undefined : fromHex24(id);
  return contactId !== undefined && Number.isSafeInteger(Number(rank))
    ? { rank: Number(rank), contactId }
    : breaks('after', 'must be `next` of the page before');
}

async function counts({ ctx, caller, workspace, workspaceNowMs }: Call): Promise<CountsShown> {
  const look = { workspaceId: workspace.id, operatorId: caller.operatorId ?? 0, nowMs: workspaceNowMs };
  const count = (view: View, unread = false) => countView(ctx.sql, { ...look, view, unread }, MOST_COUNTED);
  const [mine, unassigned, all, snoozed, mineUnread, mentioned] = await Promise.all([
    count('mine'),
    count('unassigned'),
    count('all'),
    count('snoozed'),
    count('mine', true),
    selectMentioned(ctx.sql, { ...look, limit: MOST_MENTIONED }),
  ]);
  return { mine, unassigned, all, snoozed, mineUnread, mentioned: mentioned.length };
}

async function mentionedIn({ ctx, caller, workspace }: Call): Promise<ConversationPage> {
  const of = { workspaceId: workspace.id, operatorId: caller.operatorId ?? 0, limit: MOST_MENTIONED };
  const contactIds = await selectMentioned(ctx.sql, of);
  const rows = await selectRows(ctx.sql, workspace.id, contactIds);
  rows.sort((a, b) => contactIds.indexOf(a.contactId) - contactIds.indexOf(b.contactId));
  return { conversations: await presentConversations(ctx.sql, workspace.id, rows), next: null };
}

/** How the conversation of the path stands. */
export async function findRow(call: Call<unknown>): Promise<InboxRow | Fault> {
  const { ctx, workspace } = call;
  const contactId = await contactOf(ctx.sql, workspace.id, idIn(call, 'conversationId'));
  const row = contactId === undefined ? undefined : await rowOf(ctx.sql, workspace.id, contactId);
  return row ?? missing('conversation');
}

async function whole(call: Call, row: InboxRow): Promise<ConversationWhole | Fault> {
  const { ctx, workspace, caller } = call;
  const { contactId } = row;
  const [[shown], ways, seats, names, conversations] = await Promise.all([
    presentConversations(ctx.sql, workspace.id, [row]),
    waysOf(call, row),
    selectSeats(ctx.sql, contactId),
    operatorNames(ctx.sql, workspace.id),
    conversationsOf(ctx.sql, [contactId]),
  ]);
  if (!shown) return missing('conversation');
  const own = seats.find(({ operatorId }) => operatorId === caller.operatorId);
  return {
    ...shown,
    ways,
    draft: own?.draft ? { text: own.draft, destinationId: idText(own.draftDestinationId) } : null,
    marks: seats
      .filter(({ readMs }) => readMs > 0)
      .map(({ operatorId, readMs }) => ({
        operator: operatorOf(names, operatorId),
        readAt: timeText(readMs),
      })),
    contactReadAt: timeText(conversations.get(contactId)?.contactReadMs ?? null),
  };
}

async function change(call: Call<ConversationPatch>): Promise<Work<200, ConversationShown> | Fault> {
  const { workspace, body, workspaceNowMs } = call;
  const row = await findRow(call);
  if (isFault(row)) return row;
  const wanted = changeOf(body, workspaceNowMs);
  if (isFault(wanted)) return wanted;
  const { contactId } = row;
  return async (tx) => {
    if (
      typeof wanted.assigneeId === 'number' &&
      !(await operatorNames(tx, workspace.id)).has(wanted.assigneeId)
    )
      return breaks('assigneeId', 'must be a member of the workspace');
    const held = await takeUp(tx, workspace.id, contactId);
    if (!held) return missing('conversation');
    const changed = await changeStandings(tx, [held], wanted);
    const [shown] = await presentConversations(tx, workspace.id, changed);
    if (!shown) return missing('conversation');
    tellOf(call, contactId);
    const subject = `conversation:${held.conversationId}`;
    return { status: 200, body: shown, audit: { action: 'conversation.change', subject, detail: body } };
  };
}

/** A change as it is written. */
export function changeOf(
  { assigneeId, closed, snoozedUntil, unread }: ConversationPatch,
  nowMs: number,
): InboxChange | Fault {
  const until = typeof snoozedUntil === 'string' ? readTime(snoozedUntil, 'snoozedUntil') : snoozedUntil;
  if (isFault(until)) return until;
  if (typeof until === 'number' && until <= nowMs) return breaks('snoozedUntil', 'must lie ahead');
  if (typeof until === 'number' && closed) return breaks('snoozedUntil', 'must not be given with closed');
  return {
    ...(assigneeId === undefined ? {} : { assigneeId: assigneeId === null ? null : idOf(assigneeId) }),
    ...(closed === undefined ? {} : { closed }),
    ...(until === undefined ? {} : { snoozedUntilMs: until }),
    ...(unread ? { unread } : {}),
  };
}

/** Tells every page that shows it, once it is committed. */
export function tellOf(call: Call<unknown>, contactId: number, entryId?: number): void {
  const { ctx, workspace, afterCommit } = call;
  const news = { kind: 'inbox', workspaceId: workspace.id, contactId } as const;
  afterCommit(() => ctx.notices.send([entryId === undefined ? news : { ...news, entryId }]));
}

/** A change that happens all the time and means little: it is not written down in the audit log. */
type Unaudited = (tx: Tx) => Promise<{ status: 204; body: undefined }>;

async function see(call: Call<Static<typeof Seen>>): Promise<Unaudited | Fault> {
  const { ctx, workspace, workspaceNowMs } = call;
  const operatorId = operatorIn(call);
  if (isFault(operatorId)) return operatorId;
  const upTo = readTime(call.body.upTo, 'upTo');
  if (isFault(upTo)) return upTo;
  const row = await findRow(call);
  if (isFault(row)) return row;
  const { contactId, conversationId } = row;
  const readMs = Math.min(upTo, workspaceNowMs);
  return async (tx) => {
    await noteSeen(tx, { workspaceId: workspace.id, contactId, operatorId, readMs });
    if (await markSeenUpTo(tx, conversationId, readMs)) {
      const payload: ConversationRead = {
        contactId,
        conversationId,
        by: 'business',
        atMs: readMs,
        source: 'console',
      };
      await ctx.queue.append(tx, [
        { ownerId: contactId, workspaceId: workspace.id, type: 'conversation.read', atMs: readMs, payload },
      ]);
    } else tellOf(call, contactId);
    return { status: 204, body: undefined };
  };
}

async function keepDraft(call: Call<Static<typeof NewDraft>>): Promise<Unaudited | Fault> {
  const { workspace, body } = call;
  const operatorId = operatorIn(call);
  if (isFault(operatorId)) return operatorId;
  const row = await findRow(call);
  if (isFault(row)) return row;
  const { contactId } = row;
  const destinationId = body.destinationId ? idOf(body.destinationId) : null;
  return async (tx) => {
    const draft = body.text === '' ? null : body.text;
    await upsertDraft(tx, { workspaceId: workspace.id, contactId, operatorId, draft, destinationId });
    return { status: 204, body: undefined };
  };
}
