/**
 * The line to the server: one for each tab and workspace, made again by itself. What it tells is put into what the page has fetched
 * (apply.ts); where something may have been missed, what is shown is fetched again.
 */
import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import {
  CONSOLE_ALIVE_MS,
  CONSOLE_LIVE_PATH,
  CONSOLE_LIVE_VERSION,
  PRESENT_MS,
  type ConsoleClientFrame,
  type ConsoleEvent,
  type ConsoleServerFrame,
  type Presence,
} from '../../../contract/consoleLive.ts';
import type {
  ConversationPage,
  ConversationWhole,
  ThreadEntry,
  ThreadPage,
} from '../../../contract/doors/console/inbox.ts';
import type { View } from '../../../contract/inboxViews.ts';
import { toast } from '../ui/toasts.tsx';
import { applyToConversation, applyToList, applyToThread } from './apply.ts';

/** Who is in a conversation, by operator; `untilMs` is when that is forgotten. */
export type Present = { id: string; name: string; as: 'looking' | 'typing'; untilMs: number };

const AGAIN_MS = [500, 1_000, 2_000, 5_000];
/** Silence after which a line is dead, whatever the browser says. */
const SILENCE_MS = CONSOLE_ALIVE_MS * 2.4;
const COUNTS_MS = 400;

type Line = { socket?: WebSocket; cursor?: string; tries: number; ended: boolean; timers: Set<number> };

let online = true;
let present: Readonly<Record<string, readonly Present[]>> = {};
const watchers = new Set<() => void>();
const subscribe = (watcher: () => void) => {
  watchers.add(watcher);
  return () => void watchers.delete(watcher);
};
const changed = () => {
  for (const watcher of watchers) watcher();
};
let say: (frame: ConsoleClientFrame) => void = () => {};

/** True while the line is there. */
export function useOnline(): boolean {
  return useSyncExternalStore(subscribe, () => online);
}

const NOBODY: readonly Present[] = [];

/** Who else looks at a conversation or types in it. */
export function usePresent(conversationId: string): readonly Present[] {
  return useSyncExternalStore(subscribe, () => present[conversationId] ?? NOBODY);
}

/** Tells the others what one does with a conversation. */
export function sayPresent(conversationId: string, as: Presence): void {
  say({ type: 'present', conversationId, as });
}

/** Keeps the line of a workspace while the page is there. */
export function useLive(ws: string, me: string, aheadMs: number): void {
  const client = useQueryClient();
  useEffect(() => {
    const line: Line = { tries: 0, ended: false, timers: new Set() };
    const nowMs = () => Date.now() + aheadMs;
    const again = () => {
      if (!line.ended && line.socket?.readyState !== WebSocket.OPEN) connect(line, ws, client, me, nowMs);
    };
    const seen = () => document.visibilityState === 'visible' && again();
    connect(line, ws, client, me, nowMs);
    document.addEventListener('visibilitychange', seen);
    window.addEventListener('online', again);
    say = (frame) => {
      if (line.socket?.readyState === WebSocket.OPEN) line.socket.send(JSON.stringify(frame));
    };
    return () => {
      line.ended = true;
      document.removeEventListener('visibilitychange', seen);
      window.removeEventListener('online', again);
      for (const timer of line.timers) window.clearTimeout(timer);
      line.socket?.close();
      present = {};
    };
  }, [ws, me, aheadMs, client]);
}

function connect(line: Line, ws: string, client: QueryClient, me: string, nowMs: () => number): void {
  if (line.socket && line.socket.readyState === WebSocket.CONNECTING) return;
  const url = new URL(CONSOLE_LIVE_PATH.replace(':workspaceId', ws), location.href.replace(/^http/, 'ws'));
  const socket = new WebSocket(url);
  line.socket = socket;
  let silence = 0;
  const heard = () => {
    window.clearTimeout(silence);
    silence = window.setTimeout(() => socket.close(), SILENCE_MS);
  };
  socket.addEventListener('open', () => {
    heard();
    socket.send(
      JSON.stringify({
        type: 'hello',
        version: CONSOLE_LIVE_VERSION,
        ...(line.cursor ? { cursor: line.cursor } : {}),
      }),
    );
  });
  socket.addEventListener('message', ({ data }) => {
    heard();
    const frame = JSON.parse(String(data)) as ConsoleServerFrame;
    if (frame.type === 'alive') return;
    line.cursor = frame.cursor;
    if (frame.type === 'event') return apply(client, ws, me, nowMs(), frame.event);
    line.tries = 0;
    setOnline(true);
    if (frame.reset) void client.invalidateQueries({ queryKey: [ws] });
  });
  socket.addEventListener('close', () => {
    window.clearTimeout(silence);
    if (line.ended || line.socket !== socket) return;
    const wait = AGAIN_MS[Math.min(line.tries++, AGAIN_MS.length - 1)]!;
    // A line that is back at once was never seen to be away.
    if (line.tries > 1) setOnline(false);
    const timer = window.setTimeout(() => {
      line.timers.delete(timer);
      if (!line.ended) connect(line, ws, client, me, nowMs);
    }, wait);
    line.timers.add(timer);
  });
}

function setOnline(is: boolean): void {
  if (online === is) return;
  online = is;
  changed();
}

/** Puts an event into everything that was fetched and shows it. */
export function apply(client: QueryClient, ws: string, me: string, nowMs: number, event: ConsoleEvent): void {
  if (event.kind === 'presence') return notePresence(event);
  if (event.kind === 'entry') {
    client.setQueryData<InfiniteData<ThreadPage>>([ws, 'thread', event.conversationId], (data) =>
      data ? { ...data, pages: applyToThread(data.pages, event.entry) } : data,
    );
    void client.invalidateQueries({ queryKey: [ws, 'why', event.entry.id] });
    if (event.entry.type === 'note') noteMention(client, ws, me, event.entry);
    return;
  }
  const { conversation } = event;
  for (const [key] of client.getQueriesData<InfiniteData<ConversationPage>>({
    queryKey: [ws, 'conversations'],
  })) {
    const [, , view, filter] = key as [
      string,
      string,
      View,
      { q?: string; channel?: string; unread?: boolean },
    ];
    client.setQueryData<InfiniteData<ConversationPage>>(key, (data) =>
      data ? { ...data, pages: applyToList(data.pages, { view, me, nowMs, filter }, conversation) } : data,
    );
  }
  client.setQueryData<ConversationWhole>([ws, 'conversation', conversation.id], (whole) =>
    whole ? applyToConversation(whole, conversation) : whole,
  );
  countSoon(client, ws);
}

/** Somebody has asked for who is signed in. */
function noteMention(
  client: QueryClient,
  ws: string,
  me: string,
  note: Extract<ThreadEntry, { type: 'note' }>,
): void {
  if (note.author.id === me || !note.mentions.some(({ id }) => id === me)) return;
  toast(`${note.author.name} mentioned you: ${note.text}`);
  countSoon(client, ws);
}

let counting = 0;
/** Counts are asked for once for all that comes at about the same time. */
function countSoon(client: QueryClient, ws: string): void {
  counting ||= window.setTimeout(() => {
    counting = 0;
    void client.invalidateQueries({ queryKey: [ws, 'counts'] });
  }, COUNTS_MS);
}

function notePresence({ conversationId, operator, as }: Extract<ConsoleEvent, { kind: 'presence' }>): void {
  const others = (present[conversationId] ?? []).filter(({ id }) => id !== operator.id);
  const untilMs = Date.now() + PRESENT_MS;
  present = {
    ...present,
    [conversationId]: as === null ? others : [...others, { ...operator, as, untilMs }],
  };
  changed();
  window.setTimeout(() => {
    const still = (present[conversationId] ?? []).filter((one) => one.untilMs > Date.now());
    if (still.length === present[conversationId]?.length) return;
    present = { ...present, [conversationId]: still };
    changed();
  }, PRESENT_MS + 50);
}
