/** The statements on links by which an operator signs in. */
import type { Db } from '../../db/pool.ts';

/** Writes a link; those that have ended are gone. */
export async function insertSignInLink(
  db: Db,
  nowMs: number,
  l: { tokenHash: string; operatorId: number; asksFactor: boolean; expiresMs: number },
): Promise<void> {
  await db`DELETE FROM sign_in_links WHERE expires_ms <= ${nowMs}`;
  await db`
    INSERT INTO sign_in_links (token_hash, operator_id, asks_factor, expires_ms)
    VALUES (${l.tokenHash}, ${l.operatorId}, ${l.asksFactor}, ${l.expiresMs})`;
}

/** A link that is good, without using it up. Locks nothing. */
export async function selectSignInLink(
  db: Db,
  nowMs: number,
  tokenHash: string,
): Promise<{ operatorId: number; asksFactor: boolean } | undefined> {
  const rows = await db<{ operatorId: number; asksFactor: boolean }[]>`
    SELECT operator_id AS "operatorId", asks_factor AS "asksFactor" FROM sign_in_links
    WHERE token_hash = ${tokenHash} AND expires_ms > ${nowMs}`;
  return rows[0];
}

/** Uses a link up and says whose it was; of two at once, one gets it. Undefined when it is used, over or none of ours. */
export async function takeSignInLink(db: Db, nowMs: number, tokenHash: string): Promise<number | undefined> {
  const rows = await db<{ operator_id: number }[]>`
    DELETE FROM sign_in_links WHERE token_hash = ${tokenHash} AND expires_ms > ${nowMs} RETURNING operator_id`;
  return rows[0]?.operator_id;
}
