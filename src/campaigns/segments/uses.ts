/** What would miss a list or tag that is gone: segments and campaigns name them by their names. */
import { allSegments, type Segment } from '../../contacts/segments.ts';
import type { Db } from '../../db/pool.ts';
import { MAX_ID } from '../../base/ids.ts';
import { selectCampaigns, selectLiveVersions } from '../enrol/sql.live.ts';

/** Segments and campaigns, drafts too, that name a list or tag. */
type Uses = {
  segments: Pick<Segment, 'id' | 'name'>[];
  campaigns: { id: number; key: string; state: string }[];
};

const MOST = 1_000;

/** Who names a list or tag. */
export async function usesOfSet(
  db: Db,
  workspaceId: number,
  set: { kind: 'list' | 'tag'; name: string },
): Promise<Uses> {
  const [segments, campaigns, versions] = await Promise.all([
    allSegments(db, workspaceId),
    selectCampaigns(db, workspaceId, { beforeId: MAX_ID, limit: MOST }),
    selectLiveVersions(db, workspaceId),
  ]);
  const live = new Set(versions.filter(({ file }) => names(file, set)).map(({ campaignId }) => campaignId));
  return {
    segments: segments.filter(({ key, rule }) => key !== null && names(rule, set)),
    campaigns: campaigns.filter(({ id, draft }) => live.has(id) || names(draft, set)),
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
