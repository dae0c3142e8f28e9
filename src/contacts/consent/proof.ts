/**
 * Proofs: what is kept of an address where the address itself must not be. HMAC-SHA-256 under a key of the install, which is kept
 * sealed by PARLEY_SECRET: whoever has the address and asks Parley is told whether it is blocked, and whoever has only the database
 * cannot try all phone numbers. The key is one of its own, so that it outlives a change of PARLEY_SECRET: the addresses of people who
 * were erased could not be hashed again.
 */
import { randomBytes } from 'node:crypto';
import { hmac, type Vault } from '../../base/crypto.ts';
import type { Db, Sql } from '../../db/pool.ts';
import { insertProofKey, selectProofKey } from './sql.proof.ts';

const KEY_BYTES = 32;
const CONTEXT = 'proof key';

/**
 * Makes the install's proof key at its first start, and tells the pool: every process that works on contacts does this before it
 * does. Throws when the key was sealed under another PARLEY_SECRET: nobody's *no* could be found.
 */
export async function openProofKey(sql: Sql, vault: Vault): Promise<void> {
  const made = vault.seal(randomBytes(KEY_BYTES).toString('base64'), CONTEXT);
  await insertProofKey(sql, made);
  const plain = vault.open((await selectProofKey(sql))!, CONTEXT);
  if (plain === undefined)
    throw new Error(
      'PARLEY_SECRET: is not the one that the database was made with; what blocks addresses cannot be read under another',
    );
  sql.placement.proofKey = Buffer.from(plain, 'base64');
}

/** The proof of an address on a channel of a workspace, as text. */
export function proofOf(db: Db, workspaceId: number, channel: string, address: string): string {
  return `hmac:${keyed(db, `${workspaceId}|${channel}|${address}`)}`;
}

/** The proof of a proof that was made before there was a key: a plain hash, which a list of all numbers undoes. */
export function proofOfHash(db: Db, hash: string): string {
  return `hmac:${keyed(db, `sha256:${hash}`)}`;
}

/** Under which number of a distributed table a proof is kept. Of the proof, since a hash of the address would narrow it down. */
export function hashOfProof(proof: string): number {
  return Number.parseInt(proof.slice(5, 13), 16) | 0;
}

function keyed(db: Db, text: string): string {
  const key = db.placement.proofKey;
  if (!key) throw new Error('the proof key was not opened: openProofKey comes before any work on contacts');
  return hmac('sha256', key, text, 'hex');
}
