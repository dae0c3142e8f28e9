/** Probes and metrics, as those who watch an install read them: of a process that serves, and of one that only works. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { readConfig } from '../src/base/config.ts';
import { toHex24 } from '../src/base/ids.ts';
import { systemClock } from '../src/base/clock.ts';
import type { Log } from '../src/base/log.ts';
import { startParley } from '../src/parley.ts';
import { testDatabase } from './support/database.ts';
import { until } from './support/until.ts';
import {
  callApi,
  must,
  newTwilio,
  newWorkspace,
  startWorld,
  TEST_SECRET,
  type World,
} from './support/world.ts';

const database = await testDatabase();
const TOKEN = 'a-token-for-the-metrics';
let front: World;
let worker: World;
before(async () => {
  front = await startWorld(database.connection, { PARLEY_ROLES: 'http', PARLEY_METRICS_TOKEN: TOKEN });
  worker = await startWorld(database.connection, { PARLEY_ROLES: 'worker', PARLEY_PUBLIC_URL: front.url });
});
after(async () => {
  await worker.stop();
  await front.stop();
});

const read = async (base: string, path: string, headers: Record<string, string> = {}) => {
  const answer = await fetch(base + path, { headers });
  return { status: answer.status, text: await answer.text() };
};
const ready = async (base: string) => {
  const { status, text } = await read(base, '/readyz');
  return { status, faults: (JSON.parse(text) as { faults: string[] }).faults };
};
const value = (text: string, name: string) =>
  Number(new RegExp(`^${name.replaceAll(/[{}]/g, String.raw`\$&`)} (\\S+)$`, 'm').exec(text)?.[1]);

test('a worker that serves no requests has probes and metrics on a port of its own', async () => {
  assert.equal(front.probes, undefined, 'one that serves has them there');
  assert.match(worker.probes!, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal((await read(worker.probes!, '/healthz')).status, 200);
  await until('it is ready', async () => (await ready(worker.probes!)).status === 200);
  assert.equal((await ready(front.url)).status, 200);
  assert.equal((await read(worker.probes!, '/other')).status, 404);
});

test('what people alert on is told', async () => {
  const { id, appId, authorization } = await newWorkspace(front.ctx, 'test');
  const integration = await newTwilio(front.ctx, id, 'http://127.0.0.1:1');
  await callApi(front, authorization, 'POST', `/v1.1/apps/${appId}/webhooks`, {
    target: `${front.url}/nowhere`,
    triggers: ['notification:delivery:channel'],
  });
  const sent = await callApi(front, authorization, 'POST', `/v1.1/apps/${appId}/notifications`, {
    destination: { integrationId: toHex24(integration.id), destinationId: '+15005550006' },
    author: { role: 'appMaker' },
    message: { type: 'text', text: 'Hello' },
  });
  assert.equal(sent.status, 201, JSON.stringify(sent.json));
  const text = await until('the delivery is counted', async () => {
    const { text: all } = await read(worker.probes!, '/metrics');
    return value(all, 'parley_deliveries_total{state="accepted"}') >= 1 ? all : undefined;
  });
  assert.equal(value(text, 'parley_lanes_owned'), 32);
  assert.ok(value(text, 'parley_provider_outcomes_total{provider="twilio",outcome="accepted"}') >= 1);
  assert.equal(value(text, 'parley_store_up'), 1);
  for (const name of [
    'parley_queue_items{kind="delivery",stream="interactive"}',
    'parley_queue_overdue_seconds{kind="delivery",stream="bulk"}',
    'parley_feed_events',
    'parley_webhook_lag_seconds',
    'parley_webhooks{state="failing"}',
    'parley_pool_connections{state="busy"}',
    'parley_pool_waiting',
  ])
    assert.ok(value(text, name) >= 0, name);
  await until('the call that failed is counted', async () => {
    const { text: all } = await read(worker.probes!, '/metrics');
    return /^parley_webhook_calls_total\{outcome="(?:retried|failed)"\} [1-9]/m.test(all);
  });
});

/** Units that are not base units, and short names of units, as Prometheus' linter knows them (prometheus/client_golang, promlint, v1.23). */
const ODD_UNITS =
  /_(?:milliseconds|microseconds|nanoseconds|minutes|hours|days|weeks|kilobytes|megabytes|gigabytes|kibibytes|mebibytes|bits|percent|kelvin|fahrenheit|kilometers|kilograms|s|ms|us|ns|sec|h|d|b|kb|mb|gb|tb|pb|m)(?:_|$)/;

/** What `promtool check metrics` asks for. */
function lint(text: string): string[] {
  const faults: string[] = [];
  for (const kind of ['HELP', 'TYPE']) {
    const named = [...text.matchAll(new RegExp(`^# ${kind} (\\S+)`, 'gm'))].map(([, name]) => name!);
    faults.push(
      ...named.filter((name, at) => named.indexOf(name) < at).map((name) => `${name}: ${kind} twice`),
    );
  }
  const series = [...text.matchAll(/^([a-zA-Z_:][\w:]*(?:\{.*\})?) \S+$/gm)].map(([, one]) => one!);
  faults.push(...series.filter((one, at) => series.indexOf(one) < at).map((one) => `${one}: twice`));
  for (const [, label] of text.matchAll(/[{,](\w+)="/g))
    if (!/^[a-z][a-z0-9_]*$/.test(label!)) faults.push(`${label}: a label not in snake case`);
  for (const [, name] of text.matchAll(/^(\w+)\{(?:.*,)?(?:le|quantile)="/gm))
    if (!new RegExp(`^# TYPE ${name!.replace(/_bucket$/, '')} (?:histogram|summary)$`, 'm').test(text))
      faults.push(`${name}: le and quantile are for histograms and summaries`);
  const help = new Set([...text.matchAll(/^# HELP (\S+) \S/gm)].map(([, name]) => name));
  for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    if (!help.has(name)) faults.push(`${name}: no help`);
    if ((type === 'counter') !== name!.endsWith('_total'))
      faults.push(`${name}: _total is for counters, and only for them`);
    if (ODD_UNITS.test(name!)) faults.push(`${name}: not a base unit`);
    if (/(?:^|_)(?:counter|gauge|histogram|summary|untyped)(?:_|$)/.test(name!))
      faults.push(`${name}: names its type`);
    if (type !== 'histogram' && type !== 'summary' && /_(?:count|sum|bucket)$/.test(name!))
      faults.push(`${name}: is no histogram`);
    if (!/^[a-z][a-z0-9_]*$/.test(name!)) faults.push(`${name}: not snake case`);
  }
  const typed = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
  for (const [, name] of text.matchAll(/^([a-z]\w*)[ {]/gm))
    if (!typed.has(name) && !typed.has(name!.replace(/_(?:count|sum|bucket)$/, '')))
      faults.push(`${name}: no type`);
  return faults;
}

test('names, units and help are as promtool asks', async () => {
  assert.deepEqual(lint('# TYPE a_ms counter\nb 1\n').length, 4, 'the rules find something');
  const bad = [
    '# HELP a b\n# TYPE a gauge\na 1\na 2\n',
    '# HELP a b\n# HELP a c\n# TYPE a gauge\na 1\n',
    '# HELP a b\n# TYPE a gauge\na{camelCase="x"} 1\n',
    '# HELP a b\n# TYPE a gauge\na{le="1"} 1\n',
    '# HELP a_gauge b\n# TYPE a_gauge gauge\na_gauge 1\n',
    '# HELP a_kb b\n# TYPE a_kb gauge\na_kb 1\n',
  ];
  for (const one of bad) assert.equal(lint(one).length, 1, one);
  for (const base of [front.url, worker.probes!]) {
    const { text } = await read(base, '/metrics');
    assert.deepEqual(lint(text), []);
    const promtool = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    if (!promtool.error) assert.deepEqual([promtool.stdout, promtool.stderr, promtool.status], ['', '', 0]);
  }
});

test('metrics are for this machine, or for who has the token; a proxy speaks for others', async () => {
  const far = { 'x-forwarded-for': '203.0.113.9' };
  assert.equal((await read(front.url, '/metrics', far)).status, 401);
  assert.equal((await read(front.url, '/metrics', { ...far, authorization: `Bearer ${TOKEN}` })).status, 200);
  assert.equal((await read(front.url, '/metrics', { authorization: 'Bearer wrong' })).status, 401);
  assert.equal((await read(worker.probes!, '/metrics', far)).status, 401);
});

test('a full disk: 503 with the reason, not ready until it can write again', async () => {
  const { sql } = database;
  const { appId, authorization } = await newWorkspace(front.ctx, 'test');
  await sql.unsafe(`
    CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE 'could not extend file "base/1/2": No space left on device' USING ERRCODE = '53100'; END $$;
    CREATE TRIGGER no_room BEFORE INSERT ON contacts FOR EACH ROW EXECUTE FUNCTION no_room();
    CREATE TRIGGER no_room BEFORE INSERT ON install FOR EACH ROW EXECUTE FUNCTION no_room()`);
  const made = await callApi(front, authorization, 'POST', `/v1.1/apps/${appId}/appusers`, {
    userId: 'full',
  });
  assert.equal(made.status, 503, JSON.stringify(made.json));
  assert.match(JSON.stringify(made.json), /disk of the store is full/);
  assert.equal(made.headers.get('retry-after'), '30');
  // What was looked at just before is told for a moment.
  const full = await until('it is not ready', async () => {
    const now = await ready(front.url);
    return now.status === 503 ? now : undefined;
  });
  assert.match(full.faults[0]!, /disk of the store is full/);
  await sql.unsafe('DROP FUNCTION no_room CASCADE');
  await until('it is ready again', async () => (await ready(front.url)).status === 200);
});

test('a lost database: not ready with the reason, told once in the log, and once when it is back', async () => {
  const { host, port, username, password, database: name } = database.connection;
  const sockets = new Set<net.Socket>();
  const gate = net.createServer((near) => {
    const far = host.startsWith('/') ? net.connect(`${host}/.s.PGSQL.${port}`) : net.connect(port, host);
    near.pipe(far).pipe(near);
    sockets.add(near);
    for (const end of [near, far]) end.on('error', () => (near.destroy(), far.destroy()));
    near.on('close', () => far.destroy());
  });
  gate.listen(0, '127.0.0.1');
  await once(gate, 'listening');
  const at = (gate.address() as net.AddressInfo).port;
  const said: string[] = [];
  const note = (_fields: object, message: string) => void said.push(message);
  const log: Log = { debug() {}, info: note, warn: note, error: note };
  const config = must(
    readConfig({
      PARLEY_PORT: '0',
      PARLEY_SECRET: TEST_SECRET,
      PARLEY_DEMO: 'false',
      PARLEY_DATABASE_URL: `postgres://${username}:${encodeURIComponent(password)}@127.0.0.1:${at}/${name}`,
    }),
  );
  const parley = await startParley(config, { log, clock: systemClock });
  await until('it is ready', async () =>
    (await ready(parley.url!)).faults.every((fault) => /lanes/.test(fault)),
  );
  said.length = 0;
  gate.close();
  for (const socket of sockets) socket.destroy();
  const down = await until('it is not ready', async () => {
    const answer = await ready(parley.url!);
    return answer.faults.some((fault) => /store cannot be reached/.test(fault)) ? answer : undefined;
  });
  assert.equal(down.status, 503);
  assert.equal((await read(parley.url!, '/healthz')).status, 200, 'it need not be restarted for that');
  await until('it is told', () => said.includes('the database is lost'));
  gate.listen(at, '127.0.0.1');
  await once(gate, 'listening');
  await until('it is back', () => said.includes('the database is back'), 20_000);
  await until('it is ready again', async () =>
    (await ready(parley.url!)).faults.every((fault) => /lanes/.test(fault)),
  );
  assert.deepEqual(
    ['lost', 'back'].map((word) => said.filter((line) => line === `the database is ${word}`).length),
    [1, 1],
    said.join('\n'),
  );
  await parley.stop();
  gate.close();
  for (const socket of sockets) socket.destroy();
});
