/**
 * Taking what has arrived in some lanes, as the first part of a turn: repeats are dropped, events are kept and counted. What is returned is
 * what campaigns look at. Everything is a batch over the whole turn.
 */
import { bucketOf } from '../../base/ids.ts';
import { holdContacts } from '../../contacts/held.ts';
import type { Tx } from '../../db/pool.ts';
import type { OwnedLane } from '../../queue/lanes/lane.ts';
import type { Queue } from '../../queue/queue.ts';
import { toldOnce } from '../enrol/own.ts';
import { ARRIVAL, insertArrivals } from './sql.ts';
import { addCounts, deleteArrivals, insertEvents, insertKeys, type Arrival, type Count } from './sql.take.ts';
import { FLAG } from './time.ts';

/** Takes what waits in lanes, as it was read in this transaction. `nowMs` is by our clock. */
export async function takeArrivals(
  deps: { queue: Pick<Queue, 'laneOf' | 'turn'> },
  tx: Tx,
  lanes: readonly OwnedLane[],
  waiting: readonly Arrival[],
  nowMs: number,
): Promise<Arrival[]> {
  if (!waiting.length) return [];
  const people = new Map(waiting.map((one) => [one.contactId, one]));
  // Contacts before what is theirs, here as where they are erased or merged.
  const { present, became } = await holdContacts(tx, [...people.values()]);
  const left = await deleteArrivals(tx, lanes, waiting);
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

/** Keeps events and counts them; returns what is no repeat, in order. */
async function keep(tx: Tx, arrivals: readonly Arrival[], nowMs: number): Promise<Arrival[]> {
  const once = await toldOnce(tx, arrivals);
  const isKeyed = (one: Arrival) => !once.has(one) && (one.flags & FLAG.keyed) !== 0;
  const keyed = new Map<string, Arrival>();
  for (const one of arrivals) if (isKeyed(one) && !keyed.has(keyOf(one))) keyed.set(keyOf(one), one);
  const fresh = keyed.size ? await insertKeys(tx, [...keyed.values()], nowMs) : new Set<string>();
  const first = arrivals.filter(
    (one) => once.get(one) ?? (!isKeyed(one) || (keyed.get(keyOf(one)) === one && fresh.has(keyOf(one)))),
  );
  const events = first.filter(({ kind }) => kind === ARRIVAL.event);
  if (!events.length) return first;
  const kept = await insertEvents(tx, events);
  const isKept = (one: Arrival) =>
    one.kind !== ARRIVAL.event || kept.has(`${one.contactId}|${one.nameId}|${one.key}`);
  const counts = countsOf(events.filter(isKept));
  if (counts.length) await addCounts(tx, counts);
  return first.filter(isKept);
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
