/** Months are made and dropped beside whoever reads for long: nobody waits behind them for that. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { testDatabase } from '../../test/support/database.ts';
import { until } from '../../test/support/until.ts';
import { dropOldPartitions, ensurePartitions } from './partitions.ts';

const { sql } = await testDatabase();
const DAY_MS = 86_400_000;
const nowMs = systemClock.nowMs();
const EVENTS = 'contact_events';

/** Somebody reads all events, as a backup does, until they are let go. */
async function reading(): Promise<() => Promise<void>> {
  const began = Promise.withResolvers<void>();
  const letGo = Promise.withResolvers<void>();
  const over = sql.begin(async (tx) => {
    await tx.unsafe(`SELECT count(*) FROM ${EVENTS}`);
    began.resolve();
    await letGo.promise;
  });
  await began.promise;
  return async () => {
    letGo.resolve();
    await over;
  };
}

async function months(): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = ${EVENTS}::regclass ORDER BY 1`;
  return rows.map(({ name }) => name);
}

/** Others go on while it waits, if it waits at all. */
async function others(): Promise<void> {
  const at = systemClock.monotonicMs();
  await sql.unsafe(`SELECT 1 FROM ${EVENTS} LIMIT 1`);
  assert.ok(systemClock.monotonicMs() - at < 2_000, 'others wait no longer than it does');
}

test('a month past its retention is dropped when nobody reads there; who comes meanwhile does not wait for the end of a backup', async () => {
  await ensurePartitions(sql, nowMs - 500 * DAY_MS);
  const before = await months();
  const letGo = await reading();
  const dropping = dropOldPartitions(sql, nowMs, () => 400 * DAY_MS);
  await until('it waits for the table', async () => {
    const rows = await sql`
      SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'DROP %'`;
    return rows.length > 0;
  });
  await others();
  const dropped = await dropping;
  assert.ok(dropped.length > 0, 'those of other tables are dropped');
  assert.equal(dropped.filter((name) => name.startsWith(EVENTS)).length, 0);
  assert.deepEqual(await months(), before);
  await letGo();
  const then = await dropOldPartitions(sql, nowMs, () => 400 * DAY_MS);
  assert.ok(then.length > 0 && then.every((name) => name.startsWith(EVENTS)), then.join());
});

test('a month to come is made when nobody reads there, and this one at any rate', async () => {
  const later = nowMs + 100 * DAY_MS;
  const before = await months();
  const letGo = await reading();
  const making = ensurePartitions(sql, later);
  await until('it waits for the table', async () => {
    const rows = await sql`
      SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'CREATE TABLE %'`;
    return rows.length > 0;
  });
  await letGo();
  await making;
  const made = (await months()).length - before.length;
  assert.ok(made > 0);
  const again = await reading();
  await ensurePartitions(sql, later + 31 * DAY_MS);
  await others();
  assert.equal((await months()).length - before.length, made, 'it is tried again');
  await again();
  await ensurePartitions(sql, later + 31 * DAY_MS);
  assert.equal((await months()).length - before.length, made + 1);
});
