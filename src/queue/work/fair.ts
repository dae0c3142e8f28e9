/**
 * Room for work in flight, shared fairly. Each key (a workspace's interactive work, a run's provider) has a room of its own, so
 * that one whose provider hangs fills its own and nobody else's. Charged by items, and only while they are in flight.
 */

/** Rooms by key. */
export type Rooms<K> = {
  /** True when nothing more may go in for the key. */
  isFull(key: K): boolean;
  /** The keys for which nothing more may go in. */
  full(): K[];
  /** Waits until there is room, in order of asking among those of a key, and takes it. May overshoot: a batch is never cut small. */
  enter(key: K, items: number): Promise<void>;
  /** Takes room without waiting. */
  take(key: K, items: number): void;
  /** Gives room back. True when the key was full and is so no more. */
  leave(key: K, items: number): boolean;
};

/** Rooms that are filled at one time before each gets less than the whole of its own. */
const FILLED_AT_ONCE = 4;
/** However many there are, each has at least this part of a whole room. */
const LEAST_PART = 10;

/**
 * Rooms for `each` items at most. From four busy keys on they share what four rooms hold, so that memory stays bounded. `part` says what
 * part of it all there is at the moment; what is in flight already stays.
 */
export function createRooms<K>(each: number, part: () => number = () => 1): Rooms<K> {
  const inside = new Map<K, number>();
  const waiting: { key: K; items: number; go: () => void }[] = [];
  const least = Math.ceil(each / LEAST_PART);

  const most = () =>
    Math.min(each * part(), Math.max(least, Math.floor((each * FILLED_AT_ONCE) / Math.max(1, inside.size))));
  const isFull = (key: K) => (inside.get(key) ?? 0) >= most();
  const take = (key: K, items: number) => void inside.set(key, (inside.get(key) ?? 0) + items);

  const admit = () => {
    for (let i = 0; i < waiting.length; ) {
      const { key, items, go } = waiting[i]!;
      if (isFull(key)) {
        i++;
        continue;
      }
      waiting.splice(i, 1);
      take(key, items);
      go();
    }
  };

  return {
    isFull,
    full: () => [...inside.keys()].filter(isFull),
    async enter(key, items) {
      if (!isFull(key) && !waiting.some((one) => one.key === key)) return take(key, items);
      await new Promise<void>((go) => waiting.push({ key, items, go }));
    },
    take,
    leave(key, items) {
      if (items === 0) return false;
      const was = isFull(key);
      const left = (inside.get(key) ?? 0) - items;
      if (left > 0) inside.set(key, left);
      else inside.delete(key);
      admit();
      return was && !isFull(key);
    },
  };
}
