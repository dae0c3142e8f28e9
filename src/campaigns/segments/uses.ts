/** What would miss a list or tag that is gone: segments and campaigns name them by their names. */
import { allSegments, type Segment } from '../../contacts/segments.ts';
import type { Db } from '../../db/pool.ts';
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
