/** Statements on several deliveries of one message or contact: those that were tried, those that come next, the last that was sent. */
import type { Tried, Onward } from './delivery.ts';
import type { Content } from '../../contract/content.ts';
import { bucketOf } from '../base/ids.ts';
import { CLASS_BIT } from '../contacts/consent/classes.ts';
import type { Db } from '../db/pool.ts';
import { onEachShard } from '../db/shards.ts';
import type { DeliveryKey } from './ref.ts';
import { STATE } from './states.ts';

/** All deliveries of messages, in the order in which they were made. */
export async function selectTried(
  db: Db,
  messages: readonly { contactId: number; causeId: number }[],
): Promise<Tried[]> {
  return await db<Tried[]>`
    SELECT d.contact_id AS "contactId", d.cause_id AS "causeId", d.seq, d.workspace_id AS "workspaceId", d.state,
      d.state_ms AS "stateMs", d.code, d.channel,
      d.integration_id AS "integrationId", d.destination_id AS "destinationId", d.address, d.expires_ms AS "expiresMs",
      d.may_fall_back AS "mayFallBack", m.class, m.content->>'type' AS "contentType", m.at_ms AS "saidMs",
      coalesce((m.source ->> 'stream')::bigint, 0) AS stream,
      c.contact_read_ms AS "contactReadMs"
    FROM unnest(${messages.map((k) => bucketOf(k.contactId))}::smallint[], ${messages.map((k) => k.contactId)}::bigint[],
      ${messages.map((k) => k.causeId)}::bigint[]) AS k (bucket, contact_id, cause_id)
    JOIN deliveries d ON d.bucket = k.bucket AND d.contact_id = k.contact_id AND d.cause_id = k.cause_id
    JOIN messages m ON m.bucket = d.bucket AND m.id = d.cause_id
    LEFT JOIN conversations c ON c.bucket = m.bucket AND c.id = m.conversation_id
    ORDER BY d.contact_id, d.cause_id, d.seq`;
}

/**
 * Writes deliveries that wait to be sent to destinations that are decided on. One that is there gets its destination, when it
 * has none; else it stays as it is. Locks the rows until the transaction ends.
 */
export async function insertOnward(db: Db, rows: readonly Onward[]): Promise<void> {
  await db`
    INSERT INTO deliveries AS d (bucket, contact_id, cause_id, seq, workspace_id, class, integration_id, destination_id, expires_ms,
      may_fall_back, trail, state, state_ms)
    SELECT n.bucket, n.contact_id, n.cause_id, n.seq, n.workspace_id, n.class, n.integration_id, n.destination_id, n.expires_ms,
      n.may_fall_back, n.trail::jsonb, ${STATE.queued}::smallint, n.at_ms
    FROM unnest(
      ${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.causeId)}::bigint[], ${rows.map((r) => r.seq)}::smallint[], ${rows.map((r) => r.workspaceId)}::bigint[],
      ${rows.map((r) => CLASS_BIT[r.class])}::smallint[], ${rows.map((r) => r.integrationId ?? null)}::bigint[],
      ${rows.map((r) => r.destinationId)}::bigint[], ${rows.map((r) => r.expiresMs)}::bigint[], ${rows.map((r) => r.mayFallBack || null)}::boolean[],
      ${rows.map((r) => r.trail)}::text[], ${rows.map((r) => r.atMs)}::bigint[])
      AS n (bucket, contact_id, cause_id, seq, workspace_id, class, integration_id, destination_id, expires_ms, may_fall_back,
        trail, at_ms)
    ON CONFLICT (bucket, contact_id, cause_id, seq) DO UPDATE SET destination_id = excluded.destination_id
      WHERE d.destination_id IS NULL`;
}

/** Notes that a message was moved on from deliveries that may still arrive, so that they do not keep it from moving on again. */
export async function giveUp(db: Db, keys: readonly DeliveryKey[]): Promise<void> {
  if (!keys.length) return;
  await db`
    UPDATE deliveries d SET may_fall_back = NULL
    FROM unnest(${keys.map((k) => bucketOf(k.contactId))}::smallint[], ${keys.map((k) => k.contactId)}::bigint[],
      ${keys.map((k) => k.causeId)}::bigint[], ${keys.map((k) => k.seq)}::smallint[]) AS k (bucket, contact_id, cause_id, seq)
    WHERE d.bucket = k.bucket AND d.contact_id = k.contact_id AND d.cause_id = k.cause_id AND d.seq = k.seq`;
}

/** The last delivery that each contact was sent on a channel; `content` is null when its cause is a run. */
export async function selectLastSent(
  db: Db,
  channel: string,
  contactIds: readonly number[],
): Promise<
  { contactId: number; causeId: number; vars: Record<string, never> | null; content: Content | null }[]
> {
  const ids = [...new Set(contactIds)];
  return await onEachShard(
    db,
    ids,
    bucketOf,
    async (some, buckets) =>
      await db<
        { contactId: number; causeId: number; vars: Record<string, never> | null; content: Content | null }[]
      >`
        SELECT k.contact_id AS "contactId", sent.cause_id AS "causeId", sent.vars, m.content
        FROM unnest(${some.map((id) => bucketOf(id))}::smallint[], ${[...some]}::bigint[]) AS k (bucket, contact_id)
        CROSS JOIN LATERAL (
          SELECT d.cause_id, d.vars FROM deliveries d
          WHERE d.bucket = k.bucket AND d.contact_id = k.contact_id AND d.channel = ${channel} AND d.sent_ms IS NOT NULL ${db.onShard('d.bucket', buckets)}
          ORDER BY d.sent_ms DESC, d.cause_id DESC, d.seq DESC LIMIT 1) sent
        LEFT JOIN messages m ON m.bucket = k.bucket AND m.id = sent.cause_id ${db.onShard('m.bucket', buckets)}`,
  );
}

/** What messages say whose deliveries are not settled, and through which integration they go; null where that is not decided yet. */
export async function selectUnsettled(
  db: Db,
  keys: readonly DeliveryKey[],
): Promise<(DeliveryKey & { content: Content; integrationId: number | null })[]> {
  return await db<(DeliveryKey & { content: Content; integrationId: number | null })[]>`
    SELECT k.contact_id AS "contactId", k.cause_id AS "causeId", k.seq, m.content, d.integration_id AS "integrationId"
    FROM unnest(${keys.map((k) => bucketOf(k.contactId))}::smallint[], ${keys.map((k) => k.contactId)}::bigint[],
      ${keys.map((k) => k.causeId)}::bigint[], ${keys.map((k) => k.seq)}::smallint[]) AS k (bucket, contact_id, cause_id, seq)
    JOIN messages m ON m.bucket = k.bucket AND m.id = k.cause_id
    JOIN deliveries d ON d.bucket = k.bucket AND d.contact_id = k.contact_id AND d.cause_id = k.cause_id AND d.seq = k.seq
    WHERE d.sent_ms IS NULL`;
}

/** The messages that providers know by these ids, of those that were sent to each contact. A broadcast's has no message of its own. */
export async function selectSaidAs(
  db: Db,
  asked: readonly { contactId: number; externalId: string }[],
): Promise<{ contactId: number; externalId: string; messageId: number }[]> {
  return await db<{ contactId: number; externalId: string; messageId: number }[]>`
    SELECT k.contact_id AS "contactId", k.external_id AS "externalId", max(m.id) AS "messageId"
    FROM unnest(${asked.map((k) => bucketOf(k.contactId))}::smallint[], ${asked.map((k) => k.contactId)}::bigint[],
      ${asked.map((k) => k.externalId)}::text[]) AS k (bucket, contact_id, external_id)
    JOIN deliveries d ON d.bucket = k.bucket AND d.contact_id = k.contact_id AND k.external_id = ANY(d.external_ids)
    JOIN messages m ON m.bucket = d.bucket AND m.id = d.cause_id
    GROUP BY k.contact_id, k.external_id`;
}
