/**
 * Users and events as they come (api/outbound.md §A.3, §A.4): each is read whole or refused with the field and the rule. Clients send
 * null and empty values for what they do not know; those are passed over. Pure.
 */
import type { TrackedEvent } from '../../campaigns/events/arrive.ts';
import { EVENT_LIMITS, isMilliseconds } from '../../campaigns/events/time.ts';
import { parseIsoTime } from '../../base/clock.ts';
import { breaks, isFault, type Fault } from '../../base/fault.ts';
import { hasSigns, isStorable, UNSTORABLE } from '../../base/storable.ts';
import { ADDRESS_BYTES, type Identity } from '../../contacts/keys.ts';
import { checkContactChange, CONTACT_LIMITS, isInexact } from '../../contacts/profile.ts';
import type { Profile } from '../../contacts/wanted.ts';
import { normaliseEmail } from '../../content/address.ts';
import { normalisePhone } from '../../content/phone.ts';

/** A push service as this API names them; gcm is what fcm was called. */
export const SERVICES = ['apns', 'gcm', 'fcm'] as const;
/** A push service. */
export type PushApi = (typeof SERVICES)[number];

/** A body, or a part of one. */
export type Fields = Readonly<Record<string, unknown>>;

/** Whom a call is about: a user of the business's own, or a device whose user is not known. */
export type OutboundUser = Identity & { kind: 'external' | 'anonymous' };

/** A device's address at a push service. */
type Token = { service: PushApi; token: string };

/** Another id of a user: one of before, under which a device or a user was known, or that of the device the call comes from. */
export type Before = { id: string; field: 'previous_id' | 'anon_id' };

/** A user, read. */
export type ReadUser = {
  who: OutboundUser;
  /** What the user was known by before, and devices that are the user's. */
  before: readonly Before[];
  email: string | undefined;
  phone: string | undefined;
  profile: Profile;
  tokens: Token[];
  group: { id: string; attributes: Record<string, unknown> } | undefined;
};

/** Tokens of one service in one call. */
const MOST_TOKENS = 100;
/** Levels of lists and objects in properties: what walks them does so by recursion. */
const MOST_DEPTH = 32;

/** The user of a body; `at` stands before the names of fields. `country` is where numbers without a plus are from. */
export function readUser(body: Fields, at: string, country: string, known?: OutboundUser): ReadUser | Fault {
  const who = known && !isGiven(body['user_id']) && !isGiven(body['anon_id']) ? known : readWho(body, at);
  if (isFault(who)) return who;
  const before = readBefore(body, at);
  if (isFault(before)) return before;
  const email = isGiven(body['email']) ? normaliseEmail(body['email'], `${at}email`) : undefined;
  if (isFault(email)) return email;
  const phone = isGiven(body['phone_number'])
    ? normalisePhone(asText(body['phone_number']), { defaultCountry: country, path: `${at}phone_number` })
    : undefined;
  if (isFault(phone)) return phone;
  const tokens: Token[] = [];
  for (const service of SERVICES) {
    const read = readTokens(body[service], `${at}${service}`);
    if (isFault(read)) return read;
    tokens.push(...read.map((token) => ({ service, token })));
  }
  const group = readGroup(body, at);
  if (isFault(group)) return group;
  const profile = readProfile(body, at, group);
  if (isFault(profile)) return profile;
  return { who, before, email, phone: phone?.e164, profile, tokens, group };
}

/** What else a user is known by: `previous_id`, and beside a `user_id` the `anon_id` of the device. */
function readBefore(body: Fields, at: string): Before[] | Fault {
  const before: Before[] = [];
  for (const field of ['previous_id', 'anon_id'] as const) {
    if (field === 'anon_id' && !isGiven(body['user_id'])) continue;
    const id = readOptionalId(body[field], `${at}${field}`);
    if (isFault(id)) return id;
    if (id !== undefined) before.push({ id, field });
  }
  return before;
}

/** Whom a body is about. */
export function readWho(body: Fields, at: string): OutboundUser | Fault {
  const isAnonymous = !isGiven(body['user_id']) && isGiven(body['anon_id']);
  const field = isAnonymous ? 'anon_id' : 'user_id';
  const value = readId(body[field], `${at}${field}`);
  return isFault(value) ? value : { kind: isAnonymous ? 'anonymous' : 'external', value };
}

/** An id of the caller's: 1 and "1" are one. */
export function readId(value: unknown, field: string): string | Fault {
  if (value === undefined || value === null || value === '') return breaks(field, 'is required');
  if (typeof value === 'number')
    return isInexact(value)
      ? breaks(field, 'is a number too large to be kept exactly; send it as a string')
      : String(value);
  if (typeof value !== 'string') return breaks(field, 'must be a string or a number');
  if (value.length > CONTACT_LIMITS.externalId)
    return breaks(field, `needs 1 to ${CONTACT_LIMITS.externalId} characters`);
  return isStorable(value) ? value : breaks(field, UNSTORABLE);
}

/** A token of a device. */
export function readToken(value: unknown, field: string): string | Fault {
  if (value === undefined || value === null || value === '') return breaks(field, 'is required');
  if (typeof value !== 'string') return breaks(field, 'must be a string');
  if (Buffer.byteLength(value) > ADDRESS_BYTES) return breaks(field, `needs at most ${ADDRESS_BYTES} bytes`);
  return isStorable(value) ? value : breaks(field, UNSTORABLE);
}

/** The event of a body, without whose it is. */
export function readEvent(body: Fields, at: string): TrackedEvent | Fault {
  const { event, properties, message_id: id, history } = body;
  if (event === undefined || event === null) return breaks(`${at}event`, 'is required');
  if (typeof event !== 'string') return breaks(`${at}event`, 'must be a string');
  if (!hasSigns(event, 1, EVENT_LIMITS.name))
    return breaks(`${at}event`, `needs 1 to ${EVENT_LIMITS.name} characters`);
  const read = readObject(properties, `${at}properties`);
  if (isFault(read)) return read;
  const timestamp = readTime(body['timestamp'], `${at}timestamp`);
  if (isFault(timestamp)) return timestamp;
  const sentAt = readTime(body['sent_at'], `${at}sent_at`);
  if (isFault(sentAt)) return sentAt;
  const key = readOptionalId(id, `${at}message_id`);
  if (isFault(key)) return key;
  if (isGiven(history) && typeof history !== 'boolean')
    return breaks(`${at}history`, 'must be true or false');
  return {
    name: event,
    properties: read,
    timestamp,
    sentAt,
    ...(key === undefined ? {} : { key: `m:${key}` }),
    ...(history === true ? { history } : {}),
  };
}

/** Unix seconds or milliseconds: a number, or a time with a zone as text. */
export function readTime(value: unknown, field: string): number | undefined | Fault {
  if (!isGiven(value)) return undefined;
  const time = typeof value === 'string' ? (timeIn(value) ?? numberIn(value)) : value;
  return typeof time === 'number' && Number.isFinite(time) && time >= 0 && time < 1e15
    ? time
    : breaks(field, 'must be a time in unix seconds or milliseconds, or a text with a zone');
}

/** Whether something is said: clients send null and empty values for what they do not know. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

/** A time as text; where its milliseconds would be taken for seconds (`clientMs`), it is in these. */
function timeIn(text: string): number | undefined {
  const ms = parseIsoTime(text);
  return ms === undefined || isMilliseconds(ms) ? ms : ms / 1000;
}

function numberIn(text: string): number | undefined {
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
}

/** Numbers are also sent as numbers. */
function asText(value: unknown): unknown {
  return typeof value === 'number' ? String(value) : value;
}

/** An id that may be left out. */
export function readOptionalId(value: unknown, field: string): string | undefined | Fault {
  return isGiven(value) ? readId(value, field) : undefined;
}

function readTokens(value: unknown, field: string): string[] | Fault {
  if (!isGiven(value)) return [];
  const given: unknown[] = Array.isArray(value) ? value : [value];
  if (given.length > MOST_TOKENS) return breaks(field, `needs at most ${MOST_TOKENS} tokens`);
  const tokens: string[] = [];
  for (const [i, one] of given.entries()) {
    const token = readToken(one, Array.isArray(value) ? `${field}[${i}]` : field);
    if (isFault(token)) return token;
    tokens.push(token);
  }
  return [...new Set(tokens)];
}

function readGroup(body: Fields, at: string): ReadUser['group'] | Fault {
  const attributes = readObject(body['group_attributes'], `${at}group_attributes`);
  if (isFault(attributes)) return attributes;
  const id = readOptionalId(body['group_id'], `${at}group_id`);
  if (isFault(id)) return id;
  if (id === undefined)
    return Object.keys(attributes).length > 0
      ? breaks(`${at}group_id`, 'is required with group_attributes')
      : undefined;
  const broken = checkContactChange({ attributes }, '');
  return isFault(broken) ? renamed(broken, `${at}group_attributes`) : { id, attributes };
}

/** Names of the wire, and of a contact. */
const NAMES = {
  first_name: 'givenName',
  last_name: 'surname',
  timezone: 'timeZone',
  attributes: 'attributes',
};

function readProfile(body: Fields, at: string, group: ReadUser['group']): Profile | Fault {
  const attributes = readObject(body['attributes'], `${at}attributes`);
  if (isFault(attributes)) return attributes;
  const fields: Record<string, unknown> = {};
  for (const [wire, own] of Object.entries(NAMES)) if (isGiven(body[wire])) fields[own] = body[wire];
  if (body['attributes'] !== undefined || group)
    fields['attributes'] = { ...attributes, ...(group && { group_id: group.id }) };
  const read = checkContactChange(fields, '') as Profile | Fault;
  if (isFault(read)) {
    const own = Object.entries(NAMES).find(([, name]) => read.field?.startsWith(`.${name}`));
    return renamed(read, `${at}${own?.[0] ?? ''}`);
  }
  return group ? { ...read, attributes: { ...read.attributes, group: group.attributes } } : read;
}

/** The fault of a field of a contact, as one of the field of the wire behind it. */
function renamed(given: Fault, field: string): Fault {
  const rest = given.field?.replace(/^\.\w+/, '') ?? '';
  const rule = given.message.slice((given.field ?? '').length).replace(/^: /, '');
  return breaks(`${field}${rest}`, rule);
}

/** An object; nothing, null and an empty list (which is how PHP writes an empty object) are an empty one. */
function readObject(value: unknown, field: string): Record<string, unknown> | Fault {
  if (!isGiven(value) || (Array.isArray(value) && value.length === 0)) return {};
  if (typeof value !== 'object' || Array.isArray(value)) return breaks(field, 'must be an object');
  return isDeeper(value, MOST_DEPTH)
    ? breaks(field, `must not be nested more than ${MOST_DEPTH} levels`)
    : (value as Record<string, unknown>);
}

/** Whether a value has more levels than so many; looks no deeper. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}
