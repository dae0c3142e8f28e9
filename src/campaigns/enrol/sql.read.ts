/** Statements by which a turn takes contacts in hand. They name rows by key; nothing is locked but by the fence of the lane. */
import { column } from '../../db/column.ts';
import { bucketOf } from '../../base/ids.ts';
import type { Db, Fragment } from '../../db/pool.ts';
import { onEachShard } from '../../db/shards.ts';
import type { Seen } from '../match/facts.ts';
import type { Place } from '../steps/run.ts';
import type { OwnedLane } from '../../queue/lanes/lane.ts';
import { ofAllLanes } from '../../queue/lanes/all.ts';
import { isOneOf, those } from '../sql.keys.ts';
import type { Arm, Entry } from './entry.ts';
import { isUnderstood } from './sql.tasks.ts';

/** A lane, and up to when its timers may fire. */
export type LaneUntil = { lane: OwnedLane; untilMs: number };

/** A timer that is due. */
export type Timer = { contactId: number; ownerId: number; workspaceId: number; dueMs: number; atMs: number };

/** A timer's columns. */
export const TIMER = (db: Db) => db`
  lane, contact_id AS "contactId", owner_id AS "ownerId", workspace_id AS "workspaceId", due_ms AS "dueMs", at_ms AS "atMs"`;

/**
 * Timers of a lane that are due by an instant. A range of the lane's own index, and read in its order: by a lane and a time alone Postgres, as long as
 * it believes that there is nothing, may as well go through the whole of the index by workspaces (`sql.fair.ts`).
 */
const DUE = (db: Db, lane: Fragment, untilMs: Fragment) => db`
  (t.lane, t.due_ms) BETWEEN (${lane}, ${FIRST_MS}::bigint) AND (${lane}, ${untilMs})`;
const FIRST_MS = Number.MIN_SAFE_INTEGER;
const IN_TIME = (db: Db) => db`t.lane, t.due_ms, t.at_ms`;

/** The next timers of some lanes that are due, up to `limit` of each, those of a lane oldest first. */
export async function selectTimers(
  db: Db,
  lanes: readonly LaneUntil[],
  limit: number,
): Promise<(Timer & { lane: number })[]> {
  const [only] = lanes;
  if (only && lanes.length === 1)
    return await db<(Timer & { lane: number })[]>`
      SELECT ${TIMER(db)} FROM timers t
      WHERE ${DUE(db, db`${only.lane.lane}::smallint`, db`${only.untilMs}::bigint`)} ${db.onShard('bucket', only.lane.buckets)}
      ORDER BY ${IN_TIME(db)} LIMIT ${limit}`;
  return await db<(Timer & { lane: number })[]>`
    SELECT n.* FROM unnest(${lanes.map(({ lane }) => lane.lane)}::smallint[], ${lanes.map(({ untilMs }) => untilMs)}::bigint[])
      AS k (lane, until_ms)
    CROSS JOIN LATERAL (
      SELECT ${TIMER(db)} FROM timers t WHERE ${DUE(db, db`k.lane`, db`k.until_ms`)} ORDER BY ${IN_TIME(db)} LIMIT ${limit}) n`;
}

/** What a lane has besides arrivals, and the stamp of what is live. */
export type Waiting = { lane: number; stamp: number; hasTimers: boolean; hasTask: boolean };

/** Whether anything is due in each of some lanes: one statement of each turn, since mostly nothing is. */
export async function selectWaiting(db: Db, lanes: readonly OwnedLane[], nowMs: number): Promise<Waiting[]> {
  const [only] = lanes;
  if (only && lanes.length === 1)
    return await db<Waiting[]>`
      SELECT ${only.lane}::integer AS lane, s.n AS stamp,
        (SELECT true FROM timers t WHERE ${DUE(db, db`${only.lane}::smallint`, db`${nowMs}::bigint`)} ${db.onShard('t.bucket', only.buckets)}
          ORDER BY ${IN_TIME(db)} LIMIT 1) IS NOT NULL AS "hasTimers",
        EXISTS (SELECT 1 FROM campaign_tasks k WHERE k.bucket = ${only.bucket} AND k.lane = ${only.lane} AND k.due_ms <= ${nowMs}
          AND ${isUnderstood(db)}) AS "hasTask"
      FROM campaign_stamp s WHERE s.id = 1`;
  return await db<Waiting[]>`
    SELECT l.lane, s.n AS stamp,
      (SELECT true FROM timers t WHERE ${DUE(db, db`l.lane`, db`${nowMs}::bigint`)} ORDER BY ${IN_TIME(db)} LIMIT 1) IS NOT NULL AS "hasTimers",
      EXISTS (SELECT 1 FROM campaign_tasks k WHERE k.bucket = l.bucket AND k.lane = l.lane AND k.due_ms <= ${nowMs} AND ${isUnderstood(db)})
        AS "hasTask"
    FROM campaign_stamp s CROSS JOIN unnest(${lanes.map(({ lane }) => lane)}::smallint[], ${lanes.map(({ bucket }) => bucket)}::smallint[])
      AS l (lane, bucket)
    WHERE s.id = 1`;
}

/** Lanes in which a timer is due. */
export async function selectTimerLanes(db: Db, nowMs: number): Promise<number[]> {
  const rows = await ofAllLanes(
    db,
    async (lanes, onShard) =>
      await db<{ lane: number }[]>`
        SELECT l.lane FROM ${lanes} CROSS JOIN LATERAL (
          SELECT t.lane FROM timers t WHERE ${DUE(db, db`l.lane`, db`${nowMs}::bigint`)} ${onShard('t.bucket')}
          ORDER BY ${IN_TIME(db)} LIMIT 1) first`,
  );
  return rows.map(({ lane }) => lane);
}

/** When the next timer falls due after an instant; undefined when there is none. */
export async function selectNextTimerMs(db: Db, nowMs: number): Promise<number | undefined> {
  const rows = await ofAllLanes(
    db,
    async (lanes, onShard) =>
      await db<{ dueMs: number | null }[]>`
        SELECT min(first.due_ms) AS "dueMs" FROM ${lanes} CROSS JOIN LATERAL (
          SELECT t.due_ms FROM timers t
          WHERE (t.lane, t.due_ms) > (l.lane, ${nowMs}::bigint) AND (t.lane, t.due_ms) < (l.lane + 1, ${FIRST_MS}::bigint)
            ${onShard('t.bucket')}
          ORDER BY ${IN_TIME(db)} LIMIT 1) first`,
  );
  const all = rows.flatMap(({ dueMs }) => dueMs ?? []);
  return all.length ? Math.min(...all) : undefined;
}

/** An enrolment as it is kept; its trigger stands with its entry once it has entered. */
export type EnrolmentRow = {
  contactId: number;
  id: number;
  workspaceId: number;
  campaignId: number;
  versionId: number;
  entryKey: number;
  epoch: number;
  arm: Arm | null;
  variant: string | null;
  enteredMs: number;
  trigger: Seen | null;
  place: Place;
};

/** All that contacts are in. A key is found as a range of one (`queue/work/sql.ts`): nobody may be in anything when this is planned. */
export async function selectEnrolments(db: Db, contactIds: readonly number[]): Promise<EnrolmentRow[]> {
  return await db<EnrolmentRow[]>`
    SELECT e.contact_id AS "contactId", e.id, e.workspace_id AS "workspaceId", e.campaign_id AS "campaignId", e.version_id AS "versionId",
      e.entry_key AS "entryKey", e.epoch, e.arm, e.variant, e.entered_ms AS "enteredMs", e.trigger, e.place
    FROM ${those(db, contactIds)} JOIN enrolments e
      ON (e.bucket, e.contact_id) BETWEEN (k.bucket, k.contact_id) AND (k.bucket, k.contact_id)
    ORDER BY e.contact_id, e.id`;
}

const ENTRY = (db: Db) => db`
  contact_id AS "contactId", campaign_id AS "campaignId", entry_key AS "entryKey", enrolment_id AS "enrolmentId", version_id AS "versionId",
  epoch, arm, variant, reached_ms AS "reachedMs", entered_ms AS "enteredMs", ended_ms AS "endedMs", ending, trigger, converted, missed`;

/**
 * The newest entries of contacts in each of some campaigns and of those they are in, newest first, and every entry that has not
 * ended. Whether a key was used before these is asked apart (`recall.ts`).
 */
export async function selectEntries(
  db: Db,
  contactIds: readonly number[],
  campaignIds: readonly number[],
  most: number,
): Promise<(Entry & { contactId: number })[]> {
  return await onEachShard(
    db,
    contactIds,
    bucketOf,
    async (some, buckets) =>
      await db<(Entry & { contactId: number })[]>`
        SELECT ${ENTRY(db)} FROM (
          SELECT e.*, row_number() OVER (PARTITION BY e.contact_id, e.campaign_id ORDER BY e.entered_ms DESC) AS place
          FROM ${those(db, some)} JOIN campaign_entries e
            ON (e.bucket, e.contact_id) BETWEEN (k.bucket, k.contact_id) AND (k.bucket, k.contact_id) ${db.onShard('e.bucket', buckets)}
            AND (${isOneOf(db, db`e.campaign_id`, campaignIds)} OR EXISTS (
              SELECT 1 FROM enrolments i WHERE (i.bucket, i.contact_id) BETWEEN (k.bucket, k.contact_id) AND (k.bucket, k.contact_id)
                AND i.campaign_id = e.campaign_id ${db.onShard('i.bucket', buckets)}))) n
        WHERE place <= ${most} OR ended_ms IS NULL ORDER BY entered_ms DESC`,
  );
}

/**
 * Entries of contacts in campaigns since a moment each, the newest `most` of each: what a goal may count for. Ranges of the primary key, of the
 * few who have entered more often than is in hand.
 */
export async function selectEntriesOpen(
  db: Db,
  of: readonly { contactId: number; campaignId: number; sinceMs: number }[],
  most: number,
): Promise<(Entry & { contactId: number })[]> {
  return await onEachShard(
    db,
    of,
    (o) => bucketOf(o.contactId),
    async (some, buckets) =>
      await db<(Entry & { contactId: number })[]>`
        SELECT e.* FROM unnest(${column(some, (o) => bucketOf(o.contactId))}::smallint[], ${column(some, (o) => o.contactId)}::bigint[],
          ${column(some, (o) => o.campaignId)}::bigint[], ${column(some, (o) => o.sinceMs)}::bigint[]) AS k (bucket, contact_id, campaign_id, since_ms)
        CROSS JOIN LATERAL (
          SELECT ${ENTRY(db)} FROM campaign_entries e
          WHERE e.bucket = k.bucket AND e.contact_id = k.contact_id AND e.campaign_id + 0 = k.campaign_id AND e.entered_ms >= k.since_ms
            ${db.onShard('e.bucket', buckets)}
          ORDER BY e.entered_ms DESC LIMIT ${most}) e`,
  );
}

/** A message that was let in for an enrolment. */
type SendOf = {
  contactId: number;
  enrolmentId: number;
  messageId: number;
  campaignId: number;
  versionId: number;
  step: string;
};

/** What enrolments have let in. */
export async function selectSendsOf(
  db: Db,
  of: readonly { contactId: number; enrolmentId: number }[],
): Promise<SendOf[]> {
  return await db<SendOf[]>`
    SELECT s.contact_id AS "contactId", s.enrolment_id AS "enrolmentId", s.message_id AS "messageId", s.campaign_id AS "campaignId",
      s.version_id AS "versionId", s.step
    FROM unnest(${column(of, (o) => bucketOf(o.contactId))}::smallint[], ${column(of, (o) => o.contactId)}::bigint[],
      ${column(of, (o) => o.enrolmentId)}::bigint[]) AS k (bucket, contact_id, enrolment_id)
    JOIN campaign_sends s ON (s.bucket, s.contact_id) BETWEEN (k.bucket, k.contact_id) AND (k.bucket, k.contact_id)
      AND s.enrolment_id = k.enrolment_id`;
}

/** An entry by its key. */
export type EntryUnder = Pick<Entry, 'campaignId' | 'entryKey'> & { contactId: number };

/** Which of some entries there are. */
export async function selectKeysUsed(db: Db, of: readonly EntryUnder[]): Promise<EntryUnder[]> {
  return await db<EntryUnder[]>`
    SELECT e.contact_id AS "contactId", e.campaign_id AS "campaignId", e.entry_key AS "entryKey"
    FROM unnest(${column(of, (o) => bucketOf(o.contactId))}::smallint[], ${column(of, (o) => o.contactId)}::bigint[],
      ${column(of, (o) => o.campaignId)}::bigint[], ${column(of, (o) => o.entryKey)}::bigint[])
      AS k (bucket, contact_id, campaign_id, entry_key)
    JOIN campaign_entries e ON (e.bucket, e.contact_id, e.campaign_id, e.entry_key)
      BETWEEN (k.bucket, k.contact_id, k.campaign_id, k.entry_key) AND (k.bucket, k.contact_id, k.campaign_id, k.entry_key)`;
}

/** All keys under which contacts have entered campaigns: ranges of the primary key, of the few who have entered more often than is in hand. */
export async function selectKeysOf(
  db: Db,
  of: readonly Omit<EntryUnder, 'entryKey'>[],
): Promise<EntryUnder[]> {
  return await db<EntryUnder[]>`
    SELECT e.contact_id AS "contactId", e.campaign_id AS "campaignId", e.entry_key AS "entryKey"
    FROM unnest(${column(of, (o) => bucketOf(o.contactId))}::smallint[], ${column(of, (o) => o.contactId)}::bigint[],
      ${column(of, (o) => o.campaignId)}::bigint[]) AS k (bucket, contact_id, campaign_id)
    JOIN campaign_entries e ON (e.bucket, e.contact_id, e.campaign_id)
      BETWEEN (k.bucket, k.contact_id, k.campaign_id) AND (k.bucket, k.contact_id, k.campaign_id)`;
}

/** Which goals events have reached. */
export async function selectConverted(
  db: Db,
  of: readonly { contactId: number; enrolmentId: number; eventKey: number }[],
): Promise<{ contactId: number; enrolmentId: number; goal: string; eventKey: number }[]> {
  return await db<{ contactId: number; enrolmentId: number; goal: string; eventKey: number }[]>`
    SELECT c.contact_id AS "contactId", c.enrolment_id AS "enrolmentId", c.goal, c.event_key AS "eventKey"
    FROM unnest(${column(of, (o) => bucketOf(o.contactId))}::smallint[], ${column(of, (o) => o.contactId)}::bigint[],
      ${column(of, (o) => o.enrolmentId)}::bigint[], ${column(of, (o) => o.eventKey)}::bigint[])
      AS k (bucket, contact_id, enrolment_id, event_key)
    JOIN conversions c ON (c.bucket, c.contact_id, c.enrolment_id)
      BETWEEN (k.bucket, k.contact_id, k.enrolment_id) AND (k.bucket, k.contact_id, k.enrolment_id) AND c.event_key = k.event_key`;
}

/** How often contacts did things of some names. */
export async function selectStats(
  db: Db,
  contactIds: readonly number[],
  nameIds: readonly number[],
): Promise<{ contactId: number; nameId: number; count: number; firstMs: number; lastMs: number }[]> {
  return await db<{ contactId: number; nameId: number; count: number; firstMs: number; lastMs: number }[]>`
    SELECT s.contact_id AS "contactId", s.name_id AS "nameId", s.count, s.first_ms AS "firstMs", s.last_ms AS "lastMs"
    FROM ${those(db, contactIds)} JOIN event_stats s
      ON (s.bucket, s.contact_id) BETWEEN (k.bucket, k.contact_id) AND (k.bucket, k.contact_id)
      AND ${isOneOf(db, db`s.name_id`, nameIds)}`;
}

/** An event of a contact, by the id of its name. */
export type EventRow = Omit<Seen, 'name'> & { contactId: number; nameId: number; flags: number };

/** The newest events of contacts, of each name as far back as asked for, newest first; at most so many of a contact and name. */
export async function selectEventsOf(
  db: Db,
  asked: readonly { contactId: number; nameId: number; sinceMs: number }[],
  most: number,
): Promise<EventRow[]> {
  const oldestMs = Math.min(...asked.map(({ sinceMs }) => sinceMs));
  return await db<EventRow[]>`
    SELECT "contactId", "nameId", "atMs", "receivedMs", key, "order", flags, properties FROM (
      SELECT e.contact_id AS "contactId", e.name_id AS "nameId", e.at_ms AS "atMs", e.received_ms AS "receivedMs", e.key,
        e.arrival_id AS "order", e.flags, e.properties,
        row_number() OVER (PARTITION BY e.contact_id, e.name_id ORDER BY e.at_ms DESC, e.key DESC) AS place
      FROM unnest(${column(asked, (a) => bucketOf(a.contactId))}::smallint[], ${column(asked, (a) => a.contactId)}::bigint[],
        ${column(asked, (a) => a.nameId)}::bigint[], ${column(asked, (a) => a.sinceMs)}::bigint[]) AS k (bucket, contact_id, name_id, since_ms)
      JOIN contact_events e ON e.bucket = k.bucket AND e.contact_id = k.contact_id AND e.name_id = k.name_id
        AND e.at_ms >= k.since_ms AND e.at_ms >= ${oldestMs}) n
    WHERE place <= ${most} ORDER BY "contactId", "nameId", "atMs" DESC, key DESC`;
}
