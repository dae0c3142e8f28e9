/**
 * What was kept before every block had a row of its own, and before there was a proof key, written anew. Done at a start, when the
 * key is open; a second look finds nothing.
 */
import { sha256Hex } from '../../base/crypto.ts';
import type { ChannelName } from '../../../contract/channels.ts';
import type { Cause } from '../../../contract/reasons.ts';
import type { Sql } from '../../db/pool.ts';
import { RANK } from './blocks.ts';
import { hashOfProof, proofOf, proofOfHash } from './proof.ts';
import { upsertBlocks } from './sql.blocks.ts';
import {
  replaceHashes,
  selectErasedHashes,
  selectPlainHashes,
  takeOldSuppressions,
  type OldSuppression,
} from './sql.proof.ts';

const AT_ONCE = 5_000;

/** Writes old suppressions and plain hashes anew, in transactions of some thousand each. */
export async function migrateBlocks(sql: Sql): Promise<void> {
  for (let moved = AT_ONCE; moved === AT_ONCE; ) moved = await moveSuppressions(sql);
  for (let moved = AT_ONCE; moved === AT_ONCE; ) moved = await moveHashes(sql);
}

async function moveSuppressions(sql: Sql): Promise<number> {
  return await sql.begin(async (tx) => {
    const old = await takeOldSuppressions(tx, AT_ONCE);
    if (!old.length) return 0;
    const plain = old.map((one) => `sha256:${sha256Hex(`${one.workspaceId}|${one.channel}|${one.address}`)}`);
    const erased = new Set(await selectErasedHashes(tx, plain));
    const rows = old.map((one, index) => {
      const channel = one.channel as ChannelName;
      const proof = proofOf(tx, one.workspaceId, channel, one.address);
      const { cause, rank } = causeOf(one);
      return {
        hash: hashOfProof(proof),
        workspaceId: one.workspaceId,
        channel,
        proof,
        cause,
        scope: 0,
        // The address of somebody who was erased goes at last.
        address: erased.has(plain[index]!) ? null : one.address,
        classes: one.blockedClasses,
        elsewhere: 0,
        rank,
        reason: one.reason,
      };
    });
    await upsertBlocks(tx, rows, Math.max(...old.map(({ atMs }) => atMs)));
    return old.length;
  });
}

/** What one row of all said, as far as its last reason tells: the same as migration 0027 makes of destinations. */
function causeOf({ reason }: OldSuppression): { cause: Cause; rank: number } {
  if (reason.startsWith('dead address') || reason === 'bounce') return { cause: 'dead', rank: RANK.provider };
  if (reason === 'complaint') return { cause: 'complained', rank: RANK.person };
  if (reason === 'stop' || reason === 'unsubscribed')
    return { cause: 'opted_out_channel', rank: RANK.person };
  return { cause: 'banned', rank: RANK.operator };
}

async function moveHashes(sql: Sql): Promise<number> {
  return await sql.begin(async (tx) => {
    const rows = await selectPlainHashes(tx, AT_ONCE);
    if (rows.length)
      await replaceHashes(
        tx,
        rows.map(({ id, workspaceId, channel, address }) => ({
          id,
          proof: address.startsWith('sha256:')
            ? proofOfHash(tx, address.slice('sha256:'.length))
            : proofOf(tx, workspaceId, channel, address),
        })),
      );
    return rows.length;
  });
}
