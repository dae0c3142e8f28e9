/** What this room declares, and the shape of a room that does work or reads the feed: what `db/room.ts` has no word for. */
import type { Tx } from '../db/pool.ts';
import type { Room } from '../db/room.ts';
import { sweepFailures } from './feed/failures.ts';
import type { FeedReader } from './feed/reader.ts';
import { deleteEvents } from './feed/sql.ts';
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
  /** Types of events of its that hold more of a person than ids: whose, `contactId` in them says. They are erased with the person. */
  readonly personalEvents?: readonly string[];
  /** What it adds to transactions of whoever, before they are committed (`queue.beforeCommit`). */
  readonly adds?: (tx: Tx) => Promise<void>;
};

/** The queue itself. `rooms` are all, some of which have events that tell more. */
export const queueRoom = (rooms: () => readonly WorkingRoom[]): Room => ({
  name: 'queue',
  personal: {
    'feed_log.payload': 'ids; events that hold more are deleted',
    feed_log: 'kept: ids',
    feed: 'kept: as events, until they are told',
    feed_failures:
      'kept: as events, until they are read after all; those that hold more than ids are deleted',
    due: 'names nobody',
    lanes: 'names nobody',
    workers: 'names nobody',
    flights: 'names nobody',
    flight_steps: 'names nobody: what a provider answered, until the batch is settled',
    streams: 'names nobody',
  },
  exports: {
    feed_log: { not: 'what happened, by ids: what it happened to is here' },
    feed: { not: 'as feed_log' },
    feed_failures: { not: 'as feed_log' },
  },
  async erase({ tx, workspaceId, contactIds }) {
    for (const type of rooms().flatMap(({ personalEvents }) => personalEvents ?? []))
      await deleteEvents(tx, workspaceId, { type, name: 'contactId', ids: contactIds });
  },
  sweep: ({ sql, nowMs, retentionMs }) => sweepFailures(sql, nowMs - retentionMs),
});
