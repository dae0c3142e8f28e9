/**
 * The connected people of this process, and what is new for each. All that is sent after `welcome` comes from here, in the order
 * of the log: news only say where to look. An idle connection costs no statement of its own: one look every few seconds, for
 * all connected people together, finds what a lost notice would have told.
 */
import type { LiveEvent, ServerFrame } from '../../../contract/live.ts';
import { bell, type Bell, type Part } from '../../base/lifecycle.ts';
import { pause, type Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { findContactIds } from '../../contacts/contacts.ts';
import { keyOf } from '../../contacts/keys.ts';
import type { Message } from '../../conversations/message.ts';
import { messagesById } from '../../conversations/history.ts';
import type { Sql } from '../../db/pool.ts';
import { ENTRY, type LogEntry } from '../../live/entry.ts';
import { cursorText, entriesAfter, headsOf } from '../../live/log.ts';
import { noteAbsence, notePresence, PRESENCE_EVERY_MS } from '../../links/sessions.ts';
import type { NewsHeard, Notices } from '../../live/notices.ts';
import { messagesPosted } from '../../broadcasts/posted.ts';
import { postsNamed } from '../../conversations/groups/posts.ts';
import { presentEntry, type LogNames } from './present.ts';

/** A connection that is sent what happens to a contact, from a place in the log on. */
export type LiveMember = {
  readonly workspaceId: number;
  readonly contactId: number;
  /** What it was sent up to. */
  seq: number;
  /** Messages it was shown already, whose number is still to come. */
  readonly ahead: Set<number>;
  /** True while what it was sent has not left; it is passed over until `ready` is told. */
  isFull(): boolean;
  send(frame: ServerFrame): void;
  /** Its place is not in the log any more: it has to come again. */
  lost(): void;
};

/** A connection of somebody who is no contact yet. */
export type Waiter = {
  readonly workspaceId: number;
  readonly userId: string;
  arrived(contactId: number): void;
};

/** The connected people of this process. */
export type Hub = Part & {
  /** Adds a connection; false when the contact has too many. */
  join(member: LiveMember): boolean;
  leave(member: LiveMember): void;
  /** What was sent to a member has left. */
  ready(member: LiveMember): void;
  /** Adds one who is no contact yet; false when there are too many of the same. */
  wait(waiter: Waiter): boolean;
  unwait(waiter: Waiter): void;
  /** True once it was stopped, or will be. */
  stopping: AbortSignal;
};

/** Connections of one person to one process. */
const MOST_TABS = 20;
/** How often all are looked at. */
const LOOK_MS = 5_000;
const CONTACTS_A_TIME = 200;
const LOOKED_AT_A_TIME = 2_000;
const ENTRIES_A_TIME = 50;
const AFTER_ERROR_MS = 250;

type Deps = { sql: Sql; clock: Clock; log: Log; notices: Pick<Notices, 'onNews'> };

/** Who is connected, and what is to be looked at. */
type Register = {
  rooms: Map<number, Set<LiveMember>>;
  waiting: Map<string, Set<Waiter>>;
  changed: Set<number>;
  rung: Bell;
  /** There may be something new for a contact. */
  mark: (contactId: number) => void;
};

/** The hub of this process. */
export function createHub(deps: Deps): Hub {
  const register = createRegister();
  const { rooms, waiting, mark, rung } = register;
  const stop = new AbortController();
  let running: Promise<unknown> = Promise.resolve();
  const noteHere = presenceNotes(deps);
  deps.notices.onNews((news) => {
    for (const one of news) hear(deps, register, one);
  });
  return {
    name: 'live channel',
    stopping: stop.signal,
    async start() {
      running = Promise.all([pump(deps, register, stop.signal), watch(deps, register, stop.signal)]);
    },
    async stop() {
      stop.abort();
      rung.ring();
      await running;
    },
    join(member) {
      const room = rooms.get(member.contactId) ?? new Set();
      if (room.size >= MOST_TABS) return false;
      if (!room.size) noteHere(member.contactId);
      rooms.set(member.contactId, room.add(member));
      mark(member.contactId);
      return true;
    },
    leave(member) {
      const room = rooms.get(member.contactId);
      if (!room?.delete(member) || room.size) return;
      rooms.delete(member.contactId);
      if (!stop.signal.aborted)
        void look(deps, () => noteAbsence(deps.sql, member.contactId, deps.clock.nowMs()));
    },
    ready: (member) => mark(member.contactId),
    wait(waiter) {
      const key = keyOfWaiter(waiter);
      const list = waiting.get(key) ?? new Set();
      if (list.size >= MOST_TABS) return false;
      waiting.set(key, list.add(waiter));
      return true;
    },
    unwait(waiter) {
      const key = keyOfWaiter(waiter);
      const list = waiting.get(key);
      if (list?.delete(waiter) && !list.size) waiting.delete(key);
    },
  };
}

/** Notes who has come: one statement at a time, and who comes meanwhile is in the next. */
function presenceNotes(deps: Deps): (contactId: number) => void {
  const came = new Set<number>();
  let isNoting = false;
  const run = async () => {
    isNoting = true;
    while (came.size) {
      const contactIds = [...came];
      came.clear();
      await look(deps, () => notePresence(deps.sql, contactIds, deps.clock.nowMs()));
    }
    isNoting = false;
  };
  return (contactId) => {
    came.add(contactId);
    if (!isNoting) void run();
  };
}

function createRegister(): Register {
  const rooms = new Map<number, Set<LiveMember>>();
  const changed = new Set<number>();
  const rung = bell();
  return {
    rooms,
    waiting: new Map(),
    changed,
    rung,
    mark(contactId) {
      if (!rooms.has(contactId)) return;
      changed.add(contactId);
      rung.ring();
    },
  };
}

/** Sends what is new, as it is marked. */
async function pump(deps: Deps, register: Register, stopping: AbortSignal): Promise<void> {
  const { changed, rung, rooms, mark } = register;
  while (!stopping.aborted) {
    if (!changed.size) {
      await rung.wait();
      continue;
    }
    const batch = [...changed].slice(0, CONTACTS_A_TIME);
    for (const contactId of batch) changed.delete(contactId);
    try {
      for (const contactId of await forward(deps, rooms, batch)) mark(contactId);
    } catch (error) {
      deps.log.warn({ error }, 'the live channel could not read what is new; trying again');
      for (const contactId of batch) mark(contactId);
      await pause(deps.clock, AFTER_ERROR_MS, stopping);
    }
  }
}

/** Looks for what no notice told, every few seconds, and notes who is here: answers go to the web chat while they are. */
async function watch(deps: Deps, { rooms, waiting, mark }: Register, stopping: AbortSignal): Promise<void> {
  for (let n = 1; ; n++) {
    await pause(deps.clock, LOOK_MS, stopping);
    if (stopping.aborted) return;
    if (n % (PRESENCE_EVERY_MS / LOOK_MS) === 0)
      await look(deps, () => notePresence(deps.sql, [...rooms.keys()], deps.clock.nowMs()));
    await look(deps, () => findChanged(deps, rooms, mark));
    await look(deps, () =>
      meet(
        deps,
        [...waiting.values()].flatMap((list) => [...list]),
      ),
    );
  }
}

/** Looks, and may fail: the next look finds the same. */
async function look(deps: Deps, work: () => Promise<void>): Promise<void> {
  await work().catch((error: unknown) =>
    deps.log.debug({ error }, 'the live channel could not look what is new, or note who is here'),
  );
}

/** The hash by which processes tell each other of somebody who is a contact now. */
export function hashOf(who: { workspaceId: number; userId: string }): number {
  return keyOf(who.workspaceId, { kind: 'external', value: who.userId }).hash;
}

function keyOfWaiter(who: Waiter): string {
  return `${who.workspaceId}|${hashOf(who)}`;
}

function hear(deps: Deps, { rooms, waiting, mark }: Register, news: NewsHeard): void {
  switch (news.kind) {
    case 'changed':
      return mark(news.contactId);
    case 'made': {
      const list = waiting.get(`${news.workspaceId}|${news.hash}`);
      if (list) void look(deps, () => meet(deps, [...list]));
      return;
    }
    case 'typing':
      for (const member of rooms.get(news.contactId) ?? [])
        if (!member.isFull()) tell(member, { kind: 'typing', by: news.by, on: news.on });
      return;
    // It looks by itself, every few seconds.
    case 'missed':
    // Of operators.
    case 'inbox':
    case 'operator':
    case 'shown':
    case 'person':
    case 'gone':
    case 'shared':
    case 'given':
    case 'devices':
  }
}

/** Sends what is new to contacts' connections, up to a bound each; returns the contacts for which there may be more. */
async function forward(
  { sql }: Deps,
  rooms: ReadonlyMap<number, ReadonlySet<LiveMember>>,
  contactIds: readonly number[],
): Promise<number[]> {
  // A connection that is full has its place kept; it goes on from there when it is ready.
  const open = contactIds.flatMap((contactId) => {
    const members = [...(rooms.get(contactId) ?? [])].filter((member) => !member.isFull());
    return members.length ? [{ contactId, members }] : [];
  });
  if (!open.length) return [];
  const after = open.map(({ contactId, members }) => ({
    contactId,
    seq: Math.min(...members.map(({ seq }) => seq)),
  }));
  const entries = await entriesAfter(sql, after, ENTRIES_A_TIME);
  const named = await namedIn(sql, open, entries);
  const more: number[] = [];
  for (const { contactId, members } of open) {
    const list = entries.get(contactId) ?? [];
    if (list.length === ENTRIES_A_TIME) more.push(contactId);
    for (const member of members) if (rooms.get(contactId)?.has(member)) sendTo(member, list, named);
  }
  return more;
}

/** What entries name: messages of the workspaces, and what was posted. */
async function namedIn(
  sql: Sql,
  open: readonly { contactId: number; members: readonly LiveMember[] }[],
  entries: ReadonlyMap<number, readonly LogEntry[]>,
): Promise<LogNames> {
  const posts = [...entries.values()].flat().filter(({ kind }) => kind === ENTRY.post);
  const idsOf = (detail: number) => [
    ...new Set(posts.filter((entry) => entry.detail === detail).map(({ messageId }) => messageId!)),
  ];
  const [messages, inGroups, posted] = await Promise.all([
    messagesOf(sql, open, entries),
    postsNamed(sql, idsOf(0)),
    messagesPosted(sql, idsOf(1)),
  ]);
  return { messages, posts: inGroups, posted };
}

async function messagesOf(
  sql: Sql,
  open: readonly { contactId: number; members: readonly LiveMember[] }[],
  entries: ReadonlyMap<number, readonly LogEntry[]>,
): Promise<Map<number, Message>> {
  const found = new Map<number, Message>();
  for (const [workspaceId, list] of Map.groupBy(open, ({ members }) => members[0]!.workspaceId)) {
    const ids = list
      .flatMap(({ contactId }) => entries.get(contactId) ?? [])
      .flatMap(({ kind, messageId }) => (kind === ENTRY.message ? [messageId!] : []));
    if (!ids.length) continue;
    for (const message of await messagesById(sql, workspaceId, ids)) found.set(message.id, message);
  }
  return found;
}

function sendTo(member: LiveMember, entries: readonly LogEntry[], named: LogNames): void {
  for (const entry of entries) {
    if (entry.seq <= member.seq) continue;
    if (entry.seq > member.seq + 1) return member.lost();
    // Its place is kept, and all that follows waits with it.
    if (member.isFull()) return;
    member.seq = entry.seq;
    if (entry.kind === ENTRY.message && member.ahead.delete(entry.messageId!)) continue;
    const event = presentEntry(entry, named);
    if (event) tell(member, event);
  }
}

function tell(member: LiveMember, event: LiveEvent): void {
  member.send({ type: 'event', cursor: cursorText({ ...member, ahead: [...member.ahead] }), event });
}

async function findChanged(
  { sql }: Deps,
  rooms: ReadonlyMap<number, ReadonlySet<LiveMember>>,
  mark: (contactId: number) => void,
): Promise<void> {
  const all = [...rooms.keys()];
  for (let from = 0; from < all.length; from += LOOKED_AT_A_TIME)
    for (const { contactId, seq } of await headsOf(sql, all.slice(from, from + LOOKED_AT_A_TIME)))
      if ([...(rooms.get(contactId) ?? [])].some((member) => member.seq < seq)) mark(contactId);
}

/** Tells those who are contacts by now. */
async function meet({ sql }: Deps, waiters: readonly Waiter[]): Promise<void> {
  for (const [workspaceId, list] of Map.groupBy(waiters, (waiter) => waiter.workspaceId)) {
    const identities = list.map(({ userId }) => ({ kind: 'external' as const, value: userId }));
    const ids = await findContactIds(sql, workspaceId, identities);
    for (const [index, contactId] of ids.entries())
      if (contactId !== undefined) list[index]!.arrived(contactId);
  }
}
