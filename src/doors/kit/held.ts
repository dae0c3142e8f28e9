/**
 * Bytes of requests that this process holds: of each peer and of all. Whoever begins bodies and does not end them gets no more
 * than his share, and all such together no more than the process can bear.
 */

/** Takes and gives back bytes; `take` answers false when there is no room, and takes nothing then. */
export type Held = {
  take(peer: string, bytes: number): boolean;
  give(peer: string, bytes: number): void;
  bytes(): number;
};

/** Two of the largest mails that a provider brings, or one upload and what is said besides. */
const PEER_BYTES = 64 * 1024 * 1024;
/** Of all peers: a quarter of what a process is given at the least. */
const ALL_BYTES = 128 * 1024 * 1024;

/** A ledger with these bounds. */
export function createHeld(most = { peer: PEER_BYTES, all: ALL_BYTES }): Held {
  const byPeer = new Map<string, number>();
  let all = 0;
  return {
    take(peer, bytes) {
      const own = (byPeer.get(peer) ?? 0) + bytes;
      if (own > most.peer || all + bytes > most.all) return false;
      byPeer.set(peer, own);
      all += bytes;
      return true;
    },
    give(peer, bytes) {
      const left = (byPeer.get(peer) ?? 0) - bytes;
      if (left > 0) byPeer.set(peer, left);
      else byPeer.delete(peer);
      all -= bytes;
    },
    bytes: () => all,
  };
}
