/** Audiences as this API writes them: ids in hex. Lists and tags that are named must be there. */
import type { Static } from 'typebox';
import type { Audience, Clauses } from '../../../../contract/audience.ts';
import type { AudienceInput } from '../../../../contract/doors/console/broadcasts.ts';
import { fault, isFault, type Fault } from '../../../base/fault.ts';
import { fromHex24, toHex24 } from '../../../base/ids.ts';
import { checkAudience } from '../../../contacts/audience.ts';
import { allSegments, type Segment } from '../../../contacts/segments.ts';
import { listSets, type ContactSet } from '../../../contacts/sets.ts';
import type { Db } from '../../../db/pool.ts';
import { idOf, missing } from '../route.ts';

/** An audience as a caller writes it. */
export type AudienceText = Static<typeof AudienceInput>;
type ClausesText = AudienceText['include'];

/** The audience in a body. A list or tag that is not there is refused: it is misspelt, or another workspace's. */
export async function readAudience(
  db: Db,
  workspaceId: number,
  given: AudienceText,
): Promise<Audience | Fault> {
  const named = [given.include, given.exclude].some(
    (clauses) => clauses?.lists?.length || clauses?.tags?.length,
  );
  const sets = named ? await listSets(db, workspaceId) : [];
  const asksSegments = [given.include, given.exclude].some((clauses) => clauses?.segments?.length);
  const segments = asksSegments ? await allSegments(db, workspaceId) : [];
  const include = readClauses(given.include, sets, segments, 'audience.include');
  if (isFault(include)) return include;
  const exclude = given.exclude && readClauses(given.exclude, sets, segments, 'audience.exclude');
  if (isFault(exclude)) return exclude;
  return checkAudience({ include, ...(exclude ? { exclude } : {}) }, 'audience');
}

function readClauses(
  given: ClausesText,
  sets: readonly ContactSet[],
  segments: readonly Segment[],
  path: string,
): Clauses | Fault {
  const { lists, tags, segments: named, contacts, ...rest } = given;
  const listIds = lists?.map(idOf);
  const odd = listIds?.findIndex((id) => !sets.some((set) => set.id === id && set.kind === 'list')) ?? -1;
  if (odd >= 0) return missing('list', `${path}.lists[${odd}]`);
  const segmentIds = named?.map(idOf);
  for (const [i, id] of (segmentIds ?? []).entries()) {
    const at = `${path}.segments[${i}]`;
    const found = segments.find((one) => one.id === id && one.key !== null);
    if (!found) return missing('segment', at);
    if (found.state === 'building')
      return fault('conflict', `${at}: who is in this segment is still being found`, { field: at });
  }
  const tagIds = tags?.map((tag) => {
    const id = fromHex24(tag);
    return sets.find((set) => set.kind === 'tag' && (set.id === id || set.name === tag))?.id;
  });
  const oddTag = tagIds?.indexOf(undefined) ?? -1;
  if (oddTag >= 0) return missing('tag', `${path}.tags[${oddTag}]`);
  return {
    ...(rest as Clauses),
    ...(listIds ? { lists: listIds } : {}),
    ...(segmentIds ? { segments: segmentIds } : {}),
    ...(tagIds ? { tags: tagIds as number[] } : {}),
    ...(contacts ? { contacts: contacts.map(idOf).filter((id) => id > 0) } : {}),
  };
}

/** An audience for an answer. */
export function showAudience(audience: Audience): Static<typeof AudienceInput> {
  const show = ({ lists, tags, segments, contacts, ...rest }: Clauses) => ({
    ...rest,
    ...(lists ? { lists: lists.map(toHex24) } : {}),
    ...(segments ? { segments: segments.map(toHex24) } : {}),
    ...(tags ? { tags: tags.map((tag) => (typeof tag === 'number' ? toHex24(tag) : tag)) } : {}),
    ...(contacts ? { contacts: contacts.map(toHex24) } : {}),
  });
  return {
    include: show(audience.include),
    ...(audience.exclude ? { exclude: show(audience.exclude) } : {}),
  };
}
