/** Every statement on broadcasts and broadcast_lanes. */
import type { Audience } from '../../contract/audience.ts';
import { bucketOf } from '../base/ids.ts';
import { audienceCondition } from '../contacts/audience.ts';
import type { Reachable } from '../contacts/person.ts';
import type { Db, Fragment } from '../db/pool.ts';
import { failedForGood } from '../ledger/deliveries.ts';
import { STATE } from '../ledger/states.ts';
import type { Broadcast, BroadcastState } from './broadcast.ts';

const columns = (db: Db) => db`
  id, workspace_id AS "workspaceId", name, state, content, class, channel, integration_id AS "integrationId", audience,
  rate_per_s AS "ratePerS", note, run_id AS "runId", scheduled_ms AS "scheduledMs", started_ms AS "startedMs",
  finished_ms AS "finishedMs", step_id AS "stepId", origin, expires_after_ms AS "expiresAfterMs", created_ms AS "createdMs", changed_ms AS "changedMs",
  revision, retry_of AS "retryOf"`;

/** Writes a draft down. */
export async function insertBroadcast(db: Db, b: Broadcast): Promise<void> {
  await db`
    INSERT INTO broadcasts (id, workspace_id, name, state, content, class, channel, integration_id, audience, rate_per_s,
      expires_after_ms, created_ms, changed_ms, origin, retry_of)
    VALUES (${b.id}, ${b.workspaceId}, ${b.name}, 'draft', ${JSON.stringify(b.content)}::text::jsonb, ${b.class}, ${b.channel},
      ${b.integrationId}, ${JSON.stringify(b.audience)}::text::jsonb, ${b.ratePerS}, ${b.expiresAfterMs}, ${b.createdMs}, ${b.createdMs},
      ${b.origin && JSON.stringify(b.origin)}::text::jsonb, ${b.retryOf}::bigint[])`;
}

/** Changes what a draft says and to whom. */
export async function updateDraft(db: Db, b: Broadcast, nowMs: number): Promise<void> {
  await db`
    UPDATE broadcasts SET name = ${b.name}, content = ${JSON.stringify(b.content)}::text::jsonb, class = ${b.class},
      channel = ${b.channel}, integration_id = ${b.integrationId}, audience = ${JSON.stringify(b.audience)}::text::jsonb,
      rate_per_s = ${b.ratePerS}, expires_after_ms = ${b.expiresAfterMs}, changed_ms = ${nowMs}, revision = revision + 1
    WHERE id = ${b.id} AND workspace_id = ${b.workspaceId} AND state IN ('draft', 'scheduled')`;
}

/**
 * Reserves those whose delivery of a run failed for a broadcast that tries them once more, and says who they are: not who was reserved
 * before, was reached by another delivery of the run, or was reached after all, as a late receipt said. In the order of their keys. The
 * broadcast must be locked.
 */
export async function insertRetries(
  db: Db,
  of: { workspaceId: number; runId: number; code: string | null; broadcastId: number; most: number },
): Promise<number[]> {
  const { workspaceId, runId, code, broadcastId, most } = of;
  const rows = await db<{ contactId: number }[]>`
    INSERT INTO broadcast_retries (bucket, run_id, contact_id, broadcast_id)
    SELECT DISTINCT d.bucket, d.cause_id, d.contact_id, ${broadcastId}::bigint FROM deliveries d
    WHERE d.cause_id = ${runId} AND d.workspace_id = ${workspaceId} AND d.amiss = ${STATE.failed} AND ${failedForGood(db)}
      AND (${code}::text IS NULL OR d.code = ${code}::text)
      AND NOT EXISTS (SELECT 1 FROM broadcast_retries r
        WHERE r.bucket = d.bucket AND r.run_id = ${runId} AND r.contact_id = d.contact_id)
      AND NOT EXISTS (SELECT 1 FROM deliveries o
        WHERE o.bucket = d.bucket AND o.contact_id = d.contact_id AND o.cause_id = ${runId} AND o.state < ${STATE.failed})
    ORDER BY d.bucket, d.contact_id LIMIT ${most}
    ON CONFLICT DO NOTHING RETURNING contact_id AS "contactId"`;
  return rows.map(({ contactId }) => contactId);
}

/** Forgets who was tried once more, of those who are erased. */
export async function deleteRetriesOf(db: Db, contactIds: readonly number[]): Promise<void> {
  await db`
    DELETE FROM broadcast_retries
    WHERE bucket = ANY(${contactIds.map(bucketOf)}::smallint[]) AND contact_id = ANY(${[...contactIds]}::bigint[])`;
}

/** Empties what devices are told of posts to groups. Locks those broadcasts. */
export async function emptyPosted(db: Db, workspaceId: number, postIds: readonly number[]): Promise<void> {
  await db`
    UPDATE broadcasts SET content = '{"type":"text","text":"–"}'
    WHERE origin ? 'postId' AND origin ->> 'postId' = ANY(${postIds.map(String)}::text[]) AND workspace_id = ${workspaceId}`;
}

/** Deletes a draft. */
export async function deleteDraftRow(db: Db, workspaceId: number, id: number): Promise<void> {
  await db`DELETE FROM broadcasts WHERE id = ${id} AND workspace_id = ${workspaceId} AND state = 'draft'`;
}

/** A broadcast of a workspace; with `lock` it stays as it is until the transaction ends. */
export async function selectBroadcast(
  db: Db,
  workspaceId: number,
  id: number,
  lock = false,
): Promise<Broadcast | undefined> {
  const rows = await db<Broadcast[]>`
    SELECT ${columns(db)} FROM broadcasts WHERE id = ${id} AND workspace_id = ${workspaceId} ${lock ? db`FOR UPDATE` : db``}`;
  return rows[0];
}

/** The broadcast of a run. */
export async function selectByRun(db: Db, runId: number): Promise<Broadcast | undefined> {
  const rows = await db<Broadcast[]>`SELECT ${columns(db)} FROM broadcasts WHERE run_id = ${runId}`;
  return rows[0];
}

/** Broadcasts of runs. */
export async function selectByRuns(db: Db, runIds: readonly number[]): Promise<Broadcast[]> {
  return await db<
    Broadcast[]
  >`SELECT ${columns(db)} FROM broadcasts WHERE run_id = ANY(${[...runIds]}::bigint[])`;
}

/** Broadcasts by id, of any workspace. */
export async function selectByIds(db: Db, ids: readonly number[]): Promise<Broadcast[]> {
  return await db<Broadcast[]>`SELECT ${columns(db)} FROM broadcasts WHERE id = ANY(${[...ids]}::bigint[])`;
}

/** A page of a workspace's broadcasts, newest first; posts are none. */
export async function selectBroadcasts(
  db: Db,
  workspaceId: number,
  page: { beforeId?: number | undefined; limit: number },
): Promise<Broadcast[]> {
  return await db<Broadcast[]>`
    SELECT ${columns(db)} FROM broadcasts
    WHERE workspace_id = ${workspaceId} AND origin IS NULL ${page.beforeId === undefined ? db`` : db`AND id < ${page.beforeId}`}
    ORDER BY id DESC LIMIT ${page.limit}`;
}

/**
 * Broadcasts of a workspace that are not over and whose audience names a list or tag, some of them: by `broadcasts_by_set`, whose words
 * these are. Locks nothing.
 */
export async function selectNaming(
  db: Db,
  workspaceId: number,
  setId: number,
): Promise<Pick<Broadcast, 'id' | 'name' | 'state'>[]> {
  return await db<Pick<Broadcast, 'id' | 'name' | 'state'>[]>`
    SELECT id, name, state FROM broadcasts
    WHERE (jsonb_path_query_array(audience, '$.*.lists[*]') || jsonb_path_query_array(audience, '$.*.tags[*]')) @> ${`[${setId}]`}::text::jsonb
      AND origin IS NULL AND state IN ('draft', 'scheduled', 'running', 'paused') AND workspace_id = ${workspaceId}
    ORDER BY id DESC LIMIT 50`;
}

/** A broadcast of a workspace that is to be sent, or being sent, and whose audience names a segment. Locks nothing. */
export async function selectSending(
  db: Db,
  workspaceId: number,
  segmentId: number,
): Promise<Pick<Broadcast, 'id' | 'name'> | undefined> {
  const rows = await db<Pick<Broadcast, 'id' | 'name'>[]>`
    SELECT id, name FROM broadcasts
    WHERE jsonb_path_query_array(audience, '$.*.segments[*]') @> ${`[${segmentId}]`}::text::jsonb
      AND origin IS NULL AND state IN ('scheduled', 'running', 'paused') AND workspace_id = ${workspaceId}
    ORDER BY id LIMIT 1`;
  return rows[0];
}

/** Moves a broadcast to another state; only the columns given change. */
export async function updateState(
  db: Db,
  id: number,
  to: BroadcastState,
  more: {
    nowMs: number;
    runId?: number;
    scheduledMs?: number | null;
    startedMs?: number;
    finishedMs?: number;
    note?: string | null;
    /** The step that is to be taken next; null: none is. */
    stepId?: number | null;
  },
): Promise<void> {
  await db`
    UPDATE broadcasts SET state = ${to}, changed_ms = ${more.nowMs},
      step_id = ${more.stepId === undefined ? db`step_id` : more.stepId},
      run_id = coalesce(${more.runId ?? null}::bigint, run_id),
      scheduled_ms = ${more.scheduledMs === undefined ? db`scheduled_ms` : more.scheduledMs},
      started_ms = coalesce(${more.startedMs ?? null}::bigint, started_ms),
      finished_ms = coalesce(${more.finishedMs ?? null}::bigint, finished_ms),
      note = ${more.note === undefined ? db`note` : more.note}
    WHERE id = ${id}`;
}

/** Sets how fast a broadcast may go. */
export async function updateRate(db: Db, id: number, ratePerS: number | null, nowMs: number): Promise<void> {
  await db`UPDATE broadcasts SET rate_per_s = ${ratePerS}, changed_ms = ${nowMs} WHERE id = ${id}`;
}

/** What is under way, but for posts: those are nobody's to resume. */
export async function selectUnderWay(db: Db): Promise<{ id: number; workspaceId: number }[]> {
  return await db<{ id: number; workspaceId: number }[]>`
    SELECT id, workspace_id AS "workspaceId" FROM broadcasts WHERE state = 'running' AND origin IS NULL ORDER BY id`;
}

/** Notes why a broadcast does not get on; null when it does. */
export async function updateNote(db: Db, id: number, note: string | null): Promise<void> {
  await db`UPDATE broadcasts SET note = ${note} WHERE id = ${id}`;
}

/** Marks a lane as fanned out; false when it was before. In the transaction that does it, so it is done once. */
export async function insertLaneMark(db: Db, bucket: number, runId: number, lane: number): Promise<boolean> {
  const rows = await db`
    INSERT INTO broadcast_lanes (bucket, run_id, lane, matched) VALUES (${bucket}, ${runId}, ${lane}, 0)
    ON CONFLICT DO NOTHING RETURNING 1`;
  return rows.length > 0;
}

/** Marks all lanes as fanned out, each with how many contacts it had; in the transaction that does it, with the broadcast locked. */
export async function insertLaneMarks(
  db: Db,
  runId: number,
  lanes: readonly { bucket: number; lane: number; matched: number }[],
): Promise<void> {
  await db`
    INSERT INTO broadcast_lanes (bucket, run_id, lane, matched)
    SELECT k.bucket, ${runId}::bigint, k.lane, k.matched
    FROM unnest(${lanes.map(({ bucket }) => bucket)}::smallint[], ${lanes.map(({ lane }) => lane)}::smallint[],
      ${lanes.map(({ matched }) => matched)}::integer[]) AS k (bucket, lane, matched)
    ON CONFLICT DO NOTHING`;
}

/** The first of whom a statement selects, as (bucket, owner_id). */
export async function selectFirst(
  db: Db,
  selected: Fragment,
  limit: number,
): Promise<{ bucket: number; ownerId: number }[]> {
  return await db<{ bucket: number; ownerId: number }[]>`
    SELECT s.bucket, s.owner_id AS "ownerId" FROM (${selected}) s LIMIT ${limit}`.unprepared();
}

/** Contacts by id, as (bucket, owner_id). */
export function theseContacts(db: Db, ids: readonly number[]): Fragment {
  return db`
    SELECT k.bucket, k.owner_id
    FROM unnest(${ids.map(bucketOf)}::smallint[], ${[...ids]}::bigint[]) AS k (bucket, owner_id)`;
}

/** Writes how many contacts a lane had. */
export async function updateLaneMark(
  db: Db,
  bucket: number,
  runId: number,
  lane: number,
  matched: number,
): Promise<void> {
  await db`UPDATE broadcast_lanes SET matched = ${matched} WHERE bucket = ${bucket} AND run_id = ${runId} AND lane = ${lane}`;
}

/** The lanes of a run that are fanned out. */
export async function selectLaneMarks(
  db: Db,
  buckets: readonly number[],
  runId: number,
): Promise<{ lane: number; matched: number }[]> {
  return await db<{ lane: number; matched: number }[]>`
    SELECT lane, matched FROM broadcast_lanes WHERE bucket = ANY(${[...buckets]}::smallint[]) AND run_id = ${runId}`;
}

/** The audience's contacts in some buckets, as (bucket, owner_id): what the queue puts in. */
export function audienceOf(
  db: Db,
  workspaceId: number,
  audience: Audience,
  buckets: readonly number[],
): Fragment {
  return db`
    SELECT c.bucket, c.id AS owner_id FROM contacts c
    WHERE c.workspace_id = ${workspaceId} AND c.bucket = ANY(${[...buckets]}::smallint[])
      AND ${audienceCondition(db, workspaceId, audience, buckets)}`;
}

/** Some contacts of an audience who have an active address on a channel. Locks nothing. */
export async function selectSample(
  db: Db,
  workspaceId: number,
  audience: Audience,
  channel: string,
  limit: number,
): Promise<number[]> {
  const rows = await db<{ id: number }[]>`
    SELECT c.id FROM contacts c
    WHERE c.workspace_id = ${workspaceId} AND c.bucket >= 0 AND ${audienceCondition(db, workspaceId, audience)}
      AND EXISTS (SELECT 1 FROM destinations d WHERE d.bucket = c.bucket AND d.contact_id = c.id AND d.channel = ${channel}
        AND d.status = 'active')
    LIMIT ${limit}`.unprepared();
  return rows.map(({ id }) => id);
}

/** Contacts of an audience who are alike in all that the gate looks at, and how many they are. */
export type AlikeGroup = {
  n: number;
  /** Null: no address on the channel. */
  status: Reachable['status'] | null;
  blocks: string[] | null;
  integrationId: number | null;
  timeZone: string | null;
  /** Wrote since `heardSinceMs`. */
  heard: boolean;
  /** When there is room under the cap; null when there is now. */
  freeMs: number | null;
  /** The beginning of the number, where that is asked for. */
  numberFrom: string | null;
};

/**
 * An audience grouped by the facts of the address that would be chosen on a channel: of several the one that is active, then the one
 * last written from, then the one linked last, as `choose` has it. `cap`: marks since then count, and so many are the most. Locks
 * nothing. Reads every bucket; each table once, in the order of its key.
 */
export async function selectAlike(
  db: Db,
  workspaceId: number,
  audience: Audience,
  on: LookedAt,
): Promise<AlikeGroup[]> {
  return await db<AlikeGroup[]>`
    SELECT count(*) AS n, ${factsLookedAt(db, on)}
    FROM contacts c
    LEFT JOIN (
      SELECT DISTINCT ON (bucket, contact_id) bucket, contact_id, status, blocks, integration_id, last_inbound_ms,
        ${numberFrom(db, on)} AS number_from
      FROM destinations
      WHERE workspace_id = ${workspaceId} AND ${chosenFrom(db, on)}
      ORDER BY bucket, contact_id, ${chosenBy(db, on)}
    ) d ON d.bucket = c.bucket AND d.contact_id = c.id
    ${marksOfCap(db, on)}
    WHERE c.workspace_id = ${workspaceId} AND c.bucket >= 0 AND ${audienceCondition(db, workspaceId, audience)}
    GROUP BY 2, 3, 4, 5, 6, 7, 8`.unprepared();
}

/** The facts of each contact of an audience by itself, in the order of contacts from `afterId` on. Locks nothing. */
export async function selectOneByOne(
  db: Db,
  workspaceId: number,
  audience: Audience,
  on: LookedAt & { afterId: number; limit: number },
): Promise<(AlikeGroup & { contactId: number })[]> {
  return await db<(AlikeGroup & { contactId: number })[]>`
    SELECT 1 AS n, c.id AS "contactId", ${factsLookedAt(db, on)}
    FROM contacts c
    LEFT JOIN LATERAL (
      SELECT status, blocks, integration_id, last_inbound_ms, ${numberFrom(db, on)} AS number_from FROM destinations
      WHERE bucket = c.bucket AND contact_id = c.id AND ${chosenFrom(db, on)}
      ORDER BY ${chosenBy(db, on)} LIMIT 1
    ) d ON true
    ${marksOfCap(db, on)}
    WHERE c.workspace_id = ${workspaceId} AND c.bucket >= 0 AND (c.bucket, c.id) > (${bucketOf(on.afterId)}, ${on.afterId}::bigint)
      AND ${audienceCondition(db, workspaceId, audience)}
    ORDER BY c.bucket, c.id LIMIT ${on.limit}`.unprepared();
}

/** What of a contact's addresses and marks the gate looks at, and since when it counts. */
type LookedAt = {
  channel: string;
  integrationId: number | null;
  heardSinceMs: number;
  cap: { sinceMs: number; most: number; perMs: number } | undefined;
  /** Numbers of another country than these are taken first, where somebody has several: a regular expression. */
  refused: string | undefined;
  /** True to tell addresses apart by their first digits. */
  numbers: boolean;
};

/** Five characters say which country a number is of: after +1 an area code does. More would make as many groups as there are people. */
const numberFrom = (db: Db, { numbers }: LookedAt) =>
  numbers ? db`substring(address FROM '^\\+(?:1\\d\\d\\d|\\d{2,3})')` : db`NULL::text`;

const factsLookedAt = (db: Db, { heardSinceMs, cap }: LookedAt) => db`
  d.status, d.number_from AS "numberFrom", d.blocks, d.integration_id AS "integrationId", c.time_zone AS "timeZone",
  coalesce(d.last_inbound_ms >= ${heardSinceMs}, false) AS heard, ${cap ? db`f.free_ms` : db`NULL::bigint`} AS "freeMs"`;

const chosenFrom = (db: Db, { channel, integrationId }: LookedAt) => db`
  channel = ${channel} ${integrationId === null ? db`` : db`AND (integration_id IS NULL OR integration_id = ${integrationId})`}`;

const chosenBy = (db: Db, { integrationId, refused }: LookedAt) => db`
  ${integrationId === null ? db`` : db`integration_id NULLS LAST,`}
  ${refused === undefined ? db`status = 'active'` : db`(status = 'active' AND address !~ ${refused})`} DESC, coalesce(last_inbound_ms, 0) DESC, linked_ms DESC`;

const marksOfCap = (db: Db, { cap }: LookedAt) =>
  cap
    ? db`LEFT JOIN LATERAL (
        SELECT m + ${cap.perMs} AS free_ms FROM caps k, unnest(k.at_ms) m
        WHERE k.bucket = c.bucket AND k.contact_id = c.id AND m > ${cap.sinceMs}
        ORDER BY m DESC OFFSET ${cap.most - 1} LIMIT 1) f ON true`
    : db``;
