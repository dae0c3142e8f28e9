/** Looking for threads and for what was posted in them. Locks nothing. */
import type { Db } from '../db/pool.ts';
import type { Thread } from './participants.ts';
import { PARTICIPANT_FIELDS, searchThreads, selectEntries, THREAD_FIELDS } from './sql.ts';

export type { Condition } from './sql.ts';

/** What a field that can be searched by holds; undefined for one that cannot. */
export function kindOfField(field: string): 'id' | 'text' | 'time' | 'texts' | 'boolean' | undefined {
  if (Object.hasOwn(THREAD_FIELDS, field)) return THREAD_FIELDS[field]!.kind;
  if (Object.hasOwn(PARTICIPANT_FIELDS, field)) return field === 'participants.user' ? 'text' : 'boolean';
  return undefined;
}

/** Threads of a workspace, by conditions on fields. */
export async function threadsWhere(
  db: Db,
  workspaceId: number,
  search: Parameters<typeof searchThreads>[2],
): Promise<Thread[]> {
  return await searchThreads(db, workspaceId, search);
}

/** What was posted to threads and what was said in them, in the order of time. */
export async function entriesWhere(
  db: Db,
  search: Parameters<typeof selectEntries>[1],
): Promise<{ id: number; conversationId: number; atMs: number }[]> {
  return await selectEntries(db, search);
}
