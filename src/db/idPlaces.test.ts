/** The places of ids: shared by all processes, none with two of them, and free again when one is gone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock, type Clock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { testDatabase } from '../../test/support/database.ts';
import { until } from '../../test/support/until.ts';
import { borrowIdPlaces } from './idPlaces.ts';

const { sql } = await testDatabase();

/** A clock that can be put forward; its timers are run by hand. */
function handClock() {
  let aheadMs = 0;
  let timers: (() => void)[] = [];
  const clock: Clock = {
    ...systemClock,
    nowMs: () => systemClock.nowMs() + aheadMs,
    after: (_delayMs, run) => {
      timers.push(run);
      return () => void (timers = timers.filter((timer) => timer !== run));
    },
  };
  return {
    clock,
    forward: (ms: number) => {
      aheadMs += ms;
      for (const run of timers.splice(0)) run();
    },
  };
}

const { clock, forward } = handClock();

test('one has nearly all; those who come have some at once, and their share soon; no place is ever two’s', async () => {
  const open = async () => {
    const places = await borrowIdPlaces({ sql, clock, log: silentLog });
    await places.start();
    return places;
  };
  const running = [await open()];
  assert.equal(running[0]!.current().length, 56);
  for (const share of [28, 18, 14]) {
    running.push(await open());
    assert.ok(running.at(-1)!.current().length >= 1, 'at once');
    await until(`each has ${share}`, () => {
      const held = running.flatMap((one) => one.current());
      assert.equal(new Set(held).size, held.length, 'a place is two’s');
      forward(6_000);
      return running.every((one) => one.current().length === share);
    });
  }
  for (const one of running.splice(1)) await one.stop();
  await until('who is left has what they gave back', () => {
    forward(6_000);
    return running[0]!.current().length === 56;
  });
  await running[0]!.stop();
});

test('what a process that died had is lent again when its loan is over, and 70 at once all have one', async () => {
  const open = () => borrowIdPlaces({ sql, clock, log: silentLog });
  forward(10_000);
  await open();
  const second = await open();
  assert.equal(second.current().length, 4);
  forward(11 * 60_000);
  const crowd = await Promise.all(Array.from({ length: 70 }, open));
  assert.ok(crowd.every((one) => one.current().length >= 1));
});

test('processes that start together, and such as slept past their loans together, share no place', async () => {
  forward(11 * 60_000);
  const running: Awaited<ReturnType<typeof borrowIdPlaces>>[] = [];
  const areApart = (when: string) => {
    const held = running.flatMap((one) => one.current());
    assert.equal(new Set(held).size, held.length, when);
    assert.ok(
      running.every((one) => one.current().length >= 1),
      when,
    );
  };
  for (let i = 0; i < 4; i++) {
    running.push(await borrowIdPlaces({ sql, clock, log: silentLog }));
    areApart('at the start');
  }
  for (const one of running) await one.start();
  await until('each has its share', () => {
    const all = running.every((one) => one.current().length === 14);
    if (!all) forward(6_000);
    return all;
  });
  // Who is in a round is let end it: its next one would come with the second ones of the others.
  await sql.begin(async (tx) => void (await tx`SELECT pg_advisory_xact_lock(hashtext('id places'))`));
  const before = running.map((one) => one.current().join());
  const held = running.flatMap((one) => one.current());
  // They wake at one moment: nobody has a second round before all had their first.
  forward(3_600_000);
  const wokenMs = clock.nowMs();
  await until('all have woken', async () => {
    areApart('after a sleep');
    forward(1);
    const late =
      await sql`SELECT 1 FROM id_places WHERE place = ANY(${held}::smallint[]) AND free_ms <= ${wokenMs}`;
    return late.length === 0;
  });
  let rounds = 0;
  await until('they went on', () => {
    forward(6_000);
    areApart('after a sleep');
    return ++rounds > 3;
  });
  assert.deepEqual(
    running.map((one) => one.current().join()),
    before,
  );
  for (const one of running) await one.stop();
});
