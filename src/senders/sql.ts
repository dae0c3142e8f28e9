/** Every statement on how integrations fare. */
import type { Db } from '../db/pool.ts';

/** An integration as one process has seen it. */
export type HealthRow = {
  integrationId: number;
  failuresInARow: number;
  openUntilMs: number | null;
  lastSuccessMs: number | null;
  lastFailureMs: number | null;
  lastFailureCode: string | null;
  lastFailureDetail: string | null;
  notedMs: number;
};

/** What came of messages in a minute. */
export type MinuteRow = {
  integrationId: number;
  minute: number;
  accepted: number;
  refused: number;
  deferred: number;
};

/** Writes what a process has seen. What it knows no more (it was started again) stays. Locks its own rows. */
export async function upsertHealth(db: Db, process: string, rows: readonly HealthRow[]): Promise<void> {
  await db`
    INSERT INTO integration_health AS h (process, integration_id, failures_in_a_row, open_until_ms, last_success_ms,
      last_failure_ms, last_failure_code, last_failure_detail, noted_ms)
    SELECT ${process}::text, * FROM unnest(
      ${rows.map((r) => r.integrationId)}::bigint[], ${rows.map((r) => r.failuresInARow)}::integer[],
      ${rows.map((r) => r.openUntilMs)}::bigint[], ${rows.map((r) => r.lastSuccessMs)}::bigint[],
      ${rows.map((r) => r.lastFailureMs)}::bigint[], ${rows.map((r) => r.lastFailureCode)}::text[],
      ${rows.map((r) => r.lastFailureDetail)}::text[], ${rows.map((r) => r.notedMs)}::bigint[])
    ON CONFLICT (integration_id, process) DO UPDATE SET
      failures_in_a_row = excluded.failures_in_a_row, open_until_ms = excluded.open_until_ms,
      last_success_ms = greatest(h.last_success_ms, excluded.last_success_ms),
      last_failure_ms = coalesce(excluded.last_failure_ms, h.last_failure_ms),
      last_failure_code = coalesce(excluded.last_failure_code, h.last_failure_code),
      last_failure_detail = coalesce(excluded.last_failure_detail, h.last_failure_detail),
      noted_ms = excluded.noted_ms`;
}

/** Adds to minutes. Locks the rows; give them in order of integration and minute, so that processes do not wait in a circle. */
export async function addMinutes(db: Db, rows: readonly MinuteRow[]): Promise<void> {
  await db`
    INSERT INTO integration_minutes AS m (integration_id, minute, accepted, refused, deferred)
    SELECT * FROM unnest(
      ${rows.map((r) => r.integrationId)}::bigint[], ${rows.map((r) => r.minute)}::bigint[],
      ${rows.map((r) => r.accepted)}::bigint[], ${rows.map((r) => r.refused)}::bigint[],
      ${rows.map((r) => r.deferred)}::bigint[])
    ON CONFLICT (integration_id, minute) DO UPDATE SET accepted = m.accepted + excluded.accepted,
      refused = m.refused + excluded.refused, deferred = m.deferred + excluded.deferred`;
}

/** Integrations as each process has seen them, the one that noted last first. */
export async function selectHealth(db: Db, integrationIds: readonly number[]): Promise<HealthRow[]> {
  return await db<HealthRow[]>`
    SELECT integration_id AS "integrationId", failures_in_a_row AS "failuresInARow", open_until_ms AS "openUntilMs",
      last_success_ms AS "lastSuccessMs", last_failure_ms AS "lastFailureMs", last_failure_code AS "lastFailureCode",
      last_failure_detail AS "lastFailureDetail", noted_ms AS "notedMs"
    FROM integration_health WHERE integration_id = ANY(${[...integrationIds]}::bigint[]) ORDER BY noted_ms DESC, process`;
}

/** What came of integrations' messages since a minute. */
export async function selectMinutes(
  db: Db,
  integrationIds: readonly number[],
  fromMinute: number,
): Promise<MinuteRow[]> {
  return await db<MinuteRow[]>`
    SELECT integration_id AS "integrationId", minute, accepted, refused, deferred
    FROM integration_minutes WHERE integration_id = ANY(${[...integrationIds]}::bigint[]) AND minute >= ${fromMinute} ORDER BY minute`;
}

/** Sweeps minutes before one, and processes that have not noted since a time when another knows all that they knew. */
export async function deleteOldHealth(db: Db, before: { minute: number; notedMs: number }): Promise<void> {
  await db`DELETE FROM integration_minutes WHERE minute < ${before.minute}`;
  await db`
    DELETE FROM integration_health h WHERE noted_ms < ${before.notedMs} AND (
      NOT EXISTS (SELECT 1 FROM integrations i WHERE i.id = h.integration_id AND i.deleted_ms IS NULL)
      OR EXISTS (
        SELECT 1 FROM integration_health n WHERE n.integration_id = h.integration_id AND n.noted_ms > h.noted_ms
          AND coalesce(n.last_success_ms, 0) >= coalesce(h.last_success_ms, 0)
          AND coalesce(n.last_failure_ms, 0) >= coalesce(h.last_failure_ms, 0)))`;
}
