/** An event, and who reads the feed of them. Holds types only. */
import type { Tx } from '../../db/pool.ts';

/** Something that happened. `payload` is JSON; what it holds is between who appends and who reads. */
export type FeedEvent = {
  bucket: number;
  id: number;
  workspaceId: number;
  type: string;
  atMs: number;
  payload: unknown;
};

/** Who reads the feed. Works in the transaction it is given; what it throws is a bug, and the event comes again later. */
export type FeedReader = {
  /** Is kept with what it failed on, so do not change it. */
  name: string;
  read(tx: Tx, events: readonly FeedEvent[]): Promise<void>;
  /** Told when the transaction of a `read` is committed, with the same list; not told when the process dies in between. */
  committed?(events: readonly FeedEvent[]): void;
};
