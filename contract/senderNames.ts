/**
 * Where an SMS from a name (an alphanumeric sender ID) does not arrive. Networks of some countries carry none: there a message from one
 * is lost, after it was paid for. A country that is not listed is let through. Data, nothing else.
 *
 * Sources, as of 2026-04-10: Twilio, "International support for Alphanumeric Sender ID" (help.twilio.com, article 223133767), status
 * "No" and "Registration required". For the US and Canada all providers say the same (docs.bird.com "Alphanumeric Senders", AWS "Supported
 * countries", developers.telnyx.com); elsewhere others may put a number of theirs in place of the name, so that the rest of the list
 * holds for Twilio alone. French Guiana, of which Twilio and AWS say different things, is let through.
 */

/** Area codes under +1 of countries of the Caribbean and the Pacific that take names, or of which nothing is said. */
const ELSEWHERE_UNDER_1 = '246|264|268|284|340|441|473|649|658|664|670|684|721|758|767|784|868|869|876';
/** The United States with Puerto Rico and Guam, Canada, and the Bahamas, Cayman Islands and Dominican Republic. */
export const NO_NAMES_UNDER_1 = `1(?!${ELSEWHERE_UNDER_1})`;

/** By provider, what it says "No" of, by country code. Twilio's: BE, CL, CN, CO, CR, EC, HU, IR, KR, MY, NR, NZ, PA, PY, SY, TW, UY, ZA. */
export const REFUSED_NAMES: Readonly<Record<string, readonly string[]>> = {
  twilio: [
    '27',
    '32',
    '36',
    '506',
    '507',
    '56',
    '57',
    '593',
    '595',
    '598',
    '60',
    '64',
    '674',
    '82',
    '86',
    '886',
    '963',
    '98',
  ],
};

/** Twilio's "Registration required", by country code, with what two countries share (+7) where both do. */
export const REGISTERED_NAMES = [
  '20',
  '211',
  '212',
  '213',
  '224',
  '225',
  '229',
  '231',
  '233',
  '234',
  '237',
  '242',
  '245',
  '249',
  '250',
  '251',
  '254',
  '255',
  '256',
  '258',
  '260',
  '263',
  '268',
  '353',
  '374',
  '375',
  '420',
  '502',
  '503',
  '504',
  '505',
  '52',
  '53',
  '55',
  '58',
  '61',
  '62',
  '63',
  '65',
  '66',
  '670',
  '7',
  '84',
  '852',
  '855',
  '880',
  '90',
  '91',
  '93',
  '94',
  '95',
  '962',
  '965',
  '966',
  '968',
  '971',
  '974',
  '977',
];
