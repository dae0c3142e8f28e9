/** Every statement on what became of runs by hour, and on who answered them. */
import { bucketOf } from '../base/ids.ts';
import { column } from '../db/column.ts';
import type { Db, Fragment } from '../db/pool.ts';
import { onEachShard } from '../db/shards.ts';

/** What is counted of a run in an hour. */
export type HourCounts = {
  sent: number;
  delivered: number;
  read: number;
  failed: number;
  replied: number;
  optedOut: number;
  /** Text messages that were paid for; 0 on other channels. */
  segments: number;
};

/** What is added to an hour of a run; `hourMs` is its beginning. */
export type HourOfRun = HourCounts & { causeId: number; hourMs: number };

/** How somebody answered, as it is stored. */
export const ANSWER = { replied: 1, optedOut: 2 } as const;
/** How somebody answered. */
export type AnswerKind = keyof typeof ANSWER;

/** Somebody who answered a run. */
export type Answered = { contactId: number; causeId: number; kind: number; atMs: number };

/** Adds to hours of runs. `bucket` is the first of the lane's, so that workers do not meet. Locks the rows. */
export async function addRunHours(db: Db, bucket: number, rows: readonly HourOfRun[]): Promise<void> {
  await db`
    INSERT INTO run_hours AS h (bucket, cause_id, hour_ms, sent, delivered, read, failed, replied, opted_out, segments)
    SELECT ${bucket}::smallint, * FROM unnest(${column(rows, (r) => r.causeId)}::bigint[], ${column(rows, (r) => r.hourMs)}::bigint[],
      ${column(rows, (r) => r.sent)}::bigint[], ${column(rows, (r) => r.delivered)}::bigint[], ${column(rows, (r) => r.read)}::bigint[],
      ${column(rows, (r) => r.failed)}::bigint[], ${column(rows, (r) => r.replied)}::bigint[], ${column(rows, (r) => r.optedOut)}::bigint[],
      ${column(rows, (r) => r.segments)}::bigint[])
    ON CONFLICT (bucket, cause_id, hour_ms) DO UPDATE SET sent = h.sent + excluded.sent, delivered = h.delivered + excluded.delivered,
      read = h.read + excluded.read, failed = h.failed + excluded.failed, replied = h.replied + excluded.replied,
      opted_out = h.opted_out + excluded.opted_out, segments = h.segments + excluded.segments`;
}

/**
 * The hours of a run in which anything became of it, the first ones; `buckets` are the first of its lanes. Reads a row for each lane and
 * hour: as many for a million people as for a hundred. Locks nothing.
 */
export async function selectRunHours(
  db: Db,
  buckets: readonly number[],
  causeId: number,
  most: number,
): Promise<(HourCounts & { hourMs: number })[]> {
  return await db<(HourCounts & { hourMs: number })[]>`
    SELECT hour_ms AS "hourMs", sum(sent)::bigint AS sent, sum(delivered)::bigint AS delivered, sum(read)::bigint AS read,
      sum(failed)::bigint AS failed, sum(replied)::bigint AS replied, sum(opted_out)::bigint AS "optedOut",
      sum(segments)::bigint AS segments
    FROM run_hours WHERE bucket = ANY(${[...buckets]}::smallint[]) AND cause_id = ${causeId}
    GROUP BY hour_ms ORDER BY hour_ms LIMIT ${most}`;
}

/** Something somebody said, on a channel; `messageId` where it is a message. */
export type SaidThere = {
  contactId: number;
  channel: string;
  atMs: number;
  messageId: number | null;
};

/**
 * The runs that what was said answers, by the places in the list: the last that was sent to them there before it was a run's, not long
 * ago. `text` is what a message says. Looks at the deliveries of each contact. Locks nothing.
 */
export async function selectRunsAnswered(
  db: Db,
  said: readonly SaidThere[],
  withinMs: number,
): Promise<{ place: number; causeId: number; text: string | null }[]> {
  return await onEachShard(
    db,
    said.map((one, place) => ({ ...one, place })),
    (s) => bucketOf(s.contactId),
    async (some, buckets) =>
      await db<{ place: number; causeId: number; text: string | null }[]>`
        SELECT k.place, sent.cause_id AS "causeId", m.content ->> 'text' AS text
        FROM unnest(${column(some, (s) => bucketOf(s.contactId))}::smallint[], ${column(some, (s) => s.contactId)}::bigint[],
          ${column(some, (s) => s.channel)}::text[], ${column(some, (s) => s.atMs)}::bigint[], ${column(some, (s) => s.messageId)}::bigint[],
          ${column(some, (s) => s.place)}::integer[]) AS k (bucket, contact_id, channel, at_ms, message_id, place)
        CROSS JOIN LATERAL (
          SELECT d.cause_id, d.expires_ms FROM deliveries d
          WHERE d.bucket = k.bucket AND d.contact_id = k.contact_id AND d.channel = k.channel
            AND d.sent_ms <= k.at_ms AND d.sent_ms > k.at_ms - ${withinMs}::bigint ${db.onShard('d.bucket', buckets)}
          ORDER BY d.sent_ms DESC, d.cause_id DESC, d.seq DESC LIMIT 1) sent
        LEFT JOIN messages m ON m.bucket = k.bucket AND m.id = k.message_id ${db.onShard('m.bucket', buckets)}
        WHERE sent.expires_ms IS NULL`,
  );
}

/** Keeps who answered; returns those of whom it was not known. Locks the rows. */
export async function insertAnswers(
  db: Db,
  rows: readonly (Answered & { workspaceId: number })[],
): Promise<Answered[]> {
  return await db<Answered[]>`
    INSERT INTO run_answers (bucket, contact_id, cause_id, kind, workspace_id, at_ms)
    SELECT * FROM unnest(${column(rows, (r) => bucketOf(r.contactId))}::smallint[], ${column(rows, (r) => r.contactId)}::bigint[],
      ${column(rows, (r) => r.causeId)}::bigint[], ${column(rows, (r) => r.kind)}::smallint[], ${column(rows, (r) => r.workspaceId)}::bigint[],
      ${column(rows, (r) => r.atMs)}::bigint[])
    ON CONFLICT DO NOTHING
    RETURNING contact_id AS "contactId", cause_id AS "causeId", kind, at_ms AS "atMs"`;
}

/** Who answered a run in a way, in the order of bucket and id. Locks nothing. */
export async function selectAnswers(
  db: Db,
  workspaceId: number,
  causeId: number,
  page: { kind: number; afterContactId: number; limit: number },
): Promise<{ contactId: number; atMs: number }[]> {
  return await db<{ contactId: number; atMs: number }[]>`
    SELECT contact_id AS "contactId", at_ms AS "atMs" FROM run_answers
    WHERE cause_id = ${causeId} AND kind = ${page.kind} AND workspace_id = ${workspaceId} AND bucket >= 0
      AND (bucket, contact_id) > (${page.afterContactId === 0 ? -1 : bucketOf(page.afterContactId)}::smallint, ${page.afterContactId}::bigint)
    ORDER BY bucket, contact_id LIMIT ${page.limit}`;
}

/** Forgets that contacts answered: the hours keep their numbers. Locks the rows. */
export async function deleteAnswers(db: Db, contactIds: readonly number[]): Promise<void> {
  if (contactIds.length === 0) return;
  await db`
    DELETE FROM run_answers
    WHERE bucket = ANY(${[...new Set(contactIds.map(bucketOf))]}::smallint[]) AND contact_id = ANY(${[...contactIds]}::bigint[])`;
}

/** That a run had an outcome with a contact: a condition on `contacts c`, which looks up one key of each. */
export function hasOutcome(
  db: Db,
  causeId: number,
  outcome: { state: number } | { answer: number },
): Fragment {
  return 'state' in outcome
    ? db`EXISTS (SELECT 1 FROM deliveries d WHERE d.bucket = c.bucket AND d.contact_id = c.id AND d.cause_id = ${causeId}::bigint
        AND d.state = ${outcome.state}::smallint)`
    : db`EXISTS (SELECT 1 FROM run_answers a WHERE a.bucket = c.bucket AND a.contact_id = c.id AND a.cause_id = ${causeId}::bigint
        AND a.kind = ${outcome.answer}::smallint)`;
}
