/** Work in a thread of its own: a deadline, turns, and a thread that dies. */
import { deepEqual, equal } from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { createApart } from './apart.ts';

const folder = await mkdtemp(join(tmpdir(), 'parley-apart-'));
after(() => rm(folder, { recursive: true }));
const servant = pathToFileURL(join(folder, 'servant.mjs'));
await writeFile(
  servant,
  `import { servesApart } from ${JSON.stringify(new URL('apartThread.ts', import.meta.url).href)};
servesApart((said) => {
  if (said === 'for ever') for (;;);
  if (said === 'throw') throw new Error('no');
  if (said === 'exit') process.exit(3);
  if (said === 'eat') for (const all = []; ; ) all.push(new Array(1e6).fill({}));
  return { value: 'did ' + said, hand: [] };
});`,
);

const apart = (deadlineMs = 60_000) => createApart<string, string>(servant, { deadlineMs, heapMb: 64 });

test('work is done, and what throws, exits, eats or never ends harms nothing but itself', async () => {
  const { run } = apart();
  deepEqual(await run('a', 1), { kind: 'done', value: 'did a' });
  for (const bad of ['throw', 'exit', 'eat']) {
    equal((await run(bad, 1)).kind, 'broke', bad);
    deepEqual(await run('b', 1), { kind: 'done', value: 'did b' }, bad);
  }
  const short = apart(500);
  equal((await short.run('for ever', 1)).kind, 'late');
});

test('whoever has much waits for its own', async () => {
  const { run } = apart();
  const order: string[] = [];
  const of = (whose: number, name: string) => run(name, whose).then(() => void order.push(name));
  await Promise.all([of(1, 'a1'), of(1, 'a2'), of(1, 'a3'), of(2, 'b1'), of(2, 'b2'), of(3, 'c1')]);
  deepEqual(order, ['a1', 'b1', 'a2', 'c1', 'b2', 'a3']);
});
