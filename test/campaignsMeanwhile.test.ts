/**
 * What comes while something else of campaigns is under way: while a segment is being found, over a night on which the clock jumps; to a goal, when
 * who reached it has left; while who is let in for the past is gone through; as nobody knows yet whose it is. In a process of its own: what is
 * found is kept from being done.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoTime } from '../src/base/clock.ts';
import { bucketOf, timeOfId } from '../src/base/ids.ts';
import { auditCampaigns } from '../src/campaigns/report/audit.ts';
import { decisionsIn, type DecisionRow } from '../src/campaigns/enrol/decisions.ts';
import { comeUntil } from '../src/campaigns/due.ts';
import { mergePeople } from '../src/people/people.ts';
import { createSegment } from '../src/campaigns/segments/segments.ts';
import {
  DAY_MS,
  hasFewerRows,
  HOUR_MS,
  mail,
  MINUTE_MS,
  newDoor,
  newPlace,
  provesWhole,
  sql,
  world,
  type Place,
} from './campaignsProduct.ts';
import { must } from './support/world.ts';

const { ctx } = world;

/** The last Sunday of a month: the day on which clocks of the European Union jump, as YYYY-MM-DD. */
function jumpsOn(year: number, month: number): string {
  const last = Date.UTC(year, month, 0);
  return isoTime(last - (new Date(last).getUTCDay() % 7) * DAY_MS).slice(0, 10);
}

/** The next two nights on which they do, with half past two of each. */
function nights(nowMs: number): { day: string; half: string }[] {
  const year = new Date(nowMs).getUTCFullYear();
  return [year, year + 1, year + 2]
    .flatMap((of) => [
      { day: jumpsOn(of, 3), half: '01:00' },
      { day: jumpsOn(of, 10), half: '00:30' },
    ])
    .filter(({ day }) => Date.parse(day) > nowMs + DAY_MS)
    .slice(0, 2);
}

/** What campaigns sent somebody, and when, by the workspace's clock. */
async function sent(contactId: number): Promise<string[]> {
  const kept = await sql<(DecisionRow & { atMs: number })[]>`
    SELECT at_ms AS "atMs", seq, what, step, detail FROM enrolment_log WHERE contact_id = ${contactId} ORDER BY at_ms`;
  const rows = kept.flatMap(decisionsIn).filter(({ what }) => what === 'sends');
  return rows.map(({ step, atMs }) => `${step} ${isoTime(atMs)}`);
}

/** Lanes are not gone through for what is published meanwhile; then they are. */
async function whileItIsFound(place: Place, publish: () => Promise<unknown>, meanwhile: () => Promise<void>) {
  await publish();
  const held = await sql`
    UPDATE campaign_tasks SET due_ms = due_ms + ${400 * DAY_MS} WHERE workspace_id = ${place.id} AND kind = 'build' RETURNING 1`;
  assert.ok(held.length > 0, 'it was not found before');
  await meanwhile();
  const left = await sql`
    UPDATE campaign_tasks SET due_ms = 0 WHERE workspace_id = ${place.id} AND kind = 'build' RETURNING 1`;
  assert.equal(left.length, held.length, 'nor meanwhile');
  const lanes = ctx.queue.lanes().map(({ lane }) => lane);
  await ctx.queue.transact(async (tx) => ctx.queue.turn(tx, new Set(lanes)));
  await place.built();
  await place.settled();
}

test('scenario 25: over both nights on which the clock jumps who is in a segment is so for as long as it says, also where it is found that night', async () => {
  const place = await newPlace('Europe/Paris');
  for (const [n, { day, half }] of nights(await place.nowMs()).entries()) {
    const key = (of: string) => `${of}-${n}`;
    const buy = `buy ${n}`;
    await place.advance(Date.parse(`${day}T00:00Z`) - 3 * HOUR_MS - (await place.nowMs()));
    const ann = await place.tell(key('ann'), { name: buy });
    await place.settled();
    const [bought] = await sql<
      { at: number }[]
    >`SELECT at_ms AS at FROM contact_events WHERE contact_id = ${ann}`;
    const boughtMs = bought!.at;
    const attributes = { [key('day')]: day };
    let bob = 0;
    await whileItIsFound(
      place,
      async () => {
        const nowMs = await place.nowMs();
        const recent = { key: key('recent'), rule: { did: buy, within: '1d' as const } };
        must(await ctx.queue.transact((tx) => createSegment(ctx, tx, place.id, recent, nowMs)));
        const live = async (of: string, trigger: object) =>
          await place.live({ key: key(of), trigger: trigger as never, steps: [mail(of)] });
        await live('came', { segment: { entered: key('recent') } });
        await live('left', { segment: { left: key('recent') } });
        await live('dated', { date: { attribute: key('day'), at: '02:30' } });
      },
      async () => {
        // Whoever is looked at meanwhile may have been in it all along; their day is theirs.
        bob = await place.tell(key('bob'), { name: buy }, { attributes });
        await place.settled();
        await place.advance(5 * HOUR_MS);
        assert.deepEqual([await sent(ann), await sent(bob)], [[], [`dated ${day}T${half}:00.000Z`]]);
      },
    );
    const rows = await sql<{ id: number }[]>`SELECT id FROM segments WHERE key = ${key('recent')}`;
    const inside = () => place.inside(rows[0]!.id);
    assert.deepEqual(
      await inside(),
      [ann, bob].toSorted((a, b) => a - b),
    );
    assert.deepEqual((await sent(bob)).length, 1, 'who was in it when it was found does not enter');
    await place.advance(boughtMs + DAY_MS - MINUTE_MS - (await place.nowMs()));
    assert.ok((await inside()).includes(ann), 'a day has 24 hours, also where the wall shows 23 or 25');
    await place.advance(2 * HOUR_MS);
    assert.deepEqual(await inside(), []);
    assert.deepEqual(await sent(ann), [`left ${isoTime(boughtMs + DAY_MS + 1)}`]);
    assert.equal((await sent(bob)).length, 2);
    const cat = await place.tell(key('cat'), { name: buy });
    await place.settled();
    assert.deepEqual(await place.mails(cat), ['came']);
  }
  await provesWhole();
});

test('a segment that is being found sets nothing off by what changes meanwhile, and by all that changes after', async () => {
  const place = await newPlace();
  const [ann, bob, cat] = await Promise.all(
    ['ann', 'bob', 'cat'].map((who) =>
      place.tell(who, { name: 'buy' }, { attributes: { plan: who === 'ann' ? 'pro' : 'free' } }),
    ),
  );
  const becomes = async (who: string, plan: string) => {
    await place.tell(who, undefined, { attributes: { plan } });
    await place.settled();
  };
  await place.settled();
  await whileItIsFound(
    place,
    async () => {
      const live = async (key: string, trigger: object) =>
        await place.live({ key, trigger: trigger as never, entry: 'every', steps: [mail(key)] });
      await live('pro', { attribute: { path: 'plan', is: 'pro' } });
      await live('changed', { attribute: { path: 'plan', changed: true } });
    },
    async () => {
      // One leaves it and comes back, one comes, one comes and leaves.
      await becomes('ann', 'free');
      await becomes('ann', 'pro');
      await becomes('bob', 'pro');
      await becomes('cat', 'pro');
      await becomes('cat', 'free');
      await place.advance(DAY_MS);
    },
  );
  const mails = async () => await Promise.all([ann!, bob!, cat!].map((who) => place.mails(who)));
  assert.deepEqual(await mails(), [[], [], []]);
  for (const who of ['ann', 'bob', 'cat']) await becomes(who, 'pro');
  assert.deepEqual(
    (await mails()).map((of) => of.toSorted()),
    [[], [], ['changed', 'pro']],
  );
  await becomes('bob', 'free');
  await becomes('bob', 'pro');
  assert.deepEqual((await mails())[1]!.toSorted(), ['changed', 'changed', 'pro']);
  await provesWhole();
});

test('campaigns.md §3.9: a goal that is told late counts by when it was reached, for a day after its time, wherever who reached it is by then', async () => {
  const place = await newPlace();
  const file = {
    key: 'late',
    trigger: { event: { did: 'in' } },
    goals: [{ key: 'bought', event: 'buy', within: '3d', value: 'amount', primary: true }],
    steps: [{ key: 'rest', wait: { for: '1d' } }, mail('hello')],
  } as const;
  const { id } = await place.live(file);
  const ids = new Map<string, number>();
  const enteredMs = await place.nowMs();
  for (const who of ['in-time', 'left', 'too-late', 'after', 'before', 'becomes', 'twice'])
    ids.set(who, await place.tell(who, { name: 'in' }));
  await place.settled();
  const buys = (who: string, afterMs: number, amount = 1) =>
    place.tell(who, {
      name: 'buy',
      timestamp: (enteredMs + afterMs) / 1000,
      properties: { amount },
    });
  const reached = async () => {
    const rows = await sql<{ contactId: number; atMs: number }[]>`
      SELECT contact_id AS "contactId", at_ms AS "atMs" FROM conversions WHERE campaign_id = ${id}`;
    return [...ids]
      .flatMap(([who, contactId]) =>
        rows
          .filter((row) => row.contactId === contactId)
          .map((row) => `${who} ${Math.round((row.atMs - enteredMs) / HOUR_MS)}h`),
      )
      .toSorted();
  };
  // They have left by then; a version without the goal is not theirs.
  await place.advance(2 * DAY_MS);
  await place.live({ ...file, goals: [{ key: 'other', event: 'sign', within: '3d' }] });
  await buys('left', DAY_MS + HOUR_MS);
  await place.settled();
  assert.deepEqual(await reached(), ['left 25h']);
  await place.advance(DAY_MS + 12 * HOUR_MS);
  // Its time is over, and within a day of it.
  await buys('in-time', 3 * DAY_MS - HOUR_MS);
  await buys('after', 3 * DAY_MS + HOUR_MS);
  await buys('before', -HOUR_MS);
  for (const amount of [2, 3]) await buys('twice', 2 * DAY_MS + amount * HOUR_MS, amount);
  await place.settled();
  // Two who are one by then have two entries.
  const pair = { workspaceId: place.id, survivingId: ids.get('twice')!, discardedId: ids.get('becomes')! };
  const mergedMs = await place.nowMs();
  must(await ctx.queue.transact((tx) => mergePeople(ctx as never, tx, mergedMs, pair)));
  hasFewerRows.add(id);
  await buys('becomes', 2 * DAY_MS + HOUR_MS);
  await place.settled();
  await place.advance(DAY_MS);
  await buys('too-late', 2 * DAY_MS);
  await place.settled();
  assert.deepEqual(await reached(), [
    'in-time 71h',
    'left 25h',
    'twice 49h',
    'twice 49h',
    'twice 50h',
    'twice 51h',
  ]);
  const counts = await place.tallies(id);
  assert.equal(counts['goal:bought converted'], 4, 'each entry once');
  const [sum] =
    await sql`SELECT sum(total)::integer AS n FROM campaign_tallies WHERE campaign_id = ${id} AND step = 'goal:bought'`;
  assert.equal(sum!['n'], 1 + 1 + 1 + 1 + 2 + 3);
  assert.deepEqual((await auditCampaigns(sql, place.id)).breaks, []);
  await provesWhole();
});

test('campaigns.md §3.2: who is let in as of then is taken up to what has come and was not taken yet, of arrivals and of the feed', async () => {
  const place = await newPlace();
  await place.live({ key: 'any', trigger: { event: { did: 'in' } }, steps: [mail('hello')] });
  const id = await place.tell('ann');
  await place.settled();
  const lane = ctx.queue.lanes()[ctx.queue.laneOf(bucketOf(id))]!;
  const owned = { ...lane, epoch: 0 };
  const until = async (nowMs: number) => await ctx.sql.begin((tx) => comeUntil(tx, owned, nowMs));
  const later = ctx.clock.nowMs() + HOUR_MS;
  assert.equal(await until(later), later, 'nothing waits');
  let free = () => {};
  const busy = Promise.withResolvers<void>();
  const holding = ctx.sql.begin(async (tx) => {
    await tx`SELECT FROM lanes WHERE bucket = ${lane.bucket} AND lane = ${lane.lane} FOR UPDATE`;
    busy.resolve();
    await new Promise<void>((resolve) => (free = resolve));
  });
  await busy.promise;
  try {
    for (let i = 0; i < 2; i++) await place.tell('ann', { name: 'in', properties: { i } });
    const [arrival] = await sql<{ id: number }[]>`
      SELECT min(id) AS id FROM event_arrivals WHERE lane = ${lane.lane}`;
    assert.equal(
      await until(later),
      timeOfId(arrival!.id) - 1,
      'the first that waits, and nothing of its moment',
    );
    assert.equal(await until(timeOfId(arrival!.id) - 5), timeOfId(arrival!.id) - 5, 'no later than now');
  } finally {
    free();
    await holding;
  }
  await place.settled();
  assert.equal(await until(later), later);
});

test('campaigns.md §3.2: what was held of somebody until they were known lets them in once for each value, also beyond the entries in hand', async () => {
  const door = await newDoor();
  const { id } = await door.place.live({
    key: 'sku',
    trigger: { event: { did: 'cart' } },
    entry: { per: 'sku' },
    whileActive: 'alongside',
    steps: [mail('left')],
  });
  await door.user('ann');
  const cart = async (of: object, sku: number) =>
    await door.post('/v2/track', { ...of, event: 'cart', properties: { sku } });
  await cart({ user_id: 'ann' }, 0);
  await door.place.settled();
  await door.place.advance(HOUR_MS);
  for (let sku = 1; sku <= 60; sku++) await cart({ user_id: 'ann' }, sku);
  await door.place.settled();
  assert.equal((await door.place.tallies(id))['entered'], 61);
  // On a device: the first again, one of those in hand, one that is new, twice.
  for (const sku of [0, 60, 61, 61]) await cart({ anon_id: 'phone' }, sku);
  await door.place.settled();
  assert.equal((await door.place.tallies(id))['entered'], 61);
  await door.post('/v2/identify', { user_id: 'ann', previous_id: 'phone' });
  await door.place.settled();
  assert.equal((await door.place.tallies(id))['entered'], 62, 'the new one alone');
  assert.equal((await door.mails('ann')).length, 62);
  await provesWhole();
  assert.deepEqual((await auditCampaigns(sql, door.place.id)).breaks, []);
});
