/**
 * What a company may do for an account that connected to it: a closed list, in the words in which it is asked for. Whether it may is
 * decided here and nowhere else.
 */
import { fault, type Fault } from '../base/fault.ts';

/** What a grant can allow. */
export const ABILITIES = [
  'messages',
  'notifications',
  'announcements',
  'groups',
  'orders',
  'actions',
] as const;
/** Something a grant can allow. */
export type Ability = (typeof ABILITIES)[number];

/** The same in plain words; `{company}` is the company's name. */
export const ABILITY_WORDS: Readonly<Record<Ability, string>> = {
  messages: 'Write to you, and read what you answer',
  notifications: 'Send you notifications',
  announcements: 'Add you to its announcements, for as long as you are connected',
  groups: 'Add you to group chats that it runs, and take you out again',
  orders:
    'Create, change and delete its orders in your account. Your customers may be texted about them from your number',
  actions: 'Offer you ready-made actions for your account; none runs until you switch it on',
};

/**
 * Whether a grant allows it now. Ask it of a grant that was read in the transaction that acts (`holdGrant`): after a disconnect the very
 * next call is refused.
 */
export function mayOnBehalf(
  grant: { allows: readonly string[]; disconnectedMs?: number | null; connectId: string | null },
  ability: Ability,
): true | Fault {
  if (typeof grant.disconnectedMs === 'number')
    return fault('forbidden', `The account of connect_id ${grant.connectId} has disconnected.`);
  return grant.allows.includes(ability)
    ? true
    : fault('forbidden', `The account of connect_id ${grant.connectId} has not allowed ${ability}.`);
}
