/** Who sent a text message, by providers that write numbers without their plus. */

/** Countries whose numbers may be as short as a short code: small islands, 7 or 8 digits in all. */
const SHORT_COUNTRIES = /^(?:247|290|500|67[2-9]|68\d|69[0-2])\d{4,5}$/;

/** A number with its plus; a short code (3 to 8 digits) or a name as it is: neither is a phone number. */
export function senderOf(given: string): string {
  const isNumber = /^[1-9]\d{8,14}$/.test(given) || SHORT_COUNTRIES.test(given);
  return isNumber ? `+${given}` : given;
}
