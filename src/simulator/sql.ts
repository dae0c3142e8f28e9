/** The statements of the simulator: what devices hold, what providers will report, rules. */
import { CHANNELS, type ChannelName } from '../../contract/channels.ts';
import { hash32 } from '../base/crypto.ts';
import { bucketOf, BUCKETS } from '../base/ids.ts';
import type { Db } from '../db/pool.ts';
import { onEachShard } from '../db/shards.ts';
import { deviceAddress, type Script } from './outcomes.ts';

/**
 * The bucket of all that is on the device of an address: ids in one bucket only grow, so what a device shows is in order, and
 * it is on one shard.
 */
export function deviceBucket(address: string): number {
  return hash32(address) & (BUCKETS - 1);
}

/** What a device got or sent. `rendered` is JSON text. */
export type NewDeviceMessage = {
  id: number;
  address: string;
  ref: string | null;
  rendered: string;
};

/** A row of simulated_messages, with the provider of its integration. */
export type DeviceMessageRow = {
  id: number;
  integrationId: number;
  provider: string | null;
  channel: ChannelName;
  address: string;
  direction: 'in' | 'out';
  ref: string | null;
  rendered: Record<string, unknown>;
  atMs: number;
};

/** Writes what devices of one channel got or sent, in one statement. Locks nothing but the new rows. */
export async function insertDeviceMessages(
  db: Db,
  common: {
    workspaceId: number;
    integrationId: number;
    channel: ChannelName;
    direction: 'in' | 'out';
    atMs: number;
  },
  rows: readonly NewDeviceMessage[],
): Promise<void> {
  await db`
    INSERT INTO simulated_messages (bucket, id, workspace_id, integration_id, channel, address, direction, ref, rendered, at_ms)
    SELECT n.id & 4095, n.id, ${common.workspaceId}::bigint, ${common.integrationId}::bigint, ${common.channel}::text,
      n.address, ${common.direction}::text, n.ref, n.rendered::jsonb, ${common.atMs}::bigint
    FROM unnest(${rows.map((r) => r.id)}::bigint[], ${rows.map((r) => r.address)}::text[],
      ${rows.map((r) => r.ref)}::text[], ${rows.map((r) => r.rendered)}::text[]) n (id, address, ref, rendered)`;
}

/**
 * The ids of those deliveries that devices have got, from `fromId` to before `toId`: what makes a repeat harmless. LATERAL
 * with LIMIT keeps the planner to one look into the index per delivery: without statistics it reads all messages of the
 * workspace instead. The upper bound spares the partitions of the months to come. Locks nothing.
 */
export async function selectReceived(
  db: Db,
  workspaceId: number,
  channel: ChannelName,
  span: { fromId: number; toId: number },
  wanted: readonly { address: string; ref: string }[],
): Promise<{ ref: string; id: number }[]> {
  return await onEachShard(
    db,
    wanted,
    (w) => deviceBucket(w.address),
    async (some, buckets) =>
      await db<{ ref: string; id: number }[]>`
        SELECT w.ref, m.id
        FROM unnest(${some.map((w) => deviceBucket(w.address))}::smallint[], ${some.map((w) => w.address)}::text[],
          ${some.map((w) => w.ref)}::text[]) w (bucket, address, ref)
        CROSS JOIN LATERAL (
          SELECT id FROM simulated_messages
          WHERE bucket = w.bucket AND workspace_id = ${workspaceId} AND channel = ${channel} AND address = w.address
            AND ref = w.ref AND id >= ${span.fromId} AND id < ${span.toId} ${db.onShard('bucket', buckets)}
          ORDER BY id LIMIT 1
        ) m`,
  );
}

/** Forgets what devices got and sent, on every channel that is reached by the same address. Locks the rows. */
export async function forgetDevices(
  db: Db,
  workspaceId: number,
  devices: readonly { channel: string; address: string }[],
): Promise<void> {
  if (!devices.length) return;
  const addresses = [
    ...new Set(
      devices.flatMap(({ channel, address }) => [address, deviceAddress(channel as ChannelName, address)]),
    ),
  ];
  const of = db`bucket = ANY(${addresses.map(deviceBucket)}::smallint[])
      AND workspace_id = ${workspaceId} AND channel = ANY(${[...CHANNELS]}::text[]) AND address = ANY(${addresses}::text[])`;
  await db`DELETE FROM simulated_messages WHERE ${of}`;
  await db`DELETE FROM simulated_marks WHERE ${of}`;
  await db`
    DELETE FROM simulated_hands WHERE bucket = ANY(${addresses.map(deviceBucket)}::smallint[])
      AND workspace_id = ${workspaceId} AND address = ANY(${addresses}::text[])`;
}

const deviceColumns = (db: Db) => db`
  m.id, m.integration_id AS "integrationId", i.provider, m.channel, m.address, m.direction, m.ref, m.rendered,
  m.at_ms AS "atMs"`;

/** The newest messages of the devices behind (channel, address), newest first, older than `beforeId`. Locks nothing. */
export async function selectDevice(
  db: Db,
  workspaceId: number,
  keys: readonly { channel: ChannelName; address: string }[],
  page: { beforeId: number; limit: number },
): Promise<DeviceMessageRow[]> {
  const rows = await onEachShard(
    db,
    keys,
    (k) => deviceBucket(k.address),
    async (some, buckets) =>
      await db<DeviceMessageRow[]>`
        SELECT ${deviceColumns(db)}
        FROM unnest(${some.map((k) => deviceBucket(k.address))}::smallint[], ${some.map((k) => k.channel)}::text[],
          ${some.map((k) => k.address)}::text[]) k (bucket, channel, address)
        CROSS JOIN LATERAL (
          SELECT * FROM simulated_messages
          WHERE bucket = k.bucket AND workspace_id = ${workspaceId} AND channel = k.channel AND address = k.address
            AND id < ${page.beforeId} ${db.onShard('bucket', buckets)}
          ORDER BY id DESC LIMIT ${page.limit}
        ) m
        LEFT JOIN integrations i ON i.id = m.integration_id
        ORDER BY m.id DESC LIMIT ${page.limit}`,
  );
  return rows.sort((a, b) => b.id - a.id).slice(0, page.limit);
}

/** One message by id. Locks nothing. */
export async function selectDeviceMessage(
  db: Db,
  workspaceId: number,
  id: number,
): Promise<DeviceMessageRow | undefined> {
  const rows = await db<DeviceMessageRow[]>`
    SELECT ${deviceColumns(db)} FROM simulated_messages m LEFT JOIN integrations i ON i.id = m.integration_id
    WHERE m.bucket = ${bucketOf(id)} AND m.id = ${id} AND m.workspace_id = ${workspaceId}`;
  return rows[0];
}

/** The last message to a device, if any. Locks nothing. */
export async function selectLastOut(
  db: Db,
  workspaceId: number,
  key: { channel: ChannelName; address: string },
): Promise<DeviceMessageRow | undefined> {
  const rows = await db<DeviceMessageRow[]>`
    SELECT ${deviceColumns(db)} FROM simulated_messages m LEFT JOIN integrations i ON i.id = m.integration_id
    WHERE m.bucket = ${deviceBucket(key.address)} AND m.workspace_id = ${workspaceId} AND m.channel = ${key.channel}
      AND m.address = ${key.address} AND m.direction = 'out'
    ORDER BY m.id DESC LIMIT 1`;
  return rows[0];
}

/** Addresses of a contact. */
export type AddressRow = {
  destinationId: number;
  channel: ChannelName;
  address: string;
  integrationId: number | null;
  displayName: string | null;
  status: string;
};

/** The addresses of a contact, oldest first; undefined when there is no such contact. Locks nothing. */
export async function selectAddresses(
  db: Db,
  workspaceId: number,
  contactId: number,
): Promise<AddressRow[] | undefined> {
  const rows = await db<(AddressRow & { destinationId: number | null })[]>`
    SELECT d.id AS "destinationId", d.channel, d.address, d.integration_id AS "integrationId",
      d.display_name AS "displayName", d.status
    FROM contacts c LEFT JOIN destinations d ON d.bucket = c.bucket AND d.contact_id = c.id
    WHERE c.bucket = ${bucketOf(contactId)} AND c.workspace_id = ${workspaceId} AND c.id = ${contactId}
    ORDER BY d.id`;
  return rows.length ? rows.filter((row) => row.destinationId !== null) : undefined;
}

/** An integration as the simulator needs it; `sender` is what its messages come from. */
type IntegrationRow = { id: number; provider: string; sender: string };

/** The integration named, or the oldest active one of the channel. Locks nothing. */
export async function selectIntegration(
  db: Db,
  workspaceId: number,
  channel: ChannelName,
  id: number | null,
): Promise<IntegrationRow | undefined> {
  const rows = await db<IntegrationRow[]>`
    SELECT id, provider, coalesce(settings->>'phoneNumber', settings->>'from', settings->>'senderId', '') AS sender
    FROM integrations
    WHERE workspace_id = ${workspaceId} AND channel = ${channel} AND deleted_ms IS NULL
      AND (id = ${id}::bigint OR (${id}::bigint IS NULL AND status = 'active'))
    ORDER BY id LIMIT 1`;
  return rows[0];
}

/** Writes what a provider will report. `plan` is JSON text. Locks nothing but the new rows. */
export async function insertPlans(
  db: Db,
  workspaceId: number,
  integrationId: number,
  rows: readonly { id: number; plan: string }[],
): Promise<void> {
  await db`
    INSERT INTO simulated_receipts (bucket, id, workspace_id, integration_id, plan)
    SELECT n.id & 4095, n.id, ${workspaceId}::bigint, ${integrationId}::bigint, n.plan
    FROM unnest(${rows.map((r) => r.id)}::bigint[], ${rows.map((r) => r.plan)}::text[]) n (id, plan)`;
}

/** Plans by id. Locks nothing. */
export async function selectPlans(
  db: Db,
  ids: readonly number[],
): Promise<{ id: number; workspaceId: number; integrationId: number; plan: string }[]> {
  return await db<{ id: number; workspaceId: number; integrationId: number; plan: string }[]>`
    SELECT r.id, r.workspace_id AS "workspaceId", r.integration_id AS "integrationId", r.plan
    FROM unnest(${ids.map(bucketOf)}::smallint[], ${ids}::bigint[]) k (bucket, id)
    JOIN simulated_receipts r ON r.bucket = k.bucket AND r.id = k.id`;
}

/** Deletes plans that were carried out. Locks their rows. */
export async function deletePlans(db: Db, ids: readonly number[]): Promise<void> {
  await db`
    DELETE FROM simulated_receipts r
    USING unnest(${ids.map(bucketOf)}::smallint[], ${ids}::bigint[]) k (bucket, id)
    WHERE r.bucket = k.bucket AND r.id = k.id`;
}

/** A row of simulator_rules. */
export type RuleRow = {
  id: number;
  channel: ChannelName | null;
  addressPattern: string;
  outcome: Script;
  timesLeft: number | null;
  createdMs: number;
};

/** The rules of a workspace in the order in which they are tried. Locks nothing. */
export async function selectRules(db: Db, workspaceId: number): Promise<RuleRow[]> {
  return await db<RuleRow[]>`
    SELECT id, channel, address_pattern AS "addressPattern", outcome, times_left AS "timesLeft", created_ms AS "createdMs"
    FROM simulator_rules WHERE workspace_id = ${workspaceId} ORDER BY id`;
}

/** Writes a rule. Locks nothing but the new row. */
export async function insertRule(db: Db, workspaceId: number, rule: RuleRow): Promise<void> {
  await db`
    INSERT INTO simulator_rules (id, workspace_id, channel, address_pattern, outcome, times_left, created_ms)
    VALUES (${rule.id}, ${workspaceId}, ${rule.channel}, ${rule.addressPattern}, ${db.json(rule.outcome)},
      ${rule.timesLeft}, ${rule.createdMs})`;
}

/** Deletes a rule; false when there was none. Locks its row. */
export async function deleteRule(db: Db, workspaceId: number, id: number): Promise<boolean> {
  const result = await db`DELETE FROM simulator_rules WHERE workspace_id = ${workspaceId} AND id = ${id}`;
  return result.count > 0;
}

/** Counts rules down; answers how many messages each may still have. Locks the rules' rows, in order of id. */
export async function takeTimes(
  db: Db,
  wanted: readonly { id: number; times: number }[],
): Promise<{ id: number; granted: number }[]> {
  return await db<{ id: number; granted: number }[]>`
    UPDATE simulator_rules r SET times_left = was.times_left - least(was.times_left, was.times)
    FROM (
      SELECT s.id, s.times_left, w.times
      FROM simulator_rules s
      JOIN unnest(${wanted.map((w) => w.id)}::bigint[], ${wanted.map((w) => w.times)}::integer[]) w (id, times) ON w.id = s.id
      WHERE s.times_left IS NOT NULL ORDER BY s.id FOR UPDATE OF s
    ) was
    WHERE r.id = was.id RETURNING r.id, least(was.times_left, was.times) AS granted`;
}

/** What the simulator must know of a workspace; undefined when there is none. Locks nothing. */
export async function selectWorkspace(
  db: Db,
  workspaceId: number,
): Promise<{ environment: 'test' | 'live'; clockAheadMs: number } | undefined> {
  const rows = await db<{ environment: 'test' | 'live'; clockAheadMs: number }[]>`
    SELECT environment, clock_ahead_ms AS "clockAheadMs" FROM workspaces
    WHERE id = ${workspaceId} AND deleted_ms IS NULL`;
  return rows[0];
}
