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

/** A key with its scope. */
type ScopedKey = { scope: string; key: string };

/** Takes the locks of keys until the transaction ends; says of each whether no other transaction holds it. Never waits. */
export async function tryLockKeys(db: Db, keys: readonly ScopedKey[]): Promise<boolean[]> {
  const locks = keys.map(({ scope, key }) =>
    createHash('sha256').update(`${scope}\n${key}`).digest().readBigInt64BE().toString(),
  );
  const rows = await db<{ taken: boolean }[]>`
    SELECT pg_try_advisory_xact_lock(k.lock) AS taken FROM unnest(${locks}::bigint[]) WITH ORDINALITY AS k (lock, at) ORDER BY k.at`;
  return rows.map(({ taken }) => taken);
}

/** What was answered to the requests of some keys: of each, or undefined. */
export async function selectKept(db: Db, keys: readonly ScopedKey[]): Promise<(KeptAnswer | undefined)[]> {
  const rows = await db<(KeptAnswer & { at: number })[]>`
    SELECT k.at, i.request_hash, i.status, i.body
    FROM unnest(${keys.map(({ scope, key }) => hashOf(scope, key))}::integer[], ${keys.map(({ scope }) => scope)}::text[],
      ${keys.map(({ key }) => key)}::text[]) WITH ORDINALITY AS k (hash, scope, key, at)
    JOIN idempotency i ON i.hash = k.hash AND i.scope = k.scope AND i.key = k.key`;
  const kept = new Map(rows.map((row) => [row.at - 1, row]));
  return keys.map((_, at) => kept.get(at));
}

/** What was answered under one key in some scopes, and when. */
export async function selectKeptIn(
  db: Db,
  scopes: readonly string[],
  key: string,
): Promise<{ scope: string; status: number; body: string; atMs: number }[]> {
  return await db<{ scope: string; status: number; body: string; atMs: number }[]>`
    SELECT i.scope, i.status, i.body, i.created_ms AS "atMs"
    FROM unnest(${scopes.map((scope) => hashOf(scope, key))}::integer[], ${[...scopes]}::text[]) AS k (hash, scope)
    JOIN idempotency i ON i.hash = k.hash AND i.scope = k.scope AND i.key = ${key}
    ORDER BY i.created_ms`;
}

/** Keeps answers; returns how many. Where a row is there already, only a rival on another node of a cluster can have written it. */
export async function insertKept(
  db: Db,
  nowMs: number,
  answers: readonly (ScopedKey & { requestHash: string; status: number; body: string })[],
): Promise<number> {
  const done = await db`
    INSERT INTO idempotency (hash, scope, key, request_hash, status, body, created_ms)
    SELECT hash, scope, key, request_hash, status, body, ${nowMs}::bigint FROM unnest(
      ${answers.map(({ scope, key }) => hashOf(scope, key))}::integer[], ${answers.map(({ scope }) => scope)}::text[],
      ${answers.map(({ key }) => key)}::text[], ${answers.map(({ requestHash }) => requestHash)}::text[],
      ${answers.map(({ status }) => status)}::integer[], ${answers.map(({ body }) => body)}::text[])
      AS k (hash, scope, key, request_hash, status, body)
    ON CONFLICT DO NOTHING`;
  return done.count;
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
