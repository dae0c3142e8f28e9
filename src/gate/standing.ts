/** Where a message to a person would go, and what the gate says to it: the choice and the verdict, for whoever sends, forecasts or asks why. */
import type { MessageClass } from '../../contract/channels.ts';
import type { Reachable } from '../contacts/person.ts';
import { asLastHeard, choose, type Narrowing } from './choose.ts';
import { refusesName } from './senderNames.ts';
import { gate, type GateFacts, type Verdict } from './gate.ts';
import { integrationFor, zoneOf, type Terms } from './terms.ts';

/** What is asked of a message. */
export type Sending = Narrowing & {
  integrationId: number | null;
  class: MessageClass;
  /** By the workspace's clock. */
  expiresMs: number;
  isTemplate: boolean;
  confirms?: boolean | undefined;
  /** It names a sender of its own for SMS: a name, not a number. */
  fromName?: boolean | undefined;
};

/** Whom it is for, with the destinations to choose from. */
type Recipient = { timeZone: string | null; destinations: readonly Reachable[] };

/** Where it would go, and the verdict, with the facts it was made from. */
export type Standing = {
  destination: Reachable | undefined;
  integrationId: number | undefined;
  facts: GateFacts;
  verdict: Verdict;
};

/** `nowMs` and `capFreeMs` (when there is room under the cap; undefined: now) are by the workspace's clock. */
export function standingOf(
  sending: Sending,
  terms: Terms,
  recipient: Recipient,
  nowMs: number,
  capFreeMs?: number,
): Standing {
  const destination = choose(recipient.destinations, sending, terms.order, (one) => {
    const through = integrationFor(sending, one, terms);
    if (through === undefined) return false;
    const namedBy = namedByFor(sending, one, through, terms);
    return namedBy === undefined || !refusesName(namedBy, one.address);
  });
  const integrationId = destination
    ? integrationFor(sending, destination, terms)
    : (sending.integrationId ?? undefined);
  const facts: GateFacts = {
    class: sending.class,
    expiresMs: sending.expiresMs,
    destination: destination && asLastHeard(destination, recipient.destinations, integrationId),
    integrationId,
    timeZone: zoneOf(recipient, terms),
    rules: terms.rules,
    capFreeMs,
    isTemplate: sending.isTemplate,
    confirms: sending.confirms === true,
    namedBy:
      destination && integrationId !== undefined
        ? namedByFor(sending, destination, integrationId, terms)
        : undefined,
  };
  return { destination, integrationId, facts, verdict: gate(facts, nowMs) };
}

/** The provider that would send it as an SMS from a name; undefined when it would not come from one. */
export function namedByFor(
  { fromName }: Pick<Sending, 'fromName'>,
  { channel }: Pick<Reachable, 'channel'>,
  integrationId: number,
  terms: Terms,
): string | undefined {
  if (channel !== 'sms') return undefined;
  const sms = terms.sms.get(integrationId);
  return sms && (fromName === true || sms.isName) ? sms.provider : undefined;
}
