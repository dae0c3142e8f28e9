/** What would miss a list or tag that is gone: segments and campaigns name them by their names. */
import { allSegments, updateSegment, type Segment } from '../../contacts/segments.ts';
import type { Db, Tx } from '../../db/pool.ts';
import { selectNaming } from '../enrol/sql.live.ts';

/** Segments and campaigns, drafts too, that name a list or tag. */
type Uses = {
  segments: Pick<Segment, 'id' | 'name'>[];
  campaigns: { id: number; key: string; state: string }[];
};

/** Who names a list or tag. */
export async function usesOfSet(
  db: Db,
  workspaceId: number,
  set: { kind: 'list' | 'tag'; name: string },
): Promise<Uses> {
  const [segments, rows] = await Promise.all([
    allSegments(db, workspaceId),
    selectNaming(db, workspaceId, set.name),
  ]);
  const campaigns = new Map(
    rows
      .filter(({ draft, file }) => names(draft, set) || names(file, set))
      .map(({ id, key, state }) => [id, { id, key, state }]),
  );
  return {
    segments: segments.filter(({ key, rule }) => key !== null && names(rule, set)),
    campaigns: [...campaigns.values()],
  };
}

/** Gives segments that name a list or tag its new name in the same moment: it is the same list. Part of the renaming. */
export async function carryName(
  tx: Tx,
  workspaceId: number,
  set: { kind: 'list' | 'tag'; name: string },
  name: string,
): Promise<void> {
  for (const one of await allSegments(tx, workspaceId)) {
    if (one.key === null || !names(one.rule, set)) continue;
    await updateSegment(tx, { ...one, rule: renamed(one.rule, set, name) as Segment['rule'] });
  }
}

function renamed(rule: unknown, { kind, name }: { kind: 'list' | 'tag'; name: string }, to: string): unknown {
  if (Array.isArray(rule)) return rule.map((one) => renamed(one, { kind, name }, to));
  if (typeof rule !== 'object' || rule === null) return rule;
  const asked = kind === 'list' ? 'inList' : 'tagged';
  return Object.fromEntries(
    Object.entries(rule).map(([key, inner]: [string, unknown]) => [
      key,
      key === asked && inner === name ? to : renamed(inner, { kind, name }, to),
    ]),
  );
}

/** Whether a rule or a campaign names a list or tag, anywhere: as `inList`, as what sets it off, as what a step gives. */
function names(value: unknown, { kind, name }: { kind: 'list' | 'tag'; name: string }): boolean {
  if (Array.isArray(value)) return value.some((one) => names(one, { kind, name }));
  if (typeof value !== 'object' || value === null) return false;
  const asked = kind === 'list' ? 'inList' : 'tagged';
  return Object.entries(value).some(([key, inner]: [string, unknown]) => {
    if (key === asked) return inner === name;
    const isAbout = key === kind && typeof inner === 'object' && inner !== null;
    if (isAbout && Object.values(inner).flat().includes(name)) return true;
    return names(inner, { kind, name });
  });
}
