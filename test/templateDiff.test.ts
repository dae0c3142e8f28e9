/** What changed between two versions of a template, as the page tells it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diffLines } from '../web/console/pages/templates/diff.ts';
import { seededRandom } from './support/random.ts';

const told = (before: string, after: string) =>
  diffLines(before, after).map(({ kind, text }) => `${{ same: ' ', gone: '-', new: '+' }[kind]}${text}`);

test('lines that stay, go and come', () => {
  assert.deepEqual(told('a\nb\nc', 'a\nx\nc'), [' a', '-b', '+x', ' c']);
  assert.deepEqual(told('a', 'a'), [' a']);
  assert.deepEqual(told('a\nb', 'b\na'), ['-a', ' b', '+a']);
});

test('what is gone and what is new make the one into the other, whatever they are', () => {
  const chance = seededRandom(7);
  const draw = (n: number) => Math.floor(chance() * n);
  const text = () => Array.from({ length: draw(9) + 1 }, () => 'abc'[draw(3)]).join('\n');
  for (let i = 0; i < 500; i++) {
    const [before, after] = [text(), text()];
    const lines = diffLines(before, after);
    const of = (kind: string) =>
      lines
        .filter((line) => line.kind === 'same' || line.kind === kind)
        .map((line) => line.text)
        .join('\n');
    assert.deepEqual([of('gone'), of('new')], [before, after]);
  }
});
