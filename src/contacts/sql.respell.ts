/** Statements that find what was stored in a spelling of before. Each reads a whole table; once in the life of an install. */
import type { ChannelName } from '../../contract/channels.ts';
import { column } from '../db/column.ts';
import type { Db, Fragment } from '../db/pool.ts';
import type { BlockRow, ProofKey } from './consent/sql.blocks.ts';

/** Mexico's 1 and Brazil's missing 9 (`content/phone.ts`), on WhatsApp Argentina's missing 9 too. */
function isOld(db: Db, channel: Fragment, address: Fragment): Fragment {
  return db`${channel} IN ('sms', 'voice', 'whatsapp') AND (${address} ~ '^\\+(521\\d{10}|55[1-9]\\d[6-9]\\d{7})$'
    OR ${channel} = 'whatsapp' AND ${address} ~ '^\\+54[1-8]\\d{9}$')`;
}

/** Some blocks of addresses in a spelling of before. Locks them; what another process has in hand is left to it. On Citus nothing is locked. */
export async function selectOldBlocks(
  db: Db,
  limit: number,
): Promise<(BlockRow & { address: string; sinceMs: number })[]> {
  return await db<(BlockRow & { address: string; sinceMs: number })[]>`
    SELECT hash, workspace_id AS "workspaceId", channel, proof, cause, scope, address, classes, elsewhere, rank, reason,
      since_ms AS "sinceMs"
    FROM suppressions WHERE ${isOld(db, db`channel`, db`address`)} LIMIT ${limit}
    ${db.placement.distributed ? db`` : db`FOR UPDATE SKIP LOCKED`}`;
}

/** Deletes blocks. Locks them. */
export async function deleteBlocks(
  db: Db,
  rows: readonly (ProofKey & { cause: string; scope: number })[],
): Promise<void> {
  await db`
    DELETE FROM suppressions s USING unnest(
      ${column(rows, (r) => r.hash)}::integer[], ${column(rows, (r) => r.workspaceId)}::bigint[],
      ${column(rows, (r) => r.channel)}::text[], ${column(rows, (r) => r.proof)}::text[],
      ${column(rows, (r) => r.cause)}::text[], ${column(rows, (r) => r.scope)}::bigint[])
      n (hash, workspace_id, channel, proof, cause, scope)
    WHERE s.hash = n.hash AND s.workspace_id = n.workspace_id AND s.channel = n.channel AND s.proof = n.proof
      AND s.cause = n.cause AND s.scope = n.scope`;
}

/** Destinations in a spelling of before, after one of them. Locks nothing. */
export async function selectOldDestinations(
  db: Db,
  after: { bucket: number; contactId: number; id: number },
  limit: number,
): Promise<{ bucket: number; contactId: number; id: number; workspaceId: number; channel: ChannelName }[]> {
  return await db<
    { bucket: number; contactId: number; id: number; workspaceId: number; channel: ChannelName }[]
  >`
    SELECT bucket, contact_id AS "contactId", id, workspace_id AS "workspaceId", channel FROM destinations
    WHERE (bucket, contact_id, id) > (${after.bucket}, ${after.contactId}, ${after.id})
      AND ${isOld(db, db`channel`, db`address`)}
    ORDER BY bucket, contact_id, id LIMIT ${limit}`;
}
