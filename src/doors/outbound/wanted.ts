/** What was told as it is to be kept, entry by entry: what is wrong with one is said of it alone, before anything is written. */
import { wereTold } from '../../accounts/toldOnce.ts';
import { faultOfTold, type TrackedPerson } from '../../campaigns/events/arrive.ts';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { findContactIds } from '../../contacts/contacts.ts';
import { TOLD } from '../../contacts/follow.ts';
import type { Identity } from '../../contacts/keys.ts';
import type { WantedDestination } from '../../contacts/wanted.ts';
import { withGroups } from './groups.ts';
import { integrationsOf, type PushIntegrations } from './pushIntegrations.ts';
import type { Before, OutboundUser, ReadUser } from './read.ts';
import type { Call } from './route.ts';

/**
 * Something told of somebody: an event, a user, or both. `at` stands before the names of the user's fields, and `place` before those of the whole;
 * `once` is what it is known by when it is told again (`repeat.ts`).
 */
export type ToldOfOne = {
  who: OutboundUser;
  user?: ReadUser | undefined;
  event?: TrackedPerson['event'];
  at?: string;
  place?: string;
  once?: string | undefined;
};

/** What is to be kept of each, or why it cannot be; in order. Reads only. */
export async function wantedOf(
  call: Call<unknown>,
  entries: readonly ToldOfOne[],
): Promise<(TrackedPerson | Fault)[]> {
  const isPrivate = call.caller.scope === 'private';
  const integrations = await integrationsOf(call);
  const refused = isPrivate ? undefined : await whoJoins(call, entries);
  const told = entries.map((entry, i) => {
    const person = refused?.get(i) ?? personOf(entry, integrations, isPrivate);
    const wrong = isFault(person) ? person : faultOfTold(person, entry.place ?? '');
    return { person: wrong ?? person, group: entry.user?.group, at: entry.at ?? '' };
  });
  return await withGroups(call, told);
}

function personOf(
  { who, user, event, at = '', once }: ToldOfOne,
  integrations: PushIntegrations,
  isPrivate: boolean,
): TrackedPerson | Fault {
  const identities: Identity[] = [who, ...(user?.before ?? []).flatMap((one) => idsOf(one, isPrivate))];
  const destinations: WantedDestination[] = [];
  if (user?.email !== undefined) {
    identities.push({ kind: 'email', value: user.email });
    destinations.push({ channel: 'email', integrationId: null, address: user.email, raw: TOLD });
  }
  if (user?.phone !== undefined) {
    identities.push({ kind: 'phone', value: user.phone });
    destinations.push({ channel: 'sms', integrationId: null, address: user.phone, raw: TOLD });
  }
  for (const { service, token } of user?.tokens ?? []) {
    const integrationId = integrations(service, at);
    if (isFault(integrationId)) return integrationId;
    destinations.push({ channel: 'push', integrationId, address: token });
  }
  return {
    person: { identities, destinations, byOwnId: true, ...(user ? { profile: user.profile } : {}) },
    event,
    once,
  };
}

/** What another id of a user's names: a device, and by the private key a user as well. Whoever holds the public key could take any user over. */
export function idsOf({ id, field }: Before, isPrivate: boolean): Identity[] {
  const device = { kind: 'anonymous' as const, value: id };
  return isPrivate && field === 'previous_id' ? [device, { kind: 'external', value: id }] : [device];
}

/**
 * With the public key only somebody unknown becomes a user; one user becomes another by the private key. Who is the other already may say so again, and
 * what was done before they were two is not done again: neither is wrong.
 */
async function whoJoins(
  { ctx, workspace }: Call<unknown>,
  entries: readonly ToldOfOne[],
): Promise<Map<number, Fault>> {
  const joining = entries.flatMap(({ who, user, at = '', once }, i) =>
    (user?.before ?? [])
      .filter(({ id, field }) => field === 'previous_id' && id !== who.value)
      .map(({ id, field }) => ({
        i,
        who,
        once,
        previous: { kind: 'external' as const, value: id },
        field: `${at}${field}`,
      })),
  );
  const ids = joining.flatMap(({ who, previous }) => [previous, who]);
  const owners = ids.length > 0 ? await findContactIds(ctx.sql, workspace.id, ids) : [];
  const odd = joining.filter((_, n) => owners[2 * n] !== undefined && owners[2 * n] !== owners[2 * n + 1]);
  const isTold = await wereTold(
    ctx.sql,
    workspace.id,
    odd.map(({ once }) => once),
  );
  return new Map(
    odd
      .filter((_, n) => !isTold[n])
      .map(({ i, field }) => [
        i,
        fault('forbidden', `${field}: is another user; joining two users takes the private key`, { field }),
      ]),
  );
}
