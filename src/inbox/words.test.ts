/** Words of texts: what is found of what, in which languages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedIn, excerptOf, wordsOf } from './words.ts';

const has = (text: string, asked: string) => {
  const words = wordsOf(text);
  const { whole, begun } = askedIn(asked)!;
  return whole.every((word) => words.includes(word)) && words.some((word) => word.startsWith(begun));
};

test('words are found without case and accents, the last by its beginning, in languages without blanks, and numbers', () => {
  for (const [text, asked] of [
    ['Can I move it to Thursday?', 'thurs'],
    ['Où est mon Café crème', 'cafe creme'],
    ['ZOË', 'zoe'],
    ['order A-10455, please', '10455'],
    ['write to ann@example.com', 'ann@example.com'],
    ['私の荷物はどこですか', '荷物'],
    ['พัสดุของฉันอยู่ที่ไหน', 'พัสดุ'],
    ['Straße', 'STRASSE'.toLowerCase().replace('ss', 'ß')],
    ["don't", 'don’t'.replace('’', "'")],
  ] as const)
    assert.ok(has(text, asked), `${asked} in ${text}`);
  assert.ok(!has('Can I move it to Thursday?', 'day'));
  assert.ok(!has('Can I move it?', 'move thursday'));
  assert.equal(askedIn(' ?! … '), undefined);
});

test('nothing of a text has a meaning in a list of words or a query', () => {
  const words = wordsOf("a'b c:d e*f \\g !h (i) <-> j\0k l&m n|o 👋 …");
  assert.ok(words.length > 0);
  for (const word of words) assert.doesNotMatch(word, /['\\:&|!()<>*\s\0]/);
  assert.equal(wordsOf(Array.from({ length: 500 }, (_, n) => `w${n}`).join(' ')).length, 200);
});

test('an excerpt begins near the first word that was found, and says where all of them stand', () => {
  const long = `${'so much before it '.repeat(20)}the parcel is late, the parcel!${' and after'.repeat(40)}`;
  const { text, marks } = excerptOf(long, askedIn('late parc')!);
  assert.deepEqual(
    marks.map(([from, to]) => text.slice(from, to)),
    ['parcel', 'late', 'parcel'],
  );
  assert.ok(text.startsWith('… ') && text.endsWith(' …') && text.length <= 170);
  assert.deepEqual(excerptOf('line\none', askedIn('one')!), { text: 'line one', marks: [[5, 8]] });
});
