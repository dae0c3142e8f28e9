/** What contacts did, as people look at it: page by page, newest first. */
import { BUCKETS } from '../../base/ids.ts';
import { cutPage } from '../../base/page.ts';
import { throughBuckets } from '../../contacts/walk.ts';
import type { Db } from '../../db/pool.ts';
import { countNames, selectEventsOf, selectNamesAfter, type ContactEvent } from './sql.history.ts';
import { FLAG } from './time.ts';

export type { ContactEvent } from './sql.history.ts';

/** Later than every event. */
const END = { beforeMs: Number.MAX_SAFE_INTEGER, beforeKey: Number.MAX_SAFE_INTEGER };

/** A page of what a contact did; `next` is where the one after it begins. */
export async function eventsOf(
  db: Db,
  of: { workspaceId: number; contactId: number },
  page: { limit: number; before?: { beforeMs: number; beforeKey: number } | undefined },
): Promise<{ events: ContactEvent[]; next: ContactEvent | undefined }> {
  const found = await selectEventsOf(db, { ...of, ...(page.before ?? END), limit: page.limit + 1 });
  const { rows, last } = cutPage(found, page.limit);
  return { events: rows, next: last };
}

/** A name, with how often it was done and by how many: about, unless all was counted. */
type CountedName = { name: string; createdMs: number; times: number; contacts: number };

/** What is counted of names: so many contacts' counts, or for so long. */
const MOST_COUNTED = 20_000;
const COUNT_MS = 1_000;

/**
 * A page of the names of events, with counts: whole where there are few, and of a million contacts about so many, from those of a fair
 * part of them.
 */
export async function eventNames(
  db: Db,
  workspaceId: number,
  page: { limit: number; after?: string | undefined },
): Promise<{ names: CountedName[]; next: string | undefined; isExact: boolean }> {
  const found = await selectNamesAfter(db, { workspaceId, after: page.after ?? '', limit: page.limit + 1 });
  const { rows: names, last } = cutPage(found, page.limit);
  const next = last?.name;
  if (names.length === 0) return { names: [], next, isExact: true };
  const nameIds = names.map(({ id }) => id);
  const counts = new Map(nameIds.map((id) => [id, { times: 0, contacts: 0 }]));
  let seen = 0;
  const looked = await throughBuckets(COUNT_MS, async (buckets) => {
    for (const { nameId, times, contacts } of await countNames(db, workspaceId, { nameIds, buckets })) {
      const one = counts.get(nameId)!;
      one.times += times;
      one.contacts += contacts;
      seen += contacts;
    }
    return seen < MOST_COUNTED;
  });
  const whole = (n: number) => Math.round((n * BUCKETS) / looked);
  return {
    names: names.map(({ id, name, createdMs }) => {
      const { times, contacts } = counts.get(id)!;
      return { name, createdMs, times: whole(times), contacts: whole(contacts) };
    }),
    next,
    isExact: looked === BUCKETS,
  };
}

/** Whether an event was told as history. */
export function isHistory({ flags }: ContactEvent): boolean {
  return (flags & FLAG.history) !== 0;
}
