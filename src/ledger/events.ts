/** What the outbox puts on the feed. Contact rows are named by id: whoever presents an event loads what it needs. */
import type { Tx } from '../db/pool.ts';
import type { Queue } from '../queue/queue.ts';
import type { DeliveryKey } from './ref.ts';
import { STATE } from './states.ts';

/** `message.accepted`: the business said something that will be sent. One event per contact. */
export type MessageAccepted = {
  messageId: number;
  contactId: number;
  conversationId: number;
  kind: 'message' | 'notification' | 'confirmation';
};

/** One delivery that changed its state. `from` is undefined when this is the first that is known of it. */
export type DeliveryChange = {
  contactId: number;
  causeId: number;
  seq: number;
  from?: number;
  to: number;
  atMs: number;
};

/**
 * Recipients of a run whose message was accepted at the first attempt: what a broadcast's changes nearly all are. `extraSegments`: the
 * text messages that they take beyond one each.
 */
export type AcceptedInRun = { causeId: number; atMs: number; contactIds: number[]; extraSegments?: number };

/**
 * `delivery.changed`: deliveries that changed state, in one event per batch. `bulk` tells that their cause is the run of a
 * broadcast; otherwise each cause is a message. `accepted` says the commonest change of a run in few words. `late`: how many text
 * messages some took beyond one each, which their provider had told of before that was known.
 */
export type DeliveryChanged = {
  bulk: boolean;
  changes: DeliveryChange[];
  accepted?: AcceptedInRun[];
  late?: { atMs: number; extraSegments: number; causeId?: number };
};

/** An event of it: `ownerId` is the contact in whose order it stands. */
type DeliveriesTold = DeliveryChanged & { ownerId: number; workspaceId: number; atMs: number };

/** Puts `delivery.changed` on the feed, in the transaction of what changed: the one place that does. */
export async function tellOfDeliveries(
  queue: Pick<Queue, 'append'>,
  tx: Tx,
  told: readonly DeliveriesTold[],
): Promise<void> {
  await queue.append(
    tx,
    told.map(({ ownerId, workspaceId, atMs, ...payload }) => ({
      ownerId,
      workspaceId,
      type: 'delivery.changed',
      atMs,
      payload: payload satisfies DeliveryChanged,
    })),
  );
}

/** A change of state as it is told; one without a prior state is the first that is known of a delivery. */
export function changeTold(
  { contactId, causeId, seq, state, priorState }: DeliveryKey & { state: number; priorState: number | null },
  atMs: number,
): DeliveryChange {
  return { contactId, causeId, seq, to: state, atMs, ...(priorState === null ? {} : { from: priorState }) };
}

/** Every change an event tells of, one by one. */
export function changesOf({ changes, accepted }: DeliveryChanged): DeliveryChange[] {
  const inRuns = (accepted ?? []).flatMap(({ causeId, atMs, contactIds }) =>
    contactIds.map((contactId) => ({ contactId, causeId, seq: 0, to: STATE.accepted, atMs })),
  );
  return [...changes, ...inRuns];
}
