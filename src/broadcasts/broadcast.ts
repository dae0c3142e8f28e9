/** What a broadcast is. Holds types only. */
import type { Audience } from '../../contract/audience.ts';
import type { Content } from '../../contract/content.ts';
import type { Origin } from '../conversations/groups/reach.ts';
import type { Senders } from '../senders/senders.ts';
import type { Directory } from '../accounts/directory.ts';
import type { IdSource } from '../base/ids.ts';
import type { Queue } from '../queue/queue.ts';
import type { Sql } from '../db/pool.ts';
import type { MessageClass, ChannelName } from '../../contract/channels.ts';

/** The states of a broadcast (broadcasts.ts draws the moves). */
export type BroadcastState = 'draft' | 'scheduled' | 'running' | 'paused' | 'done' | 'canceled';

/** A broadcast. Times are by the workspace's clock. */
export type Broadcast = {
  id: number;
  workspaceId: number;
  name: string;
  state: BroadcastState;
  content: Content;
  class: MessageClass;
  channel: ChannelName;
  integrationId: number | null;
  audience: Audience;
  /** Its own bound on messages a second; the integration's holds too. */
  ratePerS: number | null;
  note: string | null;
  runId: number | null;
  scheduledMs: number | null;
  startedMs: number | null;
  finishedMs: number | null;
  /** The step that is to be taken of it (steps.ts); null: none, or one from before steps were counted. */
  stepId: number | null;
  /** How long after its start a recipient may still be written to. */
  expiresAfterMs: number;
  /** What it is when nobody drafted it as a broadcast: a post (posted.ts). */
  origin: Origin | null;
  createdMs: number;
  changedMs: number;
  /** Runs whose failures it tries once more, the first one first (retry.ts). */
  retryOf: number[] | null;
  /** Counts what was changed of the draft. */
  revision: number;
};

/** What a broadcast is made from, unchecked. */
export type BroadcastInput = Partial<
  Record<
    'name' | 'content' | 'class' | 'channel' | 'integrationId' | 'audience' | 'ratePerS' | 'expiresAfterMs',
    unknown
  >
>;

/** What this room's functions work with. */
export type BroadcastDeps = { sql: Sql; queue: Queue; ids: IdSource; directory: Directory; senders: Senders };
