/**
 * What follows for addresses when a business has told of a user, once that is committed: a token that was told again is active again,
 * and an address that takes the place of another leaves it. Doing it twice changes nothing.
 */
import type { ChannelName } from '../../contract/channels.ts';
import type { IdSource } from '../base/ids.ts';
import type { Db, Tx } from '../db/pool.ts';
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

/** A contact that was told of, and which destinations were named. */
type ToldOf = { contactId: number; destinations: readonly { id: number }[] };

/**
 * Contacts of whom there may be something to follow up. An address that was there already is looked at, too: who told it first may have died
 * before the one in whose place it came was left, and tells it again.
 */
export async function whoseToFollow(
  db: Db,
  workspaceId: number,
  told: readonly {
    contactId: number;
    tokens: number;
    destinations: readonly ({ id: number; created: boolean } | undefined)[];
  }[],
): Promise<Set<number>> {
  const sure = told.filter(
    ({ tokens, destinations }) => tokens > 0 || destinations.some((one) => one?.created),
  );
  const whose = new Set(sure.map(({ contactId }) => contactId));
  const known = told.flatMap(({ contactId, destinations }) => {
    const there = destinations.filter((one) => one !== undefined);
    return there.length > 0 && !whose.has(contactId) ? [{ contactId, destinations: there }] : [];
  });
  const all = await destinationsOf(db, workspaceId, [...new Set(known.map(({ contactId }) => contactId))]);
  for (const { contactId } of replacedBy(known, all)) whose.add(contactId);
  return whose;
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
  // Two calls that told of an address at one moment both see both; the one whose turn is later finds the other's gone.
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
 * Addresses in whose place another has come, which is the last of those that a contact was told to have. Only what a business told by the
 * same way gives way.
 */
function replacedBy(told: readonly ToldOf[], all: readonly Destination[]): Destination[] {
  const there = new Map(all.map((one) => [one.id, one]));
  const last = new Map<string, number>();
  for (const { destinations } of told)
    for (const { id } of destinations) {
      const one = there.get(id);
      if (one && ONE_EACH.includes(one.channel)) last.set(placeOf(one), id);
    }
  return all.filter((one) => {
    const instead = last.get(placeOf(one));
    return (
      instead !== undefined && instead !== one.id && (one.raw as { by?: unknown } | null)?.by === TOLD.by
    );
  });
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
