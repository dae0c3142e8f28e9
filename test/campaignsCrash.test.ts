/** Workers of campaigns are killed at any moment: whatever was told happens once, nobody is stuck, and counts equal rows. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { findCampaign, publish, saveDraft } from '../src/campaigns/campaigns.ts';
import { enterSince } from '../src/campaigns/since.ts';
import { beginBacktest, findBacktest } from '../src/campaigns/backtest/backtests.ts';
import { triedOf } from '../src/campaigns/backtest/tried.ts';
import { auditCampaigns } from '../src/campaigns/report/audit.ts';
import { testDatabase } from './support/database.ts';
import { assertProof } from './support/proof.ts';
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

const env = {
  PARLEY_DATABASE_URL: database.url,
  PARLEY_DATA_DIR: dir,
  PARLEY_SECRET: TEST_SECRET,
  PARLEY_LEASE_MS: '2000',
  PARLEY_ROLES: 'worker',
};

const PEOPLE = 300;
const ROUNDS = 2;

test('kill -9 of the worker again and again: each enters once, is written to once, and ends', async () => {
  const { id } = await newWorkspace(ctx, 'test');
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
  const mixed = {
    parley: 'campaign/1',
    key: 'mixed',
    trigger: { event: { did: 'order' } },
    entry: 'once',
    holdout: '30%',
    goals: [{ key: 'paid', event: 'pay', within: '7d', value: 'amount' }],
    steps: [
      {
        key: 'offer',
        send: {
          variants: [
            { key: 'a', share: '50%', content: { type: 'text', text: 'a' } },
            { key: 'b', share: '50%', content: { type: 'text', text: 'b' } },
          ],
        },
      },
      { key: 'way', split: { mark: 1, last: 1 } },
      { key: 'mark', tag: { add: ['marked'] } },
      { key: 'last', send: { content: { type: 'text', text: 'last' }, await: 'accepted' } },
    ],
  };
  const nowMs = ctx.clock.nowMs();
  const [first, second] = [await live(id, file, nowMs), await live(id, mixed, nowMs)];
  const person = (i: number) => ({
    identities: [{ kind: 'external' as const, value: `c${i}` }],
    destinations: [{ channel: 'email' as const, integrationId: null, address: `c${i}@example.com` }],
  });
  for (let round = 0; round < ROUNDS; round++) {
    const worker = await startProcess(env);
    const who = Array.from({ length: PEOPLE }, (_, i) => i).filter((i) => i % ROUNDS === round);
    const told = who.flatMap((i) => [
      { person: person(i), event: { name: 'order', key: `o${i}` } },
      { person: person(i), event: { name: 'pay', key: `p${i}`, properties: { amount: 5 } } },
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
  const sentBy = async (campaignId: number) =>
    await sql<{ n: number; people: number }[]>`
      SELECT count(*) AS n, count(DISTINCT s.contact_id) AS people FROM campaign_sends s
      JOIN messages m ON m.bucket = s.bucket AND m.id = s.message_id WHERE s.campaign_id = ${campaignId}`;
  assert.deepEqual([...(await sentBy(first))], [{ n: 2 * PEOPLE, people: PEOPLE }]);
  const entries = await sql<
    { campaignId: number; arm: number; n: number; reached: number; paid: number; value: number }[]
  >`
    SELECT campaign_id AS "campaignId", arm, count(*) AS n, count(reached_ms) AS reached,
      count(*) FILTER (WHERE converted -> 'paid' ->> 'n' = '1') AS paid, sum((converted -> 'paid' ->> 'value')::integer) AS value
    FROM campaign_entries WHERE workspace_id = ${id} AND ending = 'completed' GROUP BY 1, 2 ORDER BY arm`;
  const [treated, held] = entries.filter(({ campaignId }) => campaignId === second);
  assert.equal(entries.find(({ campaignId }) => campaignId === first)!.n, PEOPLE);
  assert.deepEqual(
    [
      treated!.n + held!.n,
      treated!.reached + held!.reached,
      treated!.paid + held!.paid,
      treated!.value + held!.value,
    ],
    [PEOPLE, PEOPLE, PEOPLE, 5 * PEOPLE],
    'each is in one arm, came to the first message, and paid once',
  );
  assert.deepEqual(
    [...(await sentBy(second))],
    [{ n: 2 * treated!.n, people: treated!.n }],
    'of the holdout none',
  );
  const messages =
    await sql`SELECT count(*) AS n FROM messages WHERE workspace_id = ${id} AND direction = 'out'`;
  assert.equal(messages[0]!['n'], 2 * PEOPLE + 2 * treated!.n, 'no message that no campaign knows');
  const { breaks, fewer } = await auditCampaigns(sql, id);
  assert.deepEqual([breaks, fewer], [[], []]);
  await last.stop();
  await assertProof(ctx, id);
});

/** Publishes a campaign. */
async function live(workspaceId: number, file: object, nowMs: number): Promise<number> {
  const deps = { queue: ctx.queue, ids: ctx.ids, names: ctx.names, clock: ctx.clock };
  const draft = must(await ctx.queue.transact((tx) => saveDraft(deps, tx, workspaceId, file, nowMs)));
  must(await ctx.queue.transact((tx) => publish(deps, tx, workspaceId, draft.id, 'move', nowMs)));
  return draft.id;
}

test('campaigns.md §3.2: kill -9 of the worker while those are let in who did it before, as of then: each once, and what is in time is sent once', async () => {
  const { id } = await newWorkspace(ctx, 'test');
  const nowMs = ctx.clock.nowMs();
  const hour = 3_600_000;
  // A third was let in an hour ago, a third two days ago; of these some had done the other thing.
  const told = Array.from({ length: PEOPLE }, (_, i) => i).flatMap((i) => {
    const person = {
      identities: [{ kind: 'external' as const, value: `s${i}` }],
      destinations: [{ channel: 'email' as const, integrationId: null, address: `s${i}@example.com` }],
    };
    const at = (hours: number) => (nowMs - hours * hour) / 1000;
    const came = { person, event: { name: 'came', key: `c${i}`, timestamp: at(i % 3 === 0 ? 2 : 48) } };
    const went = { person, event: { name: 'went', key: `w${i}`, timestamp: at(47.5) } };
    return i % 3 === 1 ? [came, went] : [came];
  });
  const first = await startProcess(env);
  for (let at = 0; at < told.length; at += 100) must(await ctx.arrive(id, told.slice(at, at + 100)));
  await until(
    'all is known',
    async () => (await sql`SELECT 1 FROM event_arrivals LIMIT 1`).length === 0,
    60_000,
  );
  await first.stop();
  const file = {
    parley: 'campaign/1',
    key: 'then',
    trigger: { event: { did: 'came' } },
    holdout: '20%',
    goals: [{ key: 'went', event: 'went', within: '7d' }],
    exits: [{ event: 'went' }],
    steps: [
      { key: 'rest', wait: { for: '1h' } },
      { key: 'mark', tag: { add: ['came'] } },
      { key: 'hello', send: { content: { type: 'text', text: 'hello' } } },
      { key: 'long', wait: { for: '30d' } },
    ],
  };
  const campaignId = await live(id, file, nowMs);
  const campaign = (await findCampaign(sql, id, campaignId))!;
  for (let round = 0; round < ROUNDS; round++) {
    const given = { sinceMs: nowMs - 100 * hour, from: 'event' as const, perMinute: 100_000 };
    await ctx.queue.transact((tx) => enterSince(ctx, tx, campaign, given, ctx.clock.nowMs()));
    const before = await countEntered(campaignId);
    const worker = await startProcess(env);
    await until('it has begun', async () => round > 0 || (await countEntered(campaignId)) > before, 60_000);
    await worker.kill();
  }
  const last = await startProcess(env);
  await until(
    'all are let in',
    async () => (await sql`SELECT 1 FROM campaign_tasks WHERE workspace_id = ${id} LIMIT 1`).length === 0,
    60_000,
  );
  await until(
    'all is sent',
    async () => (await sql`SELECT 1 FROM due WHERE workspace_id = ${id} LIMIT 1`).length === 0,
    60_000,
  );
  const rows = await sql<
    { ending: string | null; went: boolean; reached: number; n: number; people: number }[]
  >`
    SELECT ending, converted ? 'went' AS went, count(reached_ms) AS reached, count(*) AS n, count(DISTINCT contact_id) AS people
    FROM campaign_entries WHERE campaign_id = ${campaignId} GROUP BY 1, 2 ORDER BY 1 NULLS FIRST`;
  const third = PEOPLE / 3;
  assert.deepEqual(
    rows.map(({ ending, went, reached, n, people }) => [ending, went, reached, n, people]),
    [
      [null, false, third, 2 * third, 2 * third],
      ['event', true, 0, third, third],
    ],
  );
  const [sent] = await sql<{ n: number; people: number; treated: number }[]>`
    SELECT count(*) AS n, count(DISTINCT s.contact_id) AS people,
      (SELECT count(*) FROM campaign_entries WHERE campaign_id = ${campaignId} AND arm = 0 AND reached_ms IS NOT NULL) AS treated
    FROM campaign_sends s WHERE s.campaign_id = ${campaignId}`;
  assert.ok(sent!.n > third / 2 && sent!.n < third, `${sent!.n} messages: some are held out`);
  assert.deepEqual([sent!.n, sent!.people], [sent!.treated, sent!.treated], 'each treated one, once');
  assert.deepEqual((await auditCampaigns(sql, id)).breaks, []);
  await last.stop();
  await assertProof(ctx, id);
});

async function countEntered(campaignId: number): Promise<number> {
  return (await sql`SELECT 1 FROM campaign_entries WHERE campaign_id = ${campaignId}`).length;
}

test('kill -9 of the worker in a back-test: it goes on where it was, and counts nobody twice', async () => {
  const [workspace] = await sql<
    { id: number }[]
  >`SELECT workspace_id AS id FROM campaign_entries GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`;
  const { id } = workspace!;
  const campaign = {
    parley: 'campaign/1',
    key: 'tried',
    trigger: { event: { did: 'order' } },
    goals: [{ key: 'paid', event: 'pay', within: '7d' }],
    steps: [{ key: 'hello', send: { content: { type: 'text', text: 'hello' } } }],
  };
  const nowMs = ctx.clock.nowMs();
  const asked = {
    campaign,
    fromMs: nowMs - 3600_000,
    toMs: nowMs,
    orderedBy: 'received' as const,
    all: true,
  };
  const begun = must(await ctx.queue.transact((tx) => beginBacktest(ctx, tx, id, asked, nowMs)));
  for (let round = 0; round < ROUNDS; round++) {
    const worker = await startProcess(env);
    await until(
      'it was claimed',
      async () => (await sql`SELECT 1 FROM flights LIMIT 1`).length > 0 || (await isOver(id, begun.id)),
    );
    await worker.kill();
  }
  const last = await startProcess(env);
  await until('it is done', async () => await isOver(id, begun.id), 60_000);
  await last.stop();
  const { people, entered, goals, sends } = triedOf((await findBacktest(sql, id, begun.id))!);
  assert.deepEqual(
    [people, entered, goals['paid']!.n],
    [{ n: PEOPLE, error: 0 }, { n: PEOPLE, error: 0 }, PEOPLE],
  );
  assert.equal(
    sends.reduce((sum, { n }) => sum + n, 0),
    PEOPLE,
  );
});

async function isOver(workspaceId: number, backtestId: number): Promise<boolean> {
  return (await findBacktest(sql, workspaceId, backtestId))?.endedMs !== null;
}
