/** A broadcast whose template is dear costs its own workspace: while it goes out, everybody else is answered. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { createBroadcast, startBroadcast } from '../src/broadcasts/broadcasts.ts';
import { testDatabase } from './support/database.ts';
import { startProcess, type ParleyProcess } from './support/processes.ts';
import { startTwilioSink } from './support/twilioSink.ts';
import { until } from './support/until.ts';
import { must, newContacts, newTwilio, newWorkspace, startWorld, TEST_SECRET } from './support/world.ts';

const MOST_MS = 100;
const PEOPLE = 120;

const database = await testDatabase();
const dataDir = await mkdtemp(join(tmpdir(), 'parley-dear-'));
const sink = await startTwilioSink();
let parley: ParleyProcess;
let runId: number;
const held: number[] = [];

before(async () => {
  const world = await startWorld(database.connection, { PARLEY_ROLES: 'http' });
  const { ctx } = world;
  const app = await newWorkspace(ctx, 'live');
  const integration = await newTwilio(ctx, app.id, sink.url);
  await newContacts(ctx, app.id, PEOPLE);
  const content = {
    type: 'text',
    text: '{% for i in (1..1500) %}{{ attributes.no.such | default: "" }}{% endfor %}News, {{ contact.givenName }}',
  };
  const input = {
    name: 'dear',
    channel: 'sms',
    class: 'transactional',
    integrationId: integration.id,
    audience: { include: { all: true } },
    content,
  };
  const nowMs = ctx.clock.nowMs();
  const made = must(
    await ctx.queue.transact((tx) => createBroadcast(ctx.broadcasts, tx, app.id, input, nowMs)),
  );
  const started = must(
    await ctx.queue.transact((tx) => startBroadcast(ctx.broadcasts, tx, app.id, made.id, nowMs)),
  );
  runId = started.runId!;
  await world.stop();
});
after(async () => {
  await parley.kill();
  await sink.close();
  await rm(dataDir, { recursive: true, force: true });
});

test('120 recipients of 20 ms each never hold the loop for 100 ms together', async () => {
  parley = await startProcess(
    {
      PARLEY_DATABASE_URL: database.url,
      PARLEY_DATA_DIR: dataDir,
      PARLEY_SECRET: TEST_SECRET,
      PARLEY_PORT: '0',
      PARLEY_PRIVATE_TARGETS: 'loopback',
    },
    'watchedChild.ts',
  );
  createInterface({ input: parley.child.stdout! }).on('line', (line) => {
    const ms = Number(/^held ([\d.]+)$/.exec(line)?.[1] ?? 0);
    if (ms > 0) held.push(ms);
  });
  await until(
    'all are sent',
    async () => {
      const rows = await database.sql`SELECT 1 FROM deliveries WHERE cause_id = ${runId} AND state >= 4`;
      return rows.length === PEOPLE;
    },
    60_000,
  );
  assert.equal(sink.calls.length, PEOPLE);
  // Stretches of it were measured, so that the measure can fail.
  assert.ok(held.length > PEOPLE / 8, `${held.length} stretches`);
  const longest = held.toSorted((a, b) => b - a).slice(0, 5);
  assert.ok(longest[0]! <= MOST_MS, `held for ${longest.map((ms) => ms.toFixed(0)).join(', ')} ms`);
});
