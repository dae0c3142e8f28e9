/** Two who become one in the middle of what campaigns do for either: who waits for whom, so that nobody waits for ever. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketOf } from '../src/base/ids.ts';
import type { Room } from '../src/db/room.ts';
import { whyIn } from '../src/campaigns/report/lists.ts';
import { mergePeople } from '../src/people/people.ts';
import { hasFewerRows, mail, newPlace, provesWhole, sql, world, type Place } from './campaignsProduct.ts';
import { until } from './support/until.ts';
import { must } from './support/world.ts';

const { ctx } = world;

/** A point that is reached once, and left when it is opened. */
function point() {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  let isFirst = true;
  return {
    reached: reached.promise,
    open: () => opened.resolve(),
    async pass() {
      if (!isFirst) return;
      isFirst = false;
      reached.resolve();
      await opened.promise;
    },
  };
}

/** Begins a merge that stops when lanes and rows were looked at, and when both contacts are its own, just before campaigns have their part. */
function begin(place: Place, pair: { survivingId: number; discardedId: number }, nowMs: number) {
  const looked = point();
  const locked = point();
  const first: Room = { name: 'looked', mergeFirst: () => looked.pass() };
  const last: Room = { name: 'locked', merge: () => locked.pass() };
  const rooms = ctx.rooms();
  const at = rooms.findIndex(({ name }) => name === 'campaigns');
  const deps = { ...ctx, rooms: () => [...rooms.slice(0, at), last, ...rooms.slice(at), first] };
  const codes: unknown[] = [];
  const done = ctx.queue.transact(async (tx) => {
    try {
      return must(await mergePeople(deps as never, tx, nowMs, { workspaceId: place.id, ...pair }));
    } catch (error) {
      codes.push((error as { code?: string }).code);
      throw error;
    }
  });
  return { looked, locked, codes, done };
}

/** Keeps what is told of somebody until it is let go of: their lane's owner waits. */
async function holdLane(contactId: number): Promise<() => Promise<void>> {
  const held = Promise.withResolvers<void>();
  const letGo = Promise.withResolvers<void>();
  const over = sql.begin(async (tx) => {
    await tx`SELECT 1 FROM lanes WHERE buckets @> ARRAY[${bucketOf(contactId)}::smallint] FOR UPDATE`;
    held.resolve();
    await letGo.promise;
  });
  await held.promise;
  return async () => {
    letGo.resolve();
    await over;
  };
}

/** What a turn waits for, once it does. */
async function waitedFor(): Promise<string> {
  return await until('somebody waits for the merge', async () => {
    const rows = await sql<{ query: string }[]>`
      SELECT query FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND query NOT LIKE '%lanes%' LIMIT 1`;
    return rows[0]?.query;
  });
}

test('§3.7 somebody is let in just before they become another: the merge begins again, and nobody waits for a deadlock', async () => {
  const place = await newPlace();
  const steps = [{ key: 'rest', wait: { for: '1d' } }, mail('one')];
  const { id } = await place.live({ key: 'clash', trigger: { event: { did: 'in' } }, entry: 'once', steps });
  hasFewerRows.add(id);
  const survivingId = await place.tell('stays', { name: 'in' });
  const discardedId = await place.tell('goes');
  await place.settled();
  const merge = begin(place, { survivingId, discardedId }, await place.nowMs());
  await merge.looked.reached;
  await place.tell('goes', { name: 'in' });
  await place.settled();
  const letGo = await holdLane(discardedId);
  await place.tell('goes', { name: 'in' });
  merge.looked.open();
  await merge.locked.reached;
  await letGo();
  assert.match(await waitedFor(), /FOR KEY SHARE OF c/);
  merge.locked.open();
  await merge.done;
  assert.deepEqual(merge.codes, ['40001'], 'overtaken, and not locked out');
  await place.settled();
  await place.advance(24 * 3_600_000);
  assert.deepEqual(await place.mails(survivingId), ['one']);
  await provesWhole();
});

test('§3.7 who stays is let in while another becomes them: the turn waits for the merge before it writes anything of them', async () => {
  const place = await newPlace();
  await place.live({
    key: 'at-once',
    trigger: { event: { did: 'in' } },
    entry: 'once',
    steps: [mail('one')],
  });
  const survivingId = await place.tell('stays');
  const discardedId = await place.tell('goes', { name: 'in' });
  await place.settled();
  const letGo = await holdLane(survivingId);
  await place.tell('stays', { name: 'in' });
  const merge = begin(place, { survivingId, discardedId }, await place.nowMs());
  await merge.looked.reached;
  merge.looked.open();
  await merge.locked.reached;
  await letGo();
  assert.match(await waitedFor(), /FOR KEY SHARE OF c/);
  merge.locked.open();
  await merge.done;
  assert.deepEqual(merge.codes, []);
  await place.settled();
  // They had come in as who they were, and once is once.
  assert.deepEqual([await place.mails(discardedId), await place.mails(survivingId)], [['one'], []]);
  await provesWhole();
});

test('O12, campaigns.md §3.7: why somebody got what a campaign sent is told of who they were as well', async () => {
  const place = await newPlace();
  const campaign = await place.live({
    key: 'told',
    trigger: { event: { did: 'in' } },
    steps: [mail('hello')],
  });
  hasFewerRows.add(campaign.id);
  const discardedId = await place.tell('before', { name: 'in' });
  const survivingId = await place.tell('after');
  await place.settled();
  const nowMs = await place.nowMs();
  await ctx.queue.transact(async (tx) =>
    must(await mergePeople(ctx as never, tx, nowMs, { workspaceId: place.id, survivingId, discardedId })),
  );
  await place.settled();
  const why = await whyIn(sql, place.id, survivingId, campaign.id);
  assert.deepEqual([why.state, why.deliveries.length], ['completed', 1]);
  assert.ok(why.steps.some(({ what }) => what === 'sent'));
});

test('campaigns.md §3.7: one person on two sides of a comparison is a crossover, also where both have left', async () => {
  const place = await newPlace();
  const campaign = await place.live({
    key: 'sides',
    trigger: { event: { did: 'in' } },
    holdout: '50%',
    steps: [mail('hello')],
  });
  hasFewerRows.add(campaign.id);
  for (let i = 0; i < 12; i++) await place.tell(`s${i}`, { name: 'in' });
  await place.settled();
  const of = async (arm: number) =>
    (
      await sql<{ id: number }[]>`
        SELECT contact_id AS id FROM campaign_entries WHERE campaign_id = ${campaign.id} AND arm = ${arm} ORDER BY 1`
    ).map(({ id }) => id);
  const [treated, held] = [await of(0), await of(1)];
  const nowMs = await place.nowMs();
  const join = (survivingId: number, discardedId: number) =>
    ctx.queue.transact(async (tx) =>
      must(await mergePeople(ctx as never, tx, nowMs, { workspaceId: place.id, survivingId, discardedId })),
    );
  await join(treated[0]!, treated[1]!);
  await place.settled();
  assert.equal((await place.tallies(campaign.id))['crossover'], undefined, 'two of one side');
  await join(treated[0]!, held[0]!);
  await place.settled();
  assert.equal((await place.tallies(campaign.id))['crossover'], 1);
});
