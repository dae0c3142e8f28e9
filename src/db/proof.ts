/** Shows that the database can write: what a full disk refuses is room for new pages. */
import { randomBytes } from 'node:crypto';
import type { Sql } from './pool.ts';

/** Larger than what free space in pages that are there would take in. */
const PROOF_BYTES = 128 * 1024;

/** Writes pages that are taken back; throws what the database says when it has no room. */
export async function proveWrites(sql: Sql): Promise<void> {
  const taken = new Error('taken back');
  try {
    await sql.begin(async (tx) => {
      // Random, so that it is not compressed.
      await tx`INSERT INTO install (name, value) VALUES ('proof of writing', ${randomBytes(PROOF_BYTES)})`;
      throw taken;
    });
  } catch (error) {
    if (error !== taken) throw error;
  }
}
