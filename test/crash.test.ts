/**
 * kill -9, again and again, in the middle of a broadcast to 4,000: nothing is lost, and nothing is doubled but what was in
 * flight at a kill and is told as such.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause, systemClock } from '../src/base/clock.ts';
import { toHex24 } from '../src/base/ids.ts';
import { silentLog } from '../src/base/log.ts';
import { createBroadcast, startBroadcast } from '../src/broadcasts/broadcasts.ts';
import { selectBroadcast } from '../src/broadcasts/sql.ts';
import { startPostgres, type EmbeddedPostgres } from '../src/db/embedded/embedded.ts';
import { STATE } from '../src/ledger/states.ts';
import { hurry } from './support/hurry.ts';
import { startProcess } from './support/processes.ts';
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
  TEST_SECRET,
  type World,
} from './support/world.ts';

const RECIPIENTS = 2_500;
const KILLS = 6;
const FIRST_NUMBER = 2_000_000;

let dir: string;
let postgres: EmbeddedPostgres;
let world: World;
let sink: TwilioSink;
let app: Awaited<ReturnType<typeof newWorkspace>>;
let integration: { id: number };
let env: Record<string, string>;

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'parley-crash-'));
  postgres = await startPostgres({ dataDir: join(dir, 'postgres'), log: silentLog });
  sink = await startTwilioSink();
  env = {
    PARLEY_DATABASE_URL: urlOf(postgres),
    PARLEY_DATA_DIR: dir,
    PARLEY_SECRET: TEST_SECRET,
    PARLEY_PORT: '0',
    PARLEY_LEASE_MS: '2000',
  };
  // This process only prepares and looks; it serves nothing and owns no lane.
  world = await startWorld(postgres.connection, { PARLEY_ROLES: 'http', PARLEY_LEASE_MS: '2000' });
  app = await newWorkspace(world.ctx, 'live');
  integration = await newTwilio(world.ctx, app.id, sink.url);
  await newContacts(world.ctx, app.id, RECIPIENTS, FIRST_NUMBER);
});
after(async () => {
  await world.stop();
  await sink.close();
  await postgres.stop();
  await rm(dir, { recursive: true, force: true });
});

/** A marketing broadcast whose worker is killed so often in mid-flight. */
async function killInMarketing(kills: number): Promise<number> {
  sink.byNumber.clear();
  sink.calls.length = 0;
  let worker = await startProcess({ ...env, PARLEY_ROLES: 'worker' });
  try {
    const runId = await startRun('marketing');
    for (let kill = 1; kill <= kills; kill++) {
      const wanted = (kill * RECIPIENTS) / (kills + 2);
      await until('some more are sent', () => sink.calls.length > wanted, 60_000);
      await worker.kill();
      worker = await startProcess({ ...env, PARLEY_ROLES: 'worker' });
    }
    await ended(runId);
    return runId;
  } finally {
    await worker.stop();
  }
}

/** As a provider on the internet: an answer takes a while, so that all places are taken. */
const ANSWER_MS = 40;

test('kill -9 in a marketing broadcast: nobody is written to twice, and unknown are at most twice those that were out', async () => {
  sink.onCall = () => pause(systemClock, ANSWER_MS);
  const kills = 3;
  const runId = await killInMarketing(kills);
  const told = await toldAsUnclear(runId);
  const numbers = Array.from({ length: RECIPIENTS }, (_, i) => `+1555${FIRST_NUMBER + i}`);
  assert.deepEqual(
    numbers.filter((to) => sink.countOf(to) > 1),
    [],
    'doubled',
  );
  assert.deepEqual(
    numbers.filter((to) => sink.countOf(to) === 0 && !told.has(to)),
    [],
    'missed without a word',
  );
  // All places were taken: calls that are on their way to or from the provider are out, too.
  const out = kills * world.config.concurrency;
  assert.ok(told.size <= 2 * out, `${told.size} are unclear, ${out} were out`);
});

test('kill -9, six times, where the provider can be asked: 0 lost, 0 doubled, 0 left unknown', async () => {
  sink.lists = true;
  sink.onCall = () => pause(systemClock, ANSWER_MS);
  const runId = await killInMarketing(KILLS);
  sink.lists = false;
  sink.onCall = () => {};
  const numbers = Array.from({ length: RECIPIENTS }, (_, i) => `+1555${FIRST_NUMBER + i}`);
  assert.deepEqual(
    numbers.flatMap((to) => (sink.countOf(to) === 1 ? [] : [`${to}: ${sink.countOf(to)}`])),
    [],
    'lost or doubled',
  );
  assert.ok(sink.listed > 0, 'it was asked');
  const states = await world.ctx.sql<{ state: number; n: number }[]>`
    SELECT state, count(*) AS n FROM deliveries WHERE cause_id = ${runId} GROUP BY state`;
  assert.deepEqual([...states], [{ state: STATE.accepted, n: RECIPIENTS }]);
});

test('kill -9 of worker and server, six times in a transactional broadcast: 0 lost, and doubled only what is told as unclear', async () => {
  sink.byNumber.clear();
  sink.calls.length = 0;
  const workers = [
    await startProcess({ ...env, PARLEY_ROLES: 'worker' }),
    await startProcess({ ...env, PARLEY_ROLES: 'http,worker' }),
  ];
  const singles = singleSends(() => workers[1]!.url);
  try {
    const runId = await startRun('transactional');
    for (let kill = 0; kill < KILLS; kill++) {
      const sentBefore = sink.calls.length;
      const some = 40 + Math.floor(Math.random() * 240);
      // Where a process takes long to start the broadcast is over before the last kill, and single messages are what is under way.
      const enough = async () => ((await isDone(runId)) ? 10 : some);
      await until(
        'some more are sent',
        async () => sink.calls.length > sentBefore + (await enough()),
        60_000,
      );
      const victim = kill % 2;
      await workers[victim]!.kill();
      workers[victim] = await startProcess({ ...env, PARLEY_ROLES: victim ? 'http,worker' : 'worker' });
    }
    singles.end();
    await ended(runId);
    const told = await toldAsUnclear(runId);
    const numbers = Array.from({ length: RECIPIENTS }, (_, i) => `+1555${FIRST_NUMBER + i}`);
    assert.deepEqual(
      numbers.filter((to) => sink.countOf(to) === 0),
      [],
      'lost',
    );
    assert.deepEqual(
      numbers.filter((to) => sink.countOf(to) > 1 && !told.has(to)),
      [],
      'doubled without a word',
    );
    assert.ok(told.size > 0, 'some were in flight at a kill');
    await singles.allArrived();
  } finally {
    for (const worker of workers) await worker.stop();
  }
});

test('Postgres killed and restarted in mid-broadcast: 0 lost, and doubled only what is told as unclear', async () => {
  sink.byNumber.clear();
  sink.calls.length = 0;
  const worker = await startProcess({ ...env, PARLEY_ROLES: 'worker' });
  try {
    const runId = await startRun('transactional');
    for (const sent of [RECIPIENTS / 5, RECIPIENTS / 2]) {
      await until('some more are sent', () => sink.calls.length > sent, 60_000);
      const restarted = new Promise((resolve) => postgres.onRestart(() => resolve(undefined)));
      process.kill(postgres.pid, 'SIGKILL');
      await restarted;
    }
    await ended(runId);
    const told = await toldAsUnclear(runId);
    const numbers = Array.from({ length: RECIPIENTS }, (_, i) => `+1555${FIRST_NUMBER + i}`);
    assert.deepEqual(
      numbers.filter((to) => sink.countOf(to) === 0),
      [],
      'lost',
    );
    assert.deepEqual(
      numbers.filter((to) => sink.countOf(to) > 1 && !told.has(to)),
      [],
      'doubled without a word',
    );
  } finally {
    await worker.stop();
  }
});

test('what all of this has left behind is a proof', async () => {
  await assertProof(world.ctx, app.id);
});

function urlOf({ connection }: EmbeddedPostgres): string {
  const { host, port, username, password, database } = connection;
  return host.startsWith('/')
    ? `postgres://${username}:${encodeURIComponent(password)}@localhost/${database}?host=${encodeURIComponent(host)}&port=${port}`
    : `postgres://${username}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
}

async function startRun(messageClass: string): Promise<number> {
  const { ctx } = world;
  const made = must(
    await ctx.queue.transact((tx) =>
      createBroadcast(
        ctx.broadcasts,
        tx,
        app.id,
        {
          name: 'crash',
          channel: 'sms',
          class: messageClass,
          integrationId: integration.id,
          audience: { include: { all: true } },
          content: { type: 'text', text: 'Hi {{ contact.givenName }}' },
        },
        ctx.clock.nowMs(),
      ),
    ),
  );
  const running = must(
    await ctx.queue.transact((tx) => startBroadcast(ctx.broadcasts, tx, app.id, made.id, ctx.clock.nowMs())),
  );
  broadcastOf.set(running.runId!, made.id);
  return running.runId!;
}
const broadcastOf = new Map<number, number>();

async function ended(runId: number): Promise<void> {
  const isOver = async () => {
    await hurry(world.ctx, app.id);
    return await isDone(runId);
  };
  await until('the broadcast is done', isOver, 120_000, 100);
}

async function isDone(runId: number): Promise<boolean> {
  return (await selectBroadcast(world.ctx.sql, app.id, broadcastOf.get(runId)!))?.state === 'done';
}

/** Numbers of recipients whose delivery says that its outcome was once unclear. */
async function toldAsUnclear(runId: number): Promise<Set<string>> {
  const rows = await world.ctx.sql<{ address: string }[]>`
    SELECT x.address FROM deliveries d JOIN destinations x ON x.bucket = d.bucket AND x.contact_id = d.contact_id
    WHERE d.cause_id = ${runId} AND d.trail::text LIKE '%unclear%'`;
  return new Set(rows.map(({ address }) => address));
}

/** Keeps sending single notifications through whichever server is up; what was accepted must arrive. */
function singleSends(url: () => string) {
  const accepted: string[] = [];
  let going = true;
  const loop = (async () => {
    for (let n = 0; going; n++) {
      // Not as fast as can be: the broadcast is what is tried here.
      await pause(systemClock, 20);
      const to = `+1555${7_000_000 + n}`;
      const answer = await callApi(
        { url: url() },
        app.authorization,
        'POST',
        `/v1.1/apps/${app.appId}/notifications`,
        {
          destination: { integrationId: toHex24(integration.id), destinationId: to },
          author: { role: 'appMaker' },
          message: { type: 'text', text: 'single' },
        },
      ).catch(() => undefined);
      if (answer?.status === 201) accepted.push(to);
    }
  })();
  return {
    end() {
      going = false;
    },
    async allArrived() {
      await loop;
      assert.ok(accepted.length > 10, 'some were accepted');
      const isAllSent = async () => {
        await hurry(world.ctx, app.id);
        return accepted.every((to) => sink.countOf(to) > 0);
      };
      await until('every accepted one is sent', isAllSent, 60_000, 100);
    },
  };
}
