/** Which of a contact's addresses a message goes to: the one named, else the primary, else the workspace's order. */
import type { Reachable } from '../contacts/person.ts';

/** What narrows the choice. */
export type Narrowing = {
  destinationId?: number | null;
  integrationId?: number | null;
  channel?: string | undefined;
};

/**
 * Picks a destination. A destination that is named is taken as it is (the gate then says why it may not be used); otherwise
 * those that can be used go before those that cannot, the primary (last used by the contact) first, then by channel order,
 * then the one linked last.
 */
export function choose(
  destinations: readonly Reachable[],
  wanted: Narrowing,
  order: readonly string[],
  canSend: (destination: Reachable) => boolean,
): Reachable | undefined {
  if (wanted.destinationId)
    return destinations.find(({ destinationId }) => destinationId === wanted.destinationId);
  let fit =
    wanted.channel === undefined
      ? destinations
      : destinations.filter(({ channel }) => channel === wanted.channel);
  if (wanted.integrationId) {
    const own = fit.filter(({ integrationId }) => integrationId === wanted.integrationId);
    // An address that is bound to no integration may be used by any of its channel.
    fit = own.length ? own : fit.filter(({ integrationId }) => integrationId === null);
  }
  if (fit.length < 2) return fit[0];
  return [...fit].sort((a, b) => rank(a, b, order, canSend))[0];
}

/** The channel on which a person is reached on all devices at once. */
const ON_ALL_DEVICES = 'push';

/** All destinations that are meant with a chosen one: on push every active device, elsewhere itself. */
export function devicesOf(
  destinations: readonly Reachable[],
  chosen: Reachable,
  wanted: Pick<Narrowing, 'integrationId'> = {},
): readonly Reachable[] {
  if (chosen.channel !== ON_ALL_DEVICES) return [chosen];
  const others = destinations.filter(
    ({ channel, status, integrationId, destinationId }) =>
      channel === ON_ALL_DEVICES &&
      status === 'active' &&
      destinationId !== chosen.destinationId &&
      (!wanted.integrationId || integrationId === chosen.integrationId),
  );
  return [chosen, ...others];
}

/**
 * A destination with the time its person was last heard at that address through what will send: the same number may be linked
 * for any integration and, since the person wrote to it, for one (WhatsApp's window is that of the two numbers).
 */
export function asLastHeard(
  destination: Reachable,
  destinations: readonly Reachable[],
  integrationId: number | undefined,
): Reachable {
  if (destinations.length < 2) return destination;
  let lastInboundMs = destination.lastInboundMs;
  for (const one of destinations)
    if (
      one.channel === destination.channel &&
      one.address === destination.address &&
      one.integrationId === integrationId &&
      (one.lastInboundMs ?? 0) > (lastInboundMs ?? 0)
    )
      lastInboundMs = one.lastInboundMs;
  return lastInboundMs === destination.lastInboundMs ? destination : { ...destination, lastInboundMs };
}

/** Those of a contact's destinations that can be tried after others, the one to try first at the beginning. */
export function byOrder(destinations: readonly Reachable[], order: readonly string[]): Reachable[] {
  return [...destinations].sort((a, b) => indexIn(a, order) - indexIn(b, order) || b.linkedMs - a.linkedMs);
}

function rank(
  a: Reachable,
  b: Reachable,
  order: readonly string[],
  canSend: (destination: Reachable) => boolean,
): number {
  const usable = Number(isUsable(b, canSend)) - Number(isUsable(a, canSend));
  if (usable) return usable;
  const primary = (b.lastInboundMs ?? 0) - (a.lastInboundMs ?? 0);
  if (primary) return primary;
  return indexIn(a, order) - indexIn(b, order) || b.linkedMs - a.linkedMs;
}

function isUsable(destination: Reachable, canSend: (destination: Reachable) => boolean): boolean {
  return destination.status === 'active' && canSend(destination);
}

function indexIn(destination: Reachable, order: readonly string[]): number {
  const at = order.indexOf(destination.channel);
  return at < 0 ? order.length : at;
}
