/**
 * The live channel: what goes over the WebSocket at `/live`, as JSON texts, one frame each. Shared by the server and the client;
 * types and plain values only, so that a browser loads nothing else with it; the frames are schemas in `doors/live.ts`.
 *
 * A client says `hello` first. The answer is `welcome`; after it come `event` frames, each with a cursor: the client's place in
 * what happened to this person. Who says `hello` with the last cursor it was given is sent what came after it, all of it and
 * none of it twice. A client keeps the cursor together with what it has shown, nothing else is needed.
 */

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

export type {
  ClientFrame,
  LiveConversation,
  LiveEvent,
  LiveMessage,
  LivePost,
  LiveState,
  ServerFrame,
} from './doors/live.ts';
