/** Drawings of text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heights, intervalLine, table } from './plot.ts';

test('an interval on a line, within the line whatever it is', () => {
  const line = { from: 0, to: 10, width: 11 };
  assert.equal(intervalLine({ low: 2, middle: 4, high: 8 }, line), '  ├─●───┤');
  assert.equal(intervalLine({ low: 5, middle: 5, high: 5 }, line), '     ●');
  assert.equal(intervalLine({ low: -9, middle: 0, high: 99 }, line), '●─────────┤');
  assert.equal(intervalLine({ low: 1, middle: 1, high: 1 }, { from: 1, to: 1, width: 5 }), '●');
});

test('heights in a row: the tallest fills the line, nothing is a space', () => {
  assert.equal(heights([0, 1, 4, 8]), ' ▁▄█');
  assert.equal(heights([0, 0]), '  ');
  assert.equal(heights([]), '');
});

test('columns are as wide as their widest', () => {
  assert.deepEqual(
    table([
      ['a', 'sent'],
      ['longer', '7'],
    ]),
    ['a       sent', 'longer     7'],
  );
  assert.deepEqual(table([]), []);
});
