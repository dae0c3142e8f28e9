/** Reading deliveries: of a person, of a run, by name. Changes nothing. */
import type { Db, Tx } from '../db/pool.ts';
import type { Delivery, DeliveryStanding, SingleFacts } from './delivery.ts';
import type { DeliveryKey } from './ref.ts';
import {
  renameDestinations,
  selectArrivedLate,
  selectDeliveries,
  selectDeliveriesOf,
  selectDeliveriesOfCauses,
  selectOtherIds,
  selectSentTo,
  selectSingles,
  selectStates,
} from './sql.ts';
import { countAmiss, selectAmiss, selectContactFurther, selectInRun } from './sql.inRun.ts';
import type { StateCode } from './states.ts';

/** The most deliveries of one message or run and person: more than anybody has devices and channels. */
const MOST_OF_A_CAUSE = 100;

/** The deliveries of a message, or of a run to a person, in the order in which they were made. */
export async function deliveriesOf(
  db: Db,
  workspaceId: number,
  { contactId, causeId }: Omit<DeliveryKey, 'seq'>,
): Promise<Delivery[]> {
  return await selectDeliveriesOf(db, workspaceId, contactId, causeId, MOST_OF_A_CAUSE);
}

/** What a person was sent, newest cause first. */
export async function deliveriesTo(
  db: Db,
  workspaceId: number,
  contactId: number,
  limit: number,
): Promise<Delivery[]> {
  return await selectDeliveriesOf(db, workspaceId, contactId, undefined, limit);
}

/** The deliveries of some messages to a person, by message. */
export async function deliveriesByCause(
  db: Db,
  workspaceId: number,
  contactId: number,
  causeIds: readonly number[],
): Promise<Map<number, Delivery[]>> {
  const found = causeIds.length ? await selectDeliveriesOfCauses(db, workspaceId, contactId, causeIds) : [];
  return Map.groupBy(found, ({ causeId }) => causeId);
}

/** The deliveries there are of some keys, in no order. */
export async function deliveriesNamed(db: Db, keys: readonly DeliveryKey[]): Promise<Delivery[]> {
  return keys.length ? await selectDeliveries(db, keys) : [];
}

/** Which deliveries of a run, after whom, and about how many. */
type RunPage = { states: readonly StateCode[]; afterContactId: number; limit: number };
/**
 * A page of deliveries in the order of their contacts: all that one of them has are in it, or none. The next is after the contact that is
 * named; undefined where there is none.
 */
type Paged = { rows: Delivery[]; nextAfter: number | undefined };

/** Deliveries of a run that did not go well: a page of them. */
export async function amissInRun(db: Db, workspaceId: number, runId: number, page: RunPage): Promise<Paged> {
  return await wholeContacts(page.limit, (limit) => selectAmiss(db, workspaceId, runId, { ...page, limit }));
}

/**
 * Deliveries of a run in some states: a page of them. Where it is said among how many of the run they are looked for, a page may hold fewer
 * than were asked for, or none, and yet not be the last: in a state that nobody is in, a million would be read.
 */
export async function deliveriesInRun(
  db: Db,
  workspaceId: number,
  runId: number,
  { among, ...page }: RunPage & { among?: number },
): Promise<Paged> {
  const { afterContactId } = page;
  const toContactId =
    among &&
    (await selectContactFurther(db, runId, { afterContactId, further: Math.max(among, page.limit) }));
  const found = await wholeContacts(page.limit, (limit) =>
    selectInRun(db, workspaceId, runId, { ...page, toContactId, limit }),
  );
  return { ...found, nextAfter: found.nextAfter ?? toContactId };
}

/** A page is told to go on after a contact, so somebody's devices are never divided: it is a little shorter, or longer for who has very many. */
async function wholeContacts(most: number, select: (limit: number) => Promise<Delivery[]>): Promise<Paged> {
  for (let limit = most + 1; ; limit *= 2) {
    const found = await select(limit);
    if (found.length < limit) return { rows: found, nextAfter: undefined };
    const { contactId: last } = found.at(-1)!;
    const rows = found.filter(({ contactId }) => contactId !== last);
    if (rows.length > 0) return { rows, nextAfter: rows.at(-1)!.contactId };
  }
}

/** No more than so many are counted to say why they went amiss: the first of a million are like the rest. */
const MOST_AMISS_COUNTED = 100_000;

/** Why deliveries of a run went amiss, the most frequent first. `bounded`: there are more than were counted. */
export async function failuresInRun(
  db: Db,
  workspaceId: number,
  runId: number,
): Promise<{ failures: Awaited<ReturnType<typeof countAmiss>>; bounded: boolean }> {
  const failures = await countAmiss(db, workspaceId, runId, MOST_AMISS_COUNTED);
  return { failures, bounded: failures.reduce((sum, { n }) => sum + n, 0) >= MOST_AMISS_COUNTED };
}

/** Which of some contacts one of some runs reached after all: it had failed, and a receipt said later that it was delivered. */
export async function arrivedLate(
  db: Db,
  runIds: readonly number[],
  contactIds: readonly number[],
): Promise<number[]> {
  return await selectArrivedLate(db, runIds, contactIds);
}

// A piece of statements, for those of other rooms.
export { failedForGood } from './sql.ts';

/** Where deliveries of a workspace went; those that have no address yet, or are another's, are left out. */
export async function addressesOf(
  db: Db,
  workspaceId: number,
  keys: readonly DeliveryKey[],
): Promise<(DeliveryKey & { address: string; classBit: number })[]> {
  return keys.length ? await selectSentTo(db, workspaceId, keys) : [];
}

/** What was asked for with single sends, and how they stand. */
export async function factsOfSingles(db: Db, keys: readonly DeliveryKey[]): Promise<SingleFacts[]> {
  return keys.length ? await selectSingles(db, keys) : [];
}

/** Deliveries that wait to be sent to destinations that are others now go there. Part of the transaction that made them so. */
export async function followDestinations(
  tx: Tx,
  moves: readonly { contactId: number; fromId: number; toId: number }[],
): Promise<void> {
  if (moves.length) await renameDestinations(tx, moves);
}

/** How deliveries of runs stand that have a row. */
export async function standingsInRuns(db: Db, keys: readonly DeliveryKey[]): Promise<DeliveryStanding[]> {
  return keys.length ? await selectStates(db, keys) : [];
}

/** What providers call the other deliveries to the person of one, the newest of them: none of these is that one. */
export async function idsOfOthers(db: Db, key: DeliveryKey): Promise<string[]> {
  return await selectOtherIds(db, key);
}
