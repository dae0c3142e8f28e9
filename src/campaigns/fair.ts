/**
 * A lane is every workspace's: contacts are spread over lanes whoever's they are. What waits there is taken by its time, and where that is more
 * than a turn takes, each workspace that waits has a share of the turn besides, so that one who waits behind another's hundred thousand waits
 * for a turn and not for all of them. It costs a probe of an index for each workspace that waits, and nothing in a lane that is emptied.
 */
import type { Db } from '../db/pool.ts';
import type { LaneUntil } from './enrol/sql.read.ts';
import { selectWhose, type ShareOf } from './sql.fair.ts';

/** Workspaces that are looked for at a time; where more wait, the next turn goes on behind the last. */
const WORKSPACES_A_LOOK = 64;

/** Workspaces of which more may wait in a lane than was read: these, or any. */
export type Behind = ReadonlySet<number> | 'anybody';
/** By lane; everything was read of a lane that is left out. */
export type BehindIn = ReadonlyMap<number, Behind>;

/** Whether more of a workspace may wait than was read of it. */
export const isBehind = (behind: Behind | undefined, workspaceId: number): boolean =>
  behind === 'anybody' || behind?.has(workspaceId) === true;

/** Where the look for who waits goes on. Of one process, and nothing is lost with it. */
export type LookFrom = { afterId: number };

/** What there are shares of. */
type Shared<T> = {
  table: 'event_arrivals' | 'timers';
  next: (db: Db, of: readonly ShareOf[]) => Promise<T[]>;
  keyOf: (row: T) => string;
};

/** What was read of shares besides what was read by its time, and of whom there may be more. */
export type Shares<T> = { rows: T[]; behind: BehindIn };

/**
 * Shares of lanes in which `each`, all that a turn takes of them, was read by its time (`first`), or of whom somebody is left out (`less`): what
 * is not among that yet, those of a workspace in their order. Without a cursor there are no shares, and anybody may be behind in such a lane.
 */
export async function readShares<T extends { lane: number; workspaceId: number }>(
  db: Db,
  { table, next, keyOf }: Shared<T>,
  of: readonly LaneUntil[],
  first: readonly T[],
  { each, cursor, less }: { each: number; cursor?: LookFrom | undefined; less?: BehindIn },
): Promise<Shares<T>> {
  const inLane = Map.groupBy(first, ({ lane }) => lane);
  const full = of.filter(({ lane: { lane } }) => less?.has(lane) || inLane.get(lane)?.length === each);
  if (!full.length) return { rows: [], behind: new Map() };
  if (!cursor) return { rows: [], behind: new Map(full.map(({ lane }) => [lane.lane, 'anybody'])) };
  const { shares, behind } = await sharesIn(db, table, full, { each, cursor, less });
  // Who has as much already is not read again.
  const had = countBy(first);
  const isOpen = (one: ShareOf) => (had.get(keyOfShare(one)) ?? 0) < one.share;
  const open = shares.filter(isOpen);
  const read = open.length ? await next(db, open) : [];
  const counts = countBy(read);
  for (const one of shares) {
    const all = behind.get(one.lane.lane)!;
    const hasMore = !isOpen(one) || counts.get(keyOfShare(one)) === one.share;
    if (hasMore && all !== 'anybody') all.add(one.workspaceId);
  }
  const known = new Set(first.map(keyOf));
  return { rows: read.filter((row) => !known.has(keyOf(row))), behind };
}

/** Who shares lanes, and how much of `each` is one's; where some were not even looked for, anybody may be behind. */
async function sharesIn(
  db: Db,
  table: Shared<unknown>['table'],
  of: readonly LaneUntil[],
  { each, cursor, less }: { each: number; cursor: LookFrom; less: BehindIn | undefined },
): Promise<{ shares: ShareOf[]; behind: Map<number, Set<number> | 'anybody'> }> {
  const { afterId } = cursor;
  const lanes = of.map(({ lane }) => lane);
  const ids = await selectWhose(db, table, lanes, { afterId, most: WORKSPACES_A_LOOK });
  const isLast = ids.length < WORKSPACES_A_LOOK;
  cursor.afterId = isLast ? 0 : ids.at(-1)!;
  const behind = new Map<number, Set<number> | 'anybody'>();
  const shares = of.flatMap((one) => {
    const { lane } = one.lane;
    behind.set(lane, isLast && afterId === 0 ? new Set() : 'anybody');
    const some = ids.filter((id) => !isBehind(less?.get(lane), id));
    return some.map((workspaceId) => ({ ...one, workspaceId, share: Math.ceil(each / some.length) }));
  });
  return { shares, behind };
}

/** Who is behind by either. */
export function behindIn(one: BehindIn, other: BehindIn): BehindIn {
  const both = new Map(one);
  for (const [lane, behind] of other) {
    const known = both.get(lane) ?? [];
    both.set(lane, known === 'anybody' || behind === 'anybody' ? 'anybody' : new Set([...known, ...behind]));
  }
  return both;
}

const keyOfShare = ({ lane, workspaceId }: ShareOf) => `${lane.lane}|${workspaceId}`;

function countBy(rows: readonly { lane: number; workspaceId: number }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { lane, workspaceId } of rows) {
    const key = `${lane}|${workspaceId}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}
