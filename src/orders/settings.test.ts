/** What a workspace decides about orders, on a real Postgres. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from '../../test/support/database.ts';
import { until } from '../../test/support/until.ts';
import { changeOrderSettings, orderSettings } from './settings.ts';

const { sql } = await testDatabase();

test('of two changes at once the second is made on the first: neither is lost', async () => {
  const workspaceId = 77;
  const { promise: changed, resolve: isChanged } = Promise.withResolvers<void>();
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>();
  const first = sql.begin(async (tx) => {
    await changeOrderSettings(tx, workspaceId, { accepts: false });
    isChanged();
    await held;
  });
  await changed;
  const second = sql.begin((tx) => changeOrderSettings(tx, workspaceId, { currency: 'EUR' }));
  await until('it waits', async () => (await sql`SELECT 1 FROM pg_locks WHERE NOT granted`).length > 0);
  letGo();
  await first;
  assert.deepEqual(await second, { accepts: false, currency: 'EUR' });
  assert.deepEqual(await orderSettings(sql, workspaceId), { accepts: false, currency: 'EUR' });
});
