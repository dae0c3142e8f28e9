/** What becomes of campaigns' rows when a person is erased, and when two turn out to be one. */
import { bucketOf } from '../../base/ids.ts';
import type { Erasing, Merging } from '../../db/room.ts';
import type { Tally } from './changes.ts';
import { eraseOptouts, mergeOptouts, type LeaveDeps } from './optouts.ts';
import {
  deleteCampaignRowsOf,
  endEntries,
  moveEnrolments,
  moveHistory,
  selectClashing,
} from './sql.people.ts';
import { addTallies, insertLog } from './sql.write.ts';

/** All they are and were in goes; counts stay. */
export async function eraseEnrolments({ tx, contactIds }: Erasing): Promise<void> {
  await deleteCampaignRowsOf(tx, contactIds);
  await eraseOptouts(tx, contactIds);
}

/**
 * What the discarded contact alone is in moves to the survivor with its wait, its timer and what was sent. Of what both are in, the
 * survivor's goes on and the other ends (`merged`); where they are of different arms, that is counted as a crossover. Entries unite, so
 * once stays once.
 */
export async function mergeEnrolments(deps: LeaveDeps, merging: Merging): Promise<void> {
  const { tx, survivingId, discardedId, atMs } = merging;
  await mergeOptouts(deps, merging);
  const clashing = await selectClashing(tx, discardedId, survivingId);
  const ends = clashing.filter((one) => one.arm !== null);
  if (ends.length) {
    await endEntries(
      tx,
      discardedId,
      ends.map(({ id }) => id),
      atMs,
    );
    const of = { contactId: discardedId, atMs, what: 'exited: merged' };
    await insertLog(
      tx,
      ends.map(({ id, seq, workspaceId, campaignId }) => ({
        seq,
        workspaceId,
        campaignId,
        ...of,
        enrolmentId: id,
      })),
    );
    const tallies = ends.flatMap(({ campaignId, epoch, arm, variant, versionId, toArm, toVariant }) =>
      ['ended:merged', ...(toArm === arm && toVariant === variant ? [] : ['crossover'])].map((metric) => ({
        campaignId,
        epoch,
        arm: arm!,
        variant,
        versionId,
        step: '',
        metric,
        n: 1,
        total: 0,
        squares: 0,
      })),
    );
    await addTallies(tx, bucketOf(discardedId), merged(tallies));
  }
  await moveHistory(tx, discardedId, survivingId);
  await moveEnrolments(tx, discardedId, survivingId);
  await deleteCampaignRowsOf(tx, [discardedId]);
}

/** One row for each count: a statement adds to a row once. */
function merged(tallies: readonly Tally[]): Tally[] {
  const byKey = new Map<string, Tally>();
  for (const one of tallies) {
    const { campaignId, epoch, arm, variant, versionId, metric } = one;
    const key = [campaignId, epoch, arm, variant, versionId, metric].join('|');
    const known = byKey.get(key);
    if (known) known.n += one.n;
    else byKey.set(key, { ...one });
  }
  return [...byKey.values()];
}
