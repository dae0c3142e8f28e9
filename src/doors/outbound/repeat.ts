/** What an event that is told again is known by. */
import type { TrackedEvent } from '../../campaigns/events/arrive.ts';
import type { Call } from './route.ts';

/**
 * The event's own id, else the call's with the place in it and the name: of two calls under one id, to two paths say, each is one. Old iOS makes a new call id per attempt, so there the content decides: with the
 * time, without which all that somebody does under one name would be one.
 */
export function keyOf(
  { key, name, timestamp }: Pick<TrackedEvent, 'key' | 'name' | 'timestamp'>,
  { client, guid }: Call['query'],
  index: number,
): Pick<TrackedEvent, 'key' | 'sameAsContent'> {
  if (key !== undefined) return {};
  if (/^ios\//i.test(client) && timestamp !== undefined) return { sameAsContent: true };
  return guid === undefined ? {} : { key: `g:${guid}#${index} ${name}` };
}
