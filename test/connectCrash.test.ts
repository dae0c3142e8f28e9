/**
 * kill -9 between a grant and what it sets off: the webhook, the event that campaigns go by, and the onboarding itself. Each happens
 * exactly once in effect, and in order.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { CampaignFile } from '../contract/campaign.ts';
import { publish, saveDraft } from '../src/campaigns/campaigns.ts';
import { newConsoleKey } from './support/messages.ts';
import { connectHolder, endGrant, newCompany, newHolder } from './support/connect.ts';
import { testDatabase } from './support/database.ts';
import { assertProof } from './support/proof.ts';
import { startProcess } from './support/processes.ts';
import { startReceiver } from './support/receiver.ts';
import { until } from './support/until.ts';
import { callApi, must, startWorld, TEST_SECRET, type World } from './support/world.ts';

const database = await testDatabase();
const receiver = await startReceiver();
let world: World;
let env: Record<string, string>;

before(async () => {
  // This process connects and disconnects; it delivers nothing and owns no lane.
  world = await startWorld(database.connection, { PARLEY_ROLES: 'http', PARLEY_PRIVATE_TARGETS: 'loopback' });
  env = {
    PARLEY_DATABASE_URL: database.url,
    PARLEY_DATA_DIR: world.config.dataDir,
    PARLEY_SECRET: TEST_SECRET,
    PARLEY_ROLES: 'worker',
    PARLEY_LEASE_MS: '2000',
    PARLEY_PRIVATE_TARGETS: 'loopback',
  };
});
after(() => world.stop());

test('connect, disconnect, connect again within a second, and the worker dies while it tells: each once, in order', async () => {
  const { ctx } = world;
  const company = await newCompany(ctx);
  const key = await newConsoleKey(ctx, company.id);
  const at = `/api/workspaces/${company.appId}`;
  const call = async (method: string, path: string, body: unknown, ok: number) => {
    const { status, json } = await callApi(world, key, method, at + path, body);
    assert.equal(status, ok, `${path}: ${JSON.stringify(json)}`);
    return json;
  };
  await call('PUT', '/connect/webhook', { url: receiver.url('/told') }, 200);
  const { id: announcements } = await call('PUT', '/announcements', { name: 'News' }, 200);
  await live(company.id, 'onboarding', 'created');
  await live(company.id, 'offboarding', 'deleted');
  receiver.answer('/told', (before) => (before === 0 ? 'hang' : { status: 200 }));
  const holder = await newHolder(ctx);
  const { grant } = must(await connectHolder(ctx, company, holder, '123abc'));
  must(await endGrant(ctx, grant));
  must(await connectHolder(ctx, company, holder, '123abc'));
  let worker = await startProcess(env);
  try {
    await until('the first is being told', () => receiver.received('/told').length === 1, 30_000);
    await worker.kill();
    worker = await startProcess(env);
    const told = () => receiver.received('/told').map(({ body }) => JSON.parse(body).event.split('_').at(-1));
    await until('all is told', () => told().length === 4, 30_000);
    assert.deepEqual(told(), ['created', 'created', 'deleted', 'created']);
    const ids = receiver.received('/told').map(({ headers }) => headers['webhook-id']);
    assert.equal(ids[0], ids[1], 'the one that was cut off is known by its id when it comes again');
    assert.equal(new Set(ids).size, 3);
    const entered = async () =>
      await ctx.sql<{ key: string; n: number }[]>`
        SELECT c.key, count(*)::int AS n FROM campaign_entries e JOIN campaigns c ON c.id = e.campaign_id
        WHERE e.workspace_id = ${company.id} GROUP BY 1 ORDER BY 1`;
    await until('both ran', async () => (await entered()).length === 2, 30_000);
    await until('what was done is settled', async () => {
      const left = await ctx.sql`SELECT 1 FROM event_arrivals WHERE workspace_id = ${company.id}`;
      return left.length === 0;
    });
    const { members } = (await callApi(world, key, 'GET', `${at}/groups/${announcements}/members`)).json;
    assert.equal(members.length, 1, 'it is in the announcements, once');
    const happened = await ctx.sql<{ name: string; n: number }[]>`
      SELECT n.name, count(*)::int AS n FROM contact_events e JOIN event_names n ON n.id = e.name_id
      WHERE e.workspace_id = ${company.id} AND n.name LIKE '$grant%' GROUP BY 1 ORDER BY 1`;
    assert.deepEqual(
      happened.map((one) => ({ ...one })),
      [
        { name: '$grant_created', n: 2 },
        { name: '$grant_deleted', n: 1 },
      ],
    );
  } finally {
    await worker.stop();
  }
  await assertProof(ctx, company.id);
});

/** A campaign that tags whoever connects or disconnects, each time. */
async function live(workspaceId: number, key: string, on: 'created' | 'deleted'): Promise<void> {
  const { ctx } = world;
  const deps = { queue: ctx.queue, ids: ctx.ids, names: ctx.names, clock: ctx.clock };
  const nowMs = ctx.clock.nowMs();
  const file: CampaignFile = {
    parley: 'campaign/1',
    key,
    name: key,
    trigger: { grant: { on } },
    entry: 'every',
    steps: [{ key: 'mark', tag: { add: [key] } }],
  };
  const draft = must(await ctx.queue.transact((tx) => saveDraft(deps, tx, workspaceId, file, nowMs)));
  must(await ctx.queue.transact((tx) => publish(deps, tx, workspaceId, draft.id, 'move', nowMs)));
}
