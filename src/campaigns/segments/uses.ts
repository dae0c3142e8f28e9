/** What would miss a list or tag that is gone: segments and campaigns name them by their names. */
import { allSegments, selectSegment, updateSegment, type Segment } from '../../contacts/segments.ts';
import type { Db, Tx } from '../../db/pool.ts';
import { selectNaming } from '../enrol/sql.live.ts';

/** A list or tag by its name. */
export type SetNamed = { kind: 'list' | 'tag'; name: string };

/** Segments and campaigns, drafts too, that name a list or tag. */
type Uses = {
  segments: Pick<Segment, 'id' | 'key' | 'name'>[];
  campaigns: { id: number; key: string; state: string }[];
};

/** Who names a list or tag. */
export async function usesOfSet(db: Db, workspaceId: number, set: SetNamed): Promise<Uses> {
  const [segments, rows] = await Promise.all([
    allSegments(db, workspaceId),
    selectNaming(db, workspaceId, set.name),
  ]);
  const campaigns = new Map(
    rows
      .filter(({ draft, file }) => namesSet(draft, set) || namesSet(file, set))
      .map(({ id, key, state }) => [id, { id, key, state }]),
  );
  return {
    segments: segments.filter(({ key, rule }) => key !== null && namesSet(rule, set)),
    campaigns: [...campaigns.values()],
  };
}

/** Gives segments that name a list or tag its new name in the same moment: it is the same list. Part of the renaming. */
export async function carryName(tx: Tx, workspaceId: number, set: SetNamed, name: string): Promise<void> {
  for (const one of await allSegments(tx, workspaceId)) {
    if (one.key === null || !namesSet(one.rule, set)) continue;
    // As it is now: whoever changed it in between is not written over.
    const now = await selectSegment(tx, workspaceId, one.id, true);
    if (now) await updateSegment(tx, { ...now, rule: renamed(now.rule, set, name) as Segment['rule'] });
  }
}

function renamed(rule: unknown, { kind, name }: SetNamed, to: string): unknown {
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

/** Whether a rule or a campaign names a list or tag, anywhere. */
export function namesSet(value: unknown, { kind, name }: SetNamed): boolean {
  return setsIn(value).some((one) => one.kind === kind && one.name === name);
}

/** Lists and tags that a rule or a campaign names, anywhere: as `inList`, as what sets it off, as what a step gives. */
export function setsIn(value: unknown): SetNamed[] {
  if (Array.isArray(value)) return value.flatMap(setsIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]: [string, unknown]): SetNamed[] => {
    if (key === 'inList' || key === 'tagged')
      return typeof inner === 'string' ? [{ kind: key === 'inList' ? 'list' : 'tag', name: inner }] : [];
    if ((key !== 'list' && key !== 'tag') || typeof inner !== 'object' || inner === null)
      return setsIn(inner);
    const given = Object.values(inner).flat() as unknown[];
    const own = given.flatMap((name) => (typeof name === 'string' ? [{ kind: key, name } as const] : []));
    return [...own, ...setsIn(inner)];
  });
}
