/**
 * Segments as they are kept: what is written of them, and who is in them. `campaigns`, which knows what people do,
 * decides who that is; here audiences read it, and it is counted and shown.
 */
import { fault, type Fault } from '../base/fault.ts';
import type { Db, Fragment, Tx } from '../db/pool.ts';
import {
  countInside,
  holdByKey,
  selectAll,
  selectIn,
  selectMembers,
  selectPage,
  type Segment,
} from './sql.segments.ts';
import { countBounded, estimated, toldOf } from './walk.ts';

export {
  countSegments,
  deleteInside as leaveSegments,
  deleteMembersOf as takeOutOfSegments,
  deleteSegments,
  fillSegment,
  insertSegment,
  selectInside as insideOf,
  selectKeeping as workspacesWithSegments,
  selectNextWhere as nextWhere,
  selectOfCampaign as watchesOf,
  selectSegment,
  selectValues as valuesOf,
  updateSegment,
  upsertMembers as putIntoSegments,
  type Inside,
  type Segment,
} from './sql.segments.ts';

/** Segments of a workspace, newest first. */
export const segmentsOf = selectPage;
/** All that is kept of a workspace. */
export const allSegments: (db: Db, workspaceId: number) => Promise<Segment[]> = selectAll;
/** Those of some segments that there are. */
export async function getSegments(db: Db, workspaceId: number, ids: readonly number[]): Promise<Segment[]> {
  return ids.length ? await selectIn(db, workspaceId, ids) : [];
}

/** Who is in a segment. */
export const segmentMembers = selectMembers;

/** An estimate looks on until it has found so many, or so long: what is few is told exactly, and what is many at once. */
export const ESTIMATE = { most: 1_000, forMs: 50 } as const;

/** About how many, and how far off that may be, two times in three. */
export type SegmentEstimate = { about: number; error: number };

/** About how many are in a segment. However long it takes: there is one look into each bucket for it, and then who is in it. */
export async function estimateSegment(db: Db, segmentId: number): Promise<SegmentEstimate> {
  const bounds = { ...ESTIMATE, forMs: Infinity };
  return toldOf(await estimated((buckets) => countInside(db, segmentId, buckets), bounds));
}

/** How many are in a segment. Reads them all. */
export async function countSegment(db: Db, segmentId: number): Promise<number> {
  return await countInside(db, segmentId, undefined);
}

/** About for how many contacts a condition on `contacts c` holds. */
export async function estimateWhere(
  db: Db,
  workspaceId: number,
  condition: Fragment,
): Promise<SegmentEstimate> {
  return toldOf(await countBounded(db, workspaceId, condition, ESTIMATE));
}

/** The segments with these keys; a fault names the one that there is not. */
export async function segmentsNamed(
  tx: Db | Tx,
  workspaceId: number,
  keys: readonly string[],
): Promise<Map<string, Segment> | Fault> {
  const all = keys.length ? await selectAll(tx, workspaceId) : [];
  const found = new Map(all.flatMap((one) => (one.key === null ? [] : [[one.key, one] as const])));
  const odd = keys.find((key) => !found.has(key));
  return odd === undefined ? found : fault('bad_request', `there is no segment ${odd}`);
}

/** Holds the segments with these keys, so that none is deleted before what names them stands; the keys of those that there are. */
export async function holdSegments(
  tx: Tx,
  workspaceId: number,
  keys: readonly string[],
): Promise<ReadonlySet<string | null>> {
  const held = keys.length ? await holdByKey(tx, workspaceId, keys) : [];
  return new Set(held.map(({ key }) => key));
}
