/** What this door's webhooks can be told of (api/web1on1.md §B.10). */
import { MESSAGE_TYPES } from '../../../contract/doors/web1on1/bodies.ts';
import { THREAD_TYPES } from '../../threads/participants.ts';

const MESSAGES = THREAD_TYPES.flatMap((thread) =>
  MESSAGE_TYPES.map((message) => `message.create.${thread}.${message}`),
);

/** Every event. */
export const EVENTS: readonly string[] = [
  'conversation.create',
  'conversation.update',
  'channel.notify',
  ...MESSAGES,
];

/** True when somebody may ask to be told of it: an event, the beginning of some, or either with `*` for any of its parts. */
export function isOffered(asked: string): boolean {
  return EVENTS.some((event) => tells([asked], event));
}

/** True when who asked for these is told of an event. `*` stands for any one part, and what is not said may be anything. */
export function tells(asked: readonly string[], event: string): boolean {
  const parts = event.split('.');
  return asked.some((name) => {
    const wanted = name.split('.');
    return wanted.length <= parts.length && wanted.every((part, at) => part === '*' || part === parts[at]);
  });
}
