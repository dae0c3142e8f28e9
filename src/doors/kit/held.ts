/**
 * Bytes of requests that this process holds: of each peer, of all whom nobody knows yet, and of all. Whoever begins bodies and does not
 * end them gets no more than his share; strangers together leave room for those who have shown who they are, and large bodies leave room
 * for small ones.
 */

/** Whose bytes they are. */
type From = {
  /** The network they come from. */
  peer: string;
  /** Nobody has shown yet who it is. */
  isStranger: boolean;
};

/** Takes and gives back bytes; `take` answers false when there is no room, and takes nothing then. */
export type Held = {
  /** `isSmall`: they are of a body that is still small. */
  take(from: From, bytes: number, isSmall?: boolean): boolean;
  give(from: From, bytes: number): void;
  bytes(): number;
};

const MB = 1024 * 1024;
const MOST = {
  /** Two of the largest mails that a provider brings, or one upload and what is said besides. */
  peer: 64 * MB,
  /** Many times the largest form that a page posts. */
  stranger: 16 * MB,
  strangers: 48 * MB,
  /** Of all peers: a quarter of what a process is given at the least. */
  all: 128 * MB,
  /** What small bodies of those who are known may be besides. */
  small: 8 * MB,
};

/** A ledger with these bounds: of a peer, of one and of all whom nobody knows, of all, and of what is small besides. */
export function createHeld(most = MOST): Held {
  const byName = new Map<string, number>();
  let strangers = 0;
  let all = 0;
  // A peer may be both: somebody who is known, and others behind the same proxy.
  const nameOf = ({ peer, isStranger }: From) => (isStranger ? `? ${peer}` : peer);
  return {
    take(from, bytes, isSmall = false) {
      const { isStranger } = from;
      const own = (byName.get(nameOf(from)) ?? 0) + bytes;
      const besides = isSmall && !isStranger ? most.small : 0;
      if (own > (isStranger ? most.stranger : most.peer + besides)) return false;
      if (all + bytes > most.all + besides || (isStranger && strangers + bytes > most.strangers))
        return false;
      byName.set(nameOf(from), own);
      if (isStranger) strangers += bytes;
      all += bytes;
      return true;
    },
    give(from, bytes) {
      const left = (byName.get(nameOf(from)) ?? 0) - bytes;
      if (left > 0) byName.set(nameOf(from), left);
      else byName.delete(nameOf(from));
      if (from.isStranger) strangers -= bytes;
      all -= bytes;
    },
    bytes: () => all,
  };
}
