/**
 * One contact whom campaigns cannot write of, in what is done with many: it hurts nobody behind them in their lane; and what lies between a pause
 * that is over and whoever it was over for yet. In a process of its own: what cannot be written is so in the whole store.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketOf } from '../src/base/ids.ts';
import { enterByHand } from '../src/campaigns/byHand.ts';
import { findCampaign, pauseCampaign, resumeCampaign } from '../src/campaigns/campaigns.ts';
import { mergePeople } from '../src/people/people.ts';
import { HOUR_MS, mail, newPlace, sql, world } from './campaignsProduct.ts';
import { until } from './support/until.ts';
import { must } from './support/world.ts';

const { ctx } = world;

/** Runs something while one contact can have no rows of a table. */
async function whilePoisoned(table: string, contactId: number, run: () => Promise<void>): Promise<void> {
  await sql.unsafe(`ALTER TABLE ${table} ADD CONSTRAINT poison CHECK (contact_id <> ${contactId}) NOT VALID`);
  try {
    await run();
  } finally {
    await sql.unsafe(`ALTER TABLE ${table} DROP CONSTRAINT poison`);
  }
}

/** Of some contacts the nth in a lane that has more of them, in the order in which they are gone through. */
function nthOfMany(ids: readonly number[], nth: number): number {
  const lanes = Map.groupBy(ids, (id) => ctx.queue.laneOf(bucketOf(id)));
  const some = [...lanes.values()].find(({ length }) => length > nth + 2)!;
  return some.toSorted((a, b) => bucketOf(a) - bucketOf(b) || a - b)[nth]!;
}

const PEOPLE = Array.from({ length: 100 }, (_, i) => `p${i}`);

test('let in by hand: who cannot be let in is passed over, and all others of the audience enter', async () => {
  const place = await newPlace();
  const { id } = await place.live({ key: 'hand', trigger: { hand: true }, steps: [mail('hello')] });
  const ids = await Promise.all(PEOPLE.map((who) => place.tell(who)));
  await place.settled();
  const bad = nthOfMany(ids, 1);
  const row = (await findCampaign(sql, place.id, id))!;
  await whilePoisoned('campaign_entries', bad, async () => {
    const nowMs = ctx.clock.nowMs();
    const how = { audience: { include: { contacts: ids } }, key: 'k', perMinute: 100_000 };
    await ctx.queue.transact((tx) => enterByHand(ctx, tx, row, how, nowMs));
    await place.settled();
  });
  const inside = await Promise.all(ids.map((one) => place.entries(one)));
  assert.deepEqual(
    ids.filter((_, i) => !inside[i]!.length),
    [bad],
  );
});

test('resumed: who cannot be written of is passed over, and resumed by themselves an hour later', async () => {
  const place = await newPlace();
  const { id } = await place.live({
    key: 'paused',
    trigger: { event: { did: 'in' } },
    steps: [{ key: 'rest', wait: { for: '2h' } }, mail('out')],
  });
  const ids = await Promise.all(PEOPLE.map((who) => place.tell(who, { name: 'in' })));
  await place.settled();
  const bad = nthOfMany(ids, 0);
  const pausedMs = await place.nowMs();
  must(await ctx.queue.transact((tx) => pauseCampaign(ctx, tx, place.id, id, 'all', pausedMs)));
  await place.advance(5 * HOUR_MS);
  const nowMs = await place.nowMs();
  const left = async () =>
    await sql<{ only: number; dueMs: number }[]>`
      SELECT (params ->> 'only')::bigint AS only, due_ms AS "dueMs" FROM campaign_tasks WHERE workspace_id = ${place.id}`;
  await whilePoisoned('enrolments', bad, async () => {
    const how = { mode: 'shift' as const, over: '1m' };
    must(await ctx.queue.transact((tx) => resumeCampaign(ctx, tx, place.id, id, how, nowMs)));
    await until('all others are resumed', async () => {
      const tasks = await left();
      return tasks.length === 1 && tasks[0]!.only === bad;
    });
  });
  const againMs = (await left())[0]!.dueMs - ctx.clock.nowMs();
  assert.ok(againMs > HOUR_MS - 60_000 && againMs <= HOUR_MS);
  // An hour later.
  await sql`UPDATE campaign_tasks SET due_ms = 0 WHERE workspace_id = ${place.id}`;
  await ctx.queue.transact(async (tx) =>
    ctx.queue.turn(tx, new Set(ctx.queue.lanes().map(({ lane }) => lane))),
  );
  await place.settled();
  await place.advance(HOUR_MS);
  const early = await Promise.all(ids.map((one) => place.mails(one)));
  assert.deepEqual(early.flat(), [], 'nobody goes on before their time');
  await place.advance(HOUR_MS + 60_000);
  const mails = await Promise.all(ids.map((one) => place.mails(one)));
  assert.deepEqual(
    ids.filter((_, i) => mails[i]!.join() !== 'out'),
    [],
    'each goes on, also of whom it could not be written',
  );
});

test('campaigns.md §3.7: merged while a pause is over where the other is and not where they were: they go on as the other', async () => {
  const place = await newPlace();
  const { id } = await place.live({
    key: 'merged',
    trigger: { event: { did: 'in' } },
    steps: [{ key: 'rest', wait: { for: '2h' } }, mail('out')],
  });
  const people = await Promise.all(PEOPLE.slice(0, 8).map((who) => place.tell(who)));
  const laneOf = (contactId: number) => ctx.queue.laneOf(bucketOf(contactId));
  const [survivingId] = people as [number];
  const discardedId = people.find((one) => laneOf(one) !== laneOf(survivingId))!;
  await place.tell(PEOPLE[people.indexOf(discardedId)]!, { name: 'in' });
  await place.settled();
  const pausedMs = await place.nowMs();
  must(await ctx.queue.transact((tx) => pauseCampaign(ctx, tx, place.id, id, 'all', pausedMs)));
  await place.advance(5 * HOUR_MS);
  const nowMs = await place.nowMs();
  const how = { mode: 'shift' as const, over: '1m' };
  await ctx.queue.transact(async (tx) => {
    must(await resumeCampaign(ctx, tx, place.id, id, how, nowMs));
    // It has not come to the lane of whom they were.
    await tx`UPDATE campaign_tasks SET due_ms = ${ctx.clock.nowMs() + HOUR_MS} WHERE campaign_id = ${id} AND lane = ${laneOf(discardedId)}`;
  });
  await until('it is over everywhere else', async () => {
    const left = await sql`SELECT 1 FROM campaign_tasks WHERE campaign_id = ${id}`;
    return left.length === 1;
  });
  const pair = { workspaceId: place.id, survivingId, discardedId };
  must(await ctx.queue.transact((tx) => mergePeople(ctx as never, tx, nowMs, pair)));
  await sql`UPDATE campaign_tasks SET due_ms = 0 WHERE campaign_id = ${id}`;
  await ctx.queue.transact(async (tx) =>
    ctx.queue.turn(tx, new Set(ctx.queue.lanes().map(({ lane }) => lane))),
  );
  await place.settled();
  await place.advance(HOUR_MS);
  assert.deepEqual(await place.mails(survivingId), []);
  await place.advance(HOUR_MS + 60_000);
  assert.deepEqual(await place.mails(survivingId), ['out']);
});

test('campaigns.md §3.6: what fell due in a pause and was not taken before it was resumed waits for the pause, too', async () => {
  const place = await newPlace();
  const rest = { trigger: { event: { did: 'in' } }, steps: [{ key: 'rest', wait: { for: '2h' } }] };
  const asked = await place.live({
    key: 'asked',
    trigger: { event: { did: 'in' } },
    steps: [
      { key: 'w', wait_for: { event: 'paid', timeout: '2h' }, then: { done: 'paid', timeout: 'no' } },
      { ...mail('paid'), then: { next: 'end' } },
      mail('no'),
    ],
  });
  const shifted = await place.live({ ...rest, key: 'shifted', steps: [...rest.steps, mail('rested')] });
  const late = await place.live({ ...rest, key: 'late', steps: [...rest.steps, mail('caught-up')] });
  // They lack what the filter asks for, and have two minutes to tell of it.
  const pending = await place.live({
    key: 'pending',
    filter: { attribute: 'city', is: 'Rome' },
    trigger: { event: { did: 'in' } },
    steps: [mail('rome')],
  });
  const id = await place.tell('ann', { name: 'in' });
  await place.settled();
  const all = [asked, shifted, late, pending];
  const pausedMs = await place.nowMs();
  for (const one of all)
    must(await ctx.queue.transact((tx) => pauseCampaign(ctx, tx, place.id, one.id, 'all', pausedMs)));
  await place.advance(5 * HOUR_MS);
  const nowMs = await place.nowMs();
  await ctx.queue.transact(async (tx) => {
    // As if whoever has their lane had not come to it since.
    const none = await tx`
      UPDATE timers t SET due_ms = ${ctx.clock.nowMs() - HOUR_MS} FROM enrolments e
      WHERE t.workspace_id = ${place.id} AND e.id = t.owner_id AND e.contact_id = t.contact_id RETURNING 1`;
    assert.equal(none.length, 4);
    for (const one of all) {
      const how = one === late ? { mode: 'catch_up', over: '1h' } : { mode: 'shift', over: '1m' };
      must(
        await resumeCampaign(ctx, tx, place.id, one.id, how as Parameters<typeof resumeCampaign>[4], nowMs),
      );
    }
  });
  await place.settled();
  assert.deepEqual(await place.mails(id), []);
  await place.tell('ann', { name: 'paid' }, { attributes: { city: 'Rome' } });
  await place.settled();
  assert.deepEqual((await place.mails(id)).toSorted(), ['paid', 'rome']);
  await place.advance(HOUR_MS);
  assert.deepEqual((await place.mails(id)).slice(2), ['caught-up']);
  await place.advance(HOUR_MS);
  assert.deepEqual((await place.mails(id)).slice(2), ['caught-up', 'rested']);
});
