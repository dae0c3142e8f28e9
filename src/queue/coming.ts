/** What is due later in a workspace, for who shows it. Bounded: it reads no more than it is asked for, however much waits. */
import type { Db } from '../db/pool.ts';
import { KIND } from './work/kinds.ts';
import {
  selectInteractiveAhead,
  selectNextOf,
  selectStreamsAhead,
  type WorkAhead,
} from './work/sql.coming.ts';

export type { WorkAhead } from './work/sql.coming.ts';

/** How many rows of interactive work are read for each that is wanted: those of other workspaces stand between. */
const INTERACTIVE = 20;

/** Work of a workspace that is due after a moment, in no order. Complete before `untilMs`; without it, all there is. */
export async function workAhead(
  db: Db,
  of: { workspaceId: number; afterMs: number; most: number },
): Promise<{ work: WorkAhead[]; untilMs: number | undefined }> {
  const interactive = await selectInteractiveAhead(db, { ...of, most: of.most * INTERACTIVE });
  const streams = await selectStreamsAhead(db, of);
  const ends = [interactive.lastMs, streams.lastMs].filter((ms) => ms !== null);
  return {
    work: [...interactive.work, ...streams.work],
    untilMs: ends.length ? Math.min(...ends) : undefined,
  };
}

/** When the next message to each of some contacts goes out that waits for its time, by our clock. */
export async function nextDeliveries(
  db: Db,
  contactIds: readonly number[],
  nowMs: number,
): Promise<Map<number, number>> {
  const rows = await selectNextOf(db, KIND.delivery, contactIds, nowMs);
  return new Map(rows.map(({ ownerId, dueMs }) => [ownerId, dueMs]));
}
