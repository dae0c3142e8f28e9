/** Who sent a text: numbers get their plus, short codes and names stay as they are. */
import { equal } from 'node:assert/strict';
import { test } from 'node:test';
import { senderOf } from './sender.ts';

test('numbers, also of countries whose numbers are as short as short codes', () => {
  const numbers = [
    '31612345678',
    '12125550123',
    '24762000',
    '29022222',
    '67281234',
    '68255123',
    '68521234',
    '6903456',
    '298211234',
  ];
  for (const one of numbers) equal(senderOf(one), `+${one}`, one);
});

test('short codes of every length, whatever country code they begin like, and names', () => {
  const codes = [
    '898',
    '1234',
    '22000',
    '37012',
    '68055',
    '69012',
    '67890',
    '116117',
    '298501',
    '354411',
    '2475123',
    '6743123',
    '12345678',
    '67612345',
  ];
  for (const one of [...codes, '0612345678', 'SHOPEXPRESS', 'Shop 24', '24', '+31612345678', ''])
    equal(senderOf(one), one, one);
});
