/** The line of a tab as components have it: whether it is there, who else is in a conversation, and what is said of what comes. */
import type { QueryClient } from '@tanstack/react-query';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import {
  CONSOLE_LIVE_PATH,
  PRESENT_MS,
  type ConsoleClientFrame,
  type ConsoleEvent,
  type Presence,
} from '../../../contract/consoleLive.ts';
import type { ThreadEntry } from '../../../contract/doors/console/inbox.ts';
import { USUAL_NOTICES, type Notices } from '../../../contract/notices.ts';
import { toast } from '../ui/toasts.tsx';
import { call } from '../api/call.ts';
import { bootstrapQuery, isShort } from '../api/queries.ts';
import type { Narrowed } from './apply.ts';
import { givenWords, noticeOf } from './notices.ts';
import { applyEvent, openLine } from './line.ts';

/** Who is in a conversation, by operator; `untilMs` is when that is forgotten. */
export type Present = { id: string; name: string; as: 'looking' | 'typing'; untilMs: number };

const COUNTS_MS = 400;

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
    const sinceMs = serverNowMs(client) + aheadMs;
    const line = openLine({
      client,
      ws,
      me,
      nowMs: () => Date.now() + aheadMs,
      wallMs: Date.now,
      connect: () =>
        new WebSocket(
          new URL(CONSOLE_LIVE_PATH.replace(':workspaceId', ws), location.href.replace(/^http/, 'ws')),
        ),
      onOnline: setOnline,
      onOver: () => void call('GET', '/me').catch(() => {}),
      onEvent(event) {
        follow(client, ws, me, event);
        noticeOf({ ws, me, notices: noticesOf(client), sinceMs }, event);
      },
    });
    const seen = () => document.visibilityState === 'visible' && line.wake();
    document.addEventListener('visibilitychange', seen);
    window.addEventListener('online', line.wake);
    say = line.say;
    return () => {
      document.removeEventListener('visibilitychange', seen);
      window.removeEventListener('online', line.wake);
      line.end();
      present = {};
    };
  }, [ws, me, aheadMs, client]);
}

/** What is new is newer than this page, by the server's clock: the one on the wall here may be wrong. */
const serverNowMs = (client: QueryClient): number =>
  Date.parse(client.getQueryData(bootstrapQuery.queryKey)?.now ?? '') || Date.now();
const noticesOf = (client: QueryClient): Notices =>
  client.getQueryData(bootstrapQuery.queryKey)?.operator?.notices ?? USUAL_NOTICES;

function setOnline(is: boolean): void {
  if (online === is) return;
  online = is;
  changed();
}

/** Puts what one has just done into everything that was fetched and shows it, before the line tells of it. */
export function apply(client: QueryClient, ws: string, me: string, nowMs: number, event: ConsoleEvent): void {
  applyEvent({ client, ws, me, nowMs: () => nowMs }, event);
  follow(client, ws, me, event);
}

/** What comes of an event beside what it changes. */
function follow(client: QueryClient, ws: string, me: string, event: ConsoleEvent): void {
  if (event.kind === 'presence') return notePresence(event);
  if (event.kind === 'given') {
    const { title, text } = givenWords(event);
    if (noticesOf(client).teams) toast(`${title}: ${text}`);
    return;
  }
  if (event.kind === 'devices' || event.kind === 'person') return;
  if (event.kind === 'removed' || event.kind === 'shared') return;
  if (event.kind === 'conversation' || event.kind === 'left' || event.kind === 'gone')
    return countSoon(client, ws);
  const { type, id } = event.entry;
  void client.invalidateQueries({ queryKey: type === 'broadcast' ? [ws, 'why'] : [ws, 'why', id] });
  if (event.entry.type === 'note') noteMention(client, ws, me, event.entry);
}

/** Somebody has asked for who is signed in. */
function noteMention(
  client: QueryClient,
  ws: string,
  me: string,
  note: Extract<ThreadEntry, { type: 'note' }>,
): void {
  if (note.author.id === me || !note.mentions.some(({ id }) => id === me)) return;
  if (!noticesOf(client).mentions) return countSoon(client, ws);
  toast(`${note.author.name} mentioned you: ${note.text}`);
  countSoon(client, ws);
}

let counting = 0;
/** Counts are asked for once for all that comes at about the same time. */
function countSoon(client: QueryClient, ws: string): void {
  counting ||= window.setTimeout(() => {
    counting = 0;
    void client.invalidateQueries({ queryKey: [ws, 'counts'] });
    // Who has a tag is not told with a conversation: such a list is asked for again.
    void client.invalidateQueries({
      queryKey: [ws, 'conversations'],
      predicate: (query) => isShort(query) && (query.queryKey[3] as Narrowed).tag !== undefined,
    });
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
