/** Every statement on the ownership of lanes, and on workers. */
import type { OwnedLane } from './lane.ts';
import type { Db, Fragment } from '../../db/pool.ts';
import { onEachShard } from '../../db/shards.ts';

/** All lanes with their buckets. */
export async function selectLanes(db: Db): Promise<{ lane: number; bucket: number; buckets: number[] }[]> {
  return await db<
    { lane: number; bucket: number; buckets: number[] }[]
  >`SELECT lane, bucket, buckets FROM lanes ORDER BY lane`;
}

/** Lanes as `l`, to be joined with what is in them: all, or the one with a bucket as its first. */
export const lanesAsked = (db: Db, bucket?: number): Fragment =>
  bucket === undefined ? db`lanes l` : db`(SELECT * FROM lanes WHERE bucket = ${bucket}) l`;

/** Says that a worker lives; forgets those not seen since `staleMs`; returns how many there are. */
export async function heartbeat(db: Db, name: string, nowMs: number, staleMs: number): Promise<number> {
  await db`INSERT INTO workers (name, seen_ms) VALUES (${name}, ${nowMs}) ON CONFLICT (name) DO UPDATE SET seen_ms = excluded.seen_ms`;
  await db`DELETE FROM workers WHERE seen_ms < ${staleMs}`;
  const rows = await db<{ n: number }[]>`SELECT count(*) AS n FROM workers`;
  return rows[0]!.n;
}

/** Forgets a worker. */
export async function deleteWorker(db: Db, name: string): Promise<void> {
  await db`DELETE FROM workers WHERE name = ${name}`;
}

/** When a worker was last seen, of those that have not said goodbye; undefined where all have. */
export async function selectLastSeen(db: Db): Promise<number | undefined> {
  const rows = await db<{ seenMs: number | null }[]>`SELECT max(seen_ms) AS "seenMs" FROM workers`;
  return rows[0]!.seenMs ?? undefined;
}

/** The owners that lanes have now. */
export async function selectOwners(db: Db): Promise<string[]> {
  const rows = await db<{ owner: string }[]>`SELECT DISTINCT owner FROM lanes WHERE owner IS NOT NULL`;
  return rows.map(({ owner }) => owner);
}

/**
 * Takes up to `most` lanes that nobody holds, or whose lease is over, or whose owner is known to be dead. The epoch grows:
 * from here on the former owner can change nothing (its fence asks for the old epoch, and waits for this lock). On Citus, which locks rows of
 * one shard in a statement, lane by lane.
 */
export async function acquireLanes(db: Db, take: Take): Promise<OwnedLane[]> {
  if (!db.placement.distributed) return await acquire(db, take, db``);
  const free = await db<{ bucket: number }[]>`
    SELECT bucket FROM lanes WHERE ${isFree(db, take)} ORDER BY lane LIMIT ${take.most}`;
  const taken = await Promise.all(
    free.map(({ bucket }) => acquire(db, take, db`AND lanes.bucket = ${bucket}`)),
  );
  return taken.flat();
}

type Take = { name: string; most: number; nowMs: number; untilMs: number; dead: readonly string[] };

const isFree = (db: Db, { nowMs, dead }: Take): Fragment =>
  db`(owner IS NULL OR leased_until_ms < ${nowMs} OR owner = ANY(${[...dead]}))`;

async function acquire(db: Db, take: Take, where: Fragment): Promise<OwnedLane[]> {
  return await db<OwnedLane[]>`
    WITH free AS (
      SELECT bucket, lane FROM lanes WHERE ${isFree(db, take)} ${where} ORDER BY lane LIMIT ${take.most} FOR UPDATE SKIP LOCKED
    )
    UPDATE lanes SET owner = ${take.name}, epoch = lanes.epoch + 1, leased_until_ms = ${take.untilMs}
    FROM free WHERE lanes.bucket = free.bucket AND lanes.lane = free.lane ${where}
    RETURNING lanes.lane, lanes.bucket, lanes.buckets, lanes.epoch`;
}

/** Renews the leases a worker holds; returns the lanes it still has with their epochs. On Citus each by itself: an update of all shards waits for others. */
export async function renewLanes(
  db: Db,
  name: string,
  held: readonly OwnedLane[],
  untilMs: number,
): Promise<{ lane: number; epoch: number }[]> {
  return await onEachShard(
    db,
    held,
    ({ bucket }) => bucket,
    async (_, buckets) =>
      await db<{ lane: number; epoch: number }[]>`
        UPDATE lanes SET leased_until_ms = ${untilMs} WHERE owner = ${name} ${db.onShard('bucket', buckets)} RETURNING lane, epoch`,
  );
}

/** Gives lanes back, so that another worker takes them at once. */
export async function releaseLanes(db: Db, name: string, lanes: readonly number[]): Promise<void> {
  await db`UPDATE lanes SET owner = NULL, leased_until_ms = 0 WHERE owner = ${name} AND lane = ANY(${[...lanes]}::smallint[])`;
}

/** How many workers there are. */
export async function countWorkers(db: Db): Promise<number> {
  const rows = await db<{ n: number }[]>`SELECT count(*) AS n FROM workers`;
  return rows[0]!.n;
}

/** True while the lane is held under this epoch; keeps it from changing hands until the transaction ends. */
export async function fenceLane(db: Db, lane: OwnedLane): Promise<boolean> {
  const rows = await db`
    SELECT 1 FROM lanes WHERE bucket = ${lane.bucket} AND lane = ${lane.lane} AND epoch = ${lane.epoch} FOR KEY SHARE`;
  return rows.length > 0;
}

/** Those of some lanes that are held under these epochs; keeps them from changing hands until the transaction ends. On Citus one by one, in order. */
export async function fenceLanes(db: Db, lanes: readonly OwnedLane[]): Promise<Set<number>> {
  if (db.placement.distributed) {
    const held = new Set<number>();
    for (const lane of lanes.toSorted((a, b) => a.lane - b.lane))
      if (await fenceLane(db, lane)) held.add(lane.lane);
    return held;
  }
  const rows = await db<{ lane: number }[]>`
    SELECT l.lane FROM unnest(${lanes.map((l) => l.bucket)}::smallint[], ${lanes.map((l) => l.lane)}::smallint[],
      ${lanes.map((l) => l.epoch)}::bigint[]) AS k (bucket, lane, epoch)
    JOIN lanes l ON l.bucket = k.bucket AND l.lane = k.lane AND l.epoch = k.epoch
    ORDER BY l.lane FOR KEY SHARE OF l`;
  return new Set(rows.map(({ lane }) => lane));
}

/** Locks a lane: until the transaction ends nothing is claimed from it and nothing settled in it. */
export async function lockLane(db: Db, lane: { lane: number; bucket: number }): Promise<void> {
  await db`SELECT 1 FROM lanes WHERE bucket = ${lane.bucket} AND lane = ${lane.lane} FOR UPDATE`;
}
