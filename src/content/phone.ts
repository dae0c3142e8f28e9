/**
 * Phone numbers in one form, E.164. The full metadata is used: it costs 1 MB more than the smallest (measured RSS: 20.8 against 19.7 MB) and knows the
 * type of a number.
 *
 * A number of a possible length is taken even when no operator is known to have its range (its line is not `valid` then):
 * ranges are opened faster than metadata is updated, and the provider has the last word.
 */
import { isSupportedCountry, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { LineType } from '../../contract/channels.ts';
import { type Fault, fault } from '../base/fault.ts';

/** A number; `e164` is what is stored and compared. */
export type Phone = { e164: string };

/** What the range of a number tells of its line. */
export type PhoneLine = { valid: boolean; country?: string; type?: LineType };

/** `defaultCountry`: two letters, for numbers without country code. `path` names the field in a fault. */
type PhoneOptions = { defaultCountry?: string; path?: string };

const TYPES: Readonly<Record<string, LineType>> = {
  MOBILE: 'mobile',
  FIXED_LINE: 'landline',
  FIXED_LINE_OR_MOBILE: 'landline_or_mobile',
  VOIP: 'voip',
  TOLL_FREE: 'toll_free',
  PREMIUM_RATE: 'premium',
};

/** UTF-16 units, what is not seen included. */
const LONGEST = 256;
/** Digits of a number behind the country code. */
const FEWEST = 7;

/**
 * A text as it is seen: marks of direction, joiners and variation selectors come along when a number is copied from a screen, and
 * mean nothing in it; digits and signs of full width are those of ASCII.
 */
function visible(value: string): string {
  if (/^[ -~]*$/.test(value)) return value.trim();
  // U+20E3 makes a key of a digit, as emoji do.
  return value
    .normalize('NFKC')
    .replaceAll(/[\p{Cf}\p{Default_Ignorable_Code_Point}\u20E3]/gu, '')
    .replaceAll(/\p{Nd}/gu, digitOf)
    .trim();
}

/** A decimal digit of any script as that of ASCII: the ten of a script stand in a row. */
function digitOf(digit: string): string {
  const at = digit.codePointAt(0)!;
  let zero = at;
  while (at - zero < 9 && /\p{Nd}/u.test(String.fromCodePoint(zero - 1))) zero--;
  return String(at - zero);
}

/** Signs that people and programs put around a number: `tel:` (RFC 3966), `p:` (Facebook's lists of leads), and brackets around the country code. */
function withoutSigns(text: string): string {
  return text.replace(/^(?:tel|sms|p):/i, '').replace(/^\(\s*(\+\s*\d{1,3})\s*\)/, '$1 ');
}

/** Normalises a phone number as people write it. */
export function normalisePhone(value: unknown, options: PhoneOptions = {}): Phone | Fault {
  const path = options.path ?? 'phone';
  const country = options.defaultCountry?.toUpperCase();
  const known = country !== undefined && isSupportedCountry(country);
  const text = typeof value === 'string' && value.length <= LONGEST ? visible(value) : '';
  if (text === '' || text.length > 64) return refuse(path, known);
  const number = parsePhoneNumberFromString(respelt(withoutSigns(text)), {
    // The whole value is the number: nothing is searched for in a sentence.
    extract: false,
    ...(known ? { defaultCountry: country } : {}),
  });
  if (!number || number.ext !== undefined || !number.isPossible()) return refuse(path, known);
  // So few digits are a short code or a slip, unless somebody is known to have them: Niue's numbers have four.
  if (number.nationalNumber.length < FEWEST && !number.isValid()) return refuse(path, known);
  return { e164: oneSpelling(number.number) };
}

/** What is known of a number's line by its range. For who asks: it is as much work as to read the number, and an import reads millions. */
export function lineOf({ e164 }: Phone): PhoneLine {
  const number = parsePhoneNumberFromString(e164);
  const type = number?.getType();
  return {
    valid: number?.isValid() ?? false,
    ...(number?.country === undefined ? {} : { country: number.country }),
    ...(type === undefined ? {} : { type: TYPES[type] ?? 'other' }),
  };
}

/**
 * A number in the spelling of today, of those by which one phone is known. Mexico called its mobiles with a 1 after the country code
 * until 2019, Brazil gave them a ninth digit by 2016, and WhatsApp still names people by the number with which they joined.
 */
export function oneSpelling(e164: string): string {
  if (e164.startsWith('+521') && e164.length === 14) return `+52${e164.slice(4)}`;
  const old = e164.startsWith('+55') ? OLD_BRAZILIAN.exec(e164) : null;
  return old ? `+55${old[1]!}9${old[2]!}` : e164;
}

/** Area of two digits, and eight that begin as those of mobiles do. */
const OLD_BRAZILIAN = /^\+55([1-9]\d)([6-9]\d{7})$/;

/**
 * A number by which WhatsApp knows a phone, in one spelling: there an Argentinian has a 9 after the country code, which whoever calls
 * a landline does not dial.
 */
export function whatsappSpelling(e164: string): string {
  return /^\+54[1-8]\d{9}$/.test(e164) ? `+549${e164.slice(3)}` : oneSpelling(e164);
}

/** How numbers in E.164 were spelled that are spelled so today; most never were otherwise. */
export function formerSpellings(e164: string): string[] {
  if (/^\+52\d{10}$/.test(e164)) return [`+521${e164.slice(3)}`];
  const mobile = /^\+55([1-9]\d)9([6-9]\d{7})$/.exec(e164);
  if (mobile) return [`+55${mobile[1]!}${mobile[2]!}`];
  return /^\+549\d{10}$/.test(e164) ? [`+54${e164.slice(4)}`] : [];
}

/** What the library does not know any more: the Mexican 1. */
function respelt(text: string): string {
  const digits = /^(?:\+|00)?[\s().-]*52/.test(text)
    ? text.replaceAll(/[^\d+]/g, '').replace(/^00/, '+')
    : '';
  return digits.startsWith('+521') && digits.length === 14 ? oneSpelling(digits) : text;
}

/** A number in E.164 as people of its country write it. */
export function nationalForm(e164: string): string {
  return parsePhoneNumberFromString(e164)?.formatNational() ?? e164;
}

/**
 * Whether a line takes text messages; undefined where its type does not tell. Toll-free lines and VoIP take them in some
 * countries and from some providers.
 */
export function takesTexts(type: LineType | undefined): boolean | undefined {
  if (type === 'mobile') return true;
  return type === 'landline' || type === 'premium' ? false : undefined;
}

function refuse(path: string, known: boolean): Fault {
  const rule = known
    ? 'must be a phone number, such as +31612345678'
    : 'must be a phone number with + and country code, such as +31612345678';
  return fault('bad_request', `${path}: ${rule}`, { field: path });
}
