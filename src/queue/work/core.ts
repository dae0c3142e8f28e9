/** What the parts of a worker share, and what a handler of work is. Holds types only. */
import type { WorkItem, Stream, Batch } from './work.ts';
import type { Clock } from '../../base/clock.ts';
import type { IdSource } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import type { Sql } from '../../db/pool.ts';
import type { ComingKind } from '../../db/room.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import type { GiveWay } from './giveWay.ts';

/**
 * What a lane has for a worker: interactive work of a kind, a share of a stream (`bulk`; of every one when none is named), events
 * (`feed`), or a turn (`turn`). `streams`: there is another stream, or one flows otherwise; of no lane.
 */
export type Wake = {
  lane: number;
  what: number | 'bulk' | 'feed' | 'turn' | 'streams';
  stream?: number | undefined;
};

/** Who does the work of one kind. `handle` settles every item of the batch (settle.ts) before it resolves. */
export type Handler = {
  kind: number;
  /** What a piece of it is to who looks at what comes due in a test workspace; absent where it is nothing to them. */
  comesAs?: ComingKind;
  /** Most items in one claim. */
  batchSize: number;
  /** Most items in flight in one room: of one workspace's interactive work, and of the bulk runs of one key (`roomOf`). */
  inFlight: number;
  /**
   * Which bulk runs share a room in flight, since they wait for the same thing; those of a workspace, where it is not said. The queue
   * never knows what the key means.
   */
  roomOf?(stream: Stream): Promise<string | undefined> | string | undefined;
  /**
   * Claims of at most so many begin as a whole; of larger ones `batch.steps` is told what begins, before it does. Absent: all claims
   * begin as a whole.
   */
  wholeUpTo?(stream: number): number;
  handle(batch: Batch): Promise<void>;
};

/** What work is done with. */
export type WorkDeps = {
  sql: Sql;
  ids: IdSource;
  clock: Clock;
  log: Log;
  leaseMs: number;
  handlers: readonly Handler[];
};

/** A claim. */
export type Claim = {
  handler: Handler;
  lane: OwnedLane;
  stream: number;
  limit: number;
  after: { dueMs: number; ownerId: number };
  /** Workspaces whose work is left for later. */
  passOver: readonly number[];
  /** Told what was claimed, before it is handed on. */
  taken?(items: readonly WorkItem[]): void;
  /** Told once of each item that was claimed: it needs no room in flight any more. */
  left: (items: readonly WorkItem[]) => void;
};

/** A claim from several lanes, of what is no run; `limit` is of each, `taken` and `left` as of a claim. */
export type ClaimOfLanes = Omit<Claim, 'lane' | 'after'> & { lanes: readonly OwnedLane[] };

/** What was claimed; `ran` resolves when it is settled. */
export type Flown = { items: WorkItem[]; ran: Promise<void> };

/** What the pumps of a worker share. */
export type WorkerCore = Pick<WorkDeps, 'sql' | 'clock' | 'log'> & {
  stopping: AbortSignal;
  giveWay: GiveWay;
  /** Lanes that may be claimed from. */
  lanes(): readonly OwnedLane[];
  holds: (lane: OwnedLane) => boolean;
  claim(claim: Claim): Promise<Flown>;
  /** Claims a batch of each lane and starts them; returns what was claimed of those that had anything. Not on Citus. */
  claimOfLanes(claim: ClaimOfLanes): Promise<ReadonlyMap<number, Flown>>;
};
