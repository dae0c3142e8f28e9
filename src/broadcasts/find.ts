/** Finding broadcasts: by name, by run, page by page. Changes nothing. */
import type { Db } from '../db/pool.ts';
import type { Broadcast } from './broadcast.ts';
import { selectBroadcast, selectBroadcasts, selectByRuns, selectNaming, selectSending } from './sql.ts';

/** Broadcasts that are not over and whose audience names a list or tag, some of them. */
export const broadcastsNaming = selectNaming;
/** One that is to be sent, or being sent, and whose audience names a segment. */
export const broadcastSendingTo = selectSending;

/** A broadcast of a workspace. */
export async function findBroadcast(db: Db, workspaceId: number, id: number): Promise<Broadcast | undefined> {
  return id > 0 ? await selectBroadcast(db, workspaceId, id) : undefined;
}

/** A workspace's broadcasts, newest first; those before one. */
export async function listBroadcasts(
  db: Db,
  workspaceId: number,
  page: { beforeId: number | undefined; limit: number },
): Promise<Broadcast[]> {
  return await selectBroadcasts(db, workspaceId, page);
}

/** The broadcasts that runs are of, whosever they are; a run that is none's, or a message, has none. */
export async function broadcastsOfRuns(db: Db, runIds: readonly number[]): Promise<Broadcast[]> {
  return runIds.length ? await selectByRuns(db, runIds) : [];
}
