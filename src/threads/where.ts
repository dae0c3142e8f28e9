/** Where a post goes: the channel it names or that is selected, and the address of the contact there. */
import { windowIsOver } from '../gate/gate.ts';
import { TOUCHPOINTS, touchpointOf } from './touchpoints.ts';
import { refuses, breaks, type Fault, isFault } from '../base/fault.ts';
import { type PlannedPost, field, type Poster } from './post.ts';
import { identitiesOf } from '../contacts/contacts.ts';
import { destinationsOf, linkDestination, type Destination } from '../contacts/destinations.ts';
import type { Table } from './participants.ts';
import type { Tx } from '../db/pool.ts';

/** Where a contact is known to be reached. `destinations` grows by what is linked for a post. */
export type KnownAddresses = {
  destinations: Destination[];
  phone: string | undefined;
  email: string | undefined;
};

/** The addresses of the contact of a thread. */
export async function addressesOf(tx: Tx, { thread }: Table): Promise<KnownAddresses> {
  const ids = [thread.contactId!];
  const [destinations, identities] = await Promise.all([
    destinationsOf(tx, thread.workspaceId, ids),
    identitiesOf(tx, thread.workspaceId, ids),
  ]);
  return {
    destinations,
    phone: identities.find(({ kind }) => kind === 'phone')?.value,
    email: identities.find(({ kind }) => kind === 'email')?.value,
  };
}

/** The channel a message names, else the one that is selected (W4, W28, W32). */
export function channelOf({ thread }: Table, message: PlannedPost): string | Fault {
  const channel = message.touchpoint === undefined ? thread.touchpoint : TOUCHPOINTS[message.touchpoint];
  return (
    channel ??
    breaks(field(message, 'touchpoint'), 'is required, since the conversation has none selected yet')
  );
}

/** The contact's destination on a channel; linked when only its address is known. A fault where there is none, or it may not be used. */
export async function destinationFor(
  poster: Poster,
  tx: Tx,
  { thread }: Table,
  known: KnownAddresses,
  message: PlannedPost,
  channel: string,
): Promise<Destination | Fault> {
  const name = touchpointOf(channel);
  const served = poster.integrations.some((one) => one.channel === channel && one.status === 'active');
  if (!served)
    return refuses(field(message, 'touchpoint'), `the organization has no integration for ${name}`);
  const own = known.destinations.filter((one) => one.channel === channel && one.status !== 'pending');
  let destination = own.findLast(({ status }) => status === 'active') ?? own.at(-1);
  if (!destination) {
    const address = channel === 'email' ? known.email : CALLED.includes(channel) ? known.phone : undefined;
    if (address === undefined)
      return refuses(field(message, 'touchpoint'), `the contact has no address for ${name}`);
    const linked = await linkDestination(tx, poster.tools.ids, poster.nowMs + poster.workspace.clockAheadMs, {
      workspaceId: thread.workspaceId,
      contactId: thread.contactId!,
      channel: channel as 'sms',
      integrationId: null,
      address,
    });
    if (isFault(linked)) return linked;
    known.destinations = await destinationsOf(tx, thread.workspaceId, [thread.contactId!]);
    if (!('destinationId' in linked))
      return refuses(field(message, 'touchpoint'), `the address for ${name} is another contact's`);
    destination = known.destinations.find(({ id }) => id === linked.destinationId)!;
    // Nothing is sent to an address of which the person has not yet said that it is theirs.
    if (destination.status === 'pending')
      return refuses(field(message, 'touchpoint'), `the address for ${name} waits for the contact's answer`);
  }
  return windowFault(message, destination) ?? destination;
}

/** Channels on which a phone number is an address. */
const CALLED: readonly string[] = ['sms', 'whatsapp', 'voice'];

/** Free-form text is not sent on WhatsApp after a day of silence; told before anything is sent (W15, W16, W40). */
function windowFault(message: PlannedPost, destination: Destination): Fault | undefined {
  if (message.said.kind !== 'speech') return undefined;
  if (message.said.content.type === 'nativeTemplate') return undefined;
  return windowIsOver(destination, message.dueMs)
    ? refuses(
        field(message, 'meta.elementName'),
        'is required: the contact has not written on WhatsApp within 24 hours, so only a message template may be sent',
      )
    : undefined;
}

/**
 * Where a conversation that has gone to the web is answered is decided when the answer is sent: there while the person looks, on
 * the channel before when they have left. Who names the touchpoint gets that one.
 */
export function staysOpen({ touchpoint }: PlannedPost, { channel }: Destination): boolean {
  return touchpoint === undefined && channel === 'webchat';
}
