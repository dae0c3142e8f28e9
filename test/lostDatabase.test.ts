/**
 * A database that is lost in any statement of the machinery is nobody's failure: steps, settling, feed readers, webhooks and sweeps take
 * the same up again, nothing is done twice, nothing is called abandoned, and no error is logged.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createBroadcast, startBroadcast } from '../src/broadcasts/broadcasts.ts';
import { selectBroadcast } from '../src/broadcasts/sql.ts';
import { toHex24 } from '../src/base/ids.ts';
import { silentLog, type Log } from '../src/base/log.ts';
import { levelOf } from '../src/db/patiently.ts';
import { testDatabase } from './support/database.ts';
import { startReceiver } from './support/receiver.ts';
import { assertProof } from './support/proof.ts';
import { startTwilioSink, type TwilioSink } from './support/twilioSink.ts';
import { until } from './support/until.ts';
import {
  callApi,
  must,
  newContacts,
  newTwilio,
  newWorkspace,
  startWorld,
  type World,
} from './support/world.ts';

const database = await testDatabase();
const { sql } = database;
const receiver = await startReceiver();
const errors: object[] = [];
const warnings: string[] = [];
const log: Log = {
  ...silentLog,
  warn: (_, message) => warnings.push(message),
  error: (fields, message) => errors.push({ message, ...fields }),
};
let world: World;
let sink: TwilioSink;
before(async () => {
  sink = await startTwilioSink();
  world = await startWorld(database.connection, {}, { log });
});
after(async () => {
  await world.stop();
  await sink.close();
});

/** How a server that is lost says so: no connection left, ended by an operator, broken, now a standby, met another. */
const CODES = ['53300', '57P01', '08006', '25006', '40P01'];
/** What the machinery writes: each kind of statement on each fails once with every code. */
const WRITTEN: Record<string, string[]> = {
  broadcast_lanes: ['INSERT', 'UPDATE'],
  flights: ['INSERT', 'DELETE'],
  flight_steps: ['INSERT'],
  deliveries: ['INSERT'],
  tallies: ['INSERT'],
  feed_log: ['INSERT'],
  webhook_calls: ['INSERT', 'UPDATE'],
};

/** Makes statements fail as if the database were lost, so often as there are codes. Sequences are not rolled back. */
async function loseDatabase(): Promise<void> {
  await sql`CREATE TABLE lost (what text, code text)`;
  for (const [table, kinds] of Object.entries(WRITTEN)) {
    for (const kind of kinds) {
      const name = `lose_${table}_${kind}`.toLowerCase();
      await sql.unsafe(`
        CREATE SEQUENCE ${name};
        CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE n bigint := nextval('${name}');
        BEGIN
          IF n <= ${CODES.length} THEN
            RAISE EXCEPTION 'lost' USING ERRCODE = (ARRAY[${CODES.map((code) => `'${code}'`).join(', ')}])[n];
          END IF;
          RETURN NULL;
        END $$;
        CREATE TRIGGER ${name} BEFORE ${kind} ON ${table} FOR EACH STATEMENT EXECUTE FUNCTION ${name}()`);
    }
  }
}

async function foundAgain(): Promise<string[]> {
  const untouched: string[] = [];
  for (const [table, kinds] of Object.entries(WRITTEN))
    for (const kind of kinds) {
      const name = `lose_${table}_${kind}`.toLowerCase();
      const [row] = await sql.unsafe<{ n: number }[]>(`SELECT last_value AS n FROM ${name}`);
      if (row!.n <= CODES.length) untouched.push(`${kind} ${table}: ${row!.n}`);
    }
  return untouched;
}

test('9.2 a database that is lost anywhere: all is done, once, and no error is logged', async () => {
  const { ctx } = world;
  const app = await newWorkspace(ctx, 'live');
  const integration = await newTwilio(ctx, app.id, sink.url);
  await newContacts(ctx, app.id, 200, 6_000_000);
  const api = (path: string, body: unknown) =>
    callApi(world, app.authorization, 'POST', `/v1.1/apps/${app.appId}/${path}`, body);
  const hook = await api('webhooks', { target: receiver.url('/told'), triggers: ['*'] });
  assert.equal(hook.status, 201, JSON.stringify(hook.json));
  await loseDatabase();
  const input = {
    name: 'x',
    content: { type: 'text', text: 'Hi' },
    channel: 'sms',
    audience: { include: { all: true } },
  };
  const nowMs = ctx.clock.nowMs();
  const made = must(
    await ctx.queue.transact((tx) => createBroadcast(ctx.broadcasts, tx, app.id, input, nowMs)),
  );
  must(await ctx.queue.transact((tx) => startBroadcast(ctx.broadcasts, tx, app.id, made.id, nowMs)));
  const answers = new Set<number>();
  for (let i = 0; i < 8; i++) {
    const notification = {
      destination: { integrationId: toHex24(integration.id), destinationId: `+1555610000${i}` },
      author: { role: 'appMaker' },
      message: { type: 'text', text: 'single' },
    };
    await until('it is accepted', async () => {
      const { status } = await api('notifications', notification);
      answers.add(status);
      return status === 201;
    });
  }
  await until(
    'the broadcast is done',
    async () => (await selectBroadcast(sql, app.id, made.id))?.state === 'done',
    60_000,
  );
  const settled = async () =>
    (
      await sql`SELECT 1 FROM feed UNION ALL SELECT 1 FROM flights UNION ALL SELECT 1 FROM webhook_calls WHERE state = 'pending'`
    ).length === 0;
  await until('all is told', settled, 60_000);
  assert.deepEqual(await foundAgain(), [], 'every statement was lost, and made in the end');
  assert.deepEqual(errors, []);
  assert.deepEqual(
    warnings.filter((message) => /abandon|former/.test(message)),
    [],
  );
  assert.deepEqual(
    [...answers].filter((status) => status !== 201 && status !== 503),
    [],
  );
  // Who was made by a notification may have been in time for the broadcast.
  const calls = sink.calls.map(({ to, body }) => `${to} ${body}`);
  assert.equal(new Set(calls).size, calls.length, 'each was called once');
  assert.equal(sink.calls.filter(({ body }) => body === 'single').length, 8);
  assert.ok(calls.length >= 208);
  const ids = receiver.received('/told').map(({ headers }) => headers['webhook-id']);
  assert.equal(new Set(ids).size, ids.length, 'each webhook call was made once');
  const failures = await sql`SELECT reader, error FROM feed_failures`;
  assert.deepEqual([...failures], [], 'no reader is held to blame');
  await assertProof(ctx, app.id);
});

test('9.2 a sweep that meets a lost database is no error, one that is wrong is', async () => {
  for (const code of [...CODES, '53100', '57P03', '55P03', 'ECONNREFUSED', 'EHOSTUNREACH', 'EAI_AGAIN'])
    assert.equal(levelOf(Object.assign(new Error(code), { code })), 'debug', code);
  for (const code of ['23505', '42601', '57014', 'ENOENT', ''])
    assert.equal(levelOf(Object.assign(new Error(code), { code })), 'error', code);
});
