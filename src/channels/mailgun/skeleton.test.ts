/** One text for many: what is filled in gives each text back, whatever people are called. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { skeletonOf } from './skeleton.ts';

/** As Mailgun fills in. */
function filled({ template, values }: ReturnType<typeof skeletonOf>, at: number): string {
  return template.replaceAll(/%recipient\.(\w+)%/g, (_, name: string) => values[name]![at]!);
}

function check(texts: string[]): ReturnType<typeof skeletonOf> {
  const skeleton = skeletonOf(texts, 'v');
  for (const [at, text] of texts.entries()) equal(filled(skeleton, at), text);
  return skeleton;
}

test('equal texts have no placeholder', () => {
  deepEqual(check(['<p>Hi</p>', '<p>Hi</p>']), { template: '<p>Hi</p>', values: {} });
});

test('a name and a link are what differs, by whole words', () => {
  const mail = (name: string, code: string) =>
    `<html><body><p>Hi ${name}, see you</p>\n<a href="https://go.example/l/${code}">Go</a></body></html>`;
  const { template, values } = check([mail('Ada', 'a1'), mail('Bob van Dam', 'b2')]);
  deepEqual(values, {
    v0: ['Ada,', 'Bob van Dam,'],
    v1: ['<a href="https://go.example/l/a1">', '<a href="https://go.example/l/b2">'],
  });
  ok(template.startsWith('<html><body><p>Hi %recipient.v0% see you</p>\n%recipient.v1%Go</a>'));
});

test('values that bring lines, tags, percent signs, dollars and nothing at all', () => {
  const odd = ['', 'a\nb', '<b>x</b> y', '100%', '%', '$& $1', '🎉', ' ', 'x'.repeat(5000), '%%', '<', '>'];
  for (const [frame, other] of [
    ['Hi ', ', you'],
    ['', ''],
    ['100%', '% off'],
    ['<p>', '</p>\n<p>end</p>'],
    ['one\ntwo ', '\nthree'],
  ] as const)
    check(odd.map((value) => frame + value + other + value));
});

test('too much that differs is one placeholder', () => {
  const texts = ['a', 'b'].map((letter) => `${letter}\n`.repeat(100));
  equal(check(texts).template, '%recipient.v0%');
});
