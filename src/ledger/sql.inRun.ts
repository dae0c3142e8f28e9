/** The statements by which deliveries of one run are looked at, a page at a time. They change nothing. */
import type { Delivery } from './delivery.ts';
import { bucketOf } from '../base/ids.ts';
import type { Db } from '../db/pool.ts';
import { deliveryColumns } from './sql.ts';
import type { StateCode } from './states.ts';

/** Deliveries of a run that did not go well, by state; a page ordered by contact. */
export async function selectAmiss(
  db: Db,
  workspaceId: number,
  causeId: number,
  page: { states: readonly StateCode[]; afterContactId: number; limit: number },
): Promise<Delivery[]> {
  return await db<Delivery[]>`
    SELECT ${deliveryColumns(db)} FROM deliveries d
    WHERE d.cause_id = ${causeId} AND d.workspace_id = ${workspaceId} AND d.amiss = ANY(${[...page.states]}::smallint[])
      AND d.contact_id > ${page.afterContactId}
    ORDER BY d.contact_id LIMIT ${page.limit}`;
}

/**
 * Deliveries of a run in some states, in the order of their contacts. Read along the primary key of the partition that the run is in,
 * which others share: what did not go well is found quicker by `selectAmiss`.
 */
export async function selectInRun(
  db: Db,
  workspaceId: number,
  causeId: number,
  page: {
    states: readonly StateCode[];
    afterContactId: number;
    toContactId?: number | undefined;
    limit: number;
  },
): Promise<Delivery[]> {
  const { toContactId: to } = page;
  return await db<Delivery[]>`
    SELECT ${deliveryColumns(db)} FROM deliveries d
    WHERE d.cause_id = ${causeId} AND d.workspace_id = ${workspaceId} AND d.state = ANY(${[...page.states]}::smallint[])
      AND d.bucket >= 0 AND (d.bucket, d.contact_id) > (${bucketOf(page.afterContactId)}, ${page.afterContactId}::bigint)
      ${to === undefined ? db`` : db`AND (d.bucket, d.contact_id) <= (${bucketOf(to)}, ${to}::bigint)`}
    ORDER BY d.bucket, d.contact_id LIMIT ${page.limit}`;
}

/** Whose the delivery of a run is that is so many after a contact, in their order; undefined where there are not so many. Locks nothing. */
export async function selectContactFurther(
  db: Db,
  causeId: number,
  page: { afterContactId: number; further: number },
): Promise<number | undefined> {
  const [row] = await db<{ contactId: number }[]>`
    SELECT d.contact_id AS "contactId" FROM deliveries d
    WHERE d.cause_id = ${causeId}
      AND d.bucket >= 0 AND (d.bucket, d.contact_id) > (${bucketOf(page.afterContactId)}, ${page.afterContactId}::bigint)
    ORDER BY d.bucket, d.contact_id OFFSET ${page.further - 1} LIMIT 1`;
  return row?.contactId;
}

/** Why deliveries of a run did not go well, the most frequent first; counted up to so many of them. Locks nothing. */
export async function countAmiss(
  db: Db,
  workspaceId: number,
  causeId: number,
  most: number,
): Promise<{ state: StateCode; code: string | null; detail: string | null; n: number }[]> {
  return await db<{ state: StateCode; code: string | null; detail: string | null; n: number }[]>`
    SELECT state, code, min(detail) AS detail, count(*) AS n FROM (
      SELECT d.state, d.code, d.detail FROM deliveries d
      WHERE d.cause_id = ${causeId} AND d.workspace_id = ${workspaceId} AND d.amiss IS NOT NULL LIMIT ${most}) a
    GROUP BY 1, 2 ORDER BY 4 DESC, 1, 2 LIMIT 100`;
}
