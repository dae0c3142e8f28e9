/**
 * A person has another number from now on, as the channel tells it: they stay one contact, with one thread; what they may be sent stays
 * open, and what they want no more stays so. A repeat changes nothing, since nobody is found at the old number any more.
 */
import type { ChannelName } from '../../contract/channels.ts';
import type { IdSource } from '../base/ids.ts';
import type { Integration } from '../accounts/integrations.ts';
import type { Inbound } from '../channels/adapter.ts';
import { carryBlocks } from '../contacts/consent/blocks.ts';
import { findContactIds } from '../contacts/contacts.ts';
import {
  destinationsOf,
  linkDestination,
  recordInbound,
  unlinkDestinations,
} from '../contacts/destinations.ts';
import { addressOf, identityOfAddress } from '../contacts/keys.ts';
import type { Tx } from '../db/pool.ts';

/**
 * Moves who is at the old number on this channel to the new one. Whose the new number is already, they stay apart: two contacts
 * are made one by people only, and what the person writes from there reaches the one who has it.
 */
export async function moveAddress(
  tx: Tx,
  ids: IdSource,
  { id: integrationId, workspaceId, channel: name }: Integration,
  { from, movedTo }: Inbound,
  nowMs: number,
): Promise<void> {
  const channel = name as ChannelName;
  const identity = identityOfAddress(channel, from);
  const [contactId] = identity ? await findContactIds(tx, workspaceId, [identity]) : [];
  if (contactId === undefined || movedTo === undefined) return;
  const address = addressOf(channel, from);
  const before = (await destinationsOf(tx, workspaceId, [contactId])).filter(
    (one) => one.channel === channel && one.address === address,
  );
  if (!before.length) return;
  // Whoever has the new number by now, it is the one who said no.
  await carryBlocks(tx, ids, nowMs, { workspaceId, channel, address: from }, movedTo);
  const link = {
    workspaceId,
    contactId,
    channel,
    integrationId,
    address: movedTo,
    status: 'active',
  } as const;
  const linked = await linkDestination(tx, ids, nowMs, link);
  if (!('destinationId' in linked)) return;
  const lastMs = Math.max(...before.map(({ lastInboundMs }) => lastInboundMs ?? 0));
  if (lastMs > 0)
    await recordInbound(tx, ids, nowMs, [
      { contactId, workspaceId, destinationId: linked.destinationId, atMs: lastMs },
    ]);
  const old = before.map(({ id: destinationId }) => ({ contactId, destinationId }));
  await unlinkDestinations(tx, nowMs, workspaceId, old);
}
