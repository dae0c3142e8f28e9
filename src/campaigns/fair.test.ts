/** Shares of a lane, on Postgres as it plans while it believes that there is nothing: who gets what, who is left out, and what it costs. */
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { openPool } from '../db/pool.ts';
import type { OwnedLane } from '../queue/lanes/lane.ts';
import { testDatabase } from '../../test/support/database.ts';
import { rowsRead } from '../../test/support/rowsRead.ts';
import { selectTimers, type Timer } from './enrol/sql.read.ts';
import { insertTasks, noteTask } from './enrol/sql.tasks.ts';
import { readShares, type BehindIn } from './fair.ts';
import { selectTimersOf } from './sql.fair.ts';
import { nextTask } from './tasks.ts';

const { sql, connection } = await testDatabase();
const one = openPool(connection, { max: 1, name: 'test' });
after(() => one.end());
const lanes = await sql<OwnedLane[]>`SELECT lane, bucket, buckets, epoch FROM lanes ORDER BY lane LIMIT 2`;
const [lane, other] = [lanes[0]!, lanes[1]!];
const EACH = 32;
const TIMERS = {
  table: 'timers',
  next: selectTimersOf,
  keyOf: ({ contactId, ownerId }: Timer) => `${contactId}|${ownerId}`,
} as const;

beforeEach(() => sql`DELETE FROM timers`);

/** So many timers of a workspace fall due in a lane, one each millisecond. */
async function due(of: OwnedLane, workspaceId: number, count: number, fromMs = 1): Promise<void> {
  await sql`
    INSERT INTO timers (bucket, contact_id, owner_id, lane, workspace_id, due_ms, at_ms)
    SELECT ${of.bucket}, ${workspaceId * 1_000_000}::bigint + n, n, ${of.lane}, ${workspaceId}, ${fromMs}::bigint + n, 1
    FROM generate_series(1, ${count}::integer) n`;
}

/** What a turn would take as of an instant, by workspace, and who is behind. */
async function taken(nowMs: number, cursor = { afterId: 0 }, less?: BehindIn) {
  return await one.begin(async (tx) => {
    const of = lanes.map((lane) => ({ lane, untilMs: nowMs }));
    const first = await selectTimers(tx, less ? [] : of, EACH);
    const sharing = { each: EACH, cursor, ...(less ? { less } : {}) };
    const { rows, behind } = await readShares(tx, TIMERS, of, first, sharing);
    const all = [...first, ...rows];
    assert.equal(new Set(all.map(TIMERS.keyOf)).size, all.length, 'nothing twice');
    for (const mine of Map.groupBy(all, (row) => `${row.lane} ${row.workspaceId}`).values())
      assert.deepEqual(
        mine.map(({ dueMs }) => dueMs),
        mine.map((_, at) => mine[0]!.dueMs + at),
        "what is one's is taken in its order, and none of it is passed over",
      );
    const counts: Record<number, number> = {};
    for (const { workspaceId } of all) counts[workspaceId] = (counts[workspaceId] ?? 0) + 1;
    return { counts, behind };
  }, 'keyed');
}

test('what fits in a turn is taken by its time, and nobody is asked about', async () => {
  await due(lane, 7, 10);
  await due(lane, 8, 10);
  assert.deepEqual(await taken(1_000), { counts: { 7: 10, 8: 10 }, behind: new Map() });
});

test('where one has more than a turn takes, each other that waits has its share', async () => {
  await due(lane, 7, 500);
  await due(lane, 8, 3, 400);
  await due(lane, 9, 100, 450);
  await due(lane, 10, 5, 100_000);
  await due(other, 11, 4);
  const { counts, behind } = await taken(10_000);
  assert.deepEqual(counts, { 7: 32, 8: 3, 9: 7, 11: 4 });
  assert.deepEqual(behind, new Map([[lane.lane, new Set([7, 9])]]));
});

test('what is left out of a lane is nobody else’s loss', async () => {
  await due(lane, 7, 500);
  await due(lane, 8, 3, 400);
  const { counts, behind } = await taken(10_000, undefined, new Map([[lane.lane, new Set([7])]]));
  assert.deepEqual(counts, { 8: 3 });
  assert.deepEqual(behind, new Map([[lane.lane, new Set()]]));
});

test('of more workspaces than are looked for at a time, each has its turn', async () => {
  await due(lane, 7, 500);
  for (let id = 100; id < 250; id++) await due(lane, id, 1, 1_000);
  const cursor = { afterId: 0 };
  const had = new Set<string>();
  for (let turn = 0; turn < 3; turn++) {
    const { counts, behind } = await taken(10_000, cursor);
    for (const id of Object.keys(counts)) had.add(id);
    assert.equal(behind.get(lane.lane), 'anybody', 'who was not looked for may be behind');
  }
  assert.equal(had.size, 151);
});

test('a share costs what is in it, planned while there was nothing: not what a workspace has waiting', async () => {
  await sql`ALTER TABLE timers SET (autovacuum_enabled = false)`;
  await sql`VACUUM (ANALYZE) timers`;
  for (let n = 0; n < 6; n++) await taken(10_000);
  await due(lane, 7, 20_000);
  await due(lane, 8, 3, 50_000);
  const read = () => rowsRead(sql, one, ['timers']);
  const before = await read();
  assert.deepEqual((await taken(100_000)).counts, { 7: 32, 8: 3 });
  const cost = (await read()) - before;
  assert.ok(cost < 150, `${cost} entries read of 20,003`);
});

test('tasks of workspaces are taken in turns, those of one in their order, and none of who is behind', async () => {
  const task = (id: number, workspaceId: number) => ({
    bucket: lane.bucket,
    lane: lane.lane,
    id,
    workspaceId,
    campaignId: 1,
    kind: 'move' as const,
    params: {},
  });
  await insertTasks(sql, [task(1, 7), task(2, 7), task(3, 8), task(4, 9)], 1);
  const takenOf = new Map<number, number>();
  const order: number[] = [];
  const next = (behind?: ReadonlySet<number>) => nextTask(sql as never, lane, 10, { taken: takenOf, behind });
  for (let n = 0; n < 3; n++) {
    const found = (await next())!;
    order.push(found.id);
    takenOf.set(lane.lane, found.workspaceId);
  }
  assert.deepEqual(order, [1, 3, 4], 'each has a batch of its first');
  assert.equal((await next())!.id, 1, 'and the first goes on, which is not over');
  assert.equal((await next(new Set([7])))!.id, 3);
  assert.equal(await next(new Set([7, 8, 9])), undefined);
  await noteTask(sql, { ...task(1, 7), afterId: 0, dueMs: 0 }, undefined);
  assert.equal((await next())!.id, 2);
});
