/** Claiming: what is due and not in flight yet is written down as flights, and started. */
import type { IdSource } from '../../base/ids.ts';
import type { Clock } from '../../base/clock.ts';
import type { Db, Sql } from '../../db/pool.ts';
import type { OwnedLane } from '../lanes/lane.ts';
import { fenceLane, fenceLanes } from '../lanes/sql.ts';
import type { Claim, Flown, ClaimOfLanes, Handler } from './core.ts';
import type { LostClaims } from './lostClaims.ts';
import { claimDue, claimDueOfLanes } from './sql.ts';
import type { Batch, WorkItem } from './work.ts';

/** A flight that is to be carried out. */
export type Flight = Pick<
  Batch,
  'lane' | 'flightId' | 'stream' | 'items' | 'abandoned' | 'claimedMs' | 'noted'
> & { whole: boolean };

const FRESH = { abandoned: false, noted: new Map() } as const satisfies Partial<Batch>;

/** The ways to claim; `run` carries out what was claimed. */
export function createClaims(
  { sql, ids, clock, lost }: { sql: Sql; ids: IdSource; clock: Clock; lost: Pick<LostClaims, 'watch'> },
  busy: Pick<Busy, 'at'>,
  run: (handler: Handler, flight: Flight, left: Claim['left']) => Promise<void>,
) {
  return {
    /** Claims one batch and starts it; `ran` resolves when it is settled. */
    async claim(claim: Claim): Promise<Flown> {
      const { handler, lane, stream } = claim;
      const flightId = ids.inBucket(lane.bucket);
      const wholeUpTo = handler.wholeUpTo?.(stream) ?? Infinity;
      const nowMs = clock.nowMs();
      const wanted = wantedBy(claim, flightId, wholeUpTo, nowMs, busy.at(placeOf(lane, handler, stream)));
      const items = await lost.watch([{ bucket: lane.bucket, flightId }], () =>
        unlessCalledOff(sql, stream, [lane], (db) => claimDue(db, wanted)),
      );
      if (!items.length) return { items, ran: Promise.resolve() };
      claim.taken?.(items);
      const whole = items.length <= wholeUpTo;
      const flight = { lane, flightId, stream, items, whole, claimedMs: nowMs, ...FRESH };
      return { items, ran: run(handler, flight, claim.left) };
    },
    /** Claims of what is no run, a batch of each lane, and starts them; returns what was claimed, by lane. */
    async claimOfLanes(claim: ClaimOfLanes): Promise<ReadonlyMap<number, Flown>> {
      const { handler, lanes, stream, limit, passOver, taken, left } = claim;
      // What may begin without a further word is shared out: it bounds what a dead worker leaves unclear.
      const wholeUpTo = Math.min(Math.ceil((handler.wholeUpTo?.(stream) ?? Infinity) / lanes.length), limit);
      const nowMs = clock.nowMs();
      const flightOf = new Map(
        lanes.map((lane) => [lane.lane, { lane, flightId: ids.inBucket(lane.bucket) }]),
      );
      const busyThere = lanes.flatMap((lane) => busy.at(placeOf(lane, handler, stream)));
      const wanted = { kind: handler.kind, stream, nowMs, passOver, busy: busyThere, limit, wholeUpTo };
      const flights = [...flightOf.values()];
      const named = flights.map(({ lane: { bucket }, flightId }) => ({ bucket, flightId }));
      const claimed = await lost.watch(named, () =>
        unlessCalledOff(sql, stream, lanes, (db) => claimDueOfLanes(db, { ...wanted, lanes: flights })),
      );
      taken?.(claimed);
      return new Map(
        [...Map.groupBy(claimed, (item) => item.lane)].map(([lane, items]) => {
          const whole = items.length <= wholeUpTo;
          const flight = { ...flightOf.get(lane)!, stream, items, whole, claimedMs: nowMs, ...FRESH };
          return [lane, { items, ran: run(handler, flight, left) }];
        }),
      );
    },
  };
}

function wantedBy(
  { handler, lane, stream, limit, after, passOver }: Claim,
  flightId: number,
  wholeUpTo: number,
  nowMs: number,
  busy: readonly WorkItem[],
): Parameters<typeof claimDue>[1] {
  const most = Math.min(wholeUpTo, limit);
  return { lane, flightId, kind: handler.kind, stream, nowMs, after, limit, passOver, busy, wholeUpTo: most };
}

/**
 * Work of runs, and what campaigns send, may be called off meanwhile (`callOff` locks the lane): the claim begins to look only when it has the
 * lanes, so it does not take what it saw before; those that have another owner it leaves by its own fence. Interactive work is never called
 * off so, and needs no second statement.
 */
async function unlessCalledOff<T>(
  sql: Sql,
  stream: number,
  lanes: readonly OwnedLane[],
  claim: (db: Db) => Promise<T>,
): Promise<T> {
  if (stream === 0) return await claim(sql);
  const [only] = lanes;
  return await sql.begin(async (tx) => {
    const fence = lanes.length === 1 ? fenceLane(tx, only!) : fenceLanes(tx, lanes);
    // Asked behind the fence, in one write with it.
    const [, claimed] = await Promise.all([fence, claim(tx)]);
    return claimed;
  }, 'keyed batch');
}

/** Where work is in flight. */
export function placeOf(lane: OwnedLane, handler: Handler, stream: number): string {
  return `${lane.lane}:${handler.kind}:${stream}`;
}

/** What is in flight, by place. */
type Busy = ReturnType<typeof createBusy>;

/** Nothing in flight yet. */
export function createBusy() {
  const places = new Map<string, Set<WorkItem>>();
  return {
    at: (place: string): WorkItem[] => [...(places.get(place) ?? [])],
    /** Adds items; what it returns takes them out again. */
    add(place: string, items: readonly WorkItem[]): () => void {
      const set = places.get(place) ?? new Set();
      places.set(place, set);
      for (const item of items) set.add(item);
      return () => {
        for (const item of items) set.delete(item);
        if (!set.size) places.delete(place);
      };
    },
  };
}
