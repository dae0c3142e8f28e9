/** What a provider's refusal or receipt teaches about an address: it is dead, or its owner said stop. From then on the gate knows. */
import { MESSAGE_CLASSES, type ChannelName, type ErrorClass } from '../../contract/channels.ts';
import type { IdSource } from '../base/ids.ts';
import { blockDestinations } from '../contacts/destinations.ts';
import type { Tx } from '../db/pool.ts';

/** One lesson. */
export type Lesson = { workspaceId: number; channel: string; address: string; reason: string };

/** The lesson in an error, when it says something of the address and not of the message or the day. */
export function lessonOf(
  at: { workspaceId: number; channel: string | null; address: string | null },
  error: { class?: ErrorClass | undefined; code: string },
): Lesson | undefined {
  const { workspaceId, channel, address } = at;
  if (!channel || !address) return undefined;
  if (error.class === 'recipient')
    return { workspaceId, channel, address, reason: `dead address (${error.code})` };
  if (error.class === 'optout') return { workspaceId, channel, address, reason: 'stop' };
  return undefined;
}

/** Writes lessons into suppression and consent; part of the transaction that records what taught them. */
export async function learn(tx: Tx, ids: IdSource, lessons: readonly Lesson[], nowMs: number): Promise<void> {
  if (!lessons.length) return;
  await blockDestinations(
    tx,
    ids,
    nowMs,
    lessons.map(({ workspaceId, channel, address, reason }) => ({
      workspaceId,
      channel: channel as ChannelName,
      address,
      classes: MESSAGE_CLASSES,
      reason,
    })),
  );
}
