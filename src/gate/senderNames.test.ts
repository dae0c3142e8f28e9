/** Where a name is carried by no network, is to be registered, or is let through: by country, not by how a number begins in writing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getCountryCallingCode, type CountryCode } from 'libphonenumber-js/max';
import { refusesName, refusingNames, registersNames } from './senderNames.ts';

const of = (country: CountryCode, rest = '55501234') => `+${getCountryCallingCode(country)}${rest}`;
const UNDER_1 = {
  refused: ['2125550123', '4165550123', '7875550123', '6715550123', '2425550123', '3455550123', '8095550123'],
  taken: ['8765550123', '6585550123', '2465550123', '8685550123', '4415550123', '6845550123', '6705550123'],
};

test('no name reaches the United States and Canada, whoever sends it; the islands beside them are countries of their own', () => {
  for (const provider of ['twilio', 'messagebird', 'another']) {
    for (const number of UNDER_1.refused) assert.equal(refusesName(provider, `+1${number}`), true, number);
    for (const number of UNDER_1.taken) assert.equal(refusesName(provider, `+1${number}`), false, number);
  }
});

test('what Twilio alone says holds for Twilio alone; what nobody says is let through', () => {
  const refused: CountryCode[] = [
    'BE',
    'CL',
    'CN',
    'CO',
    'HU',
    'KR',
    'MY',
    'NR',
    'NZ',
    'PA',
    'TW',
    'UY',
    'ZA',
  ];
  for (const country of refused) {
    assert.equal(refusesName('twilio', of(country)), true, country);
    assert.equal(refusesName('messagebird', of(country)), false, country);
  }
  const taken: CountryCode[] = [
    'NL',
    'DE',
    'FR',
    'GB',
    'PT',
    'GF',
    'AR',
    'IL',
    'LU',
    'NA',
    'MO',
    'LA',
    'FI',
    'IS',
    'PG',
  ];
  for (const country of taken) {
    assert.equal(refusesName('twilio', of(country)), false, country);
    assert.equal(registersNames(of(country)), false, country);
  }
  const registered: CountryCode[] = ['IN', 'SG', 'SA', 'TR', 'AE', 'RU', 'KZ', 'VN', 'CZ', 'IE', 'HK', 'NG'];
  for (const country of registered) {
    assert.equal(registersNames(of(country)), true, country);
    assert.equal(refusesName('twilio', of(country)), false, country);
  }
  for (const odd of ['', '+', '12125550123', '2125550123', '+999', 'ann@people.example'])
    assert.equal(refusesName('twilio', odd), false, odd);
});

test('five characters of a number say as much as all of it', () => {
  const numbers = [...UNDER_1.refused, ...UNDER_1.taken].map((rest) => `+1${rest}`);
  for (const country of ['BE', 'NR', 'NZ', 'NL', 'UY', 'PT', 'KZ', 'MO'] as const) numbers.push(of(country));
  for (const number of numbers) {
    const from = /^\+(?:1\d\d\d|\d{2,3})/.exec(number)![0];
    assert.equal(refusesName('twilio', from), refusesName('twilio', number), number);
    assert.equal(registersNames(from), registersNames(number), number);
  }
  assert.match(refusingNames('twilio'), /^\^/);
});
