/** What a provider's refusal teaches about an address: it is dead, or its owner said stop. From then on the gate knows. */
import { MESSAGE_CLASSES, type ChannelName } from '../../contract/channels.ts';
import type { IdSource } from '../base/ids.ts';
import { blockDestinations } from '../contacts/destinations.ts';
import type { Tx } from '../db/pool.ts';
import type { Decision } from './decide.ts';

/** Writes lessons into suppression and consent; part of the transaction that records the refusals. */
export async function learn(
  tx: Tx,
  ids: IdSource,
  lessons: readonly NonNullable<Decision['lesson']>[],
  nowMs: number,
): Promise<void> {
  await blockDestinations(
    tx,
    ids,
    nowMs,
    lessons.map(({ destination, workspaceId, kind, reason }) => ({
      workspaceId,
      channel: destination.channel as ChannelName,
      address: destination.address,
      classes: MESSAGE_CLASSES,
      reason: kind === 'optout' ? 'stop' : `dead address (${reason})`,
    })),
  );
}
