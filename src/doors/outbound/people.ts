/** Who users are and what they do: `identify` and `track`, one or a hundred at a time (api/outbound.md §A.2 to §A.4). */
import { Type } from 'typebox';
import { breaks, fault, isFault, type Fault } from '../../base/fault.ts';
import { isGiven, readEvent, readOptionalId, readUser, readWho, type Fields } from './read.ts';
import { isListOfPhone, keyOf, onceOf } from './repeat.ts';
import { Body, DONE, keeps, type Call, type Route, type DoneForMost } from './route.ts';
import { tell } from './tell.ts';
import type { ToldOfOne } from './wanted.ts';

const LIST_BYTES = 1024 * 1024;
/** Users or events in one call (api/outbound.md §A.2). */
export const MOST_LISTED = 100;

const List = Type.Array(Body);

/** `/v2/identify…`, `/v2/track…`. */
export const peopleRoutes: readonly Route[] = [
  keeps({
    path: '/v2/identify',
    does: 'Who a user is.',
    action: 'people.tell',
    body: Body,
    handle: (call) => take(call, [call.body], readIdentify),
  }),
  keeps({
    path: '/v2/identify/batch',
    does: 'Who users are.',
    action: 'people.tell',
    body: List,
    list: true,
    bodyBytes: LIST_BYTES,
    handle: (call) => take(call, call.body, readIdentify),
  }),
  keeps({
    path: '/v2/track',
    does: 'What a user did.',
    action: 'people.tell',
    body: Body,
    handle: (call) => take(call, [call.body], readTrack),
  }),
  keeps({
    path: '/v2/track/batch',
    does: 'What users did.',
    action: 'people.tell',
    body: List,
    list: true,
    bodyBytes: LIST_BYTES,
    handle: (call) => take(call, call.body, readTrack),
  }),
];

type Read = (body: Fields, at: string, call: Call<unknown>, index: number) => ToldOfOne | Fault;

function readIdentify(body: Fields, at: string, call: Call<unknown>, index: number): ToldOfOne | Fault {
  const user = readUser(body, at, call.workspace.country);
  if (isFault(user)) return user;
  const id = readOptionalId(body['message_id'], `${at}message_id`);
  if (isFault(id)) return id;
  const key = id === undefined ? undefined : `m:${id}`;
  const { timestamp } = body;
  return { who: user.who, user, at, once: onceOf(call, 'identify', user, { key, timestamp, index }) };
}

function readTrack(body: Fields, at: string, call: Call<unknown>, index: number): ToldOfOne | Fault {
  const { workspace, caller } = call;
  const who = readWho(body, at);
  if (isFault(who)) return who;
  const event = readEvent(body, at);
  if (isFault(event)) return event;
  if (event.history && caller.scope === 'public')
    return fault('forbidden', `${at}history: takes the private key`, { field: `${at}history` });
  const told = body['user'];
  if (isGiven(told) && (typeof told !== 'object' || Array.isArray(told)))
    return breaks(`${at}user`, 'must be an object');
  const user = told ? readUser(told as Fields, `${at}user.`, workspace.country, who) : undefined;
  if (isFault(user)) return user;
  if (user && (user.who.kind !== who.kind || user.who.value !== who.value))
    return breaks(`${at}user.${FIELD[user.who.kind]}`, 'must be the one whose event it is');
  const { key, name, properties, timestamp } = event;
  // An event alone is known where it is taken; what is told of its user is not looked at there.
  const once = user && onceOf(call, 'track', { user, name, properties }, { key, timestamp, index });
  return { who, user, at: `${at}user.`, event: { ...event, ...keyOf(event, call, index) }, once };
}

const FIELD = { external: 'user_id', anonymous: 'anon_id' } as const;

/** Faults of what would be refused again, however often it came. */
const FOR_EVER: readonly Fault['fault'][] = ['bad_request', 'forbidden', 'unprocessable'];

/**
 * All of a call, or nothing. A phone tells nobody of an answer, and sends a list that is refused again and again, with what is to come behind it, or throws
 * it away whole: of such a list what is good was kept, and it is answered as taken. What was not is in the log of requests.
 */
async function take(
  call: Call<unknown>,
  bodies: readonly unknown[],
  read: Read,
): Promise<DoneForMost | Fault> {
  const isList = Array.isArray(call.body);
  const entries: (ToldOfOne | Fault)[] = [];
  for (const [index, body] of bodies.entries()) {
    const place = isList ? `[${index}].` : '';
    const entry = read(body as Fields, place, call, index);
    if (isFault(entry) && !isListOfPhone(call)) return entry;
    entries.push(isFault(entry) ? entry : { ...entry, place });
  }
  const told = await tell(call, entries);
  if (!isFault(told)) return DONE;
  return isListOfPhone(call) && FOR_EVER.includes(told.fault) ? { ...DONE, leaves: told } : told;
}
