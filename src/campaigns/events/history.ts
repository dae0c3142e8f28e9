/** What contacts did, as people look at it: page by page, newest first. */
import type { Db } from '../../db/pool.ts';
import { selectCountedNames, selectEventsOf, type ContactEvent, type CountedName } from './sql.history.ts';
import { FLAG } from './time.ts';

export type { ContactEvent, CountedName } from './sql.history.ts';

/** Later than every event. */
const END = { beforeMs: Number.MAX_SAFE_INTEGER, beforeKey: Number.MAX_SAFE_INTEGER };

/** A page of what a contact did; `next` is where the one after it begins. */
export async function eventsOf(
  db: Db,
  of: { workspaceId: number; contactId: number },
  page: { limit: number; before?: { beforeMs: number; beforeKey: number } | undefined },
): Promise<{ events: ContactEvent[]; next: ContactEvent | undefined }> {
  const found = await selectEventsOf(db, { ...of, ...(page.before ?? END), limit: page.limit + 1 });
  const events = found.slice(0, page.limit);
  return { events, next: found.length > page.limit ? events.at(-1) : undefined };
}

/** A page of the names of events, with counts. */
export async function eventNames(
  db: Db,
  workspaceId: number,
  page: { limit: number; after?: string | undefined },
): Promise<{ names: CountedName[]; next: string | undefined }> {
  const found = await selectCountedNames(db, { workspaceId, after: page.after ?? '', limit: page.limit + 1 });
  const names = found.slice(0, page.limit);
  return { names, next: found.length > page.limit ? names.at(-1)!.name : undefined };
}

/** Whether an event was told as history. */
export function isHistory({ flags }: ContactEvent): boolean {
  return (flags & FLAG.history) !== 0;
}
