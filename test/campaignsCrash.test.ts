/** Workers of campaigns are killed at any moment: whatever was told happens once, nobody is stuck, and counts equal rows. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { publish, saveDraft } from '../src/campaigns/campaigns.ts';
import { auditCampaigns } from '../src/campaigns/report/audit.ts';
import { testDatabase } from './support/database.ts';
import { startProcess } from './support/processes.ts';
import { until } from './support/until.ts';
import { must, newWorkspace, startWorld, TEST_SECRET } from './support/world.ts';

const database = await testDatabase();
const { sql } = database;
const world = await startWorld(database.connection, { PARLEY_ROLES: 'http', PARLEY_LEASE_MS: '2000' });
const { ctx } = world;
const dir = await mkdtemp(join(tmpdir(), 'parley-campaigns-crash-'));
after(async () => {
  await world.stop();
  await rm(dir, { recursive: true, force: true });
});

const PEOPLE = 300;
const ROUNDS = 2;

test('kill -9 of the worker again and again: each enters once, is written to once, and ends', async () => {
  const { id } = await newWorkspace(ctx, 'test');
  const deps = { queue: ctx.queue, ids: ctx.ids, names: ctx.names, clock: ctx.clock };
  const file = {
    parley: 'campaign/1',
    key: 'crash',
    trigger: { event: { did: 'order' } },
    steps: [
      { key: 'hello', send: { content: { type: 'text', text: 'hello' } } },
      { key: 'paid', wait_for: { event: 'pay', timeout: '1h' }, then: { done: 'thanks', timeout: 'end' } },
      { key: 'thanks', send: { content: { type: 'text', text: 'thanks' } } },
    ],
  };
  const nowMs = ctx.clock.nowMs();
  const draft = must(await ctx.queue.transact((tx) => saveDraft(deps, tx, id, file, nowMs)));
  must(await ctx.queue.transact((tx) => publish(deps, tx, id, draft.id, 'move', nowMs)));
  const person = (i: number) => ({
    identities: [{ kind: 'external' as const, value: `c${i}` }],
    destinations: [{ channel: 'email' as const, integrationId: null, address: `c${i}@example.com` }],
  });
  const env = {
    PARLEY_DATABASE_URL: database.url,
    PARLEY_DATA_DIR: dir,
    PARLEY_SECRET: TEST_SECRET,
    PARLEY_LEASE_MS: '2000',
    PARLEY_ROLES: 'worker',
  };
  for (let round = 0; round < ROUNDS; round++) {
    const worker = await startProcess(env);
    const who = Array.from({ length: PEOPLE }, (_, i) => i).filter((i) => i % ROUNDS === round);
    const told = who.flatMap((i) => [
      { person: person(i), event: { name: 'order', key: `o${i}` } },
      { person: person(i), event: { name: 'pay', key: `p${i}` } },
    ]);
    // Killed as soon as it has begun with them, and told again, as a client does that got no answer.
    await ctx.arrive(id, told);
    await until('it has begun', async () => (await sql`SELECT 1 FROM campaign_entries LIMIT 1`).length > 0);
    await worker.kill();
    await ctx.arrive(id, told);
  }
  const last = await startProcess(env);
  await until(
    'all is taken',
    async () =>
      (await sql`SELECT 1 FROM event_arrivals LIMIT 1`).length === 0 &&
      (await sql`SELECT 1 FROM campaign_entries WHERE ended_ms IS NULL LIMIT 1`).length === 0,
    60_000,
  );
  const sent = await sql<{ n: number; people: number }[]>`
    SELECT count(*) AS n, count(DISTINCT contact_id) AS people FROM messages WHERE workspace_id = ${id} AND direction = 'out'`;
  assert.deepEqual([...sent], [{ n: 2 * PEOPLE, people: PEOPLE }]);
  const entries =
    await sql`SELECT count(*) AS n FROM campaign_entries WHERE workspace_id = ${id} AND ending = 'completed'`;
  assert.equal(entries[0]!['n'], PEOPLE);
  const { breaks, fewer } = await auditCampaigns(sql, id);
  assert.deepEqual([breaks, fewer], [[], []]);
  await last.stop();
});
