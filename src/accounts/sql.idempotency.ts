/** The statements behind `idempotently`. */
import { createHash } from 'node:crypto';
import { hash32 } from '../base/crypto.ts';
import type { Db } from '../db/pool.ts';

/** A request that was carried out. */
export type KeptAnswer = { request_hash: string; status: number; body: string };

/** Where a key's row is: a hash that spreads rows over shards, with the scope bound in. */
function hashOf(scope: string, key: string): number {
  return hash32(`${scope}\n${key}`);
}

/** Takes the lock of a scope and key until the transaction ends; false when another transaction holds it. Never waits. */
export async function tryLockKey(db: Db, scope: string, key: string): Promise<boolean> {
  const lock = createHash('sha256').update(`${scope}\n${key}`).digest().readBigInt64BE();
  const rows = await db<{ taken: boolean }[]>`
    SELECT pg_try_advisory_xact_lock(${lock.toString()}::bigint) AS taken`;
  return rows[0]!.taken;
}

/** What was answered to the request of a scope and key. */
export async function selectKept(db: Db, scope: string, key: string): Promise<KeptAnswer | undefined> {
  const rows = await db<KeptAnswer[]>`
    SELECT request_hash, status, body FROM idempotency
    WHERE hash = ${hashOf(scope, key)} AND scope = ${scope} AND key = ${key}`;
  return rows[0];
}

/** Keeps an answer; false when a row is there already, which only a rival on another node of a cluster can have written. */
export async function insertKept(
  db: Db,
  nowMs: number,
  k: { scope: string; key: string; requestHash: string; status: number; body: string },
): Promise<boolean> {
  const done = await db`
    INSERT INTO idempotency (hash, scope, key, request_hash, status, body, created_ms)
    VALUES (${hashOf(k.scope, k.key)}, ${k.scope}, ${k.key}, ${k.requestHash}, ${k.status}, ${k.body}, ${nowMs})
    ON CONFLICT DO NOTHING`;
  return done.count > 0;
}

/** When the oldest answer was kept. */
export async function selectOldestKept(db: Db): Promise<number | undefined> {
  const rows = await db<{ oldest: number | null }[]>`SELECT min(created_ms) AS oldest FROM idempotency`;
  return rows[0]!.oldest ?? undefined;
}

/** Deletes answers kept before a time; returns how many. */
export async function deleteKeptBefore(db: Db, beforeMs: number): Promise<number> {
  const done = await db`DELETE FROM idempotency WHERE created_ms < ${beforeMs}`;
  return done.count;
}
