/**
 * Callbacks in a flood: after a broadcast a provider makes a call for each message. They go into transactions together
 * (`db/gather.ts`).
 */
import type { Receipt, TakeReceipts } from '../channels/adapter.ts';
import { gather } from '../db/gather.ts';

/** Receipts in one transaction, at most. */
const MOST_TOGETHER = 500;

/** The same, together with others of the same integration. */
export function gatherReceipts(take: TakeReceipts): TakeReceipts {
  return gather<readonly Receipt[], void>(async (integrationId, calls) => {
    await take(integrationId, calls.flat());
    return calls.map(() => undefined);
  }, receiptsTogether);
}

/**
 * Two receipts of one delivery do not go together: of those in one transaction only the furthest is told, and what was delivered and
 * then read would never have been delivered.
 */
function receiptsTogether(waiting: readonly (readonly Receipt[])[]): number {
  const refs = new Set<string | undefined>();
  let count = 0;
  let end = 0;
  for (const receipts of waiting) {
    const names = receipts.map(({ ref }) => ref);
    count += receipts.length;
    if (end > 0 && (count > MOST_TOGETHER || names.some((ref) => refs.has(ref)))) break;
    for (const ref of names) refs.add(ref);
    end++;
  }
  return end;
}
