/** Every statement on addresses that wait for the person behind them. */
import { bucketOf } from '../base/ids.ts';
import { column } from '../db/column.ts';
import type { Db } from '../db/pool.ts';
import { onEachShard } from '../db/shards.ts';
import type { DestinationRef } from './sql.destinations.ts';

/** An address that waits: for a sign of life, or for a yes. `told` is for whoever asked. */
export type PendingLink = DestinationRef & {
  workspaceId: number;
  confirmation: 'activity' | 'prompt';
  told: { channel: string; criteria: Record<string, string> };
  askedMs: number;
};

const columns = (db: Db) => db`
  p.contact_id AS "contactId", p.destination_id AS "destinationId", p.workspace_id AS "workspaceId", p.confirmation, p.told,
  p.asked_ms AS "askedMs"`;

/** Notes that an address waits; who asked last is told. */
export async function upsertPending(db: Db, row: PendingLink): Promise<void> {
  await db`
    INSERT INTO pending_links (bucket, contact_id, destination_id, workspace_id, confirmation, told, asked_ms)
    VALUES (${bucketOf(row.contactId)}, ${row.contactId}, ${row.destinationId}, ${row.workspaceId}, ${row.confirmation},
      ${JSON.stringify(row.told)}::text::jsonb, ${row.askedMs})
    ON CONFLICT (bucket, contact_id, destination_id) DO UPDATE
      SET confirmation = excluded.confirmation, told = excluded.told, asked_ms = excluded.asked_ms`;
}

/** Those of these addresses that wait. Locks them. */
export async function lockPending(
  db: Db,
  workspaceId: number,
  refs: readonly DestinationRef[],
): Promise<PendingLink[]> {
  return await onEachShard(
    db,
    refs,
    (ref) => bucketOf(ref.contactId),
    async (some, buckets) =>
      await db<PendingLink[]>`
        SELECT ${columns(db)} FROM ${refRows(db, some)}
        JOIN pending_links p ON p.bucket = k.bucket AND p.contact_id = k.contact_id AND p.destination_id = k.id
          ${db.onShard('p.bucket', buckets)}
        WHERE p.workspace_id = ${workspaceId} FOR UPDATE OF p`,
  );
}

/** They wait no longer. Locks the rows. */
export async function deletePending(
  db: Db,
  workspaceId: number,
  refs: readonly DestinationRef[],
): Promise<void> {
  await db`
    DELETE FROM pending_links p USING ${refRows(db, refs)}
    WHERE p.bucket = k.bucket AND p.contact_id = k.contact_id AND p.destination_id = k.id AND p.workspace_id = ${workspaceId}`;
}

/** Takes all that wait of contacts. Locks the rows. */
export async function takePending(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<PendingLink[]> {
  return await db<PendingLink[]>`
    DELETE FROM pending_links p
    WHERE p.bucket = ANY(${[...new Set(contactIds.map(bucketOf))]}::smallint[])
      AND p.contact_id = ANY(${[...contactIds]}::bigint[]) AND p.workspace_id = ${workspaceId}
    RETURNING ${columns(db)}`;
}

/** Takes those of these addresses that wait. Locks the rows. */
export async function takePendingAt(
  db: Db,
  workspaceId: number,
  refs: readonly DestinationRef[],
): Promise<PendingLink[]> {
  return await db<PendingLink[]>`
    DELETE FROM pending_links p USING ${refRows(db, refs)}
    WHERE p.bucket = k.bucket AND p.contact_id = k.contact_id AND p.destination_id = k.id AND p.workspace_id = ${workspaceId}
    RETURNING ${columns(db)}`;
}

function refRows(db: Db, refs: readonly DestinationRef[]) {
  return db`unnest(${column(refs, (r) => bucketOf(r.contactId))}::smallint[], ${column(refs, (r) => r.contactId)}::bigint[],
    ${column(refs, (r) => r.destinationId)}::bigint[]) AS k (bucket, contact_id, id)`;
}
