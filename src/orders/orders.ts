/**
 * Orders of a workspace: told, changed, taken back. What is told of many is one batch, in which what is wrong with one is that one's.
 *
 * An order belongs to a contact, found or made by its phone number or its address in the way every contact is (`contacts/resolve.ts`), and
 * has an id in the contact's bucket. Rows are locked in this order: contacts, orders, references.
 */
import { fault, isFault, refuses, type Fault } from '../base/fault.ts';
import { bucketOf, type IdSource } from '../base/ids.ts';
import { idsOfPerson } from '../contacts/contacts.ts';
import { holdContacts } from '../contacts/held.ts';
import type { Identity } from '../contacts/keys.ts';
import { resolvePeople } from '../contacts/resolve.ts';
import type { WantedPerson } from '../contacts/wanted.ts';
import { overtaken, type Db, type Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';
import type { OrderField, OrderRead } from './given.ts';
import {
  ORDER_DATES,
  ORDER_LIMITS,
  type Dated,
  type Order,
  type OrderDate,
  type OrderSource,
} from './order.ts';
import { dropReferences, tooManyOf } from './references.ts';
import {
  claimReferences,
  deleteOrder,
  insertOrders,
  selectOrder,
  selectOrders,
  selectOrdersById,
  selectOrdersOf,
  selectReferences,
  updateOrder,
  type Whose,
} from './sql.ts';
import { tellOrders } from './told.ts';

export type { Whose } from './sql.ts';

/** What this room's functions work with. */
type OrderDeps = { queue: Queue; ids: IdSource };

/** Where orders are told, and by whom. */
export type Telling = {
  workspaceId: number;
  /** The company that tells them; 0: somebody of the workspace itself. */
  clientId: number;
  source: OrderSource;
  /** Of orders that name none. */
  currency: string;
  /** A reference that another order has already is a fault. */
  referencesOnce: boolean;
  /** The clock of the workspace, unix microseconds, later at each reading. */
  nowUs: () => number;
  /** What the caller calls a field. */
  path: (field: OrderField) => string;
};

/** An order by its id, or by the reference that its teller gave it. */
export type OrderName = { id: number } | { reference: string };

type Draft = { at: number; read: OrderRead; contactId: number };

/** Takes orders in; part of the transaction. Answers each, in order: the order, or why it is none. */
export async function createOrders(
  deps: OrderDeps,
  tx: Tx,
  telling: Telling,
  given: readonly OrderRead[],
): Promise<(Order | Fault)[]> {
  const results: (Order | Fault)[] = Array.from({ length: given.length });
  const first = await duplicatesIn(tx, telling, given, results);
  const drafts = await contactsOf(deps, tx, telling, first, results);
  const orders = drafts.map(({ at, read, contactId }) => ({
    at,
    order: newOrder(deps, telling, read, contactId),
  }));
  const refused = await giveReferences(
    tx,
    telling,
    orders.map(({ order }) => order),
  );
  const made = orders.filter(({ at, order }) => {
    results[at] = refused.get(order.id) ?? order;
    return !refused.has(order.id);
  });
  if (!made.length) return results;
  await insertOrders(
    tx,
    made.map(({ order }) => order),
  );
  await tellOrders(
    deps.queue,
    tx,
    'order.created',
    made.map(({ order }) => ({ order, paid: order.paid !== null, atUs: order.createdUs })),
  );
  return results;
}

/** Those that are no duplicate of one that is there, or of one before them; asked before anything is written for them. */
async function duplicatesIn(
  tx: Tx,
  telling: Telling,
  given: readonly OrderRead[],
  results: (Order | Fault)[],
): Promise<{ at: number; read: OrderRead }[]> {
  const all = given.map((read, at) => ({ at, read }));
  if (!telling.referencesOnce) return all;
  const named = [...new Set(given.flatMap(({ reference }) => reference ?? []))];
  const known = named.length
    ? await selectReferences(
        tx,
        named.map((reference) => ({ ...telling, reference })),
      )
    : [];
  const taken = new Set(known.map(({ reference }) => reference));
  return all.filter(({ at, read: { reference } }) => {
    if (reference === undefined || reference === null) return true;
    if (taken.has(reference)) results[at] = duplicate(telling);
    else taken.add(reference);
    return results[at] === undefined;
  });
}

function duplicate({ path }: Telling): Fault {
  return refuses(path('reference'), 'another order has it already');
}

/** Whose each order is. A profile that is named wins; else the contact with the phone number, or the address; else one is made. */
async function contactsOf(
  { ids }: OrderDeps,
  tx: Tx,
  telling: Telling,
  wanted: readonly { at: number; read: OrderRead }[],
  results: (Order | Fault)[],
): Promise<Draft[]> {
  const { workspaceId, nowUs } = telling;
  const nobody = wanted.filter(({ read }) => !read.profileId && !read.profilePhone && !read.profileEmail);
  for (const { at } of nobody) results[at] = nobodyNamed(telling);
  const people = wanted.filter(({ read }) => !read.profileId && (read.profilePhone ?? read.profileEmail));
  const resolved = people.length
    ? await resolvePeople(
        tx,
        ids,
        Math.floor(nowUs() / 1000),
        people.map(({ read }) => personOf(workspaceId, read)),
        'first',
      )
    : [];
  const drafts: Draft[] = [
    ...people.map((one, i) => ({ ...one, contactId: resolved[i]!.contactId })),
    ...wanted.flatMap((one) => (one.read.profileId ? [{ ...one, contactId: one.read.profileId }] : [])),
  ].toSorted((a, b) => a.at - b.at);
  const { present, became } = await holdContacts(
    tx,
    [...new Set(drafts.map(({ contactId }) => contactId))].map((contactId) => ({ workspaceId, contactId })),
  );
  return drafts.flatMap((draft) => {
    if (present.has(draft.contactId)) return [draft];
    // Found by an address a moment ago, and erased or merged since.
    if (!draft.read.profileId) throw overtaken('a contact was taken away meanwhile');
    const survivor = became.get(draft.contactId);
    if (survivor !== undefined) return [{ ...draft, contactId: survivor }];
    results[draft.at] = refuses(telling.path('profileId'), 'there is no such profile in this account');
    return [];
  });
}

function nobodyNamed({ path }: Telling): Fault {
  const [field, ...others] = (['profilePhone', 'profileEmail', 'profileId'] as const).map(path);
  return refuses(field!, `is required, or ${others.join(', or ')}`);
}

/** What is told of a person counts only where nobody has the number or the address (S26). */
function personOf(workspaceId: number, { profilePhone, profileEmail, profileName }: OrderRead): WantedPerson {
  const identities: Identity[] = [];
  if (profilePhone) identities.push({ kind: 'phone', value: profilePhone });
  if (profileEmail) identities.push({ kind: 'email', value: profileEmail });
  const [givenName, ...rest] = (profileName ?? '').trim().split(/\s+/);
  const surname = rest.join(' ');
  return {
    workspaceId,
    asTheyAre: true,
    identities,
    destinations: identities.map(({ kind, value }) => ({
      channel: kind === 'phone' ? 'sms' : 'email',
      integrationId: null,
      address: value,
    })),
    profile: { ...(givenName ? { givenName } : {}), ...(surname ? { surname } : {}) },
  };
}

function newOrder({ ids }: OrderDeps, telling: Telling, read: OrderRead, contactId: number): Order {
  const { workspaceId, clientId, source, nowUs } = telling;
  const shippedUs = read.dates.shipped ?? (read.isUnderWay ? nowUs() : null);
  const dated = (us: number | null | undefined): Dated => (typeof us === 'number' ? { us, source } : null);
  const createdUs = nowUs();
  return {
    id: ids.inBucket(bucketOf(contactId)),
    workspaceId,
    contactId,
    clientId,
    reference: read.reference ?? null,
    description: read.description ?? null,
    currency: read.currency ?? telling.currency,
    totalCents: read.totalCents ?? null,
    lineItems: read.lineItems ?? [],
    metadata: read.metadata ?? null,
    profileName: read.profileName ?? null,
    profileEmail: read.profileEmail ?? null,
    profilePhone: read.profilePhone ?? null,
    shippingAddress: read.shippingAddress ?? null,
    shippingLink: read.shippingLink ?? null,
    shippingState: read.shippingState ?? null,
    shippingSource: read.shippingSource ?? (read.shippingLink || read.shippingState ? source : null),
    invoiced: dated(read.dates.invoiced),
    paid: dated(read.dates.paid),
    shipped: dated(shippedUs),
    refunded: dated(read.dates.refunded),
    notifiedUs: null,
    isQuiet: read.isQuiet ?? false,
    createdUs,
    updatedUs: createdUs,
  };
}

/** Gives orders their references, and says of which that is refused. One that stands twice in the batch is given twice, in order. */
async function giveReferences(
  tx: Tx,
  telling: Telling,
  orders: readonly Order[],
): Promise<Map<number, Fault>> {
  const claims = orders.flatMap(({ id: orderId, reference }) =>
    reference === null ? [] : [{ ...telling, reference, orderId }],
  );
  const rounds = new Map<string, number>();
  const inRounds = Map.groupBy(claims, ({ reference }) => {
    const round = rounds.get(reference) ?? 0;
    rounds.set(reference, round + 1);
    return round;
  });
  const refused = new Map<number, Fault>();
  for (const round of inRounds.values()) {
    const done = await claimReferences(tx, round, {
      alone: telling.referencesOnce,
      most: ORDER_LIMITS.sameReference,
    });
    for (const { orderId } of round)
      if (!done.has(orderId))
        refused.set(orderId, telling.referencesOnce ? duplicate(telling) : tooManyOf(telling));
  }
  return refused;
}

/** An order; what a company asks for is only found among what it told. Locks nothing. */
export async function findOrder(db: Db, whose: Whose, name: OrderName): Promise<Order | undefined> {
  const id = await idOfOrder(db, whose, name);
  return id === undefined ? undefined : await selectOrder(db, whose, id);
}

async function idOfOrder(
  db: Db,
  { workspaceId, clientId = 0 }: Whose,
  name: OrderName,
): Promise<number | undefined> {
  if ('id' in name) return name.id;
  const [found] = await selectReferences(db, [{ workspaceId, clientId, reference: name.reference }]);
  return found?.orderId;
}

/** A page of orders, newest first: of all, or of one person with all that were merged into them. */
export async function listOrders(
  db: Db,
  whose: Whose,
  page: { beforeId: number; limit: number; contactId?: number | undefined },
): Promise<Order[]> {
  if (page.contactId === undefined) return await selectOrders(db, whose, page);
  const ids = await idsOfPerson(db, whose.workspaceId, page.contactId);
  return ids ? await selectOrdersOf(db, whose, ids, page) : [];
}

const NO_ORDER = fault('not_found', 'There is no such order.');

/** Changes what was told of an order; part of the transaction. Whose it is stays. Two changes at once are both made, one on the other. */
export async function changeOrder(
  deps: OrderDeps,
  tx: Tx,
  telling: Telling,
  { whose, name }: { whose: Whose; name: OrderName },
  read: OrderRead,
): Promise<Order | Fault> {
  const id = await idOfOrder(tx, whose, name);
  const before = id === undefined ? undefined : await selectOrder(tx, whose, id, true);
  if (!before) return NO_ORDER;
  const odd = stays(telling, before, read);
  if (odd) return odd;
  const order = changed(telling, before, read);
  const moved = await moveReference(tx, telling, before, order);
  if (moved) return moved;
  await updateOrder(tx, order);
  const paid = order.paid !== null && before.paid === null;
  await tellOrders(deps.queue, tx, 'order.updated', [{ order, paid, atUs: order.updatedUs }]);
  return order;
}

/** Whose an order is cannot be changed; to say the same again is no change. */
function stays({ path }: Telling, before: Order, read: OrderRead): Fault | undefined {
  const told = {
    profileId: [read.profileId, before.contactId],
    profileEmail: [read.profileEmail, before.profileEmail],
    profilePhone: [read.profilePhone, before.profilePhone],
  } as const;
  const odd = Object.entries(told).find(([, [now, was]]) => now !== undefined && now !== was);
  if (!odd) return undefined;
  return refuses(path(odd[0] as OrderField), 'an order stays its contact’s; delete it and make another');
}

function changed({ source, nowUs }: Telling, before: Order, read: OrderRead): Order {
  const { dates, profileId: _id, profileEmail: _email, profilePhone: _phone, isUnderWay, ...rest } = read;
  const known = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  const updatedUs = Math.max(nowUs(), before.updatedUs + 1);
  const now = { ...before, ...(known as Partial<Order>), updatedUs };
  for (const date of ORDER_DATES) now[date] = dateOf(before[date], dates[date], source);
  // Who sends back what he read says null, and means nothing by it.
  if (isUnderWay && (dates.shipped ?? null) === null && before.shipped === null)
    now.shipped = { us: nowUs(), source };
  if (read.shippingSource === undefined && (read.shippingLink ?? read.shippingState))
    now.shippingSource = before.shippingSource ?? source;
  return now;
}

/** A date that is told again as it was keeps who told it first. */
function dateOf(before: Order[OrderDate], told: number | null | undefined, source: OrderSource): Dated {
  if (told === undefined || told === before?.us) return before;
  return told === null ? null : { us: told, source };
}

async function moveReference(
  tx: Tx,
  telling: Telling,
  before: Order,
  { reference }: Order,
): Promise<Fault | undefined> {
  const { workspaceId, clientId, id: orderId } = before;
  if (reference === before.reference) return undefined;
  if (reference !== null) {
    const refused = await giveReferences(tx, { ...telling, workspaceId, clientId }, [
      { ...before, reference },
    ]);
    if (refused.size) return refused.get(orderId);
  }
  if (before.reference !== null)
    await dropReferences(tx, [{ workspaceId, clientId, reference: before.reference, orderId }]);
  return undefined;
}

/** Takes an order back; part of the transaction. */
export async function removeOrder(
  deps: OrderDeps,
  tx: Tx,
  { whose, name, atUs }: { whose: Whose; name: OrderName; atUs: number },
): Promise<Order | Fault> {
  const id = await idOfOrder(tx, whose, name);
  const order = id === undefined ? undefined : await selectOrder(tx, whose, id, true);
  if (!order || isFault(order)) return NO_ORDER;
  const { workspaceId, clientId, reference } = order;
  await deleteOrder(tx, order.id);
  if (reference !== null) await dropReferences(tx, [{ workspaceId, clientId, reference, orderId: order.id }]);
  await tellOrders(deps.queue, tx, 'order.deleted', [{ order, paid: false, atUs }]);
  return order;
}

/** The contacts of a workspace's own orders; ids of others are passed over. */
export async function contactsOfOrders(
  db: Db,
  workspaceId: number,
  ids: readonly number[],
): Promise<number[]> {
  const found = await selectOrdersById(db, ids);
  return found.flatMap((order) => (order.workspaceId === workspaceId ? (order.contactId ?? []) : []));
}
