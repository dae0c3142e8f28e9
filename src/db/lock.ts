/** Waiting for each other where no row stands for what is waited for. */
import { hash32 } from '../base/crypto.ts';
import type { Db } from './pool.ts';

/**
 * Makes those who do the same (`what`) for the same queue up, until the transaction ends: who counts what there is before adding to it counts those
 * before them, however many come at once. An advisory lock, that two whose hashes are one share. `what` is the code's own word: it stands in the
 * statement, so that whoever looks at who waits sees for what.
 */
export async function lockFor(db: Db, what: string, whose: string | number): Promise<void> {
  await db.unsafe(`SELECT pg_advisory_xact_lock(hashtext('${what}'), $1::integer)`, [hash32(String(whose))]);
}
