/**
 * Posting to a conversation: what is said to the contact goes to the outbox, what the contact is said to have said is heard,
 * commands are carried out, and all of it is written down, in one transaction. Messages of one request keep their order: a delay
 * begins when the message before it has been processed (W34).
 */
import { type KnownAddresses, addressesOf, channelOf, destinationFor, staysOpen } from './where.ts';
import { type NewThreadPost, type KnownUser, type Poster, type PlannedPost, textOf } from './post.ts';
import type { Workspace } from '../accounts/workspaces.ts';
import { bucketOf, toHex24 } from '../base/ids.ts';
import { isFault, type Fault } from '../base/fault.ts';
import type { Destination } from '../contacts/destinations.ts';
import { receiveMessages } from '../conversations/conversations.ts';
import type { Tx } from '../db/pool.ts';
import { shortenMessages } from '../links/links.ts';
import { accept, type AcceptDeps, type Send } from '../outbox/accept.ts';
import { KIND } from '../queue/work/kinds.ts';
import { note, obey, readCommand, speak, type Actor, type Command, type Table } from './participants.ts';
import { insertPosts, type DelayedAction, type NewPostRow } from './sql.ts';
import { keep } from './threads.ts';
import { tellOfThreads, type ThreadTold } from './told.ts';

/** Texts longer than this, with delays longer than that, are typed for longer (W12). */
const LONG = { characters: 40, delayMs: 2000 };
/** Works of a delayed post: it happens, and before that it is being typed. */
export const SEQ = { happens: 0, typing: 1 } as const;

/** How long before its end a delay is shown as typing (W12). */
function typingMs(text: string, delayMs: number): number {
  return text.length > LONG.characters && delayMs > LONG.delayMs ? 2000 : 1000;
}

/** The inbox of an organization: there is one, and it has the organization's id. */
export function inboxOf(workspaceId: number): string {
  return toHex24(workspaceId);
}

/** Posts messages to a thread that the transaction holds; returns their ids, in order. */
export async function postMessages(
  poster: Poster,
  tx: Tx,
  table: Table,
  messages: readonly NewThreadPost[],
): Promise<number[] | Fault> {
  const { workspace, nowMs } = poster;
  const theirMs = nowMs + workspace.clockAheadMs;
  const planned = plan(poster, table, messages, theirMs);
  const held: DelayedAction[] = [];
  const notified: string[] = [];
  const known = table.thread.contactId === null ? undefined : await addressesOf(tx, table);
  for (const message of planned) {
    const what = await heldOf(poster, tx, table, known, message);
    if (isFault(what)) return what;
    held.push(what);
    if (!message.isLater) notified.push(...take(table, { ...message, held: what }, theirMs));
  }
  await carryOut(poster, tx, table, planned, held, theirMs);
  const { id: conversationId } = table.thread;
  const told = notified.map((channelId): ThreadTold => ({ what: 'notify', conversationId, channelId }));
  await tellOfThreads(poster.tools, tx, workspace.id, theirMs, [...told, { what: 'update', conversationId }]);
  await keep(tx, table);
  return planned.map(({ id }) => id);
}

/** What a message comes down to, now or when its delay is over. */
async function heldOf(
  poster: Poster,
  tx: Tx,
  table: Table,
  known: KnownAddresses | undefined,
  message: PlannedPost,
): Promise<DelayedAction | Fault> {
  const { said, actor } = message;
  if (said.kind === 'aside') return { ...said, actor, ...namesIn(poster, message) };
  if (said.kind === 'heard') return { ...said, actor };
  const channel = channelOf(table, message);
  if (isFault(channel)) return channel;
  const destination = await destinationFor(poster, tx, table, known!, message, channel);
  if (isFault(destination)) return destination;
  // Also one that is still to be said selects the channel for what follows.
  table.thread.touchpoint ??= channel;
  return { kind: 'speech', actor, channel, send: sendOf(poster, table, message, said.content, destination) };
}

/** Whom a command assigns, by name: whoever carries it out later may not know them. */
function namesIn({ users }: Poster, { type, wire }: PlannedPost): { names?: Record<string, string> } {
  const command = type === 'command' ? commandOf(wire) : undefined;
  if (command?.kind !== 'assign') return {};
  return {
    names: Object.fromEntries(command.users.map((id) => [id, actorOf(users, id.toLowerCase()).name])),
  };
}

/** What a post does to its thread when its time has come; returns the channels that are to be told that somebody waits. */
export function take(
  table: Table,
  { held, type, wire }: { held: DelayedAction; type: string; wire: Readonly<Record<string, unknown>> },
  nowMs: number,
): string[] {
  if (held.kind === 'speech') speak(table, held.actor, held.channel, nowMs);
  if (held.kind !== 'aside') return [];
  if (type === 'command') {
    const nameOf = (userId: string) => held.names?.[userId] ?? nameless(userId);
    const around = { inbox: inboxOf(table.thread.workspaceId), nameOf };
    return obey(table, held.actor, commandOf(wire), nowMs, around);
  }
  note(table, held.actor.userId, nowMs);
  return [];
}

function commandOf(wire: Readonly<Record<string, unknown>>): Command {
  return readCommand(textOf(wire), (wire['meta'] ?? {}) as Record<string, unknown>);
}

/** Where something is said that was held for somebody who has become another. */
export type SaidNow = { contactId: number; conversationId: number };

/**
 * Says what was held: to the contact, and as the contact. What is said to who they became (`now`) is a message of its own id, since ids lie where
 * their contact does.
 */
export async function sayHeld(
  tools: AcceptDeps,
  tx: Tx,
  at: { nowMs: number; aheadMs: number },
  posts: readonly {
    id: number;
    contactId: number | null;
    workspaceId: number;
    held: DelayedAction;
    now?: SaidNow | undefined;
  }[],
): Promise<void> {
  const sends = posts.flatMap(({ id, held, now }) =>
    held.kind === 'speech' ? [{ ...held.send, ...(now ?? { messageId: id }), aheadMs: at.aheadMs }] : [],
  );
  await accept(tools, tx, at.nowMs, sends);
  const theirMs = at.nowMs + at.aheadMs;
  const heard = posts.flatMap(({ id, contactId, workspaceId, held, now }) =>
    held.kind === 'heard' && contactId !== null
      ? [
          {
            ...(now ? {} : { messageId: id }),
            workspaceId,
            contactId: now?.contactId ?? contactId,
            integrationId: 0,
            channel: 'api',
            destinationId: 0,
            // The provider's id is what tells a repeat; here that is the Idempotency-Key.
            externalId: `api-${id}`,
            content: held.content,
            source: { type: 'api' },
            atMs: theirMs,
          },
        ]
      : [],
  );
  await receiveMessages(tools, tx, theirMs, heard);
}

/** Who a user is, as a participant. One that is unknown here has the name the id gives. */
function actorOf(users: readonly KnownUser[], userId: string): Actor {
  const known = users.find(({ id }) => id === userId);
  return { userId, name: known?.name ?? nameless(userId), role: 'agent' };
}

function nameless(userId: string): string {
  return `User ${userId.slice(-4)}`;
}

function plan(
  { tools, users, userId }: Poster,
  { thread }: Table,
  messages: readonly NewThreadPost[],
  theirMs: number,
): PlannedPost[] {
  let dueMs = theirMs;
  return messages.map((message) => {
    dueMs += message.delayMs;
    const actor = actorOf(users, (message.user ?? userId).toLowerCase());
    // In their order, which is that of ids wherever two things are of one moment.
    const id = tools.ids.inBucket(bucketOf(thread.id));
    return { ...message, id, dueMs, isLater: dueMs > theirMs, actor };
  });
}

function sendOf(
  { workspace }: Poster,
  { thread }: Table,
  message: PlannedPost,
  content: Send['content'],
  destination: Destination,
): Send {
  return {
    workspaceId: workspace.id,
    contactId: thread.contactId!,
    conversationId: thread.id,
    kind: 'message',
    class: 'transactional',
    content,
    author: { id: message.actor.userId, name: message.actor.name },
    source: { type: 'api' },
    ...(staysOpen(message, destination) ? {} : { destinationId: destination.id }),
    aheadMs: workspace.clockAheadMs,
  };
}

/** Writes all of it: what is said now, posts, what is due later, and what is to be told. */
async function carryOut(
  { tools, workspace, nowMs }: Poster,
  tx: Tx,
  { thread }: Table,
  planned: readonly PlannedPost[],
  held: readonly DelayedAction[],
  theirMs: number,
): Promise<void> {
  const { id: workspaceId, clockAheadMs: aheadMs } = workspace;
  const { id: conversationId, contactId } = thread;
  const all = planned.map((message, at) => ({ ...message, workspaceId, contactId, held: held[at]! }));
  const now = all.filter(({ isLater }) => !isLater);
  const later = all.filter(({ isLater }) => isLater);
  await sayHeld(tools, tx, { nowMs, aheadMs }, now);
  await shortenHeld(tools, tx, workspace, later, theirMs);
  const rows = all.map((message): NewPostRow => {
    const { id, held: what, type, role, wire, actor, isLater, dueMs } = message;
    return {
      id,
      conversationId,
      workspaceId,
      type,
      role,
      userId: what.kind === 'heard' ? toHex24(contactId!) : actor.userId,
      spoken: what.kind !== 'aside',
      wire,
      atMs: theirMs,
      held: isLater ? what : null,
      dueMs: isLater ? dueMs : null,
      typingMs: isLater ? typedFromMs(message, theirMs) : null,
    };
  });
  if (rows.length > 0) await insertPosts(tx, rows);
  await tools.queue.put(
    tx,
    rows.flatMap((row) => wakesOf(row, aheadMs)),
  );
  const told = now.flatMap(({ id, said }): ThreadTold[] =>
    said.kind === 'heard' ? [] : [{ what: 'posted', conversationId, postId: id }],
  );
  await tellOfThreads(tools, tx, workspaceId, theirMs, told);
}

/** Links are short from the start, since the answer shows them (W51). */
async function shortenHeld(
  { links }: AcceptDeps,
  tx: Tx,
  workspace: Workspace,
  later: readonly (PlannedPost & { held: DelayedAction })[],
  atMs: number,
): Promise<void> {
  const sends = later.flatMap(({ id, held }) => (held.kind === 'speech' ? [{ id, send: held.send }] : []));
  const contents = await shortenMessages(
    links,
    tx,
    sends.map(({ id, send }) => ({
      workspace,
      contactId: send.contactId,
      causeId: id,
      content: send.content,
      atMs,
    })),
  );
  for (const [at, { send }] of sends.entries())
    Object.assign(send, { content: contents[at]!, isShort: true });
}

/** When typing is shown for a message that has a delay of its own; only what is said to the contact is typed. */
function typedFromMs({ said, dueMs, delayMs, wire }: PlannedPost, theirMs: number): number | null {
  if (said.kind !== 'speech' || delayMs === 0) return null;
  return Math.max(theirMs, dueMs - Math.min(delayMs, typingMs(textOf(wire), delayMs)));
}

function wakesOf(row: NewPostRow, aheadMs: number) {
  const { id: causeId, conversationId: ownerId, workspaceId, dueMs, typingMs: typedMs } = row;
  const wake = (seq: number, atMs: number | null) =>
    atMs === null
      ? []
      : [{ kind: KIND.delayedPost, ownerId, causeId, seq, stream: 0, workspaceId, dueMs: atMs - aheadMs }];
  return [...wake(SEQ.happens, dueMs), ...wake(SEQ.typing, typedMs)];
}
