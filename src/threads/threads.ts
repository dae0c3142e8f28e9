/** Threads as they are kept: found, begun, searched, changed, taken away. What each thing does to one is in participants.ts. */
import type { IdSource } from '../base/ids.ts';
import type { Conversation } from '../conversations/message.ts';
import { conversationsById, withMerged } from '../conversations/history.ts';
import type { Db, Tx } from '../db/pool.ts';
import {
  newThread,
  type Participant,
  type ThreadPost,
  type Table,
  type Thread,
  type ThreadType,
} from './participants.ts';
import {
  deletePosts,
  deleteThreads,
  insertThreads,
  selectParticipants,
  selectPosts,
  selectThreads,
  updatePost,
  updateThread,
  upsertParticipants,
} from './sql.ts';

/** The threads of contacts' conversations, made where nobody of the business had looked yet; locked when `lock`. */
export async function threadsOf(
  tx: Db,
  conversations: readonly Pick<Conversation, 'id' | 'workspaceId' | 'contactId' | 'createdMs'>[],
  lock = false,
): Promise<Thread[]> {
  if (conversations.length === 0) return [];
  await insertThreads(
    tx,
    conversations.map(({ id, workspaceId, contactId, createdMs }) =>
      newThread({ id, workspaceId, contactId, createdBy: '', createdMs }),
    ),
  );
  return await findThreads(
    tx,
    conversations[0]!.workspaceId,
    conversations.map(({ id }) => id),
    lock,
  );
}

/** Threads by id, in their order. */
export async function findThreads(
  db: Db,
  workspaceId: number,
  ids: readonly number[],
  lock = false,
): Promise<Thread[]> {
  if (ids.length === 0) return [];
  const found = new Map((await selectThreads(db, workspaceId, ids, lock)).map((row) => [row.id, row]));
  return ids.flatMap((id) => found.get(id) ?? []);
}

/** Begins a thread within a team, which has no contact. */
export async function beginTeamThread(
  tx: Tx,
  ids: IdSource,
  begin: Omit<Parameters<typeof newThread>[0], 'id' | 'contactId'> & { type: Exclude<ThreadType, 'contact'> },
): Promise<Thread> {
  const thread = newThread({ ...begin, id: ids.spread(), contactId: null });
  await insertThreads(tx, [thread]);
  return thread;
}

/** Threads of contacts' conversations by id; one that nobody of the business had looked at yet is made. */
export async function openThreads(
  tx: Db,
  workspaceId: number,
  ids: readonly number[],
  lock = false,
): Promise<Thread[]> {
  const found = await findThreads(tx, workspaceId, ids, lock);
  const known = new Set(found.map(({ id }) => id));
  const others = ids.filter((id) => !known.has(id));
  if (others.length === 0) return found;
  return [...found, ...(await threadsOf(tx, await conversationsById(tx, workspaceId, others), lock))];
}

/** Those who take part in threads, in the order in which they came. */
export async function participantsOf(db: Db, conversationIds: readonly number[]): Promise<Participant[]> {
  return await selectParticipants(db, conversationIds);
}

/** What was posted, by id; posts of other workspaces are not found. */
export async function postsById(db: Db, workspaceId: number, ids: readonly number[]): Promise<ThreadPost[]> {
  return ids.length > 0 ? await selectPosts(db, workspaceId, ids) : [];
}

/** A post as it is to be shown from now on; false when there is none. */
export async function changePost(tx: Tx, id: number, wire: Record<string, unknown>): Promise<boolean> {
  return await updatePost(tx, id, wire);
}

/** Writes a thread. The caller holds its lock. */
export async function keepThread(tx: Tx, thread: Thread): Promise<void> {
  await updateThread(tx, thread);
}

/** A thread with those who take part. */
export async function tableOf(db: Db, thread: Thread): Promise<Table> {
  return { thread, participants: await selectParticipants(db, [thread.id]) };
}

/** Writes a thread and who takes part. The caller holds its lock. */
export async function keep(tx: Tx, table: Table): Promise<void> {
  await updateThread(tx, table.thread);
  if (table.participants.length > 0) await upsertParticipants(tx, table.participants);
}

/** Part of erasing a contact: the thread of its conversation and those merged into it, with what is in them beside its messages. */
export async function forgetThreads(tx: Db, conversationId: number): Promise<void> {
  const ids = await withMerged(tx, conversationId);
  // First what everybody locks who posts in them.
  await deleteThreads(tx, ids);
  await deletePosts(tx, ids);
}
