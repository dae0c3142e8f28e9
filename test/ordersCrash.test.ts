/**
 * kill -9 between an order and what it sets off, at one statement after another: each order is there once, its customer is texted once of
 * the payment and once to follow up, and the account's number is the only one. And of a file of orders whose server dies half-way,
 * sent anew, it doubles and loses nothing. `ORDERS_SEED` plays what a failure printed again.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { toHex24 } from '../src/base/ids.ts';
import { STATE } from '../src/ledger/states.ts';
import { makeGrant } from './support/connect.ts';
import { testDatabase } from './support/database.ts';
import { newConsoleKey } from './support/messages.ts';
import { assertProof } from './support/proof.ts';
import { startProcess, type ParleyProcess } from './support/processes.ts';
import { seededRandom } from './support/random.ts';
import { until } from './support/until.ts';
import { callApi, must, newTwilio, startWorld, TEST_SECRET } from './support/world.ts';

const seed = Number(process.env['ORDERS_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const random = seededRandom(seed);
const between = (least: number, most: number) => least + Math.floor(random() * (most - least));
const LEASE_MS = 1_000;

const database = await testDatabase();
const { sql } = database;
// This process takes orders; it delivers nothing and owns no lane.
const world = await startWorld(database.connection, { PARLEY_ROLES: 'http', PARLEY_RATE_LIMIT: '0' });
const { ctx } = world;
const dir = await mkdtemp(join(tmpdir(), 'parley-orders-crash-'));
const processes: ParleyProcess[] = [];
const started = async (more: Record<string, string>, entry?: string) => {
  const made = await startProcess(
    {
      PARLEY_DATABASE_URL: database.url,
      PARLEY_DATA_DIR: dir,
      PARLEY_SECRET: TEST_SECRET,
      PARLEY_LEASE_MS: `${LEASE_MS}`,
      PARLEY_RATE_LIMIT: '0',
      ...more,
    },
    entry,
  );
  processes.push(made);
  return made;
};
after(async () => {
  for (const one of processes) await one.kill();
  await world.stop();
  await rm(dir, { recursive: true, force: true });
});

/** A company with an account that texts its customers about orders. */
async function connected() {
  const { company, holder, grant } = await makeGrant(ctx);
  const { workspaceId } = holder;
  await newTwilio(ctx, workspaceId, 'http://127.0.0.1:9', { phoneNumber: '+18015550199' });
  const settings = {
    alert: { on: true, text: 'Paid' },
    followUp: { on: true, text: 'All well?', delay: '1h' },
  };
  const path = `/api/workspaces/${toHex24(workspaceId)}/orders/settings`;
  const set = await callApi(world, await newConsoleKey(ctx, workspaceId), 'PATCH', path, settings);
  assert.equal(set.status, 200, JSON.stringify(set.json));
  return { company, grant, workspaceId };
}

/** A worker that dies in the middle of it, then one that lives until all is done. */
async function work(workspaceId: number, dies: boolean): Promise<void> {
  if (dies) {
    const DIES_AT = `${between(40, 160)}`;
    const { child } = await started({ PARLEY_ROLES: 'worker', DIES_AT }, 'dyingChild.ts');
    if (child.signalCode === null) await once(child, 'exit');
  }
  const env = { PARLEY_ROLES: 'worker', PARLEY_LEASE_MS: `${LEASE_MS}` };
  const worker = await startWorld(database.connection, env);
  await until('all is done', async () => must(await ctx.simulator.settled(workspaceId)), 60_000);
  await worker.stop();
  await assertProof(ctx, workspaceId);
}

const SINGLY = 30;
const AT_ONCE = 30;

test(`kill -9 between an order, its alert and its follow-up: each once (ORDERS_SEED=${seed})`, async () => {
  const { company, grant, workspaceId } = await connected();
  const phones = Array.from({ length: SINGLY + AT_ONCE }, (_, i) => `+1801557${String(i).padStart(4, '0')}`);
  const order = (phone: string, i: number) => ({
    paid_at: 'now',
    reference_id: `r${i}`,
    total_cents: 100 + i,
    profile_phone_number: phone,
  });
  const tell = async (path: string, body: object) => {
    const headers = { 'x-shout-connect-id': grant.connectId };
    const { status, json } = await callApi(world, company.authorization, 'POST', path, body, headers);
    assert.ok(status < 300, JSON.stringify(json));
  };
  await Promise.all(phones.slice(0, SINGLY).map((phone, i) => tell('/orders', { order: order(phone, i) })));
  const rest = phones.slice(SINGLY);
  await tell('/orders/batch', { orders: rest.map((phone, i) => order(phone, SINGLY + i)) });
  await work(workspaceId, true);
  const said = async (text: string) =>
    await sql<{ contactId: number; state: number; times: number }[]>`
      SELECT m.contact_id AS "contactId", d.state, (
        SELECT count(*) FROM simulated_messages s WHERE s.workspace_id = m.workspace_id AND s.address = d.address
          AND s.rendered ->> 'text' = ${text})::int AS times
      FROM messages m JOIN deliveries d ON d.bucket = m.bucket AND d.cause_id = m.id
      WHERE m.workspace_id = ${workspaceId} AND m.content ->> 'text' = ${text}`;
  const each = async (text: string) => {
    const rows = await said(text);
    assert.equal(rows.length, phones.length, `${text}: a message for each order`);
    assert.equal(
      new Set(rows.map(({ contactId }) => contactId)).size,
      phones.length,
      `${text}: of each once`,
    );
    // Of what was out with a worker that died nobody knows: that is on record, and it is not sent a second time.
    for (const { state, times } of rows)
      assert.ok(times === 1 || (times === 0 && state === STATE.unknown), `${text}: ${state} ${times}`);
    return rows;
  };
  const alerts = await each('Paid');
  assert.deepEqual(await said('All well?'), []);
  const noted = await sql<{ contactId: number }[]>`
    SELECT contact_id AS "contactId" FROM orders WHERE workspace_id = ${workspaceId} AND notified_us IS NOT NULL`;
  assert.equal(noted.length, alerts.filter(({ state }) => state !== STATE.unknown).length);
  must(await ctx.simulator.advanceClock(workspaceId, 2 * 3_600_000));
  await work(workspaceId, true);
  await each('All well?');
  assert.equal((await said('Paid')).length, phones.length, 'no alert a second time');
});

const CALLS = 60;

test(`kill -9 of the server among orders that are told one a call: asked again each is there once, as it was answered (ORDERS_SEED=${seed})`, async () => {
  const { company, grant, workspaceId } = await connected();
  const own = await newConsoleKey(ctx, workspaceId);
  const tell = async (url: string, i: number) => {
    const headers = { 'idempotency-key': `order-${i}` };
    const phone = `+1801559${String(i).padStart(4, '0')}`;
    if (i % 2)
      return await callApi(
        { url },
        own,
        'POST',
        `/api/workspaces/${toHex24(workspaceId)}/orders`,
        { phone, paidAt: 'now' },
        headers,
      );
    const order = { paid_at: 'now', profile_phone_number: phone };
    const onBehalf = { ...headers, 'x-shout-connect-id': grant.connectId };
    return await callApi({ url }, company.authorization, 'POST', '/orders', { order }, onBehalf);
  };
  const server = await started({ PARLEY_ROLES: 'http', DIES_AT: `${between(8, 60)}` }, 'dyingChild.ts');
  const calls = Array.from({ length: CALLS }, (_, i) => i);
  const first = await Promise.allSettled(calls.map((i) => tell(server.url, i)));
  if (server.child.signalCode === null) await once(server.child, 'exit');
  const again = await Promise.all(calls.map((i) => tell(world.url, i)));
  for (const [i, { status, json }] of again.entries()) {
    assert.equal(status, 201, JSON.stringify(json));
    const before = first[i]!;
    if (before.status === 'fulfilled')
      assert.deepEqual([before.value.status, before.value.json], [201, json]);
  }
  await work(workspaceId, false);
  const [rows] = await sql`
    SELECT count(*)::int AS n, count(DISTINCT contact_id)::int AS people FROM orders WHERE workspace_id = ${workspaceId}`;
  assert.deepEqual({ ...rows }, { n: CALLS, people: CALLS });
  const alerts = await sql`
    SELECT contact_id FROM messages WHERE workspace_id = ${workspaceId} AND content ->> 'text' = 'Paid'`;
  assert.deepEqual(
    [alerts.length, new Set(alerts.map((one) => one['contact_id'])).size],
    [CALLS, CALLS],
    'an alert for each',
  );
});

const LINES = 1_500;

test(`kill -9 of the server in the middle of a file of orders: sent again it doubles and loses nothing (ORDERS_SEED=${seed})`, async () => {
  const { company, grant, workspaceId } = await connected();
  const token = (await newConsoleKey(ctx, company.id)).replace('Bearer ', '');
  const file = join(dir, 'orders.jsonl');
  const line = (_: unknown, i: number) =>
    JSON.stringify({ phone: `+1801558${String(i % 900).padStart(4, '0')}`, paidAt: 'now', totalCents: i });
  await writeFile(file, Array.from({ length: LINES }, line).join('\n'));
  const DIES_AT = `${between(8, 26)}`;
  const server = await started({ PARLEY_ROLES: 'http', DIES_AT }, 'dyingChild.ts');
  const cut = await importFile(file, server.url, token, grant.connectId);
  assert.notEqual(cut.code, 0, 'the server died');
  const whole = await importFile(file, world.url, token, grant.connectId);
  assert.match(whole.out, /1,500 told\./);
  const [rows] = await sql`
    SELECT count(*)::int AS n, count(DISTINCT total_cents)::int AS told FROM orders WHERE workspace_id = ${workspaceId}`;
  assert.deepEqual({ ...rows }, { n: LINES, told: LINES });
  await work(workspaceId, false);
  const counted = await sql<{ n: number }[]>`
    SELECT sum(s.count)::int AS n FROM event_stats s JOIN event_names n ON n.id = s.name_id
    WHERE s.workspace_id = ${workspaceId} AND n.name = '$order_created'`;
  assert.deepEqual([...counted], [{ n: LINES }], 'each is counted once');
  const sent = await sql`SELECT 1 FROM messages WHERE workspace_id = ${workspaceId} LIMIT 1`;
  assert.equal(sent.length, 0, 'a backfill texts nobody');
});

/** `parley orders import` of a file, on behalf of an account. */
async function importFile(file: string, url: string, token: string, connectId: string) {
  const bin = join(import.meta.dirname, '..', 'bin', 'parley.mjs');
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PARLEY_')));
  const args = ['orders', 'import', file, '--url', url, '--token', token, '--connect-id', connectId];
  return await new Promise<{ code: number; out: string }>((resolve) => {
    execFile(process.execPath, [bin, ...args], { env }, (error, out) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, out }),
    );
  });
}
