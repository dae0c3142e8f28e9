/**
 * Ids, and the only place that knows their form.
 *
 * An id is an integer under 2^53 (safe in JavaScript and in JSON):
 *
 *     | 35 bits: ticks of 32 ms since 2020 | 6 bits: place | 12 bits: bucket |
 *
 * The bucket tells on which shard the row lives, so any row is found by its id alone with a single-shard
 * statement; the time makes ids sort by age, which lets tables be partitioned by id and dropped by age.
 * 35 bits of 32 ms last until 2054.
 *
 * In each tick a bucket has 64 places, so 2,000 ids a second: as many as 53 bits have to give until 2054. A process draws from places
 * that are lent to it (db/idPlaces.ts) and to nobody else: nearly all of them when it is alone, its share when there are more. It runs
 * ahead of the clock only when a bucket is asked for more than its places hold: 1,750 ids a second for a process that is alone.
 */

/** Number of buckets; fixed for ever, since a row's bucket is part of its id. 4,096 spread over 32 shards within 10 %. */
export const BUCKETS = 4096;
/** Places in a tick; no two processes draw from the same. */
export const ID_PLACES = 64;

const EPOCH_MS = Date.UTC(2020, 0, 1);
const TICK_MS = 32;
const TICK_UNIT = ID_PLACES * BUCKETS;
const ORDER_COUNT = 64;
/** The largest id there can be. */
export const MAX_ID = Number.MAX_SAFE_INTEGER;

/** Makes ids. One per process; the places of two processes of one database must differ. */
export type IdSource = {
  /** A new id in the given bucket: for whatever belongs to a contact. */
  inBucket(bucket: number): number;
  /** A new id in a bucket of its own choosing, spread evenly: for contacts, and for rows that belong to none. */
  spread(): number;
  /**
   * A number that only tells what came before what, of this process exactly and of others to the millisecond: for what waits to be
   * taken in order. No id: it has no bucket, and a burst of one contact does not run ahead of the clock (64 a millisecond).
   *
   *     | 41 bits: milliseconds since 2020 | 6 bits: place | 6 bits: counter |
   */
  inOrder(): number;
};

/**
 * An id source that draws from `places` (one, or what a function says now, in rising order); `nowMs` supplies time. The ids of a
 * bucket rise; the first in a tick takes the first place, and so on. Who needs more than there are runs ahead of the clock.
 */
export function idSource(places: number | (() => readonly number[]), nowMs: () => number): IdSource {
  const current = typeof places === 'number' ? onlyPlace(places) : places;
  let drawnFrom: readonly number[] = [];
  const lastTick = new Float64Array(BUCKETS);
  const used = new Uint8Array(BUCKETS);
  // An odd step through 2^12 visits every bucket once before it repeats one.
  let nextBucket: number | undefined;
  const inBucket = (bucket: number): number => {
    const now = current();
    if (now !== drawnFrom) {
      // Ids of the last ticks came from other places: the next are not to sort before them.
      drawnFrom = now;
      used.fill(ID_PLACES);
    }
    const tick = Math.floor((nowMs() - EPOCH_MS) / TICK_MS);
    if (tick > lastTick[bucket]!) {
      lastTick[bucket] = tick;
      used[bucket] = 0;
    } else if (used[bucket]! >= drawnFrom.length) {
      lastTick[bucket]! += 1;
      used[bucket] = 0;
    }
    return lastTick[bucket]! * TICK_UNIT + drawnFrom[used[bucket]!++]! * BUCKETS + bucket;
  };
  const spread = (): number => {
    nextBucket = ((nextBucket ?? current()[0]! * 977) + 2531) % BUCKETS;
    return inBucket(nextBucket);
  };
  let orderMs = 0;
  let orderCount = 0;
  const inOrder = (): number => {
    const ms = nowMs() - EPOCH_MS;
    if (ms > orderMs) {
      orderMs = ms;
      orderCount = 0;
    } else if (++orderCount === ORDER_COUNT) {
      orderMs += 1;
      orderCount = 0;
    }
    return (orderMs * ID_PLACES + current()[0]!) * ORDER_COUNT + orderCount;
  };
  return { inBucket, spread, inOrder };
}

function onlyPlace(place: number): () => readonly number[] {
  const places = [place];
  return () => places;
}

/** The bucket of an id: the low 12 bits. */
export function bucketOf(id: number): number {
  return id % BUCKETS;
}

/** When an id was made, unix milliseconds, to 32 ms. */
export function timeOfId(id: number): number {
  return Math.floor(id / TICK_UNIT) * TICK_MS + EPOCH_MS;
}

/** The smallest id that can have been made at or after `ms`: a bound for partitions and retention. */
export function firstIdAt(ms: number): number {
  return Math.max(0, Math.floor((ms - EPOCH_MS) / TICK_MS)) * TICK_UNIT;
}

/** True for a number that can be an id. */
export function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MAX_ID;
}

/** 24 hex digits whose first 8 are unix seconds, as Sunshine and Web1on1 present ids (api/sunshine.md §1.6). */
export function toHex24(id: number): string {
  const seconds = Math.floor(timeOfId(id) / 1000);
  return seconds.toString(16).padStart(8, '0') + id.toString(16).padStart(16, '0');
}

/** The id behind 24 hex digits, or undefined when the text is not one of ours. */
export function fromHex24(text: string): number | undefined {
  if (!/^[0-9a-f]{24}$/i.test(text)) return undefined;
  const id = Number.parseInt(text.slice(8), 16);
  return isId(id) && toHex24(id) === text.toLowerCase() ? id : undefined;
}

/** A UUID (version 8, RFC 9562 §5.8) that carries the id: the form of notification ids. */
export function toUuid(id: number): string {
  const hex = id.toString(16).padStart(14, '0');
  const seconds = Math.floor(timeOfId(id) / 1000)
    .toString(16)
    .padStart(8, '0');
  return `${seconds}-${hex.slice(0, 4)}-8${hex.slice(4, 7)}-8${hex.slice(7, 10)}-${hex.slice(10)}${mix(id)}`;
}

/** The id behind a UUID, or undefined when the text is not one of ours. */
export function fromUuid(text: string): number | undefined {
  const parts = /^[0-9a-f]{8}-([0-9a-f]{4})-8([0-9a-f]{3})-8([0-9a-f]{3})-([0-9a-f]{4})[0-9a-f]{8}$/i.exec(
    text,
  );
  if (!parts) return undefined;
  const id = Number.parseInt(parts.slice(1).join(''), 16);
  return isId(id) && toUuid(id) === text.toLowerCase() ? id : undefined;
}

/**
 * The id behind any of its spellings: 24 hex digits, the UUID of a notification (with or without its dashes), or the number itself.
 * One that is none of ours is undefined; the spellings cannot be taken for each other.
 */
export function readId(given: string): number | undefined {
  const text = given.trim();
  if (/^\d{1,16}$/.test(text)) return isId(Number(text)) ? Number(text) : undefined;
  if (/^[0-9a-f]{32}$/i.test(text))
    return fromUuid(text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'));
  return fromHex24(text) ?? fromUuid(text.replace(/^urn:uuid:/i, ''));
}

/** Eight hex digits mixed from an id, so that the tail of a UUID is not the same for all (murmur3's finalizer). */
function mix(id: number): string {
  let h = ((id % 2 ** 32) ^ Math.floor(id / 2 ** 32)) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0).toString(16).padStart(8, '0');
}

/**
 * Rows in the order of the keys (bucket, id) of the contacts they are of, which is the order in which contacts are locked: two batches that
 * have some in common wait for each other, and do not lock each other out.
 */
export function inKeyOrder<T>(rows: Iterable<T>, contactId: (row: T) => number): T[] {
  const placed = Array.from(rows, (row) => ({ row, id: contactId(row) }));
  return placed.sort((a, b) => bucketOf(a.id) - bucketOf(b.id) || a.id - b.id).map(({ row }) => row);
}
