/** The statements of the directory: what the devices of some people got last, and how much of it nobody has looked at. */
import type { ChannelName } from '../../contract/channels.ts';
import type { Db } from '../db/pool.ts';
import { deviceBucket } from './sql.ts';

/** The last of a device. Its words only: a whole mail is no line of a list. */
type LastRow = {
  /** Which of the devices that were asked for, from 0. */
  n: number;
  direction: 'in' | 'out';
  /** What is said first: a subject, a title, a text. */
  text: string | null;
  atMs: number;
  /** Messages to the device since somebody looked, up to the bound. */
  unread: number;
};

/** The last message of each of some devices, and what is unread there up to `mostUnread`; those that got nothing are left out. Locks nothing. */
export async function selectLast(
  db: Db,
  workspaceId: number,
  devices: readonly { channel: ChannelName; address: string }[],
  mostUnread: number,
): Promise<LastRow[]> {
  return await db<LastRow[]>`
    SELECT (k.n - 1)::integer AS n, last.direction, last.at_ms AS "atMs", unread.n AS unread,
      left(coalesce(nullif(last.rendered->>'subject', ''), nullif(last.rendered->>'title', ''), nullif(last.rendered->>'text', ''),
        nullif(last.rendered->>'say', ''), nullif(last.rendered->>'body', ''), nullif(last.rendered#>>'{payload,text,body}', ''),
        nullif(last.rendered#>>'{payload,interactive,body,text}', '')), 140) AS text
    FROM unnest(${devices.map((d) => deviceBucket(d.address))}::smallint[], ${devices.map((d) => d.channel)}::text[],
      ${devices.map((d) => d.address)}::text[]) WITH ORDINALITY k (bucket, channel, address, n)
    LEFT JOIN simulated_marks seen ON seen.bucket = k.bucket AND seen.workspace_id = ${workspaceId} AND seen.channel = k.channel
      AND seen.address = k.address
    CROSS JOIN LATERAL (
      SELECT m.direction, m.rendered, m.at_ms FROM simulated_messages m
      WHERE m.bucket = k.bucket AND m.workspace_id = ${workspaceId} AND m.channel = k.channel AND m.address = k.address
      ORDER BY m.id DESC LIMIT 1
    ) last
    CROSS JOIN LATERAL (
      SELECT count(*)::integer AS n FROM (
        SELECT 1 FROM simulated_messages m
        WHERE m.bucket = k.bucket AND m.workspace_id = ${workspaceId} AND m.channel = k.channel AND m.address = k.address
          AND m.id > coalesce(seen.message_id, 0) AND m.direction = 'out'
        ORDER BY m.id DESC LIMIT ${mostUnread}
      ) few
    ) unread`;
}

/** Notes that somebody has looked at a device up to a message. Locks its row. */
export async function upsertMark(
  db: Db,
  workspaceId: number,
  { channel, address }: { channel: ChannelName; address: string },
  messageId: number,
): Promise<void> {
  await db`
    INSERT INTO simulated_marks AS m (bucket, workspace_id, channel, address, message_id)
    VALUES (${deviceBucket(address)}, ${workspaceId}, ${channel}, ${address}, ${messageId})
    ON CONFLICT (bucket, workspace_id, channel, address) DO UPDATE SET message_id = greatest(m.message_id, EXCLUDED.message_id)`;
}
