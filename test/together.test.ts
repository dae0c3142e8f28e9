import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';

const dir = mkdtempSync(path.join(tmpdir(), 'parley-together-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const support = path.join(import.meta.dirname, 'support');

/** Runs two files in one process, the first with this in it; the second says something at its start and its end. */
function run(first: string): { status: number | null; said: string } {
  const head = `import { after, describe, test } from 'node:test';\nconst turn = () => new Promise((done) => setImmediate(done));\n`;
  const files = [
    `${head}${first}`,
    `${head}after(() => console.log('SAID two ends'));\ntest('two', () => console.log('SAID two'));\n`,
  ].map((text, at) => {
    const file = path.join(dir, `${at}.mjs`);
    writeFileSync(file, text);
    return file;
  });
  const group = path.join(dir, 'group.test.mjs');
  const together = pathToFileURL(path.join(support, 'together.ts')).href;
  writeFileSync(group, `import { together } from '${together}';\ntogether(${JSON.stringify(files)});\n`);
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const preload = pathToFileURL(path.join(support, 'whoseTest.ts')).href;
  const args = ['--test', '--test-force-exit', '--test-reporter=tap', `--import=${preload}`, group];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  return { status, said: `${stdout}${stderr}` };
}

test('files that share a process have their own hooks and suites, also behind an await at their top', () => {
  const { status, said } = run(`
    await turn();
    after(() => console.log('SAID one ends'));
    describe('inside', () => { after(() => console.log('SAID inside ends')); test('in it', () => console.log('SAID in it')); });
    test('one', async () => { await turn(); console.log('SAID one'); });`);
  assert.equal(status, 0, said);
  const order = [...said.matchAll(/SAID (.*)/g)].map(([, text]) => text);
  assert.deepEqual(order, ['in it', 'inside ends', 'one', 'one ends', 'two', 'two ends']);
});

for (const [what, line] of [
  ['is thrown', `setImmediate(() => { throw new Error('unseen'); });`],
  ['is rejected', `void Promise.reject(new Error('unseen'));`],
] as const)
  test(`what ${what} outside of a test fails the run, and is told`, () => {
    const { status, said } = run(`test('one', async () => {
      ${line}
      await turn();
      await turn(); });`);
    assert.equal(status, 1, said);
    assert.match(said, /unseen/);
  });
