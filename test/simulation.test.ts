/**
 * The whole, played under seeds: what must be so at the end is so. What ever failed is kept and played each time; beside it new
 * seeds, as many as there is time for. `npm run simulate -- --seed N` plays one again, and shortens it when it fails.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startDatabases, type Databases } from '../simulation/databases.ts';
import { planOf } from '../simulation/plan.ts';
import { playRun, START_MS, type Run, type Step } from '../simulation/run.ts';
import { shorten } from '../simulation/shorten.ts';

/** Seeds that are begun within the time; each takes 2 to 6 s of one core. */
const NEW_SEEDS = 30;
const WITHIN_S = 90;

let databases: Databases;
before(async () => void (databases = await startDatabases(START_MS)));
after(() => databases.stop());

const play = (seed: number, steps: readonly Step[], tamper?: (run: Run) => void) =>
  databases.use((connection) => playRun(connection, seed, steps, tamper ? { tamper } : {}));

async function simulate(...args: string[]): Promise<string> {
  const main = join(import.meta.dirname, '../simulation/main.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args]);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (said += text));
  const [code] = (await once(child, 'close')) as [number];
  assert.equal(code, 0, said);
  return said;
}

test('runs that failed once hold', async (t) => {
  t.diagnostic((await simulate('--kept')).trimEnd().split('\n').at(-1)!);
});

test('new seeds hold', async (t) => {
  const said = await simulate('--from', 'new', '--seeds', String(NEW_SEEDS), '--within', String(WITHIN_S));
  t.diagnostic(said.trimEnd().split('\n').at(-1)!);
});

test('the same seed is the same run, statement by statement', async () => {
  const steps = planOf(5).slice(0, 8);
  assert.equal((await play(5, steps)).trace, (await play(5, steps)).trace);
});

test('what is broken is seen: a message that a provider took behind the ledger’s back', async () => {
  const { broken } = await play(1, [], ({ books }) => {
    books.taken.push({ ref: '1.1.0', to: '+15550100001', text: '', atMs: 0, externalId: 'x' });
  });
  assert.deepEqual(broken, ['ledger: 1.1.0 was taken and has no row']);
});

test('a run that fails is shortened to the steps it takes', async () => {
  const steps = planOf(7);
  const culprits = [steps[3]!, steps[11]!];
  const fails = async (some: readonly unknown[]) => culprits.every((step) => some.includes(step));
  assert.deepEqual(await shorten(steps, fails), culprits);
});
