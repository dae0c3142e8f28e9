/**
 * What makes two addresses the same, and under which hash they are kept: the one place that knows the form of an identity.
 * Holds no statement.
 */
import { TOKEN_KIND, WHATSAPP_USER_ID, type ChannelName } from '../../contract/channels.ts';
import { hash32 } from '../base/crypto.ts';
import { bucketOf, BUCKETS } from '../base/ids.ts';
import { formerSpellings, oneSpelling, whatsappSpelling } from '../content/phone.ts';

/**
 * What a contact can be known by; `anonymous` is an id of a device whose user is not known, `group` that of a group as a contact,
 * `connect` that of an account that authorised the workspace.
 */
export type IdentityKind =
  | 'external'
  | 'phone'
  | 'email'
  | 'token'
  | 'whatsapp'
  | 'webhook'
  | 'anonymous'
  | 'group'
  | 'connect';

/**
 * Something one contact of a workspace owns: an id of the caller's, a phone number in E.164, an e-mail address, a token, an address
 * in a system that is a channel.
 */
export type Identity = { kind: IdentityKind; value: string };

/** An identity as it is stored and compared. */
export type Key = Identity & { hash: number; workspaceId: number };

/** Addresses and identities are indexed, and Postgres refuses entries above 2,704 bytes. */
export const ADDRESS_BYTES = 2048;

const KIND_OF_CHANNEL: Partial<Record<ChannelName, IdentityKind>> = {
  sms: 'phone',
  whatsapp: 'phone',
  voice: 'phone',
  email: 'email',
  webhook: 'webhook',
};

/** The kind of identity an address of this channel is; undefined where an address says nothing about whose it is. */
export function kindOfChannel(channel: ChannelName): IdentityKind | undefined {
  return KIND_OF_CHANNEL[channel];
}

/**
 * What an address on a channel says about whose it is. On WhatsApp it is a number, or the id of a person whose number is
 * hidden: that is an identity of its own.
 */
export function identityOfAddress(channel: ChannelName, address: string): Identity | undefined {
  if (channel === 'whatsapp' && WHATSAPP_USER_ID.test(address)) return { kind: 'whatsapp', value: address };
  const kind = KIND_OF_CHANNEL[channel];
  return kind && { kind, value: address };
}

/**
 * A normalised address as it is stored. E-mail addresses are kept in lower case: no provider of note tells `Ann@` from
 * `ann@`, and people write both. A number that WhatsApp spells otherwise than its owner is one address.
 */
export function addressOf(channel: ChannelName, address: string): string {
  if (channel === 'email') return address.toLowerCase();
  if (channel === 'whatsapp') return whatsappSpelling(address);
  return KIND_OF_CHANNEL[channel] === 'phone' ? oneSpelling(address) : address;
}

/** An address in the spellings by which it may have been stored before there was one: what is kept of erased people names it so. */
export function formerAddresses(channel: ChannelName, address: string): string[] {
  const isPhone = KIND_OF_CHANNEL[channel] === 'phone';
  // Argentina's 9 is WhatsApp's own.
  return isPhone && (channel === 'whatsapp' || !address.startsWith('+549')) ? formerSpellings(address) : [];
}

const SPELLED: Partial<Record<IdentityKind, (value: string) => string>> = {
  email: (value) => addressOf('email', value),
  // A phone is one person's, on whatever channel and however it is spelled there.
  phone: whatsappSpelling,
  // A device is one, whether or not its kind is said.
  token: (value) => value.replace(TOKEN_KIND, ''),
};

/** The key of an identity. */
export function keyOf(workspaceId: number, identity: Identity): Key {
  const { kind } = identity;
  const value = (SPELLED[kind] ?? String)(identity.value);
  return { workspaceId, kind, value, hash: hash32(`${workspaceId}|${kind}|${value}`) };
}

/** A key as text, for maps. */
export function keyText(key: Key): string {
  return `${key.workspaceId}|${key.kind}|${key.value}`;
}

/** What tells a destination of a contact from its others. */
export type DestinationKey = {
  workspaceId: number;
  contactId: number;
  channel: ChannelName;
  integrationId: number | null;
  /** As addressOf gives it. */
  address: string;
};

const LOW_BITS = 2 ** 9;

/**
 * The id of a destination: in its contact's bucket, and derived, so that an address is linked to a contact once, however many
 * ask for it at the same moment, by the primary key alone. 41 bits of hash, within one contact. It says nothing of time.
 * An index of its own for this took 40 % of the time of writing destinations.
 */
export function destinationIdOf(key: DestinationKey): number {
  const text = `${key.contactId}|${key.channel}|${key.integrationId ?? ''}|${key.address}`;
  const high = (hash32(text) >>> 0) * LOW_BITS + ((hash32(`2|${text}`) >>> 0) % LOW_BITS);
  // 0 is no id.
  return Math.max(high, 1) * BUCKETS + bucketOf(key.contactId);
}
