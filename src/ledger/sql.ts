/** Every statement on deliveries and tallies. State is written here and nowhere else; it moves only as `delivery_moves` allows. */
import type {
  Delivery,
  SingleFacts,
  DeliveryStanding,
  OutcomeRow,
  StateChange,
  ReceiptRow,
  ReceiptChange,
  LateFailure,
  FirstDelivery,
} from './delivery.ts';
import { bucketOf } from '../base/ids.ts';
import { CLASS_BIT } from '../contacts/consent/classes.ts';
import type { Db, Fragment } from '../db/pool.ts';
import type { MessageClass } from '../../contract/channels.ts';
import type { DeliveryKey } from './ref.ts';
import { STATE, type StateCode } from './states.ts';

/** Writes deliveries that wait to be sent. */
export async function insertQueued(
  db: Db,
  rows: readonly Omit<FirstDelivery, 'dueMs' | 'stream'>[],
): Promise<void> {
  await db`
    INSERT INTO deliveries (bucket, contact_id, cause_id, workspace_id, class, integration_id, destination_id, channel, expires_ms,
      may_fall_back, state_ms, seq, state)
    SELECT *, 0::smallint, ${STATE.queued}::smallint FROM unnest(
      ${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.causeId)}::bigint[], ${rows.map((r) => r.workspaceId)}::bigint[],
      ${rows.map((r) => CLASS_BIT[r.class])}::smallint[],
      ${rows.map((r) => r.integrationId)}::bigint[], ${rows.map((r) => r.destinationId)}::bigint[],
      ${rows.map((r) => r.channel)}::text[], ${rows.map((r) => r.expiresMs)}::bigint[], ${rows.map((r) => r.mayFallBack || null)}::boolean[],
      ${rows.map((r) => r.atMs)}::bigint[])
    ON CONFLICT DO NOTHING`;
}

/** The facts of single sends, by delivery. */
export async function selectSingles(db: Db, keys: readonly DeliveryKey[]): Promise<SingleFacts[]> {
  return await db<SingleFacts[]>`
    SELECT d.contact_id AS "contactId", d.cause_id AS "causeId", d.seq, d.workspace_id AS "workspaceId",
      m.conversation_id AS "conversationId", m.kind, m.at_ms AS "saidMs", m.content,
      CASE d.class WHEN 1 THEN 'transactional' WHEN 2 THEN 'marketing' ELSE 'authentication' END AS class,
      d.integration_id AS "integrationId", d.destination_id AS "destinationId", d.expires_ms AS "expiresMs", d.state, d.attempts,
      d.channel, d.sent_ms AS "sentMs", d.may_fall_back AS "mayFallBack", (d.trail -> -1 ->> 'begunMs')::bigint AS "begunMs"
    FROM ${keyRows(db, keys)}
    JOIN deliveries d ON d.bucket = k.bucket AND d.contact_id = k.contact_id AND d.cause_id = k.cause_id AND d.seq = k.seq
    LEFT JOIN messages m ON m.bucket = d.bucket AND m.id = d.cause_id`.keyed();
}

/** Where deliveries of a workspace went; those that have no address yet, or are another's, are left out. */
export async function selectSentTo(
  db: Db,
  workspaceId: number,
  keys: readonly DeliveryKey[],
): Promise<(DeliveryKey & { address: string; classBit: number })[]> {
  return await db<(DeliveryKey & { address: string; classBit: number })[]>`
    SELECT d.contact_id AS "contactId", d.cause_id AS "causeId", d.seq, d.address, d.class AS "classBit" FROM ${keyRows(db, keys)}
    JOIN deliveries d ON d.bucket = k.bucket AND d.contact_id = k.contact_id AND d.cause_id = k.cause_id AND d.seq = k.seq
    WHERE d.workspace_id = ${workspaceId} AND d.address IS NOT NULL`;
}

/** Names the destinations of waiting deliveries anew. Locks the rows. */
export async function renameDestinations(
  db: Db,
  moves: readonly { contactId: number; fromId: number; toId: number }[],
): Promise<void> {
  await db`
    UPDATE deliveries d SET destination_id = m.to_id
    FROM unnest(${moves.map((m) => bucketOf(m.contactId))}::smallint[], ${moves.map((m) => m.contactId)}::bigint[],
      ${moves.map((m) => m.fromId)}::bigint[], ${moves.map((m) => m.toId)}::bigint[]) AS m (bucket, contact_id, from_id, to_id)
    WHERE d.bucket = m.bucket AND d.contact_id = m.contact_id AND d.destination_id = m.from_id AND d.state < ${STATE.accepted}`;
}

/** States of deliveries that have a row. */
export async function selectStates(db: Db, keys: readonly DeliveryKey[]): Promise<DeliveryStanding[]> {
  return await db<DeliveryStanding[]>`
    SELECT d.contact_id AS "contactId", d.cause_id AS "causeId", d.seq, d.state, d.attempts, d.sent_ms AS "sentMs",
      d.destination_id AS "destinationId", (d.trail -> -1 ->> 'begunMs')::bigint AS "begunMs"
    FROM ${keyRows(db, keys)}
    JOIN deliveries d ON d.bucket = k.bucket AND d.contact_id = k.contact_id AND d.cause_id = k.cause_id AND d.seq = k.seq`;
}

function keyRows(db: Db, keys: readonly DeliveryKey[]) {
  return db`unnest(${keys.map((k) => bucketOf(k.contactId))}::smallint[], ${keys.map((k) => k.contactId)}::bigint[],
    ${keys.map((k) => k.causeId)}::bigint[], ${keys.map((k) => k.seq)}::smallint[]) AS k (bucket, contact_id, cause_id, seq)`;
}

/** A trail longer than this is not written on: a message retried for days tells the same story over and over. */
const LONGEST_TRAIL = 40;

/**
 * Writes what a batch decided. Rows appear (a broadcast's) or move on (a single send's, or one that a receipt overtook);
 * a state that may not be left stays. Locks the rows until the transaction ends. Returns what each row was and is.
 */
export async function upsertOutcomes(db: Db, rows: readonly OutcomeRow[]): Promise<StateChange[]> {
  return await db<StateChange[]>`
    INSERT INTO deliveries AS d (bucket, contact_id, cause_id, seq, workspace_id, class, state, attempts, channel, integration_id,
      destination_id, address, code, detail, external_ids, vars, trail, sent_ms, state_ms, segments)
    SELECT n.bucket, n.contact_id, n.cause_id, n.seq, n.workspace_id, n.class, n.state, n.attempts, n.channel, n.integration_id,
      n.destination_id, n.address, n.code, n.detail, string_to_array(n.external_ids, chr(10)), n.vars::jsonb, n.trail::jsonb,
      n.sent_ms, n.state_ms, n.segments
    FROM unnest(
      ${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.causeId)}::bigint[], ${rows.map((r) => r.seq)}::smallint[], ${rows.map((r) => r.workspaceId)}::bigint[],
      ${rows.map((r) => CLASS_BIT[r.class])}::smallint[], ${rows.map((r) => r.state)}::smallint[],
      ${rows.map((r) => r.attempts)}::smallint[], ${rows.map((r) => r.channel)}::text[],
      ${rows.map((r) => r.integrationId)}::bigint[], ${rows.map((r) => r.destinationId)}::bigint[],
      ${rows.map((r) => r.address)}::text[], ${rows.map((r) => r.code)}::text[], ${rows.map((r) => r.detail)}::text[],
      ${rows.map((r) => r.externalIds?.join('\n') ?? null)}::text[], ${rows.map((r) => r.vars)}::text[],
      ${rows.map((r) => r.trail)}::text[], ${rows.map((r) => r.sentMs)}::bigint[], ${rows.map((r) => r.stateMs)}::bigint[],
      ${rows.map((r) => r.segments)}::smallint[])
      AS n (bucket, contact_id, cause_id, seq, workspace_id, class, state, attempts, channel, integration_id, destination_id,
        address, code, detail, external_ids, vars, trail, sent_ms, state_ms, segments)
    ${onEarlierRow(db)}
    RETURNING d.contact_id AS "contactId", d.cause_id AS "causeId", d.seq, d.state, d.prior_state AS "priorState", d.erased,
      ${earlyFailure(db)} AS early`;
}

/**
 * What happens to a row that is there already: it moves on as the states allow, and keeps what it knew. One of somebody who was erased
 * learns how it ended, and not of whom.
 */
export function onEarlierRow(db: Db): Fragment {
  return db`
    ON CONFLICT (bucket, contact_id, cause_id, seq) DO UPDATE SET
      prior_state = d.state,
      state = CASE WHEN delivery_moves(d.state, excluded.state) THEN excluded.state ELSE d.state END,
      state_ms = CASE WHEN delivery_moves(d.state, excluded.state) THEN excluded.state_ms ELSE d.state_ms END,
      code = CASE WHEN delivery_moves(d.state, excluded.state) THEN excluded.code ELSE d.code END,
      detail = CASE WHEN d.erased THEN NULL WHEN delivery_moves(d.state, excluded.state) THEN excluded.detail ELSE d.detail END,
      class = excluded.class,
      attempts = greatest(d.attempts, excluded.attempts),
      channel = coalesce(excluded.channel, d.channel),
      integration_id = coalesce(excluded.integration_id, d.integration_id),
      destination_id = coalesce(excluded.destination_id, d.destination_id),
      address = CASE WHEN d.erased THEN NULL ELSE coalesce(excluded.address, d.address) END,
      external_ids = coalesce(excluded.external_ids, d.external_ids),
      vars = CASE WHEN d.erased THEN NULL ELSE coalesce(excluded.vars, d.vars) END,
      sent_ms = coalesce(excluded.sent_ms, d.sent_ms),
      segments = coalesce(excluded.segments, d.segments),
      trail = CASE WHEN excluded.trail IS NULL OR jsonb_array_length(coalesce(d.trail, '[]')) > ${db.inConflict(LONGEST_TRAIL)} THEN d.trail
        WHEN d.erased THEN coalesce(d.trail, '[]') || jsonb_set(excluded.trail, '{0,why}', '""')
        ELSE coalesce(d.trail, '[]') || excluded.trail END`;
}

/** It is known where a delivery went, of `d`: an address alone is the one that it would have had when it was held, or was tried at. */
const isPlaced = (db: Db): Fragment => db`d.destination_id IS NOT NULL AND d.address IS NOT NULL`;

/** Moves deliveries on by receipts. A receipt for another workspace's delivery, or one that comes too late, changes nothing. */
export async function applyReceiptRows(
  db: Db,
  workspaceId: number,
  rows: readonly ReceiptRow[],
): Promise<ReceiptChange[]> {
  return await db<ReceiptChange[]>`
    UPDATE deliveries d SET
      prior_state = d.state, state = n.state, state_ms = n.at_ms,
      code = CASE WHEN n.state >= ${STATE.failed} THEN n.code END,
      detail = CASE WHEN n.state >= ${STATE.failed} AND d.erased IS NOT TRUE THEN n.detail END,
      sent_ms = coalesce(d.sent_ms, n.at_ms),
      external_ids = coalesce(d.external_ids, CASE WHEN n.external_id IS NOT NULL THEN ARRAY[n.external_id] END),
      trail = CASE WHEN n.early IS NULL OR (${isPlaced(db)}) OR d.erased THEN d.trail
        ELSE coalesce(d.trail, '[]') || n.early::jsonb END
    FROM unnest(
      ${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.causeId)}::bigint[], ${rows.map((r) => r.seq)}::smallint[], ${rows.map((r) => r.state)}::smallint[],
      ${rows.map((r) => r.code)}::text[], ${rows.map((r) => r.detail)}::text[], ${rows.map((r) => r.externalId)}::text[],
      ${rows.map((r) => r.atMs)}::bigint[], ${rows.map(earlyMark)}::text[])
      AS n (bucket, contact_id, cause_id, seq, state, code, detail, external_id, at_ms, early)
    WHERE d.bucket = n.bucket AND d.contact_id = n.contact_id AND d.cause_id = n.cause_id AND d.seq = n.seq
      AND d.workspace_id = ${workspaceId} AND delivery_moves(d.state, n.state) AND d.state <> n.state
    RETURNING d.contact_id AS "contactId", d.cause_id AS "causeId", d.seq, d.state, d.prior_state AS "priorState",
      d.expires_ms IS NULL AS bulk, d.channel, CASE WHEN ${isPlaced(db)} THEN d.address END AS address, d.destination_id AS "destinationId",
      d.integration_id AS "integrationId", d.sent_ms AS "sentMs", d.may_fall_back AS "mayFallBack"`;
}

/** What the trail keeps of a failure that was told before it was written where the message went; the settling reads it. */
function earlyMark({ state, atMs, code, class: errorClass, about }: ReceiptRow): string | null {
  if (state !== STATE.failed) return null;
  // Whether it is about the address that we wrote to cannot be said yet.
  const teaches = about === undefined && errorClass !== undefined ? { early: errorClass } : { early: '' };
  return JSON.stringify({
    atMs,
    what: 'failed, its provider said, before the call was answered',
    why: code ?? '',
    ...teaches,
  });
}

/** The mark of `earlyMark` on a row that had failed before the settling wrote to it, unless it was delivered after all by then. */
export function earlyFailure(db: Db): Fragment {
  return db`CASE WHEN d.state = ${db.inConflict(STATE.failed)} AND d.prior_state = ${db.inConflict(STATE.failed)}
      AND NOT jsonb_path_exists(d.trail, '$[*] ? (exists(@.late))')
    THEN jsonb_path_query_first(d.trail, '$[*] ? (exists(@.early))') END`;
}

/**
 * Notes on deliveries that were delivered or read what a provider said of them later: a bounce that came back from behind the
 * server that had taken the mail. Their state stays. Returns those that did not have it yet, so that a repeat changes nothing.
 */
export async function noteLateFailures(
  db: Db,
  workspaceId: number,
  rows: readonly ReceiptRow[],
): Promise<LateFailure[]> {
  return await db<LateFailure[]>`
    UPDATE deliveries d SET code = n.code, detail = CASE WHEN d.erased IS NOT TRUE THEN n.detail END
    FROM unnest(
      ${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.causeId)}::bigint[], ${rows.map((r) => r.seq)}::smallint[], ${rows.map((r) => r.code)}::text[],
      ${rows.map((r) => r.detail)}::text[])
      AS n (bucket, contact_id, cause_id, seq, code, detail)
    WHERE d.bucket = n.bucket AND d.contact_id = n.contact_id AND d.cause_id = n.cause_id AND d.seq = n.seq
      AND d.workspace_id = ${workspaceId} AND d.state IN (${STATE.delivered}, ${STATE.read}) AND d.code IS DISTINCT FROM n.code
    RETURNING d.contact_id AS "contactId", d.cause_id AS "causeId", d.seq, d.channel, d.address,
      d.destination_id AS "destinationId", d.integration_id AS "integrationId", d.sent_ms AS "sentMs"`;
}

/** A delivery that failed, and of which nobody has said since that it was delivered after all. Of `d`. */
export const failedForGood = (db: Db): Fragment =>
  db`d.state = ${STATE.failed} AND NOT jsonb_path_exists(coalesce(d.trail, '[]'), '$[*] ? (exists(@.late))')`;

/**
 * Notes on deliveries that had failed that their provider says now they were delivered. Their state stays: whoever was told has acted on
 * it. Once each, so that a repeat changes nothing. Locks the rows.
 */
export async function noteLateArrivals(
  db: Db,
  workspaceId: number,
  rows: readonly DeliveryKey[],
  atMs: number,
): Promise<void> {
  const mark = { atMs, what: 'delivered after all, its provider said later', why: '', late: true };
  await db`
    UPDATE deliveries d SET trail = coalesce(d.trail, '[]') || ${JSON.stringify(mark)}::text::jsonb
    FROM unnest(
      ${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.causeId)}::bigint[], ${rows.map((r) => r.seq)}::smallint[]) AS n (bucket, contact_id, cause_id, seq)
    WHERE d.bucket = n.bucket AND d.contact_id = n.contact_id AND d.cause_id = n.cause_id AND d.seq = n.seq
      AND d.workspace_id = ${workspaceId} AND ${failedForGood(db)}`;
}

/** Contacts whom one of some runs reached after all, of those named. */
export async function selectArrivedLate(
  db: Db,
  causeIds: readonly number[],
  contactIds: readonly number[],
): Promise<number[]> {
  const rows = await db<{ contactId: number }[]>`
    SELECT DISTINCT d.contact_id AS "contactId" FROM unnest(${contactIds.map(bucketOf)}::smallint[], ${[...contactIds]}::bigint[])
      AS n (bucket, contact_id)
    JOIN deliveries d ON d.bucket = n.bucket AND d.contact_id = n.contact_id AND d.cause_id = ANY(${[...causeIds]}::bigint[])
    WHERE d.state = ${STATE.failed} AND NOT (${failedForGood(db)})`;
  return rows.map(({ contactId }) => contactId);
}

/** Makes rows for deliveries of a run that a receipt tells of before they were settled. */
export async function insertForReceipt(
  db: Db,
  integration: { id: number; workspaceId: number; channel: string },
  rows: readonly (DeliveryKey & { class: MessageClass })[],
  atMs: number,
): Promise<void> {
  await db`
    INSERT INTO deliveries (bucket, contact_id, cause_id, seq, class, workspace_id, channel, integration_id, state, state_ms)
    SELECT *, ${integration.workspaceId}::bigint, ${integration.channel}, ${integration.id}::bigint, ${STATE.queued}::smallint, ${atMs}::bigint
    FROM unnest(
      ${rows.map((r) => bucketOf(r.contactId))}::smallint[], ${rows.map((r) => r.contactId)}::bigint[],
      ${rows.map((r) => r.causeId)}::bigint[], ${rows.map((r) => r.seq)}::smallint[], ${rows.map((r) => CLASS_BIT[r.class])}::smallint[])
    ON CONFLICT DO NOTHING`;
}

/** Adds to the tallies of runs. What belongs to a lane is kept in its first bucket. */
export async function addTallies(
  db: Db,
  rows: readonly { bucket: number; causeId: number; state: StateCode; n: number }[],
): Promise<void> {
  await db`
    INSERT INTO tallies AS t (bucket, cause_id, state, n)
    SELECT * FROM unnest(
      ${rows.map((r) => r.bucket)}::smallint[], ${rows.map((r) => r.causeId)}::bigint[], ${rows.map((r) => r.state)}::smallint[], ${rows.map((r) => r.n)}::bigint[])
    ON CONFLICT (bucket, cause_id, state) DO UPDATE SET n = t.n + excluded.n`;
}

/** How many deliveries of a run are in which state. */
export async function selectTallies(
  db: Db,
  buckets: readonly number[],
  causeId: number,
): Promise<{ state: StateCode; n: number }[]> {
  return await db<{ state: StateCode; n: number }[]>`
    SELECT state, sum(n)::bigint AS n FROM tallies
    WHERE bucket = ANY(${[...buckets]}::smallint[]) AND cause_id = ${causeId} GROUP BY state HAVING sum(n) <> 0`;
}

/** The columns of a delivery, of `d`. */
export const deliveryColumns = (db: Db) => db`
  d.contact_id AS "contactId", d.cause_id AS "causeId", d.seq, d.workspace_id AS "workspaceId", d.state, d.attempts, d.channel,
  d.integration_id AS "integrationId", d.destination_id AS "destinationId", d.address, d.code, d.detail,
  d.external_ids AS "externalIds", d.vars, d.trail, d.sent_ms AS "sentMs", d.state_ms AS "stateMs"`;

/** Deliveries by key. */
export async function selectDeliveries(db: Db, keys: readonly DeliveryKey[]): Promise<Delivery[]> {
  return await db<Delivery[]>`
    SELECT ${deliveryColumns(db)} FROM ${keyRows(db, keys)}
    JOIN deliveries d ON d.bucket = k.bucket AND d.contact_id = k.contact_id AND d.cause_id = k.cause_id AND d.seq = k.seq`;
}

/** Deliveries of a contact, newest cause first; of one cause when given. */
export async function selectDeliveriesOf(
  db: Db,
  workspaceId: number,
  contactId: number,
  causeId?: number,
  limit = 100,
): Promise<Delivery[]> {
  return await db<Delivery[]>`
    SELECT ${deliveryColumns(db)} FROM deliveries d
    WHERE d.bucket = ${bucketOf(contactId)} AND d.contact_id = ${contactId} AND d.workspace_id = ${workspaceId}
      ${causeId === undefined ? db`` : db`AND d.cause_id = ${causeId}`}
    ORDER BY d.cause_id DESC, d.seq LIMIT ${limit}`;
}

/** The deliveries of some messages to one contact, in the order in which they were made. */
export async function selectDeliveriesOfCauses(
  db: Db,
  workspaceId: number,
  contactId: number,
  causeIds: readonly number[],
): Promise<Delivery[]> {
  return await db<Delivery[]>`
    SELECT ${deliveryColumns(db)} FROM deliveries d
    WHERE d.bucket = ${bucketOf(contactId)} AND d.contact_id = ${contactId} AND d.workspace_id = ${workspaceId}
      AND d.cause_id = ANY(${[...causeIds]}::bigint[])
    ORDER BY d.cause_id, d.seq`;
}

/** Ids that providers gave to the newest deliveries to a contact, but for one of them. */
export async function selectOtherIds(db: Db, { contactId, causeId, seq }: DeliveryKey): Promise<string[]> {
  const rows = await db<{ ids: string[] }[]>`
    SELECT d.external_ids AS ids FROM deliveries d
    WHERE d.bucket = ${bucketOf(contactId)} AND d.contact_id = ${contactId} AND d.external_ids IS NOT NULL
      AND (d.cause_id, d.seq) <> (${causeId}::bigint, ${seq}::smallint)
    ORDER BY d.cause_id DESC LIMIT 200`;
  return rows.flatMap(({ ids }) => ids);
}
