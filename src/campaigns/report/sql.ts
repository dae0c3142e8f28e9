/** Statements of reports. They read all lanes; whoever asks waits for them, nobody else does. */
import { bucketOf } from '../../base/ids.ts';
import type { Db } from '../../db/pool.ts';

/** A count over all lanes. */
export type Counted = {
  epoch: number;
  arm: 0 | 1;
  step: string;
  metric: string;
  n: number;
  total: number;
  squares: number;
};

/** All counts of a campaign. */
export async function selectTallies(db: Db, campaignId: number): Promise<Counted[]> {
  return await db<Counted[]>`
    SELECT epoch, arm, step, metric, sum(n)::bigint AS n, sum(total) AS total, sum(squares) AS squares
    FROM campaign_tallies WHERE campaign_id = ${campaignId} GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`;
}

/** Of those who entered by epoch and arm: how many, whose window for a goal is over, and how many of these reached it. */
export type Windowed = { epoch: number; arm: 0 | 1; entered: number; closed: number; converted: number };

/** Entries of a campaign against one goal. */
export async function selectWindows(
  db: Db,
  campaignId: number,
  goal: string,
  closedBeforeMs: number,
): Promise<Windowed[]> {
  return await db<Windowed[]>`
    SELECT epoch, arm, count(*) AS entered, count(*) FILTER (WHERE entered_ms <= ${closedBeforeMs}) AS closed,
      count(*) FILTER (WHERE entered_ms <= ${closedBeforeMs} AND converted ? ${goal}) AS converted
    FROM campaign_entries WHERE campaign_id = ${campaignId} GROUP BY 1, 2 ORDER BY 1, 2`;
}

/** What happened on each day, by UTC. */
export async function selectSeries(
  db: Db,
  campaignId: number,
  fromMs: number,
  toMs: number,
): Promise<{ dayMs: number; arm: 0 | 1; entered: number; ended: number; converted: number }[]> {
  return await db`
    SELECT (entered_ms / 86400000) * 86400000 AS "dayMs", arm, count(*) AS entered, count(ended_ms) AS ended,
      count(*) FILTER (WHERE converted <> '{}') AS converted
    FROM campaign_entries WHERE campaign_id = ${campaignId} AND entered_ms >= ${fromMs} AND entered_ms < ${toMs}
    GROUP BY 1, 2 ORDER BY 1, 2`;
}

/** Somebody who entered. */
export type EntryRow = {
  contactId: number;
  enrolmentId: number;
  arm: 0 | 1;
  epoch: number;
  enteredMs: number;
  endedMs: number | null;
  ending: string | null;
  step: string | null;
  dueMs: number | null;
};

/** Who entered, newest first: of those who are in it at a step, who ended in a way, or all. */
export async function selectPeople(
  db: Db,
  campaignId: number,
  page: {
    before: { enteredMs: number; contactId: number };
    limit: number;
    step?: string | undefined;
    ending?: string | undefined;
  },
): Promise<EntryRow[]> {
  const { before, limit, step, ending } = page;
  return await db<EntryRow[]>`
    SELECT e.contact_id AS "contactId", e.enrolment_id AS "enrolmentId", e.arm, e.epoch, e.entered_ms AS "enteredMs",
      e.ended_ms AS "endedMs", e.ending, n.place ->> 'step' AS step, (n.place ->> 'dueMs')::bigint AS "dueMs"
    FROM campaign_entries e LEFT JOIN enrolments n ON n.bucket = e.bucket AND n.contact_id = e.contact_id AND n.id = e.enrolment_id
    WHERE e.campaign_id = ${campaignId} AND (e.entered_ms, e.contact_id) < (${before.enteredMs}::bigint, ${before.contactId}::bigint)
      ${step === undefined ? db`` : db`AND n.place ->> 'step' = ${step}`}
      ${ending === undefined ? db`` : db`AND e.ending = ${ending}`}
    ORDER BY e.entered_ms DESC, e.contact_id DESC LIMIT ${limit}`;
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

/** What was decided about a contact in a campaign, in order. */
export async function selectLog(db: Db, contactId: number, campaignId: number): Promise<LogRow[]> {
  return await db<LogRow[]>`
    SELECT enrolment_id AS "enrolmentId", seq, at_ms AS "atMs", what, step, detail FROM enrolment_log
    WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId} AND campaign_id = ${campaignId}
    ORDER BY at_ms, seq LIMIT 2000`;
}

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

/** The messages that a campaign sent to a contact. */
export async function selectSendsTo(
  db: Db,
  contactId: number,
  campaignId: number,
): Promise<{ messageId: number; step: string; atMs: number }[]> {
  return await db<{ messageId: number; step: string; atMs: number }[]>`
    SELECT message_id AS "messageId", step, at_ms AS "atMs" FROM campaign_sends
    WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId} AND campaign_id = ${campaignId} ORDER BY message_id`;
}
