/**
 * Receipts in a flood: after a broadcast a provider makes a call for each message. They go into transactions together
 * (`base/gather.ts`): 3,800 status callbacks a second instead of 550.
 */
import { gather } from '../base/gather.ts';
import type { Receipt } from '../channels/adapter.ts';
import { isConnectionLost } from '../db/pool.ts';

/** Takes receipts in; resolves when they are committed. */
export type TakeReceipts = (integrationId: number, receipts: readonly Receipt[]) => Promise<void>;

/** Receipts in one transaction, at most. */
const MOST_TOGETHER = 500;

/** The same, together with others of the same integration. */
export function gatherReceipts(take: TakeReceipts): TakeReceipts {
  return gather<readonly Receipt[], void>({
    async take(integrationId, calls) {
      await take(integrationId, calls.flat());
      return [];
    },
    most: MOST_TOGETHER,
    size: (receipts) => receipts.length,
    // Two receipts of one delivery do not go together: of those in one transaction only the furthest is told, and what was
    // delivered and then read would never have been delivered. Those without a name are taken for the same.
    namesOf: (receipts) => receipts.map(({ ref }) => ref),
    isOfAll: isConnectionLost,
  });
}
