/** Who waits for whom where campaigns lock something: all in one order, so that nobody waits for ever, and no longer than there is a reason. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketOf } from '../src/base/ids.ts';
import { bumpStamp } from '../src/campaigns/enrol/sql.live.ts';
import { tellOwn } from '../src/campaigns/events/own.ts';
import { changeSegment, setsRenamed } from '../src/campaigns/segments/segments.ts';
import { selectSegment } from '../src/contacts/segments.ts';
import type { Tx } from '../src/db/pool.ts';
import { KIND } from '../src/queue/work/kinds.ts';
import { mail, newPlace, sql, world, type Place } from './campaignsProduct.ts';
import { until } from './support/until.ts';
import { must } from './support/world.ts';

const { ctx } = world;

const laneOf = (contactId: number) => ctx.queue.laneOf(bucketOf(contactId));

/**
 * A transaction on a connection of its own, in the middle of which others are looked at. That it waits in a circle it learns soon, and so before
 * whoever else is in it.
 */
async function amid(work: (tx: Tx) => Promise<unknown>): Promise<void> {
  const own = await sql.reserve();
  try {
    await own.unsafe("BEGIN; SET LOCAL deadlock_timeout = '20ms'");
    await work(own as unknown as Tx);
    await own.unsafe('COMMIT');
  } catch (error) {
    await own.unsafe('ROLLBACK');
    throw error;
  } finally {
    own.release();
  }
}

async function waitsFor(what: string): Promise<void> {
  await until(`somebody waits for ${what}`, async () => {
    const rows = await sql`
      SELECT 1 FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE ${`%${what}%`}`;
    return rows.length > 0;
  });
}

/** Has a lane as whoever claims from it, or settles in it, has. */
async function share(tx: Tx, lane: number): Promise<void> {
  await tx`SELECT 1 FROM lanes WHERE lane = ${lane} FOR KEY SHARE`;
}

/** A campaign that somebody leaves for an order that is gone; what it sends waits where `flowing` says so. */
async function leavable(place: Place, flowing: boolean): Promise<void> {
  const { id } = await place.live({
    key: 'back',
    trigger: { event: { did: 'in' } },
    exits: [{ event: '$order_deleted' }],
    steps: [mail('gone'), { key: 'rest', wait: { for: '1d' } }],
  });
  const stream = { stream: -id, kind: KIND.delivery, workspaceId: place.id, flowing, ratePerS: null };
  await ctx.queue.transact((tx) => ctx.queue.flow(tx, stream));
}

async function leave(people: readonly { place: Place; id: number }[]): Promise<void> {
  const told = people.map(async ({ place, id }) => ({
    workspaceId: place.id,
    contactId: id,
    name: '$order_deleted' as const,
    atMs: await place.nowMs(),
    key: `${id}`,
    isHistory: false,
    properties: {},
  }));
  const all = await Promise.all(told);
  await ctx.queue.transact((tx) => tellOwn(ctx, tx, all));
}

test('in one turn people of several workspaces leave: their lanes are locked in the order in which everybody locks lanes', async () => {
  const places = (await Promise.all([newPlace(), newPlace()])).toSorted((a, b) => a.id - b.id);
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const [first, last] = await Promise.all(
    places.map(async (place, at) => {
      await leavable(place, false);
      const ids = await Promise.all(names.map((who) => place.tell(who)));
      // Of the workspace that comes first somebody whose lane comes last.
      const best = ids.toSorted((a, b) => (at === 0 ? -1 : 1) * (laneOf(a) - laneOf(b)))[0]!;
      await place.tell(names[ids.indexOf(best)]!, { name: 'in' });
      await until('it is let in', async () => (await place.mails(best)).length === 1);
      return { place, id: best };
    }),
  );
  assert.ok(laneOf(first!.id) > laneOf(last!.id));
  await amid(async (tx) => {
    await share(tx, laneOf(last!.id));
    await leave([first!, last!]);
    await waitsFor('FROM lanes WHERE bucket');
    await share(tx, laneOf(first!.id));
  });
  for (const { place, id } of [first!, last!])
    await until('they are out', async () => (await place.entries(id))[0] === 'event');
});

test('somebody leaves who was sent all there was: what others do in their lane is not waited for', async () => {
  const place = await newPlace();
  await leavable(place, true);
  const id = await place.tell('a', { name: 'in' });
  await place.settled();
  await amid(async (tx) => {
    await share(tx, laneOf(id));
    await leave([{ place, id }]);
    await until('they are out', async () => (await place.entries(id))[0] === 'event', 20_000);
  });
});

test('a segment is changed at the moment at which its last lane is found: who changes it has it first, and the lane waits', async () => {
  const place = await newPlace();
  const id = await place.segment('tall', { attribute: 'height', greaterThan: 2 });
  const nowMs = await place.nowMs();
  const change = async (tx: Tx, height: number) => {
    const rule = { attribute: 'height', greaterThan: height };
    must(await changeSegment(ctx, tx, place.id, id, { rule }, nowMs));
  };
  await ctx.queue.transact((tx) => change(tx, 3));
  await amid(async (tx) => {
    await selectSegment(tx, place.id, id, true);
    await waitsFor('FROM segments');
    await change(tx, 4);
  });
  await place.built();
});

test('a list gets another name while a segment that names it is changed: neither says that it is so before it has all', async () => {
  const place = await newPlace();
  const made = [await place.segment('one', { inList: 'VIP' }), await place.segment('two', { inList: 'VIP' })];
  const last = Math.max(...made);
  let renaming: Promise<void> | undefined;
  await amid(async (tx) => {
    await selectSegment(tx, place.id, last, true);
    renaming = ctx.queue.transact((own) => setsRenamed(ctx, own, place.id, [{ kind: 'list', name: 'VIP' }]));
    await waitsFor('FROM segments');
    await bumpStamp(tx, place.id);
  });
  await renaming;
  await place.built();
});

test('a list gets another name: who is in segments that do not name it is known all the while', async () => {
  const place = await newPlace();
  await place.segment('vip', { inList: 'VIP' });
  await place.segment('others', { any: [{ inList: 'Others' }, { tagged: 'VIP' }] });
  const building = await ctx.queue.transact(async (tx) => {
    await setsRenamed(ctx, tx, place.id, [{ kind: 'list', name: 'VIP' }]);
    return await tx<{ key: string }[]>`
      SELECT key FROM segments WHERE workspace_id = ${place.id} AND state = 'building'`;
  });
  assert.deepEqual(
    building.map(({ key }) => key),
    ['vip'],
  );
});

test('a segment is given the rule that it has, written otherwise: it is not gone through again', async () => {
  const place = await newPlace();
  const id = await place.segment('buyers', { did: 'bought', atLeast: 2, within: '30d' });
  const nowMs = await place.nowMs();
  const rule = { within: '30d', atLeast: 2, did: 'bought' };
  const changed = must(
    await ctx.queue.transact((tx) => changeSegment(ctx, tx, place.id, id, { name: 'Buyers', rule }, nowMs)),
  );
  assert.deepEqual([changed.name, changed.state], ['Buyers', 'live']);
});
