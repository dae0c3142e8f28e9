/**
 * What somebody types into a conversation and the server does not have yet: kept by the browser, so that neither a reload, nor a lost line,
 * nor the end of a session takes it. Notes are kept nowhere else. Knows no page.
 */

/** A reply with where it goes, also an empty one that the server still has another for; and a note. */
export type Unsaved = { reply?: { text: string; destinationId: string | undefined }; note?: string };

/** What is not saved of one operator in one conversation. A store that refuses keeps nothing, and typing goes on. */
export type Keeper = {
  now: () => Unsaved;
  keep: (some: Unsaved) => void;
  /** The server has it, or it is sent: it goes, unless something else was typed meanwhile. */
  settle: (part: keyof Unsaved, text: string) => void;
};

/** Keeps it under a key. */
export function keeperOf(store: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>, key: string): Keeper {
  const now = (): Unsaved => {
    try {
      return (JSON.parse(store.getItem(key) ?? '{}') ?? {}) as Unsaved;
    } catch {
      return {};
    }
  };
  const write = (next: Unsaved) => {
    try {
      if (next.reply || next.note) store.setItem(key, JSON.stringify(next));
      else store.removeItem(key);
    } catch {
      // Full, or forbidden.
    }
  };
  return {
    now,
    keep: (some) => write({ ...now(), ...some }),
    settle(part, text) {
      const { [part]: found, ...rest } = now();
      if (found !== undefined && (typeof found === 'string' ? found : found.text) === text) write(rest);
    },
  };
}
