/**
 * What happened in a workspace, for who looks on: the log of events that were handed on. Events of many lanes come into it in no strict
 * order, so who follows goes on from a cursor before which nothing more can come, and is told some twice.
 */
import { bucketOf, firstIdAt } from '../../base/ids.ts';
import type { Db } from '../../db/pool.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import { selectOldest } from './sql.ts';
import { selectHistory, type LoggedEvent } from './sql.history.ts';

export type { LoggedEvent } from './sql.history.ts';

/** Which events are looked for. `beforeId`: older ones than that; `afterId`: newer ones. */
type Looked = {
  workspaceId: number;
  type: string | undefined;
  contactId: number | undefined;
  beforeId: number | undefined;
  afterId: number | undefined;
  limit: number;
};

/** Events that are looked at for one page, whatever is found among them. */
const MOST_LOOKED_AT = 2_000;
/** Longer than from the making of an event to its commit, or it is told late and not at all to who follows. */
const COMMITTED_WITHIN_MS = 5_000;

/** A page of events, the newest first; `next` while there may be older ones. */
export async function eventsLogged(
  db: Db,
  lanes: readonly Omit<OwnedLane, 'epoch'>[],
  looked: Looked,
  nowMs: number,
): Promise<{ events: LoggedEvent[]; next: number | null; cursor: number; skipped: boolean }> {
  const { contactId, limit, afterId } = looked;
  // Asked first: what is handed on between the two is in the answer as well.
  const waiting = await selectOldest(db, lanes);
  const found = await selectHistory(db, {
    ...looked,
    bucket: contactId === undefined ? undefined : bucketOf(contactId),
    most: MOST_LOOKED_AT,
  });
  const events = found.events.slice(0, limit);
  const isMore = found.events.length > limit || found.lookedAt === MOST_LOOKED_AT;
  const older = found.events.length > limit ? events.at(-1)!.id : found.oldestId;
  const settled = Math.min(firstIdAt(nowMs - COMMITTED_WITHIN_MS), ...waiting.map(({ id }) => id - 1));
  return {
    events,
    next: isMore && afterId === undefined ? older : null,
    cursor: Math.max(1, settled, afterId ?? 0),
    skipped: isMore && afterId !== undefined,
  };
}
