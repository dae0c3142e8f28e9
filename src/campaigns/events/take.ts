/**
 * Taking what has arrived in some lanes, as the first part of a turn: repeats are dropped, events are kept. What is returned is what campaigns
 * look at. Everything is a batch over the whole turn.
 */
import { bucketOf } from '../../base/ids.ts';
import { holdContacts } from '../../contacts/held.ts';
import type { Tx } from '../../db/pool.ts';
import type { OwnedLane } from '../../queue/lanes/lane.ts';
import type { Queue } from '../../queue/queue.ts';
import { toldOnce } from '../enrol/own.ts';
import { ARRIVAL, insertArrivals } from './sql.ts';
import { deleteArrivals, insertEvents, insertKeys, type Arrival, type Count } from './sql.take.ts';
import { FLAG } from './time.ts';

/** What was taken, and how often who did what: that is to be added (`addCounts`) before anybody is looked at. */
type Taken = { arrivals: Arrival[]; counts: Count[] };

/** Takes what waits in lanes, as it was read in this transaction. `nowMs` is by our clock. */
export async function takeArrivals(
  deps: { queue: Pick<Queue, 'laneOf' | 'turn'> },
  tx: Tx,
  lanes: readonly OwnedLane[],
  waiting: readonly Arrival[],
  nowMs: number,
): Promise<Taken> {
  if (!waiting.length) return { arrivals: [], counts: [] };
  const people = new Map(waiting.map((one) => [one.contactId, one]));
  // Contacts before what is theirs, here as where they are erased or merged.
  const holding = holdContacts(tx, [...people.values()]);
  // In one write, where there is one server to ask.
  if (tx.placement.distributed) await holding;
  const [{ present, became }, left] = await Promise.all([holding, deleteArrivals(tx, lanes, waiting)]);
  const there = waiting.filter(({ id }) => left.has(id));
  await passOn(deps, tx, there, became);
  return await keep(
    tx,
    there.filter(({ contactId }) => present.has(contactId)),
    nowMs,
  );
}

/** What arrived for a contact that has become another one is that one's, in its lane. */
async function passOn(
  { queue }: { queue: Pick<Queue, 'laneOf' | 'turn'> },
  tx: Tx,
  arrivals: readonly Arrival[],
  became: ReadonlyMap<number, number>,
): Promise<void> {
  const rows = arrivals.flatMap((one) => {
    const contactId = became.get(one.contactId);
    if (contactId === undefined) return [];
    const properties = one.properties && JSON.stringify(one.properties);
    return [{ ...one, contactId, lane: queue.laneOf(bucketOf(contactId)), properties }];
  });
  if (!rows.length) return;
  await insertArrivals(tx, rows);
  queue.turn(tx, new Set(rows.map(({ lane }) => lane)));
}

/** Keeps events; returns what is no repeat, in order, with what of it is to be counted. */
async function keep(tx: Tx, arrivals: readonly Arrival[], nowMs: number): Promise<Taken> {
  const { once, first: firstOf } = toldOnce(arrivals);
  const isKeyed = (one: Arrival) => !once.has(one) && (one.flags & FLAG.keyed) !== 0;
  const keyed = new Map<string, Arrival>();
  for (const one of arrivals) if (isKeyed(one) && !keyed.has(keyOf(one))) keyed.set(keyOf(one), one);
  const [told, fresh] = await Promise.all([
    firstOf(tx),
    keyed.size ? insertKeys(tx, [...keyed.values()], nowMs) : new Set<string>(),
  ]);
  const isFirst = (one: Arrival) =>
    once.has(one) ? told.has(one) : !isKeyed(one) || (keyed.get(keyOf(one)) === one && fresh.has(keyOf(one)));
  const first = arrivals.filter(isFirst);
  const events = first.filter(({ kind }) => kind === ARRIVAL.event);
  if (!events.length) return { arrivals: first, counts: [] };
  const kept = await insertEvents(tx, events);
  const isKept = (one: Arrival) =>
    one.kind !== ARRIVAL.event || kept.has(`${one.contactId}|${one.nameId}|${one.key}`);
  return { arrivals: first.filter(isKept), counts: countsOf(events.filter(isKept)) };
}

function keyOf({ contactId, key }: Arrival): string {
  return `${contactId}|${key}`;
}

function countsOf(events: readonly Arrival[]): Count[] {
  const counts = new Map<string, Count>();
  for (const { contactId, nameId, workspaceId, atMs } of events) {
    const key = `${contactId}|${nameId}`;
    const known = counts.get(key);
    counts.set(key, {
      contactId,
      workspaceId,
      nameId: nameId!,
      count: (known?.count ?? 0) + 1,
      firstMs: Math.min(known?.firstMs ?? atMs, atMs),
      lastMs: Math.max(known?.lastMs ?? atMs, atMs),
    });
  }
  return [...counts.values()];
}
