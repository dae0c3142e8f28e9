/**
 * kill -9 while messages with a delay become due (W11, W34): each is said, once, in its order. `DELAYS_SEED` plays what a failure
 * printed again.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createKey } from '../src/accounts/keys.ts';
import { testDatabase } from './support/database.ts';
import { assertProof } from './support/proof.ts';
import { startProcess } from './support/processes.ts';
import { seededRandom } from './support/random.ts';
import { until } from './support/until.ts';
import { must, newTwilio, newWorkspace, startWorld, TEST_SECRET, type World } from './support/world.ts';
import { callerOf } from './web1on1Product.ts';

const THREADS = 12;
const MESSAGES = 8;
const DEATHS = 4;
const seed = Number(process.env['DELAYS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

const database = await testDatabase();
let world: World;
before(async () => {
  // This process takes requests and owns no lane; those that own them are killed.
  world = await startWorld(database.connection, { PARLEY_ROLES: 'http', PARLEY_LEASE_MS: '2000' });
});
after(() => world.stop());

test(`W34 whoever carries it out is killed, again and again: nothing is lost, doubled or out of order (DELAYS_SEED=${seed})`, async () => {
  const { ctx } = world;
  const app = await newWorkspace(ctx, 'test');
  await newTwilio(ctx, app.id, 'http://127.0.0.1:1');
  const { token } = must(
    await ctx.sql.begin((tx) =>
      createKey(tx, ctx, {
        owner: { workspaceId: app.id },
        door: 'web1on1',
        scopes: ['admin'],
        nowMs: ctx.clock.nowMs(),
      }),
    ),
  );
  const call = callerOf(world.url, token);
  const made = await Promise.all(
    Array.from({ length: THREADS }, (_, n) =>
      call('POST', '/conversations', {
        type: 'contact',
        contact: { profile: { telephone: `+3164628${7000 + n}` } },
        messages: Array.from({ length: MESSAGES }, (_one, i) => ({
          text: `${i}`,
          role: 'agent',
          touchpoint: 'sms',
          delay: i === 0 ? 1000 : i % 3 === 0 ? 700 : 0,
        })),
      }),
    ),
  );
  for (const { status, body } of made) assert.equal(status, 201, JSON.stringify(body));
  const env = {
    PARLEY_DATABASE_URL: database.url,
    PARLEY_SECRET: TEST_SECRET,
    PARLEY_PORT: '0',
    PARLEY_LEASE_MS: '2000',
    PARLEY_POOL_SIZE: '4',
  };
  const said = async () =>
    (
      await ctx.sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM messages WHERE workspace_id = ${app.id} AND direction = 'out'`
    )[0]!.n;
  const isAllSaid = async () => (await said()) === THREADS * MESSAGES;
  const random = seededRandom(seed);
  for (let life = 0; life < DEATHS && (life === 0 || !(await isAllSaid())); life++) {
    const DIES_AT = `${1 + Math.floor(random() * 25)}`;
    const worker = await startProcess({ ...env, DIES_AT }, 'dyingChild.ts');
    const isDead = () => worker.child.signalCode !== null;
    await until('it died, or all is said', async () => isDead() || (life > 0 && (await isAllSaid())));
    await worker.kill();
  }
  const last = await startProcess(env);
  await until('all is said', isAllSaid);
  await until(
    'nothing is held',
    async () => (await ctx.sql`SELECT 1 FROM posts WHERE due_ms IS NOT NULL`).length === 0,
  );
  await last.stop();
  await assertProof(ctx, app.id);
  for (const { body } of made) {
    const { body: list } = await call('GET', `/conversations/${body.id}/messages`);
    assert.deepEqual(
      list.map(({ text }: { text: string }) => text),
      Array.from({ length: MESSAGES }, (_, i) => `${i}`),
    );
  }
});
