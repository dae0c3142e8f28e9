/** Money in a currency's smallest unit: what people read, and what conditions compare. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { amountOf, isCurrency, moneyText } from './money.ts';

test('a currency has as many digits as it has', () => {
  assert.equal(moneyText(116_800, 'USD'), '$1,168.00');
  assert.equal(moneyText(168, 'JPY'), '¥168');
  assert.match(moneyText(1_168, 'KWD'), /^KWD\s1\.168$/);
  assert.deepEqual(
    [amountOf(16_800, 'USD'), amountOf(168, 'JPY'), amountOf(1_168, 'KWD')],
    [168, 168, 1.168],
  );
});

test('less than one whole unit, nothing, and what is owed', () => {
  assert.deepEqual(
    [5, 0, -5, -100_005].map((cents) => moneyText(cents, 'USD')),
    ['$0.05', '$0.00', '-$0.05', '-$1,000.05'],
  );
});

test('every cent of a sum is shown, however large it is', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.constantFrom('USD', 'JPY', 'KWD'), (cents, currency) => {
      const text = moneyText(cents, currency);
      assert.equal(BigInt(text.replaceAll(/[^\d]/g, '')), BigInt(Math.abs(cents)));
      assert.equal(text.includes('-'), cents < 0);
    }),
  );
});

test('a currency is one of ISO 4217 in capital letters', () => {
  assert.deepEqual(['USD', 'usd', 'XYZ', '', 'US', 'USDX'].map(isCurrency), [
    true,
    false,
    false,
    false,
    false,
    false,
  ]);
});
