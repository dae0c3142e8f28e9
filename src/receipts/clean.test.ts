/** What comes from outside is fit to be kept, whatever it holds, and nothing that could be kept is dropped. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isStorable, isStorableJson } from '../base/storable.ts';
import type { Inbound } from '../channels/adapter.ts';
import { cleanInbound, cleanReceipt } from './clean.ts';

const said = (more: Partial<Inbound> = {}): Inbound => ({
  externalId: 'id',
  from: '+15550001',
  to: '+15550002',
  text: 'hello',
  media: [],
  raw: {},
  ...more,
});

const odd = fc
  .array(fc.constantFrom('a', '\u0000', '\ud800', '\udc00', '😀', ' ', '\\'), { maxLength: 8 })
  .map((parts) => parts.join(''));
const facts = fc.dictionary(odd, fc.oneof(odd, fc.integer(), fc.array(odd), fc.constant(null)));

test('whatever a provider tells, all of it can be stored', () => {
  fc.assert(
    fc.property(odd, odd, facts, (one, other, raw) => {
      const kept = cleanInbound(
        said({
          externalId: one,
          from: other,
          text: one,
          profileName: other,
          subject: one,
          replyTo: other,
          references: [one, other],
          media: [{ url: one, name: other }],
          location: { lat: 1, long: 2, name: one },
          facts: { kind: 'form', ...raw },
          raw,
        }),
      );
      assert.ok(isStorableJson(kept));
      const receipt = cleanReceipt({
        kind: 'failed',
        atMs: 1,
        externalId: one,
        code: other,
        detail: one,
      } as never);
      assert.ok(isStorableJson(receipt));
    }),
  );
});

test('what can be kept comes through as it is', () => {
  const message = said({
    text: 'déjà vu 😀 \\u0000',
    profileName: 'Ann',
    media: [{ url: 'https://a.example/1.jpg', mediaType: 'image/jpeg' }],
    raw: { deep: [{ a: [1, null, true, 'x'] }] },
    facts: { kind: 'order', lines: [1, 2] },
  });
  assert.deepEqual(cleanInbound(message), message);
  const receipt = { kind: 'failed', atMs: 1, externalId: 'x', code: '63016', detail: 'outside the window' };
  assert.deepEqual(cleanReceipt(receipt as never), receipt);
});

test('one character that cannot be kept costs nothing but itself', () => {
  const { text, from } = cleanInbound(said({ text: 'a\u0000b\ud800c', from: '+1\u00005550001' }));
  assert.deepEqual([text, from], ['ab\ufffdc', '+15550001']);
});

test('the bytes of a file are those that came', () => {
  const bytes = new Uint8Array([0, 216, 0]);
  const [file] = cleanInbound(said({ media: [{ url: 'attachment:1', name: 'a\u0000', bytes }] })).media;
  assert.equal(file!.bytes, bytes);
  assert.equal(file!.name, 'a');
});

test('ids that are too long for an index are known by their hash: the same by the same, others by another', () => {
  const long = 'x'.repeat(513);
  const idOf = (externalId: string) => cleanInbound(said({ externalId })).externalId;
  assert.match(idOf(long), /^sha256:[0-9a-f]{64}$/);
  assert.equal(idOf(long), cleanReceipt({ kind: 'read', atMs: 1, externalId: long } as never).externalId);
  assert.equal(idOf(long), cleanInbound(said({ replyTo: long })).replyTo);
  assert.notEqual(idOf(long), idOf(`${long}y`));
  assert.equal(idOf('x'.repeat(512)), 'x'.repeat(512));
});

test('a text is cut where a character ends', () => {
  const kept = cleanInbound(said({ text: 'x'.repeat(999_999) + '😀' })).text;
  assert.equal(kept.length, 999_999);
  assert.ok(isStorable(kept));
});

test('facts are kept from the first on, as many as there is room for, and it is said that there were more', () => {
  const raw = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`f${i}`, 'x'.repeat(10_000)]));
  const kept = cleanInbound(said({ raw })).raw;
  assert.deepEqual(Object.keys(kept), ['f0', 'f1', 'f2', 'f3', 'f4', 'f5', 'cut']);
  assert.equal(kept['cut'], true);
  assert.deepEqual(cleanInbound(said({ raw: { big: 'x'.repeat(70_000) } })).raw, { cut: true });
});

test('what is nested deeper than anybody reads is left out, and does not overflow', () => {
  let deep: unknown = 'bottom';
  for (let i = 0; i < 5_000; i++) deep = [deep];
  const kept = JSON.stringify(cleanInbound(said({ raw: { deep } })).raw);
  assert.ok(kept.includes('null') && !kept.includes('bottom'));
});
