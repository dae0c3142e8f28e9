/**
 * Every statement of the audit: what is written down of messages, lane by lane, counted and held against each other. It reads the rows
 * of other rooms as they stand, by itself, since whoever audits books does not ask those who keep them. Reads only; a lane's rows are
 * in its buckets, so that each statement asks one shard.
 */
import type { Db, Fragment } from '../db/pool.ts';
import { STATE } from '../ledger/states.ts';
import { KIND } from '../queue/work/kinds.ts';
import type { Scope, SentWithin } from './scope.ts';

/**
 * The part of a scope in one lane: `buckets` may be some of the lane's; what is told of a run is told of all of the lane at once, and
 * counted in the lane's first, `bucket`.
 */
export type ScopePart = Scope & {
  lane: number;
  bucket: number;
  buckets: readonly number[];
  wholeLane: readonly number[];
};

/** A row that breaks the proof. */
export type Row = {
  contactId: number | null;
  causeId: number | null;
  seq: number;
  state: number | null;
  detail: string;
};

/** So many rows of a kind are told of a lane; of more only that there are. */
export const MOST_ROWS = 50;

/** Nothing is written, all is of one moment, and no statement runs for long. */
export async function beginAudit(db: Db, longestMs: number): Promise<void> {
  await db`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY`;
  await db`SELECT set_config('statement_timeout', ${String(longestMs)}, true)`;
}

/** The runs of broadcasts in a scope. Later: those of campaigns. */
export async function selectRuns(db: Db, s: Scope): Promise<{ runId: number; broadcastId: number }[]> {
  return await db<{ runId: number; broadcastId: number }[]>`
    SELECT run_id AS "runId", id AS "broadcastId" FROM broadcasts
    WHERE workspace_id = ${s.workspaceId} AND run_id BETWEEN ${s.fromCause} AND ${s.toCause}`;
}

const inLane = (db: Db, p: ScopePart): Fragment => db`
  d.bucket = ANY(${[...p.buckets]}::smallint[]) AND d.workspace_id = ${p.workspaceId}
  AND d.cause_id BETWEEN ${p.fromCause} AND ${p.toCause} ${p.contactId === undefined ? db`` : db`AND d.contact_id = ${p.contactId}`}`;

/** The run of a broadcast; null before it starts, undefined where there is none. */
export async function selectRunOf(
  db: Db,
  workspaceId: number,
  broadcastId: number,
): Promise<{ runId: number | null } | undefined> {
  const rows = await db<{ runId: number | null }[]>`
    SELECT run_id AS "runId" FROM broadcasts WHERE id = ${broadcastId} AND workspace_id = ${workspaceId}`;
  return rows[0];
}

/** Deliveries by cause of a run (or null), by state, and whether they are the first of their cause. */
export async function countDeliveries(
  db: Db,
  p: ScopePart,
  runs: readonly number[],
): Promise<
  {
    runId: number | null;
    state: number;
    first: boolean;
    n: number;
    attempted: number;
    taken: number;
    receipted: number;
  }[]
> {
  return await db<
    {
      runId: number | null;
      state: number;
      first: boolean;
      n: number;
      attempted: number;
      taken: number;
      receipted: number;
    }[]
  >`
    SELECT CASE WHEN d.cause_id = ANY(${[...runs]}::bigint[]) THEN d.cause_id END AS "runId", d.state, d.seq = 0 AS first, count(*) AS n,
      count(*) FILTER (WHERE d.attempts > 0 OR d.sent_ms IS NOT NULL) AS attempted,
      count(*) FILTER (WHERE d.sent_ms IS NOT NULL) AS taken,
      count(*) FILTER (WHERE d.state IN (${STATE.delivered}, ${STATE.read})
        OR (d.state = ${STATE.failed} AND d.sent_ms IS NOT NULL)) AS receipted
    FROM deliveries d WHERE ${inLane(db, p)} GROUP BY 1, 2, 3`;
}

/** Messages that were said to people. */
export async function countMessages(db: Db, p: ScopePart): Promise<number> {
  const [row] = await db<{ n: number }[]>`
    SELECT count(*) AS n FROM messages m
    WHERE m.bucket = ANY(${[...p.buckets]}::smallint[]) AND m.workspace_id = ${p.workspaceId} AND m.direction = 'out'
      AND m.id BETWEEN ${p.fromCause} AND ${p.toCause} ${p.contactId === undefined ? db`` : db`AND m.contact_id = ${p.contactId}`}`;
  return row!.n;
}

/** First deliveries of messages whose message is gone: erased with whom it was for (they have no address any more), or removed by itself. */
export async function countErased(db: Db, p: ScopePart, runs: readonly number[]): Promise<number> {
  const [row] = await db<{ n: number }[]>`
    SELECT count(*) AS n FROM deliveries d
    WHERE ${inLane(db, p)} AND d.seq = 0 AND NOT d.cause_id = ANY(${[...runs]}::bigint[])
      AND (d.address IS NULL OR EXISTS (SELECT 1 FROM removed_messages r WHERE r.bucket = d.bucket AND r.id = d.cause_id))
      AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.bucket = d.bucket AND m.id = d.cause_id)`;
  return row!.n;
}

/** Recipients of runs that are in the queue and of whom nothing is written yet, by run. */
export async function countWaiting(
  db: Db,
  p: ScopePart,
  runs: readonly number[],
): Promise<{ runId: number; fresh: number; queued: number }[]> {
  return await db<{ runId: number; fresh: number; queued: number }[]>`
    SELECT w.cause_id AS "runId", count(*) FILTER (WHERE d.bucket IS NULL) AS fresh,
      count(*) FILTER (WHERE d.bucket IS NULL OR d.state = ${STATE.queued}) AS queued
    FROM due w LEFT JOIN deliveries d ON d.bucket = w.bucket AND d.contact_id = w.owner_id AND d.cause_id = w.cause_id AND d.seq = w.seq
    WHERE w.bucket = ANY(${[...p.buckets]}::smallint[]) AND w.kind = ${KIND.delivery} AND w.cause_id = ANY(${[...runs]}::bigint[])
      ${p.contactId === undefined ? db`` : db`AND w.owner_id = ${p.contactId}`}
    GROUP BY 1`;
}

/** What was counted of runs: how many the audience had in the lane, and how many came to which state. */
export async function selectCounted(
  db: Db,
  p: ScopePart,
  runs: readonly number[],
): Promise<{ runId: number; state: number | null; n: number }[]> {
  return await db<{ runId: number; state: number | null; n: number }[]>`
    SELECT run_id AS "runId", NULL::smallint AS state, matched::bigint AS n FROM broadcast_lanes
    WHERE bucket = ${p.bucket} AND run_id = ANY(${[...runs]}::bigint[])
    UNION ALL
    SELECT cause_id, state, n FROM tallies WHERE bucket = ${p.bucket} AND cause_id = ANY(${[...runs]}::bigint[])`;
}

/** Events in which deliveries are told of, from the first cause on. */
const told = (db: Db, p: ScopePart): Fragment => db`
  SELECT payload FROM feed WHERE bucket = ANY(${[...p.wholeLane]}::smallint[]) AND id >= ${p.fromCause}
    AND workspace_id = ${p.workspaceId} AND type = 'delivery.changed'
  UNION ALL
  SELECT payload FROM feed_log WHERE bucket = ANY(${[...p.wholeLane]}::smallint[]) AND id >= ${p.fromCause}
    AND workspace_id = ${p.workspaceId} AND type = 'delivery.changed'`;

/** Webhook calls of the lane that were made in the scope's time, by state. They name no cause, so a broadcast's are not known apart. */
export async function countCalls(db: Db, p: ScopePart): Promise<{ state: string; n: number }[]> {
  return await db<{ state: string; n: number }[]>`
    SELECT state, count(*) AS n FROM webhook_calls
    WHERE bucket = ANY(${[...p.buckets]}::smallint[]) AND workspace_id = ${p.workspaceId} AND id BETWEEN ${p.fromCause} AND ${p.toCause}
      ${p.contactId === undefined ? db`` : db`AND contact_id = ${p.contactId}`}
    GROUP BY state`;
}

/** Events of the scope's time that no reader was handed yet, and those that one of them failed on. */
export async function countUnread(db: Db, p: ScopePart): Promise<{ waiting: number; failed: number }> {
  const [row] = await db<{ waiting: number; failed: number }[]>`
    SELECT (SELECT count(*) FROM feed WHERE bucket = ANY(${[...p.buckets]}::smallint[]) AND workspace_id = ${p.workspaceId}
        AND id BETWEEN ${p.fromCause} AND ${p.toCause}) AS waiting,
      (SELECT count(*) FROM feed_failures WHERE bucket = ANY(${[...p.buckets]}::smallint[]) AND workspace_id = ${p.workspaceId}
        AND id BETWEEN ${p.fromCause} AND ${p.toCause}) AS failed`;
  return row!;
}

/** What is looked for row by row; each yields contactId, causeId, seq, state and what is wrong in words. `nowMs` is by our clock. */
export const LOOKS: Readonly<
  Record<string, (db: Db, p: ScopePart, runs: readonly number[], nowMs: number) => PromiseLike<Row[]>>
> = {
  no_delivery: (db, p) => db<Row[]>`
    SELECT m.contact_id AS "contactId", m.id AS "causeId", 0 AS seq, NULL::smallint AS state,
      'the message was accepted, and nothing was ever to deliver it' AS detail
    FROM messages m
    WHERE m.bucket = ANY(${[...p.buckets]}::smallint[]) AND m.workspace_id = ${p.workspaceId} AND m.direction = 'out'
      AND m.id BETWEEN ${p.fromCause} AND ${p.toCause} ${p.contactId === undefined ? db`` : db`AND m.contact_id = ${p.contactId}`}
      AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.bucket = m.bucket AND d.contact_id = m.contact_id AND d.cause_id = m.id)
    ORDER BY m.id LIMIT ${MOST_ROWS}`,
  no_cause: (db, p, runs) => db<Row[]>`
    SELECT d.contact_id AS "contactId", d.cause_id AS "causeId", d.seq, d.state, 'nobody asked for it: there is no such message or run' AS detail
    FROM deliveries d
    WHERE ${inLane(db, p)} AND d.address IS NOT NULL AND NOT d.cause_id = ANY(${[...runs]}::bigint[])
      AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.bucket = d.bucket AND m.id = d.cause_id AND m.workspace_id = d.workspace_id)
      AND NOT EXISTS (SELECT 1 FROM removed_messages r WHERE r.bucket = d.bucket AND r.id = d.cause_id)
    LIMIT ${MOST_ROWS}`,
  stranded: (db, p) => db<Row[]>`
    SELECT d.contact_id AS "contactId", d.cause_id AS "causeId", d.seq, d.state, 'it waits, and is in no queue' AS detail
    FROM deliveries d
    WHERE ${inLane(db, p)} AND d.state IN (${STATE.queued}, ${STATE.held})
      AND NOT EXISTS (SELECT 1 FROM due w WHERE w.bucket = d.bucket AND w.kind = ${KIND.delivery} AND w.owner_id = d.contact_id
        AND w.cause_id = d.cause_id AND w.seq = d.seq)
    LIMIT ${MOST_ROWS}`,
  no_row: (db, p, runs) => db<Row[]>`
    SELECT w.owner_id AS "contactId", w.cause_id AS "causeId", w.seq, NULL::smallint AS state, 'it is in the queue, and is no delivery' AS detail
    FROM due w
    WHERE w.bucket = ANY(${[...p.buckets]}::smallint[]) AND w.kind = ${KIND.delivery} AND w.workspace_id = ${p.workspaceId}
      AND w.cause_id BETWEEN ${p.fromCause} AND ${p.toCause} AND NOT w.cause_id = ANY(${[...runs]}::bigint[])
      ${p.contactId === undefined ? db`` : db`AND w.owner_id = ${p.contactId}`}
      AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.bucket = w.bucket AND d.contact_id = w.owner_id AND d.cause_id = w.cause_id
        AND d.seq = w.seq)
    LIMIT ${MOST_ROWS}`,
  left_over: (db, p, _runs, nowMs) => db<Row[]>`
    SELECT d.contact_id AS "contactId", d.cause_id AS "causeId", d.seq, d.state, 'it has ended, and is still due' AS detail
    FROM deliveries d JOIN due w ON w.bucket = d.bucket AND w.kind = ${KIND.delivery} AND w.owner_id = d.contact_id
      AND w.cause_id = d.cause_id AND w.seq = d.seq
    WHERE ${inLane(db, p)} AND d.state >= ${STATE.accepted} AND w.due_ms < ${nowMs - LEFT_OVER_MS}
      AND NOT EXISTS (SELECT 1 FROM flights f WHERE f.bucket = ANY(${[...p.buckets]}::smallint[]) AND w.owner_id = ANY(f.owner_ids)
        AND w.cause_id = ANY(f.cause_ids))
    LIMIT ${MOST_ROWS}`,
  sent_twice: (db, p) => db<Row[]>`
    SELECT d.contact_id AS "contactId", d.cause_id AS "causeId", max(d.seq) AS seq, max(d.state) AS state,
      count(*) || ' deliveries to one address were taken by its provider' AS detail
    FROM deliveries d
    WHERE ${inLane(db, p)} AND d.state IN (${STATE.accepted}, ${STATE.delivered}, ${STATE.read}) AND d.address IS NOT NULL
    GROUP BY d.bucket, d.contact_id, d.cause_id, d.channel, d.address HAVING count(*) > 1 LIMIT ${MOST_ROWS}`,
  never_sent: (db, p) => db<Row[]>`
    SELECT d.contact_id AS "contactId", d.cause_id AS "causeId", d.seq, d.state, 'it arrived, and was never sent' AS detail
    FROM deliveries d
    WHERE ${inLane(db, p)} AND d.state IN (${STATE.accepted}, ${STATE.delivered}, ${STATE.read}) AND d.sent_ms IS NULL
    LIMIT ${MOST_ROWS}`,
  untold: (db, p) => db<Row[]>`
    WITH events AS MATERIALIZED (${told(db, p)}), told AS (
      SELECT (c ->> 'contactId')::bigint AS contact_id, (c ->> 'causeId')::bigint AS cause_id, (c ->> 'seq')::smallint AS seq,
        (c ->> 'to')::smallint AS state
      FROM events, jsonb_array_elements(payload -> 'changes') c
      UNION ALL
      SELECT one::text::bigint, (a ->> 'causeId')::bigint, 0::smallint, ${STATE.accepted}::smallint
      FROM events, jsonb_array_elements(payload -> 'accepted') a, jsonb_array_elements(a -> 'contactIds') one)
    SELECT d.contact_id AS "contactId", d.cause_id AS "causeId", d.seq, d.state, 'no event tells that it came to this' AS detail
    FROM deliveries d
    WHERE ${inLane(db, p)} AND d.state <> ${STATE.queued} AND NOT EXISTS (SELECT 1 FROM told t WHERE t.contact_id = d.contact_id
      AND t.cause_id = d.cause_id AND t.seq = d.seq AND t.state = d.state)
    LIMIT ${MOST_ROWS}`,
  names_nobody: (db, p) => db<Row[]>`
    SELECT d.contact_id AS "contactId", d.cause_id AS "causeId", d.seq, d.state, 'it names somebody who is no contact of the workspace' AS detail
    FROM deliveries d
    WHERE ${inLane(db, p)} AND d.address IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM contacts c WHERE c.bucket = d.bucket AND c.workspace_id = d.workspace_id AND c.id = d.contact_id)
      AND NOT EXISTS (SELECT 1 FROM merged_contacts g WHERE g.bucket = d.bucket AND g.workspace_id = d.workspace_id
        AND g.contact_id = d.contact_id)
    LIMIT ${MOST_ROWS}`,
  call_stranded: (db, p) => db<Row[]>`
    SELECT c.contact_id AS "contactId", NULL::bigint AS "causeId", 0 AS seq, NULL::smallint AS state,
      'webhook call ' || c.id || ' (' || c.trigger || ') waits, and is in no queue' AS detail
    FROM webhook_calls c
    WHERE c.bucket = ANY(${[...p.buckets]}::smallint[]) AND c.workspace_id = ${p.workspaceId} AND c.state = 'pending'
      AND c.id BETWEEN ${p.fromCause} AND ${p.toCause} ${p.contactId === undefined ? db`` : db`AND c.contact_id = ${p.contactId}`}
      AND NOT EXISTS (SELECT 1 FROM due w WHERE w.bucket = c.bucket AND w.kind = ${KIND.webhook} AND w.owner_id = c.id)
    LIMIT ${MOST_ROWS}`,
};

/** What has ended in flight is settled in a moment; what is due for longer is looked at by nobody. */
const LEFT_OVER_MS = 600_000;

/** A delivery that a provider took, as it knows it. */
type TakenRow = {
  contactId: number;
  causeId: number;
  seq: number;
  state: number;
  integrationId: number | null;
  externalIds: string[];
  sentMs: number;
};

/** Deliveries that a provider took, with `sent` those of that time only: a page in order of contact, cause and seq. */
export async function selectTaken(
  db: Db,
  p: ScopePart,
  after: { contactId: number; causeId: number; seq: number },
  limit: number,
  sent?: SentWithin,
): Promise<TakenRow[]> {
  return await db<TakenRow[]>`
    SELECT d.contact_id AS "contactId", d.cause_id AS "causeId", d.seq, d.state, d.integration_id AS "integrationId",
      coalesce(d.external_ids, '{}') AS "externalIds", d.sent_ms AS "sentMs"
    FROM deliveries d
    WHERE ${inLane(db, p)} AND d.sent_ms IS NOT NULL ${sent ? db`AND d.sent_ms BETWEEN ${sent.fromMs} AND ${sent.toMs}` : db``}
      AND (d.contact_id, d.cause_id, d.seq) > (${after.contactId}, ${after.causeId}, ${after.seq})
    ORDER BY d.contact_id, d.cause_id, d.seq LIMIT ${limit}`;
}
