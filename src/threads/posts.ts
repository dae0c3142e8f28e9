/**
 * Posting to a conversation: what is said to the contact goes to the outbox, what the contact is said to have said is heard,
 * commands are carried out, and all of it is written down, in one transaction. Messages of one request keep their order: a delay
 * begins when the message before it has been processed (W34).
 */
import type { Content } from '../../contract/content.ts';
import type { Integration } from '../accounts/integrations.ts';
import type { Workspace } from '../accounts/workspaces.ts';
import { bucketOf, toHex24 } from '../base/ids.ts';
import { fault, isFault, type Fault } from '../base/fault.ts';
import { identitiesOf } from '../contacts/contacts.ts';
import { destinationsOf, linkDestination, type Destination } from '../contacts/destinations.ts';
import { receiveMessages } from '../conversations/conversations.ts';
import type { Tx } from '../db/pool.ts';
import { WHATSAPP_WINDOW_MS } from '../gate/gate.ts';
import { accept, type AcceptDeps, type Send } from '../outbox/accept.ts';
import { KIND } from '../queue/work/kinds.ts';
import { note, obey, readCommand, speak, type Actor, type Post, type Table } from './participants.ts';
import { insertPosts } from './sql.ts';
import { keep } from './threads.ts';
import { tell, type Told } from './told.ts';
import { TOUCHPOINTS, touchpointOf } from './touchpoints.ts';

/** A message to be posted, checked. */
export type NewPost = {
  /** Where it stands in the body, for faults. */
  path: string;
  type: string;
  role: 'contact' | 'agent' | 'bot';
  user: string | undefined;
  delayMs: number;
  /** One of TOUCHPOINTS. */
  touchpoint: string | undefined;
  /** As it was posted, with the defaults. */
  wire: Record<string, unknown>;
  /** What is said: to the contact (`speech`), by the contact (`heard`), or beside its ears (`aside`). */
  said: { kind: 'speech' | 'heard'; content: Content } | { kind: 'aside' };
};

/** Somebody who can act. */
export type KnownUser = { id: string; name: string };

/** What posting needs to know before its transaction. */
export type Poster = {
  tools: AcceptDeps;
  workspace: Workspace;
  integrations: readonly Integration[];
  users: readonly KnownUser[];
  /** Who posts unless a message says otherwise (W30). */
  userId: string;
  nowMs: number;
};

/** Texts longer than this, with delays longer than that, are typed for longer (W12). */
const LONG = { characters: 40, delayMs: 2000 };
/** Works of a delayed post: it happens, and before that it is being typed. */
export const SEQ = { happens: 0, typing: 1 } as const;

/** How long before its end a delay is shown as typing (W12). */
export function typingMs(text: string, delayMs: number): number {
  return text.length > LONG.characters && delayMs > LONG.delayMs ? 2000 : 1000;
}

/** The inbox of an organization: there is one, and it has the organization's id. */
export function inboxOf(workspaceId: number): string {
  return toHex24(workspaceId);
}

type Place = { destinations: Destination[]; phone: string | undefined; email: string | undefined };
type Planned = NewPost & { dueMs: number; atMs: number; actor: Actor };

/** Posts messages to a thread that the transaction holds; returns their ids, in order. */
export async function postMessages(
  poster: Poster,
  tx: Tx,
  table: Table,
  messages: readonly NewPost[],
): Promise<number[] | Fault> {
  const { workspace, nowMs } = poster;
  const theirMs = nowMs + workspace.clockAheadMs;
  const planned = plan(poster, messages, theirMs);
  const sends: Send[] = [];
  const place = table.thread.contactId === null ? undefined : await placeOf(tx, table);
  for (const message of planned) {
    const { said } = message;
    if (said.kind === 'speech') {
      const channel = channelOf(table, message);
      if (isFault(channel)) return channel;
      const destination = await destinationFor(poster, tx, table, place!, message, channel);
      if (isFault(destination)) return destination;
      sends.push(sendOf(poster, table, message, said.content, destination));
      speak(table, message.actor, channel, theirMs);
    } else if (said.kind === 'aside' && message.dueMs <= theirMs)
      happen(table, message, theirMs, workspace.id);
  }
  const ids = await carryOut(poster, tx, table, planned, sends, theirMs);
  await keep(tx, table);
  return ids;
}

/** What a post beside the contact's ears does when its time has come. */
export function happen(
  table: Table,
  post: { type: string; actor: Actor; wire: Readonly<Record<string, unknown>> },
  nowMs: number,
  workspaceId: number,
): void {
  const text = textOf(post.wire);
  if (post.type === 'command') {
    const meta = (post.wire['meta'] ?? {}) as Record<string, unknown>;
    obey(table, post.actor, readCommand(text, meta), nowMs, inboxOf(workspaceId));
  } else note(table, post.actor.userId, nowMs);
}

/** Who a user is, as a participant. One that is unknown here has the name the id gives. */
export function actorOf(users: readonly KnownUser[], userId: string): Actor {
  const known = users.find(({ id }) => id === userId);
  return { userId, name: known?.name ?? `User ${userId.slice(-4)}`, role: 'agent' };
}

function plan(poster: Poster, messages: readonly NewPost[], theirMs: number): Planned[] {
  let dueMs = theirMs;
  return messages.map((message, index) => {
    dueMs += message.delayMs;
    const userId = (message.user ?? poster.userId).toLowerCase();
    // A millisecond apart, so that what was posted together is read in its order.
    return { ...message, dueMs, atMs: dueMs + index, actor: actorOf(poster.users, userId) };
  });
}

async function placeOf(tx: Tx, { thread }: Table): Promise<Place> {
  const ids = [thread.contactId!];
  const [destinations, identities] = await Promise.all([
    destinationsOf(tx, thread.workspaceId, ids),
    identitiesOf(tx, thread.workspaceId, ids),
  ]);
  return {
    destinations,
    phone: identities.find(({ kind }) => kind === 'phone')?.value,
    email: identities.find(({ kind }) => kind === 'email')?.value,
  };
}

/** The channel a message names, else the one that is selected (W4, W28, W32). */
function channelOf({ thread }: Table, message: Planned): string | Fault {
  const channel = message.touchpoint === undefined ? thread.touchpoint : TOUCHPOINTS[message.touchpoint];
  return (
    channel ??
    breaks(field(message, 'touchpoint'), 'is required, since the conversation has none selected yet')
  );
}

async function destinationFor(
  poster: Poster,
  tx: Tx,
  { thread }: Table,
  place: Place,
  message: Planned,
  channel: string,
): Promise<Destination | Fault> {
  const name = touchpointOf(channel);
  const served = poster.integrations.some((one) => one.channel === channel && one.status === 'active');
  if (!served)
    return refuses(field(message, 'touchpoint'), `the organization has no integration for ${name}`);
  const own = place.destinations.filter((one) => one.channel === channel && one.status !== 'pending');
  let destination = own.findLast(({ status }) => status === 'active') ?? own.at(-1);
  if (!destination) {
    const address = channel === 'email' ? place.email : CALLED.includes(channel) ? place.phone : undefined;
    if (address === undefined)
      return refuses(field(message, 'touchpoint'), `the contact has no address for ${name}`);
    const linked = await linkDestination(tx, poster.nowMs, {
      workspaceId: thread.workspaceId,
      contactId: thread.contactId!,
      channel: channel as 'sms',
      integrationId: null,
      address,
    });
    if (isFault(linked)) return linked;
    place.destinations = await destinationsOf(tx, thread.workspaceId, [thread.contactId!]);
    destination = place.destinations.find((one) => one.channel === channel);
    if (!destination)
      return refuses(field(message, 'touchpoint'), `the address for ${name} is another contact's`);
  }
  return windowFault(message, channel, destination) ?? destination;
}

const CALLED: readonly string[] = ['sms', 'whatsapp', 'voice'];

/** Free-form text is not sent on WhatsApp after a day of silence; told before anything is sent (W15, W16, W40). */
function windowFault(message: Planned, channel: string, { lastInboundMs }: Destination): Fault | undefined {
  if (channel !== 'whatsapp' || message.said.kind !== 'speech') return undefined;
  if (message.said.content.type === 'nativeTemplate') return undefined;
  return message.dueMs - (lastInboundMs ?? -Infinity) > WHATSAPP_WINDOW_MS
    ? refuses(
        field(message, 'meta.elementName'),
        'is required: the contact has not written on WhatsApp within 24 hours, so only a message template may be sent',
      )
    : undefined;
}

function sendOf(
  { workspace, nowMs }: Poster,
  { thread }: Table,
  message: Planned,
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
    ...(message.dueMs > nowMs + workspace.clockAheadMs ? { notBeforeMs: message.dueMs } : {}),
  };
}

/**
 * Where a conversation that has gone to the web is answered is decided when the answer is sent: there while the person looks, on
 * the channel before when they have left. Who names the touchpoint gets that one.
 */
function staysOpen({ touchpoint }: Planned, { channel }: Destination): boolean {
  return touchpoint === undefined && channel === 'webchat';
}

/** Writes all of it: sends, what was heard, posts, what is due later, and what is to be told. */
async function carryOut(
  { tools, workspace, nowMs }: Poster,
  tx: Tx,
  { thread }: Table,
  planned: readonly Planned[],
  sends: readonly Send[],
  theirMs: number,
): Promise<number[]> {
  const sent = await accept(tools, tx, nowMs, sends);
  const heard = await receiveMessages(
    tools,
    tx,
    theirMs,
    planned.flatMap(({ said }) =>
      said.kind === 'heard'
        ? [
            {
              workspaceId: workspace.id,
              contactId: thread.contactId!,
              integrationId: 0,
              channel: 'api',
              destinationId: 0,
              // The provider's id is what tells a repeat; here that is the Idempotency-Key.
              externalId: `api-${tools.ids.spread()}`,
              content: said.content,
              source: { type: 'api' },
              atMs: theirMs,
            },
          ]
        : [],
    ),
  );
  const next = { speech: sent.values(), heard: heard.values() };
  const posts = planned.map((message): Post => {
    const { said, type, role, wire, atMs, actor } = message;
    const id =
      said.kind === 'aside'
        ? tools.ids.inBucket(bucketOf(thread.id))
        : next[said.kind].next().value!.messageId;
    const userId = said.kind === 'heard' ? toHex24(thread.contactId!) : actor.userId;
    return {
      id,
      conversationId: thread.id,
      workspaceId: workspace.id,
      type,
      role,
      userId,
      spoken: said.kind !== 'aside',
      wire,
      atMs,
    };
  });
  if (posts.length > 0) await insertPosts(tx, posts);
  await tools.queue.put(
    tx,
    posts.flatMap((post, index) => laterOf(planned[index]!, post, theirMs, workspace)),
  );
  const told = posts.flatMap((post, index): Told[] =>
    planned[index]!.dueMs > theirMs || planned[index]!.said.kind === 'heard'
      ? []
      : [{ what: 'posted', conversationId: thread.id, postId: post.id }],
  );
  await tell(tools, tx, workspace.id, theirMs, [...told, { what: 'update', conversationId: thread.id }]);
  return posts.map(({ id }) => id);
}

function laterOf(message: Planned, post: Post, theirMs: number, { id, clockAheadMs }: Workspace) {
  const { dueMs, said, wire, delayMs } = message;
  if (dueMs <= theirMs || said.kind === 'heard') return [];
  const work = {
    kind: KIND.delayedPost,
    ownerId: post.conversationId,
    causeId: post.id,
    stream: 0,
    workspaceId: id,
  };
  const begins = Math.max(theirMs, dueMs - typingMs(textOf(wire), delayMs));
  return [
    { ...work, seq: SEQ.happens, dueMs: dueMs - clockAheadMs },
    ...(said.kind === 'speech' && delayMs > 0
      ? [{ ...work, seq: SEQ.typing, dueMs: begins - clockAheadMs }]
      : []),
  ];
}

/** A fault that names a field and the rule it broke. */
function breaks(name: string, rule: string): Fault {
  return fault('bad_request', `${name}: ${rule}`, { field: name });
}

/** A fault for what is well formed, but cannot be done as things stand. */
function refuses(name: string, rule: string): Fault {
  return fault('unprocessable', `${name}: ${rule}`, { field: name });
}

function textOf({ text }: Readonly<Record<string, unknown>>): string {
  return typeof text === 'string' ? text : '';
}

function field({ path }: NewPost, name: string): string {
  return path ? `${path}.${name}` : name;
}
