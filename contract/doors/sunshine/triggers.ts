/** What this door tells of, and the short names for several at once (api/sunshine.md §8.1). */

/** Every trigger of v1.1. */
export const TRIGGERS = [
  'appUser:delete',
  'client:add',
  'client:remove',
  'conversation:read',
  'conversation:referral',
  'conversation:start',
  'link:failure',
  'link:match',
  'link:success',
  'merge:appUser',
  'message:appMaker',
  'message:appUser',
  'message:delivery:channel',
  'message:delivery:failure',
  'message:delivery:user',
  'notification:delivery:channel',
  'notification:delivery:failure',
  'notification:delivery:user',
  'payment:success',
  'postback',
  'typing:appUser',
] as const;

/** A trigger. */
export type Trigger = (typeof TRIGGERS)[number];

/** `*` leaves typing out, as clients of old expect. */
const SHORT: Readonly<Record<string, readonly Trigger[]>> = {
  message: ['message:appMaker', 'message:appUser'],
  '*': TRIGGERS.filter((trigger) => trigger !== 'typing:appUser'),
};

/** What may be asked for. */
export const OFFERED: readonly string[] = [...TRIGGERS, ...Object.keys(SHORT)];

/** True when a webhook with these triggers is told of one of them. */
export function tells(triggers: readonly string[], trigger: Trigger): boolean {
  return triggers.includes(trigger) || triggers.some((name) => SHORT[name]?.includes(trigger));
}
