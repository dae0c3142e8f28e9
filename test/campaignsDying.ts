/**
 * Plays scenarios of campaigns while the worker that takes their turns dies by kill -9 in the middle of one statement after another. Each
 * ends as it does when nobody dies, which its own assertions say; what campaigns count equals their rows; and nobody is sent the same
 * message twice. Whoever asks for it sets `CAMPAIGNS_WORKER` before it loads this; `CAMPAIGNS_SEED` plays what a failure printed again.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import { auditCampaigns } from '../src/campaigns/report/audit.ts';
import { STATE } from '../src/ledger/states.ts';
import { LEASE_MS, placeIds, sql, url } from './campaignsProduct.ts';
import { startProcess, type ParleyProcess } from './support/processes.ts';
import { seededRandom } from './support/random.ts';
import { TEST_SECRET } from './support/world.ts';

/** By which it was drawn when workers die. */
export const seed = Number(process.env['CAMPAIGNS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** How many die, and after how many statements each: in a second a worker makes several hundred when there is enough to do. */
export type Deaths = { deaths: number; least: number; most: number };

const dir = await mkdtemp(join(tmpdir(), 'parley-campaigns-killed-'));
after(() => rm(dir, { recursive: true, force: true }));
const env = {
  PARLEY_DATABASE_URL: url,
  PARLEY_DATA_DIR: dir,
  PARLEY_SECRET: TEST_SECRET,
  PARLEY_LEASE_MS: `${LEASE_MS}`,
  PARLEY_ROLES: 'worker',
};

/** Plays all of them at the same time. */
export async function playWhileTheyDie(
  t: TestContext,
  played: readonly { name: string; play: () => Promise<void> }[],
  given: Deaths,
): Promise<void> {
  const { state, over } = startWork(given);
  await Promise.all(played.map(({ name, play }) => t.test(name, play)));
  await over();
  t.diagnostic(`${state.died} workers died`);
  assert.ok(state.died >= given.deaths / 2, `${state.died} workers died before all was over`);
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
}

/** One worker after another, each with its statements, then one that lives; `over` ends whichever there is. */
function startWork({ deaths, least, most }: Deaths) {
  const random = seededRandom(seed);
  const state = { died: 0, isOver: false };
  let worker: ParleyProcess | undefined;
  const work = async () => {
    while (state.died < deaths && !state.isOver) {
      const statements = least + Math.floor(random() * (most - least));
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
