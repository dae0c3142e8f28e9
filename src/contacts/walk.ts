/**
 * Looking through contacts with a condition that no index knows: a page, a count, what attributes there are. None waits on how many contacts
 * there are: each looks for so long, says how far it came, and is asked again.
 */
import { monotonicMs } from '../base/clock.ts';
import { BUCKETS, MAX_ID } from '../base/ids.ts';
import type { Db, Fragment } from '../db/pool.ts';
import { countWhere } from './sql.segments.ts';
import { selectBetween, selectHolding, selectNth, selectValuesSeen, type ValueSeen } from './sql.walk.ts';

/** Contacts that are looked at in one statement: at first, and at most. */
const LOOK = 2_000;
const MOST_LOOKED = 32_000;
/** A page is answered when about so much time is gone, with what was found: the pages behind a list answer within 80 ms. */
const PAGE_MS = 50;

/** What was found, newest first; `next` is below which id to go on, undefined at the end. */
type Walked = { ids: number[]; next: number | undefined };

/** Contacts for whom a condition holds, newest first. A page may be short of what was asked for, or empty, and not be the last. */
export async function walkNewest(
  db: Db,
  workspaceId: number,
  condition: Fragment,
  { below = MAX_ID, limit }: { below?: number | undefined; limit: number },
): Promise<Walked> {
  const beganMs = monotonicMs();
  const ids: number[] = [];
  let belowId = below;
  for (let look = LOOK; ; look = Math.min(look * 2, MOST_LOOKED)) {
    const floor = await selectNth(db, workspaceId, { belowId, n: look });
    const between = { fromId: floor ?? 0, belowId };
    const left = limit - ids.length;
    const found = await selectBetween(db, workspaceId, between, condition, left + 1);
    ids.push(...found.slice(0, left));
    if (found.length > left) return { ids, next: ids.at(-1)! };
    if (floor === undefined) return { ids, next: undefined };
    belowId = floor;
    if (ids.length === limit || monotonicMs() - beganMs > PAGE_MS) return { ids, next: belowId };
  }
}

/** Odd, so that every bucket comes once; neighbours are far apart, so that the first are a fair sample. */
const STRIDE = 2_731;
const FIRST = 64;
const MOST_AT_ONCE = 1_024;

/**
 * How many there are: `atLeast` were counted, `about` so many there will be, `error` how far off that may be, two times in three; `isExact`
 * when all were looked at.
 */
type Counted = { about: number; error: number; atLeast: number; isExact: boolean };

/**
 * Counts until `most` are found, all are looked at, or `forMs` are gone; the first 64 of 4,096 parts are looked at whatever it takes, and
 * where there are few contacts all of them: a small shop is told a number, and never about a number, however busy its machine is.
 */
export async function countBounded(
  db: Db,
  workspaceId: number,
  condition: Fragment,
  { most, forMs }: { most: number; forMs: number },
): Promise<Counted> {
  if (forMs > 0 && (await hasFew(db, workspaceId))) {
    const all = { fromId: 0, belowId: MAX_ID };
    const { length } = await selectBetween(db, workspaceId, all, condition, LOOK);
    return { about: length, error: 0, atLeast: length, isExact: true };
  }
  return await estimated((buckets) => countWhere(db, workspaceId, buckets, condition), { most, forMs });
}

/** All contacts of a workspace that has few; undefined where it has more, which are counted in parts. */
export async function allOfFew(db: Db, workspaceId: number): Promise<number[] | undefined> {
  if (!(await hasFew(db, workspaceId))) return undefined;
  return await selectBetween(db, workspaceId, { fromId: 0, belowId: MAX_ID }, db`true`, LOOK);
}

async function hasFew(db: Db, workspaceId: number): Promise<boolean> {
  return (await selectNth(db, workspaceId, { belowId: MAX_ID, n: LOOK })) === undefined;
}

/** Counts what `count` finds in some buckets, in more and more of them until `most` are found, all are looked at, or `forMs` are gone. */
export async function estimated(
  count: (buckets: readonly number[]) => Promise<number>,
  { most, forMs }: { most: number; forMs: number },
): Promise<Counted> {
  let atLeast = 0;
  const looked = await throughBuckets(forMs, async (buckets) => {
    atLeast += await count(buckets);
    return atLeast < most;
  });
  const times = BUCKETS / looked;
  return {
    about: Math.round(atLeast * times),
    // Nobody in a sample is not nobody: it may be one.
    error: Math.round(Math.sqrt(Math.max(atLeast, 1) * (1 - looked / BUCKETS)) * times),
    atLeast,
    isExact: looked === BUCKETS,
  };
}

/** The part of a count that is told: about how many, and how far off that may be, two times in three. */
export function toldOf({ about, error }: Counted): { about: number; error: number } {
  return { about, error };
}

/**
 * Looks through buckets, more and more at once, while `look` wants more and until `forMs` are gone; the first 64 of 4,096 whatever it
 * takes. Returns how many were looked through: whatever was counted in them is a fair sample of all.
 */
export async function throughBuckets(
  forMs: number,
  look: (buckets: readonly number[]) => Promise<boolean>,
): Promise<number> {
  const beganMs = monotonicMs();
  let looked = 0;
  let atOnce = FIRST;
  let wantsMore: boolean;
  do {
    const from = looked;
    const buckets = Array.from(
      { length: Math.min(atOnce, BUCKETS - from) },
      (_, i) => ((from + i) * STRIDE) % BUCKETS,
    );
    wantsMore = await look(buckets);
    looked += buckets.length;
    atOnce = Math.min(looked, MOST_AT_ONCE);
  } while (looked < BUCKETS && wantsMore && monotonicMs() - beganMs < forMs);
  return looked;
}

/** Of some contacts, which of some conditions hold, in order. */
export async function whichHold(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
  conditions: readonly Fragment[],
): Promise<Map<number, boolean[]>> {
  if (contactIds.length === 0 || conditions.length === 0) return new Map();
  const rows = await selectHolding(db, workspaceId, contactIds, conditions);
  return new Map(rows.map(({ id, holds }) => [id, holds]));
}

/** The newest contacts are looked at for what attributes there are. */
const SEEN = { contacts: 2_000, values: 4_000, length: 100 };
const MOST_ATTRIBUTES = 200;
const MOST_VALUES = 20;

/** An attribute, and what is known of it: its types, how many of those looked at have it, its most frequent values. */
export type AttributeSeen = {
  name: string;
  types: string[];
  times: number;
  values: { value: string | number | boolean; times: number }[];
};

/** Attributes of the newest contacts, the most frequent first. */
export async function attributesSeen(db: Db, workspaceId: number): Promise<AttributeSeen[]> {
  const found = new Map<string, AttributeSeen>();
  for (const { name, type, value, n } of await selectValuesSeen(db, workspaceId, SEEN)) {
    const one = found.get(name) ?? { name, types: [], times: 0, values: [] };
    found.set(name, one);
    one.times += n;
    if (!one.types.includes(type)) one.types.push(type);
    if (value !== null && one.values.length < MOST_VALUES)
      one.values.push({ value: scalarOf(type, value), times: n });
  }
  return [...found.values()].toSorted((a, b) => b.times - a.times).slice(0, MOST_ATTRIBUTES);
}

function scalarOf(type: ValueSeen['type'], text: string): string | number | boolean {
  if (type === 'number') return Number(text);
  return type === 'boolean' ? text === 'true' : text;
}
