/** A bulk run as the outbox sees it: what is said once for all its recipients. Brought in by main.ts, from whoever starts runs. */
import type { ChannelName, MessageClass } from '../../contract/channels.ts';
import type { Compiled } from '../content/compile.ts';

/** One run. */
export type BulkRun = {
  runId: number;
  workspaceId: number;
  channel: ChannelName;
  class: MessageClass;
  compiled: Compiled;
  /** Addresses in it that are short for each recipient, with their positions (links/links.ts). */
  links: ReadonlyMap<string, number>;
  isTemplate: boolean;
  /** Its content names a sender of its own for SMS. */
  fromName?: boolean;
  integrationId: number | null;
  /** Since when it goes, by the workspace's clock. */
  startedMs: number;
  /** Called off: what is left of it is not sent. */
  canceled: boolean;
  /** By the workspace's clock. */
  expiresMs: number;
  /**
   * Which of its recipients are to have it now, by the workspace's clock; all where it does not say. Asked once a batch, of what may
   * have changed since they were put into the queue.
   */
  stillWanted?: (contactIds: readonly number[], nowMs: number) => Promise<ReadonlySet<number>>;
};

/** Finds a run; answers from memory, since it is asked once per batch. Undefined: there is no such run any more. */
export type RunSource = (runId: number) => Promise<BulkRun | undefined>;
