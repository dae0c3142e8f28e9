/**
 * The whole, played under seeds: what must be so at the end is so. What ever failed is kept and played each time; beside it seeds that
 * are new with every change of the code, as many as there is time for. `npm run simulate -- --seed N` plays one again, and shortens it
 * when it fails.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { startDatabases, type Databases } from '../simulation/databases.ts';
import { planOf } from '../simulation/plan.ts';
import { keptRuns, playAll, seedsFrom, type Wanted } from '../simulation/plays.ts';
import { playRun, START_MS, type Run, type Step } from '../simulation/run.ts';
import { shorten } from '../simulation/shorten.ts';

/** As many new seeds as are begun in the time; each takes some 7 s of one core, so beside other tests it is some fifteen. */
const NEW_SEEDS = 30;
const WITHIN_MS = 75_000;

let databases: Databases;
before(async () => void (databases = await startDatabases(START_MS)));
after(() => databases.stop());

const play = (seed: number, steps: readonly Step[], tamper?: (run: Run) => void) =>
  databases.use((connection) => playRun(connection, seed, steps, tamper ? { tamper } : {}));

/** Plays them, and says what does not hold, with the command that plays it again. */
async function hold(wanted: readonly Wanted[], withinMs?: number): Promise<string> {
  const { held, broken, left } = await playAll(databases, wanted, withinMs === undefined ? {} : { withinMs });
  const faults = broken.map(
    (one) => `npm run simulate -- --seed ${one.seed}\n    ${one.broken.join('\n    ')}`,
  );
  assert.equal(faults.join('\n'), '');
  assert.ok(held > 0, 'there was no time for a single run');
  return `${held} runs hold${left ? `; there was no time for ${left} more` : ''}`;
}

test('runs that failed once hold', async (t) => t.diagnostic(await hold(keptRuns())));

test('new seeds hold', async (t) => {
  const from = firstSeed();
  t.diagnostic(`seeds from ${from}`);
  t.diagnostic(await hold(seedsFrom(from, NEW_SEEDS), WITHIN_MS));
});

/** By what the code is: a run that fails fails again, and the next commit plays others. Without git, always the same. */
function firstSeed(): number {
  try {
    const tree = execFileSync('git', ['rev-parse', 'HEAD^{tree}'], {
      cwd: import.meta.dirname,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return Number.parseInt(tree.slice(0, 7), 16);
  } catch {
    return 1;
  }
}

test('the same seed is the same run, statement by statement', async () => {
  const steps = planOf(5).slice(0, 8);
  assert.equal((await play(5, steps)).trace, (await play(5, steps)).trace);
});

test('what is broken is seen: a message that a provider took behind the ledger’s back', async () => {
  const { broken } = await play(1, [], ({ books }) => {
    books.taken.push({ ref: '1.1.0', to: '+15550100001', kind: 'plain', text: '', atMs: 0, externalId: 'x' });
  });
  assert.deepEqual(broken, ['ledger: 1.1.0 was taken and has no row']);
});

test('a run that fails is shortened to the steps it takes', async () => {
  const steps = planOf(7);
  const culprits = [steps[3]!, steps[11]!];
  const fails = async (some: readonly unknown[]) => culprits.every((step) => some.includes(step));
  assert.deepEqual(await shorten(steps, fails), culprits);
});
