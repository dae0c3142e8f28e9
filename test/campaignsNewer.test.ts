/** What a newer Parley has left to be done beside this one, while an install is upgraded. In a process of its own: a lane is every workspace's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketOf } from '../src/base/ids.ts';
import { enterByHand } from '../src/campaigns/byHand.ts';
import { createLiveSource } from '../src/campaigns/enrol/live.ts';
import { selectWaiting } from '../src/campaigns/enrol/sql.read.ts';
import { insertTasks, selectGoingThrough } from '../src/campaigns/enrol/sql.tasks.ts';
import { UNDERSTOOD } from '../src/campaigns/enrol/understood.ts';
import { turnTaker } from '../src/campaigns/turn.ts';
import { mail, newPlace, sql, world } from './campaignsProduct.ts';

const { ctx } = world;

/** A campaign and somebody who is to be let in by hand. */
async function asked(needs?: number) {
  const place = await newPlace();
  const live = await place.live({ key: 'hand', trigger: { hand: true }, steps: [mail('hello')] });
  const id = await place.tell('ann');
  await place.settled();
  const nowMs = await place.nowMs();
  await ctx.queue.transact(async (tx) => {
    const how = { audience: { include: { all: true as const } }, key: 'k', perMinute: 100_000 };
    assert.equal(await enterByHand(ctx, tx, live, how, nowMs), undefined);
    if (needs !== undefined)
      await tx`UPDATE campaign_tasks SET needs = ${needs} WHERE workspace_id = ${place.id}`;
  });
  return { place, id, live };
}

test('a task that this code does not understand is left for a worker that does; what is behind it goes on, and nobody spins on it', async () => {
  const newer = await asked(UNDERSTOOD + 1);
  const neighbour = await asked();
  await neighbour.place.settled();
  assert.deepEqual(await neighbour.place.mails(neighbour.id), ['hello']);
  const left = async () =>
    (await sql`SELECT 1 FROM campaign_tasks WHERE workspace_id = ${newer.place.id}`).length;
  assert.equal(await left(), ctx.queue.lanes().length, 'each is where it was');
  assert.deepEqual(await newer.place.mails(newer.id), []);
  const nowMs = ctx.clock.nowMs();
  const lanes = ctx.queue.lanes().map((lane) => ({ ...lane, epoch: 0 }));
  const waiting = [
    ...(await selectWaiting(sql, lanes, nowMs)),
    ...(await selectWaiting(sql, lanes.slice(0, 1), nowMs)),
  ];
  assert.ok(!waiting.some(({ hasTask }) => hasTask), 'a turn has nothing to do in its lanes');
  const seen = await turnTaker(ctx, createLiveSource(ctx)).look(nowMs);
  assert.deepEqual(seen.lanes, [], 'and is not woken for them');
  // The same workspace's own go on as well.
  const other = await newer.place.live({ key: 'other', trigger: { hand: true }, steps: [mail('other')] });
  const how = { audience: { include: { all: true as const } }, key: 'k', perMinute: 100_000 };
  await ctx.queue.transact((tx) => enterByHand(ctx, tx, other, how, nowMs));
  await sql`UPDATE campaign_tasks SET due_ms = ${nowMs + 3_600_000} WHERE workspace_id = ${newer.place.id} AND needs > 0`;
  await newer.place.settled();
  assert.deepEqual(await newer.place.mails(newer.id), ['other']);
  // Who is upgraded has it.
  await sql`UPDATE campaign_tasks SET needs = ${UNDERSTOOD}, due_ms = 0 WHERE workspace_id = ${newer.place.id}`;
  await ctx.queue.transact(async (tx) => ctx.queue.turn(tx, new Set(lanes.map(({ lane }) => lane))));
  await newer.place.settled();
  assert.deepEqual(await newer.place.mails(newer.id), ['other', 'hello']);
  assert.equal(await left(), 0);
});

test('a task that is put in again for somebody needs as much as it did', async () => {
  const { place, id } = await asked(UNDERSTOOD + 1);
  const lane = ctx.queue.lanes()[ctx.queue.laneOf(bucketOf(id))]!;
  const [task] = await selectGoingThrough(sql, place.id, [lane]);
  await insertTasks(sql, [{ ...task!, id: ctx.ids.spread() }], 1);
  const rows = await sql<{ needs: number }[]>`
    SELECT needs FROM campaign_tasks WHERE workspace_id = ${place.id} AND lane = ${lane.lane}`;
  assert.deepEqual(
    rows.map(({ needs }) => needs),
    [UNDERSTOOD + 1, UNDERSTOOD + 1],
  );
  await sql`DELETE FROM campaign_tasks WHERE workspace_id = ${place.id}`;
});
