/** Statements of reports. They read all lanes; whoever asks waits for them, nobody else does. */
import { bucketOf } from '../../base/ids.ts';
import type { Db, Fragment } from '../../db/pool.ts';
import { decisionsIn } from '../enrol/decisions.ts';
import type { Arm } from '../enrol/entry.ts';
import { hasLeft } from '../enrol/sql.seen.ts';

/** A count over all lanes. */
export type Counted = {
  epoch: number;
  arm: Arm;
  variant: string;
  versionId: number;
  step: string;
  metric: string;
  n: number;
  total: number;
  squares: number;
};

/** All counts of a campaign. */
export async function selectTallies(db: Db, campaignId: number): Promise<Counted[]> {
  return await db<Counted[]>`
    SELECT epoch, arm, variant, version_id AS "versionId", step, metric, sum(n)::bigint AS n, sum(total) AS total,
      sum(squares) AS squares
    FROM campaign_tallies WHERE campaign_id = ${campaignId} GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1, 2, 3, 4, 5, 6`;
}

/** Entries and people by epoch and arm, and how many of the people came to the first message. */
export type Reached = {
  epoch: number;
  arm: Arm;
  variant: string;
  entered: number;
  people: number;
  reached: number;
};

/** Entries of a campaign and who made them, and how many of these were sent a message or would have been. */
export async function selectReached(db: Db, campaignId: number): Promise<Reached[]> {
  return await db<Reached[]>`
    SELECT epoch, arm, variant, sum(n)::bigint AS entered, count(*) AS people, count(*) FILTER (WHERE reached) AS reached
    FROM (
      SELECT bucket, contact_id, epoch, arm, coalesce(variant, '') AS variant, count(*) AS n, bool_or(reached_ms IS NOT NULL) AS reached
      FROM campaign_entries WHERE campaign_id = ${campaignId} GROUP BY 1, 2, 3, 4, 5) p
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`;
}

/**
 * Entries of an epoch and arm against a goal: how many entered, whose window is over (`closed`, of so many `people`), and how many of these
 * reached it (`converted`). `value` is all that was worth; `total` is of those whose window is over, each at most `cap`. Squares are of what each
 * person comes to, and products of that and of their entries.
 */
export type GoalCounts = {
  epoch: number;
  arm: Arm;
  variant: string;
  entered: number;
  people: number;
  closed: number;
  closed2: number;
  converted: number;
  converted2: number;
  convertedClosed: number;
  value: number;
  total: number;
  squares: number;
  totalClosed: number;
  cap: number | null;
};

/**
 * Entries of a campaign against one goal. Values are winsorised: the highest of each epoch count as much as the one at `most`. Where so few have
 * any that this is nothing, as the one of those that have: nobody's would count else. What is MATERIALIZED is worked out once: planned for the few
 * entries that there were when statistics were taken, the caps were worked out for each of 10,000, which took 40 s.
 */
export async function selectOutcomes(
  db: Db,
  campaignId: number,
  goal: { key: string; closedBeforeMs: number; hasValue: boolean; most: number },
): Promise<GoalCounts[]> {
  const { key, closedBeforeMs, hasValue, most } = goal;
  return await db<GoalCounts[]>`
    WITH e AS MATERIALIZED (
      SELECT bucket, contact_id, epoch, arm, coalesce(variant, '') AS variant, entered_ms <= ${closedBeforeMs} AS is_closed,
        converted ? ${key} AS has, coalesce((converted -> ${key}::text ->> 'value')::double precision, 0) AS value
      FROM campaign_entries WHERE campaign_id = ${campaignId}
    ), caps AS MATERIALIZED (
      ${
        hasValue
          ? db`SELECT epoch, coalesce(nullif(percentile_disc(${most}::double precision) WITHIN GROUP (ORDER BY value), 0),
                 percentile_disc(${most}::double precision) WITHIN GROUP (ORDER BY value) FILTER (WHERE value > 0)) AS cap
               FROM e WHERE is_closed GROUP BY epoch`
          : db`SELECT DISTINCT epoch, NULL::double precision AS cap FROM e`
      }
    ), p AS (
      SELECT e.epoch, e.arm, e.variant, count(*) AS entered, count(*) FILTER (WHERE is_closed) AS closed,
        count(*) FILTER (WHERE is_closed AND has) AS converted, sum(value) AS value,
        coalesce(sum(least(value, cap)) FILTER (WHERE is_closed), 0) AS total, max(cap) AS cap
      FROM e LEFT JOIN caps ON caps.epoch = e.epoch GROUP BY e.bucket, e.contact_id, e.epoch, e.arm, e.variant
    )
    SELECT epoch, arm, variant, sum(entered)::bigint AS entered, count(*) FILTER (WHERE closed > 0) AS people,
      sum(closed)::bigint AS closed, sum(closed ^ 2) AS closed2, sum(converted)::bigint AS converted, sum(converted ^ 2) AS converted2,
      sum(converted::double precision * closed) AS "convertedClosed", sum(value) AS value, sum(total) AS total, sum(total ^ 2) AS squares,
      sum(total * closed) AS "totalClosed", max(cap) AS cap
    FROM p GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`;
}

/** What goals owe to which message: the last of the enrolment that had left before, and came to something. */
export type Credited = {
  goal: string;
  step: string;
  variant: string;
  versionId: number;
  people: number;
  times: number;
  value: number;
};

/** What was reached after messages of a campaign, by the step that sent the last one. */
export async function selectCredited(db: Db, campaignId: number): Promise<Credited[]> {
  return await db<Credited[]>`
    SELECT c.goal, s.step, coalesce(s.variant, '') AS variant, s.version_id AS "versionId", count(DISTINCT c.enrolment_id) AS people,
      count(*) AS times, sum(c.value) AS value
    FROM conversions c JOIN campaign_sends s ON s.bucket = c.bucket AND s.contact_id = c.contact_id AND s.message_id = c.message_id
      AND ${hasLeft(db, db`s.seen`)}
    WHERE c.campaign_id = ${campaignId} GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`;
}

/** How much of what a campaign is credited with others are credited with, too: events, and of how many campaigns. */
export type Shared = { goal: string; events: number; campaigns: number };

/** The same events as goals of other campaigns, after messages of theirs. */
export async function selectShared(db: Db, campaignId: number): Promise<Shared[]> {
  return await db<Shared[]>`
    SELECT c.goal, count(DISTINCT (c.contact_id, c.event_key)) AS events, count(DISTINCT o.campaign_id) AS campaigns
    FROM conversions c JOIN conversions o ON o.bucket = c.bucket AND o.contact_id = c.contact_id AND o.event_key = c.event_key
      AND o.campaign_id <> c.campaign_id
    WHERE c.campaign_id = ${campaignId} AND c.message_id IS NOT NULL AND o.message_id IS NOT NULL GROUP BY 1 ORDER BY 1`;
}

/** Who reached what, and by which message. */
type ConversionRow = {
  contactId: number;
  enrolmentId: number;
  goal: string;
  eventKey: number;
  arm: Arm;
  epoch: number;
  atMs: number;
  value: number;
  step: string | null;
  messageId: number | null;
};

/** What was reached, newest first: before a moment, contact, enrolment, goal and event. Several may be of one moment. */
export async function selectConversions(
  db: Db,
  campaignId: number,
  page: {
    before: { atMs: number; contactId: number; enrolmentId: number; goal: string; eventKey: number };
    limit: number;
    goal?: string | undefined;
  },
): Promise<ConversionRow[]> {
  const { before, limit, goal } = page;
  return await db<ConversionRow[]>`
    SELECT c.contact_id AS "contactId", c.enrolment_id AS "enrolmentId", c.goal, c.event_key AS "eventKey", c.arm, c.epoch,
      c.at_ms AS "atMs", c.value, s.step, s.message_id AS "messageId"
    FROM conversions c
    LEFT JOIN campaign_sends s ON s.bucket = c.bucket AND s.contact_id = c.contact_id AND s.message_id = c.message_id
      AND ${hasLeft(db, db`s.seen`)}
    WHERE c.campaign_id = ${campaignId} AND c.at_ms <= ${before.atMs}
      AND (c.at_ms, c.contact_id, c.enrolment_id, c.goal, c.event_key) < (${before.atMs}::bigint, ${before.contactId}::bigint,
        ${before.enrolmentId}::bigint, ${before.goal}, ${before.eventKey}::bigint)
      ${goal === undefined ? db`` : db`AND c.goal = ${goal}`}
    ORDER BY c.at_ms DESC, c.contact_id DESC, c.enrolment_id DESC, c.goal DESC, c.event_key DESC LIMIT ${limit}`;
}

/** What became of those who entered on a day. */
type DayRow = {
  dayMs: number;
  arm: Arm;
  variant: string;
  entered: number;
  ended: number;
  converted: number;
  value: number;
};

/** Who entered on each day, by UTC; of one goal, or of any. */
export async function selectSeries(
  db: Db,
  campaignId: number,
  { fromMs, toMs, goal }: { fromMs: number; toMs: number; goal?: string | undefined },
): Promise<DayRow[]> {
  return await db<DayRow[]>`
    SELECT (entered_ms / 86400000) * 86400000 AS "dayMs", arm, coalesce(variant, '') AS variant, count(*) AS entered,
      count(ended_ms) AS ended, ${
        goal === undefined
          ? db`count(*) FILTER (WHERE converted <> '{}') AS converted, 0::double precision AS value`
          : db`count(*) FILTER (WHERE converted ? ${goal}) AS converted,
               coalesce(sum((converted -> ${goal}::text ->> 'value')::double precision), 0) AS value`
      }
    FROM campaign_entries WHERE campaign_id = ${campaignId} AND entered_ms >= ${fromMs} AND entered_ms < ${toMs}
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`;
}

/** Somebody who entered. */
export type EntryRow = {
  contactId: number;
  enrolmentId: number;
  arm: Arm;
  variant: string | null;
  epoch: number;
  enteredMs: number;
  endedMs: number | null;
  ending: string | null;
  step: string | null;
  dueMs: number | null;
};

/** What is told of an entry `e`, where it stands among the steps (`whereItStands`) with it. */
export function entryColumns(db: Db): Fragment {
  return db`e.enrolment_id AS "enrolmentId", e.arm, e.variant, e.epoch, e.entered_ms AS "enteredMs", e.ended_ms AS "endedMs", e.ending,
    n.place ->> 'step' AS step, (n.place ->> 'dueMs')::bigint AS "dueMs"`;
}

/**
 * The place of an entry `e`, of who is in it still; of one contact where that is named. LATERAL with LIMIT keeps the planner to walking the entries until the page is full: what a
 * step holds is hidden from its statistics, and it reads all who are in the campaign instead, 80 ms for 4,000.
 */
export function whereItStands(db: Db, contactId?: number): Fragment {
  const there = contactId === undefined ? db`` : db.onShard('n.bucket', [bucketOf(contactId)]);
  return db`LEFT JOIN LATERAL (
    SELECT place FROM enrolments n WHERE n.bucket = e.bucket AND n.contact_id = e.contact_id AND n.id = e.enrolment_id ${there} LIMIT 1) n ON true`;
}

/** Where an entry stands among those of its campaign. One person may enter more than once at one instant: what is told in one call is of one. */
export type EntryPlace = { enteredMs: number; contactId: number; enrolmentId: number };

/** Whether an entry comes behind a place, newest first. By the moment first, which is what there is an index of. */
function isBehind(db: Db, { enteredMs, contactId, enrolmentId }: EntryPlace): Fragment {
  return db`((e.entered_ms, e.contact_id, e.enrolment_id) < (${enteredMs}::bigint, ${contactId}::bigint, ${enrolmentId}::bigint))`;
}

/** The entry that is so many before a place, newest first; undefined where there are not so many. Locks nothing. */
export async function selectEntryFurther(
  db: Db,
  campaignId: number,
  page: { before: EntryPlace; further: number },
): Promise<EntryPlace | undefined> {
  const { before, further } = page;
  const [row] = await db<EntryPlace[]>`
    SELECT e.entered_ms AS "enteredMs", e.contact_id AS "contactId", e.enrolment_id AS "enrolmentId" FROM campaign_entries e
    WHERE e.campaign_id = ${campaignId} AND ${isBehind(db, before)}
    ORDER BY e.entered_ms DESC, e.contact_id DESC, e.enrolment_id DESC OFFSET ${further - 1} LIMIT 1`;
  return row;
}

/** Who entered, newest first: of those who are in it at a step, who ended in a way, or all. Locks nothing. */
export async function selectPeople(
  db: Db,
  campaignId: number,
  page: {
    before: EntryPlace;
    /** The last that is looked at. */
    from?: EntryPlace | undefined;
    limit: number;
    step?: string | undefined;
    ending?: string | undefined;
  },
): Promise<EntryRow[]> {
  const { before, from, limit, step, ending } = page;
  return await db<EntryRow[]>`
    SELECT e.contact_id AS "contactId", ${entryColumns(db)} FROM campaign_entries e ${whereItStands(db)}
    WHERE e.campaign_id = ${campaignId} AND ${isBehind(db, before)} ${from === undefined ? db`` : db`AND NOT ${isBehind(db, from)}`}
      ${step === undefined ? db`` : db`AND e.ended_ms IS NULL AND n.place ->> 'step' = ${step}`}
      ${ending === undefined ? db`` : db`AND e.ending = ${ending}`}
    ORDER BY e.entered_ms DESC, e.contact_id DESC, e.enrolment_id DESC LIMIT ${limit}`;
}

/** The newest entries of one contact in a campaign, oldest first. Only those are looked up further: 2 ms of somebody with 3,000, not 12. */
export async function selectEntriesOf(
  db: Db,
  contactId: number,
  campaignId: number,
  limit: number,
): Promise<EntryRow[]> {
  const rows = await db<EntryRow[]>`
    SELECT e.contact_id AS "contactId", ${entryColumns(db)}
    FROM (
      SELECT * FROM campaign_entries
      WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId} AND campaign_id = ${campaignId}
      ORDER BY entered_ms DESC, enrolment_id DESC LIMIT ${limit}) e ${whereItStands(db, contactId)}
    ORDER BY e.entered_ms DESC, e.enrolment_id DESC`;
  return rows.toReversed();
}

/** A decision as it was written down. */
export type LogRow = {
  enrolmentId: number;
  seq: number;
  atMs: number;
  what: string;
  step: string | null;
  detail: string | null;
};

/** How the entry of a contact stands that they are in, or left last. */
export async function selectStanding(
  db: Db,
  contactId: number,
  campaignId: number,
): Promise<Pick<EntryRow, 'endedMs' | 'ending'> | undefined> {
  const rows = await db<Pick<EntryRow, 'endedMs' | 'ending'>[]>`
    SELECT ended_ms AS "endedMs", ending FROM campaign_entries
    WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId} AND campaign_id = ${campaignId}
    ORDER BY ended_ms DESC NULLS FIRST, entered_ms DESC LIMIT 1`;
  return rows[0];
}

/** What was decided about a contact in a campaign, in order, of one instant entry by entry: the newest 2,000. */
export async function selectLog(db: Db, contactId: number, campaignId: number): Promise<LogRow[]> {
  const rows = await db<LogRow[]>`
    SELECT enrolment_id AS "enrolmentId", seq, at_ms AS "atMs", what, step, detail FROM enrolment_log
    WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId} AND campaign_id = ${campaignId}
    ORDER BY at_ms DESC, enrolment_id DESC, seq DESC LIMIT ${MOST_DECISIONS}`;
  return rows
    .flatMap(decisionsIn)
    .toSorted((a, b) => a.atMs - b.atMs || a.enrolmentId - b.enrolmentId || a.seq - b.seq)
    .slice(-MOST_DECISIONS);
}

/** Decisions that are told of a contact and campaign. */
const MOST_DECISIONS = 2_000;

/** Why a contact did not enter, the last time. */
export async function selectRefusal(
  db: Db,
  contactId: number,
  campaignId: number,
): Promise<{ atMs: number; reason: string } | undefined> {
  const rows = await db<{ atMs: number; reason: string }[]>`
    SELECT at_ms AS "atMs", reason FROM campaign_refusals
    WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId} AND campaign_id = ${campaignId}`;
  return rows[0];
}

/** The newest messages that a campaign sent to a contact, oldest first. */
export async function selectSendsTo(
  db: Db,
  contactId: number,
  campaignId: number,
  limit: number,
): Promise<number[]> {
  const rows = await db<{ id: number }[]>`
    SELECT message_id AS id FROM campaign_sends
    WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId} AND campaign_id = ${campaignId}
    ORDER BY message_id DESC LIMIT ${limit}`;
  return rows.map(({ id }) => id).toReversed();
}

/** What comes next of each of some contacts in campaigns, of those of whom something does. A range of the key each. Locks nothing. */
export async function selectNextSteps(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<{ contactId: number; campaign: string; atMs: number }[]> {
  return await db<{ contactId: number; campaign: string; atMs: number }[]>`
    SELECT DISTINCT ON (t.contact_id) t.contact_id AS "contactId", c.name AS campaign, t.at_ms AS "atMs"
    FROM unnest(${contactIds.map(bucketOf)}::smallint[], ${[...contactIds]}::bigint[]) AS k (bucket, id)
    JOIN timers t ON t.bucket = k.bucket AND t.contact_id = k.id AND t.workspace_id = ${workspaceId}
    JOIN enrolments e ON e.bucket = t.bucket AND e.contact_id = t.contact_id AND e.id = t.owner_id
    JOIN campaigns c ON c.id = e.campaign_id
    ORDER BY t.contact_id, t.at_ms`;
}

/** When each of some contacts did something last, of those who did. A range of the key each. Locks nothing. */
export async function selectLastDone(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<{ contactId: number; atMs: number }[]> {
  return await db<{ contactId: number; atMs: number }[]>`
    SELECT s.contact_id AS "contactId", max(s.last_ms) AS "atMs"
    FROM unnest(${contactIds.map(bucketOf)}::smallint[], ${[...contactIds]}::bigint[]) AS k (bucket, id)
    JOIN event_stats s ON s.bucket = k.bucket AND s.contact_id = k.id AND s.workspace_id = ${workspaceId}
    GROUP BY 1`;
}
