/**
 * A look-up cache for hot paths: rows read by key, at most a second behind what other processes wrote, and read again
 * in the background while they are used, so that a busy caller never waits. Knows nothing of what it holds.
 */
import type { Clock } from '../base/clock.ts';

/** How far behind another process's write an answer may be. */
const FRESH_MS = 1000;
/** An entry in use is read again after this, while its old value is still fresh enough to answer with. */
const RENEW_AFTER_MS = 500;
/** Bounds what callers with random keys can make it hold; those read longest ago go first. */
const MAX_ENTRIES = 20_000;

/** Answers by key. Values are shared between callers: treat them as read-only. */
type Cache<K, V> = {
  get(key: K): Promise<V | undefined>;
  /** Drops a key: the next `get` reads, and no read that began earlier is kept. */
  forget(key: K): void;
  /** Drops everything. */
  clear(): void;
};

type Entry<V> = {
  value: Promise<V | undefined>;
  /** When the read began, so that age never flatters. */
  readMs: number;
  pending: boolean;
  next?: Entry<V>;
};

/** A cache over `load`, which reads many keys in one statement and leaves out what is not there (kept as absent). */
export function createCache<K, V>(
  clock: Pick<Clock, 'nowMs'>,
  load: (keys: K[]) => Promise<ReadonlyMap<K, V>>,
): Cache<K, V> {
  const entries = new Map<K, Entry<V>>();
  const loadOne = batched(load);

  const read = (key: K): Entry<V> => ({ value: loadOne(key), readMs: clock.nowMs(), pending: true });
  const keep = (key: K, entry: Entry<V>): void => {
    // Deleting first moves the key to the end: the map's order is the order of reading.
    entries.delete(key);
    entries.set(key, entry);
    if (entries.size > MAX_ENTRIES) entries.delete(entries.keys().next().value!);
  };
  /** Whoever asked gets the error of a read that failed; here it only must not be kept. */
  const settle = async (entry: Entry<V>, then: { kept(): void; failed(): void }): Promise<void> => {
    try {
      await entry.value;
      entry.pending = false;
      then.kept();
    } catch {
      then.failed();
    }
  };
  const readFirst = (key: K): Entry<V> => {
    const entry = read(key);
    keep(key, entry);
    const failed = () => {
      if (entries.get(key) === entry) entries.delete(key);
    };
    void settle(entry, { kept() {}, failed });
    return entry;
  };
  const renew = (key: K, entry: Entry<V>): Entry<V> => {
    const next = read(key);
    entry.next = next;
    const kept = () => {
      if (entries.get(key) === entry) keep(key, next);
    };
    const failed = () => {
      delete entry.next;
    };
    void settle(next, { kept, failed });
    return next;
  };

  return {
    get(key) {
      const entry = entries.get(key);
      if (!entry) return readFirst(key).value;
      if (entry.pending) return entry.value;
      const ageMs = clock.nowMs() - entry.readMs;
      // A clock that was set back makes an age negative: such an entry is read again, too.
      const fresh = ageMs >= 0 && ageMs <= FRESH_MS;
      if (fresh && ageMs <= RENEW_AFTER_MS) return entry.value;
      const next = entry.next ?? renew(key, entry);
      return fresh ? entry.value : next.value;
    },
    forget(key) {
      entries.delete(key);
    },
    clear() {
      entries.clear();
    },
  };
}

/** Reads of one turn of the event loop go to the database as one statement. */
function batched<K, V>(load: (keys: K[]) => Promise<ReadonlyMap<K, V>>): (key: K) => Promise<V | undefined> {
  let gathering: { keys: Set<K>; values: Promise<ReadonlyMap<K, V>> } | undefined;
  return async (key) => {
    if (!gathering) {
      const keys = new Set<K>();
      const values = Promise.resolve().then(() => {
        gathering = undefined;
        return load([...keys]);
      });
      gathering = { keys, values };
    }
    gathering.keys.add(key);
    return (await gathering.values).get(key);
  };
}
