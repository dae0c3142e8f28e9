/**
 * The web chat over the live channel: people who write, go offline, come back with their cursor, read and type, while the business answers
 * and the process that has their connections dies. What a person sees in the end is the thread: nothing twice, nothing missing.
 */
import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import { LIVE_VERSION, type ClientFrame, type LiveMessage, type ServerFrame } from '../../contract/live.ts';
import { fromHex24 } from '../../src/base/ids.ts';
import { createIntegration } from '../../src/accounts/integrations.ts';
import { resolvePeople } from '../../src/contacts/resolve/resolve.ts';
import { ensureConversations } from '../../src/conversations/conversations.ts';
import { openConnection, type LiveDeps } from '../../src/doors/live/connection.ts';
import { createHub } from '../../src/doors/live/hub.ts';
import { webDestination } from '../../src/doors/kit/webChat.ts';
import { createRateLimit } from '../../src/doors/kit/rateLimit.ts';
import { livingContact } from '../../src/links/links.ts';
import { createNotices } from '../../src/live/notices.ts';
import { accept } from '../../src/outbox/accept.ts';
import { erasePerson } from '../../src/people/people.ts';
import type { Draws } from '../draws.ts';
import type { Player } from '../player.ts';
import type { Run, Step } from '../run.ts';
import { must } from '../world.ts';
import type { RoomPlay } from './room.ts';

const PEOPLE = 3;
/** A frame is under way for so long, ms. */
const WAY_MS = [1, 60] as const;
/** Things one person may say in a second. */
const SAID_PER_S = 20;

/** A page of somebody, which outlives every connection. */
type Chat = {
  contactId: number;
  destinationId: number;
  cursor: string;
  /** What it shows, in the order in which it came. */
  shown: Map<string, LiveMessage>;
  /** What it has said and nobody has acknowledged. */
  unsaid: Map<string, string>;
  socket: Socket | undefined;
  /** What was not as it must be. */
  wrong: string[];
};

const chatsOf = new WeakMap<Run, Chat[]>();

export const live: RoomPlay = {
  name: 'live',
  isApart: true,
  steps: [
    { what: 'connect', weight: 12, draw: (draws) => ({ chat: who(draws), afresh: draws.happens('without its cursor', 0.15) }) },
    { what: 'leave', weight: 8, draw: (draws) => ({ chat: who(draws) }) },
    { what: 'say', weight: 12, draw: (draws) => ({ chat: who(draws) }) },
    { what: 'answer', weight: 16, draw: (draws) => ({ chat: who(draws), times: draws.between('answers', 1, 3) }) },
    { what: 'read', weight: 6, draw: (draws) => ({ chat: who(draws) }) },
    { what: 'type', weight: 3, draw: (draws) => ({ chat: who(draws), on: draws.happens('types', 0.5) }) },
    { what: 'vanish', weight: 1, draw: (draws) => ({ chat: who(draws) }) },
  ],
  furnish,
  perform,
  // All connected people are looked at every five seconds.
  findsWithinMs: 6_000,
  async heal(run) {
    for (const chat of chatsOf.get(run)!) await connect(run, chat);
  },
  check: async (run) => [...(await seen(run)), ...(await kept(run)), ...inOrder(run), ...(await ofNobody(run))],
  standings: { among: ['here', 'away', 'has unsaid', 'misses something'], of: standing },
};

function who(draws: Draws): number {
  return draws.between('whose chat', 0, PEOPLE - 1);
}

async function furnish(run: Run): Promise<void> {
  const { ctx } = run.door();
  const { id: workspaceId } = run.places.busy;
  const nowMs = ctx.clock.nowMs();
  const tools = { vault: ctx.vault, ids: ctx.ids, catalogue: ctx.adapters };
  const chats = await ctx.queue.transact(async (tx) => {
    const { id: integrationId } = must(await createIntegration(tx, tools, { workspaceId, provider: 'webchat', name: 'Web chat', settings: {}, nowMs }));
    const people = await resolvePeople(
      tx,
      ctx.ids,
      nowMs,
      Array.from({ length: PEOPLE }, (_, i) => ({ workspaceId, identities: [{ kind: 'external' as const, value: `chat-${i}` }], destinations: [] })),
      'first',
    );
    const made: Chat[] = [];
    for (const { contactId } of people) {
      const destinationId = must(await webDestination(ctx, tx, nowMs, { workspaceId, contactId, integrationId }));
      made.push({ contactId, destinationId, cursor: '', shown: new Map(), unsaid: new Map(), socket: undefined, wrong: [] });
    }
    return made;
  });
  chatsOf.set(run, chats);
}

async function perform(run: Run, step: Step): Promise<unknown> {
  const chat = chatsOf.get(run)![Number(step['chat'])]!;
  const { shown } = chat;
  switch (step.what) {
    case 'connect':
      if (step['afresh']) chat.cursor = '';
      return await connect(run, chat);
    case 'leave':
      return chat.socket?.leave();
    case 'say': {
      const clientId = `said-${step.atMs}-${chat.unsaid.size}`;
      chat.unsaid.set(clientId, clientId);
      chat.socket?.ask({ type: 'say', clientId, content: { type: 'text', text: clientId } });
      return clientId;
    }
    case 'read': {
      const last = [...shown.values()].findLast(({ from }) => from === 'business');
      if (last) chat.socket?.ask({ type: 'read', upTo: last.id });
      return;
    }
    case 'type':
      return chat.socket?.ask({ type: 'typing', on: step['on'] === true });
    case 'vanish':
      return await vanish(run, chat);
    default:
      return await answer(run, chat, Number(step['times']));
  }
}

async function answer(run: Run, { contactId, destinationId }: Chat, times: number): Promise<number[]> {
  const { ctx } = run.door();
  const { id: workspaceId } = run.places.busy;
  const nowMs = ctx.clock.nowMs();
  if (!(await livingContact(ctx.sql, workspaceId, contactId))) return [];
  return await ctx.queue.transact(async (tx) => {
    const conversations = await ensureConversations(tx, ctx.ids, nowMs, [{ contactId, workspaceId }]);
    const said = Array.from({ length: times }, (_, i) => ({
      workspaceId,
      contactId,
      conversationId: conversations.get(contactId)!.id,
      destinationId,
      kind: 'message' as const,
      class: 'transactional' as const,
      content: { type: 'text' as const, text: `answer ${i}` },
      author: {},
      source: { type: 'api' },
    }));
    return (await accept(ctx, tx, nowMs, said)).map(({ messageId }) => messageId);
  });
}

async function vanish(run: Run, { contactId }: Chat): Promise<boolean> {
  const { ctx } = run.door();
  const person = { workspaceId: run.places.busy.id, contactId, afterCommit: () => {} };
  return (await ctx.queue.transact((tx) => erasePerson(ctx, tx, { ...person, atMs: ctx.clock.nowMs() }))) !== undefined;
}

/** What connections of a process work with; made when the first comes. */
const depsOf = new WeakMap<Player, Promise<LiveDeps>>();

async function startLive(run: Run, { ctx, takeReceipts }: Player): Promise<LiveDeps> {
  const notices = createNotices(ctx);
  await notices.start();
  const hub = createHub({ ...ctx, notices });
  await hub.start();
  const workspaceId = run.places.busy.id;
  return {
    ctx,
    hub,
    notices,
    takeReceipts,
    limit: createRateLimit(SAID_PER_S, ctx.clock),
    guests: { enter: async () => undefined, say: async () => undefined },
    sessionOf: async (token) => {
      const contact = await livingContact(ctx.sql, workspaceId, Number(token));
      return contact && { workspaceId, contactId: contact.id };
    },
  };
}

/** Connects a page that is not connected, or whose process is dead. */
async function connect(run: Run, chat: Chat): Promise<void> {
  const door = run.door();
  if (door.dead || (chat.socket?.isOpen && !chat.socket.player.dead)) return;
  chat.socket?.leave();
  const deps = depsOf.get(door) ?? startLive(run, door);
  depsOf.set(door, deps);
  const there = await deps;
  const socket = new Socket(run, door, chat);
  chat.socket = socket;
  openConnection(socket as unknown as WebSocket, there, { address: '192.0.2.1', greeted: () => {} });
  socket.ask({ type: 'hello', version: LIVE_VERSION, token: String(chat.contactId), ...(chat.cursor ? { cursor: chat.cursor } : {}) });
}

/** A connection, as the server has it; what goes over it takes its time, and none overtakes another. */
class Socket extends EventEmitter {
  readonly OPEN = 1;
  readyState = 1;
  bufferedAmount = 0;
  isOpen = true;
  readonly #run: Run;
  readonly player: Player;
  readonly #chat: Chat;
  readonly #free = { up: 0, down: 0 };

  constructor(run: Run, player: Player, chat: Chat) {
    super();
    this.#run = run;
    this.player = player;
    this.#chat = chat;
  }

  #way(way: 'up' | 'down', what: string, act: () => void): void {
    const { stage, draws } = this.#run;
    const atMs = Math.max(this.#free[way], stage.nowMs() + draws.between('way of a frame', ...WAY_MS));
    this.#free[way] = atMs;
    stage.after(atMs - stage.nowMs(), what, act, way === 'up' ? this.player : undefined);
  }

  /** What the page asks. */
  ask(frame: ClientFrame): void {
    if (!this.isOpen) return;
    this.#way('up', 'a chat asks', () => void (this.readyState === 1 && this.emit('message', Buffer.from(JSON.stringify(frame)), false)));
  }

  /** The page goes: what is under way to it is lost. */
  leave(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#way('up', 'a chat has left', () => this.#over());
  }

  send(text: string, sent?: () => void): void {
    this.#way('down', 'a chat hears', () => {
      if (this.isOpen) hear(this.#chat, JSON.parse(text) as ServerFrame, this);
    });
    if (sent) this.#way('up', 'a frame has left', sent);
  }

  close(): void {
    this.readyState = 3;
    this.#way('down', 'a chat is closed', () => void (this.isOpen = false));
    this.#way('up', 'it is closed', () => this.#over());
  }

  terminate(): void {
    this.close();
  }

  ping(): void {
    this.#way('up', 'a pong', () => void this.emit('pong'));
  }

  #over(): void {
    this.readyState = 3;
    this.emit('close');
  }
}

function hear(chat: Chat, frame: ServerFrame, socket: Socket): void {
  const { shown, unsaid, wrong } = chat;
  switch (frame.type) {
    case 'welcome':
      chat.cursor = frame.cursor;
      if (frame.messages) {
        shown.clear();
        for (const message of frame.messages) shown.set(message.id, message);
      }
      for (const [clientId, text] of unsaid) socket.ask({ type: 'say', clientId, content: { type: 'text', text } });
      return;
    case 'event': {
      chat.cursor = frame.cursor;
      const { event } = frame;
      if (event.kind === 'removed') shown.delete(event.messageId);
      if (event.kind !== 'message') return;
      const { message } = event;
      if (shown.has(message.id)) wrong.push(`message ${message.id} came twice`);
      shown.set(message.id, message);
      if (message.from === 'business') socket.ask({ type: 'got', messageIds: [message.id] });
      return;
    }
    case 'ack':
      return void unsaid.delete(frame.clientId);
    case 'refused':
      if (!frame.retry) wrong.push(`what was said was refused: ${frame.code}: ${frame.reason}`);
      return;
    case 'history':
    case 'alive':
  }
}

/** How chats stand, or that of a step. */
async function standing(run: Run, step: Step | undefined): Promise<string[]> {
  const all = chatsOf.get(run)!;
  const about = typeof step?.['chat'] === 'number' ? [all[step['chat']]!] : all;
  const rows = await run.look<{ contactId: number; n: number }[]>`
    SELECT contact_id AS "contactId", count(*)::integer AS n FROM messages WHERE contact_id = ANY(${about.map(({ contactId }) => contactId)}::bigint[]) GROUP BY 1`;
  const said = new Map(rows.map(({ contactId, n }) => [contactId, n]));
  return about.flatMap(({ contactId, socket, unsaid, shown }) => [
    socket?.isOpen && !socket.player.dead ? 'here' : 'away',
    ...(unsaid.size ? ['has unsaid'] : []),
    ...((said.get(contactId) ?? 0) > shown.size ? ['misses something'] : []),
  ]);
}

/** Who is there still: nobody began to erase them. */
function present(run: Run): Chat[] {
  const gone = new Set(run.done.flatMap(({ step }) => (step.room === 'live' && step.what === 'vanish' ? [step['chat']] : [])));
  return chatsOf.get(run)!.filter((_, i) => !gone.has(i));
}

/** What a page shows is the thread. */
async function seen(run: Run): Promise<string[]> {
  const broken: string[] = [];
  for (const { contactId, shown, wrong, socket, unsaid } of present(run)) {
    const rows = await run.look<{ id: number }[]>`SELECT id FROM messages WHERE contact_id = ${contactId}`;
    const thread = new Set(rows.map(({ id }) => id));
    const there = new Set([...shown.keys()].map((id) => fromHex24(id)!));
    broken.push(...wrong.map((text) => `chat of ${contactId}: ${text}`));
    if (!socket?.isOpen) broken.push(`chat of ${contactId} is not connected`);
    for (const id of thread) if (!there.has(id)) broken.push(`chat of ${contactId} misses ${id}`);
    for (const id of there) if (!thread.has(id)) broken.push(`chat of ${contactId} shows ${id}, which is not in its thread`);
    for (const id of unsaid.keys()) broken.push(`chat of ${contactId} was never answered on ${id}`);
  }
  return broken;
}

/** What a page said is kept once; what was answered is kept. */
async function kept(run: Run): Promise<string[]> {
  const rows = await run.look<{ contactId: number; name: string; n: number }[]>`
    SELECT contact_id AS "contactId", source ->> 'originalMessageId' AS name, count(*)::integer AS n FROM messages
    WHERE source ->> 'type' = 'web' GROUP BY 1, 2 HAVING count(*) > 1`;
  const twice = rows.map(({ name, n }) => `“${name}” was kept ${n} times`);
  const there = new Set(present(run).flatMap(({ contactId }) => contactId));
  const answers = run.done.flatMap(({ step, state, result }) =>
    step.room === 'live' && step.what === 'answer' && state === 'done' && there.has(chatsOf.get(run)![Number(step['chat'])]!.contactId) ? (result as number[]) : [],
  );
  const found = await run.look<{ id: number }[]>`SELECT id FROM messages WHERE id = ANY(${answers}::bigint[])`;
  const has = new Set(found.map(({ id }) => id));
  return [...twice, ...answers.filter((id) => !has.has(id)).map((id) => `answer ${id} was let in, and is in no thread`)];
}

/** What the business said one after the other stands so. */
function inOrder(run: Run): string[] {
  return present(run).flatMap((chat) => {
    const place = new Map([...chat.shown.keys()].map((id, i) => [fromHex24(id)!, i]));
    const own = run.done.filter(({ step, state }) => step.room === 'live' && step.what === 'answer' && state === 'done' && chatsOf.get(run)![Number(step['chat'])] === chat);
    return own.flatMap((one) =>
      own.flatMap((other) => {
        if (one.atMs >= other.begunMs) return [];
        const last = Math.max(...(one.result as number[]).map((id) => place.get(id) ?? -1));
        const first = Math.min(...(other.result as number[]).map((id) => place.get(id) ?? Infinity));
        return last > first ? [`chat of ${chat.contactId} shows what was said at ${other.begunMs} before what was said by ${one.atMs}`] : [];
      }),
    );
  });
}

/** No row of the channel is of somebody who is gone. */
async function ofNobody({ look }: Run): Promise<string[]> {
  const rows = await look<{ what: string; id: number }[]>`
    SELECT 'live_heads' AS what, contact_id AS id FROM live_heads h WHERE NOT EXISTS (SELECT FROM contacts c WHERE c.id = h.contact_id)
    UNION SELECT 'live_log', contact_id FROM live_log l WHERE NOT EXISTS (SELECT FROM contacts c WHERE c.id = l.contact_id)`;
  return rows.map(({ what, id }) => `${what} has rows of ${id}, who is gone`);
}
