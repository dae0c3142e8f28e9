/** What is written for Postgres it takes, and nothing that it would take is refused or changed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isStorable, isStorableJson, storable, storableJson } from './storable.ts';

/** Texts with what cannot be stored, and with what only looks like it once it is JSON. */
const text = fc
  .array(
    fc.constantFrom('a', '"', '\\', '\\u0000', '\\ud800', '\u0000', '\ud83d', '\ude00', '\ud83d\ude00', 'é'),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''));
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.integer(),
    fc.constantFrom(null, true, false),
    fc.array(tie('any'), { maxLength: 3 }),
    // Numbered: two names that are the same but for what cannot be stored become one.
    fc
      .array(fc.tuple(text, tie('any')), { maxLength: 3 })
      .map((parts) => Object.fromEntries(parts.map(([name, part], i) => [`${i}${name}`, part]))),
  ),
})).any;

function textsIn(inner: unknown): string[] {
  if (typeof inner === 'string') return [inner];
  if (typeof inner !== 'object' || inner === null) return [];
  return Object.entries(inner).flatMap(([name, part]) => [name, ...textsIn(part)]);
}

test('a value can be stored when each text and each name in it can be', () => {
  fc.assert(
    fc.property(value, (inner) => assert.equal(isStorableJson(inner), textsIn(inner).every(isStorable))),
  );
});

test('what can be stored is written as it is, and of the rest only what cannot be is shown otherwise', () => {
  fc.assert(
    fc.property(value, (inner) => {
      const written: unknown = JSON.parse(storableJson(inner));
      assert.ok(textsIn(written).every(isStorable));
      if (isStorableJson(inner)) assert.deepEqual(written, JSON.parse(JSON.stringify(inner)));
      else assert.deepEqual(new Set(textsIn(written)), new Set(textsIn(inner).map(storable)));
    }),
  );
});
