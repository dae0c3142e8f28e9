/** The statement of what stands beside people in a list of them: where they are reached, and how they are tagged. */
import type { ChannelName } from '../../contract/channels.ts';
import { bucketOf } from '../base/ids.ts';
import { column } from '../db/column.ts';
import type { Db } from '../db/pool.ts';

/** Beside a contact in a list. */
export type BesideRow = {
  id: number;
  channels: ChannelName[];
  best: { channel: ChannelName; address: string; isOpen: boolean } | null;
  /** By name; a hundred at most. */
  tags: string[];
};

/**
 * What stands beside some contacts, a page of them: one statement, for each contact two ranges of keys, however many there are of others.
 * The address that comes first can be written to, was heard from last, and is one that people read: those of push and chats are secrets
 * or nothing. Locks nothing.
 */
export async function selectBeside(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
): Promise<BesideRow[]> {
  const rows = await db<{ id: number; places: Pick<BesideRow, 'channels' | 'best'>; tags: string[] }[]>`
    SELECT c.id,
      (SELECT jsonb_build_object('channels', coalesce(jsonb_agg(DISTINCT d.channel), '[]'), 'best', (array_agg(
          jsonb_build_object('channel', d.channel, 'address', d.address, 'isOpen', d.status = 'active' AND d.blocked_classes < 7)
          ORDER BY d.status = 'active' AND d.blocked_classes < 7 DESC, d.last_inbound_ms DESC NULLS LAST, d.linked_ms, d.id)
          FILTER (WHERE d.channel NOT IN ('push', 'webchat', 'webhook')))[1])
        FROM destinations d WHERE d.bucket = c.bucket AND d.contact_id = c.id) AS places,
      ARRAY(SELECT s.name FROM set_members m JOIN sets s ON s.id = m.set_id
        WHERE m.bucket = c.bucket AND m.contact_id = c.id AND s.kind = 'tag' ORDER BY s.name LIMIT 100) AS tags
    FROM unnest(${column(contactIds, bucketOf)}::smallint[], ${column(contactIds, Number)}::bigint[]) AS k (bucket, id)
    JOIN contacts c ON (c.bucket, c.workspace_id, c.id)
      BETWEEN (k.bucket, ${workspaceId}::bigint, k.id) AND (k.bucket, ${workspaceId}::bigint, k.id)`;
  return rows.map(({ id, places, tags }) => ({ id, ...places, tags }));
}
