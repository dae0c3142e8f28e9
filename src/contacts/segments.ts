/**
 * Segments as they are kept: what is written of them, and who is in them. Who that is is decided by `campaigns`, which knows what people
 * do; here it is read by audiences, counted and shown.
 */
import { fault, type Fault } from '../base/fault.ts';
import { BUCKETS } from '../base/ids.ts';
import type { Db, Fragment, Tx } from '../db/pool.ts';
import {
  countInside,
  countWhere,
  selectAll,
  selectMembers,
  selectPage,
  type Segment,
} from './sql.segments.ts';

export {
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
/** Who is in a segment. */
export const segmentMembers = selectMembers;

/** Buckets that are looked at for an estimate: buckets are hashes, so that these are a fair sample. */
const SAMPLED = 64;
const SAMPLE = Array.from({ length: SAMPLED }, (_, i) => i * (BUCKETS / SAMPLED));

/** About how many, and how far off that may be, two times in three. */
export type SegmentEstimate = { about: number; error: number };

/** About how many are in a segment. */
export async function estimateSegment(db: Db, segmentId: number): Promise<SegmentEstimate> {
  return ofSample(await countInside(db, segmentId, SAMPLE));
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
  return ofSample(await countWhere(db, workspaceId, SAMPLE, condition));
}

function ofSample(n: number): SegmentEstimate {
  const times = BUCKETS / SAMPLED;
  return { about: n * times, error: Math.round(Math.sqrt(n * (1 - SAMPLED / BUCKETS)) * times) };
}

/** The ids of segments by key or id, in order; a fault names the one that is none, or that is not whole yet. */
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
