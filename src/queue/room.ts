/** What this room declares, and the shape of a room that does work or reads the feed: what `db/room.ts` has no word for. */
import type { Tx } from '../db/pool.ts';
import type { Room } from '../db/room.ts';
import { sweepFailures } from './feed/failures.ts';
import type { FeedReader } from './feed/reader.ts';
import type { TurnTaker } from './turns.ts';
import type { Handler } from './worker.ts';

/**
 * A room with what it does (`handlers`, one for each kind of work; `turns`, what it takes lane by lane) and what it listens to
 * (`readers`, in this order).
 */
export type WorkingRoom = Room & {
  readonly handlers?: readonly Handler[];
  readonly readers?: readonly FeedReader[];
  readonly turns?: readonly TurnTaker[];
  /** What it adds to transactions of whoever, before they are committed (`queue.beforeCommit`). */
  readonly adds?: (tx: Tx) => Promise<void>;
};

/** The queue itself. */
export const queueRoom: Room = {
  name: 'queue',
  sweep: ({ sql, nowMs, retentionMs }) => sweepFailures(sql, nowMs - retentionMs),
};
