/**
 * The line of a tab to the server, made again by itself. What it tells is put into what the page has fetched (apply.ts); where something
 * may have been missed, all of the workspace is fetched again. Knows no component and no window: what it needs of them is given to it.
 */
import type { InfiniteData, QueryClient } from '@tanstack/query-core';
import {
  CONSOLE_ALIVE_MS,
  CONSOLE_CLOSE,
  CONSOLE_LIVE_VERSION,
  type ConsoleClientFrame,
  type ConsoleEvent,
  type ConsoleServerFrame,
  type Shared,
} from '../../../contract/consoleLive.ts';
import type {
  ConversationPage,
  ConversationWhole,
  ThreadPage,
} from '../../../contract/doors/console/inbox.ts';
import type { TeamsShown } from '../../../contract/doors/console/teams.ts';
import type { View } from '../../../contract/inboxViews.ts';
import {
  applyToConversation,
  applyToList,
  applyToThread,
  takeFromList,
  takeFromThread,
  takePersonFromList,
  type ListOf,
} from './apply.ts';
import { noteBack, noteGone, watchGone } from './gone.ts';

/** What a line needs, and whom it tells. */
export type LineOf = {
  client: QueryClient;
  ws: string;
  me: string;
  /** By the workspace's clock. */
  nowMs: () => number;
  /** By the clock on the wall, which goes on while the machine sleeps. */
  wallMs: () => number;
  connect: () => WebSocket;
  onOnline: (is: boolean) => void;
  /** The server let go of it because the session is over. */
  onOver?: () => void;
  /** Told of each event once, when what was fetched has it. */
  onEvent: (event: ConsoleEvent) => void;
};

/** A line. */
export type Line = {
  say: (frame: ConsoleClientFrame) => void;
  /** The page is seen again, or the network is back: a line that is there only in name is made anew at once. */
  wake: () => void;
  end: () => void;
};

const AGAIN_MS = [500, 1_000, 2_000, 5_000];
/** Silence after which a line is dead, whatever the browser says. */
const SILENCE_MS = CONSOLE_ALIVE_MS * 2.4;
/** The same when one comes back: who has slept has missed at least one word of it. */
const WOKEN_SILENCE_MS = CONSOLE_ALIVE_MS * 1.2;
/** What comes while something is fetched is kept for it, up to here; beyond, it is fetched once more. */
const MOST_KEPT = 1_000;

/** Opens the line of a workspace. */
export function openLine(of: LineOf): Line {
  const kept = keepWhileFetching(of);
  const endWatch = watchGone(of);
  let socket: WebSocket | undefined;
  let cursor: string | undefined;
  let tries = 0;
  let ended = false;
  let heardMs = of.wallMs();
  let timer: Timer;

  const hear = (frame: ConsoleServerFrame) => {
    if (frame.type === 'alive') return;
    cursor = frame.cursor;
    if (frame.type === 'event') {
      kept.note(frame.event);
      applyEvent(of, frame.event);
      return of.onEvent(frame.event);
    }
    tries = 0;
    of.onOnline(true);
    if (frame.reset) void of.client.invalidateQueries({ queryKey: [of.ws] });
    else {
      lookAtDevices(of);
      for (const what of OF_PERSON) void of.client.invalidateQueries({ queryKey: [of.ws, what] });
    }
  };
  const connect = () => {
    clearTimeout(timer);
    heardMs = of.wallMs();
    const made = (socket = of.connect());
    listen(made, {
      hello: () => ({
        type: 'hello',
        version: CONSOLE_LIVE_VERSION,
        ...(cursor === undefined ? {} : { cursor }),
      }),
      onFrame(frame) {
        // One that was given up may say something still; the line after it is told the same.
        if (socket !== made) return;
        heardMs = of.wallMs();
        hear(frame);
      },
      onClosed(code) {
        if (ended || socket !== made) return;
        if (code === CONSOLE_CLOSE.unauthorized) of.onOver?.();
        const waitMs = AGAIN_MS[Math.min(tries++, AGAIN_MS.length - 1)]!;
        // A line that is back at once was never seen to be away.
        if (tries > 1) of.onOnline(false);
        timer = setTimeout(connect, waitMs);
      },
    });
  };
  connect();
  return {
    say(frame) {
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
    },
    wake() {
      const isThere = socket?.readyState === WebSocket.OPEN || socket?.readyState === WebSocket.CONNECTING;
      if (ended || (isThere && of.wallMs() - heardMs < WOKEN_SILENCE_MS)) return;
      const before = socket;
      connect();
      before?.close();
    },
    end() {
      ended = true;
      clearTimeout(timer);
      kept.end();
      endWatch();
      if (socket) leave(socket);
    },
  };
}

/** A line that is let go of before it is there is an error in the browser's console: it is let go of once it is. */
function leave(socket: WebSocket): void {
  if (socket.readyState === WebSocket.CONNECTING) socket.addEventListener('open', () => socket.close());
  else socket.close();
}

type Listening = {
  hello: () => ConsoleClientFrame;
  onFrame: (frame: ConsoleServerFrame) => void;
  onClosed: (code: number) => void;
};

/** Says hello, hands on what comes, and closes one that is silent for too long. */
function listen(socket: WebSocket, { hello, onFrame, onClosed }: Listening): void {
  let silence: Timer;
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(() => socket.close(), SILENCE_MS);
  };
  socket.addEventListener('open', () => {
    heard();
    socket.send(JSON.stringify(hello()));
  });
  socket.addEventListener('message', ({ data }) => {
    heard();
    onFrame(JSON.parse(String(data)) as ConsoleServerFrame);
  });
  socket.addEventListener('close', ({ code }) => {
    clearTimeout(silence);
    onClosed(code);
  });
}

type Timer = ReturnType<typeof setTimeout> | undefined;

/** What events change, by the second part of their keys. */
const CHANGED: readonly unknown[] = ['conversations', 'conversation', 'thread'];

/**
 * What is told while something is fetched may be missing in what then comes: it is applied once more to that. Events carry the new state
 * and follow each other, so one that is in it already is none the worse.
 */
function keepWhileFetching(of: Of): { note(event: ConsoleEvent): void; end(): void } {
  let events: ConsoleEvent[] = [];
  /** How many were told before a fetch began, of those that are kept; undefined where some of them are not kept any more. */
  const begun = new Map<string, number | undefined>();
  const end = of.client.getQueryCache().subscribe((told) => {
    const { query } = told;
    if (query.queryKey[0] !== of.ws || !CHANGED.includes(query.queryKey[1])) return;
    const { queryHash, queryKey } = query;
    if (told.type === 'updated' && told.action.type === 'fetch') begun.set(queryHash, events.length);
    const isOver =
      told.type === 'removed' ||
      (told.type === 'updated' && query.state.fetchStatus === 'idle' && begun.has(queryHash));
    if (!isOver) return;
    const from = begun.get(queryHash);
    begun.delete(queryHash);
    const missed = from === undefined ? [] : events.slice(from);
    if (begun.size === 0) events = [];
    if (told.type === 'removed') return;
    if (from === undefined) void of.client.invalidateQueries({ queryKey, exact: true });
    for (const event of missed) applyEvent(of, event);
  });
  return {
    note(event) {
      if (begun.size === 0) return;
      events.push(event);
      if (events.length <= MOST_KEPT) return;
      for (const hash of begun.keys()) begun.set(hash, undefined);
      events = [];
    },
    end,
  };
}

type Of = Pick<LineOf, 'client' | 'ws' | 'me' | 'nowMs'>;

/** What simulated devices hold is asked for again, where it is shown, and which there are: the first call makes a phone of a number. */
function lookAtDevices({ client, ws }: Pick<Of, 'client' | 'ws'>): void {
  for (const what of ['device', 'devices', 'directory'])
    void client.invalidateQueries({ queryKey: [ws, what] });
}

/** What is fetched of a person and told of in passing, by the second part of the keys; the third is whose. */
const OF_PERSON = ['timeline', 'about', 'contact'] as const;
/** What happens to one person at about the same time is asked for once, for each page that is loaded of it. */
const PERSON_MS = 300;
type Looking = Map<string, { again: boolean }>;
const lookingAt = new WeakMap<QueryClient, Looking>();

/** What a person's own page shows is asked for again where it is open: soon, and once more where something happened since it was asked. */
async function lookAtPerson({ client, ws }: Pick<Of, 'client' | 'ws'>, contactId: string): Promise<void> {
  const looking: Looking = lookingAt.get(client) ?? new Map();
  lookingAt.set(client, looking);
  const shown = client.getQueryCache().findAll({ queryKey: [ws, OF_PERSON[0], contactId], type: 'active' });
  const known = looking.get(contactId);
  if (known) known.again = true;
  if (known || shown.length === 0) return;
  const state = { again: true };
  looking.set(contactId, state);
  const pages = Math.max(1, ...shown.map(({ state: { data } }) => pagesIn(data)));
  while (state.again) {
    await new Promise((done) => setTimeout(done, PERSON_MS * pages));
    state.again = false;
    await Promise.all(OF_PERSON.map((what) => client.invalidateQueries({ queryKey: [ws, what, contactId] })));
  }
  looking.delete(contactId);
}

const pagesIn = (data: unknown): number =>
  (data as { pages?: readonly unknown[] } | undefined)?.pages?.length ?? 0;

/** What is fetched of what operators have in common, and what hangs on it: by the second part of the keys. */
const SHOWS: Readonly<Record<Shared, readonly string[]>> = {
  views: ['saved-views'],
  // Which teams one is in says what is in a view, and a team that is gone is with no conversation.
  teams: ['teams', 'availability', 'members', 'conversations', 'conversation', 'counts'],
  availability: ['availability'],
  replies: ['saved-replies'],
};

/** The teams that one is in, as far as that was fetched. */
function ownTeams({ client, ws, me }: Of): string[] {
  const { teams = [] } = client.getQueryData<TeamsShown>([ws, 'teams']) ?? {};
  return teams.filter(({ members }) => members.some(({ id }) => id === me)).map(({ id }) => id);
}

/** Puts an event into everything that was fetched and shows it. */
export function applyEvent(of: Of, event: ConsoleEvent): void {
  const { client, ws, me, nowMs } = of;
  if (event.kind === 'presence' || event.kind === 'given') return;
  if (event.kind === 'devices') return lookAtDevices({ client, ws });
  if (event.kind === 'person') return void lookAtPerson({ client, ws }, event.contactId);
  if (event.kind === 'shared') {
    for (const what of SHOWS[event.what]) void client.invalidateQueries({ queryKey: [ws, what] });
    return;
  }
  if (event.kind === 'entry') {
    client.setQueryData<InfiniteData<ThreadPage>>([ws, 'thread', event.conversationId], (data) =>
      data ? { ...data, pages: applyToThread(data.pages, event.entry) } : data,
    );
    return;
  }
  if (event.kind === 'removed') {
    client.setQueryData<InfiniteData<ThreadPage>>([ws, 'thread', event.conversationId], (data) =>
      data ? { ...data, pages: takeFromThread(data.pages, event.messageId) } : data,
    );
    return;
  }
  if (event.kind === 'gone') {
    const { contactId, became } = event;
    noteGone(of, contactId, became ? { how: 'became', became } : { how: 'erased' });
    client.setQueriesData<InfiniteData<ConversationPage>>({ queryKey: [ws, 'conversations'] }, (data) =>
      data ? { ...data, pages: takePersonFromList(data.pages, contactId) } : data,
    );
    return;
  }
  if (event.kind === 'left') {
    client.setQueriesData<InfiniteData<ConversationPage>>({ queryKey: [ws, 'conversations'] }, (data) =>
      data ? { ...data, pages: takeFromList(data.pages, event.conversationId) } : data,
    );
    return;
  }
  const { conversation } = event;
  noteBack(of, conversation.id);
  const teams = ownTeams(of);
  for (const [key] of client.getQueriesData<InfiniteData<ConversationPage>>({
    queryKey: [ws, 'conversations'],
  })) {
    const [, , view, filter] = key as [string, string, View, ListOf['filter']];
    client.setQueryData<InfiniteData<ConversationPage>>(key, (data) =>
      data
        ? {
            ...data,
            pages: applyToList(data.pages, { view, me, teams, nowMs: nowMs(), filter }, conversation),
          }
        : data,
    );
  }
  client.setQueryData<ConversationWhole>([ws, 'conversation', conversation.id], (whole) =>
    whole ? applyToConversation(whole, conversation) : whole,
  );
}
