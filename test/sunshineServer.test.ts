/** What every door gets from the server: probes, headers, limits, and an end that cuts nobody off. */
import assert from 'node:assert/strict';
import { Agent, request as rawRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { until } from './support/until.ts';
import { caller, errors, startProduct } from './sunshineProduct.ts';

/* oxlint-disable typescript/no-explicit-any */
type Json = any;

const product = await startProduct({ rateLimitPerS: 20 });
const { url, sql } = product;

test('probes: alive, ready, measured', async () => {
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  const ready = await until('ready', async () => {
    const response = await fetch(`${url}/readyz`);
    return response.status === 200 ? response.json() : undefined;
  });
  assert.deepEqual(ready, { ready: true, faults: [] });
  const metrics = await (await fetch(`${url}/metrics`)).text();
  assert.match(metrics, /parley_http_request_seconds_count\{[^}]*route="\/healthz"/);
  assert.match(metrics, /process_cpu_seconds_total/);
});

test('headers that every answer has; pages of other sites may call', async () => {
  const app = await product.newApp();
  const answer = await fetch(`${url}/v1.1/apps/${app.appId}/webhooks`);
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  assert.match(answer.headers.get('content-security-policy')!, /default-src 'none'/);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  assert.ok(answer.headers.get('x-request-id'));
  assert.equal(answer.headers.get('access-control-allow-origin'), '*');
  const asked = await fetch(`${url}/v1.1/apps/${app.appId}/webhooks`, {
    method: 'OPTIONS',
    headers: { origin: 'https://shop.example', 'access-control-request-method': 'POST' },
  });
  assert.equal(asked.status, 204);
  assert.match(asked.headers.get('access-control-allow-headers')!, /Authorization/);
  assert.match(asked.headers.get('access-control-allow-methods')!, /DELETE/);
});

test('more requests than a key may make are told when to come back; other keys are not held up', async () => {
  const [busy, calm] = [await product.newApp(), await product.newApp()];
  const all = await Promise.all(Array.from({ length: 40 }, () => caller(url, busy)('GET', '/v1.1/webhooks')));
  const refused = all.filter(({ status }) => status === 429);
  assert.ok(refused.length >= 10, String(refused.length));
  assert.equal(refused[0]!.headers.get('retry-after'), '1');
  assert.equal((refused[0]!.body as Json).error.code, 'rate_limited');
  assert.equal((await caller(url, calm)('GET', '/v1.1/webhooks')).status, 200);
});

test('what is not HTTP is answered, and the server goes on', async () => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write('NONSENSE\r\n\r\n');
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  assert.match(bytes.toString(), /^HTTP\/1\.1 400 /);
  assert.match(bytes.toString(), /"description":/);
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
});

test('a bug is a 500 in the form of the door, and is logged with the request', async () => {
  const app = await product.newApp();
  const { directory } = product.ctx;
  const real = { ...directory };
  directory.integrationsOf = () => Promise.reject(new Error('a bug'));
  const answer = (await caller(url, app)('GET', '/v1.1/integrations')) as Json;
  Object.assign(directory, real);
  assert.equal(answer.status, 500);
  assert.equal(answer.body.error.code, 'internal_error');
  assert.ok(answer.body.error.description.includes(answer.headers.get('x-request-id')));
  assert.equal(errors.length, 1);
  errors.length = 0;
});

test('a database that goes away is a 503, and nobody is told that it is a bug', async () => {
  const app = await product.newApp();
  const lock = await sql.reserve();
  await lock`BEGIN`;
  await lock`LOCK TABLE webhooks IN ACCESS EXCLUSIVE MODE`;
  const waiting = caller(url, app)('GET', '/v1.1/webhooks');
  await until('the request waits', async () => {
    const ended = await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'parley' AND wait_event_type = 'Lock'`;
    return ended.length > 0;
  });
  const answer = (await waiting) as Json;
  await lock`ROLLBACK`;
  lock.release();
  assert.equal(answer.status, 503);
  assert.equal(answer.headers.get('retry-after'), '1');
  assert.equal(answer.body.error.code, 'unavailable');
  assert.deepEqual(errors, []);
});

test('stopping finishes what runs, closes connections that are kept, and takes nothing new', async () => {
  const app = await product.newApp();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const lock = await sql.reserve();
  await lock`BEGIN`;
  await lock`LOCK TABLE webhooks IN ACCESS EXCLUSIVE MODE`;
  const running = caller(url, app)('POST', '/v1.1/webhooks', { target: 'https://example.com/' });
  await until('the request waits', async () => {
    const rows =
      await sql`SELECT 1 FROM pg_stat_activity WHERE application_name = 'parley' AND wait_event_type = 'Lock'`;
    return rows.length > 0;
  });
  const idle = rawRequest(`${url}/healthz`, { agent });
  idle.end();
  const [kept] = (await once(idle, 'response')) as [IncomingMessage];
  const closed = once(kept.socket, 'close');
  kept.resume();
  await once(kept, 'end');
  const stopped = product.parley.stop();
  await closed;
  await assert.rejects(fetch(`${url}/healthz`));
  await lock`COMMIT`;
  lock.release();
  const answer = await running;
  assert.equal(answer.status, 201);
  assert.equal(answer.headers.get('connection'), 'close');
  await stopped;
});
