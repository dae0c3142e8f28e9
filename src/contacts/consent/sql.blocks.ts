/** Statements on suppressions, and on what of them is compiled into destinations. All batches; found by hash and proof. */
import type { ChannelName } from '../../../contract/channels.ts';
import type { Cause } from '../../../contract/reasons.ts';
import { bucketOf } from '../../base/ids.ts';
import { column, listText } from '../../db/column.ts';
import type { Db } from '../../db/pool.ts';
import { workedOut } from '../../db/shards.ts';
import type { CompiledConsent, CompiledBlock } from './compiled.ts';

/** Where an address is kept in the suppressions. */
export type ProofKey = { hash: number; workspaceId: number; channel: ChannelName; proof: string };

/** A block as it is kept. */
export type BlockRow = ProofKey & CompiledBlock & { address: string | null; rank: number };
type ReadBlock = CompiledBlock & { proof: string; rank: number; saidMs: number | null };

const keyRows = (db: Db, keys: readonly ProofKey[]) => db`unnest(
  ${column(keys, (k) => k.hash)}::integer[], ${column(keys, (k) => k.workspaceId)}::bigint[],
  ${column(keys, (k) => k.channel)}::text[], ${column(keys, (k) => k.proof)}::text[]) k (hash, workspace_id, channel, proof)`;

/** All blocks of addresses. Locks nothing. */
export async function selectBlocks(db: Db, keys: readonly ProofKey[]): Promise<ReadBlock[]> {
  return await db<ReadBlock[]>`
    SELECT s.proof, s.cause, s.scope, s.classes, s.elsewhere, s.reason, s.rank, s.said_ms AS "saidMs" FROM ${keyRows(db, keys)}
    JOIN suppressions s ON s.hash = k.hash AND s.workspace_id = k.workspace_id AND s.channel = k.channel AND s.proof = k.proof`;
}

/**
 * Writes blocks; one that is there already stops the classes of both, keeps the higher rank, and its reason unless it stops more now.
 * `saidMs`: when it was said last, by the provider that tells it. Locks the rows. One row per address, cause and scope.
 */
export async function upsertBlocks(
  db: Db,
  rows: readonly (BlockRow & { saidMs?: number | null | undefined })[],
  nowMs: number,
): Promise<void> {
  await db`
    INSERT INTO suppressions AS s (hash, workspace_id, channel, proof, cause, scope, address, classes, elsewhere, rank, reason, said_ms,
      since_ms)
    SELECT r.*, ${nowMs}::bigint
    FROM unnest(${column(rows, (r) => r.hash)}::integer[], ${column(rows, (r) => r.workspaceId)}::bigint[],
      ${column(rows, (r) => r.channel)}::text[], ${column(rows, (r) => r.proof)}::text[], ${column(rows, (r) => r.cause)}::text[],
      ${column(rows, (r) => r.scope)}::bigint[], ${column(rows, (r) => r.address)}::text[],
      ${column(rows, (r) => r.classes)}::smallint[], ${column(rows, (r) => r.elsewhere)}::smallint[],
      ${column(rows, (r) => r.rank)}::smallint[], ${column(rows, (r) => r.reason)}::text[],
      ${column(rows, (r) => r.saidMs ?? null)}::bigint[])
      r (hash, workspace_id, channel, proof, cause, scope, address, classes, elsewhere, rank, reason, said_ms)
    ON CONFLICT (hash, workspace_id, channel, proof, cause, scope) DO UPDATE SET
      said_ms = greatest(s.said_ms, excluded.said_ms),
      classes = s.classes | excluded.classes, elsewhere = s.elsewhere | excluded.elsewhere,
      rank = greatest(s.rank, excluded.rank), address = coalesce(excluded.address, s.address),
      reason = CASE WHEN (s.classes | excluded.classes, s.elsewhere | excluded.elsewhere) = (s.classes, s.elsewhere)
        THEN s.reason ELSE excluded.reason END`;
}

/** What is to be lifted: of one cause, made by nobody of a higher rank; the classes named, and with the last the row. */
type LiftRow = ProofKey & {
  cause: Cause;
  /** The integration, or 0; null: whichever. */
  scope: number | null;
  classes: number;
  byRank: number;
  /** Only what was made for this reason; null: for any. */
  madeFor: string | null;
  /** When the yes was said, by the provider that tells it: a no that was said after it stays. Null where none does. */
  saidMs: number | null;
};

/** Lifts blocks; returns the proofs of the addresses of which something was lifted. Locks the rows. */
export async function liftRows(db: Db, rows: readonly LiftRow[]): Promise<Set<string>> {
  const named =
    () => db`unnest(${column(rows, (r) => r.hash)}::integer[], ${column(rows, (r) => r.workspaceId)}::bigint[],
    ${column(rows, (r) => r.channel)}::text[], ${column(rows, (r) => r.proof)}::text[], ${column(rows, (r) => r.cause)}::text[],
    ${column(rows, (r) => r.scope)}::bigint[], ${column(rows, (r) => r.classes)}::smallint[],
    ${column(rows, (r) => r.byRank)}::smallint[], ${column(rows, (r) => r.madeFor)}::text[],
    ${column(rows, (r) => r.saidMs)}::bigint[])
    r (hash, workspace_id, channel, proof, cause, scope, classes, by_rank, made_for, said_ms)`;
  const same =
    () => db`s.hash = r.hash AND s.workspace_id = r.workspace_id AND s.channel = r.channel AND s.proof = r.proof
    AND s.cause = r.cause AND s.scope = coalesce(r.scope, s.scope) AND s.rank <= r.by_rank
    AND s.reason = coalesce(r.made_for, s.reason) AND (s.said_ms IS NULL OR r.said_ms IS NULL OR s.said_ms <= r.said_ms)`;
  const [gone, less] = await Promise.all([
    db<{ proof: string }[]>`
      DELETE FROM suppressions s USING ${named()}
      WHERE ${same()} AND s.classes & ~r.classes = 0 AND s.elsewhere & ~r.classes = 0 RETURNING s.proof`,
    db<{ proof: string }[]>`
      UPDATE suppressions s SET classes = s.classes & ~r.classes, elsewhere = s.elsewhere & ~r.classes FROM ${named()}
      WHERE ${same()} AND (s.classes & r.classes <> 0 OR s.elsewhere & r.classes <> 0) RETURNING s.proof`,
  ]);
  return new Set([...gone, ...less].map(({ proof }) => proof));
}

/** An address of a contact, and since when. */
type HeardSince = { contactId: number; channel: ChannelName; address: string; sinceMs: number };

/** Which of them, by their places, wrote since. Locks nothing. */
export async function selectHeard(db: Db, rows: readonly HeardSince[]): Promise<Set<number>> {
  const found = await db<{ at: number }[]>`
    SELECT r.at FROM unnest(${[...rows.keys()]}::integer[],
      ${column(rows, (r) => bucketOf(r.contactId))}::smallint[], ${column(rows, (r) => r.contactId)}::bigint[],
      ${column(rows, (r) => r.channel)}::text[], ${column(rows, (r) => r.address)}::text[],
      ${column(rows, (r) => r.sinceMs)}::bigint[]) r (at, bucket, contact_id, channel, address, since_ms)
    JOIN destinations d ON d.bucket = r.bucket AND d.contact_id = r.contact_id AND d.channel = r.channel AND d.address = r.address
      AND d.last_inbound_ms > r.since_ms`;
  return new Set(found.map(({ at }) => at));
}

/** Takes the addresses out of what blocks them; their proofs stay. Locks the rows. */
export async function forgetAddresses(db: Db, keys: readonly ProofKey[]): Promise<void> {
  await db`
    UPDATE suppressions s SET address = NULL FROM ${keyRows(db, keys)}
    WHERE s.hash = k.hash AND s.workspace_id = k.workspace_id AND s.channel = k.channel AND s.proof = k.proof`;
}

/** Compiled blocks of a destination, by its id. */
type CompiledAt = CompiledConsent & { contactId: number; id: number };

/** Compiled blocks of every destination of a contact with an address. */
type CompiledFor = CompiledConsent & {
  contactId: number;
  workspaceId: number;
  channel: ChannelName;
  address: string;
};

const blocksText = ({ blocks }: CompiledConsent) => blocks && listText(blocks);

/** Writes what blocks destinations that were made just now. Locks them. */
export async function writeBlocksAt(db: Db, rows: readonly CompiledAt[]): Promise<void> {
  await db`
    WITH r AS ${workedOut(db)} (
      SELECT bucket, contact_id, id, classes, reason, blocks::text[] FROM unnest(
        ${column(rows, (r) => bucketOf(r.contactId))}::smallint[], ${column(rows, (r) => r.contactId)}::bigint[],
        ${column(rows, (r) => r.id)}::bigint[], ${column(rows, (r) => r.blockedClasses)}::smallint[],
        ${column(rows, (r) => r.blockedReason)}::text[], ${column(rows, blocksText)}::text[])
        r (bucket, contact_id, id, classes, reason, blocks))
    UPDATE destinations d SET blocked_classes = r.classes, blocked_reason = r.reason, blocks = r.blocks
    FROM r WHERE d.bucket = r.bucket AND d.contact_id = r.contact_id AND d.id = r.id`;
}

/** Writes what blocks addresses, on every destination of the contact with them. Locks those it changes. One row per address. */
export async function writeBlocksFor(db: Db, rows: readonly CompiledFor[]): Promise<void> {
  await db`
    WITH r AS ${workedOut(db)} (
      SELECT bucket, contact_id, workspace_id, channel, address, classes, reason, blocks::text[] FROM unnest(
        ${column(rows, (r) => bucketOf(r.contactId))}::smallint[], ${column(rows, (r) => r.contactId)}::bigint[],
        ${column(rows, (r) => r.workspaceId)}::bigint[], ${column(rows, (r) => r.channel)}::text[],
        ${column(rows, (r) => r.address)}::text[], ${column(rows, (r) => r.blockedClasses)}::smallint[],
        ${column(rows, (r) => r.blockedReason)}::text[], ${column(rows, blocksText)}::text[])
        r (bucket, contact_id, workspace_id, channel, address, classes, reason, blocks))
    UPDATE destinations d SET blocked_classes = r.classes, blocked_reason = r.reason, blocks = r.blocks
    FROM r WHERE d.bucket = r.bucket AND d.contact_id = r.contact_id AND d.workspace_id = r.workspace_id
      AND d.channel = r.channel AND d.address = r.address AND d.blocks IS DISTINCT FROM r.blocks`;
}
