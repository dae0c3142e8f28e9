/**
 * Addresses that were stored before one spelling of a phone was chosen, written anew: what is kept of people's numbers, what blocks
 * them, and the destinations themselves. Done at a start, once in the life of an install; a second time finds nothing.
 */
import type { Sql, Tx } from '../db/pool.ts';
import { blockKey, blocksOf } from './consent/blocks.ts';
import { hashOfProof, proofOf } from './consent/proof.ts';
import { upsertBlocks, writeBlocksAt } from './consent/sql.blocks.ts';
import { addressOf, destinationIdOf } from './keys.ts';
import { deleteDestinations } from './sql.destinations.ts';
import { insertMoved } from './sql.merge.ts';
import { takePendingAt, upsertPending } from './sql.pending.ts';
import { lockPresent } from './sql.people.ts';
import { deleteBlocks, selectOldBlocks, selectOldDestinations } from './sql.respell.ts';

const AT_ONCE = 1_000;

/** A destination that is now another, since its id is of its address. */
type MovedDestination = { contactId: number; fromId: number; toId: number };

/** What blocks addresses in a spelling of before blocks them in today's; where something does already, the more holds. */
export async function respellBlocks(sql: Sql): Promise<void> {
  for (;;) {
    const left = await sql.begin(async (tx) => {
      const old = await selectOldBlocks(tx, AT_ONCE);
      if (!old.length) return 0;
      const rows = old.map((one) => {
        const address = addressOf(one.channel, one.address);
        const proof = proofOf(tx, one.workspaceId, one.channel, address);
        return { ...one, address, proof, hash: hashOfProof(proof) };
      });
      await deleteBlocks(tx, old);
      // One at a time where two spellings of one address are blocked alike: no statement names a row twice.
      const left = [...rows];
      while (left.length) {
        const distinct = new Map(left.map((row) => [`${row.proof}|${row.cause}|${row.scope}`, row]));
        const taken = new Set(distinct.values());
        await upsertBlocks(tx, [...taken], Math.min(...[...taken].map(({ sinceMs }) => sinceMs)));
        left.splice(0, left.length, ...left.filter((row) => !taken.has(row)));
      }
      return old.length;
    });
    if (left === 0) return;
  }
}

/**
 * Destinations in a spelling of before become those of today's, with all that is known of them. `moved` is told of them in the
 * transaction: whoever names a destination by its id follows.
 */
export async function respellDestinations(
  sql: Sql,
  moved: (tx: Tx, moves: readonly MovedDestination[]) => Promise<void>,
): Promise<void> {
  for (let after = { bucket: -1, contactId: 0, id: 0 }; ; ) {
    const found = await selectOldDestinations(sql, after, AT_ONCE);
    const last = found.at(-1);
    if (!last) return;
    after = { bucket: last.bucket, contactId: last.contactId, id: last.id };
    await sql.begin(async (tx) => {
      for (const [workspaceId, old] of Map.groupBy(found, (one) => one.workspaceId)) {
        await lockPresent(tx, old);
        const refs = old.map(({ contactId, id }) => ({ contactId, destinationId: id }));
        const gone = await deleteDestinations(tx, workspaceId, refs);
        if (!gone.length) continue;
        const rows = gone.map((one) => {
          const now = { ...one, address: addressOf(one.channel, one.address) };
          return { ...now, id: destinationIdOf(now) };
        });
        const moves = gone.map(({ contactId, id }, at) => ({ contactId, fromId: id, toId: rows[at]!.id }));
        // Two that were one person's in two spellings are one now.
        await insertMoved(tx, [...new Map(rows.map((row) => [row.id, row])).values()]);
        const toId = new Map(moves.map((one) => [`${one.contactId}.${one.fromId}`, one.toId]));
        for (const waiting of await takePendingAt(tx, workspaceId, refs))
          await upsertPending(tx, {
            ...waiting,
            destinationId: toId.get(`${waiting.contactId}.${waiting.destinationId}`)!,
          });
        const blocks = await blocksOf(tx, rows);
        await writeBlocksAt(
          tx,
          rows.flatMap((row) => {
            const compiled = blocks.get(blockKey(row));
            return compiled ? [{ ...compiled, contactId: row.contactId, id: row.id }] : [];
          }),
        );
        await moved(tx, moves);
      }
    });
  }
}
