/**
 * The operators' live channel: what goes over the WebSocket at `/api/workspaces/{id}/live`, as JSON texts, one frame each. A browser's
 * cookie lets it in, and only from a page of this server.
 *
 * A client says `hello` first, with the last cursor it was given. The answer is `welcome`. Where it says `reset`, what the client shows
 * may be out of date and is fetched again, which is quick; otherwise what it missed follows. Events carry the new state of what they are
 * about, never a difference: who applies one twice, or late, is none the worse.
 */
import type { ConversationShown, ThreadEntry } from './doors/console/inbox.ts';

/**
 * The header of the console's pages (any value): with it a session opens as a cookie, and only with it a cookie counts. A page of another
 * site cannot send it.
 */
export const CONSOLE_HEADER = 'x-parley-console';

/** The version of this protocol. */
export const CONSOLE_LIVE_VERSION = 1;

/** Where it is, below a workspace. */
export const CONSOLE_LIVE_PATH = '/api/workspaces/:workspaceId/live';

/** Why the server closes a connection. */
export const CONSOLE_CLOSE = {
  stopping: 1001,
  malformed: 4400,
  /** The session is over. */
  unauthorized: 4401,
  /** Taken less than it was sent; it comes back, and is told to reset. */
  slow: 4413,
  version: 4426,
  tooMany: 4429,
} as const;

/** The server says something at least this often. */
export const CONSOLE_ALIVE_MS = 25_000;
/** Presence is forgotten after so long; who is still there says so again before. */
export const PRESENT_MS = 30_000;
/** Who has had no page connected for so long is shown as gone: a page that is loaded again, or a lost line, is no absence. */
export const GONE_MS = 5 * 60_000;
/** Whose page was asked for is told of for so long: a page that is open asks again before. */
export const SHOWN_MS = 180_000;
/** Largest frame a client may send. */
export const MOST_CONSOLE_FRAME_BYTES = 4_096;

/** What an operator does with a conversation at this moment; null: is not there any more. */
export type Presence = 'looking' | 'typing' | null;

/** What a client sends. */
export type ConsoleClientFrame =
  | { type: 'hello'; version: number; cursor?: string }
  | { type: 'present'; conversationId: string; as: Presence };

/** What operators have in common. */
export const SHARED = ['views', 'teams', 'availability', 'replies'] as const;
/** One of it. */
export type Shared = (typeof SHARED)[number];

/** Whom somebody has become; `conversationId` where they are in the inbox. */
export type Became = { id: string; name: string | null; conversationId: string | null };

/** What happened. */
export type ConsoleEvent =
  /** How a conversation stands now. */
  | { kind: 'conversation'; conversation: ConversationShown }
  /** Something in a conversation is new, or has changed (what became of it). */
  | { kind: 'entry'; conversationId: string; entry: ThreadEntry }
  /** Nothing of a conversation is in the inbox any more. */
  | { kind: 'left'; conversationId: string }
  /** Somebody was erased, or has become another: nothing is found any more under their id, nor that of their conversation. */
  | { kind: 'gone'; contactId: string; became: Became | null }
  /** Something in a conversation is not kept any more, and not to be shown. */
  | { kind: 'removed'; conversationId: string; messageId: string }
  /** Passing: something on the simulated devices is new or has changed; who shows them looks again, as does who was away. */
  | { kind: 'devices' }
  /** Passing: something has happened to somebody whose page was asked for: who shows it looks again, as does who was away. */
  | { kind: 'person'; contactId: string }
  /** What all operators have in common has changed: who shows it looks again. */
  | { kind: 'shared'; what: Shared }
  /** Conversations (`count`; one of them is named) were given to a team: told to who is in it and there, and not to who gave them. */
  | {
      kind: 'given';
      id: string;
      conversationId: string;
      contact: string | null;
      count: number;
      team: { id: string; name: string };
      /** Null: by a key. */
      by: { id: string; name: string } | null;
    }
  /** Passing: it is not sent again to who was away. */
  | {
      kind: 'presence';
      conversationId: string;
      operator: { id: string; name: string };
      as: Presence;
    };

/** What the server sends. */
export type ConsoleServerFrame =
  | { type: 'welcome'; version: number; cursor: string; reset: boolean }
  | { type: 'event'; cursor: string; event: ConsoleEvent }
  | { type: 'alive' };
