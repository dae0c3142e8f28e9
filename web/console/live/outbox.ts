/**
 * What an operator has sent and the server has not confirmed yet. Kept across reloads, sent again when the line is back, under the same
 * name: the server keeps one of each. It is let go when the answer is seen among what was said. Each is kept by itself, as the tabs of a
 * browser share what is kept; and with whose it is, as nobody's words may go out as those of the next who signs in there.
 */
import { useSyncExternalStore } from 'react';
import type { Content } from '../../../contract/content.ts';
import type { ReplyAccepted } from '../../../contract/doors/console/inbox.ts';
import { ApiFault, call } from '../api/call.ts';
import { at } from '../api/queries.ts';

/** One answer on its way. */
export type Pending = {
  clientId: string;
  /** The operator who said it. */
  by: string;
  ws: string;
  conversationId: string;
  body: { content: Content; destinationId?: string; seenUpTo?: string };
  at: string;
  state: 'sending' | 'waiting' | 'refused';
  /** Why it was refused, in the server's words. */
  reason?: string;
  /** Another has answered meanwhile: sending all the same is a choice. */
  isStale?: boolean;
};

const KEY = 'parley.outbox.3.';
const AGAIN_MS = 3_000;
const watchers = new Set<() => void>();
let me = '';
let all: readonly Pending[] = [];

function read(key: string): Pending | undefined {
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? 'null') as Pending | null;
    if (kept?.by !== me) return undefined;
    return kept.state === 'refused' ? kept : { ...kept, state: 'waiting' };
  } catch {
    return undefined;
  }
}

function load(): readonly Pending[] {
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(KEY));
  return keys.flatMap((key) => read(key) ?? []).toSorted((a, b) => (a.at < b.at ? -1 : 1));
}

function set(next: readonly Pending[]): void {
  const gone = all.filter((one) => !next.some(({ clientId }) => clientId === one.clientId));
  const written = next.filter((one) => !all.includes(one));
  all = next;
  try {
    for (const { clientId } of gone) localStorage.removeItem(KEY + clientId);
    for (const one of written) localStorage.setItem(KEY + one.clientId, JSON.stringify(one));
  } catch {
    // A browser that keeps nothing sends all the same.
  }
  tell();
}

function tell(): void {
  for (const watcher of watchers) watcher();
}

/** What another tab has sent, or has seen to be there. */
function heard({ key, newValue }: StorageEvent): void {
  if (!key?.startsWith(KEY)) return;
  const clientId = key.slice(KEY.length);
  const known = all.find((one) => one.clientId === clientId);
  const found = newValue === null ? undefined : read(key);
  if (!found) all = all.filter((one) => one !== known);
  else if (!known) all = [...all, found];
  else return;
  tell();
}

function patch(clientId: string, change: Partial<Pending>): void {
  set(all.map((one) => (one.clientId === clientId ? { ...one, ...change } : one)));
}

/** What is on its way; filter it by conversation. */
export function useOutbox(): readonly Pending[] {
  return useSyncExternalStore(
    (watcher) => {
      watchers.add(watcher);
      return () => void watchers.delete(watcher);
    },
    () => all,
  );
}

/** Sends an answer. What is sent twice under one name is sent once. */
export function send(
  ws: string,
  conversationId: string,
  body: Pending['body'],
  clientId: string = crypto.randomUUID(),
): void {
  if (all.some((one) => one.clientId === clientId)) return;
  const pending: Pending = {
    clientId,
    by: me,
    ws,
    conversationId,
    body,
    at: new Date().toISOString(),
    state: 'sending',
  };
  set([...all, pending]);
  void attempt(pending);
}

/** Sends one that was refused again; what another has said meanwhile is taken as seen. */
export function sendAgain(clientId: string): void {
  const one = all.find((pending) => pending.clientId === clientId);
  if (!one) return;
  const { seenUpTo: _, ...body } = one.body;
  const next: Pending = { ...one, body, state: 'sending', isStale: false };
  patch(clientId, next);
  void attempt(next);
}

/** Lets one go, unsent or because it is seen. */
export function letGo(clientIds: readonly string[]): void {
  if (all.some(({ clientId }) => clientIds.includes(clientId)))
    set(all.filter(({ clientId }) => !clientIds.includes(clientId)));
}

async function attempt({ clientId, ws, conversationId, body }: Pending): Promise<void> {
  try {
    await call<ReplyAccepted>('POST', at(ws, `/conversations/${conversationId}/messages`), {
      body: { clientId, ...body },
    });
    patch(clientId, { state: 'sending' });
  } catch (error) {
    const fault = error instanceof ApiFault ? error : undefined;
    const isPassing =
      !fault ||
      fault.status === 0 ||
      fault.status >= 500 ||
      fault.code === 'in_flight' ||
      fault.status === 429;
    if (isPassing) patch(clientId, { state: 'waiting' });
    else if (fault.status === 401) patch(clientId, { state: 'waiting' });
    else patch(clientId, { state: 'refused', reason: fault.message, isStale: fault.field === 'seenUpTo' });
  }
}

/** Tries again what waits of an operator, as long as the page is there. */
export function keepSending(operatorId: string): () => void {
  me = operatorId;
  all = load();
  tell();
  const again = () => {
    for (const one of all)
      if (one.state === 'waiting') {
        patch(one.clientId, { state: 'sending' });
        void attempt(one);
      }
  };
  again();
  const timer = window.setInterval(again, AGAIN_MS);
  window.addEventListener('online', again);
  window.addEventListener('storage', heard);
  return () => {
    window.clearInterval(timer);
    window.removeEventListener('online', again);
    window.removeEventListener('storage', heard);
    all = [];
  };
}
