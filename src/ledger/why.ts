/**
 * Why somebody got a message, or did not: every decision on its way, in the order in which it was made. Put together from what was
 * written down when it was decided. What a broadcast adds to it is the broadcasts' (broadcasts/why.ts).
 */
import type { Message } from '../conversations/message.ts';
import type { Db } from '../db/pool.ts';
import { deliveriesOf } from './deliveries.ts';
import type { Delivery } from './delivery.ts';
import { STATE, stateName, stateOfMessage } from './states.ts';

/** One decision; `atMs` by the workspace's clock. */
export type WhyStep = { atMs: number; what: string; why: string };

/** What was decided, and the deliveries it came to. `state` is how it stands when there is none. */
export type Why = { steps: WhyStep[]; deliveries: Delivery[]; state: string };

/** What was decided about a message. `nameOf` says where it came from, by its source. */
export async function whyMessage(
  db: Db,
  message: Message,
  nameOf: (source: string) => string | undefined,
): Promise<Why> {
  const { id: causeId, workspaceId, contactId, direction } = message;
  const deliveries = await deliveriesOf(db, workspaceId, { contactId, causeId });
  return {
    steps: [said(message, nameOf), ...deliveries.flatMap(stepsOf)],
    deliveries,
    state: direction === 'in' ? 'received' : 'none',
  };
}

/** The whole: whether it was sent, how it stands, and the decisions in their order. */
export function summed({ steps, deliveries, state }: Why): {
  sent: boolean;
  state: string;
  steps: WhyStep[];
} {
  const best = stateOfMessage(deliveries.map((one) => one.state));
  return {
    sent: deliveries.some(({ sentMs }) => sentMs !== null),
    state: best === undefined ? state : stateName(best),
    // A stable sort: what is of one moment stays in the order in which it was told.
    steps: steps.toSorted((a, b) => a.atMs - b.atMs),
  };
}

/** What was decided about one delivery. */
export function stepsOf(delivery: Delivery): WhyStep[] {
  const { state, sentMs, stateMs, attempts, code, detail, channel, address, externalIds } = delivery;
  const steps = (delivery.trail ?? []).map(({ atMs, what, why }): WhyStep => ({ atMs, what, why }));
  if (sentMs !== null) {
    const ids = externalIds?.length ? `, as ${externalIds.join(', ')}` : '';
    const tries = attempts > 1 ? ` at attempt ${attempts}` : '';
    steps.push({
      atMs: sentMs,
      what: 'sent',
      why: `the provider took it for ${channel} ${address}${tries}${ids}`,
    });
  }
  // A hold and an unclear answer are on the trail already; being accepted is told above.
  if (state === STATE.queued) steps.push({ atMs: stateMs, what: 'queued', why: 'it waits for its turn' });
  else if (state !== STATE.accepted && !(state < STATE.accepted && steps.length > 0))
    steps.push({ atMs: stateMs, what: stateName(state), why: reasonOf(state, code, detail) });
  return steps;
}

function said(
  { atMs, direction, kind, class: messageClass, source }: Message,
  nameOf: (source: string) => string | undefined,
): WhyStep {
  return direction === 'in'
    ? { atMs, what: 'received', why: `the contact wrote (${source.type})` }
    : { atMs, what: 'let in', why: `a ${messageClass} ${kind} by ${nameOf(source.type) ?? source.type}` };
}

function reasonOf(state: number, code: string | null, detail: string | null): string {
  if (code !== null) return detail ? `${code}: ${detail}` : code;
  if (state === STATE.delivered || state === STATE.read) return 'the provider says so';
  return state === STATE.canceled ? 'it was called off before its turn' : '';
}
