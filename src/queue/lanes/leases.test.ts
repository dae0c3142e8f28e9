/** Leases on a clock of the test's own, and on a real Postgres: who holds which lane, for how long, and what a sleeper may no longer do. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { beforeEach, test } from 'node:test';
import { silentLog } from '../../base/log.ts';
import { systemClock } from '../../base/clock.ts';
import { testDatabase } from '../../../test/support/database.ts';
import type { Sql } from '../../db/pool.ts';
import { createLeases } from './leases.ts';

const { sql } = await testDatabase();
const LEASE_MS = 12_000;
let nowMs = 1_000_000;
const clock = { ...systemClock, nowMs: () => nowMs, monotonicMs: () => nowMs };
const newLeases = (more: { sql?: Sql; isBusy?: (lane: number) => boolean } = {}) =>
  createLeases({ sql, clock, log: silentLog, leaseMs: LEASE_MS, total: 32, ...more });
/** The database, which loses the first answer to what has such words in it: `before` it was done, or after. */
function losing(words: string, before: boolean): Sql {
  let isLost = false;
  return new Proxy(sql, {
    apply(target, self, given: [TemplateStringsArray, ...never[]]) {
      const asked: unknown = Reflect.apply(target, self, given);
      if (isLost || !given[0].join('').includes(words)) return asked;
      isLost = true;
      const lost = () => Promise.reject(Object.assign(new Error('lost'), { code: 'ECONNRESET' }));
      return before ? lost() : (asked as Promise<unknown>).then(lost);
    },
  });
}
const lanes = async () =>
  await sql<{ lane: number; owner: string | null; epoch: number; until: number }[]>`
    SELECT lane, owner, epoch, leased_until_ms AS until FROM lanes ORDER BY lane`;
const workers = async () => (await sql`SELECT 1 FROM workers`).length;

beforeEach(async () => {
  nowMs += 10 * LEASE_MS;
  await sql`UPDATE lanes SET owner = NULL, leased_until_ms = 0`;
  await sql`DELETE FROM workers`;
});

test('the first takes all lanes, and each round extends the lease of what it holds, under the same epoch', async () => {
  const one = newLeases();
  const before = await lanes();
  const { gained, lost } = await one.round();
  assert.deepEqual([gained.length, lost.length, one.held().size], [32, 0, 32]);
  const taken = await lanes();
  assert.deepEqual(
    taken.map(({ epoch }) => epoch),
    before.map(({ epoch }) => epoch + 1),
    'a lane that is taken has another epoch',
  );
  assert.ok(taken.every(({ owner, until }) => owner === one.name && until === nowMs + LEASE_MS));
  nowMs += LEASE_MS / 3;
  assert.deepEqual(await one.round(), { gained: [], lost: [] });
  const renewed = await lanes();
  assert.ok(renewed.every(({ until }) => until === nowMs + LEASE_MS));
  assert.deepEqual(
    renewed.map(({ epoch }) => epoch),
    taken.map(({ epoch }) => epoch),
  );
  await one.release();
});

test('a lease that was not renewed in time is not held, from when renewing was begun', async () => {
  const one = newLeases();
  await one.round();
  const [lane] = one.held().values();
  assert.equal(one.holds(lane!), true);
  nowMs += LEASE_MS - 1;
  assert.equal(one.holds(lane!), true);
  nowMs += 1;
  assert.equal(one.holds(lane!), false);
  await one.round();
  assert.equal(one.holds(lane!), true);
  assert.equal(one.holds({ ...lane!, epoch: lane!.epoch - 1 }), false, 'under another epoch it is another’s');
  const renewing = one.round();
  nowMs += 4_000;
  await renewing;
  nowMs += LEASE_MS - 4_000;
  assert.equal(one.holds(lane!), false, 'however long that took');
  await one.release();
});

test('two share; who joins gets nothing of what is held until it is given back; who goes gives back at once', async () => {
  const [one, two] = [newLeases(), newLeases()];
  await one.round();
  assert.equal((await two.round()).gained.length, 0, 'what is held is not taken');
  nowMs += 100;
  assert.equal((await one.round()).lost.length, 16);
  assert.equal((await two.round()).gained.length, 16);
  assert.deepEqual([one.held().size, two.held().size, await workers()], [16, 16, 2]);
  const owners = new Map((await lanes()).map(({ lane, owner }) => [lane, owner]));
  for (const lane of one.held().keys()) assert.equal(owners.get(lane), one.name);
  // One's own are renewed, and nobody else's.
  nowMs += LEASE_MS / 2;
  await one.round();
  const ends = new Set((await lanes()).filter(({ owner }) => owner === two.name).map(({ until }) => until));
  assert.ok(![...ends].includes(nowMs + LEASE_MS));
  await two.release();
  assert.equal(two.held().size, 0, 'what is given back is held no more');
  assert.equal(await workers(), 1);
  assert.equal((await lanes()).filter(({ owner, until }) => owner === null && until === 0).length, 16);
  assert.equal(
    (await lanes()).filter(({ owner }) => owner === one.name).length,
    16,
    'the other keeps its own',
  );
  assert.equal((await one.round()).gained.length, 16);
  await one.release();
});

test('what is under way is waited for before a lane is given back, as long as a lease, and nothing new begins there', async () => {
  const busy = new Set([20, 25]);
  const one = newLeases({ isBusy: (lane) => busy.has(lane) });
  await one.round();
  const [kept] = [...one.held().values()].filter(({ lane }) => lane === 20);
  await sql`INSERT INTO workers (name, seen_ms) VALUES ('another', ${nowMs})`;
  assert.equal((await one.round()).lost.length, 16);
  assert.equal(one.holds(kept!), false);
  const ours = async () =>
    (await lanes()).flatMap(({ lane, owner }) => (owner === one.name && lane >= 16 ? [lane] : []));
  assert.deepEqual(await ours(), [20, 25]);
  nowMs += LEASE_MS / 2;
  await sql`UPDATE workers SET seen_ms = ${nowMs}`;
  await one.round();
  assert.deepEqual(
    (await lanes()).filter(({ lane }) => lane === 20).map(({ until, epoch }) => [until, epoch]),
    [[nowMs + LEASE_MS, kept!.epoch]],
    'it is renewed: what is under way is settled under its epoch',
  );
  busy.delete(25);
  await one.giveBack();
  assert.deepEqual(await ours(), [20], 'at once, when it is over');
  nowMs += LEASE_MS / 2;
  await sql`UPDATE workers SET seen_ms = ${nowMs}`;
  await one.round();
  assert.deepEqual(await ours(), [], 'what hangs is not waited for any longer');
  await one.release();
});

test('lanes whose giving back failed are given back the next time; those whose taking was not answered are taken anew', async () => {
  const one = newLeases({ sql: losing('SET owner = NULL', true) });
  await one.round();
  await sql`INSERT INTO workers (name, seen_ms) VALUES ('another', ${nowMs})`;
  await assert.rejects(one.round(), /lost/);
  await one.round();
  assert.equal((await lanes()).filter(({ owner }) => owner === null).length, 16);
  await one.release();
  await sql`DELETE FROM workers`;

  const two = newLeases({ sql: losing('epoch = lanes.epoch + 1', false) });
  await assert.rejects(two.round(), /lost/);
  assert.ok((await lanes()).every(({ owner }) => owner === two.name));
  assert.equal((await two.round()).gained.length, 32);
  assert.equal(two.held().size, 32);
  await two.release();
});

test('what is taken over is lost to whoever slept, and whoever is not seen does not count', async () => {
  const sleeper = newLeases();
  await sleeper.round();
  const [lane] = sleeper.held().values();
  nowMs += LEASE_MS + 1;
  const next = newLeases();
  assert.equal(
    (await next.round()).gained.length,
    32,
    'a lease that is over is taken, and who is gone has no share',
  );
  assert.ok(next.held().get(lane!.lane)!.epoch > lane!.epoch);
  // The sleeper comes back under its name: what it is left with is what it gets anew.
  const { lost } = await sleeper.round();
  assert.equal(lost.length, 32);
  assert.equal(sleeper.holds(lane!), false);
  // A lane that came back under another epoch is another lease.
  await sql`UPDATE lanes SET owner = ${next.name}, epoch = epoch + 1 WHERE lane = ${lane!.lane}`;
  assert.ok((await next.round()).lost.includes(lane!.lane));
  await next.release();
  await sleeper.release();
});

test('a sleeper gives back nothing that is another’s by now', async () => {
  const sleeper = newLeases();
  await sleeper.round();
  nowMs += LEASE_MS + 1;
  const next = newLeases();
  await next.round();
  await sleeper.release();
  assert.ok((await lanes()).every(({ owner }) => owner === next.name));
  await next.release();
});

test('who is one of two takes half, also when all are free', async () => {
  await sql`INSERT INTO workers (name, seen_ms) VALUES ('another', ${nowMs})`;
  const one = newLeases();
  assert.equal((await one.round()).gained.length, 16);
  const some = [...one.held().keys()].slice(0, 8);
  await sql`UPDATE lanes SET owner = NULL, leased_until_ms = 0 WHERE lane = ANY(${some}::smallint[])`;
  await one.round();
  assert.equal(one.held().size, 16, 'what it lost it has again, and no more');
  await one.release();
});

test('where lanes cannot be shared evenly each may have one more: no lane is left without an owner', async () => {
  for (const name of ['another', 'a third'])
    await sql`INSERT INTO workers (name, seen_ms) VALUES (${name}, ${nowMs})`;
  const one = newLeases();
  assert.equal((await one.round()).gained.length, 11);
  await one.release();
});

test('a dead process of this machine is known at once; one that lives, or of another machine, is waited for', async () => {
  const one = newLeases();
  const [machine] = one.name.split('|');
  const child = spawn(process.execPath, ['-e', '0']);
  await once(child, 'exit');
  const until = nowMs + LEASE_MS;
  const owners = [
    `${machine}|${child.pid}|dead`,
    `${machine}|${process.ppid}|alive`,
    `elsewhere|${child.pid}|away`,
    `${machine}|${process.pid}|before-us`,
  ];
  for (const [at, owner] of owners.entries())
    await sql`UPDATE lanes SET owner = ${owner}, leased_until_ms = ${until} WHERE lane % 4 = ${at}`;
  await one.round();
  const held = new Set([...one.held().keys()].map((lane) => owners[lane % 4]!.split('|')[2]));
  assert.deepEqual(held, new Set(['dead', 'before-us']));
  assert.equal(one.held().size, 16);
  await one.release();
});
