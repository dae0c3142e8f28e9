/** Finding contacts by the beginning of what they are known by: names, addresses, ids. The statements are in sql.search.ts. */
import { monotonicMs } from '../base/clock.ts';
import { MAX_ID } from '../base/ids.ts';
import { beginningOf } from '../base/text.ts';
import type { Db, Fragment } from '../db/pool.ts';
import {
  collectIdentities,
  collectNames,
  selectFoundAmong,
  walkIdentities,
  walkNames,
  type NameSearch,
  type SearchPage,
} from './sql.search.ts';
import { walkNewest, whichHold } from './walk.ts';

/** So many are collected at first: what somebody types is a name that few have. */
const SOME = 200;
/** Where more match, so many of the newest are walked through: what one in thirty is called fills a page from them. */
const NEAR = 1000;
/** Where so many that the end of a page is not much further away, it is walked to. */
const FAR = 40_000;
/** By how much more than what the first promise. */
const SPARE = 2;
/** Else so many are collected, and where even more match the newest are walked through to the end of a page, which is near then. */
const FEW = 5000;
/** A page of whom a search finds and a rule holds of is answered when about so much time is gone, with what was found. */
const WALK_MS = 40;
const LONGEST = 256;

/** What somebody typed, as it is looked for; undefined when it is nothing. */
export function searchIn(text: string | undefined): string | undefined {
  return beginningOf(text?.replaceAll('\u0000', '').toWellFormed().trim(), LONGEST) || undefined;
}

/** Ids of a page of contacts that a search finds, the newest first. */
export async function searchIds(db: Db, page: SearchPage, search: string): Promise<number[]> {
  const { names, prefixes } = waysOf(search);
  const found = await Promise.all([
    fewOrNewest(page, {
      collect: (most) => collectIdentities(db, { ...page, limit: most }, prefixes),
      walk: (among) => walkIdentities(db, page, prefixes, among),
    }),
    fewOrNewest(page, {
      collect: (most) => collectNames(db, { ...page, limit: most }, names),
      walk: (among) => walkNames(db, page, names, among),
      far: FAR,
    }),
  ]);
  return [...new Set(found.flat())].sort((a, b) => b - a).slice(0, page.limit);
}

/** Contacts that a search finds where they are at most `most`, in no order; undefined where there are more. */
export async function allFound(
  db: Db,
  workspaceId: number,
  search: string,
  most: number,
): Promise<number[] | undefined> {
  const { names, prefixes } = waysOf(search);
  const page = { workspaceId, belowId: Number.MAX_SAFE_INTEGER, limit: most + 1 };
  const found = await Promise.all([collectIdentities(db, page, prefixes), collectNames(db, page, names)]);
  const ids = new Set(found.flat());
  return ids.size > most ? undefined : [...ids];
}

/** Contacts that a search finds and for whom a condition on `contacts c` holds, newest first. A page that is short need not be the last. */
export async function walkFound(
  db: Db,
  of: { workspaceId: number; search: string; condition: Fragment },
  page: { below?: number | undefined; limit: number },
): Promise<{ ids: number[]; next: number | undefined }> {
  const { workspaceId, search, condition } = of;
  const { below = MAX_ID, limit } = page;
  const few = await allFound(db, workspaceId, search, FEW);
  if (few) {
    const holds = await whichHold(db, workspaceId, few, [condition]);
    const ids = few.filter((id) => id < below && holds.get(id)?.[0]).toSorted((a, b) => b - a);
    return { ids: ids.slice(0, limit), next: ids.length > limit ? ids[limit - 1] : undefined };
  }
  const untilMs = monotonicMs() + WALK_MS;
  const ids: number[] = [];
  let next: number | undefined = below;
  do {
    const walked = await walkNewest(db, workspaceId, condition, { below: next, limit: SOME });
    const found = await foundAmong(db, workspaceId, search, walked.ids);
    for (const id of walked.ids.filter((one) => found.has(one))) {
      if (ids.length === limit) return { ids, next: ids.at(-1) };
      ids.push(id);
    }
    next = walked.next;
  } while (next !== undefined && monotonicMs() < untilMs);
  return { ids, next };
}

/** Those of some contacts that a search finds. Costs what they are, however many others it would find. */
export async function foundAmong(
  db: Db,
  workspaceId: number,
  search: string,
  contactIds: readonly number[],
): Promise<Set<number>> {
  if (!contactIds.length) return new Set();
  const { names, prefixes } = waysOf(search);
  return new Set(await selectFoundAmong(db, { workspaceId, contactIds }, names, prefixes));
}

function waysOf(search: string): { names: NameSearch; prefixes: string[] } {
  const [first, ...rest] = search.split(/\s+/);
  const names = rest.length > 0 ? { whole: search, first: first!, rest: rest.join(' ') } : { whole: search };
  return { names, prefixes: addressPrefixes(search) };
}

/** Two ways to find: any so many (of each way to match), or the highest ids, among so many of the newest when that is given. */
type Ways = {
  collect: (most: number) => Promise<number[]>;
  walk: (among?: number) => Promise<number[]>;
  /** As far as this is walked before all that match are collected. */
  far?: number;
};

/** All that match where they are few, else at least the newest of them that fill a page. */
async function fewOrNewest({ limit }: SearchPage, { collect, walk, far = NEAR }: Ways): Promise<number[]> {
  const some = await collect(SOME + 1);
  if (some.length <= SOME) return some;
  const near = await walk(NEAR);
  if (near.length >= limit) return near;
  // As often as there, so often further on: what one in 256 are called took 140 ms to collect, and takes 50 to walk to the end of a page.
  const reach = Math.ceil(((NEAR * limit) / near.length) * SPARE);
  const further = reach <= far ? await walk(reach) : [];
  if (further.length >= limit) return further;
  const few = await collect(FEW + 1);
  return few.length <= FEW ? few : await walk();
}

/** What an address may begin with when a person types this: as it is, in lower case, and as a phone number. */
function addressPrefixes(search: string): string[] {
  const digits = search.replaceAll(/[\s().-]/g, '').replace(/^(?:\+|00)/, '');
  const phone = /^\d{2,}$/.test(digits) ? [`+${digits}`] : [];
  return [...new Set([search, search.toLowerCase(), ...phone])];
}
