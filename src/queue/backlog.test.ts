/** What waits, for those who watch: how much of each kind, and how long the oldest has waited, in milliseconds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testDatabase } from '../../test/support/database.ts';
import { systemClock } from '../base/clock.ts';
import { idSource } from '../base/ids.ts';
import { silentLog } from '../base/log.ts';
import { readBacklog } from './backlog.ts';
import { createQueue } from './queue.ts';
import { KIND } from './work/kinds.ts';

const { sql } = await testDatabase();
const ids = idSource(59, () => systemClock.nowMs());
const queue = createQueue({ sql, ids, clock: systemClock, log: silentLog });
await queue.start();
test.after(() => queue.stop());
const NOW = 100_000;

test('what waits is told by kind, with how long; the kinds that people wait for also when there is nothing', async () => {
  const due = (dueMs: number, more = {}) => ({
    kind: KIND.delivery,
    ownerId: ids.spread(),
    causeId: ids.spread(),
    seq: 0,
    stream: 0,
    workspaceId: 1,
    dueMs,
    ...more,
  });
  await queue.transact((tx) =>
    queue.put(tx, [due(NOW - 5_000), due(NOW - 4_000), due(NOW + 60_000, { kind: KIND.unread })]),
  );
  const { work, events, eventsOverdueMs } = await readBacklog(sql, NOW);
  const told = new Map(
    work.map(({ kind, stream, items, overdueMs }) => [`${kind} ${stream}`, [items, overdueMs]]),
  );
  assert.deepEqual(told.get('delivery interactive'), [2, 5_000]);
  assert.deepEqual(told.get('delivery bulk'), [0, 0]);
  assert.deepEqual(told.get('webhook interactive'), [0, 0]);
  assert.equal(told.has('webhook bulk'), false);
  assert.equal(told.get('unread interactive')?.[1] ?? 0, 0);
  assert.deepEqual([events, eventsOverdueMs], [0, 0]);
  await queue.transact((tx) =>
    queue.append(tx, [
      { ownerId: ids.spread(), workspaceId: 1, type: 'told', atMs: NOW - 7_000, payload: {} },
    ]),
  );
  const later = await readBacklog(sql, NOW);
  assert.deepEqual([later.events, later.eventsOverdueMs], [1, 7_000]);
});
