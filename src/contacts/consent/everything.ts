/**
 * Leaving everything: no marketing to a person, whatever the channel, and whatever address they have later. A no follows the address,
 * so it is kept at each; for those to come it is kept at the one address that everybody has by nature, their place in the web chat.
 */
import type { IdSource } from '../../base/ids.ts';
import { toHex24 } from '../../base/ids.ts';
import type { Db, Tx } from '../../db/pool.ts';
import { selectDestinations } from '../sql.destinations.ts';
import { blockDestinations, blockKey, blocksOf, liftBlocks, type At, type Rank } from './blocks.ts';
import { readBlocks, type CompiledConsent } from './compiled.ts';

/** A contact of a workspace. */
export type Someone = { workspaceId: number; contactId: number };

const MARKETING = ['marketing'] as const;

/** No marketing to these any more. Locks the contacts. */
export async function leaveEverything(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  people: readonly Someone[],
  by: { rank: Rank; reason: string },
): Promise<void> {
  const addresses = await addressesOf(tx, people);
  await blockDestinations(
    tx,
    ids,
    nowMs,
    addresses.map((at) => ({
      ...at,
      cause: 'opted_out_all',
      classes: MARKETING,
      by: by.rank,
      reason: by.reason,
    })),
  );
}

/** Takes that back, and what an import said; what somebody of a higher rank said stays. */
export async function joinAgain(
  tx: Tx,
  ids: IdSource,
  nowMs: number,
  people: readonly Someone[],
  by: { rank: Rank; reason: string },
): Promise<void> {
  const addresses = await addressesOf(tx, people);
  await liftBlocks(
    tx,
    ids,
    nowMs,
    addresses.map((at) => ({
      ...at,
      causes: ['opted_out_all', 'imported'] as const,
      by: by.rank,
      reason: by.reason,
    })),
  );
}

/** Those of these contacts that have left everything. Locks nothing. */
export async function whoLeft(db: Db, people: readonly Someone[]): Promise<Set<number>> {
  const left = leftAmong(await blocksOf(db, people.map(markOf)), people);
  return new Set(left.map(({ contactId }) => contactId));
}

/** Those that have left everything, by what blocks the addresses that they have by nature (`markOf`). */
export function leftAmong(
  blocks: ReadonlyMap<string, CompiledConsent>,
  people: readonly Someone[],
): Someone[] {
  return people.filter((one) =>
    readBlocks(blocks.get(blockKey(markOf(one)))?.blocks ?? null)?.some(
      ({ cause }) => cause === 'opted_out_all',
    ),
  );
}

/** Every address of these contacts, and the one that they have by nature. */
async function addressesOf(tx: Tx, people: readonly Someone[]): Promise<At[]> {
  const byWorkspace = Map.groupBy(people, ({ workspaceId }) => workspaceId);
  const found = await Promise.all(
    [...byWorkspace].map(([workspaceId, list]) =>
      selectDestinations(
        tx,
        workspaceId,
        list.map(({ contactId }) => contactId),
      ),
    ),
  );
  return [...people.map(markOf), ...found.flat()].map(({ workspaceId, contactId, channel, address }) => ({
    workspaceId,
    contactId,
    channel,
    address,
  }));
}

/** The one address that everybody has by nature. */
export function markOf({ workspaceId, contactId }: Someone) {
  return { workspaceId, contactId, channel: 'webchat' as const, address: `web:${toHex24(contactId)}` };
}
