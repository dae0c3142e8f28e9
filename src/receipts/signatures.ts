/**
 * Signatures that cover a token and not the content (Mailgun's): each is believed for one content. A provider that calls again with
 * the same is answered as before, and what it says changes nothing a second time; the same signature over other words is somebody's
 * who has seen a call.
 */
import type { Clock } from '../base/clock.ts';
import { sha256Hex } from '../base/crypto.ts';
import type { SignedOnce } from '../channels/adapter.ts';
import { gather } from '../db/gather.ts';
import type { Sql } from '../db/pool.ts';
import { deleteSignatures, upsertSignatures } from './sql.ts';

/** Whether a signature may be believed for this content. */
export type BelieveOnce = (integrationId: number, signed: SignedOnce) => Promise<boolean>;

/** Longer than any provider's signature is believed (`channels/mailgun/callback.ts`: twelve hours, and five minutes ahead). */
const KEPT_MS = 13 * 3600_000;
const MOST_TOGETHER = 500;

/** Remembers signatures, those of a flood together. */
export function createSignatures({ sql, clock }: { sql: Sql; clock: Pick<Clock, 'nowMs'> }): BelieveOnce {
  return gather<SignedOnce, boolean>(
    async (integrationId, signed) => {
      const first = new Map<string, string>();
      for (const { token, contentHash } of signed) if (!first.has(token)) first.set(token, contentHash);
      const rows = [...first].map(([token, contentHash]) => ({ tokenHash: sha256Hex(token), contentHash }));
      const kept = await upsertSignatures(sql, integrationId, rows, clock.nowMs());
      return signed.map(({ token, contentHash }) => kept.get(sha256Hex(token)) === contentHash);
    },
    (waiting) => Math.min(waiting.length, MOST_TOGETHER),
  );
}

/** Forgets signatures that are too old to be believed. */
export async function sweepSignatures(sql: Sql, nowMs: number): Promise<void> {
  await deleteSignatures(sql, nowMs - KEPT_MS);
}
