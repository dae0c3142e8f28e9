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
import { SHARED, type Shared } from '../../contract/consoleLive.ts';

/** Something new. */
export type News =
  /** The log of a contact has grown. */
  | { kind: 'changed'; contactId: number }
  /** Somebody of a workspace (a hash of the name they are known by) is a contact now. */
  | { kind: 'made'; workspaceId: number; hash: number }
  | { kind: 'typing'; contactId: number; by: 'contact' | 'business'; on: boolean }
  /** A conversation of the operators' inbox has moved, or something in it (a message or a note) is new or has changed. */
  | { kind: 'inbox'; workspaceId: number; contactId: number; entryId?: number }
  /** What happened to a contact was asked for by a page; what happens to it now is told of as what happens to `ofId`: whom it became, or itself. */
  | { kind: 'shown'; workspaceId: number; contactId: number; ofId: number }
  /** A contact was erased, or has become another (`intoId`, else 0). */
  | { kind: 'gone'; workspaceId: number; contactId: number; intoId: number }
  /** Something has happened to a contact that a page shows. */
  | { kind: 'person'; workspaceId: number; contactId: number }
  /** Something on the simulated devices of a workspace is new, or has changed. */
  | { kind: 'devices'; workspaceId: number }
  /** What the operators of a workspace have in common has changed. */
  | { kind: 'shared'; workspaceId: number; what: Shared }
  /** `count` conversations were given to a team, this contact's and others'; by the operator, or by a key (0). */
  | {
      kind: 'given';
      workspaceId: number;
      contactId: number;
      teamId: number;
      operatorId: number;
      count: number;
      atMs: number;
    }
  /** An operator looks at a conversation, types in it, or has left it. */
  | {
      kind: 'operator';
      workspaceId: number;
      contactId: number;
      operatorId: number;
      as: 'looking' | 'typing' | 'gone';
    };

/** What is heard: news, and that this process has heard nothing for a moment, so that what others told meanwhile is not known here. */
export type NewsHeard = News | { kind: 'missed' };

/** Passes news between processes, this one included. */
export type Notices = Part & {
  send(news: readonly News[]): void;
  onNews(listener: (news: readonly NewsHeard[]) => void): void;
};

const CHANNEL = 'parley_live';
const COLLECT_MS = 3;
/** NOTIFY takes 8,000 bytes; a word is at most 64. */
const MOST_WORDS = 120;

/** The notices of this process; until they are started it hears its own. */
export function createNotices(deps: { sql: Sql; clock: Clock; log: Log }): Notices {
  const { sql, clock, log } = deps;
  const own = randomToken(6);
  const listeners: ((news: readonly NewsHeard[]) => void)[] = [];
  const collected = new Set<string>();
  let cancel: (() => void) | undefined;
  let listening: { unlisten(): Promise<void> } | undefined;
  const tell = (news: readonly NewsHeard[]) => {
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
      const heard = (payload: string) => {
        const [from, ...words] = payload.split(' ');
        if (from !== own) tell(words.map(readWord));
      };
      listening = await sql.listen(CHANNEL, heard, () => tell([{ kind: 'missed' }]));
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
    case 'inbox':
      return `i:${idsText(news.workspaceId, news.contactId, news.entryId ?? 0)}`;
    case 'shown':
      return `p:${idsText(news.workspaceId, news.contactId, news.ofId)}`;
    case 'gone':
      return `e:${idsText(news.workspaceId, news.contactId, news.intoId)}`;
    case 'person':
      return `h:${idsText(news.workspaceId, news.contactId)}`;
    case 'devices':
      return `d:${news.workspaceId.toString(36)}`;
    case 'shared':
      return `s:${news.workspaceId.toString(36)}:${SHARED.indexOf(news.what)}`;
    case 'given': {
      const { workspaceId, contactId, teamId, operatorId, count, atMs } = news;
      return `g:${idsText(workspaceId, contactId, teamId, operatorId, count, atMs)}`;
    }
    case 'operator':
      return `o:${idsText(news.workspaceId, news.contactId, news.operatorId)}:${news.as[0]}`;
  }
}

function idsText(...ids: number[]): string {
  return ids.map((id) => id.toString(36)).join(':');
}

function readWord(word: string): News {
  const [kind = '', ...parts] = word.split(':');
  const numbers = parts.map((part) => Number.parseInt(part, 36));
  const [id = 0, second = 0, third = 0] = numbers;
  switch (kind) {
    case 'm':
      return { kind: 'made', workspaceId: id, hash: Number(parts[1]) };
    case 't':
      return {
        kind: 'typing',
        contactId: id,
        by: parts[1] === 'contact' ? 'contact' : 'business',
        on: parts[2] === '1',
      };
    case 'i':
      return { kind: 'inbox', workspaceId: id, contactId: second, ...(third ? { entryId: third } : {}) };
    case 'p':
      return { kind: 'shown', workspaceId: id, contactId: second, ofId: third };
    case 'e':
      return { kind: 'gone', workspaceId: id, contactId: second, intoId: third };
    case 'h':
      return { kind: 'person', workspaceId: id, contactId: second };
    case 's':
      return { kind: 'shared', workspaceId: id, what: SHARED[second] ?? 'teams' };
    case 'd':
      return { kind: 'devices', workspaceId: id };
    case 'g': {
      const [operatorId = 0, count = 1, atMs = 0] = numbers.slice(3);
      return { kind: 'given', workspaceId: id, contactId: second, teamId: third, operatorId, count, atMs };
    }
    case 'o': {
      const as = parts[3] === 't' ? 'typing' : parts[3] === 'l' ? 'looking' : 'gone';
      return { kind: 'operator', workspaceId: id, contactId: second, operatorId: third, as };
    }
    default:
      return { kind: 'changed', contactId: id };
  }
}
