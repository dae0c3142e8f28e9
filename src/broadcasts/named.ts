/**
 * What an audience names, looked at when it is about to be gone through: a list, tag or segment that is gone has nobody in it, so that whom it
 * kept out would be written to, and whom it let in would not. Who is in a segment that is still being found is found first.
 */
import type { Audience } from '../../contract/audience.ts';
import { fault, type Fault } from '../base/fault.ts';
import { getSegments } from '../contacts/segments.ts';
import { getSets } from '../contacts/sets.ts';
import type { Db } from '../db/pool.ts';

/** What keeps an audience from being gone through: for good, or for a moment. */
type Amiss = { isGone: boolean; fault: Fault };

/** What of an audience is gone, or else still being found; undefined when it is as it says. */
export async function amissIn(db: Db, workspaceId: number, audience: Audience): Promise<Amiss | undefined> {
  const named = (['include', 'exclude'] as const).flatMap((side) => {
    const { lists = [], tags = [], segments = [] } = audience[side] ?? {};
    const at = (what: string) => (id: number | string, i: number) => ({
      id,
      what,
      path: `audience.${side}.${what}s[${i}]`,
    });
    return [...lists.map(at('list')), ...tags.map(at('tag')), ...segments.map(at('segment'))];
  });
  if (!named.length) return undefined;
  const idsOf = (isSegment: boolean) =>
    named.flatMap(({ id, what }) => (typeof id === 'number' && (what === 'segment') === isSegment ? id : []));
  const [sets, segments] = await Promise.all([
    getSets(db, workspaceId, idsOf(false)),
    getSegments(db, workspaceId, idsOf(true)),
  ]);
  const kept = new Set([...sets, ...segments].map(({ id }) => id));
  const gone = named.find(({ id }) => typeof id === 'number' && !kept.has(id));
  if (gone) return amiss(true, gone, `the ${gone.what} that it names is gone`);
  const building = new Set(segments.flatMap(({ id, state }) => (state === 'building' ? [id] : [])));
  const unfound = named.find(({ id }) => building.has(id as number));
  return unfound && amiss(false, unfound, 'who is in this segment is still being found');
}

function amiss(isGone: boolean, { path }: { path: string }, rule: string): Amiss {
  return { isGone, fault: fault('conflict', `${path}: ${rule}`, { field: path }) };
}
