/**
 * One connection of the live channel: who it is of, what it asks, one frame after the other. What it is sent stays bounded: a
 * client that takes less than there is for it is left where it is, and closed when that lasts.
 */
import type { TakeReceipts } from '../../channels/adapter.ts';
import { beginningOf } from '../../base/text.ts';
import type { WebSocket } from 'ws';
import { ServerFrame } from '../../../contract/doors/live.ts';
import { CLOSE, LIVE_VERSION, type LiveMessage } from '../../../contract/live.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { toHex24 } from '../../base/ids.ts';
import { findContactIds } from '../../contacts/contacts.ts';
import { conversationsOf } from '../../conversations/conversations.ts';
import { isPassing } from '../../db/errors.ts';
import { messagesPosted } from '../../broadcasts/posted.ts';
import { postedTo } from '../../conversations/groups/chats.ts';
import {
  cursorText,
  isKept,
  PAGE,
  pageBefore,
  readCursor,
  takeSnapshot,
  type Cursor,
} from '../../live/log.ts';
import { sessionKey } from '../../links/sessions.ts';
import type { Notices } from '../../live/notices.ts';
import { mustBeShaped } from '../kit/answer.ts';
import type { HttpContext } from '../kit/context.ts';
import type { Guests } from '../kit/guests.ts';
import type { RateLimit } from '../kit/rateLimit.ts';
import { readFrame, type ReadFrame } from './frames.ts';
import { hashOf, type Hub, type LiveMember, type Waiter } from './hub.ts';
import { identify, type SessionOf, type LivePerson } from './identify.ts';
import { liveConversation, liveMessage, livePosted } from './present.ts';
import { confirm, deliveriesOf, readUpTo, say, type } from './say.ts';
import type { SessionKey } from './sessions.ts';

/** What connections work with. */
export type LiveDeps = {
  ctx: HttpContext;
  hub: Hub;
  notices: Pick<Notices, 'send'>;
  /** Things said, by person. */
  limit: RateLimit;
  guests: Guests;
  takeReceipts: TakeReceipts;
  sessionOf: SessionOf;
};

/** A connection, as the door sees it. */
export type LiveConnection = {
  /** Called now and then: says that the server is there, and closes when the other side is not, or may not be any more. */
  pulse(): void;
  /** The web session that it was let in by; undefined where that is none. */
  session(): SessionKey | undefined;
  /** That session is over. */
  signOut(): void;
  /** Finishes what was asked, and closes. */
  stop(): Promise<void>;
};

/** Time to say hello, and to take what was sent. */
export const PATIENCE_MS = 10_000;
/** What may wait to leave; beyond it nothing more is given to the connection. */
const MOST_BUFFERED_BYTES = 256 * 1024;
/** A client that stays full for so long is closed. */
const MOST_FULL_MS = 20_000;
/** Frames that may wait for those before them. */
const MOST_WAITING = 64;

const TEXTS = {
  [CLOSE.silent]: 'no hello came in time',
  [CLOSE.version]: `this server speaks version ${LIVE_VERSION}`,
  [CLOSE.slow]: 'the client takes less than it is sent',
  [CLOSE.tooMany]: 'too many frames or connections',
  [CLOSE.stopping]: 'the server is stopping',
  [CLOSE.fault]: 'a fault of the server',
} as const;

/** What a connection holds while it lasts. */
type State = {
  readonly socket: WebSocket;
  readonly deps: LiveDeps;
  readonly address: string;
  readonly greeted: () => void;
  who?: LivePerson;
  token?: string;
  member?: LiveMember;
  waiter?: Waiter;
  waitingFrames: number;
  /** What was asked, one after the other. */
  work: Promise<void>;
  isAlive: boolean;
  fullSinceMs?: number | undefined;
  closing: boolean;
};

/** Takes over a socket, which was opened from `address`; `greeted` is called once it is known who it is. */
export function openConnection(
  socket: WebSocket,
  deps: LiveDeps,
  { address, greeted }: { address: string; greeted: () => void },
): LiveConnection {
  const { clock, log } = deps.ctx;
  const state: State = {
    socket,
    deps,
    address,
    greeted,
    waitingFrames: 0,
    work: Promise.resolve(),
    isAlive: true,
    closing: false,
  };
  const cancel = clock.after(PATIENCE_MS, () => {
    if (!state.who) close(state, CLOSE.silent);
  });
  socket.on('pong', () => {
    state.isAlive = true;
  });
  socket.on('error', (error) => log.debug({ error }, 'a live connection failed'));
  socket.on('close', () => {
    cancel();
    state.closing = true;
    leave(state);
  });
  socket.on('message', (data, isBinary) => {
    if (state.closing) return;
    const frame = isBinary ? 'a frame must be text' : readFrame((data as Buffer).toString('utf8'));
    if (typeof frame === 'string') close(state, CLOSE.malformed, frame);
    else enqueue(state, () => handle(state, frame));
  });
  return {
    pulse: () => pulse(state),
    session: () => (state.who?.contactId === undefined ? undefined : sessionKey(state.token!)),
    signOut: () => close(state, CLOSE.unauthorized, 'The session is over.'),
    async stop() {
      await state.work;
      close(state, CLOSE.stopping);
    },
  };
}

function enqueue(state: State, work: () => Promise<void>): void {
  if (++state.waitingFrames > MOST_WAITING) return close(state, CLOSE.tooMany);
  state.work = inTurn(state, state.work, work);
}

async function inTurn(state: State, before: Promise<void>, work: () => Promise<void>): Promise<void> {
  await before;
  try {
    if (!state.closing) await work();
  } catch (error) {
    const { log } = state.deps.ctx;
    if (isPassing(error)) log.warn({ error }, 'a live connection lost the store');
    else log.error({ error }, 'a frame of the live channel was not handled');
    close(state, CLOSE.fault);
  }
  state.waitingFrames--;
}

async function handle(state: State, frame: ReadFrame): Promise<void> {
  const { deps, member } = state;
  if (frame.type === 'hello') return await greet(state, frame);
  if (!state.who) return close(state, CLOSE.malformed, 'the first frame must be hello');
  switch (frame.type) {
    case 'say':
    case 'start':
      return await speak(state, frame);
    case 'broken':
      return refuse(state, frame.clientId, frame.fault);
    case 'history':
      return await showHistory(state, frame.beforeMs);
    case 'typing':
      // Passing, so what is too often is left out.
      if (member && deps.limit.take(`typing|${member.contactId}`) === undefined)
        await type(deps.ctx, member, frame.on);
      return;
    case 'got':
      if (member) await confirm(deps.ctx, deps.takeReceipts, member.contactId, 'delivered', frame.messageIds);
      return;
    case 'read':
      if (member) await readUpTo(deps.ctx, deps.takeReceipts, member, frame.upTo);
  }
}

async function greet(state: State, hello: Extract<ReadFrame, { type: 'hello' }>): Promise<void> {
  const { ctx, sessionOf } = state.deps;
  if (state.who) return close(state, CLOSE.malformed, 'hello was said already');
  if (hello.version !== LIVE_VERSION) return close(state, CLOSE.version);
  const who = await identify(ctx.keyring, sessionOf, hello.token, ctx.clock.nowMs());
  if (isFault(who)) return close(state, CLOSE.unauthorized, who.message);
  const workspace = await ctx.directory.workspace(who.workspaceId);
  if (!workspace) return close(state, CLOSE.unauthorized, 'There is no such workspace.');
  Object.assign(state, { who, token: hello.token });
  state.greeted();
  const contactId =
    who.contactId ??
    (await findContactIds(ctx.sql, who.workspaceId, [{ kind: 'external', value: who.userId }]))[0];
  if (contactId !== undefined) return await attach(state, contactId, readCursor(hello.cursor ?? ''));
  send(state, { type: 'welcome', version: LIVE_VERSION, cursor: '', messages: [], more: false });
  const { workspaceId, userId } = who as { workspaceId: number; userId: string };
  state.waiter = {
    workspaceId,
    userId,
    arrived: (id) => enqueue(state, () => attach(state, id)),
  };
  if (!state.deps.hub.wait(state.waiter)) close(state, CLOSE.tooMany);
}

/** Sends what the client does not have, and from then on what happens to the contact. */
async function attach(state: State, contactId: number, cursor?: Cursor): Promise<void> {
  const { sql } = state.deps.ctx;
  if (state.member?.contactId === contactId) return;
  leave(state);
  if (cursor?.contactId === contactId && (await isKept(sql, cursor))) {
    const conversation = (await conversationsOf(sql, [contactId])).get(contactId);
    send(state, {
      type: 'welcome',
      version: LIVE_VERSION,
      cursor: cursorText(cursor),
      ...(conversation ? { conversation: liveConversation(conversation) } : {}),
    });
    return join(state, cursor);
  }
  const snapshot = await takeSnapshot(sql, { workspaceId: state.who!.workspaceId, contactId });
  const { conversation, messages, more } = snapshot;
  send(state, {
    type: 'welcome',
    version: LIVE_VERSION,
    cursor: cursorText(snapshot.cursor),
    ...(conversation ? { conversation: liveConversation(conversation) } : {}),
    ...(await withPosted(state, contactId, await withStates(state, contactId, messages), more)),
  });
  join(state, snapshot.cursor);
}

function join(state: State, { contactId, seq, ahead }: Cursor): void {
  const member: LiveMember = {
    workspaceId: state.who!.workspaceId,
    contactId,
    seq,
    ahead: new Set(ahead),
    isFull: () => state.closing || state.socket.bufferedAmount > MOST_BUFFERED_BYTES,
    send: (frame) => send(state, frame),
    lost: () => close(state, CLOSE.fault, 'this place is not kept any more'),
  };
  if (state.closing) return;
  state.member = member;
  if (!state.deps.hub.join(member)) {
    delete state.member;
    close(state, CLOSE.tooMany);
  }
}

async function withStates(
  state: State,
  contactId: number,
  messages: Awaited<ReturnType<typeof takeSnapshot>>['messages'],
) {
  const out = messages.filter(({ direction }) => direction === 'out').map(({ id }) => id);
  const states = new Map<number, number>();
  // The last address a message was tried at tells where it stands.
  const deliveries = await deliveriesOf(state.deps.ctx, contactId, out);
  for (const delivery of deliveries.toSorted((a, b) => a.seq - b.seq))
    states.set(delivery.causeId, delivery.state);
  return messages.map((message) => liveMessage(message, states.get(message.id)));
}

/** A page with what was posted to many accounts and to this one, in its place: all of it from the oldest message of the page on. */
async function withPosted(
  state: State,
  contactId: number,
  messages: readonly LiveMessage[],
  more: boolean,
  beforeMs?: number,
): Promise<{ messages: LiveMessage[]; more: boolean }> {
  const { sql } = state.deps.ctx;
  const found = await postedTo(sql, contactId, { beforeMs, limit: PAGE + 1 });
  if (!found.length) return { messages: [...messages], more };
  const fromMs = more ? (messages[0]?.atMs ?? 0) : 0;
  const within = found.filter(({ atMs }) => atMs >= fromMs);
  const said = await messagesPosted(
    sql,
    within.map(({ broadcastId }) => broadcastId),
  );
  const posted = [...said.values()].map(livePosted);
  const all = [...messages, ...posted].sort((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1));
  const shown = all.length > 2 * PAGE ? all.slice(-2 * PAGE) : all;
  return { messages: shown, more: more || found.length > PAGE || shown.length < all.length };
}

async function speak(state: State, frame: Extract<ReadFrame, { type: 'say' | 'start' }>): Promise<void> {
  const { ctx, limit, notices } = state.deps;
  const { clientId } = frame;
  const who = state.who!;
  const retryAfterS = limit.take(`${who.workspaceId}|${who.userId ?? who.contactId}`);
  if (retryAfterS !== undefined)
    return refuse(
      state,
      clientId,
      fault('rate_limited', 'Too much is said at a time; wait a moment.', { retryAfterS }),
    );
  const isGuest = who.userId === undefined && frame.type === 'say';
  const busy = isGuest ? await state.deps.guests.say(who.workspaceId, state.address) : undefined;
  if (busy) return refuse(state, clientId, busy);
  const what = frame.type === 'say' ? { clientId, content: frame.content } : { clientId };
  const workspace = await ctx.directory.workspace(who.workspaceId);
  if (!workspace) return close(state, CLOSE.unauthorized, 'There is no such workspace any more.');
  const said = await say(ctx, who, workspace, what);
  if (isFault(said)) return refuse(state, clientId, said);
  const messageId = said.messageId === undefined ? {} : { messageId: toHex24(said.messageId) };
  send(state, { type: 'ack', clientId, ...messageId });
  if (who.userId !== undefined && !state.member) {
    const { workspaceId, userId } = who;
    notices.send([{ kind: 'made', workspaceId, hash: hashOf({ workspaceId, userId }) }]);
  }
  await attach(state, said.contactId);
}

async function showHistory(state: State, beforeMs: number): Promise<void> {
  const { member, deps } = state;
  const conversation =
    member && (await conversationsOf(deps.ctx.sql, [member.contactId])).get(member.contactId);
  const page = conversation
    ? await pageBefore(deps.ctx.sql, conversation.id, beforeMs)
    : { messages: [], more: false };
  const messages = member ? await withStates(state, member.contactId, page.messages) : [];
  const shown = member
    ? await withPosted(state, member.contactId, messages, page.more, beforeMs)
    : { messages, more: page.more };
  send(state, { type: 'history', beforeMs, ...shown });
}

function refuse(state: State, clientId: string, { fault: code, message: reason, field }: Fault): void {
  const retry = code === 'rate_limited' || code === 'unavailable';
  send(state, { type: 'refused', clientId, code, reason, retry, ...(field === undefined ? {} : { field }) });
}

function send(state: State, frame: ServerFrame): void {
  const { socket, deps, member } = state;
  if (state.closing || socket.readyState !== socket.OPEN) return;
  if (deps.ctx.config.checkAnswers) mustBeShaped(`a frame (${frame.type})`, ServerFrame, frame);
  socket.send(JSON.stringify(frame), () => {
    if (state.fullSinceMs === undefined || socket.bufferedAmount > MOST_BUFFERED_BYTES / 2) return;
    state.fullSinceMs = undefined;
    if (state.member) deps.hub.ready(state.member);
  });
  if (member?.isFull()) state.fullSinceMs ??= deps.ctx.clock.nowMs();
}

function pulse(state: State): void {
  const { socket, deps, fullSinceMs } = state;
  const nowMs = deps.ctx.clock.nowMs();
  if (!state.isAlive) return socket.terminate();
  if (fullSinceMs !== undefined && nowMs - fullSinceMs > MOST_FULL_MS) return close(state, CLOSE.slow);
  if (!state.who || state.closing) return;
  state.isAlive = false;
  socket.ping();
  if (fullSinceMs === undefined) send(state, { type: 'alive' });
  // A token that signs for itself may have expired, or its key be revoked: both are known without asking the store for each.
  if (state.who.userId !== undefined)
    void identify(deps.ctx.keyring, undefined, state.token!, nowMs)
      .then((who) => (isFault(who) ? close(state, CLOSE.unauthorized, who.message) : undefined))
      .catch(() => {});
}

/** Says why, and does not wait long for a client that does not answer. */
function close(state: State, code: number, reason?: string): void {
  if (state.closing) return;
  state.closing = true;
  leave(state);
  // RFC 6455 §5.5: a reason has at most 123 bytes.
  const text = beginningOf(reason ?? (TEXTS as Record<number, string>)[code] ?? '', 100);
  state.socket.close(code, /^[\x20-\x7e]*$/.test(text) ? text : '');
  const cancel = state.deps.ctx.clock.after(PATIENCE_MS, () => state.socket.terminate());
  state.socket.once('close', cancel);
}

function leave(state: State): void {
  const { hub } = state.deps;
  if (state.member) hub.leave(state.member);
  if (state.waiter) hub.unwait(state.waiter);
  delete state.member;
  delete state.waiter;
}
