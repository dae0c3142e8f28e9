/**
 * Telling of people: what a call said of users and events is kept together with what others say at the same time, and what follows
 * from it is done before the call is answered.
 */
import { placesIn, type Arrived, type TrackedPerson } from '../../campaigns/events/arrive.ts';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import { findContactIds, getContacts } from '../../contacts/contacts.ts';
import { keepNewestDevices } from '../../contacts/manyDevices.ts';
import { followUp, hasMore, TOLD } from '../../contacts/follow.ts';
import type { Identity } from '../../contacts/keys.ts';
import type { Upserted } from '../../contacts/upsert.ts';
import type { WantedDestination } from '../../contacts/wanted.ts';
import { mergePeople } from '../../people/people.ts';
import { integrationsOf, type PushIntegrations } from './pushIntegrations.ts';
import { type ReadUser, type OutboundUser } from './read.ts';
import type { Call } from './route.ts';
import { refuseStrangers } from './strangers.ts';

/** Something told of somebody: an event, a user, or both. */
export type ToldOfOne = { who: OutboundUser; user?: ReadUser | undefined; event?: TrackedPerson['event'] };

/** Keeps what was told, and does what follows from it. */
export async function tell(call: Call<unknown>, entries: readonly ToldOfOne[]): Promise<Upserted[] | Fault> {
  const { ctx, workspace, caller } = call;
  const integrations = await integrationsOf(call);
  const isPrivate = caller.scope === 'private';
  const others = isPrivate ? NONE : await devicesOfOthers(call, entries);
  const told: (TrackedPerson | Fault)[] = entries.map((entry) =>
    toldOf(entry, integrations, { isPrivate, isOthers: others.has(entry) }),
  );
  const broken = told.find((one) => isFault(one));
  if (broken) return broken;
  const refused =
    (await mayJoin(call, entries)) ??
    (caller.scope === 'public'
      ? await refuseStrangers(
          call,
          entries.map(({ who }) => who),
        )
      : undefined);
  if (refused) return refused;
  const groups = entries.flatMap(({ user }) => (user?.group ? [groupOf(user.group)] : []));
  const by = caller.scope === 'public' ? 'strangers' : 'us';
  const all = [...(told as TrackedPerson[]), ...groups];
  const placeOf = placesIn(all);
  // A call of one is no list, though its group is told beside it.
  const isOne = !Array.isArray(call.body);
  const kept = await ctx.arrive(workspace.id, all, by, (n) => (isOne && n === 0 ? '' : placeOf(n)));
  if (isFault(kept)) return kept;
  const own = kept.slice(0, entries.length);
  await join(call, entries);
  await follow(call, entries, own);
  await leaveOldDevices(call, entries, own);
  const full = own.findIndex(({ attributesRefused }) => attributesRefused);
  if (full >= 0)
    return breaks(
      `${placesIn(entries)(full)}attributes`,
      'together with those the user has are too large; the rest was kept',
    );
  return tooManyNames(call, own) ?? own;
}

/**
 * An event that was not kept, where others of the call were. Phones tell nobody of an answer and send a list that was refused again and again, with
 * what is to come behind it: they are answered as if it had been kept.
 */
function tooManyNames({ query }: Call<unknown>, own: readonly Arrived[]): Fault | undefined {
  const at = own.findIndex(({ notKept }) => notKept !== undefined);
  if (at < 0 || /^(android|ios)\//i.test(query.client)) return undefined;
  const field = `${placesIn(own)(at)}event`;
  return fault('unprocessable', `${field}: ${own[at]!.notKept}; the rest was kept`, { field });
}

function toldOf(
  { who, user, event }: ToldOfOne,
  integrations: PushIntegrations,
  { isPrivate, isOthers }: { isPrivate: boolean; isOthers: boolean },
): TrackedPerson | Fault {
  const identities: Identity[] = [who];
  const destinations: WantedDestination[] = [];
  if (user?.previous !== undefined) {
    if (!isOthers) identities.push({ kind: 'anonymous', value: user.previous });
    // Whoever holds the public key could take any user over.
    if (isPrivate) identities.push({ kind: 'external', value: user.previous });
  }
  if (user?.email !== undefined) {
    identities.push({ kind: 'email', value: user.email });
    destinations.push({ channel: 'email', integrationId: null, address: user.email, raw: TOLD });
  }
  if (user?.phone !== undefined) {
    identities.push({ kind: 'phone', value: user.phone });
    destinations.push({ channel: 'sms', integrationId: null, address: user.phone, raw: TOLD });
  }
  for (const { service, token } of user?.tokens ?? []) {
    const integrationId = integrations(service);
    if (isFault(integrationId)) return integrationId;
    destinations.push({ channel: 'push', integrationId, address: token });
  }
  return {
    person: { identities, destinations, byOwnId: true, ...(user ? { profile: user.profile } : {}) },
    event,
  };
}

const NONE: ReadonlySet<ToldOfOne> = new Set();

/**
 * What is told of a device that is another user's already, by the public key: two people sign in on one phone, one after the other. The second is
 * a user of their own; by the device they would be the first, and their address the first one's.
 */
async function devicesOfOthers(
  { ctx, workspace }: Call<unknown>,
  entries: readonly ToldOfOne[],
): Promise<Set<ToldOfOne>> {
  const joining = entries.filter(({ user }) => user?.previous !== undefined);
  if (joining.length === 0) return new Set();
  const devices = joining.map(({ user }) => ({ kind: 'anonymous' as const, value: user!.previous! }));
  const owners = await findContactIds(ctx.sql, workspace.id, devices);
  const known = owners.filter((id) => id !== undefined);
  const contacts = await getContacts(ctx.sql, workspace.id, [...new Set(known)]);
  const users = new Map(contacts.map(({ id, externalId }) => [id, externalId]));
  const userOf = new Map<string, string>();
  return new Set(
    joining.filter(({ who }, i) => {
      const device = devices[i]!.value;
      const owner = owners[i] === undefined ? null : (users.get(owners[i]) ?? null);
      const first = userOf.get(device) ?? owner ?? who.value;
      userOf.set(device, first);
      return first !== who.value;
    }),
  );
}

/** A group is a contact of its own that nobody can write to: its attributes are those of all its members. */
function groupOf({ id, attributes }: NonNullable<ReadUser['group']>): TrackedPerson {
  return {
    person: { identities: [{ kind: 'group', value: id }], destinations: [], profile: { attributes } },
  };
}

/** With the public key only somebody unknown becomes a user; one user becomes another by the private key. */
async function mayJoin(
  { ctx, workspace, caller }: Call<unknown>,
  entries: readonly ToldOfOne[],
): Promise<Fault | undefined> {
  const joining = entries.filter(({ user }) => user?.previous !== undefined);
  if (caller.scope === 'private' || joining.length === 0) return undefined;
  const previous = joining.map(({ user }) => ({ kind: 'external' as const, value: user!.previous! }));
  const owners = await findContactIds(ctx.sql, workspace.id, previous);
  const same = (i: number) => joining[i]!.who.value === previous[i]!.value;
  return owners.some((id, i) => id !== undefined && !same(i))
    ? fault('forbidden', 'previous_id: is another user; joining two users takes the private key', {
        field: 'previous_id',
      })
    : undefined;
}

/** Makes one of two: what a user was before, and the user. */
async function join(call: Call<unknown>, entries: readonly ToldOfOne[]): Promise<void> {
  const { ctx, workspace, workspaceNowMs, caller } = call;
  for (const { who, user } of entries) {
    if (user?.previous === undefined) continue;
    const value = user.previous;
    await ctx.queue.transact(async (tx) => {
      const [survivingId, ...before] = await findContactIds(tx, workspace.id, [
        who,
        { kind: 'anonymous', value },
        { kind: 'external', value },
      ]);
      if (survivingId === undefined) return;
      const others = [...new Set(before)].filter((id) => id !== undefined && id !== survivingId) as number[];
      for (const other of await getContacts(tx, workspace.id, others)) {
        if (caller.scope === 'public' && other.externalId !== null) continue;
        const pair = { workspaceId: workspace.id, survivingId, discardedId: other.id };
        await mergePeople(ctx, tx, workspaceNowMs, pair);
      }
    });
  }
}

async function follow(
  call: Call<unknown>,
  entries: readonly ToldOfOne[],
  kept: readonly Upserted[],
): Promise<void> {
  const { ctx, workspace, workspaceNowMs } = call;
  const told = kept.filter(({ destinations }, i) =>
    hasMore(destinations, entries[i]!.user?.tokens.length ?? 0),
  );
  if (told.length === 0) return;
  await ctx.queue.transact(
    async (tx) =>
      await followUp(
        tx,
        ctx.ids,
        workspaceNowMs,
        workspace.id,
        told.map(({ contactId, destinations }) => ({
          contactId,
          destinations: destinations.filter((one) => one !== undefined),
        })),
      ),
  );
}

/** Of those who have just told of a device, the oldest devices go where they have very many. */
async function leaveOldDevices(
  { ctx, workspace, workspaceNowMs }: Call<unknown>,
  entries: readonly ToldOfOne[],
  kept: readonly Upserted[],
): Promise<void> {
  const ids = kept.filter((_, i) => entries[i]!.user?.tokens.length).map(({ contactId }) => contactId);
  if (ids.length === 0) return;
  const at = { workspaceId: workspace.id, nowMs: workspaceNowMs };
  await ctx.queue.transact((tx) => keepNewestDevices(tx, at, [...new Set(ids)]));
}
