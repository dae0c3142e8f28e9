/** Every statement on callback_signatures. */
import { hash32 } from '../base/crypto.ts';
import type { Db } from '../db/pool.ts';

/**
 * Keeps signatures of an integration with what they were given for; returns what each is kept for, which is the first content it came
 * with. No token twice. Locks the rows, in their order, so that two that meet wait for each other.
 */
export async function upsertSignatures(
  db: Db,
  integrationId: number,
  rows: readonly { tokenHash: string; contentHash: string }[],
  nowMs: number,
): Promise<Map<string, string>> {
  const sorted = rows.toSorted((a, b) => (a.tokenHash < b.tokenHash ? -1 : 1));
  const kept = await db<{ tokenHash: string; contentHash: string }[]>`
    INSERT INTO callback_signatures AS s (hash, integration_id, token_hash, content_hash, at_ms)
    SELECT hash, ${integrationId}::bigint, token_hash, content_hash, ${nowMs}::bigint
    FROM unnest(${sorted.map(({ tokenHash }) => hash32(`${integrationId}|${tokenHash}`))}::integer[],
      ${sorted.map(({ tokenHash }) => tokenHash)}::text[],
      ${sorted.map(({ contentHash }) => contentHash)}::text[]) n (hash, token_hash, content_hash)
    ON CONFLICT (hash, integration_id, token_hash) DO UPDATE SET content_hash = s.content_hash
    RETURNING token_hash AS "tokenHash", content_hash AS "contentHash"`;
  return new Map(kept.map(({ tokenHash, contentHash }) => [tokenHash, contentHash]));
}

/** Forgets signatures from before then. */
export async function deleteSignatures(db: Db, beforeMs: number): Promise<void> {
  await db`DELETE FROM callback_signatures WHERE at_ms < ${beforeMs}`;
}

/** Notes when an integration's provider called. */
export async function upsertCalled(db: Db, integrationId: number, nowMs: number): Promise<void> {
  await db`
    INSERT INTO integration_calls AS c (integration_id, first_ms, last_ms) VALUES (${integrationId}, ${nowMs}, ${nowMs})
    ON CONFLICT (integration_id) DO UPDATE SET last_ms = greatest(c.last_ms, excluded.last_ms)`;
}

/** When providers of integrations called last. */
export async function selectCalled(
  db: Db,
  integrationIds: readonly number[],
): Promise<{ integrationId: number; lastMs: number }[]> {
  return await db<{ integrationId: number; lastMs: number }[]>`
    SELECT integration_id AS "integrationId", last_ms AS "lastMs" FROM integration_calls
    WHERE integration_id = ANY(${[...integrationIds]}::bigint[])`;
}
