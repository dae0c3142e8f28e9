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
  const named = new Map(told.flatMap(({ destinations }) => destinations.map((one) => [one.id, one.created])));
  const all = await destinationsOf(
    tx,
    workspaceId,
    told.map(({ contactId }) => contactId),
  );
  const tokens = all.filter(({ id, channel }) => channel === 'push' && named.has(id));
  await bringBack(tx, ids, nowMs, tokens);
  const before = all.filter((one) => !named.has(one.id) && isReplaced(one, all, named));
  await unlinkDestinations(
    tx,
    nowMs,
    workspaceId,
    before.map(({ contactId, id }) => ({ contactId, destinationId: id })),
  );
}

/** Whether a new address has taken the place of this one. Only what a business told by the same way gives way. */
function isReplaced(
  one: Destination,
  all: readonly Destination[],
  named: ReadonlyMap<number, boolean>,
): boolean {
  if (!ONE_EACH.includes(one.channel) || (one.raw as { by?: unknown } | null)?.by !== TOLD.by) return false;
  return all.some(
    ({ id, contactId, channel }) =>
      contactId === one.contactId && channel === one.channel && named.get(id) === true,
  );
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
