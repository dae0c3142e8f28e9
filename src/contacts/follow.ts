/**
 * What follows for addresses when a business has told of a user, once that is committed: a token that was told again is active again,
 * and an address that takes the place of another leaves it. Doing it twice changes nothing.
 */
import type { ChannelName } from '../../contract/channels.ts';
import type { IdSource } from '../base/ids.ts';
import type { Tx } from '../db/pool.ts';
import { liftBlocks } from './consent/blocks.ts';
import {
  destinationsOf,
  setDestinationStatus,
  unlinkDestinations,
  type Destination,
} from './destinations.ts';
import { touchContacts } from './resolve/sql.ts';

/** What stands with an address that a business told as the user's one e-mail address or number. */
export const TOLD = { by: 'identify' } as const;

/** Channels on which a user has one address by the word of the business. */
const ONE_EACH: readonly ChannelName[] = ['email', 'sms'];

/** A contact that was told of: which destinations were named, and whether they are new. */
type ToldOf = { contactId: number; destinations: readonly { id: number; created: boolean }[] };

/** True when there is something to follow up. */
export function hasMore(
  destinations: readonly ({ id: number; created: boolean } | undefined)[],
  tokens: number,
): boolean {
  return tokens > 0 || destinations.some((one) => one?.created);
}

/** Follows up. Part of the caller's transaction; `nowMs` by the workspace's clock. */
export async function followUp(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  workspaceId: number,
  told: readonly ToldOf[],
): Promise<void> {
  const contactIds = told.map(({ contactId }) => contactId);
  const all = await destinationsOf(tx, workspaceId, contactIds);
  const named = new Set(told.flatMap(({ destinations }) => destinations.map(({ id }) => id)));
  await bringBack(
    tx,
    ids,
    nowMs,
    all.filter(({ id, channel }) => channel === 'push' && named.has(id)),
  );
  const before = replacedBy(told, all);
  if (before.length === 0) return;
  // Of two who each told of an address at one moment, and see both, one finds the other's gone once it is their turn.
  const people = [...new Set(before.map(({ contactId }) => contactId))];
  await touchContacts(
    tx,
    people.map((id) => ({ workspaceId, id, externalId: null })),
    nowMs,
  );
  const gone = replacedBy(told, await destinationsOf(tx, workspaceId, people));
  await unlinkDestinations(
    tx,
    nowMs,
    workspaceId,
    gone.map(({ contactId, id }) => ({ contactId, destinationId: id })),
  );
}

/**
 * Addresses in whose place another has come: of those that a contact was told to have the last, where any of them is new. Only what a
 * business told by the same way gives way.
 */
function replacedBy(told: readonly ToldOf[], all: readonly Destination[]): Destination[] {
  const there = new Map(all.map((one) => [one.id, one]));
  const last = new Map<string, number>();
  const changed = new Set<string>();
  for (const { destinations } of told)
    for (const { id, created } of destinations) {
      const one = there.get(id);
      if (!one || !ONE_EACH.includes(one.channel)) continue;
      last.set(placeOf(one), id);
      if (created) changed.add(placeOf(one));
    }
  return all.filter(
    (one) =>
      changed.has(placeOf(one)) &&
      last.get(placeOf(one)) !== one.id &&
      (one.raw as { by?: unknown } | null)?.by === TOLD.by,
  );
}

function placeOf({ contactId, channel }: Pick<Destination, 'contactId' | 'channel'>): string {
  return `${contactId}|${channel}`;
}

/** Tokens are active whatever they were: they are tried again. */
async function bringBack(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  tokens: readonly Destination[],
): Promise<void> {
  const away = tokens.filter(({ status }) => status !== 'active');
  const [first] = tokens;
  if (away.length > 0)
    await setDestinationStatus(
      tx,
      first!.workspaceId,
      away.map(({ contactId, id }) => ({ contactId, destinationId: id, status: 'active' as const })),
    );
  const dead = tokens.filter(({ blocks }) => blocks !== null);
  await liftBlocks(
    tx,
    ids,
    nowMs,
    dead.map(({ workspaceId, contactId, channel, address }) => ({
      workspaceId,
      contactId,
      channel,
      address,
      causes: ['dead'] as const,
      by: 'provider' as const,
      reason: 'registered again',
    })),
  );
}
