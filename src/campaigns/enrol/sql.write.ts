/**
 * Statements by which a turn writes what changed: a batch for each table, sorted by key. Rows go as columns: as JSON a row of seventeen
 * values took 67 µs to read instead of 8 (`bench/RESULTS.md`).
 */
import { bucketOf } from '../../base/ids.ts';
import type { Db } from '../../db/pool.ts';
import type { Conversion, Logged, Of, SendRow, Tally } from './changes.ts';
import { rowsOfDecisions } from './decisions.ts';
import type { Entry, Enrolment } from './entry.ts';
import { hasLeft } from './sql.seen.ts';

/** As a column of JSON takes it; null is no value. */
const jsonOf = (value: unknown) => (value === null ? null : JSON.stringify(value));

/** Writes enrolments, over those there are. */
export async function upsertEnrolments(
  db: Db,
  rows: readonly { of: Of; enrolment: Enrolment }[],
): Promise<void> {
  await db`
    INSERT INTO enrolments AS e (bucket, contact_id, id, workspace_id, campaign_id, version_id, entry_key, epoch, arm, variant,
      entered_ms, trigger, place)
    SELECT n.bucket, n.contact_id, n.id, n.workspace_id, n.campaign_id, n.version_id, n.entry_key, n.epoch, n.arm, n.variant,
      n.entered_ms, n.trigger::jsonb, n.place::jsonb
    FROM unnest(${rows.map(({ of }) => bucketOf(of.contactId))}::smallint[], ${rows.map(({ of }) => of.contactId)}::bigint[],
      ${rows.map(({ enrolment }) => enrolment.id)}::bigint[], ${rows.map(({ of }) => of.workspaceId)}::bigint[],
      ${rows.map(({ enrolment }) => enrolment.campaignId)}::bigint[], ${rows.map(({ enrolment }) => enrolment.versionId)}::bigint[],
      ${rows.map(({ enrolment }) => enrolment.entryKey)}::bigint[], ${rows.map(({ enrolment }) => enrolment.epoch)}::integer[],
      ${rows.map(({ enrolment }) => enrolment.arm)}::smallint[], ${rows.map(({ enrolment }) => enrolment.variant)}::text[],
      ${rows.map(({ enrolment }) => enrolment.enteredMs)}::bigint[],
      ${rows.map(({ enrolment: { arm, trigger } }) => (arm === null ? jsonOf(trigger) : null))}::text[],
      ${rows.map(({ enrolment }) => jsonOf(enrolment.place))}::text[])
      AS n (bucket, contact_id, id, workspace_id, campaign_id, version_id, entry_key, epoch, arm, variant, entered_ms, trigger, place)
    ORDER BY 1, 2, 3
    ON CONFLICT (bucket, contact_id, id) DO UPDATE SET version_id = excluded.version_id, arm = excluded.arm,
      variant = excluded.variant, entered_ms = excluded.entered_ms, trigger = excluded.trigger, place = excluded.place`;
}

/** Deletes enrolments with their timers. A key is found as a range of one (`queue/work/sql.ts`): there may be none when this is planned. */
export async function deleteEnrolments(
  db: Db,
  rows: readonly { contactId: number; id: number }[],
): Promise<void> {
  const keys = db`unnest(${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
    ${rows.map((r) => r.id)}::bigint[]) AS k (bucket, contact_id, id)`;
  const key = db`BETWEEN (k.bucket, k.contact_id, k.id) AND (k.bucket, k.contact_id, k.id)`;
  await Promise.all([
    db`DELETE FROM enrolments e USING ${keys} WHERE (e.bucket, e.contact_id, e.id) ${key}`,
    db`DELETE FROM timers t USING ${keys} WHERE (t.bucket, t.contact_id, t.owner_id) ${key}`,
  ]);
}

/** Sets timers, in place of those there are. */
export async function upsertTimers(
  db: Db,
  rows: readonly (Of & { ownerId: number; lane: number; dueMs: number; atMs: number })[],
): Promise<void> {
  await db`
    INSERT INTO timers (bucket, contact_id, owner_id, lane, workspace_id, due_ms, at_ms)
    SELECT n.* FROM unnest(${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.ownerId)}::bigint[], ${rows.map((r) => r.lane)}::smallint[], ${rows.map((r) => r.workspaceId)}::bigint[],
      ${rows.map((r) => r.dueMs)}::bigint[], ${rows.map((r) => r.atMs)}::bigint[])
      AS n (bucket, contact_id, owner_id, lane, workspace_id, due_ms, at_ms)
    ORDER BY 1, 2, 3
    ON CONFLICT (bucket, contact_id, owner_id) DO UPDATE SET due_ms = excluded.due_ms, at_ms = excluded.at_ms`;
}

/**
 * Sets when contacts are to be looked at again. One that is overdue stays: what falls due at its time is seen then, though something else
 * was looked at in between.
 */
export async function upsertLooks(
  db: Db,
  rows: readonly (Of & { ownerId: number; lane: number; dueMs: number; atMs: number })[],
  nowMs: number,
): Promise<void> {
  const written = db`
    INSERT INTO timers AS t (bucket, contact_id, owner_id, lane, workspace_id, due_ms, at_ms)
    SELECT n.* FROM unnest(${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.ownerId)}::bigint[], ${rows.map((r) => r.lane)}::smallint[], ${rows.map((r) => r.workspaceId)}::bigint[],
      ${rows.map((r) => r.dueMs)}::bigint[], ${rows.map((r) => r.atMs)}::bigint[])
      AS n (bucket, contact_id, owner_id, lane, workspace_id, due_ms, at_ms)
    ORDER BY 1, 2, 3
    ON CONFLICT (bucket, contact_id, owner_id) DO UPDATE SET due_ms = excluded.due_ms, at_ms = excluded.at_ms
      WHERE t.due_ms > ${db.inConflict(nowMs)}`;
  // Where the time is in the text, it is another text each time.
  await (db.placement.distributed ? written.unprepared() : written);
}

/** Writes entries, over those there are: what changes is how they ended, their trigger and what was reached. */
export async function upsertEntries(db: Db, rows: readonly { of: Of; entry: Entry }[]): Promise<void> {
  await db`
    INSERT INTO campaign_entries (bucket, contact_id, campaign_id, entry_key, enrolment_id, workspace_id, version_id, epoch, arm,
      variant, reached_ms, entered_ms, ended_ms, ending, trigger, converted, missed)
    SELECT n.bucket, n.contact_id, n.campaign_id, n.entry_key, n.enrolment_id, n.workspace_id, n.version_id, n.epoch, n.arm, n.variant,
      n.reached_ms, n.entered_ms, n.ended_ms, n.ending, n.trigger::jsonb, n.converted::jsonb, n.missed::jsonb
    FROM unnest(${rows.map(({ of }) => bucketOf(of.contactId))}::smallint[], ${rows.map(({ of }) => of.contactId)}::bigint[],
      ${rows.map(({ entry }) => entry.campaignId)}::bigint[], ${rows.map(({ entry }) => entry.entryKey)}::bigint[],
      ${rows.map(({ entry }) => entry.enrolmentId)}::bigint[], ${rows.map(({ of }) => of.workspaceId)}::bigint[],
      ${rows.map(({ entry }) => entry.versionId)}::bigint[], ${rows.map(({ entry }) => entry.epoch)}::integer[],
      ${rows.map(({ entry }) => entry.arm)}::smallint[], ${rows.map(({ entry }) => entry.variant)}::text[],
      ${rows.map(({ entry }) => entry.reachedMs)}::bigint[], ${rows.map(({ entry }) => entry.enteredMs)}::bigint[],
      ${rows.map(({ entry }) => entry.endedMs)}::bigint[], ${rows.map(({ entry }) => entry.ending)}::text[],
      ${rows.map(({ entry }) => jsonOf(entry.trigger))}::text[], ${rows.map(({ entry }) => jsonOf(entry.converted))}::text[],
      ${rows.map(({ entry }) => jsonOf(missedOf(entry)))}::text[])
      AS n (bucket, contact_id, campaign_id, entry_key, enrolment_id, workspace_id, version_id, epoch, arm, variant, reached_ms, entered_ms,
        ended_ms, ending, trigger, converted, missed)
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (bucket, contact_id, campaign_id, entry_key) DO UPDATE SET ended_ms = excluded.ended_ms, ending = excluded.ending,
      reached_ms = excluded.reached_ms, trigger = excluded.trigger, converted = excluded.converted, missed = excluded.missed`;
}

/** Writes what became of entries that are there: not what set them off, nor goals. */
export async function updateEntries(db: Db, rows: readonly { of: Of; entry: Entry }[]): Promise<void> {
  await db`
    UPDATE campaign_entries e SET reached_ms = n.reached_ms, ended_ms = n.ended_ms, ending = n.ending, missed = n.missed::jsonb
    FROM unnest(${rows.map(({ of }) => bucketOf(of.contactId))}::smallint[], ${rows.map(({ of }) => of.contactId)}::bigint[],
      ${rows.map(({ entry }) => entry.campaignId)}::bigint[], ${rows.map(({ entry }) => entry.entryKey)}::bigint[],
      ${rows.map(({ entry }) => entry.reachedMs)}::bigint[], ${rows.map(({ entry }) => entry.endedMs)}::bigint[],
      ${rows.map(({ entry }) => entry.ending)}::text[], ${rows.map(({ entry }) => jsonOf(missedOf(entry)))}::text[])
      AS n (bucket, contact_id, campaign_id, entry_key, reached_ms, ended_ms, ending, missed)
    WHERE (e.bucket, e.contact_id, e.campaign_id, e.entry_key)
      BETWEEN (n.bucket, n.contact_id, n.campaign_id, n.entry_key) AND (n.bucket, n.contact_id, n.campaign_id, n.entry_key)`;
}

const missedOf = ({ missed }: Entry) => (Object.keys(missed?.steps ?? {}).length ? missed : null);

/** Writes decisions down; one that stands there already is the same. */
export async function insertLog(db: Db, decisions: readonly Logged[]): Promise<void> {
  const rows = rowsOfDecisions(decisions);
  await db`
    INSERT INTO enrolment_log (bucket, contact_id, enrolment_id, seq, at_ms, workspace_id, campaign_id, what, step, detail)
    SELECT n.* FROM unnest(${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.enrolmentId)}::bigint[], ${rows.map((r) => r.seq)}::integer[], ${rows.map((r) => r.atMs)}::bigint[],
      ${rows.map((r) => r.workspaceId)}::bigint[], ${rows.map((r) => r.campaignId)}::bigint[], ${rows.map((r) => r.what)}::text[],
      ${rows.map((r) => r.step ?? null)}::text[], ${rows.map((r) => r.detail ?? null)}::text[])
      AS n (bucket, contact_id, enrolment_id, seq, at_ms, workspace_id, campaign_id, what, step, detail)
    ORDER BY 1, 2, 3, 4 ON CONFLICT DO NOTHING`;
}

/** Writes down which messages are a campaign's. */
export async function insertSends(db: Db, rows: readonly SendRow[]): Promise<void> {
  await db`
    INSERT INTO campaign_sends (bucket, contact_id, message_id, workspace_id, campaign_id, enrolment_id, epoch, version_id, variant,
      step, at_ms, depth)
    SELECT n.* FROM unnest(${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.messageId)}::bigint[], ${rows.map((r) => r.workspaceId)}::bigint[], ${rows.map((r) => r.campaignId)}::bigint[],
      ${rows.map((r) => r.enrolmentId)}::bigint[], ${rows.map((r) => r.epoch)}::integer[], ${rows.map((r) => r.versionId)}::bigint[],
      ${rows.map((r) => r.variant)}::text[], ${rows.map((r) => r.step)}::text[], ${rows.map((r) => r.atMs)}::bigint[],
      ${rows.map((r) => r.depth)}::smallint[])
      AS n (bucket, contact_id, message_id, workspace_id, campaign_id, enrolment_id, epoch, version_id, variant, step, at_ms, depth)
    ORDER BY 1, 2, 3`;
}

/** Writes goals that were reached, each with the last message of its enrolment that had left before it. */
export async function insertConversions(db: Db, rows: readonly Conversion[]): Promise<void> {
  await db`
    INSERT INTO conversions (bucket, contact_id, enrolment_id, goal, event_key, workspace_id, campaign_id, epoch, arm, at_ms, value,
      message_id)
    SELECT n.bucket, n.contact_id, n.enrolment_id, n.goal, n.event_key, n.workspace_id, n.campaign_id, n.epoch, n.arm, n.at_ms, n.value,
      max(s.message_id)
    FROM unnest(${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.enrolmentId)}::bigint[], ${rows.map((r) => r.goal)}::text[], ${rows.map((r) => r.eventKey)}::bigint[],
      ${rows.map((r) => r.workspaceId)}::bigint[], ${rows.map((r) => r.campaignId)}::bigint[], ${rows.map((r) => r.epoch)}::integer[],
      ${rows.map((r) => r.arm)}::smallint[], ${rows.map((r) => r.atMs)}::bigint[], ${rows.map((r) => r.value)}::double precision[])
      AS n (bucket, contact_id, enrolment_id, goal, event_key, workspace_id, campaign_id, epoch, arm, at_ms, value)
    LEFT JOIN campaign_sends s ON (s.bucket, s.contact_id) BETWEEN (n.bucket, n.contact_id) AND (n.bucket, n.contact_id)
      AND s.enrolment_id = n.enrolment_id AND s.at_ms <= n.at_ms AND ${hasLeft(db, db`s.seen`)}
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING`;
}

/** Keeps why somebody did not enter, the last time. */
export async function upsertRefusals(
  db: Db,
  rows: readonly (Of & { campaignId: number; reason: string; atMs: number })[],
): Promise<void> {
  await db`
    INSERT INTO campaign_refusals (bucket, contact_id, campaign_id, workspace_id, at_ms, reason)
    SELECT n.* FROM unnest(${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.campaignId)}::bigint[], ${rows.map((r) => r.workspaceId)}::bigint[], ${rows.map((r) => r.atMs)}::bigint[],
      ${rows.map((r) => r.reason)}::text[]) AS n (bucket, contact_id, campaign_id, workspace_id, at_ms, reason)
    ORDER BY 1, 2, 3
    ON CONFLICT (bucket, contact_id, campaign_id) DO UPDATE SET at_ms = excluded.at_ms, reason = excluded.reason`;
}

/** Adds to counts of lanes; the bucket is the lane's first. */
export async function addTallies(db: Db, rows: readonly (Tally & { bucket: number })[]): Promise<void> {
  await db`
    INSERT INTO campaign_tallies AS t (bucket, campaign_id, epoch, arm, variant, version_id, step, metric, n, total, squares)
    SELECT n.* FROM unnest(${rows.map((r) => r.bucket)}::smallint[], ${rows.map((r) => r.campaignId)}::bigint[], ${rows.map((r) => r.epoch)}::integer[],
      ${rows.map((r) => r.arm)}::smallint[], ${rows.map((r) => r.variant ?? '')}::text[], ${rows.map((r) => r.versionId)}::bigint[],
      ${rows.map((r) => r.step)}::text[], ${rows.map((r) => r.metric)}::text[],
      ${rows.map((r) => r.n)}::bigint[], ${rows.map((r) => r.total)}::double precision[], ${rows.map((r) => r.squares)}::double precision[])
      AS n (bucket, campaign_id, epoch, arm, variant, version_id, step, metric, n, total, squares)
    ORDER BY 1, 2, 3, 4, 5, 6, 7, 8
    ON CONFLICT (bucket, campaign_id, epoch, arm, variant, version_id, step, metric) DO UPDATE SET n = t.n + excluded.n, total = t.total + excluded.total,
      squares = t.squares + excluded.squares`;
}
