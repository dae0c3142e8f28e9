/** By what a call is known that is made again: an event, and whatever else is told of users. */
import { canonicalJson } from '../../base/canonical.ts';
import type { TrackedEvent } from '../../campaigns/events/arrive.ts';
import type { Call } from './route.ts';

/**
 * The event's own id, else the call's with the place in it and the name: of two calls under one id, to two paths say, each is one. Where every
 * attempt has an id of its own the content decides: with the time, without which all that somebody does under one name would be one.
 */
export function keyOf(
  { key, name, timestamp }: Pick<TrackedEvent, 'key' | 'name' | 'timestamp'>,
  call: Call<unknown>,
  index: number,
): Pick<TrackedEvent, 'key' | 'sameAsContent'> {
  if (key !== undefined) return {};
  if (timestamp !== undefined && isAnewEachTime(call)) return { sameAsContent: true };
  const { guid } = call.query;
  return guid === undefined ? {} : { key: `g:${guid}#${index} ${name}` };
}

/**
 * What is told of a user, or of what is theirs (`what`: which of them; `said`: all that counts of it): by an id of its own, else by the call's
 * with the place in it, or by the time where every attempt has another. What it says belongs to it: whoever gives one id to two
 * calls loses neither. Undefined where nobody can tell.
 */
export function onceOf(call: Call<unknown>, what: string, said: object, by: By = {}): string | undefined {
  const known = knownBy(call, by);
  return known && `${known} ${what} ${canonicalJson(said)}`;
}

type By = { key?: string | undefined; timestamp?: unknown; index?: number };

function knownBy(call: Call<unknown>, { key, timestamp, index = 0 }: By): string | undefined {
  if (key !== undefined) return key;
  if (typeof timestamp === 'number' && isAnewEachTime(call)) return `t:${timestamp}`;
  return call.query.guid && `g:${call.query.guid}#${index}`;
}

/** Whether each attempt comes under another id: old iOS, and Connect's libraries, which on Android are those that send lists. */
function isAnewEachTime({ query: { client }, body }: Call<unknown>): boolean {
  return /^ios\//i.test(client) || (Array.isArray(body) && /^android\//i.test(client));
}

/** Whether it is a list that a phone gathered. */
export function isListOfPhone({ query: { client }, body }: Call<unknown>): boolean {
  return Array.isArray(body) && /^(?:android|ios)\//i.test(client);
}
