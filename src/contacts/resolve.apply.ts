/** Second half of resolving: claims, then contacts and destinations. Undoes its claims when a rival was quicker. */
import { bucketOf, type IdSource } from '../base/ids.ts';
import type { Tx } from '../db/pool.ts';
import { addressOf, keyOf, keyText, kindOfChannel, suppressionKey, suppressionText } from './keys.ts';
import type { Plan, Planned } from './resolve.plan.ts';
import type { PersonResolved, WantedDestination } from './resolve.ts';
import { blockFound } from './sql.destinations.ts';
import {
  claimIdentities,
  type DestinationKey,
  findDestinations,
  type FoundDestination,
  insertContacts,
  insertDestinations,
  type NewDestination,
  releaseIdentities,
  suppressionsOf,
  touchContacts,
} from './sql.resolve.ts';

/** What this transaction has made so far, over several attempts. */
export type Made = { contacts: Set<number>; destinations: Set<number> };

type Draft = { key: DestinationKey; text: string; wanted: WantedDestination };

/** Carries the plan out; undefined when a rival got in between and a new plan is needed. */
export async function applyPlan(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  plan: Plan,
  made: Made,
): Promise<PersonResolved[] | undefined> {
  const drafts = plan.people.map((planned) => draftsOf(planned, plan.owners));
  const distinct = new Map(drafts.flat().flatMap((draft) => (draft ? [[draft.text, draft]] : [])));
  const lookFor = [...distinct.values()].filter(({ key }) => !plan.making.has(key.contactId));
  // One after the other on one connection, without waiting in between: one round trip.
  const [alive, claimed, found] = await Promise.all([
    plan.gaining.length > 0 ? touchContacts(tx, plan.gaining, nowMs) : new Set<number>(),
    plan.claims.length > 0 ? claimIdentities(tx, plan.claims) : [],
    lookFor.length > 0
      ? findDestinations(
          tx,
          lookFor.map(({ key }) => key),
        )
      : [],
  ]);
  const lost =
    plan.gaining.some(({ id }) => !alive.has(id)) ||
    claimed.some((claim) => plan.owners.get(keyText({ ...claim, hash: 0 })) !== claim.contactId);
  if (lost) {
    const ours = claimed.filter(({ inserted }) => inserted);
    await releaseIdentities(
      tx,
      ours.map((claim) => ({ ...keyOf(claim.workspaceId, claim), contactId: claim.contactId })),
    );
    return undefined;
  }
  const byText = new Map(found.map((one) => [destinationText(one), one]));
  const missing = [...distinct.values()].filter(({ text }) => !byText.has(text));
  const written = await writeNew(tx, ids, nowMs, plan, missing, alive, made);
  if (!written) return undefined;
  for (const one of written) byText.set(destinationText(one), one);
  return outcomesOf(plan, drafts, byText, made);
}

async function writeNew(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  plan: Plan,
  missing: readonly Draft[],
  alive: ReadonlySet<number>,
  made: Made,
): Promise<FoundDestination[] | undefined> {
  const touch = new Map<number, Plan['gaining'][number]>();
  for (const { key } of missing) {
    const { contactId: id, workspaceId } = key;
    if (!alive.has(id) && !plan.making.has(id)) touch.set(id, { workspaceId, id, externalId: null });
  }
  const rows = missing.map((draft) => newDestination(ids, draft));
  const [, , written, suppressed] = await Promise.all([
    touch.size > 0 ? touchContacts(tx, [...touch.values()], nowMs) : undefined,
    plan.making.size > 0 ? insertContacts(tx, [...plan.making.values()], nowMs) : undefined,
    rows.length > 0 ? insertDestinations(tx, rows, nowMs) : [],
    // After the locks, so that a suppression is either seen here or sees the destination.
    rows.length > 0
      ? suppressionsOf(
          tx,
          rows.map((row) => suppressionKey(row.workspaceId, row.channel, row.address)),
        )
      : [],
  ]);
  for (const id of plan.making.keys()) made.contacts.add(id);
  for (const { id, inserted } of written) if (inserted) made.destinations.add(id);
  if (suppressed.length > 0) {
    const bySuppression = new Map(suppressed.map((one) => [suppressionText(one), one]));
    const blocked = written.flatMap((one) => {
      const key = suppressionKey(one.workspaceId, one.channel, one.address);
      const suppression = bySuppression.get(suppressionText(key));
      return suppression ? [{ ...one, ...suppression }] : [];
    });
    await blockFound(tx, blocked);
  }
  return written.length === rows.length ? written : undefined;
}

function draftsOf(
  { person, contactId }: Planned,
  owners: ReadonlyMap<string, number>,
): (Draft | undefined)[] {
  return person.destinations.map((wanted) => {
    const { channel, integrationId } = wanted;
    const address = addressOf(channel, wanted.address);
    const kind = kindOfChannel(channel);
    const owner = kind && owners.get(keyText(keyOf(person.workspaceId, { kind, value: address })));
    if (owner !== undefined && owner !== contactId) return undefined;
    const key = { workspaceId: person.workspaceId, contactId, channel, integrationId, address };
    return { key, text: destinationText(key), wanted };
  });
}

function newDestination(ids: IdSource, { key, wanted }: Draft): NewDestination {
  return {
    ...key,
    id: ids.inBucket(bucketOf(key.contactId)),
    status: wanted.status ?? 'active',
    displayName: wanted.displayName ?? null,
    raw: wanted.raw === undefined ? null : JSON.stringify(wanted.raw),
  };
}

function outcomesOf(
  plan: Plan,
  drafts: readonly (Draft | undefined)[][],
  found: ReadonlyMap<string, FoundDestination>,
  made: Made,
): PersonResolved[] {
  // The first of several that are one new contact, or share one new destination, is the one that made it.
  const fresh = { contacts: new Set(made.contacts), destinations: new Set(made.destinations) };
  return plan.people.map(({ contactId, conflictsWith }, i) => ({
    contactId,
    created: fresh.contacts.delete(contactId),
    destinations: drafts[i]!.map((draft) => {
      const one = draft && found.get(draft.text);
      return one && { id: one.id, created: fresh.destinations.delete(one.id) };
    }),
    conflictsWith,
  }));
}

function destinationText(key: DestinationKey): string {
  return `${key.contactId}|${key.channel}|${key.integrationId ?? ''}|${key.address}`;
}
