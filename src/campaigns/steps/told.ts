/** What is told of messages, and of waits in words. Pure. */
import type { Seen } from '../match/facts.ts';

/** Until when a wait is, in words. */
export function zoneTold(thenAt: string | undefined, zone: string): string {
  return thenAt === undefined ? 'for a time' : `until ${thenAt} in ${zone}`;
}

/** Whether what Parley tells is of the message that this enrolment sent at a step. */
export function isOfSend(event: Seen, enrolmentId: number, stepKey: string): boolean {
  return event.properties?.['enrolment'] === enrolmentId && event.properties['step'] === stepKey;
}

/** Why a message came to nothing, as far as it was told. */
export function said({ properties }: Seen): string {
  const code = properties?.['code'];
  return typeof code === 'string' ? code : 'no reason was told';
}
