/**
 * The scenarios again, all at the same time, while the worker that takes their turns dies by kill -9 in the middle of one statement after
 * another. Each ends as it does when nobody dies, which its own assertions say; what campaigns count equals their rows; and nobody is
 * sent the same message twice. `CAMPAIGNS_SEED` plays what a failure printed again.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { auditCampaigns } from '../src/campaigns/report/audit.ts';
import { STATE } from '../src/ledger/states.ts';
import { startProcess, type ParleyProcess } from './support/processes.ts';
import { seededRandom } from './support/random.ts';
import { TEST_SECRET } from './support/world.ts';

process.env['CAMPAIGNS_WORKER'] = 'apart';
const { LEASE_MS, placeIds, scenarios, sql, url } = await import('./campaignsProduct.ts');
for (const file of ['campaigns', 'campaignsScenarios', 'segments']) await import(`./${file}.test.ts`);

const seed = Number(process.env['CAMPAIGNS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const DEATHS = 4;
/** Statements of a life: in a second a worker makes several hundred when there is enough to do. */
const LIFE = { least: 60, most: 900 };

const dir = await mkdtemp(join(tmpdir(), 'parley-campaigns-killed-'));
after(() => rm(dir, { recursive: true, force: true }));
const env = {
  PARLEY_DATABASE_URL: url,
  PARLEY_DATA_DIR: dir,
  PARLEY_SECRET: TEST_SECRET,
  PARLEY_LEASE_MS: `${LEASE_MS}`,
  PARLEY_ROLES: 'worker',
};

/** One worker after another, each with its statements, then one that lives; `over` ends whichever there is. */
function startWork() {
  const random = seededRandom(seed);
  const state = { died: 0, isOver: false };
  let worker: ParleyProcess | undefined;
  const work = async () => {
    while (state.died < DEATHS && !state.isOver) {
      const statements = LIFE.least + Math.floor(random() * (LIFE.most - LIFE.least));
      worker = await startProcess({ ...env, DIES_AT: `${statements}` }, 'dyingChild.ts');
      if (state.isOver) await worker.kill();
      if (worker.child.signalCode === null) await once(worker.child, 'exit');
      if (!state.isOver) state.died++;
    }
    if (!state.isOver) worker = await startProcess(env);
  };
  const working = work();
  return {
    state,
    over: async () => {
      state.isOver = true;
      await worker?.kill();
      await working;
      await worker?.kill();
    },
  };
}

test(`each scenario, while workers die (CAMPAIGNS_SEED=${seed})`, { concurrency: true }, async (t) => {
  const played = scenarios.filter(({ name }) => name.startsWith('scenario'));
  // By what a name says before what it is about: that may have numbers, too.
  const numbers = new Set(
    played.flatMap(({ name }) =>
      [...name.matchAll(/scenarios? ((?:\d+(?:, | and )?)+)/g)].flatMap(([, told]) => told!.match(/\d+/g)!),
    ),
  );
  const missing = Array.from({ length: 30 }, (_, i) => `${i + 1}`).filter((n) => !numbers.has(n));
  assert.deepEqual(missing, [], 'each scenario is played');
  const { state, over } = startWork();
  await Promise.all(played.map(({ name, play }) => t.test(name, play)));
  await over();
  assert.ok(state.died >= DEATHS / 2, `${state.died} workers died before all was over`);
  for (const placeId of placeIds)
    assert.deepEqual((await auditCampaigns(sql, placeId)).breaks, [], 'parley reconcile --campaigns adds up');
  const doubled = await sql`
    SELECT ref, count(*) AS n FROM simulated_messages WHERE direction = 'out' GROUP BY ref HAVING count(*) > 1`;
  assert.deepEqual([...doubled], [], 'nobody is sent a message twice');
  const lost = await sql<{ id: number }[]>`
    SELECT s.message_id AS id FROM campaign_sends s
    JOIN deliveries d ON d.bucket = s.bucket AND d.contact_id = s.contact_id AND d.cause_id = s.message_id
    WHERE d.state IN (${STATE.queued}, ${STATE.held})`;
  assert.deepEqual([...lost], [], 'what was let in was sent, or is told as unknown');
});
