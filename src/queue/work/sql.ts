/**
 * Every statement on due, flights and streams. Statements on rows of a lane name its buckets, so that
 * Citus sends them to one shard (`onShard` where the rows are named by key); on plain Postgres the lane's index decides.
 */
import { bucketOf } from '../../base/ids.ts';
import { column } from '../../db/column.ts';
import type { NewWork, Stream, WorkItem } from './work.ts';
import type { Db, Fragment } from '../../db/pool.ts';
import { onEachShard } from '../../db/shards.ts';
import type { OwnedLane } from '../lanes/lane.ts';

/** Puts work in the queue; work that is there already stays as it is. Locks nothing but the new rows. */
export async function insertDue(
  db: Db,
  rows: readonly (NewWork & { bucket: number; lane: number })[],
): Promise<void> {
  await db`
    INSERT INTO due (bucket, kind, owner_id, cause_id, seq, lane, stream, workspace_id, due_ms)
    SELECT * FROM unnest(
      ${column(rows, (r) => r.bucket)}::smallint[], ${column(rows, (r) => r.kind)}::smallint[],
      ${column(rows, (r) => r.ownerId)}::bigint[], ${column(rows, (r) => r.causeId)}::bigint[],
      ${column(rows, (r) => r.seq)}::smallint[], ${column(rows, (r) => r.lane)}::smallint[],
      ${column(rows, (r) => r.stream)}::bigint[], ${column(rows, (r) => r.workspaceId)}::bigint[],
      ${column(rows, (r) => r.dueMs)}::bigint[])
    ON CONFLICT DO NOTHING`;
}

/**
 * Puts one piece of work for each row that `selected` yields as (bucket, owner_id), all within one lane; returns how many.
 * Sorted inserts into a narrow table: about 200,000 rows/s, measured on two cores.
 */
export async function insertDueSelected(
  db: Db,
  lane: number,
  work: Omit<NewWork, 'ownerId'>,
  selected: Fragment,
): Promise<number> {
  const result = await db`
    INSERT INTO due (bucket, kind, owner_id, cause_id, seq, lane, stream, workspace_id, due_ms)
    SELECT s.bucket, ${work.kind}::smallint, s.owner_id, ${work.causeId}::bigint, ${work.seq}::smallint, ${lane}::smallint,
           ${work.stream}::bigint, ${work.workspaceId}::bigint, ${work.dueMs}::bigint
    FROM (${selected}) s
    ORDER BY s.bucket, s.owner_id
    ON CONFLICT DO NOTHING`.unprepared();
  return result.count;
}

/**
 * Claims the next work of a lane's stream and writes it down as a flight, in one statement: the attempt is on record before
 * it is made. Nothing is claimed when the lane is no longer held under this epoch. `busy` names what is in flight already;
 * `after` is where the last claim of this pass ended, so that rows in flight are not read again.
 */
export async function claimDue(
  db: Db,
  claim: {
    lane: OwnedLane;
    flightId: number;
    kind: number;
    stream: number;
    nowMs: number;
    after: { dueMs: number; ownerId: number };
    busy: readonly { ownerId: number; causeId: number; seq: number }[];
    /** Workspaces whose work is left for later. */
    passOver: readonly number[];
    limit: number;
    /** A claim of at most so many may begin as a whole; of a larger one, `steps.ts` writes down what begins. */
    wholeUpTo: number;
  },
): Promise<WorkItem[]> {
  const { lane, kind, stream, nowMs, after, busy, passOver } = claim;
  const [claimed] = await db<Claimed[]>`
    WITH fence AS (
      SELECT 1 FROM lanes WHERE bucket = ${lane.bucket} AND lane = ${lane.lane} AND epoch = ${lane.epoch} FOR KEY SHARE
    ), picked AS MATERIALIZED (
      SELECT owner_id, cause_id, seq, attempt, workspace_id, due_ms FROM due
      WHERE lane = ${lane.lane} ${db.onShard('bucket', lane.buckets)} AND kind = ${kind} AND stream = ${stream}
        AND due_ms <= ${nowMs} AND (due_ms, owner_id) > (${after.dueMs}::bigint, ${after.ownerId}::bigint)
        ${
          busy.length
            ? db`AND (owner_id, cause_id, seq) NOT IN (SELECT * FROM unnest(
                ${busy.map((b) => b.ownerId)}::bigint[], ${busy.map((b) => b.causeId)}::bigint[], ${busy.map((b) => b.seq)}::smallint[]))`
            : db``
        }
        ${passOver.length ? db`AND workspace_id <> ALL(${[...passOver]}::bigint[])` : db``}
        AND EXISTS (SELECT 1 FROM fence)
      ORDER BY due_ms, owner_id, cause_id LIMIT ${claim.limit}
    ), flown AS (
      INSERT INTO flights (bucket, id, lane, epoch, kind, owner_ids, cause_ids, seqs, at_ms, whole)
      SELECT ${lane.bucket}::smallint, ${claim.flightId}::bigint, ${lane.lane}::smallint, ${lane.epoch}::bigint, ${kind}::smallint,
             array_agg(owner_id), array_agg(cause_id), array_agg(seq), ${nowMs}::bigint,
             count(*) <= ${claim.wholeUpTo}
      FROM picked HAVING count(*) > 0
    )
    SELECT coalesce(array_agg(owner_id), '{}') AS "ownerIds", array_agg(cause_id) AS "causeIds", array_agg(seq) AS seqs,
           array_agg(attempt) AS attempts, array_agg(workspace_id) AS "workspaceIds", array_agg(due_ms) AS "dueMs"
    FROM picked`.keyed();
  const { ownerIds, causeIds, seqs, attempts, workspaceIds, dueMs } = claimed!;
  return ownerIds.map((ownerId, at) => ({
    bucket: bucketOf(ownerId),
    ownerId,
    causeId: causeIds[at]!,
    seq: seqs[at]!,
    attempt: attempts[at]!,
    stream,
    workspaceId: workspaceIds[at]!,
    dueMs: dueMs[at]!,
  }));
}

/** What was claimed, a column each: five hundred rows of eight columns cost the driver four times as much. Empty: nothing was. */
type Claimed = {
  ownerIds: number[];
  causeIds: number[];
  seqs: number[];
  attempts: number[];
  workspaceIds: number[];
  dueMs: number[];
};

/**
 * As `claimDue`, of what is no run, from several lanes in one statement: each by its own fence, into a flight of its own. What one
 * lane has is read by the lane's index. Not on Citus, where each lane is a shard's. Returns the lane with each item.
 */
export async function claimDueOfLanes(
  db: Db,
  claim: {
    lanes: readonly { lane: OwnedLane; flightId: number }[];
    kind: number;
    stream: number;
    nowMs: number;
    busy: readonly { ownerId: number; causeId: number; seq: number }[];
    passOver: readonly number[];
    /** Of each lane. */
    limit: number;
    wholeUpTo: number;
  },
): Promise<(WorkItem & { lane: number })[]> {
  const { lanes, kind, stream, nowMs, busy, passOver } = claim;
  return await db<(WorkItem & { lane: number })[]>`
    WITH fence AS MATERIALIZED (
      SELECT l.bucket, l.lane, l.epoch, k.flight_id
      FROM unnest(${column(lanes, (l) => l.lane.bucket)}::smallint[], ${column(lanes, (l) => l.lane.lane)}::smallint[],
        ${column(lanes, (l) => l.lane.epoch)}::bigint[], ${column(lanes, (l) => l.flightId)}::bigint[])
        AS k (bucket, lane, epoch, flight_id)
      JOIN lanes l ON l.bucket = k.bucket AND l.lane = k.lane AND l.epoch = k.epoch
      ORDER BY l.lane FOR KEY SHARE OF l
    ), picked AS MATERIALIZED (
      SELECT f.lane, d.* FROM fence f CROSS JOIN LATERAL (
        SELECT bucket, owner_id, cause_id, seq, attempt, stream, workspace_id, due_ms FROM due
        WHERE lane = f.lane AND kind = ${kind} AND stream = ${stream} AND due_ms <= ${nowMs}
          AND (owner_id, cause_id, seq) NOT IN (SELECT * FROM unnest(
            ${column(busy, (b) => b.ownerId)}::bigint[], ${column(busy, (b) => b.causeId)}::bigint[], ${column(busy, (b) => b.seq)}::smallint[]))
          AND workspace_id <> ALL(${[...passOver]}::bigint[])
        ORDER BY due_ms, owner_id, cause_id LIMIT ${claim.limit}) d
    ), flown AS (
      INSERT INTO flights (bucket, id, lane, epoch, kind, owner_ids, cause_ids, seqs, at_ms, whole)
      SELECT f.bucket, f.flight_id, f.lane, f.epoch, ${kind}::smallint, array_agg(p.owner_id), array_agg(p.cause_id), array_agg(p.seq),
             ${nowMs}::bigint, count(*) <= ${claim.wholeUpTo}
      FROM picked p JOIN fence f USING (lane) GROUP BY f.bucket, f.flight_id, f.lane, f.epoch
    )
    SELECT lane, bucket, owner_id AS "ownerId", cause_id AS "causeId", seq, attempt, stream, workspace_id AS "workspaceId",
           due_ms AS "dueMs"
    FROM picked`.keyed();
}

/** What names work beside its kind. */
type WorkKey = { ownerId: number; causeId: number; seq: number };

/**
 * That a row of `due` is the one that `k` names: a range with one key in it. Said as equal columns, Postgres has a second way: all of the
 * queue in the order of its key, each held against all that are looked for. It takes that one when it last cleaned the queue while that was
 * empty, and keeps to it when a broadcast fills it (14 ms a batch with 300,000 there, where keys take 1; plans.test.ts).
 */
const isNamed = (db: Db): Fragment => db`
  (due.bucket, due.kind, due.owner_id, due.cause_id, due.seq)
    BETWEEN (k.bucket, k.kind, k.owner_id, k.cause_id, k.seq) AND (k.bucket, k.kind, k.owner_id, k.cause_id, k.seq)`;

/** Deletes work by key. With `buckets` it is of the lanes that have those, and looked for on their shard alone. Locks the rows. */
export async function deleteDue(
  db: Db,
  kind: number,
  keys: readonly WorkKey[],
  buckets?: readonly number[],
): Promise<void> {
  await db`
    DELETE FROM due USING unnest(
      ${column(keys, (k) => bucketOf(k.ownerId))}::smallint[], ${column(keys, () => kind)}::smallint[],
      ${column(keys, (k) => k.ownerId)}::bigint[], ${column(keys, (k) => k.causeId)}::bigint[],
      ${column(keys, (k) => k.seq)}::smallint[]) AS k (bucket, kind, owner_id, cause_id, seq)
    WHERE ${isNamed(db)} ${buckets ? db.onShard('due.bucket', buckets) : db``}`;
}

/** Work that is still in the queue, by key. */
export async function selectDue(db: Db, kind: number, keys: readonly WorkKey[]): Promise<WorkItem[]> {
  return await db<WorkItem[]>`
    SELECT due.bucket, due.owner_id AS "ownerId", due.cause_id AS "causeId", due.seq, due.attempt, due.stream,
      due.workspace_id AS "workspaceId", due.due_ms AS "dueMs"
    FROM unnest(${column(keys, (k) => bucketOf(k.ownerId))}::smallint[], ${column(keys, () => kind)}::smallint[],
      ${column(keys, (k) => k.ownerId)}::bigint[], ${column(keys, (k) => k.causeId)}::bigint[], ${column(keys, (k) => k.seq)}::smallint[])
      AS k (bucket, kind, owner_id, cause_id, seq)
    JOIN due ON ${isNamed(db)}`.keyed();
}

/** Work of runs that some owners have in the queue. */
export async function selectBulkOf(
  db: Db,
  kind: number,
  ownerIds: readonly number[],
): Promise<Pick<WorkItem, 'ownerId' | 'causeId' | 'seq'>[]> {
  return await db<Pick<WorkItem, 'ownerId' | 'causeId' | 'seq'>[]>`
    SELECT d.owner_id AS "ownerId", d.cause_id AS "causeId", d.seq FROM due d
    WHERE d.bucket = ANY(${column(ownerIds, (id) => id % 4096)}::smallint[]) AND d.kind = ${kind}
      AND d.owner_id = ANY(${[...ownerIds]}::bigint[]) AND d.stream > 0`;
}

/** Work that was never tried. */
export type UntriedBefore = { ownerId: number; dueMs: number };

/**
 * For each of some work, in its order, the newest of the same cause and bucket that is older (by `owner_id`) and was never tried. One
 * short walk back on the primary key each.
 */
export async function selectUntriedBefore(
  db: Db,
  kind: number,
  items: readonly Pick<WorkItem, 'ownerId' | 'causeId'>[],
): Promise<(UntriedBefore | null)[]> {
  const rows = await onEachShard(
    db,
    items.map((item, n) => ({ ...item, n })),
    (item) => bucketOf(item.ownerId),
    async (some, buckets) =>
      await db<(UntriedBefore & { n: number })[]>`
        SELECT k.n, o.owner_id AS "ownerId", o.due_ms AS "dueMs"
        FROM unnest(${column(some, (i) => bucketOf(i.ownerId))}::smallint[], ${column(some, (i) => i.ownerId)}::bigint[],
          ${column(some, (i) => i.causeId)}::bigint[], ${column(some, (i) => i.n)}::integer[]) AS k (bucket, owner_id, cause_id, n)
        CROSS JOIN LATERAL (
          SELECT d.owner_id, d.due_ms FROM due d
          WHERE d.bucket = k.bucket AND d.kind = ${kind} AND d.owner_id < k.owner_id AND d.cause_id = k.cause_id AND d.attempt = 0
            ${db.onShard('d.bucket', buckets)}
          ORDER BY d.owner_id DESC LIMIT 1) o`,
  );
  const found = new Map(rows.map(({ n, ownerId, dueMs }) => [n, { ownerId, dueMs }]));
  return items.map((_, n) => found.get(n) ?? null);
}

/** Puts work of lanes off: a new due time, and the count of attempts so far. */
export async function putOffDue(
  db: Db,
  buckets: readonly number[],
  kind: number,
  items: readonly { item: WorkItem; dueMs: number; attempt: number }[],
): Promise<void> {
  await db`
    UPDATE due SET due_ms = k.due_ms, attempt = k.attempt
    FROM unnest(
      ${column(items, ({ item }) => item.bucket)}::smallint[], ${column(items, () => kind)}::smallint[],
      ${column(items, ({ item }) => item.ownerId)}::bigint[], ${column(items, ({ item }) => item.causeId)}::bigint[],
      ${column(items, ({ item }) => item.seq)}::smallint[], ${column(items, (i) => i.dueMs)}::bigint[],
      ${column(items, (i) => i.attempt)}::smallint[]) AS k (bucket, kind, owner_id, cause_id, seq, due_ms, attempt)
    WHERE ${isNamed(db)} ${db.onShard('due.bucket', buckets)}`;
}

/** Deletes up to `limit` pieces of work of a stream that are not in flight. Locks the rows; the lane must be locked already. */
export async function deleteStream(
  db: Db,
  lane: { lane: number; buckets: number[] },
  kind: number,
  stream: number,
  limit: number,
): Promise<WorkItem[]> {
  return await db<WorkItem[]>`
    WITH picked AS MATERIALIZED (
      SELECT bucket, kind, owner_id, cause_id, seq FROM due
      WHERE lane = ${lane.lane} ${db.onShard('bucket', lane.buckets)} AND kind = ${kind} AND stream = ${stream}
        AND (owner_id, cause_id, seq) NOT IN (
          SELECT k.owner_id, k.cause_id, k.seq FROM flights f
          CROSS JOIN LATERAL unnest(f.owner_ids, f.cause_ids, f.seqs) AS k (owner_id, cause_id, seq)
          WHERE f.bucket = ANY(${lane.buckets}::smallint[]) AND f.lane = ${lane.lane} AND f.kind = ${kind})
      LIMIT ${limit}
    )
    DELETE FROM due USING picked k
    WHERE ${isNamed(db)} ${db.onShard('due.bucket', lane.buckets)}
    RETURNING due.bucket, due.owner_id AS "ownerId", due.cause_id AS "causeId", due.seq, due.attempt, due.stream,
      due.workspace_id AS "workspaceId", due.due_ms AS "dueMs"`;
}

/**
 * That a row of `due` is of one of some causes of owners, which `k` names, in one of some streams. `+ 0` keeps the index with the stream out of it: as
 * long as Postgres believes that the queue is empty it would go through all of that, and hold each row against each cause (plans.test.ts).
 */
const isOfCauses = (db: Db, kind: number, streams: readonly number[]) => db`
  (due.bucket, due.kind, due.owner_id, due.cause_id)
    BETWEEN (k.bucket, ${kind}::smallint, k.owner_id, k.cause_id) AND (k.bucket, ${kind}::smallint, k.owner_id, k.cause_id)
  AND due.stream + 0 = ANY(${[...streams]}::bigint[])`;
const causes = (db: Db, of: readonly Pick<WorkItem, 'ownerId' | 'causeId'>[]) => db`
  unnest(${column(of, (o) => bucketOf(o.ownerId))}::smallint[], ${column(of, (o) => o.ownerId)}::bigint[],
    ${column(of, (o) => o.causeId)}::bigint[]) AS k (bucket, owner_id, cause_id)`;

/** Causes of owners of which some streams have work, in flight or not. Locks nothing. */
export async function selectOfCauses(
  db: Db,
  kind: number,
  streams: readonly number[],
  of: readonly Pick<WorkItem, 'ownerId' | 'causeId'>[],
): Promise<Pick<WorkItem, 'ownerId' | 'causeId'>[]> {
  return await db<Pick<WorkItem, 'ownerId' | 'causeId'>[]>`
    SELECT DISTINCT due.owner_id AS "ownerId", due.cause_id AS "causeId" FROM ${causes(db, of)} JOIN due ON ${isOfCauses(db, kind, streams)}`;
}

/** Deletes work of some streams by owner and cause, but for what is in flight. Locks the rows; the lane must be locked already. */
export async function deleteOfCauses(
  db: Db,
  lane: { lane: number; buckets: number[] },
  kind: number,
  streams: readonly number[],
  of: readonly Pick<WorkItem, 'ownerId' | 'causeId'>[],
): Promise<WorkItem[]> {
  return await db<WorkItem[]>`
    DELETE FROM due USING ${causes(db, of)} WHERE ${isOfCauses(db, kind, streams)} ${db.onShard('due.bucket', lane.buckets)}
      AND (due.owner_id, due.cause_id, due.seq) NOT IN (
        SELECT f.owner_id, f.cause_id, f.seq FROM (
          SELECT unnest(f.owner_ids) AS owner_id, unnest(f.cause_ids) AS cause_id, unnest(f.seqs) AS seq FROM flights f
          WHERE f.bucket = ANY(${lane.buckets}::smallint[]) AND f.lane = ${lane.lane} AND f.kind = ${kind}) f)
    RETURNING due.bucket, due.owner_id AS "ownerId", due.cause_id AS "causeId", due.seq, due.attempt, due.stream,
      due.workspace_id AS "workspaceId", due.due_ms AS "dueMs"`;
}

/**
 * When the first work of a stream falls due in each of some lanes, of what is due later than `afterMs` there; lanes without are left
 * out. One probe of the index that has lanes for each lane: planned each time, since whoever asks inside a transaction would keep a plan
 * that was made while the queue was empty, and goes through all of it for each lane (110 ms a look with 100,000 in the queue).
 */
export async function selectNextOfStream(
  db: Db,
  lanes: readonly { lane: number; bucket: number; buckets: readonly number[]; afterMs: number }[],
  kind: number,
  stream: number,
): Promise<{ lane: number; dueMs: number }[]> {
  const of = (some: typeof lanes) =>
    db<{ lane: number; dueMs: number }[]>`
      SELECT k.lane, first.due_ms AS "dueMs"
      FROM unnest(${column(some, (l) => l.lane)}::smallint[], ${column(some, (l) => l.afterMs)}::bigint[]) AS k (lane, after_ms)
      CROSS JOIN LATERAL (
        SELECT d.due_ms FROM due d
        WHERE d.lane = k.lane ${db.onShard('d.bucket', some[0]!.buckets)} AND d.kind = ${kind} AND d.stream = ${stream} AND d.due_ms > k.after_ms
        ORDER BY d.due_ms LIMIT 1) first`
      .unprepared()
      .keyed();
  return await onEachShard(
    db,
    lanes,
    (lane) => lane.bucket,
    async (some) => await of(some),
  );
}

/** Brings forward all work of a workspace by `byMs`: how the clock of a test workspace is advanced. */
export async function bringForward(db: Db, workspaceId: number, byMs: number): Promise<void> {
  await db`UPDATE due SET due_ms = due_ms - ${byMs} WHERE workspace_id = ${workspaceId}`;
}

/** All bulk runs there are. */
export async function selectStreams(db: Db): Promise<Stream[]> {
  return await db<Stream[]>`
    SELECT stream, kind, workspace_id AS "workspaceId", flowing, rate_per_s AS "ratePerS" FROM streams ORDER BY stream`;
}

/** The streams of a workspace. */
export async function selectStreamsOf(db: Db, workspaceId: number): Promise<number[]> {
  const rows = await db<{ stream: number }[]>`SELECT stream FROM streams WHERE workspace_id = ${workspaceId}`;
  return rows.map(({ stream }) => stream);
}

/** Those of some bulk runs that flow. */
export async function selectFlowing(db: Db, streams: readonly number[]): Promise<number[]> {
  const rows = await db<{ stream: number }[]>`
    SELECT stream FROM streams WHERE flowing AND stream = ANY(${[...streams]}::bigint[])`;
  return rows.map(({ stream }) => stream);
}

/** Opens a bulk run, or changes whether it flows and how fast. */
export async function upsertStream(db: Db, stream: Stream): Promise<void> {
  await db`
    INSERT INTO streams (stream, kind, workspace_id, flowing, rate_per_s)
    VALUES (${stream.stream}, ${stream.kind}, ${stream.workspaceId}, ${stream.flowing}, ${stream.ratePerS})
    ON CONFLICT (stream) DO UPDATE SET flowing = excluded.flowing, rate_per_s = excluded.rate_per_s`;
}

/** Closes a bulk run. */
export async function deleteStreamRow(db: Db, stream: number): Promise<void> {
  await db`DELETE FROM streams WHERE stream = ${stream}`;
}
