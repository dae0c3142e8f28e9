/** What is told of messages, and of waits in words. Pure. */
import type { SendStep } from '../../../contract/campaign.ts';
import type { Seen } from '../match/facts.ts';
import { SEND_TELLS } from './version.ts';

/** Until when a wait is, in words. */
export function zoneTold(thenAt: string | undefined, zone: string): string {
  return thenAt === undefined ? 'for a time' : `until ${thenAt} in ${zone}`;
}

/** Whether what Parley tells is of the message that this enrolment sent at a step. */
export function isOfSend(event: Seen, enrolmentId: number, stepKey: string): boolean {
  return event.properties?.['enrolment'] === enrolmentId && event.properties['step'] === stepKey;
}

/** Whether it tells what became of a message. */
export function isOfSends(name: string): boolean {
  return (SEND_TELLS as readonly string[]).includes(name);
}

/** Along which edge goes who waits to hear of a message, and what is said of it; undefined while they wait on. */
export function edgeOfSend(
  until: SendStep['await'],
  event: Seen,
): [edge: 'next' | 'failed' | 'suppressed', detail: string] | undefined {
  if (event.name === '$failed') return ['failed', `it failed: ${said(event)}`];
  if (event.name === '$suppressed') return ['suppressed', said(event)];
  const isWanted = event.name === '$delivered' || (until === 'accepted' && event.name === '$accepted');
  return isWanted ? ['next', event.name.slice(1)] : undefined;
}

/** Why a message came to nothing, as far as it was told. */
function said({ properties }: Seen): string {
  const code = properties?.['code'];
  return typeof code === 'string' ? code : 'no reason was told';
}
