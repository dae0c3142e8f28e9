/** The operators' inbox: how many its views have, how one conversation stands, and what operators do with it. */
import type { Static } from 'typebox';
import type { Shared } from '../../../../contract/consoleLive.ts';
import {
  ConversationPage,
  ConversationPatch,
  ConversationShown,
  ConversationWhole,
  CountsShown,
  NewDraft,
  Seen,
} from '../../../../contract/doors/console/inbox.ts';
import { Nothing } from '../../../../contract/doors/fields.ts';
import { MOST_COUNTED, PRIORITIES, type View } from '../../../../contract/inboxViews.ts';
import { breaks, fault, isFault, type Fault } from '../../../base/fault.ts';
import { timeOfId } from '../../../base/ids.ts';
import type { Tx } from '../../../db/pool.ts';
import { conversationsOf } from '../../../conversations/conversations.ts';
import type { ConversationRead } from '../../../conversations/events.ts';
import { markSeenUpTo } from '../../../conversations/marks.ts';
import {
  changeStandings,
  contactOf,
  countView,
  keepDraft,
  noteSeen,
  rowOf,
  selectMentioned,
  selectRows,
  selectSeats,
  takeUp,
  type InboxChange,
  type InboxRow,
} from '../../../inbox/inbox.ts';
import { teamNames, teamsOf } from '../../../inbox/teams.ts';
import { operatorNames, operatorOf, presentConversations } from './shown.ts';
import { waysOf, whyNoWebchat } from './ways.ts';
import {
  idIn,
  idOf,
  idText,
  missing,
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
    does: 'Gives to somebody or to a team, closes, opens or snoozes a conversation, or says how pressing it is.',
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
    handle: begin,
  }),
];

/** The operator who calls; what is somebody's own is not for keys. */
export function operatorIn(call: Call<unknown>): number | Fault {
  const { operatorId, keyId } = call.caller;
  return operatorId === undefined || keyId !== undefined
    ? fault('forbidden', 'This is of an operator: sign in.')
    : operatorId;
}

async function counts({ ctx, caller, workspace, workspaceNowMs }: Call): Promise<CountsShown> {
  const operatorId = caller.operatorId ?? 0;
  const teamIds = await teamsOf(ctx.sql, workspace.id, operatorId);
  const look = { workspaceId: workspace.id, operatorId, teamIds, nowMs: workspaceNowMs };
  const count = (view: View, unread = false) => countView(ctx.sql, { ...look, view, unread }, MOST_COUNTED);
  const [mine, teams, unassigned, all, snoozed, mineUnread, mentioned] = await Promise.all([
    count('mine'),
    teamIds.length ? count('teams') : 0,
    count('unassigned'),
    count('all'),
    count('snoozed'),
    count('mine', true),
    selectMentioned(ctx.sql, { ...look, limit: MOST_MENTIONED }),
  ]);
  return { mine, teams, unassigned, all, snoozed, mineUnread, mentioned: mentioned.length };
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
    noWebchat: (await whyNoWebchat(call, row, ways)) ?? null,
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
    const broken = await namesNobody(tx, workspace.id, wanted);
    if (broken) return broken;
    const held = await takeUp(tx, workspace.id, contactId);
    if (!held) return missing('conversation');
    const changed = await changeStandings(tx, [held], wanted);
    tellGiven(call, [held], changed);
    const [shown] = await presentConversations(tx, workspace.id, changed);
    if (!shown) return missing('conversation');
    tellOf(call, contactId);
    const subject = `conversation:${held.conversationId}`;
    return { status: 200, body: shown, audit: { action: 'conversation.change', subject, detail: body } };
  };
}

/** A change as it is written. */
export function changeOf(
  { assigneeId, teamId, closed, snoozedUntil, priority, unread }: ConversationPatch,
  nowMs: number,
): InboxChange | Fault {
  const until = typeof snoozedUntil === 'string' ? readTime(snoozedUntil, 'snoozedUntil') : snoozedUntil;
  if (isFault(until)) return until;
  if (typeof until === 'number' && until <= nowMs) return breaks('snoozedUntil', 'must lie ahead');
  if (typeof until === 'number' && closed) return breaks('snoozedUntil', 'must not be given with closed');
  return {
    ...(assigneeId === undefined ? {} : { assigneeId: assigneeId === null ? null : idOf(assigneeId) }),
    ...(teamId === undefined ? {} : { teamId: teamId === null ? null : idOf(teamId) }),
    ...(closed === undefined ? {} : { closed }),
    ...(until === undefined ? {} : { snoozedUntilMs: until }),
    ...(priority === undefined ? {} : { priority: PRIORITIES.indexOf(priority) }),
    ...(unread ? { unread } : {}),
  };
}

/** What is wrong with a change that names somebody who is no member, or a team that is not there. `at` is where in the body it stands. */
export async function namesNobody(
  tx: Tx,
  workspaceId: number,
  { assigneeId, teamId }: InboxChange,
  at = '',
): Promise<Fault | undefined> {
  if (typeof assigneeId === 'number' && !(await operatorNames(tx, workspaceId)).has(assigneeId))
    return breaks(`${at}assigneeId`, 'must be a member of the workspace');
  if (typeof teamId === 'number' && !(await teamNames(tx, workspaceId)).has(teamId))
    return breaks(`${at}teamId`, 'must be a team of the workspace');
  return undefined;
}

/** Tells every page that shows it, once it is committed. */
export function tellOf(call: Call<unknown>, contactId: number, entryId?: number): void {
  const { ctx, workspace, afterCommit } = call;
  const news = { kind: 'inbox', workspaceId: workspace.id, contactId } as const;
  afterCommit(() => ctx.notices.send([entryId === undefined ? news : { ...news, entryId }]));
}

/** Tells a team what it has been given, once it is committed: what it had before is no news. */
export function tellGiven(
  { ctx, workspace, caller, nowMs, afterCommit }: Call<unknown>,
  before: readonly InboxRow[],
  after: readonly InboxRow[],
): void {
  const had = new Map(before.map(({ contactId, teamId }) => [contactId, teamId]));
  const given = after.filter(({ contactId, teamId }) => teamId !== null && teamId !== had.get(contactId));
  const [first] = given;
  if (!first) return;
  const operatorId = caller.keyId === undefined ? (caller.operatorId ?? 0) : 0;
  const { contactId } = first;
  const which = { workspaceId: workspace.id, contactId, teamId: first.teamId!, operatorId };
  afterCommit(() => ctx.notices.send([{ kind: 'given', ...which, count: given.length, atMs: nowMs }]));
}

/** Tells every page of what operators have in common that it has changed, once it is committed. */
export function tellShared({ ctx, workspace, afterCommit }: Call<unknown>, what: Shared): void {
  afterCommit(() => ctx.notices.send([{ kind: 'shared', workspaceId: workspace.id, what }]));
}

/**
 * What something new is called by, and since when it is there; with an id it is what was deleted under that, and comes back as what it was.
 * What was never given out may be given to something else yet.
 */
export function comesAs(
  { ctx, nowMs }: Call<unknown>,
  given: string | undefined,
  what: string,
): { id: number; createdMs: number } | Fault {
  if (given === undefined) return { id: ctx.ids.spread(), createdMs: nowMs };
  const id = idOf(given);
  const createdMs = timeOfId(id);
  return id > 0 && createdMs < nowMs
    ? { id, createdMs }
    : breaks('id', `must be that of a ${what} that was deleted`);
}

/** A change that happens all the time and means little: it is not written down in the audit log. */
type Unaudited = (tx: Tx) => Promise<{ status: 204; body: undefined } | Fault>;

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
    const seen = { workspaceId: workspace.id, contactId, operatorId, readMs };
    if (!(await noteSeen(tx, seen))) return missing('conversation');
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

async function begin(call: Call<Static<typeof NewDraft>>): Promise<Unaudited | Fault> {
  const { workspace, body } = call;
  const operatorId = operatorIn(call);
  if (isFault(operatorId)) return operatorId;
  const row = await findRow(call);
  if (isFault(row)) return row;
  const { contactId } = row;
  const destinationId = body.destinationId ? idOf(body.destinationId) : null;
  return async (tx) => {
    const draft = body.text === '' ? null : body.text;
    const kept = { workspaceId: workspace.id, contactId, operatorId, draft, destinationId };
    if (!(await keepDraft(tx, kept))) return missing('conversation');
    return { status: 204, body: undefined };
  };
}
