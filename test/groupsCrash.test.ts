/**
 * A worker is killed in the middle of a post's run, while people leave and join: everybody who is in the group throughout is told once,
 * nobody twice, and who had left before it reached them is not told.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { joinGroup, leaveGroup } from '../src/conversations/groups/groups.ts';
import { testDatabase } from './support/database.ts';
import { newDevices, newGroup, newPushPlace, post } from './support/groups.ts';
import { hurry } from './support/hurry.ts';
import { assertProof } from './support/proof.ts';
import { startProcess, type ParleyProcess } from './support/processes.ts';
import { until } from './support/until.ts';
import { must, startWorld, TEST_SECRET } from './support/world.ts';

const database = await testDatabase();
const { sql } = database;
const world = await startWorld(database.connection, { PARLEY_ROLES: 'http', PARLEY_LEASE_MS: '2000' });
const { ctx } = world;
const dir = await mkdtemp(join(tmpdir(), 'parley-groups-crash-'));
const processes: ParleyProcess[] = [];
const started = async (env: Record<string, string>) => {
  const process = await startProcess(env);
  processes.push(process);
  return process;
};
after(async () => {
  for (const process of processes) await process.kill();
  await world.stop();
  await rm(dir, { recursive: true, force: true });
});

const MEMBERS = 600;

test('kill -9 in the middle of a post, and people come and go meanwhile: told once, shown to nobody twice, to nobody who was gone', async () => {
  const place = await newPushPlace(ctx);
  const people = await newDevices(ctx, place.id, MEMBERS);
  const stay = people.slice(0, MEMBERS - 60);
  const gone = people.slice(MEMBERS - 60, MEMBERS - 30);
  const late = people.slice(MEMBERS - 30);
  const { id: groupId } = await newGroup(
    ctx,
    place.id,
    [...stay, ...gone].map(({ id }) => id),
  );
  const of = { workspaceId: place.id, groupId };
  const env = {
    PARLEY_DATABASE_URL: database.url,
    PARLEY_DATA_DIR: dir,
    PARLEY_SECRET: TEST_SECRET,
    PARLEY_LEASE_MS: '2000',
    PARLEY_ROLES: 'worker',
  };
  // Answered while nobody works: what is said is committed, and who leaves before it reaches them is not told.
  const said = must(await post(ctx, of, 'news of the group'));
  assert.equal(said.position, 1);
  await ctx.queue.transact((tx) =>
    leaveGroup(
      tx,
      of,
      gone.map(({ id }) => id),
    ),
  );
  const first = await started(env);
  const toldNow = async () =>
    await sql<{ address: string; ref: string }[]>`
      SELECT address, ref FROM simulated_messages WHERE workspace_id = ${place.id}`;
  await until('some are told', async () => (await toldNow()).length > 0);
  await first.kill();
  await ctx.queue.transact((tx) =>
    joinGroup(
      tx,
      ctx.clock.nowMs(),
      of,
      late.map(({ id }) => id),
    ),
  );
  const second = await started(env);
  await until(
    'the post is through',
    async () => {
      await hurry(ctx, place.id);
      return (await sql`SELECT 1 FROM broadcasts WHERE state = 'done'`).length === 1;
    },
    60_000,
  );
  const calls = await toldNow();
  const told = [...new Set(calls.map(({ address }) => address))];
  // What was out when the worker died may be sent again; it bears the same name, under which a device shows one.
  const named = new Set(calls.map(({ address, ref }) => `${address} ${ref}`));
  assert.equal(named.size, told.length, 'nobody is shown it twice');
  const states = await sql<{ contactId: number; state: number }[]>`
    SELECT contact_id AS "contactId", state FROM deliveries WHERE workspace_id = ${place.id}`;
  const known = new Set(states.map(({ contactId }) => contactId));
  // Who was out with the worker that died may have been told or not: that is on record as unknown, and nobody is forgotten.
  const unsure = new Set(states.filter(({ state }) => state === 3).map(({ contactId }) => contactId));
  const missed = stay.filter(({ id, token }) => !told.includes(token) && !unsure.has(id));
  assert.deepEqual(missed, []);
  assert.ok(
    stay.every(({ id }) => known.has(id)),
    'of each it is known what became of it',
  );
  assert.deepEqual(
    gone.filter(({ token }) => told.includes(token)),
    [],
  );
  await second.stop();
  await assertProof(ctx, place.id);
});
