/** What this door's webhooks can be told of (api/web1on1.md §B.10). */
import { MESSAGE_TYPES } from '../../../contract/web1on1.ts';
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

/** What may be asked for: events, and the beginnings of several. */
export const OFFERED: readonly string[] = [
  '*',
  'conversation.*',
  'message.*',
  'message.create',
  'message.create.*',
  ...THREAD_TYPES.flatMap((thread) => [`message.create.${thread}`, `message.create.${thread}.*`]),
  ...EVENTS,
];

/** True when who asked for these is told of an event. */
export function tells(asked: readonly string[], event: string): boolean {
  return asked.some((name) => {
    const begin = name.replace(/\.?\*$/, '');
    return begin === '' || event === begin || event.startsWith(`${begin}.`);
  });
}
