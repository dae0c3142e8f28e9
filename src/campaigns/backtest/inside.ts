/** Who is in the segments that a campaign asks for, as of today: for who tries it. Reads alone. */
import type { CampaignFile } from '../../../contract/campaign.ts';
import { allSegments, insideOf } from '../../contacts/segments.ts';
import type { Db } from '../../db/pool.ts';
import { segmentsAsked } from '../steps/version.ts';

/** The keys of those segments, by the contacts that are in them; whoever is in none of them is left out. Costs nothing where none is asked for. */
export async function insideAsked(
  db: Db,
  workspaceId: number,
  file: CampaignFile,
  contactIds: readonly number[],
): Promise<ReadonlyMap<number, ReadonlySet<string>>> {
  const asked = new Set(segmentsAsked(file));
  const found = new Map<number, Set<string>>();
  if (!asked.size || !contactIds.length) return found;
  const keyOf = new Map((await allSegments(db, workspaceId)).map(({ id, key }) => [id, key]));
  for (const { contactId, segmentId } of await insideOf(db, contactIds)) {
    const key = keyOf.get(segmentId);
    if (key && asked.has(key)) found.set(contactId, (found.get(contactId) ?? new Set()).add(key));
  }
  return found;
}
