/**
 * Telling of people: what a call said of users and events is kept together with what others say at the same time, and what follows
 * from it is done before the call is answered.
 */
import { giveBack, takeEach, takeOnce } from '../../accounts/toldOnce.ts';
import { type Arrived, type TrackedPerson } from '../../campaigns/events/arrive.ts';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import { findContactIds, getContacts } from '../../contacts/contacts.ts';
import { keepNewestDevices } from '../../contacts/manyDevices.ts';
import { followUp, whoseToFollow } from '../../contacts/follow.ts';
import { holdContacts, holdWhoIs } from '../../contacts/held.ts';
import { addressOf, destinationIdOf } from '../../contacts/keys.ts';
import type { Upserted } from '../../contacts/upsert.ts';
import type { WantedDestination } from '../../contacts/wanted.ts';
import { mergePeople } from '../../people/people.ts';
import { groupAsTold } from './groups.ts';
import type { Before, OutboundUser } from './read.ts';
import { isListOfPhone } from './repeat.ts';
import type { Call } from './route.ts';
import { refuseStrangers } from './strangers.ts';
import { idsOf, wantedOf, type ToldOfOne } from './wanted.ts';

/** An entry, with whom it was told of. */
type Kept = {
  entry: ToldOfOne;
  person: TrackedPerson['person'];
  contactId: number;
  /** Which of its addresses are where. */
  destinations: Upserted['destinations'];
  /** By what its further steps are known when it is told again: by nothing where it was refused. */
  once: string | undefined;
};

/**
 * Keeps what was told, and does what follows from it; returns of whom each was told. A repeat has no effect, but for what the first did not come
 * to because it died; of whom nobody knows any more nothing follows. All of it or nothing, and the fault of the first that cannot be kept; of a list of
 * a phone all that can be is kept all the same (`isListOfPhone`).
 */
export async function tell(
  call: Call<unknown>,
  given: readonly (ToldOfOne | Fault)[],
): Promise<(number | undefined)[] | Fault> {
  const { ctx, workspace, caller } = call;
  const read = given.filter(isSound);
  const wanted = await wantedOf(call, read);
  const broken = given.find((one) => isFault(one)) ?? wanted.find((one) => isFault(one));
  if (broken && !isListOfPhone(call)) return broken;
  const entries = read.filter((_, i) => !isFault(wanted[i]));
  const told = wanted.filter(isSound);
  const refused = caller.scope === 'public' ? await refuseStrangers(call, entries) : undefined;
  if (refused) return refused;
  const groups = entries.flatMap(({ user, once }) => (user?.group ? [groupAsTold(user.group, once)] : []));
  const by = caller.scope === 'public' ? 'strangers' : 'us';
  const arrived = await ctx.arrive(workspace.id, [...told, ...groups], by, (n) => entries[n]?.place ?? '');
  if (isFault(arrived)) return arrived;
  const own = arrived.slice(0, entries.length);
  const kept = await keptOf(call, entries, told, own);
  await join(call, kept);
  await follow(call, kept);
  await leaveOldDevices(call, kept);
  const idOf = new Map(kept.map(({ entry, contactId }) => [entry, contactId]));
  return broken ?? notKept(entries, own) ?? entries.map((entry) => idOf.get(entry));
}

function isSound<T extends object>(one: T | Fault): one is T {
  return !isFault(one);
}

/** What was kept, and what was told before as if it were kept now: something may be left to do of it. */
async function keptOf(
  { ctx, workspace }: Call<unknown>,
  entries: readonly ToldOfOne[],
  told: readonly TrackedPerson[],
  own: readonly (Arrived | undefined)[],
): Promise<Kept[]> {
  const again = entries.filter((_, i) => !own[i]).map(({ who }) => who);
  const known = (await findContactIds(ctx.sql, workspace.id, again)).values();
  return entries.flatMap((entry, i) => {
    const one = own[i];
    const { person } = told[i]!;
    if (one) {
      const isRefused = one.attributesRefused || one.notKept !== undefined;
      const { contactId, destinations } = one;
      return [{ entry, person, contactId, destinations, once: isRefused ? undefined : entry.once }];
    }
    const contactId = known.next().value;
    if (contactId === undefined) return [];
    const destinations = person.destinations.map((wanted) => ({
      id: idOfAddress(workspace.id, contactId, wanted),
      created: false,
    }));
    return [{ entry, person, contactId, destinations, once: entry.once }];
  });
}

/** What was not kept of an entry, where the rest was. */
function notKept(entries: readonly ToldOfOne[], own: readonly (Arrived | undefined)[]): Fault | undefined {
  const full = own.findIndex((one) => one?.attributesRefused);
  if (full >= 0)
    return breaks(
      `${entries[full]!.at ?? ''}attributes`,
      'together with those the user has are too large; the rest was kept',
    );
  const unnamed = own.findIndex((one) => one?.notKept !== undefined);
  if (unnamed < 0) return undefined;
  const field = `${entries[unnamed]!.place ?? ''}event`;
  return fault('unprocessable', `${field}: ${own[unnamed]!.notKept}; the rest was kept`, { field });
}

/** Makes one of two: what a user was before, and the user. */
async function join(call: Call<unknown>, kept: readonly Kept[]): Promise<void> {
  // Either may become somebody else in between: then it is looked again who they are.
  for (const { entry, once } of kept)
    for (const one of entry.user?.before ?? []) {
      const name = once && `${once} joins ${one.field}`;
      for (let n = 0; n < MOST_MERGES && !(await isJoined(call, entry.who, one, name)); n++);
    }
}

/** So often somebody may have become another while they are joined: each time takes a merge at that very moment. */
const MOST_MERGES = 8;

async function isJoined(
  call: Call<unknown>,
  who: OutboundUser,
  before: Before,
  once: string | undefined,
): Promise<boolean> {
  const { ctx, workspace, workspaceNowMs, nowMs, caller } = call;
  const isPrivate = caller.scope === 'private';
  // A device joins no two users: they sign in on it one after the other.
  const onlyUnnamed = !isPrivate || before.field === 'anon_id';
  return await ctx.queue.transact(async (tx) => {
    if (!(await takeOnce(tx, workspace.id, once, nowMs))) return true;
    const ids = [who, ...idsOf(before, isPrivate)];
    const [survivingId, ...found] = await findContactIds(tx, workspace.id, ids);
    if (survivingId === undefined) return true;
    const others = [...new Set(found)].filter((id) => id !== undefined && id !== survivingId) as number[];
    for (const other of await getContacts(tx, workspace.id, others)) {
      if (onlyUnnamed && other.externalId !== null) continue;
      const pair = { workspaceId: workspace.id, survivingId, discardedId: other.id, onlyUnnamed };
      const merged = await mergePeople(ctx, tx, workspaceNowMs, pair);
      if (!isFault(merged) || merged.fault !== 'not_found') continue;
      if (once !== undefined) await giveBack(tx, workspace.id, [once]);
      return false;
    }
    return true;
  });
}

/** What follows for addresses that were told. Whose they are may have become somebody else since: then it follows for these. */
async function follow(call: Call<unknown>, kept: readonly Kept[]): Promise<void> {
  const { ctx, workspace, workspaceNowMs, nowMs } = call;
  const { id: workspaceId } = workspace;
  const all = kept.map((one) => ({ ...one, tokens: tokensOf(one) }));
  const whose = await whoseToFollow(ctx.sql, workspaceId, all);
  // All that was told of them: the last address counts, new or not.
  const told = all.filter(({ contactId }) => whose.has(contactId));
  if (told.length === 0) return;
  await ctx.queue.transact(async (tx) => {
    const names = told.map(({ once }) => once && `${once} follows`);
    const isFirst = await takeEach(tx, workspaceId, names, nowMs);
    const fresh = told.filter((_, i) => isFirst[i]);
    if (fresh.length === 0) return;
    const { present } = await holdContacts(
      tx,
      fresh.map(({ contactId }) => ({ workspaceId, contactId })),
    );
    const now: Parameters<typeof followUp>[4][number][] = [];
    for (const { contactId: found, destinations, person } of fresh) {
      const contactId = present.has(found) ? found : await holdWhoIs(tx, { workspaceId, contactId: found });
      if (contactId === undefined) continue;
      const idOf = (i: number) => idOfAddress(workspaceId, contactId, person.destinations[i]!);
      now.push({
        contactId,
        destinations: destinations.flatMap((at, i) =>
          at ? { ...at, id: contactId === found ? at.id : idOf(i) } : [],
        ),
      });
    }
    await followUp(tx, ctx.ids, workspaceNowMs, workspaceId, now);
  });
}

function tokensOf({ person }: Kept): number {
  return person.destinations.filter(({ channel }) => channel === 'push').length;
}

function idOfAddress(workspaceId: number, contactId: number, wanted: WantedDestination): number {
  const address = addressOf(wanted.channel, wanted.address);
  return destinationIdOf({ ...wanted, workspaceId, contactId, address });
}

/** Of those who have just told of a device, the oldest devices go where they have very many. */
async function leaveOldDevices(
  { ctx, workspace, workspaceNowMs }: Call<unknown>,
  kept: readonly Kept[],
): Promise<void> {
  const ids = kept.filter(({ entry }) => entry.user?.tokens.length).map(({ contactId }) => contactId);
  if (ids.length === 0) return;
  const at = { workspaceId: workspace.id, nowMs: workspaceNowMs };
  await ctx.queue.transact((tx) => keepNewestDevices(tx, at, [...new Set(ids)]));
}
