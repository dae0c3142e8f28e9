/** Connections that have not said who they are, by network: whoever opens them and says nothing gets no more than his share. Pure. */

/** The most of one network; they have ten seconds each. */
const MOST_OF_ONE = 500;

/** What lets connections in. */
type Lobby = {
  /** What to call when it is known who it is, or is gone; undefined when there is no room. Calling it twice does nothing more. */
  enter(network: string): (() => void) | undefined;
};

/** A lobby with room for so many of one network. */
export function createLobby(most = MOST_OF_ONE): Lobby {
  const waiting = new Map<string, number>();
  return {
    enter(network) {
      const before = waiting.get(network) ?? 0;
      if (before >= most) return undefined;
      waiting.set(network, before + 1);
      let isIn = true;
      return () => {
        if (!isIn) return;
        isIn = false;
        const left = waiting.get(network)! - 1;
        if (left > 0) waiting.set(network, left);
        else waiting.delete(network);
      };
    },
  };
}
