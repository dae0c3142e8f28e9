/**
 * When something was done, by what a client says and by when it came. Pure. All times are unix milliseconds by the workspace's clock,
 * unless they say that they are a client's.
 */

/** Limits of what is tracked. */
export const EVENT_LIMITS = {
  /** Signs of a name, as Postgres counts them. */
  name: 200,
  /** Names of a workspace. */
  names: 10_000,
  /** Of these, as many as there are may be new ones by the public key. */
  namesByStrangers: 5_000,
  /** Properties of an event, as Postgres prints them. */
  propertiesBytes: 32_768,
  /** What is older than this when it comes triggers nothing (Customer.io's rule). */
  triggersWithinMs: 72 * 3600_000,
  /** How long a key of the caller's is remembered. */
  keysKeptMs: 7 * 86_400_000,
  /** Ahead of us by more than this, a client's clock is wrong. */
  aheadMs: 5 * 60_000,
} as const;

/**
 * Marks of an arrival and of an event (migration 0070): the key is the caller's, it is history, a
 * clock was ahead, Parley itself tells it. `unnamed`: it came with an id of a device, whose user may not be known, or may just have become
 * known. `held`: it would have let in somebody who was not known, and is offered once when they are. `merged`: what somebody else did is theirs as
 * well now.
 */
export const FLAG = { keyed: 1, history: 2, ahead: 4, own: 8, unnamed: 16, held: 32, merged: 64 } as const;

/** What was done before somebody was known is offered to campaigns when it is no longer ago than this. */
export const HELD_MS = 72 * 3600_000;

/** From here on a number is milliseconds; below it is seconds (the year 5138). */
const MILLISECONDS_FROM = 1e11;

/** Unix milliseconds of a client's time: seconds with a fraction, or milliseconds from 1e11 on. */
export function clientMs(time: number): number {
  return Math.round(isMilliseconds(time) ? time : time * 1000);
}

/** Whether a client's time is in milliseconds. */
export function isMilliseconds(time: number): boolean {
  return Math.abs(time) >= MILLISECONDS_FROM;
}

/**
 * When it was done. With `sentAt` a client's wrong clock is taken out: received − (sent − done). A time more than five minutes ahead
 * is when it came. Clients live by our clock: where the workspace's is ahead, what they say is moved along with it, unless it is
 * already a time by the workspace's.
 */
export function timeOfEvent(told: {
  timestamp?: number | undefined;
  sentAt?: number | undefined;
  receivedMs: number;
  /** How far the workspace's clock is ahead of ours. */
  clockAheadMs: number;
}): { atMs: number; flags: number } {
  const { timestamp, sentAt, receivedMs, clockAheadMs } = told;
  if (timestamp === undefined) return { atMs: receivedMs, flags: 0 };
  const saidMs = clientMs(timestamp);
  const atMs = sentAt === undefined ? byOurs(saidMs) : receivedMs - (clientMs(sentAt) - saidMs);
  if (atMs > receivedMs + EVENT_LIMITS.aheadMs) return { atMs: receivedMs, flags: FLAG.ahead };
  // A year before 1970 is a client's fault, and no month of ours.
  return { atMs: Math.max(0, Math.min(atMs, receivedMs)), flags: 0 };

  function byOurs(ms: number): number {
    return ms > receivedMs - clockAheadMs + EVENT_LIMITS.aheadMs ? ms : ms + clockAheadMs;
  }
}
