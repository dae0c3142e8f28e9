/**
 * The live channel: what goes over the WebSocket at `/live`, as JSON texts, one frame each. Shared by the server and the client;
 * types and plain values only, so that a browser loads nothing else with it.
 *
 * A client says `hello` first. The answer is `welcome`; after it come `event` frames, each with a cursor: the client's place in
 * what happened to this person. Who says `hello` with the last cursor it was given is sent what came after it, all of it and
 * none of it twice. A client keeps the cursor together with what it has shown, nothing else is needed.
 */
import type { Content } from './content.ts';

/** The version of this protocol; a server refuses others with `CLOSE.version`. */
export const LIVE_VERSION = 1;

/** Where the live channel is. */
export const LIVE_PATH = '/live';

/** Why the server closes a connection. After those in FATAL a client must not come back by itself. */
export const CLOSE = {
  /** The server is stopping; come back at once, another one may be there. */
  stopping: 1001,
  /** A fault of the server; come back after a pause. */
  fault: 1011,
  /** A frame that is none of this protocol. */
  malformed: 4400,
  /** The token is not good, or is not good any more. */
  unauthorized: 4401,
  /** No hello came in time. */
  silent: 4408,
  /** The client takes less than it is sent; it comes back with its cursor. */
  slow: 4413,
  /** The version is not spoken here. */
  version: 4426,
  /** Too many frames, or too many connections of one person; come back after a pause. */
  tooMany: 4429,
} as const;

/** Codes after which coming back the same way leads nowhere. */
export const FATAL: readonly number[] = [CLOSE.malformed, CLOSE.unauthorized, CLOSE.version];

/** The server says something at least this often, and takes a client that does not answer its pings for gone. */
export const ALIVE_MS = 25_000;

/** After so long without a word the connection is dead, whatever the browser says. */
export const SILENCE_MS = 60_000;

/** Largest frame a client may send. */
export const MOST_FRAME_BYTES = 64 * 1024;

/** Where a message of the business stands. */
export type LiveState = 'sent' | 'accepted' | 'delivered' | 'read' | 'failed';

/** One thing said, as the messenger shows it. Messages stand in the order of (`atMs`, `id`). */
export type LiveMessage = {
  id: string;
  from: 'contact' | 'business';
  content: Content;
  atMs: number;
  author?: { name?: string; avatarUrl?: string };
  /** What the client that said it called it. */
  clientId?: string;
  /** Of messages of the business. */
  state?: LiveState;
  /** It was posted to many, and goes one way where it is a notice. */
  posted?: 'direct' | 'notices';
};

/** One thing said in a group that the person is in. Those of a group stand in the order of `position`, which has no gap. */
export type LivePost = {
  id: string;
  groupId: string;
  position: number;
  content: Content;
  atMs: number;
  author?: { name?: string; avatarUrl?: string };
  /** The person said it. */
  own?: true;
  /** It was taken back. */
  deleted?: true;
};

/** The conversation's marks. */
export type LiveConversation = {
  started: boolean;
  unreadCount: number;
  /** Times up to which each side has read. */
  businessReadMs?: number;
  contactReadMs?: number;
};

/** What a client sends. */
export type ClientFrame =
  | { type: 'hello'; version: number; token: string; cursor?: string }
  /** Says something. `clientId` names it: said twice under one name, it is kept once. */
  | { type: 'say'; clientId: string; content: Content }
  /** Starts the conversation without saying anything. */
  | { type: 'start'; clientId: string }
  | { type: 'typing'; on: boolean }
  /** These messages of the business are here now. */
  | { type: 'got'; messageIds: string[] }
  /** Read up to this message. */
  | { type: 'read'; upTo: string }
  /** Asks for what was said before a time. */
  | { type: 'history'; beforeMs: number };

/** What happened. */
export type LiveEvent =
  | { kind: 'message'; message: LiveMessage }
  /** Of a group; where it is shown is beside the conversation. */
  | { kind: 'post'; post: LivePost }
  /** May come before its message, and before an earlier state: the furthest counts. */
  | { kind: 'state'; messageId: string; state: LiveState; atMs: number }
  | { kind: 'read'; by: 'contact' | 'business'; atMs: number }
  /** Passing: it is not sent again to who was away. */
  | { kind: 'typing'; by: 'contact' | 'business'; on: boolean };

/** What the server sends. */
export type ServerFrame =
  | {
      type: 'welcome';
      version: number;
      cursor: string;
      /** Absent while there is none: connecting makes nothing. */
      conversation?: LiveConversation;
      /**
       * The last messages, to be shown instead of all that was shown: there was no cursor, or it was too old. Absent when the
       * events after the cursor follow.
       */
      messages?: LiveMessage[];
      /** There is more before those. */
      more?: boolean;
    }
  | { type: 'event'; cursor: string; event: LiveEvent }
  /** Kept. The message itself comes as an event, before or after this. */
  | { type: 'ack'; clientId: string; messageId?: string }
  /** Not kept, and why: `field` is at fault. Saying the same again leads nowhere unless `retry`. */
  | { type: 'refused'; clientId?: string; code: string; reason: string; field?: string; retry: boolean }
  | { type: 'history'; beforeMs: number; messages: LiveMessage[]; more: boolean }
  /** Nothing happened for a while; who hears nothing for `SILENCE_MS` has lost the connection. */
  | { type: 'alive' };
