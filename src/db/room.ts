/**
 * What a room declares of itself, in its `room.ts`, so that whoever goes over all rooms (start, housekeeping, erasing, merging)
 * has a list of rooms and no list of what each of them does. A room that also works or listens declares that beside it
 * (`queue/room.ts`).
 *
 *     export const linksRoom: Room = { name: 'links', personal: { links: 'deleted' }, erase: …, merge: …, sweep: … };
 */
import type { Fault } from '../base/fault.ts';
import type { Log } from '../base/log.ts';
import type { Db, Sql, Tx } from './pool.ts';

/** A room as those see it who go over all of them. What a room has no use for, it leaves out. */
export type Room = {
  readonly name: string;
  /**
   * Where its rows can name a person: `table`, or `table.column`, and what `erase` does there ('deleted', 'emptied', 'kept: a hash
   * …'). A test holds that every table and JSON column that can name a person is claimed by some room.
   */
  readonly personal?: Readonly<Record<string, string>>;
  /**
   * What of those tables `people` exports of a person: the column that names them, by their own id or by that of their conversation;
   * or why nothing of it is. A test holds that every table claimed in `personal` is here, unless it names nobody.
   */
  readonly exports?: Readonly<Record<string, ExportOf>>;
  /**
   * Tables whose rows belong to a workspace by what they belong to: `column` holds the `by` (its `id`) of a row of `of`, which names the
   * workspace. They go with it; what names a workspace itself is found in the catalogue, and what is exported of a person by the person.
   */
  readonly parts?: Readonly<Record<string, { column: string; of: string; by?: string }>>;
  /**
   * Tables whose rows a workspace may keep for fewer days than the install does: of which sort they are, and by which column they are old
   * (an id: by our clock; `at_ms`: by the workspace's).
   */
  readonly kept?: Readonly<Record<string, { sort: KeptSort; by: 'id' | 'cause_id' | 'at_ms' }>>;
  /**
   * As `erase`, before the contacts themselves are locked and go: for rows that others lock before the contact. `addresses` is empty.
   */
  eraseFirst?(erasing: Erasing): Promise<void>;
  /** Lets go of what it has of people. Part of the transaction, and safe to do twice; rooms are asked in the order of their list. */
  erase?(erasing: Erasing): Promise<void>;
  /**
   * Takes some of what it keeps of a deleted workspace outside the database; returns how much, 0 when nothing is left. Safe to do twice,
   * also at once: nobody writes down how far it is.
   */
  removeOutside?(workspaceId: number): Promise<number | Fault>;
  /** Before a merge locks anything: for who has to hold something first. Part of the transaction. */
  mergeFirst?(merging: Merging): Promise<void>;
  /** Moves what it has of one contact to another. Part of the transaction; in the order of the list. */
  merge?(merging: Merging): Promise<void>;
  /** The clock of a test workspace moved on: what is due there comes forward by as much. Part of the transaction. */
  advance?(tx: Tx, workspaceId: number, byMs: number): Promise<void>;
  /** What comes due in a workspace, the earliest first: no more of it than `of.most` for each lane or queue that is looked into. */
  comes?(db: Db, of: ComesOf): Promise<Comes>;
  /** True when it has something to do in a workspace now, for who waits until all is done. */
  isBusy?(db: Db, workspaceId: number, nowMs: number): Promise<boolean>;
  /** Housekeeping: rows that are of no use any more. Every process does it now and then; safe to do twice, also at once. */
  sweep?(sweeping: Sweeping): Promise<void>;
};

/** Sorts of what happened, as a workspace sets how long it keeps them. */
export type KeptSort = 'messages' | 'events' | 'webhooks' | 'audit';

/** What is asked of what comes due: after a moment. Times are by our clock; the workspace's own is `aheadMs` further. */
export type ComesOf = { workspaceId: number; aheadMs: number; afterMs: number; most: number };

/** Something that comes due: of what sort, for whom, and by the id of what. `part`: what comes due in parts counts as one, by its id. */
export type Coming = {
  dueMs: number;
  kind: ComingKind;
  contactId: number | null;
  of: ComingOf | null;
  part?: number;
};

/** Sorts of what comes due, as pages call them. */
export type ComingKind =
  | 'message'
  | 'campaign'
  | 'entering'
  | 'segment'
  | 'broadcast'
  | 'fallback'
  | 'post'
  | 'webhook'
  | 'receipt'
  | 'snooze';

/** What something due belongs to: a run is one of a broadcast. */
export type ComingOf = { type: 'campaign' | 'broadcast' | 'run'; id: number };

/** What comes due, in no order; `untilMs` where there may be more at that moment and after it: before it, this is all. */
export type Comes = { items: readonly Coming[]; untilMs?: number | undefined };

/**
 * How rows of a table are found that are a person's, or why they are not exported. `hasBucket: false` where a table has none; `inWorkspace`
 * where its index begins with the workspace.
 */
type ExportOf =
  | {
      by: 'contact' | 'conversation';
      column: string;
      hasBucket?: false;
      inWorkspace?: true;
      /** Rows that say nothing of whether somebody has been anything: where a column holds this number, or their own id. */
      unused?: { column: string; is: number | 'their id' };
      /** What a row holds, where that is several things that are told as rows of their own. */
      parts?: (row: Record<string, unknown>) => Record<string, unknown>[];
    }
  | { not: string };

/** People of a workspace who are erased. */
export type Erasing = {
  tx: Tx;
  workspaceId: number;
  /** Every id they have had: their own, and those of contacts that were merged into them. */
  contactIds: readonly number[];
  /** What they could be reached at. */
  addresses: readonly { channel: string; address: string }[];
  /** By the workspace's clock, unix ms. */
  atMs: number;
  /** Runs what cannot be rolled back (files that are removed) once the transaction is committed. */
  afterCommit: (run: () => void) => void;
};

/** Two contacts of a workspace that turn out to be one person. */
export type Merging = {
  tx: Tx;
  workspaceId: number;
  survivingId: number;
  discardedId: number;
  /** By the workspace's clock, unix ms. */
  atMs: number;
};

/** A round of housekeeping. */
type Sweeping = {
  sql: Sql;
  log: Log;
  nowMs: number;
  /** How long what happened is kept. */
  retentionMs: number;
};

/** What belongs to the database itself. */
export const dbRoom: Room = {
  name: 'db',
  personal: {
    migrations: 'names nobody',
    placements: 'names nobody',
    id_places: 'names nobody',
  },
};
