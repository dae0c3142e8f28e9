/** How an integration fares, by the notes of several processes and of one that opened it again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { idSource } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import type { Outcome } from '../channels/adapter.ts';
import { testDatabase } from '../../test/support/database.ts';
import { stillClock } from '../../test/support/stillClock.ts';
import { createBreaker } from './breaker.ts';
import { createHealthNotes, healthOf } from './health.ts';

const { sql } = await testDatabase();
const taken: Outcome = { kind: 'accepted', externalIds: ['x'], receipts: true };
const failed: Outcome = { kind: 'deferred', class: 'transient', code: 'http_500', detail: 'down' };

test('notes of a minute add up over writes and processes, are each integration’s own, and outlive a breaker', async () => {
  const clock = stillClock(1_700_000_000_000);
  const ids = idSource(61, () => clock.nowMs());
  const [id, other] = [ids.spread(), ids.spread()];
  const [one, two] = [
    createHealthNotes({ sql, clock, log: silentLog }),
    createHealthNotes({ sql, clock, log: silentLog }),
  ];
  const breaker = createBreaker(clock);
  const saw = (notes: typeof one, of: number, outcome: Outcome, by = breaker) => {
    by.saw(outcome);
    notes.saw(of, by, outcome);
  };
  saw(one, id, taken);
  saw(one, id, taken);
  await one.flush();
  saw(one, id, taken);
  saw(one, other, failed, createBreaker(clock));
  await one.flush();
  saw(two, id, failed, createBreaker(clock));
  await two.flush();
  const health = (await healthOf(sql, [id], clock.nowMs())).get(id)!;
  assert.deepEqual(health.recent, { minutes: 5, accepted: 3, refused: 0, deferred: 1 });
  const wellMs = clock.nowMs();

  // Opened again it knows of no success of its own; what was known stays.
  await clock.moveOn(1_000);
  const anew = createBreaker(clock);
  for (let n = 0; n < 20; n++) saw(one, id, failed, anew);
  await one.flush();
  const bad = (await healthOf(sql, [id], clock.nowMs())).get(id)!;
  assert.deepEqual([bad.lastSuccessMs, bad.openUntilMs], [wellMs, clock.nowMs() + 2_000]);
  assert.equal(
    (await healthOf(sql, [id], clock.nowMs() + 2_000)).get(id)!.openUntilMs,
    undefined,
    'it has closed since',
  );
  await sql`DELETE FROM integration_health WHERE integration_id = ANY(${[id, other]}::bigint[])`;
});
