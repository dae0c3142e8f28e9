/** Every statement on webhook_calls. A call's bucket is its contact's, so each statement names it. */
import { bucketOf } from '../base/ids.ts';
import type { Db } from '../db/pool.ts';
import type { OwnedLane } from '../queue/lanes/lane.ts';

/** What can be said of a call. `canceled`: its webhook was disabled or deleted before it was made. */
export type CallState = 'pending' | 'delivered' | 'failed' | 'canceled';

/** A call to be written down. */
export type NewCall = {
  id: number;
  workspaceId: number;
  webhookId: number;
  trigger: string;
  body: string;
  /** Whom it is about; null for one that is made by hand. */
  contactId: number | null;
};

/** A call that is due, as its delivery needs it. */
export type DueCall = {
  id: number;
  webhookId: number;
  body: string;
  state: CallState;
  replayOf: number | null;
};

/** A call as the log shows it. */
export type CallRow = {
  id: number;
  workspaceId: number;
  webhookId: number;
  trigger: string;
  state: CallState;
  attempts: number;
  lastStatus: number | null;
  createdMs: number;
  finishedMs: number | null;
  replayOf: number | null;
  replayedBy: number | null;
};

/** A call with what was sent, what was answered, and where to. */
type CallWhole = CallRow & {
  body: string;
  lastAnswer: string | null;
  target: string | null;
  tried: { atMs: number; status: number | null; answer: string | null }[] | null;
};

/** What came of an attempt. */
export type CallChange = {
  id: number;
  state: CallState;
  attempts: number;
  lastStatus: number | null;
  lastAnswer: string | null;
  finishedMs: number | null;
};

const buckets = (ids: readonly number[]): number[] => ids.map(bucketOf);
const logColumns = (db: Db) => db`
  c.id, c.workspace_id AS "workspaceId", c.webhook_id AS "webhookId", c.trigger, c.state, c.attempts,
  c.last_status AS "lastStatus", c.created_ms AS "createdMs", c.finished_ms AS "finishedMs", c.replay_of AS "replayOf",
  c.replayed_by AS "replayedBy"`;

/** Writes calls down. */
export async function insertCalls(db: Db, nowMs: number, calls: readonly NewCall[]): Promise<void> {
  const ids = calls.map(({ id }) => id);
  await db`
    INSERT INTO webhook_calls (bucket, id, workspace_id, webhook_id, trigger, body, contact_id, state, created_ms)
    SELECT *, 'pending', ${nowMs}::bigint FROM unnest(
      ${buckets(ids)}::smallint[], ${ids}::bigint[], ${calls.map((c) => c.workspaceId)}::bigint[],
      ${calls.map((c) => c.webhookId)}::bigint[], ${calls.map((c) => c.trigger)}::text[], ${calls.map((c) => c.body)}::text[],
      ${calls.map((c) => c.contactId)}::bigint[])`;
}

/**
 * Forgets what was told, or still was to be told, of contacts who are erased; a call that is being made meanwhile finds nothing to
 * write its answer to. Locks the rows.
 */
export async function deleteCallsOf(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<void> {
  await db`
    DELETE FROM webhook_calls WHERE bucket = ANY(${buckets(contactIds)}::smallint[])
      AND workspace_id = ${workspaceId} AND contact_id = ANY(${[...contactIds]}::bigint[])`;
}

/** Calls of one lane by id. */
export async function selectDueCalls(db: Db, lane: OwnedLane, ids: readonly number[]): Promise<DueCall[]> {
  return await db<DueCall[]>`
    SELECT c.id, c.webhook_id AS "webhookId", c.body, c.state, c.replay_of AS "replayOf"
    FROM webhook_calls c JOIN unnest(${buckets(ids)}::smallint[], ${[...ids]}::bigint[]) AS k (key_bucket, key_id)
      ON c.bucket = k.key_bucket AND c.id = k.key_id ${db.onShard('c.bucket', lane.buckets)}`;
}

/** So many attempts are kept besides the last: more than are made within a day. */
const MOST_TRIED = 40;

/** Writes down what came of attempts; what the one before came to is kept. Calls that are not pending any more stay as they are. Locks the rows it changes. */
export async function updateCalls(
  db: Db,
  lane: OwnedLane,
  changes: readonly CallChange[],
  nowMs: number,
): Promise<void> {
  const ids = changes.map(({ id }) => id);
  // Citus takes nothing in an update that makes JSON of columns: what was tried before is not kept there.
  const tried = db.placement.distributed
    ? db`c.tried`
    : db`CASE WHEN c.attempts > 0 AND jsonb_array_length(coalesce(c.tried, '[]')) < ${MOST_TRIED}
        THEN coalesce(c.tried, '[]') || jsonb_build_object('atMs', coalesce(c.tried_ms, c.created_ms), 'status', c.last_status, 'answer', left(c.last_answer, 500))
        ELSE c.tried END`;
  await db`
    UPDATE webhook_calls c SET state = n.state, attempts = n.attempts, last_status = n.last_status,
      last_answer = n.last_answer, finished_ms = n.finished_ms,
      tried = ${tried},
      tried_ms = ${nowMs}::bigint
    FROM unnest(
      ${buckets(ids)}::smallint[], ${ids}::bigint[], ${changes.map((c) => c.state)}::text[],
      ${changes.map((c) => c.attempts)}::smallint[], ${changes.map((c) => c.lastStatus)}::smallint[],
      ${changes.map((c) => c.lastAnswer)}::text[], ${changes.map((c) => c.finishedMs)}::bigint[])
      AS n (bucket, id, state, attempts, last_status, last_answer, finished_ms)
    WHERE c.bucket = n.bucket AND c.id = n.id AND c.state = 'pending'
      ${db.onShard('c.bucket', lane.buckets)}`;
}

/** The id of the call of a webhook that is so many before an id; undefined where there are not so many. Asks every shard. Locks nothing. */
export async function selectCallFurther(
  db: Db,
  page: { webhookId: number; beforeId: number; further: number },
): Promise<number | undefined> {
  const [row] = await db<{ id: number }[]>`
    SELECT c.id FROM webhook_calls c WHERE c.webhook_id = ${page.webhookId} AND c.id < ${page.beforeId}
    ORDER BY c.id DESC OFFSET ${page.further - 1} LIMIT 1`;
  return row?.id;
}

/** A page of a webhook's calls, newest first, before an id and from another on. Asks every shard: for people, not for hot paths. */
export async function selectCalls(
  db: Db,
  page: {
    workspaceId: number;
    webhookId: number;
    beforeId: number;
    fromId: number;
    limit: number;
    state: CallState | null;
    trigger: string | null;
    firstId: number | null;
  },
): Promise<CallRow[]> {
  // Said with literals too, so that the index of missed calls serves.
  const missed = page.state === 'failed' || page.state === 'canceled';
  return await db<CallRow[]>`
    SELECT ${logColumns(db)} FROM webhook_calls c
    WHERE c.webhook_id = ${page.webhookId} AND c.workspace_id = ${page.workspaceId} AND c.id < ${page.beforeId} AND c.id >= ${page.fromId}
      ${page.state === null ? db`` : db`AND c.state = ${page.state}`}
      ${page.trigger === null ? db`` : db`AND c.trigger = ${page.trigger}`}
      ${page.firstId === null ? db`` : db`AND c.bucket = ${bucketOf(page.firstId)} AND (c.id = ${page.firstId} OR c.replay_of = ${page.firstId})`}
      ${missed ? db`AND c.state IN ('failed', 'canceled')` : db``}
    ORDER BY c.id DESC LIMIT ${page.limit}`;
}

/** One call with what was sent, what was answered, and where to. */
export async function selectCall(db: Db, workspaceId: number, id: number): Promise<CallWhole | undefined> {
  const rows = await db<CallWhole[]>`
    SELECT ${logColumns(db)}, c.body, c.last_answer AS "lastAnswer", w.target, c.tried
    FROM webhook_calls c LEFT JOIN webhooks w ON w.id = c.webhook_id
    WHERE c.bucket = ${bucketOf(id)} AND c.id = ${id} AND c.workspace_id = ${workspaceId}`;
  return rows[0];
}

/** Which of some calls are a webhook's. */
export async function selectOwnCalls(
  db: Db,
  of: { workspaceId: number; webhookId: number; callIds: readonly number[] },
): Promise<number[]> {
  const rows = await db<{ id: number }[]>`
    SELECT c.id FROM webhook_calls c JOIN unnest(${buckets(of.callIds)}::smallint[], ${[...of.callIds]}::bigint[]) AS k (bucket, id)
      ON c.bucket = k.bucket AND c.id = k.id
    WHERE c.webhook_id = ${of.webhookId} AND c.workspace_id = ${of.workspaceId}`;
  return rows.map(({ id }) => id);
}

/** Calls of a webhook that did not arrive and were not replayed, oldest first, after an id. */
export async function selectMissed(
  db: Db,
  page: { workspaceId: number; webhookId: number; afterId: number; limit: number },
): Promise<number[]> {
  const rows = await db<{ id: number }[]>`
    SELECT id FROM webhook_calls
    WHERE webhook_id = ${page.webhookId} AND workspace_id = ${page.workspaceId} AND id > ${page.afterId}
      AND state IN ('failed', 'canceled') AND replayed_by IS NULL
    ORDER BY id LIMIT ${page.limit}`;
  return rows.map(({ id }) => id);
}

/**
 * Writes repeats of calls: the same trigger and body, and the first call's id behind the webhook-id. `unlessReplayed` passes
 * over what was replayed meanwhile. Locks the repeated rows; returns the ids of the new ones.
 */
export async function insertReplays(
  db: Db,
  nowMs: number,
  replays: readonly { id: number; repeats: number }[],
  unlessReplayed: boolean,
): Promise<number[]> {
  const repeated = replays.map(({ repeats }) => repeats);
  const rows = await db<{ id: number }[]>`
    WITH marked AS (
      UPDATE webhook_calls c SET replayed_by = k.new_id
      FROM unnest(${buckets(repeated)}::smallint[], ${repeated}::bigint[], ${replays.map(({ id }) => id)}::bigint[])
        AS k (key_bucket, key_id, new_id)
      WHERE c.bucket = k.key_bucket AND c.id = k.key_id AND c.state <> 'pending'
        AND (c.replayed_by IS NULL OR NOT ${unlessReplayed}::boolean)
      RETURNING c.bucket, k.new_id, c.workspace_id, c.webhook_id, c.trigger, c.body, c.contact_id,
        coalesce(c.replay_of, c.id) AS replay_of
    )
    INSERT INTO webhook_calls (bucket, id, workspace_id, webhook_id, trigger, body, contact_id, state, created_ms, replay_of)
    SELECT bucket, new_id, workspace_id, webhook_id, trigger, body, contact_id, 'pending', ${nowMs}::bigint, replay_of FROM marked
    RETURNING id`;
  return rows.map(({ id }) => id);
}
