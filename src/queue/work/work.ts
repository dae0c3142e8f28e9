/** Work, and a batch of it as a handler gets it. Holds types only. */
import type { OwnedLane } from '../lanes/lane.ts';

/** Work that was claimed. */
export type WorkItem = {
  bucket: number;
  ownerId: number;
  causeId: number;
  seq: number;
  /** How often it was tried before. */
  attempt: number;
  stream: number;
  workspaceId: number;
  dueMs: number;
};

/** Work to be put in the queue. The key is (kind, ownerId, causeId, seq). */
export type NewWork = {
  kind: number;
  ownerId: number;
  causeId: number;
  seq: number;
  /** 0: interactive. Above: the id of a bulk run. Below: what one sender has set apart (stream.ts). */
  stream: number;
  workspaceId: number;
  dueMs: number;
};

/** A bulk run, or what a sender has set apart. */
export type Stream = {
  stream: number;
  kind: number;
  workspaceId: number;
  flowing: boolean;
  ratePerS: number | null;
};

/** What a handler writes down of a batch. */
export type Steps = {
  /** All of the batch may have begun with its claim: nothing need be written down. */
  readonly whole: boolean;
  /** Resolves when it is on record that these may have begun; false: the lane has another owner, and they must not. */
  begin(items: readonly WorkItem[]): Promise<boolean>;
  /** Remembers what came of an item, for the next step. */
  note(item: WorkItem, note: unknown): void;
  /** No more steps; resolves when those under way are written. Before the flight is over, or they would outlive it. */
  close(): Promise<void>;
  /** Those that may have begun. */
  begun(): WorkItem[];
  /** What was noted. */
  notes(): ReadonlyMap<WorkItem, unknown>;
};

/** A batch as a handler gets it. */
export type Batch = {
  lane: OwnedLane;
  flightId: number;
  kind: number;
  stream: number;
  items: WorkItem[];
  /** When it was claimed, by our clock. */
  claimedMs: number;
  /**
   * True when a former owner of the lane had claimed it and is gone. The items are those that may have begun: whether their work was
   * done is not known, but for those of `noted`.
   */
  abandoned: boolean;
  /** What was noted of items of an abandoned batch. */
  noted: ReadonlyMap<WorkItem, unknown>;
  /** Where it is written down what begins. */
  steps: Steps;
  /** False once this process may no longer own the lane; looked at before anything that cannot be taken back. */
  holds: () => boolean;
  /** Says that work of this lane falls due soon, so that nobody has to look for it. */
  wakeAt(dueMs: number): void;
  /** Told of items that need no room in flight any more, though others of the batch may; once or more for each. */
  settled(items: readonly WorkItem[]): void;
};
