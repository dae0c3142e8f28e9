/** The list of faults (scripts/mutate) is of today's code: what is changed there is there, once, and whoever must notice exists. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { FAULTS } from '../scripts/mutate/faults/faults.ts';
import { ROOT, testIn, timesIn } from '../scripts/mutate/fault.ts';
import { REVERTS } from '../simulation/reverts.ts';

test('each fault changes a text that its file has once', () => {
  const stale = FAULTS.filter((fault) => timesIn(fault) !== 1);
  assert.deepEqual(
    stale.map(({ file, wrong }) => `${file}: ${wrong}`),
    [],
    'the code has changed: say the fault anew in scripts/mutate/faults, or take it out where it cannot be made any more',
  );
  for (const { text, becomes, wrong } of FAULTS) assert.notEqual(text, becomes, wrong);
});

test('each fault has tests that must notice it', () => {
  for (const { tests, wrong } of FAULTS) {
    assert.ok(tests.length > 0, wrong);
    for (const test of tests) {
      const { file, words } = testIn(test);
      const code = existsSync(path.join(ROOT, file))
        ? readFileSync(path.join(ROOT, file), 'utf8')
        : undefined;
      assert.ok(code?.includes(words ?? ''), `${wrong}: ${test}`);
    }
  }
});

test('no two faults are the same', () => {
  const said = FAULTS.map(({ file, text, becomes }) => JSON.stringify([file, text, becomes]));
  assert.deepEqual(
    said.filter((one, index) => said.indexOf(one) !== index),
    [],
  );
});

test('each repair that the simulation takes back is in the code once', () => {
  const stale = REVERTS.filter(
    ({ and = [], lacks, ...one }) =>
      !lacks && [one, ...and].some(({ file, from }) => timesIn({ file, text: from }) !== 1),
  );
  assert.deepEqual(
    stale.map(({ file, name }) => `${file}: ${name}`),
    [],
    'the code has changed: say in simulation/reverts.ts how the repair is taken back now',
  );
});
