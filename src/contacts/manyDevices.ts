/**
 * Devices of a person: apps tell of their push tokens by themselves, and anybody may be an app. A person has so many; the oldest make room
 * for those that come.
 */
import type { Tx } from '../db/pool.ts';
import { destinationsOf, unlinkDestinations } from './destinations.ts';

/** Push tokens of one person: more phones, tablets and browsers than somebody uses. */
const MOST_DEVICES = 25;

/** Unlinks the oldest devices of contacts that have more than there may be. Locks those contacts. */
export async function keepNewestDevices(
  tx: Tx,
  { workspaceId, nowMs }: { workspaceId: number; nowMs: number },
  contactIds: readonly number[],
): Promise<void> {
  const all = await destinationsOf(tx, workspaceId, contactIds);
  const devices = Map.groupBy(
    all.filter(({ channel }) => channel === 'push'),
    ({ contactId }) => contactId,
  );
  const old = [...devices.values()].flatMap((list) => list.slice(0, Math.max(0, list.length - MOST_DEVICES)));
  const refs = old.map(({ id, contactId }) => ({ contactId, destinationId: id }));
  await unlinkDestinations(tx, nowMs, workspaceId, refs);
}
