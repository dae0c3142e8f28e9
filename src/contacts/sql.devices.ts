/** Statements on devices: push tokens as identities, and the destinations with them. */
import { TOKEN_KIND, type ChannelName } from '../../contract/channels.ts';
import { bucketOf } from '../base/ids.ts';
import { column } from '../db/column.ts';
import type { Db } from '../db/pool.ts';

/** A push token and who has it. */
export type Device = { workspaceId: number; contactId: number; address: string };

/** Makes tokens another contact's. Locks the identities. */
export async function moveTokens(
  db: Db,
  rows: readonly { hash: number; workspaceId: number; value: string; toId: number }[],
): Promise<void> {
  await db`
    UPDATE identities i SET contact_id = n.to_id
    FROM unnest(${column(rows, (r) => r.hash)}::integer[], ${column(rows, (r) => r.workspaceId)}::bigint[],
      ${column(rows, (r) => r.value)}::text[], ${column(rows, (r) => r.toId)}::bigint[]) n (hash, workspace_id, value, to_id)
    WHERE i.hash = n.hash AND i.workspace_id = n.workspace_id AND i.kind = 'token' AND i.value = n.value`;
}

/** Unlinks devices from contacts, by their tokens without a kind, whatever integration they are linked through. Locks the destinations. */
export async function deleteDevices(db: Db, rows: readonly Device[]): Promise<void> {
  await db`
    DELETE FROM destinations d USING unnest(
      ${column(rows, (r) => bucketOf(r.contactId))}::smallint[], ${column(rows, (r) => r.contactId)}::bigint[],
      ${column(rows, (r) => r.workspaceId)}::bigint[], ${column(rows, (r) => r.address)}::text[])
      n (bucket, contact_id, workspace_id, address)
    WHERE d.bucket = n.bucket AND d.contact_id = n.contact_id AND d.workspace_id = n.workspace_id
      AND d.channel = 'push' AND regexp_replace(d.address, ${TOKEN_KIND.source}, '') = n.address`;
}

/** Devices in the order in which they were linked, after one of them. Reads every shard; once in the life of an install. */
export async function selectDevices(
  db: Db,
  after: { linkedMs: number; id: number },
  limit: number,
): Promise<(Device & { channel: ChannelName; id: number; linkedMs: number })[]> {
  return await db<(Device & { channel: ChannelName; id: number; linkedMs: number })[]>`
    SELECT workspace_id AS "workspaceId", contact_id AS "contactId", channel, address, id, linked_ms AS "linkedMs"
    FROM destinations WHERE channel = 'push' AND (linked_ms, id) > (${after.linkedMs}, ${after.id})
    ORDER BY linked_ms, id LIMIT ${limit}`;
}
