/** How much is done with many people of a workspace at once, at most, when several begin together. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isFault } from '../base/fault.ts';
import { testDatabase } from '../../test/support/database.ts';
import { newWorkspace, startWorld } from '../../test/support/world.ts';
import { startExport } from './jobs.ts';

const database = await testDatabase();
const world = await startWorld(database.connection, { PARLEY_ROLES: 'http' });
after(() => world.stop());
const { ctx } = world;
const MOST = 20;

test('console.md §5: of thirty files that are asked for at once as many are begun as may be under way', async () => {
  const { id: workspaceId } = await newWorkspace(ctx, 'test');
  const nowMs = ctx.clock.nowMs();
  const asking = { workspaceId, askedBy: 'ann', nowMs, asOfMs: nowMs };
  // So that they are at once: connections are there.
  await Promise.all(Array.from({ length: 30 }, () => ctx.sql`SELECT pg_backend_pid()`));
  const begun = await Promise.all(
    Array.from({ length: 30 }, () =>
      ctx.queue.transact((tx) => startExport(ctx, tx, asking, { contacts: [ctx.ids.spread()] })),
    ),
  );
  const refused = begun.filter(isFault);
  assert.match(JSON.stringify(refused[0]), /At most 20 of these are under way/);
  assert.equal(begun.length - refused.length, MOST);
});
