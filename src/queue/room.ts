/** A room that does work or reads the feed, as the worker gets it: what `db/room.ts` has no word for. Holds a type only. */
import type { Room } from '../db/room.ts';
import type { FeedReader } from './feed/dispatch.ts';
import type { Handler } from './worker.ts';

/** A room with what it does (`handlers`, one for each kind of work) and what it listens to (`readers`, in this order). */
export type WorkingRoom = Room & {
  readonly handlers?: readonly Handler[];
  readonly readers?: readonly FeedReader[];
};
