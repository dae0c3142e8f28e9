/** Statements on the proof key, and on what was kept before there was one. */
import { bucketOf } from '../../base/ids.ts';
import { column } from '../../db/column.ts';
import type { Db } from '../../db/pool.ts';

/** Keeps the key unless there is one. */
export async function insertProofKey(db: Db, sealed: Buffer): Promise<void> {
  await db`INSERT INTO proof_keys (id, key_sealed) VALUES (1, ${sealed}) ON CONFLICT (id) DO NOTHING`;
}

/** The key, sealed. */
export async function selectProofKey(db: Db): Promise<Buffer | undefined> {
  const [row] = await db<{ sealed: Buffer }[]>`SELECT key_sealed AS sealed FROM proof_keys WHERE id = 1`;
  return row?.sealed;
}

/** A suppression as it was kept before every block had a row of its own. */
export type OldSuppression = {
  workspaceId: number;
  channel: string;
  address: string;
  blockedClasses: number;
  reason: string;
  atMs: number;
};

/** Takes some of them out, to be written anew. Locks them; what another process has in hand is left to it, and on Citus waited for. */
export async function takeOldSuppressions(db: Db, limit: number): Promise<OldSuppression[]> {
  return await db<OldSuppression[]>`
    DELETE FROM suppressions_before_causes WHERE (hash, workspace_id, channel, address) IN (
      SELECT hash, workspace_id, channel, address FROM suppressions_before_causes LIMIT ${limit}
      ${db.placement.distributed ? db`` : db`FOR UPDATE SKIP LOCKED`})
    RETURNING workspace_id AS "workspaceId", channel, address, blocked_classes AS "blockedClasses", reason, at_ms AS "atMs"`;
}

/** Which of these plain hashes the consent log has of people who were erased. Reads the whole log; once in the life of an install. */
export async function selectErasedHashes(db: Db, hashes: readonly string[]): Promise<string[]> {
  const rows = await db<{ address: string }[]>`
    SELECT DISTINCT address FROM consent_log WHERE reason = 'erased' AND address = ANY(${[...hashes]}::text[])`;
  return rows.map(({ address }) => address);
}

/** Entries of the consent log that hold a plain hash, or the address of nobody's contact. */
export async function selectPlainHashes(
  db: Db,
  limit: number,
): Promise<{ id: number; workspaceId: number; channel: string; address: string }[]> {
  return await db<{ id: number; workspaceId: number; channel: string; address: string }[]>`
    SELECT id, workspace_id AS "workspaceId", channel, address FROM consent_log
    WHERE (address LIKE 'sha256:%' OR contact_id = 0) AND address NOT LIKE 'hmac:%' LIMIT ${limit}`;
}

/** Puts other proofs in their place. */
export async function replaceHashes(db: Db, rows: readonly { id: number; proof: string }[]): Promise<void> {
  await db`
    UPDATE consent_log l SET address = n.proof
    FROM unnest(${column(rows, (r) => bucketOf(r.id))}::smallint[], ${column(rows, (r) => r.id)}::bigint[],
      ${column(rows, (r) => r.proof)}::text[]) n (bucket, id, proof)
    WHERE l.bucket = n.bucket AND l.id = n.id`;
}
