/** What was said in a conversation, with the notes and broadcasts among it; and what operators say. */
import {
  NewNote,
  NewReply,
  NoteKept,
  ReplyAccepted,
  ThreadCursor,
  ThreadPage,
  type ThreadEntry,
} from '../../../../contract/doors/console/inbox.ts';
import { NEWEST_FIRST, TimeGiven } from '../../../../contract/doors/console/fields.ts';
import { Id } from '../../../../contract/doors/fields.ts';
import type { Static } from 'typebox';
import type { Content } from '../../../../contract/content.ts';
import { getOperator } from '../../../accounts/operators.ts';
import { breaks, isFault, type Fault } from '../../../base/fault.ts';
import { fromHex24, toHex24 } from '../../../base/ids.ts';
import { messagesById, threadPart, type ThreadPlace } from '../../../conversations/history.ts';
import type { Message } from '../../../conversations/message.ts';
import { mayAnswer, noteAnswer, takeUp, type InboxRow } from '../../../inbox/inbox.ts';
import { addNote, selectNotes } from '../../../inbox/notes.ts';
import { deliveriesTo } from '../../../ledger/deliveries.ts';
import { accept } from '../../../outbox/accept.ts';
import { broadcastEntries } from '../history.ts';
import { findRow, operatorIn, tellOf } from './inbox.ts';
import { operatorNames, presentMessages, presentNote } from './shown.ts';
import { readContent } from '../input.ts';
import {
  idOf,
  missing,
  queryId,
  readLimit,
  reads,
  readTime,
  timeText,
  writes,
  type Call,
  type Route,
  type Work,
} from '../route.ts';

const one = '/conversations/:conversationId';
/** Deliveries of broadcasts that are looked at. */
const MOST_BROADCASTS = 200;
const MOST_NOTES = 200;

/** `…/conversations/{id}/messages` and `/notes`. */
export const threadRoutes: readonly Route[] = [
  reads({
    path: `${one}/messages`,
    action: 'messages.read',
    does: 'What was said in a conversation, oldest first: its end, or what is before, after or around a place or a time.',
    query: {
      limit: NEWEST_FIRST.limit,
      before: ThreadCursor,
      after: ThreadCursor,
      around: Id,
      at: TimeGiven,
    },
    answer: ThreadPage,
    handle: thread,
  }),
  writes({
    path: `${one}/messages`,
    action: 'conversations.reply',
    does: 'Answers in a conversation, once for each `clientId`; a conflict when another has answered what the caller has not seen.',
    body: NewReply,
    keyField: 'clientId',
    answers: { 202: ReplyAccepted },
    handle: reply,
  }),
  writes({
    path: `${one}/notes`,
    action: 'conversations.reply',
    does: 'Notes something for other operators; nobody else is shown it.',
    body: NewNote,
    keyField: 'clientId',
    answers: { 201: NoteKept },
    handle: note,
  }),
];

type Part = { messages: Message[]; hasOlder: boolean; hasNewer: boolean };

async function thread(call: Call): Promise<ThreadPage | Fault> {
  const limit = readLimit(call);
  if (isFault(limit)) return limit;
  const row = await findRow(call);
  if (isFault(row)) return row;
  const part = await partOf(call, row, limit);
  if (isFault(part)) return part;
  const { messages, hasOlder, hasNewer } = part;
  const first = messages[0];
  const last = messages.at(-1);
  // What is no message stands between the messages of the page; before the first there are, and after the last, it has them all.
  const span = {
    fromMs: hasOlder && first ? first.atMs : 0,
    toMs: hasNewer && last ? last.atMs : Number.MAX_SAFE_INTEGER,
  };
  const parts = await Promise.all([
    presentMessages(call.ctx.sql, call.workspace.id, messages),
    notesIn(call, row, span),
    broadcastsIn(call, row, span),
  ]);
  const entries = parts.flat();
  entries.sort((a, b) => (a.at === b.at ? (a.id < b.id ? -1 : 1) : a.at < b.at ? -1 : 1));
  return {
    entries,
    before: hasOlder && first ? placeText(first) : null,
    after: hasNewer && last ? placeText(last) : null,
  };
}

function placeText({ atMs, id }: Message): string {
  return `${atMs}.${toHex24(id)}`;
}

function placeIn(call: Call, name: string): ThreadPlace | undefined | Fault {
  const text = call.query[name];
  if (text === undefined) return undefined;
  const [, atMs, hex] = /^(\d{1,16})\.([0-9a-f]{24})$/.exec(text) ?? [];
  const id = hex === undefined ? undefined : fromHex24(hex);
  return id !== undefined && Number.isSafeInteger(Number(atMs))
    ? { atMs: Number(atMs), id }
    : breaks(name, 'must be `before` or `after` of a page');
}

async function partOf(call: Call, { conversationId }: InboxRow, limit: number): Promise<Part | Fault> {
  const { sql } = call.ctx;
  const before = placeIn(call, 'before');
  if (isFault(before)) return before;
  const after = placeIn(call, 'after');
  if (isFault(after)) return after;
  const around = queryId(call, 'around');
  if (isFault(around)) return around;
  const { at } = call.query;
  const atMs = at === undefined ? undefined : readTime(at, 'at');
  if (isFault(atMs)) return atMs;
  if ([before, after, around, at].filter((given) => given !== undefined).length > 1)
    return breaks('before', 'at most one of before, after, around and at may be given');
  if (around !== undefined) return await partAround(call, conversationId, around, limit);
  // No message has this id: what was said at that very moment comes after it.
  if (atMs !== undefined) return await partBeside(call, conversationId, { atMs, id: 0 }, limit);
  const found = await threadPart(sql, conversationId, { before, after, limit: limit + 1 });
  const more = found.length > limit;
  return after
    ? { messages: found.slice(0, limit), hasOlder: true, hasNewer: more }
    : { messages: more ? found.slice(1) : found, hasOlder: more, hasNewer: before !== undefined };
}

async function partAround(
  call: Call,
  conversationId: number,
  messageId: number,
  limit: number,
): Promise<Part | Fault> {
  const { ctx, workspace } = call;
  const [middle] = messageId > 0 ? await messagesById(ctx.sql, workspace.id, [messageId]) : [];
  if (!middle) return missing('message', 'around');
  return await partBeside(call, conversationId, middle, limit, [middle]);
}

/** What was said on both sides of a place, with what stands at it. */
async function partBeside(
  { ctx: { sql } }: Call,
  conversationId: number,
  place: ThreadPlace,
  limit: number,
  middle: readonly Message[] = [],
): Promise<Part> {
  const half = Math.max(1, Math.floor(limit / 2));
  const [older, newer] = await Promise.all([
    threadPart(sql, conversationId, { before: place, limit: half + 1 }),
    threadPart(sql, conversationId, { after: place, limit: half + 1 }),
  ]);
  return {
    messages: [...older.slice(-half), ...middle, ...newer.slice(0, half)],
    hasOlder: older.length > half,
    hasNewer: newer.length > half,
  };
}

type Span = { fromMs: number; toMs: number };

async function notesIn(
  { ctx, workspace }: Call,
  { contactId }: InboxRow,
  span: Span,
): Promise<ThreadEntry[]> {
  const notes = await selectNotes(ctx.sql, contactId, { ...span, limit: MOST_NOTES });
  if (!notes.length) return [];
  const names = await operatorNames(ctx.sql, workspace.id);
  return notes.map((one) => presentNote(one, names));
}

async function broadcastsIn(call: Call, { contactId }: InboxRow, span: Span): Promise<ThreadEntry[]> {
  const sent = await deliveriesTo(call.ctx.sql, call.workspace.id, contactId, MOST_BROADCASTS);
  const entries = await broadcastEntries(call, sent);
  return entries.flatMap(({ atMs, body }): ThreadEntry[] =>
    body.type === 'broadcast' && atMs >= span.fromMs && atMs <= span.toMs
      ? [{ ...body, id: body.broadcast.id, at: timeText(atMs) }]
      : [],
  );
}

async function reply(call: Call<Static<typeof NewReply>>): Promise<Work<202, ReplyAccepted> | Fault> {
  const { body, workspace } = call;
  const content = await readContent(body.content, 'content', workspace.id);
  if (isFault(content)) return content;
  const seenMs = body.seenUpTo === undefined ? undefined : readTime(body.seenUpTo, 'seenUpTo');
  if (isFault(seenMs)) return seenMs;
  const row = await findRow(call);
  if (isFault(row)) return row;
  const destinationId = body.destinationId === undefined ? row.destinationId : idOf(body.destinationId);
  return await answering(call, row, { content, clientId: body.clientId, destinationId, seenMs });
}

/** What is answered: `seenMs` is up to when its operator has seen the conversation, where that is to count. */
type Answer = {
  content: Content;
  clientId: string;
  destinationId: number | null;
  seenMs: number | undefined;
};

/** The work that answers in a conversation. */
export async function answering(
  call: Call<unknown>,
  { contactId, conversationId }: InboxRow,
  { content, clientId, destinationId, seenMs }: Answer,
): Promise<Work<202, ReplyAccepted>> {
  const { ctx, workspace, caller, nowMs } = call;
  const operator =
    caller.operatorId === undefined ? undefined : await getOperator(ctx.sql, caller.operatorId);
  // What is short is made short for the workspace; it is read before there is a transaction.
  await ctx.directory.integrationsOf(workspace.id);
  return async (tx) => {
    const stale = await mayAnswer(tx, {
      workspaceId: workspace.id,
      contactId,
      seenMs,
      operatorId: caller.operatorId,
    });
    if (stale) return stale;
    const [accepted] = await accept(ctx, tx, nowMs, [
      {
        workspaceId: workspace.id,
        contactId,
        conversationId,
        kind: 'message',
        class: 'transactional',
        content,
        author: operator ? { id: toHex24(operator.id), name: operator.name } : {},
        source: { type: 'console', id: clientId },
        aheadMs: workspace.clockAheadMs,
        ...(destinationId === null ? {} : { destinationId }),
      },
    ]);
    const { messageId, atMs } = accepted!;
    await noteAnswer(tx, {
      workspaceId: workspace.id,
      contactId,
      conversationId,
      messageId,
      atMs,
      ...(caller.operatorId === undefined ? {} : { operatorId: caller.operatorId }),
    });
    tellOf(call, contactId, messageId);
    return {
      status: 202,
      body: { messageId: toHex24(messageId), at: timeText(atMs) },
      audit: {
        action: 'message.send',
        subject: `message:${messageId}`,
        detail: { contactId: toHex24(contactId), class: 'transactional' },
      },
    };
  };
}

async function note(call: Call<Static<typeof NewNote>>): Promise<Work<201, Static<typeof NoteKept>> | Fault> {
  const { ctx, body, workspace, workspaceNowMs } = call;
  const operatorId = operatorIn(call);
  if (isFault(operatorId)) return operatorId;
  const row = await findRow(call);
  if (isFault(row)) return row;
  const { contactId } = row;
  const mentions = [...new Set((body.mentions ?? []).map(idOf))];
  return async (tx) => {
    if (!(await takeUp(tx, workspace.id, contactId))) return missing('conversation');
    const members = mentions.length ? await operatorNames(tx, workspace.id) : undefined;
    const odd = mentions.findIndex((id) => !members?.has(id));
    if (odd >= 0) return breaks(`mentions[${odd}]`, 'must be a member of the workspace');
    const made = await addNote(tx, ctx.ids, {
      contactId,
      workspaceId: workspace.id,
      operatorId,
      text: body.text,
      mentions,
      atMs: workspaceNowMs,
    });
    tellOf(call, contactId, made.id);
    return {
      status: 201,
      body: { id: toHex24(made.id), at: timeText(made.atMs) },
      audit: { action: 'conversation.note', subject: `conversation:${row.conversationId}` },
    };
  };
}
