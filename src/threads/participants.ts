/**
 * A conversation as those who answer have it: whose turn it is, who takes part, and what each thing said changes about that.
 * Pure. Never sends: what reaches the contact is the outbox's.
 */
import type { Content } from '../../contract/content.ts';
import { sha256Hex } from '../base/crypto.ts';

/** Whose conversation it is: a contact's, or one within a team. */
export const THREAD_TYPES = ['contact', 'bot', 'agent', 'system'] as const;
/** The type of a thread. */
export type ThreadType = (typeof THREAD_TYPES)[number];

/** queued: somebody waits; active: somebody has taken it; closed: nobody has, and nobody waits. */
const THREAD_STATUSES = ['queued', 'active', 'closed'] as const;
/** Where a thread stands. */
type ThreadStatus = (typeof THREAD_STATUSES)[number];

/** A thread. Users and channels are named by the ids their door shows. */
export type Thread = {
  id: number;
  workspaceId: number;
  contactId: number | null;
  type: ThreadType;
  status: ThreadStatus;
  name: string;
  slug: string;
  /** The channel that a message goes through unless it names another. */
  touchpoint: string | null;
  channels: string[];
  tags: string[];
  meta: Record<string, unknown>;
  category: string | null;
  /** Of message templates that name none; null for the workspace's. */
  language: string | null;
  createdBy: string;
  createdMs: number;
  updatedMs: number;
};

/** Somebody who takes part. */
export type Participant = {
  conversationId: number;
  userId: string;
  name: string;
  role: string;
  unreadCount: number;
  inbox: boolean;
  accepted: boolean;
  active: boolean;
  createdMs: number;
  updatedMs: number;
};

/** Something posted to a thread, as it was posted; `spoken` when a message of the same id was sent or heard. */
export type ThreadPost = {
  id: number;
  conversationId: number;
  workspaceId: number;
  type: string;
  role: 'contact' | 'agent' | 'bot';
  userId: string;
  spoken: boolean;
  wire: Record<string, unknown>;
  atMs: number;
  /** When its delay is over, by the workspace's clock; null once it has happened. */
  dueMs: number | null;
  /** What is to be said then, where it is to be said to the contact. */
  heldContent: Content | null;
};

/** What a command does to a thread. */
export type Command =
  | { kind: 'accept' | 'join' | 'leave' }
  | { kind: 'assign'; users: readonly string[] }
  | { kind: 'notify'; channels: readonly string[] }
  | { kind: 'set'; key: string; value: string }
  | { kind: 'none' };

/** A thread with those who take part. Changed in place by the rules below. */
export type Table = { thread: Thread; participants: Participant[] };

/** Who acts. */
export type Actor = { userId: string; name: string; role: string };

/** What a command's text asks for (api/web1on1.md §B.6); `none` for one that is another's, such as a bot's own. */
export function readCommand(text: string, meta: Readonly<Record<string, unknown>>): Command {
  const [word = '', key = '', ...rest] = text.trim().split(/\s+/);
  switch (word.toLowerCase()) {
    case '/accept':
      return { kind: 'accept' };
    case '/join':
      return { kind: 'join' };
    // Seen in no source, but asked for: closing is what leaving does.
    case '/leave':
    case '/close':
      return { kind: 'leave' };
    case '/assign':
      return { kind: 'assign', users: textsOf(meta['users']) };
    case '/notify':
      return { kind: 'notify', channels: [...textsOf(meta['channels']), ...textsOf(meta['organizations'])] };
    case '/set':
      return key === '' ? { kind: 'none' } : { kind: 'set', key, value: rest.join(' ') };
    default:
      return { kind: 'none' };
  }
}

/** A language code, such as nl or nl_NL (W18). */
export const LANGUAGE = /^[a-z]{2,3}([_-][A-Za-z]{2,4})?$/;

/** Whom a command speaks of, beside the one who gives it. `inbox` is the channel that is told when none is named. */
type Around = { inbox: string; nameOf: (userId: string) => string };

/** Carries a command out. Returns the channels that are to be told that somebody waits. */
export function obey(table: Table, actor: Actor, command: Command, nowMs: number, around: Around): string[] {
  const { thread } = table;
  thread.updatedMs = nowMs;
  switch (command.kind) {
    case 'accept':
      take(table, actor, nowMs);
      return [];
    case 'join':
      change(table, actor, nowMs, { active: true, unreadCount: 0 });
      return [];
    case 'leave':
      leave(table, actor, nowMs);
      return [];
    case 'assign':
      for (const userId of command.users)
        change(table, { userId, name: around.nameOf(userId), role: 'agent' }, nowMs, { inbox: true });
      return [];
    case 'notify':
      return queue(thread, command.channels.length > 0 ? command.channels : [around.inbox]);
    case 'set':
      set(thread, command.key, command.value);
      return [];
    case 'none':
      return [];
  }
}

/** Something was said in the contact's hearing by somebody of the business: who says it takes the conversation over (W31). */
export function speak(table: Table, actor: Actor, touchpoint: string, nowMs: number): void {
  table.thread.touchpoint ??= touchpoint;
  take(table, actor, nowMs);
  note(table, actor.userId, nowMs);
}

/** Something was said that others have not read. */
export function note(table: Table, byUserId: string, nowMs: number): void {
  table.thread.updatedMs = nowMs;
  for (const one of table.participants) {
    if (one.userId === byUserId) one.unreadCount = 0;
    else one.unreadCount += 1;
    one.updatedMs = nowMs;
  }
}

function take(table: Table, actor: Actor, nowMs: number): void {
  change(table, actor, nowMs, { active: true, accepted: true, inbox: false, unreadCount: 0 });
  table.thread.status = 'active';
  table.thread.channels = [];
  table.thread.updatedMs = nowMs;
}

/** The last one who had accepted it closes it. */
function leave({ thread, participants }: Table, { userId }: Actor, nowMs: number): void {
  const one = participants.find((participant) => participant.userId === userId);
  if (one) Object.assign(one, { active: false, accepted: false, inbox: false, updatedMs: nowMs });
  if (participants.some(({ accepted }) => accepted)) return;
  thread.status = 'closed';
  thread.channels = [];
}

function queue(thread: Thread, channels: readonly string[]): string[] {
  if (thread.status === 'closed') thread.status = 'queued';
  thread.channels = [...new Set([...thread.channels, ...channels])];
  return [...new Set(channels)];
}

/** `@name` is a field of the thread itself; only those that are the caller's to set. */
function set(thread: Thread, key: string, value: string): void {
  if (!key.startsWith('@')) {
    if (value === '') delete thread.meta[key];
    else thread.meta[key] = value;
  } else if (key === '@category') thread.category = value || null;
  else if (key === '@name' && value !== '') thread.name = value;
  else if (key === '@language' && (value === '' || LANGUAGE.test(value))) thread.language = value || null;
}

function change(table: Table, actor: Actor, nowMs: number, flags: Partial<Participant>): void {
  const one = table.participants.find(({ userId }) => userId === actor.userId);
  if (one) Object.assign(one, flags, { updatedMs: nowMs });
  else
    table.participants.push({
      conversationId: table.thread.id,
      ...actor,
      unreadCount: 0,
      inbox: false,
      accepted: false,
      active: false,
      createdMs: nowMs,
      updatedMs: nowMs,
      ...flags,
    });
}

function textsOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === 'string');
}

/** A thread as it is before anybody did anything about it. */
export function newThread(
  begin: Pick<Thread, 'id' | 'workspaceId' | 'contactId' | 'createdBy' | 'createdMs'> & Partial<Thread>,
): Thread {
  return {
    type: 'contact',
    status: 'closed',
    name: madeUpName(begin.id),
    slug: slugOf(begin.id),
    touchpoint: null,
    channels: [],
    tags: [],
    meta: {},
    category: null,
    language: null,
    updatedMs: begin.createdMs,
    ...begin,
  };
}

/** Nine capital letters and digits that follow from the id. */
function slugOf(id: number): string {
  const mixed = BigInt(`0x${sha256Hex(`slug ${id}`).slice(0, 16)}`) % 36n ** 9n;
  return mixed.toString(36).toUpperCase().padStart(9, '0');
}

const FIRST = ['Fimble', 'Wobble', 'Tinker', 'Pepper', 'Marble', 'Bramble', 'Nimble', 'Puddle'];
const MIDDLE = ['wick', 'dell', 'foot', 'bean', 'shaw', 'kin', 'ton', 'mere'];
const LAST = ['Fast', 'Quick', 'Merry', 'Copper', 'Silver', 'Honey', 'Thistle', 'Clover'];
const END = ['fuzz', 'leaf', 'brook', 'whistle', 'button', 'field', 'stone', 'feather'];

function madeUpName(id: number): string {
  const mixed = Number.parseInt(sha256Hex(`name ${id}`).slice(0, 8), 16);
  const pick = (words: readonly string[], shift: number) => words[(mixed >>> shift) % words.length]!;
  return `${pick(FIRST, 0)}${pick(MIDDLE, 3)} ${pick(LAST, 6)}${pick(END, 9)}`;
}
