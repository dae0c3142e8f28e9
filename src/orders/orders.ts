/**
 * Orders of a workspace: told, changed, taken back. What is told of many, be it in one call or by many who call at once, in whatever
 * accounts, is one batch, in which what is wrong with one is that one's.
 *
 * An order belongs to a contact, found or made by its phone number or its address in the way every contact is (`contacts/resolve/resolve.ts`), and
 * has an id in the contact's bucket. Rows are locked in this order: contacts, orders, references.
 */
import { namePartsOf } from '../../contract/personName.ts';
import { NotTogether } from '../accounts/idempotency.ts';
import { fault, isFault, refuses, type Fault } from '../base/fault.ts';
import { bucketOf, type IdSource } from '../base/ids.ts';
import { idsOfPerson } from '../contacts/contacts.ts';
import { holdContacts } from '../contacts/held.ts';
import type { Identity } from '../contacts/keys.ts';
import { resolvePeople } from '../contacts/resolve/resolve.ts';
import type { WantedPerson } from '../contacts/wanted.ts';
import { overtaken, type Db, type Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';
import type { OrderField, OrderRead } from './given.ts';
import { ORDER_DATES, type Dated, type Order, type OrderDate, type OrderSource } from './order.ts';
import { dropReferences, referenceText, tooManyOf } from './references.ts';
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
  type OrderOwner,
} from './sql.ts';
import { tellOrders } from './told.ts';

export type { OrderOwner } from './sql.ts';

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
  /** The clock of the workspace, unix microseconds, later at each reading; and how far it is ahead of ours. */
  nowUs: () => number;
  clockAheadMs: number;
  /** What the caller calls a field. */
  path: (field: OrderField) => string;
};

/** An order by its id, or by the reference that its teller gave it. */
export type OrderName = { id: number } | { reference: string };

/** An order that somebody tells. */
export type NewOrder = { telling: Telling; read: OrderRead };
type Placed = NewOrder & { at: number };
type Draft = Placed & { contactId: number };

/**
 * Takes orders in; part of the transaction. Answers each, in order: the order, or why it is none. `late` says what becomes of the others
 * when one is refused after its contact was made: they stand, or `NotTogether` is thrown, and each is to be told alone.
 */
export async function createOrders(
  deps: OrderDeps,
  tx: Tx,
  told: readonly NewOrder[],
  late: 'stands' | 'undoes all' = 'stands',
): Promise<(Order | Fault)[]> {
  const results: (Order | Fault)[] = Array.from({ length: told.length });
  const first = await duplicatesIn(tx, told, results);
  const drafts = await contactsOf(deps, tx, first, results);
  const orders = drafts.map(({ at, telling, read, contactId }) => ({
    at,
    telling,
    order: newOrder(deps, telling, read, contactId),
  }));
  const refused = await giveReferences(tx, orders);
  if (late === 'undoes all' && refused.size) throw new NotTogether('a reference was taken meanwhile');
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
  told: readonly NewOrder[],
  results: (Order | Fault)[],
): Promise<Placed[]> {
  const all = told.map((one, at) => ({ ...one, at }));
  const claims = all.flatMap(({ at, telling, read: { reference } }) =>
    typeof reference === 'string' ? [{ at, telling, named: { ...telling, reference } }] : [],
  );
  const asked = claims.filter(({ telling }) => telling.referencesOnce).map(({ named }) => named);
  if (!asked.length) return all;
  const different = [...new Map(asked.map((named) => [referenceText(named), named])).values()];
  const taken = new Set((await selectReferences(tx, different)).map(referenceText));
  for (const { at, telling, named } of claims) {
    if (telling.referencesOnce && taken.has(referenceText(named))) results[at] = duplicate(telling);
    taken.add(referenceText(named));
  }
  return all.filter(({ at }) => results[at] === undefined);
}

function duplicate({ path }: Telling): Fault {
  return refuses(path('reference'), 'another order has it already');
}

/** Whose each order is. A profile that is named wins; else the contact with the phone number, or the address; else one is made. */
async function contactsOf(
  deps: OrderDeps,
  tx: Tx,
  wanted: readonly Placed[],
  results: (Order | Fault)[],
): Promise<Draft[]> {
  const nobody = wanted.filter(({ read }) => !read.profileId && !read.profilePhone && !read.profileEmail);
  for (const { at, telling } of nobody) results[at] = nobodyNamed(telling);
  const people = wanted.filter(({ read }) => !read.profileId && (read.profilePhone ?? read.profileEmail));
  const drafts: Draft[] = [
    ...(await resolved(deps, tx, people)),
    ...wanted.flatMap((one) => (one.read.profileId ? [{ ...one, contactId: one.read.profileId }] : [])),
  ].toSorted((a, b) => a.at - b.at);
  const whose = new Map(drafts.map(({ telling, contactId }) => [contactId, telling.workspaceId]));
  // The profile of one account, named in another: what is there for one of them is not there for the other.
  if (drafts.some(({ telling, contactId }) => whose.get(contactId) !== telling.workspaceId))
    throw new NotTogether('two accounts name the same profile');
  const named = [...whose].map(([contactId, workspaceId]) => ({ workspaceId, contactId }));
  const { present, became } = await holdContacts(tx, named);
  return drafts.flatMap((draft) => {
    const { telling } = draft;
    if (present.has(draft.contactId)) return [draft];
    // Found by an address a moment ago, and erased or merged since.
    if (!draft.read.profileId) throw overtaken('a contact was taken away meanwhile');
    const survivor = became.get(draft.contactId);
    if (survivor !== undefined) return [{ ...draft, contactId: survivor }];
    results[draft.at] = refuses(telling.path('profileId'), 'there is no such profile in this account');
    return [];
  });
}

/** Who they are, found or made: those of one clock together, since who is made is made now. */
async function resolved({ ids }: OrderDeps, tx: Tx, people: readonly Placed[]): Promise<Draft[]> {
  const clocks = [...Map.groupBy(people, ({ telling }) => telling.clockAheadMs)].sort(([a], [b]) => a - b);
  const drafts: Draft[] = [];
  for (const [, all] of clocks) {
    const nowMs = Math.floor(all[0]!.telling.nowUs() / 1000);
    const wanted = all.map(({ telling, read }) => personOf(telling.workspaceId, read));
    const found = await resolvePeople(tx, ids, nowMs, wanted, 'first');
    drafts.push(...all.map((one, i) => ({ ...one, contactId: found[i]!.contactId })));
  }
  return drafts;
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
  return {
    workspaceId,
    asTheyAre: true,
    identities,
    destinations: identities.map(({ kind, value }) => ({
      channel: kind === 'phone' ? 'sms' : 'email',
      integrationId: null,
      address: value,
    })),
    profile: namePartsOf(profileName ?? ''),
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
  orders: readonly { telling: Telling; order: Order }[],
): Promise<Map<number, Fault>> {
  const claims = orders.flatMap(({ telling, order: { id: orderId, reference } }) =>
    reference === null ? [] : [{ ...telling, telling, reference, orderId }],
  );
  const times = new Map<string, number>();
  const rounds = Map.groupBy(claims, (claim) => {
    const time = (times.get(referenceText(claim)) ?? 0) + 1;
    times.set(referenceText(claim), time);
    return `${time} ${claim.telling.referencesOnce}`;
  });
  const refused = new Map<number, Fault>();
  // What is given a second time comes after what is given first, whoever wants to be the only one.
  const inTurn = [...rounds].toSorted(([a], [b]) => Number.parseInt(a) - Number.parseInt(b));
  for (const [, round] of inTurn) {
    const alone = round[0]!.telling.referencesOnce;
    const done = await claimReferences(tx, round, { alone });
    for (const { orderId, telling } of round)
      if (!done.has(orderId)) refused.set(orderId, alone ? duplicate(telling) : tooManyOf(telling));
  }
  return refused;
}

/** An order; what a company asks for is only found among what it told. Locks nothing. */
export async function findOrder(db: Db, whose: OrderOwner, name: OrderName): Promise<Order | undefined> {
  const id = await idOfOrder(db, whose, name);
  return id === undefined ? undefined : await selectOrder(db, whose, id);
}

async function idOfOrder(
  db: Db,
  { workspaceId, clientId = 0 }: OrderOwner,
  name: OrderName,
): Promise<number | undefined> {
  if ('id' in name) return name.id;
  const [found] = await selectReferences(db, [{ workspaceId, clientId, reference: name.reference }]);
  return found?.orderId;
}

/** A page of orders, newest first: of all, or of one person with all that were merged into them. */
export async function listOrders(
  db: Db,
  whose: OrderOwner,
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
  { whose, name }: { whose: OrderOwner; name: OrderName },
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
    const refused = await giveReferences(tx, [
      { telling: { ...telling, workspaceId, clientId }, order: { ...before, reference } },
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
  { whose, name, atUs }: { whose: OrderOwner; name: OrderName; atUs: number },
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
