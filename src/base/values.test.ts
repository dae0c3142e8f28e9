/** Texts and values as they are kept, compared and shown; work in turns; readings that are done once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { canonicalJson } from './canonical.ts';
import { parseExact, parseLenient } from './exactJson.ts';
import { onceFor } from './once.ts';
import { isStorable, keepable, storable, storableJson } from './storable.ts';
import { beginningOf } from './text.ts';
import { createTurns, createTurnsOf } from './turns.ts';

/** Any text that JavaScript can hold, halves of characters and NULs among it. */
const anyText = fc.string({
  unit: fc.oneof(
    fc.constantFrom('a', 'é', '中', '😀', '\u0000', '\ud83d', '\ude00', '"', '\\', '\n'),
    fc.string({ minLength: 1, maxLength: 1 }),
  ),
  maxLength: 40,
});

test('whatever the text, what is kept of it is storable, and a storable text is kept as it is', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      for (const kept of [storable(text), keepable(text)]) assert.ok(isStorable(kept), JSON.stringify(text));
      if (!isStorable(text)) return;
      assert.equal(storable(text), text);
      assert.equal(keepable(text), text);
    }),
  );
  assert.equal(storable('a\u0000b'), 'a\uFFFDb', 'what was there is seen');
  assert.equal(keepable('a\u0000b'), 'ab');
  assert.equal(storable('a\ud83d'), 'a\uFFFD');
});

test('JSON that is stored holds only what Postgres stores, at any depth', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ text: anyText, inner: fc.array(anyText) })), (value) => {
      const written = JSON.parse(storableJson(value)) as typeof value;
      for (const { text, inner } of written) for (const one of [text, ...inner]) assert.ok(isStorable(one));
      assert.equal(written.length, value.length);
    }),
  );
});

test('the beginning of a text is as long as it may be, and never ends in half a character', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.integer({ min: 1, max: 40 }),
      (text, most) => {
        const begun = beginningOf(text, most);
        assert.ok(text.startsWith(begun));
        assert.ok(begun.length <= most);
        assert.ok(begun.isWellFormed());
        assert.ok(begun.length >= Math.min(text.length, most - 1));
      },
    ),
  );
  assert.equal(beginningOf(undefined, 4), undefined);
  assert.equal(beginningOf('abc😀', 4), 'abc');
  assert.equal(beginningOf('abc😀', 5), 'abc😀');
});

test('one value has one text, whatever the order of its keys; two values have two', () => {
  const key = fc.constantFrom('a', 'b', 'c', '10', '9');
  const value = fc.dictionary(key, fc.oneof(fc.integer(), fc.array(fc.dictionary(key, fc.boolean()))));
  fc.assert(
    fc.property(value, (one) => {
      const turned = Object.fromEntries(Object.entries(one).reverse());
      assert.equal(canonicalJson(turned), canonicalJson(one));
      assert.deepEqual(JSON.parse(canonicalJson(one)), JSON.parse(JSON.stringify(one)));
    }),
  );
  assert.notEqual(canonicalJson([1, 2]), canonicalJson([2, 1]), 'a list has an order');
  assert.notEqual(canonicalJson({ a: 1 }), canonicalJson({ a: '1' }));
  assert.equal(canonicalJson(undefined), '');
});

test('JSON is read as JSON.parse reads it, unless a whole number would not be what was written', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
      const text = JSON.stringify(value);
      const parsed = JSON.parse(text) as unknown;
      const read = parseExact(text);
      // A double such as 1e300 is written in digits, and is not what a whole number of these digits is.
      if ('value' in read) assert.deepEqual(read.value, parsed);
      else assert.match(text, /\d{16}/);
    }),
  );
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n }), (number) => {
      const read = parseExact(`{"orders":[{"id":${number}}]}`);
      const kept = BigInt(Number(number)) === number;
      assert.deepEqual(
        read,
        kept ? { value: { orders: [{ id: Number(number) }] } } : { inexact: 'orders[0].id' },
      );
      assert.deepEqual(parseLenient(`{"id":${number}}`), { id: kept ? Number(number) : String(number) });
    }),
  );
  assert.deepEqual(parseExact('1234567890123456789'), { inexact: '' });
  assert.deepEqual(parseExact(`{"a\\\\":"\\"","b":[${'9'.repeat(400)}]}`), { inexact: 'b[0]' });
  assert.deepEqual(parseLenient('[1, -12345678901234567 ,"\\\\",{"12345678901234567":12345678901234567}]'), [
    1,
    '-12345678901234567',
    '\\',
    { '12345678901234567': '12345678901234567' },
  ]);
  assert.deepEqual(parseExact('0.1234567890123456789'), { value: 0.12345678901234568 });
  assert.deepEqual(parseExact('["1234567890123456789"]'), { value: ['1234567890123456789'] });
  assert.throws(() => parseExact('{"a":}'), SyntaxError);
  assert.throws(() => parseLenient('{"a":1234567890123456789'), SyntaxError);
});

test('a number beyond the largest double is named, and is no null', () => {
  for (const number of ['1e400', '-1E+309', '1.5e999', '9'.repeat(400)])
    for (const text of [`{"a":[${number}]}`, `{"b":"1e400","a":[${number}]}`]) {
      assert.deepEqual(parseExact(text), { inexact: 'a[0]' }, number);
      assert.deepEqual((parseLenient(text) as { a: unknown }).a, [number]);
    }
  for (const text of ['[1e300,1e-400,"1e400",0.5e1]', '"\\"1e400"'])
    assert.deepEqual(parseExact(text), { value: JSON.parse(text) });
});

test('a reading is done once for each object, and kept for as long as that is', () => {
  let times = 0;
  const read = onceFor(({ name }: { name?: string }) => {
    times++;
    return name;
  });
  const [one, other, none] = [{ name: 'one' }, { name: 'other' }, {}];
  assert.deepEqual(
    [read(one), read(other), read(one), read(none), read(none)],
    ['one', 'other', 'one', undefined, undefined],
  );
  assert.equal(times, 3, 'also nothing is an answer');
});

test('no more run at a time than may, those that wait go in order, and one that fails gives its place on', async () => {
  const turns = createTurns(2);
  let inside = 0;
  let most = 0;
  const order: number[] = [];
  const ends: (() => void)[] = [];
  const all = [0, 1, 2, 3, 4].map((n) =>
    turns(async () => {
      most = Math.max(most, ++inside);
      order.push(n);
      await new Promise<void>((resolve) => ends.push(resolve));
      inside--;
      if (n === 1) throw new Error('it fails');
      return n;
    }),
  );
  const settled = Promise.allSettled(all);
  for (let n = 0; n < 5; n++) {
    await new Promise(setImmediate);
    ends.shift()!();
  }
  assert.deepEqual(
    (await settled).map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled', 'fulfilled', 'fulfilled'],
  );
  assert.deepEqual([most, order], [2, [0, 1, 2, 3, 4]]);
  assert.equal(await turns(async () => 'again'), 'again', 'every place is given back');
});

test('who waits too long for a turn fails, and its turn is the next one’s', async () => {
  const turns = createTurns(1, { ms: 20, tooLate: () => new Error('too late') });
  const held = Promise.withResolvers<void>();
  const first = turns(() => held.promise);
  await assert.rejects(
    turns(async () => 'second'),
    /too late/,
  );
  const third = turns(async () => 'third');
  held.resolve();
  await first;
  assert.equal(await third, 'third');
  assert.equal(await turns(async () => 'fourth'), 'fourth');
});

test('who has much work waits for himself: another name goes at once', async () => {
  const turnsOf = createTurnsOf(1);
  const ends: (() => void)[] = [];
  const begun: string[] = [];
  const work = (name: string) =>
    turnsOf(name)(async () => {
      begun.push(name);
      await new Promise<void>((resolve) => ends.push(resolve));
    });
  const all = [work('a'), work('a'), work('b')];
  await new Promise(setImmediate);
  assert.deepEqual(begun, ['a', 'b']);
  ends[0]!();
  await all[0];
  await new Promise(setImmediate);
  assert.deepEqual(begun, ['a', 'b', 'a']);
  for (const end of ends) end();
  await Promise.all(all);
});
