/**
 * Tells every process that something is new for a contact. Only a hint, as a wake of the queue is: what is new is in the store,
 * and whoever missed the hint finds it by looking. Sent after the commit and collected for a few milliseconds, since NOTIFY
 * inside a transaction would make commits queue on one lock.
 */
import type { Clock } from '../base/clock.ts';
import { randomToken } from '../base/crypto.ts';
import type { Part } from '../base/lifecycle.ts';
import type { Log } from '../base/log.ts';
import type { Sql } from '../db/pool.ts';

/** Something new. */
export type News =
  /** The log of a contact has grown. */
  | { kind: 'changed'; contactId: number }
  /** Somebody of a workspace (a hash of the name they are known by) is a contact now. */
  | { kind: 'made'; workspaceId: number; hash: number }
  | { kind: 'typing'; contactId: number; by: 'contact' | 'business'; on: boolean };

/** Passes news between processes, this one included. */
export type Notices = Part & {
  send(news: readonly News[]): void;
  onNews(listener: (news: readonly News[]) => void): void;
};

const CHANNEL = 'parley_live';
const COLLECT_MS = 3;
/** NOTIFY takes 8,000 bytes; a word is at most 30. */
const MOST_WORDS = 250;

/** The notices of this process. `listens` when it has sockets. */
export function createNotices(deps: { sql: Sql; clock: Clock; log: Log; listens: boolean }): Notices {
  const { sql, clock, log } = deps;
  const own = randomToken(6);
  const listeners: ((news: readonly News[]) => void)[] = [];
  const collected = new Set<string>();
  let cancel: (() => void) | undefined;
  let listening: { unlisten(): Promise<void> } | undefined;
  const tell = (news: readonly News[]) => {
    for (const listener of listeners) listener(news);
  };
  const flush = () => {
    const words = [...collected];
    collected.clear();
    cancel = undefined;
    for (let from = 0; from < words.length; from += MOST_WORDS)
      sql
        .notify(CHANNEL, `${own} ${words.slice(from, from + MOST_WORDS).join(' ')}`)
        .catch((error: unknown) => log.debug({ error }, 'news were not passed on'));
  };
  return {
    name: 'live notices',
    async start() {
      if (!deps.listens) return;
      listening = await sql.listen(CHANNEL, (payload) => {
        const [from, ...words] = payload.split(' ');
        if (from !== own) tell(words.map(readWord));
      });
    },
    async stop() {
      cancel?.();
      await listening?.unlisten().catch(() => {});
      listening = undefined;
    },
    send(news) {
      tell(news);
      for (const one of news) collected.add(wordOf(one));
      if (news.length) cancel ??= clock.after(COLLECT_MS, flush);
    },
    onNews: (listener) => void listeners.push(listener),
  };
}

function wordOf(news: News): string {
  switch (news.kind) {
    case 'changed':
      return `c:${news.contactId.toString(36)}`;
    case 'made':
      return `m:${news.workspaceId.toString(36)}:${news.hash}`;
    case 'typing':
      return `t:${news.contactId.toString(36)}:${news.by}:${news.on ? 1 : 0}`;
  }
}

function readWord(word: string): News {
  const [kind, first = '', second = '', third] = word.split(':');
  const id = Number.parseInt(first, 36);
  if (kind === 'm') return { kind: 'made', workspaceId: id, hash: Number(second) };
  if (kind === 't')
    return {
      kind: 'typing',
      contactId: id,
      by: second === 'contact' ? 'contact' : 'business',
      on: third === '1',
    };
  return { kind: 'changed', contactId: id };
}
