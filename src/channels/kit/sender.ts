/**
 * Who sent a text message, by providers that write numbers without their plus. Short codes have 3 to 8 digits, and so have numbers of
 * some small countries, with their country code: which digits are a number there is said by Google's libphonenumber, whose metadata is
 * made from the numbering plans that countries deposit at the ITU (metadata 9.0.43 of 10 November 2026, in libphonenumber-js 1.13.16).
 */
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';

/** The longest short code, digits: India's and Brazil's have 8 with their prefixes; the longest that is one everywhere. */
const SHORT = 8;

/** A number with its plus; a short code or a name as it is: neither is a phone number. */
export function senderOf(given: string): string {
  if (!/^[1-9]\d{3,14}$/.test(given)) return given;
  if (given.length > SHORT) return `+${given}`;
  return parsePhoneNumberFromString(`+${given}`)?.isValid() === true ? `+${given}` : given;
}
