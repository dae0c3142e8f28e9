/** The statement of what stands beside people in a list of them: where they are reached, and how they are tagged. */
import type { ChannelName } from '../../contract/channels.ts';
import { bucketOf } from '../base/ids.ts';
import type { Db } from '../db/pool.ts';
import { numbers } from './sql.arrays.ts';

/** Beside a contact in a list. */
export type BesideRow = {
  id: number;
  channels: ChannelName[];
  best: { channel: ChannelName; address: string; isOpen: boolean } | null;
  tags: string[];
  moreTags: number;
};

/**
 * What stands beside some contacts, a page of them: one statement, for each contact some ranges of keys, however many there are of others.
 * The address that comes first can be written to, was heard from last, and is one that people read: those of push and chats are secrets
 * or nothing. Locks nothing.
 */
export async function selectBeside(
  db: Db,
  workspaceId: number,
  contactIds: readonly number[],
  mostTags: number,
): Promise<BesideRow[]> {
  return await db<BesideRow[]>`
    SELECT c.id,
      ARRAY(SELECT DISTINCT d.channel FROM destinations d
        WHERE d.bucket = c.bucket AND d.contact_id = c.id ORDER BY d.channel) AS channels,
      (SELECT jsonb_build_object('channel', d.channel, 'address', d.address,
          'isOpen', d.status = 'active' AND d.blocked_classes < 7)
        FROM destinations d
        WHERE d.bucket = c.bucket AND d.contact_id = c.id AND d.channel NOT IN ('push', 'webchat', 'webhook')
        ORDER BY d.status = 'active' AND d.blocked_classes < 7 DESC, d.last_inbound_ms DESC NULLS LAST, d.linked_ms, d.id LIMIT 1) AS best,
      ARRAY(SELECT s.name FROM set_members m JOIN sets s ON s.id = m.set_id
        WHERE m.bucket = c.bucket AND m.contact_id = c.id AND s.kind = 'tag' ORDER BY s.name LIMIT ${mostTags}) AS tags,
      greatest(0, (SELECT count(*) FROM set_members m JOIN sets s ON s.id = m.set_id
        WHERE m.bucket = c.bucket AND m.contact_id = c.id AND s.kind = 'tag') - ${mostTags}) AS "moreTags"
    FROM unnest(${numbers(contactIds, bucketOf)}::smallint[], ${numbers(contactIds, Number)}::bigint[]) AS k (bucket, id)
    JOIN contacts c ON (c.bucket, c.workspace_id, c.id)
      BETWEEN (k.bucket, ${workspaceId}::bigint, k.id) AND (k.bucket, ${workspaceId}::bigint, k.id)`;
}
