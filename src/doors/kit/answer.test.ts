/** Answers that break their schema are noticed, whichever way they break it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from 'typebox';
import { Nothing, orNull, Time } from '../../../contract/doors/fields.ts';
import { misfit, mustFit } from './answer.ts';

const Thing = Type.Object({
  id: Type.String({ pattern: '^[0-9a-f]{4}$' }),
  at: orNull(Time),
  tags: Type.Array(Type.Object({ name: Type.String() })),
  note: Type.Optional(Type.String()),
  free: Type.Record(Type.String(), Type.Unknown()),
  open: Type.Optional(Type.Object({ type: Type.String() }, { additionalProperties: true })),
  either: Type.Optional(
    Type.Union([Type.Object({ a: Type.Number() }), Type.Object({ b: Type.Object({ c: Type.Number() }) })]),
  ),
});
const ANSWERS = { 200: Thing, 204: Nothing };
const good = { id: 'ab12', at: null, tags: [{ name: 'x' }], free: { any: { thing: 1 } } };

test('an answer fits its schema', () => {
  const fit: unknown[] = [
    good,
    { ...good, at: '2026-11-28T08:00:00.000Z', note: undefined },
    { ...good, open: { type: 'x', more: 1 } },
    { ...good, either: { a: 1 } },
    { ...good, either: { b: { c: 1 } } },
  ];
  for (const body of fit) assert.equal(misfit(ANSWERS, { status: 200, body }), undefined);
  assert.equal(misfit(ANSWERS, { status: 204, body: undefined }), undefined);
});

const BROKEN: [string, number, unknown, RegExp][] = [
  ['a status nobody was told of', 201, good, /201 is not among 200, 204/],
  ['no body', 200, undefined, /no body/],
  ['a body where none is', 204, {}, /has a body/],
  ['a field too many', 200, { ...good, extra: 1 }, /additional properties.*extra/],
  ['a field too many further down', 200, { ...good, tags: [{ name: 'x', id: 1 }] }, /\/tags\/0.*id/],
  ['a field too many in a union', 200, { ...good, either: { b: { c: 1, d: 2 } } }, /\/either\/b.*d/],
  ['a field that is not there', 200, { ...good, tags: undefined }, /tags/],
  ['null where something is promised', 200, { ...good, id: null }, /\/id must be string/],
  ['another form', 200, { ...good, id: 'AB12' }, /\/id must match/],
  ['a time of another form', 200, { ...good, at: 'yesterday' }, /\/at/],
  ['a number that JSON does not know', 200, { ...good, either: { a: Number.NaN } }, /\/either/],
];
for (const [what, status, body, wanted] of BROKEN)
  test(`an answer does not fit: ${what}`, () => {
    assert.match(misfit(ANSWERS, { status, body }) ?? 'fits', wanted);
  });

test('which route it was is said', () => {
  assert.throws(
    () => mustFit({ method: 'GET', path: '/things', answers: ANSWERS }, { status: 200, body: {} }),
    /GET \/things breaks its schema/,
  );
});
