/**
 * The whole, played under seeds: what must be so at the end is so. What ever failed is kept and played each time; beside it seeds that
 * are new with every change of the code. `npm run simulate -- --seed N` plays one again, and shortens it
 * when it fails.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { monotonicMs } from '../src/base/clock.ts';
import { startDatabases, type Databases } from '../simulation/databases.ts';
import { planOf } from '../simulation/plan.ts';
import { keptRuns, playAll, seedsFrom, type Wanted } from '../simulation/plays.ts';
import { playRun, START_MS, type Run, type Step } from '../simulation/run.ts';
import { shorten } from '../simulation/shorten.ts';

/** New seeds of each run, however long they take. */
const NEW_SEEDS = 20;
/** Of each the beginning: a whole one takes some 10 s of a core, and twenty of them a quarter of all that is tested. `npm run simulate` plays them whole. */
const STEPS = 8;
/** Only what hangs takes so long. */
const WITHIN_MS = 20 * 60_000;

let databases: Databases;
before(async () => void (databases = await startDatabases(START_MS)));
after(() => databases.stop());

const play = (seed: number, steps: readonly Step[], tamper?: (run: Run) => void | Promise<void>) =>
  databases.use((connection) => playRun(connection, seed, steps, tamper ? { tamper } : {}));

/** Plays them, and says what does not hold, with the command that plays it again. */
async function hold(wanted: readonly Wanted[], withinMs?: number, more = ''): Promise<string> {
  const fromMs = monotonicMs();
  const { held, broken, left } = await playAll(databases, wanted, withinMs === undefined ? {} : { withinMs });
  const faults = broken.map(
    (one) => `npm run simulate -- --seed ${one.seed}${more}\n    ${one.broken.join('\n    ')}`,
  );
  assert.equal(faults.join('\n'), '');
  assert.equal(left, 0, `there was no time for ${left} of them`);
  return `${held} runs hold, in ${Math.round((monotonicMs() - fromMs) / 1000)} s`;
}

test('runs that failed once hold', { timeout: WITHIN_MS }, async (t) => t.diagnostic(await hold(keptRuns())));

test('new seeds hold', { timeout: 3 * WITHIN_MS }, async (t) => {
  const from = firstSeed();
  t.diagnostic(`seeds from ${from}`);
  t.diagnostic(await hold(seedsFrom(from, NEW_SEEDS, [], STEPS), WITHIN_MS, ` --steps ${STEPS}`));
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
  const steps = planOf(5).slice(0, 5);
  assert.equal((await play(5, steps)).trace, (await play(5, steps)).trace);
});

test('what is broken is seen: a message that a provider took behind the ledger’s back', async () => {
  const { broken } = await play(1, [], ({ books }) => {
    books.taken.push({ ref: '1.1.0', to: '+15550100001', kind: 'plain', text: '', atMs: 0, externalId: 'x' });
  });
  assert.deepEqual(broken, ['ledger: 1.1.0 was taken and has no row']);
});

/** Each breaks one thing that operators and chats are promised, behind the back of the code. */
const SLIPS: Readonly<Record<string, readonly (readonly [sql: string, broken: RegExp])[]>> = {
  console: [
    [
      `INSERT INTO inbox_seats (bucket, contact_id, operator_id, workspace_id) VALUES (7, 7, 1, 1)`,
      /seats has rows of 7, who is gone/,
    ],
    [`UPDATE inbox SET read_ms = last_ms + 1000000`, /is read up to .*, and nobody has seen it/],
    [`DELETE FROM messages WHERE source ->> 'type' = 'console'`, /was answered and shows nowhere/],
    [`UPDATE inbox_notes SET text = 'another'`, /was kept and is nowhere/],
    [`UPDATE inbox SET assignee_id = 5, closed = NOT closed`, /is of 5, and was given to/],
    [`UPDATE inbox_seats SET draft = 'another'`, /had begun to write/],
  ],
  live: [
    [
      `DELETE FROM messages WHERE source ->> 'type' = 'api'`,
      /is in no thread.*|shows .*, which is not in its thread/,
    ],
    [`INSERT INTO live_heads (bucket, contact_id) VALUES (7, 7)`, /heads has rows of 7, who is gone/],
  ],
};
const DONE = {
  console: ['console answer', 'console note', 'console change', 'console draft'],
  live: ['live answer', 'live say'],
};

test('what is broken is seen: of what operators did, and of what a chat shows', async () => {
  for (const room of ['console', 'live'] as const) {
    const steps = DONE[room].flatMap((kind, i) =>
      planOf(3, [kind])
        .slice(0, 2)
        .map((step) => ({ ...step, atMs: step.atMs + i * 1_000 })),
    );
    const { broken } = await play(3, steps, async ({ look }) => {
      for (const [sql] of SLIPS[room]!) await look.unsafe(sql);
    });
    for (const [sql, wanted] of SLIPS[room]!)
      assert.ok(
        broken.some((text) => wanted.test(text)),
        `${sql}: ${broken.join('; ')}`,
      );
  }
});

test('a run that fails is shortened to the steps it takes', async () => {
  const steps = planOf(7);
  const culprits = [steps[3]!, steps[11]!];
  const fails = async (some: readonly unknown[]) => culprits.every((step) => some.includes(step));
  assert.deepEqual(await shorten(steps, fails), culprits);
});
