/**
 * A message from a person on WhatsApp. What a kind of message has that others do not goes into `raw`, so that nothing is
 * lost; files are only named here, `media.ts` says how to get them.
 */
import type { Inbound } from '../adapter.ts';
import { objectIn, objectsIn, textIn, type Json } from '../kit/json.ts';
import { mediaUrl } from './media.ts';

type Said = Pick<Inbound, 'text'> &
  Partial<Pick<Inbound, 'media' | 'location' | 'payload' | 'replyTo'>> & { raw?: Json };

/** How each kind of message is read. */
const KINDS: Readonly<Record<string, (message: Json) => Said>> = {
  text: (message) => ({ text: textIn(objectIn(message, 'text'), 'body') ?? '' }),
  image: (message) => file(message, 'image'),
  video: (message) => file(message, 'video'),
  audio: (message) => file(message, 'audio'),
  document: (message) => file(message, 'document'),
  sticker: (message) => file(message, 'sticker'),
  location: place,
  button: (message) => choice(objectIn(message, 'button'), 'text', 'payload'),
  interactive: interactive,
  reaction: reaction,
  contacts: (message) => ({
    text: objectsIn(message, 'contacts').map(contactLine).filter(Boolean).join('\n'),
    raw: { contacts: message.contacts },
  }),
  order: (message) => ({
    text: textIn(objectIn(message, 'order'), 'text') ?? '',
    raw: { order: message.order },
  }),
};
/** About a person, but not said by them: a changed number, a chat that was opened. */
const NOT_SAID: readonly unknown[] = ['system', 'request_welcome'];

/** The message; undefined when nobody said it or it cannot be told who did. */
export function inboundOf(message: Json, contacts: readonly Json[], to: string): Inbound | undefined {
  const externalId = textIn(message, 'id');
  const type = textIn(message, 'type') ?? 'unknown';
  const who = whoWrote(message, contacts);
  if (!externalId || !who || NOT_SAID.includes(type)) return undefined;
  const read = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  const { raw, media = [], replyTo, ...said } = read?.(message) ?? { text: '', raw: unreadable(message) };
  const context = objectIn(message, 'context');
  const answered = replyTo ?? textIn(context, 'id');
  const atMs = secondsOf(message.timestamp);
  return {
    externalId,
    from: who.from,
    to,
    media,
    ...said,
    ...(who.name ? { profileName: who.name } : {}),
    ...(answered ? { replyTo: answered } : {}),
    raw: {
      ...who.raw,
      ...(type === 'text' ? {} : { type }),
      ...(message.referral ? { referral: message.referral } : {}),
      ...(context?.forwarded || context?.frequently_forwarded ? { forwarded: true } : {}),
      ...(context?.referred_product ? { referredProduct: context.referred_product } : {}),
      ...raw,
    },
    ...(atMs === undefined ? {} : { atMs }),
  };
}

/**
 * Who wrote: the number, or the user id of somebody whose number is hidden. `raw` is what Sunshine keeps of a WhatsApp
 * client, and the ids.
 */
export function whoWrote(
  message: Json,
  contacts: readonly Json[],
): { from: string; name: string | undefined; raw: Json } | undefined {
  const number = textIn(message, 'from');
  const id = textIn(message, 'from_user_id');
  const contact =
    contacts.find(
      ({ wa_id, user_id }) => (number && wa_id === number) || (id !== undefined && user_id === id),
    ) ?? (contacts.length === 1 ? contacts[0] : undefined);
  const userId = id ?? textIn(contact, 'user_id');
  const digits = number ?? textIn(contact, 'wa_id');
  const from = digits && /^\d{5,15}$/.test(digits) ? `+${digits}` : (userId ?? digits);
  if (!from) return undefined;
  const profile = objectIn(contact, 'profile');
  const name = textIn(profile, 'name');
  const username = textIn(profile, 'username');
  const raw = {
    from: digits ?? from,
    ...(name ? { profile: { name } } : {}),
    ...(userId ? { userId } : {}),
    ...(username ? { username } : {}),
  };
  return { from, name, raw };
}

/** Unix ms of Meta's seconds, which are text. */
export function secondsOf(value: unknown): number | undefined {
  return typeof value === 'string' && /^\d{1,11}$/.test(value) ? Number(value) * 1000 : undefined;
}

function file(message: Json, type: string): Said {
  const given = objectIn(message, type);
  const id = textIn(given, 'id');
  const mediaType = textIn(given, 'mime_type');
  const name = textIn(given, 'filename');
  return {
    text: textIn(given, 'caption') ?? '',
    media: id ? [{ url: mediaUrl(id), ...(mediaType ? { mediaType } : {}), ...(name ? { name } : {}) }] : [],
    ...(given?.voice === true ? { raw: { voice: true } } : {}),
  };
}

function place(message: Json): Said {
  const given = objectIn(message, 'location');
  const lat = Number(given?.latitude);
  const long = Number(given?.longitude);
  if (!(Math.abs(lat) <= 90 && Math.abs(long) <= 180)) return { text: '', raw: { location: given } };
  const name = textIn(given, 'name');
  const address = textIn(given, 'address');
  return {
    text: '',
    location: { lat, long, ...(name ? { name } : {}), ...(address ? { address } : {}) },
  };
}

function interactive(message: Json): Said {
  const given = objectIn(message, 'interactive');
  const tapped = objectIn(given, 'button_reply') ?? objectIn(given, 'list_reply');
  if (tapped) return choice(tapped, 'title', 'id');
  // An answered form (a WhatsApp Flow): the answers are JSON in `response_json`.
  const form = objectIn(given, 'nfm_reply');
  return { text: textIn(form, 'body') ?? '', raw: { interactive: given } };
}

function choice(given: Json | undefined, label: string, key: string): Said {
  const payload = textIn(given, key);
  return { text: textIn(given, label) ?? '', ...(payload ? { payload } : {}) };
}

/** Without an emoji a reaction was taken back. */
function reaction(message: Json): Said {
  const given = objectIn(message, 'reaction');
  const about = textIn(given, 'message_id');
  return {
    text: textIn(given, 'emoji') ?? '',
    ...(about ? { replyTo: about } : {}),
    raw: { reaction: given },
  };
}

function contactLine(contact: Json): string {
  const phone = objectsIn(contact, 'phones').map((entry) => textIn(entry, 'phone'))[0];
  return [textIn(objectIn(contact, 'name'), 'formatted_name'), phone].filter(Boolean).join(' ');
}

function unreadable(message: Json): Json {
  const type = textIn(message, 'type');
  return {
    ...(message.errors ? { errors: message.errors } : {}),
    ...(type && message[type] !== undefined ? { [type]: message[type] } : {}),
  };
}
