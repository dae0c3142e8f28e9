/**
 * What is new in the inbox, for the operators who are connected to this process. News say only where to look; what is told is read from
 * the store, once for all who have the workspace open, and carries the new state. What was told last is kept for a while, so that who
 * comes back soon misses nothing; who comes back later is told to look again, as is everybody who may have missed something.
 */
import type { ConsoleEvent, ConsoleServerFrame, Presence, Shared } from '../../../contract/consoleLive.ts';
import { randomToken } from '../../base/crypto.ts';
import { bell, type Part } from '../../base/lifecycle.ts';
import { pause } from '../../base/clock.ts';
import { toHex24 } from '../../base/ids.ts';
import { conversationsOf } from '../../conversations/conversations.ts';
import type { NewsHeard, News } from '../../live/notices.ts';
import { operatorNames, operatorOf } from '../console/inbox/shown.ts';
import type { HttpContext } from '../kit/context.ts';
import { eventsOf } from './events.ts';
import { givenTold } from './given.ts';
import { goneTold } from './gone.ts';

/** A page that is told what happens in a workspace. */
export type Listener = {
  readonly workspaceId: number;
  readonly operatorId: number;
  send(frame: ConsoleServerFrame): void;
};

/** The pages that are connected to this process. */
export type ConsoleHub = Part & {
  /** Lets a page listen, from a cursor on where that is known; the welcome goes first. */
  join(listener: Listener, version: number, cursor: string | undefined): void;
  leave(listener: Listener): void;
  /** Tells of an operator what he does, here and in other processes. */
  present(who: { workspaceId: number; contactId: number; operatorId: number }, as: Presence): void;
  stopping: AbortSignal;
};

type Deps = Pick<HttpContext, 'sql' | 'clock' | 'log' | 'notices'> & {
  onNews(listener: (news: readonly NewsHeard[]) => void): void;
};

/** Events that are kept of a workspace for who comes back. */
const MOST_KEPT = 500;
/** Entries and conversations that are read at a time. */
const MOST_AT_ONCE = 200;
/** What comes within so long is told together: an answer is several news. */
const GATHER_MS = 15;
const AFTER_ERROR_MS = 250;
/** A workspace that nobody has open is forgotten after so long. */
const LINGER_MS = 60_000;

/** What is open of a workspace, and what of it is to be looked at. */
type Open = {
  /** Another after every start of listening: cursors of before say nothing. */
  epoch: string;
  listeners: Set<Listener>;
  /** `to`: whom alone it is for. */
  kept: { n: number; event: ConsoleEvent; to?: ReadonlySet<number> }[];
  n: number;
  /** Contacts, each with the entries that are new. */
  changed: Map<number, Set<number>>;
};

/** The hub of this process. */
export function createConsoleHub(deps: Deps): ConsoleHub {
  const open = new Map<number, Open>();
  const stop = new AbortController();
  const rung = bell();
  let running: Promise<unknown> = Promise.resolve();
  const hear = (news: readonly NewsHeard[]) => {
    for (const one of news)
      if (one.kind === 'missed') for (const there of open.values()) reset(there);
      else if (one.kind === 'inbox') mark(open.get(one.workspaceId), one);
      else if (one.kind === 'devices') tellPassing(open.get(one.workspaceId), { kind: 'devices' });
      else if (one.kind === 'person')
        tellPassing(open.get(one.workspaceId), { kind: 'person', contactId: toHex24(one.contactId) });
      else if (one.kind === 'shared') tellShared(open.get(one.workspaceId), one.what);
      else if (one.kind === 'gone')
        void tellRead(deps, open.get(one.workspaceId), 'that somebody is gone', () => goneTold(deps, one));
      else if (one.kind === 'given')
        void tellRead(deps, open.get(one.workspaceId), 'what a team was given', () => givenTold(deps, one));
      else if (one.kind === 'operator') void tellPresence(deps, open.get(one.workspaceId), one);
    if ([...open.values()].some(({ changed }) => changed.size)) rung.ring();
  };
  return {
    name: 'live console',
    stopping: stop.signal,
    async start() {
      deps.onNews(hear);
      running = pump(deps, open, rung, stop.signal);
    },
    async stop() {
      stop.abort();
      rung.ring();
      await running;
    },
    join(listener, version, cursor) {
      const there = open.get(listener.workspaceId) ?? newOpen();
      open.set(listener.workspaceId, there);
      const missed = missedSince(there, cursor);
      listener.send({
        type: 'welcome',
        version,
        cursor: cursorOf(there, there.n),
        reset: missed === undefined,
      });
      for (const { n, event, to } of missed ?? [])
        if (to?.has(listener.operatorId) ?? true)
          listener.send({ type: 'event', cursor: cursorOf(there, n), event });
      there.listeners.add(listener);
    },
    leave(listener) {
      const there = open.get(listener.workspaceId);
      if (!there?.listeners.delete(listener) || there.listeners.size || stop.signal.aborted) return;
      // A page that is loaded again, or lost its line, comes back within seconds and misses nothing.
      deps.clock.after(LINGER_MS, () => {
        if (!there.listeners.size && open.get(listener.workspaceId) === there)
          open.delete(listener.workspaceId);
      });
    },
    present({ workspaceId, contactId, operatorId }, as) {
      deps.notices.send([{ kind: 'operator', workspaceId, contactId, operatorId, as: as ?? 'gone' }]);
    },
  };
}

function newOpen(): Open {
  return { epoch: randomToken(6), listeners: new Set(), kept: [], n: 0, changed: new Map() };
}

function cursorOf({ epoch }: Open, n: number): string {
  return `${epoch}.${n}`;
}

/** What came after a cursor; undefined when that cannot be said. */
function missedSince({ epoch, kept, n }: Open, cursor: string | undefined) {
  const [of, at] = cursor?.split('.') ?? [];
  const from = Number(at);
  if (of !== epoch || !Number.isSafeInteger(from) || from > n) return undefined;
  return from >= n - kept.length ? kept.filter((one) => one.n > from) : undefined;
}

function mark(there: Open | undefined, { contactId, entryId }: Extract<News, { kind: 'inbox' }>): void {
  if (!there) return;
  const entries = there.changed.get(contactId) ?? new Set<number>();
  if (entryId !== undefined) entries.add(entryId);
  there.changed.set(contactId, entries);
}

/** Contacts and entries to be read together, taken out of what is to be looked at; what is too many stays for the next. */
function takeBatch(changed: Open['changed']): [contactId: number, entryIds: Set<number>][] {
  const batch: [number, Set<number>][] = [];
  let room = MOST_AT_ONCE;
  for (const [contactId, entryIds] of changed) {
    if (batch.length === MOST_AT_ONCE || (room === 0 && entryIds.size > 0)) break;
    const taken = new Set([...entryIds].slice(0, room));
    batch.push([contactId, taken]);
    room -= taken.size;
    if (taken.size === entryIds.size) changed.delete(contactId);
    else for (const id of taken) entryIds.delete(id);
  }
  return batch;
}

async function pump(
  deps: Deps,
  open: ReadonlyMap<number, Open>,
  rung: ReturnType<typeof bell>,
  stopping: AbortSignal,
): Promise<void> {
  while (!stopping.aborted) {
    const due = [...open].filter(([, { changed }]) => changed.size);
    if (!due.length) {
      await rung.wait();
      await pause(deps.clock, GATHER_MS, stopping);
      continue;
    }
    for (const [workspaceId, there] of due) {
      const batch = takeBatch(there.changed);
      try {
        for (const event of await eventsOf(deps.sql, workspaceId, batch)) tell(there, event);
      } catch (error) {
        deps.log.warn({ error }, 'the live console could not read what is new; pages look again');
        await pause(deps.clock, AFTER_ERROR_MS, stopping);
        reset(there);
      }
    }
  }
}

/** Whoever listens may have missed something: it looks again, and goes on from here. */
function reset(there: Open): void {
  Object.assign(there, { ...newOpen(), listeners: there.listeners });
  for (const listener of there.listeners)
    listener.send({ type: 'welcome', version: 1, cursor: cursorOf(there, 0), reset: true });
}

function tell(there: Open, event: ConsoleEvent, to?: ReadonlySet<number>): void {
  there.n++;
  there.kept.push({ n: there.n, event, ...(to ? { to } : {}) });
  if (there.kept.length > MOST_KEPT) there.kept.splice(0, there.kept.length - MOST_KEPT);
  for (const listener of there.listeners)
    if (to?.has(listener.operatorId) ?? true)
      listener.send({ type: 'event', cursor: cursorOf(there, there.n), event });
}

/**
 * What is read first. Kept for who comes back, too: nothing else says that something was given and by whom, nor that somebody is gone otherwise
 * than by not being there.
 */
async function tellRead(
  { log }: Deps,
  there: Open | undefined,
  what: string,
  read: () => Promise<{ event: ConsoleEvent; to?: ReadonlySet<number> } | undefined>,
): Promise<void> {
  if (!there) return;
  try {
    const told = await read();
    if (told) tell(there, told.event, told.to);
  } catch (error) {
    log.warn({ error }, `pages could not be told ${what}`);
  }
}

/** Kept for who comes back, as what it says to look at is not looked at otherwise. */
function tellShared(there: Open | undefined, what: Shared): void {
  if (there) tell(there, { kind: 'shared', what });
}

/** Passing: who comes back looks again by itself. */
function tellPassing(there: Open | undefined, event: ConsoleEvent): void {
  for (const listener of there?.listeners ?? [])
    listener.send({ type: 'event', cursor: cursorOf(there!, there!.n), event });
}

/** Passing: it has no place among what is kept, and goes to the others only. */
async function tellPresence(
  { sql, log }: Deps,
  there: Open | undefined,
  { workspaceId, contactId, operatorId, as }: Extract<News, { kind: 'operator' }>,
): Promise<void> {
  const others = [...(there?.listeners ?? [])].filter((one) => one.operatorId !== operatorId);
  if (!there || !others.length) return;
  try {
    const [names, conversations] = await Promise.all([
      operatorNames(sql, workspaceId),
      conversationsOf(sql, [contactId]),
    ]);
    const conversation = conversations.get(contactId);
    if (!conversation || conversation.workspaceId !== workspaceId) return;
    const event: ConsoleEvent = {
      kind: 'presence',
      conversationId: toHex24(conversation.id),
      operator: operatorOf(names, operatorId),
      as: as === 'gone' ? null : as,
    };
    for (const one of others) one.send({ type: 'event', cursor: cursorOf(there, there.n), event });
  } catch (error) {
    log.debug({ error }, 'it could not be told who looks at a conversation');
  }
}
