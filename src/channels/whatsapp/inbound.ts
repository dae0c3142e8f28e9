/**
 * A message from a person on WhatsApp. What a kind of message has that others do not goes into its `facts`, so that nothing is
 * lost, and what has no words is told in words: nobody is shown an empty message. Files are only named here, `media.ts` says how
 * to get them.
 */
import type { Inbound } from '../adapter.ts';
import { objectIn, objectsIn, textIn, type Json } from '../kit/json.ts';
import { jsonObject } from '../kit/outcome.ts';
import { mediaUrl } from './media.ts';

type Said = Pick<Inbound, 'text'> &
  Partial<Pick<Inbound, 'media' | 'location' | 'payload' | 'replyTo'>> & { facts?: Json };

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
    facts: { contacts: message.contacts },
  }),
  order: order,
  edit: edited,
  revoke: (message) => ({
    text: '[deleted a message]',
    ...answering(textIn(objectIn(message, 'revoke'), 'original_message_id')),
    facts: { revoke: message.revoke },
  }),
};
/** About a person, but not said by them: a changed number, a chat that was opened. */
const NOT_SAID: readonly unknown[] = ['system', 'request_welcome'];

/** The message; undefined when nobody said it or it cannot be told who did. */
export function inboundOf(message: Json, contacts: ToldContacts, to: string): Inbound | undefined {
  const externalId = textIn(message, 'id');
  const type = textIn(message, 'type') ?? 'unknown';
  const who = whoWrote(message, contacts);
  if (!externalId || !who) return undefined;
  const atMs = secondsOf(message.timestamp);
  const base = { externalId, from: who.from, to, ...(atMs === undefined ? {} : { atMs }) };
  if (NOT_SAID.includes(type)) {
    const movedTo = type === 'system' ? newNumberIn(objectIn(message, 'system')) : undefined;
    return movedTo === undefined ? undefined : { ...base, text: '', media: [], movedTo, raw: {} };
  }
  const read = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  const { facts, media = [], replyTo, ...said } = read?.(message) ?? { text: '', facts: unreadable(message) };
  const context = objectIn(message, 'context');
  const answered = replyTo ?? textIn(context, 'id');
  const isEmpty = !said.text && !media.length && !said.location;
  const more = {
    ...(message.referral ? { referral: message.referral } : {}),
    ...(context?.forwarded || context?.frequently_forwarded ? { forwarded: true } : {}),
    ...(context?.referred_product ? { referredProduct: context.referred_product } : {}),
    ...(message.errors ? { errors: message.errors } : {}),
    ...facts,
  };
  return {
    ...base,
    media,
    ...said,
    ...(isEmpty ? { text: read ? `[${type}]` : '[a kind of message that cannot be shown]' } : {}),
    ...(who.name ? { profileName: who.name } : {}),
    ...(answered ? { replyTo: answered } : {}),
    ...(Object.keys(more).length ? { facts: { kind: type, ...more } } : {}),
    raw: { ...who.raw, ...(type === 'text' ? {} : { type }), ...more },
  };
}

/** The number that a person has from now on (`user_changed_number`). */
function newNumberIn(system: Json | undefined): string | undefined {
  const type = textIn(system, 'type');
  // `customer_changed_number`, `customer_identity_changed`: their names before 2023.
  if (type !== 'user_changed_number' && type !== 'customer_changed_number') return undefined;
  const number = textIn(system, 'wa_id') ?? textIn(system, 'new_wa_id');
  return number && /^\d{5,15}$/.test(number) ? `+${number}` : undefined;
}

/** The people whom a value tells of, by number and by id. */
type ToldContacts = {
  byNumber: ReadonlyMap<string, Json>;
  byId: ReadonlyMap<string, Json>;
  only?: Json;
};

/** Reads them once for all of its messages. */
export function contactsIn(value: Json | undefined): ToldContacts {
  const all = objectsIn(value, 'contacts');
  const by = (name: string) =>
    new Map(
      all.toReversed().flatMap((one): [string, Json][] => {
        const key = textIn(one, name);
        return key ? [[key, one]] : [];
      }),
    );
  return { byNumber: by('wa_id'), byId: by('user_id'), ...(all.length === 1 ? { only: all[0]! } : {}) };
}

/**
 * Who wrote: the number, or the user id of somebody whose number is hidden. `raw` is what Sunshine keeps of a WhatsApp
 * client, and the ids.
 */
export function whoWrote(
  message: Json,
  contacts: ToldContacts,
): { from: string; name: string | undefined; raw: Json } | undefined {
  const number = textIn(message, 'from');
  const id = textIn(message, 'from_user_id');
  const contact = contacts.byNumber.get(number ?? '') ?? contacts.byId.get(id ?? '') ?? contacts.only;
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
    ...(given?.voice === true ? { facts: { voice: true } } : {}),
  };
}

function place(message: Json): Said {
  const given = objectIn(message, 'location');
  const lat = Number(given?.latitude);
  const long = Number(given?.longitude);
  if (!(Math.abs(lat) <= 90 && Math.abs(long) <= 180)) return { text: '', facts: { location: given } };
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
  const form = objectIn(given, 'nfm_reply');
  if (!form) return { text: '', facts: { interactive: given } };
  // An answered form (a WhatsApp Flow), an address, a payment: the answers are JSON in `response_json`.
  const answers = jsonObject(textIn(form, 'response_json') ?? '');
  return {
    text: [textIn(form, 'body'), ...answerLines(answers)].filter(Boolean).join('\n'),
    facts: { interactive: given, ...(answers ? { answers } : {}) },
  };
}

function choice(given: Json | undefined, label: string, key: string): Said {
  const payload = textIn(given, key);
  return { text: textIn(given, label) ?? '', ...(payload ? { payload } : {}) };
}

/** Answers that can be read in a line; the whole of them is in the facts. */
function answerLines(answers: Json | undefined): string[] {
  return Object.entries(answers ?? {}).flatMap(([name, value]) => {
    const isLine = ['string', 'number', 'boolean'].includes(typeof value) && name !== 'flow_token';
    return isLine ? [`${name}: ${String(value)}`] : [];
  });
}

/** Without an emoji a reaction was taken back. */
function reaction(message: Json): Said {
  const given = objectIn(message, 'reaction');
  return {
    text: textIn(given, 'emoji') ?? '[took a reaction back]',
    ...answering(textIn(given, 'message_id')),
    facts: { reaction: given },
  };
}

/** What a message says after it was edited: words, or the caption of a file. */
function edited(message: Json): Said {
  const given = objectIn(message, 'edit');
  const now = objectIn(given, 'message') ?? {};
  const type = textIn(now, 'type') ?? '';
  const read = Object.hasOwn(KINDS, type) && type !== 'edit' ? KINDS[type] : undefined;
  return {
    ...(read?.(now) ?? { text: '' }),
    ...answering(textIn(given, 'original_message_id')),
    facts: { edit: given },
  };
}

function order(message: Json): Said {
  const given = objectIn(message, 'order');
  const lines = objectsIn(given, 'product_items').map(
    ({ quantity, product_retailer_id, item_price, currency }) =>
      [isShown(quantity) ? `${quantity} ×` : '1 ×', product_retailer_id, item_price, currency]
        .filter(isShown)
        .join(' '),
  );
  return { text: [textIn(given, 'text'), ...lines].filter(Boolean).join('\n'), facts: { order: given } };
}

function isShown(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number';
}

function answering(id: string | undefined): Pick<Said, 'replyTo'> {
  return id ? { replyTo: id } : {};
}

function contactLine(contact: Json): string {
  const phone = objectsIn(contact, 'phones').map((entry) => textIn(entry, 'phone'))[0];
  return [textIn(objectIn(contact, 'name'), 'formatted_name'), phone].filter(Boolean).join(' ');
}

function unreadable(message: Json): Json {
  const type = textIn(message, 'type');
  return type && Object.hasOwn(message, type) ? { [type]: message[type] } : {};
}
