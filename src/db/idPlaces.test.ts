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
    /** Sets every round off that waits for its time. */
    forward: (ms: number) => {
      aheadMs += ms;
      for (const run of timers.splice(0)) run();
    },
    waiting: () => timers.length,
  };
}

const { clock, forward, waiting } = handClock();

/** A round of each that runs, to its end: on a busy machine rounds that are only set off would outlast a loan. */
async function round(ms = 6_000): Promise<void> {
  const count = waiting();
  forward(ms);
  await until('the rounds are over', () => waiting() === count);
}

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
    await until(`each has ${share}`, async () => {
      await round();
      const held = running.flatMap((one) => one.current());
      assert.equal(new Set(held).size, held.length, 'a place is two’s');
      return running.every((one) => one.current().length === share);
    });
  }
  for (const one of running.splice(1)) await one.stop();
  await until('who is left has what they gave back', async () => {
    await round();
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
  await until('each has its share', async () => {
    await round();
    return running.every((one) => one.current().length === 14);
  });
  const before = running.map((one) => one.current().join());
  // They wake at one moment: nobody has a second round before all had their first.
  forward(3_600_000);
  await until('all have woken', () => {
    areApart('after a sleep');
    return waiting() === running.length;
  });
  for (let rounds = 0; rounds < 4; rounds++) {
    await round();
    areApart('after a sleep');
  }
  assert.deepEqual(
    running.map((one) => one.current().join()),
    before,
  );
  for (const one of running) await one.stop();
});

test('what is given back is drawn from no more, also when nobody hears that it was; what is borrowed, only once that is known', async () => {
  await sql`UPDATE id_places SET holder = NULL, free_ms = 0`;
  let lost = false;
  const begin: typeof sql.begin = async (work, manner) => {
    const result = await sql.begin(work, manner);
    if (lost) throw Object.assign(new Error('Connection terminated unexpectedly'), { code: 'ECONNRESET' });
    return result;
  };
  const lossy = Object.assign(((...asked: Parameters<typeof sql>) => sql(...asked)) as typeof sql, sql, {
    begin,
  });
  const first = await borrowIdPlaces({ sql: lossy, clock, log: silentLog });
  await first.start();
  assert.equal(first.current().length, 56);
  const second = await borrowIdPlaces({ sql, clock, log: silentLog });
  await second.start();
  lost = true;
  for (let i = 0; i < 4; i++) {
    await round();
    const held = [...first.current(), ...second.current()];
    assert.equal(new Set(held).size, held.length, 'a place is two’s');
  }
  assert.equal(first.current().length, 28);
  assert.equal(second.current().length, 28);
  await second.stop();
  for (let i = 0; i < 3; i++) await round();
  assert.equal(first.current().length, 28, 'nothing that it does not know to be its own');
  lost = false;
  await until('it has all again', async () => {
    await round();
    return first.current().length === 56;
  });
  await first.stop();
});

test('of two that slept together one whose loan is just not over takes nothing of the other’s, whose is', async () => {
  await sql`UPDATE id_places SET holder = NULL, free_ms = 0`;
  const [early, late] = [handClock(), handClock()];
  const open = async ({ clock: of }: typeof early) => {
    const places = await borrowIdPlaces({ sql, clock: of, log: silentLog });
    await places.start();
    return places;
  };
  const first = await open(early);
  late.forward(60_000);
  const second = await open(late);
  late.forward(10 * 60_000 - 20_000);
  await until('its round is over', () => late.waiting() === 1);
  const held = [...first.current(), ...second.current()];
  assert.equal(new Set(held).size, held.length, 'a place is two’s');
  for (const one of [first, second]) await one.stop();
});
