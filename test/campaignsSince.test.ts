/** Entering for those who did it before, at a bounded rate; and the brake on far more than was expected. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCampaign, resumeCampaign } from '../src/campaigns/campaigns.ts';
import { enterSince } from '../src/campaigns/since.ts';
import { changeSegment } from '../src/campaigns/segments/segments.ts';
import { DAY_MS, HOUR_MS, mail, newPlace, provesWhole, sql, world } from './campaignsProduct.ts';
import { must } from './support/world.ts';

const { ctx } = world;

test('also those who did it since: told about how many, let in once, by the entry rule and the filter; nobody else', async () => {
  const place = await newPlace();
  const nowS = (await place.nowMs()) / 1000;
  const long = await place.tell('long', {
    name: 'buy',
    timestamp: nowS - 20 * 86_400,
    properties: { amount: 9 },
  });
  const people: number[] = [];
  for (let i = 0; i < 8; i++)
    people.push(
      await place.tell(`b${i}`, { name: 'buy', timestamp: nowS - 3 * 86_400, properties: { amount: i } }),
    );
  await place.settled();
  const live = await place.live({
    key: 'past',
    trigger: { event: { did: 'buy', where: { property: 'amount', greaterThan: 3 } } },
    steps: [mail('past')],
  });
  await place.settled();
  assert.deepEqual(await place.entries(people[5]!), []);
  const sinceMs = nowS * 1000 - 7 * DAY_MS;
  const from = 'now' as const;
  const forecast = await place.forecast(live, { sinceMs, from });
  // All of them are looked at where they are few: “about nobody” was said of whoever was in none of the parts that were looked at.
  assert.deepEqual(forecast, {
    about: 8,
    error: 0,
    asked: 8,
    wouldEnter: 4,
    over: 4,
    sends: 4,
    tooLate: 0,
    refused: { not_set_off: 4 },
  });
  for (let times = 0; times < 2; times++) {
    const given = { sinceMs, from, perMinute: 6_400 };
    assert.equal(await ctx.queue.transact((tx) => enterSince(ctx, tx, live, given, nowS * 1000)), undefined);
    await place.settled();
  }
  for (const [i, id] of people.entries()) assert.deepEqual(await place.mails(id), i > 3 ? ['past'] : []);
  assert.deepEqual(await place.mails(long), [], 'before the time');
  await provesWhole();
});

test('scenario 23: far more enter in an hour than was expected: nobody else is let in, and it says why; who resumes it has said it is right', async () => {
  const place = await newPlace();
  const { id } = await place.live({ key: 'flood', trigger: { event: { did: 'in' } }, steps: [mail('in')] });
  await sql`UPDATE campaigns SET expected_per_hour = 10 WHERE id = ${id}`;
  await sql`UPDATE campaign_stamp SET n = n + 1`;
  const tell = async (from: number, n: number) => {
    for (let at = from; at < from + n; at += 500)
      must(
        await ctx.arrive(
          place.id,
          Array.from({ length: Math.min(500, from + n - at) }, (_, i) => ({
            person: place.person(`f${at + i}`),
            event: { name: 'in' },
          })),
        ),
      );
  };
  // However many turns are under way when it is stopped: room is taken under lock before any of them commits.
  await tell(0, 5_000);
  await place.settled();
  const entered = (await place.tallies(id))['entered']!;
  assert.ok(entered >= 500 && entered <= 1_000, `${entered} entered`);
  const stopped = (await findCampaign(sql, place.id, id))!;
  assert.deepEqual([stopped.state, stopped.paused], ['paused', 'entering']);
  assert.match(stopped.note!, /entered within an hour, and 10 were expected/);
  const nowMs = await place.nowMs();
  const how = { mode: 'shift' as const, over: '1s' };
  must(await ctx.queue.transact((tx) => resumeCampaign(ctx, tx, place.id, id, how, nowMs)));
  await tell(10_000, 1_500);
  await place.settled();
  assert.equal((await place.tallies(id))['entered'], entered + 1_500);
  await provesWhole();
});

test('the brake: who came into a segment and has left it again is expected as well', async () => {
  const place = await newPlace();
  await place.segment('pro', { attribute: 'plan', is: 'pro' });
  const all = async (plan: string) => {
    for (const from of [0, 500]) {
      const people = Array.from({ length: 500 }, (_, i) =>
        place.person(`p${from + i}`, { attributes: { plan } }),
      );
      must(
        await ctx.arrive(
          place.id,
          people.map((person) => ({ person })),
        ),
      );
    }
    await place.settled();
  };
  await place.advance(HOUR_MS);
  await all('pro');
  await place.advance(HOUR_MS);
  await all('basic');
  await place.advance(DAY_MS);
  const trigger = { segment: { entered: 'pro' } };
  const { id } = await place.live({ key: 'hello', trigger, steps: [mail('hello')] });
  const [told] = await sql<
    { n: number | null }[]
  >`SELECT expected_per_hour AS n FROM campaigns WHERE id = ${id}`;
  // About 1,000 in a day and two hours, by a sample of a 64th.
  assert.ok(told!.n !== null && told!.n > 8 && told!.n < 150, `${told!.n} expected`);
});

test('scenario 23: a segment is widened by mistake: nobody enters by that, and of those who come into it from then on no more than a thousand in an hour', async () => {
  const place = await newPlace();
  const segment = await place.segment('pro', { attribute: 'plan', is: 'pro' });
  const tell = async (from: number, n: number, plan: string) => {
    for (let at = from; at < from + n; at += 500)
      must(
        await ctx.arrive(
          place.id,
          Array.from({ length: Math.min(500, from + n - at) }, (_, i) => ({
            person: place.person(`p${at + i}`, { attributes: { plan } }),
          })),
        ),
      );
  };
  await place.advance(2 * HOUR_MS);
  await tell(0, 640, 'pro');
  await tell(10_000, 400, 'basic');
  await place.settled();
  await place.advance(DAY_MS);
  const trigger = { segment: { entered: 'pro' } };
  const { id } = await place.live({ key: 'hello', trigger, steps: [mail('hello')] });
  const [told] = await sql<
    { n: number | null }[]
  >`SELECT expected_per_hour AS n FROM campaigns WHERE id = ${id}`;
  // About 640 in a day, by a sample of a 64th.
  assert.ok(told!.n !== null && told!.n < 120, `${told!.n} expected`);
  const rule = { attribute: 'plan', exists: true };
  const nowMs = await place.nowMs();
  must(await ctx.queue.transact((tx) => changeSegment(ctx, tx, place.id, segment, { rule }, nowMs)));
  await place.built();
  await place.settled();
  assert.equal((await place.inside(segment)).length, 1_040);
  assert.equal((await place.tallies(id))['entered'], undefined);
  await tell(20_000, 1_600, 'free');
  await place.settled();
  const entered = (await place.tallies(id))['entered']!;
  assert.ok(entered >= 500 && entered <= 1_000, `${entered} entered`);
  const stopped = (await findCampaign(sql, place.id, id))!;
  assert.deepEqual([stopped.state, stopped.paused], ['paused', 'entering']);
  assert.match(stopped.note!, new RegExp(`within an hour, and ${told!.n} were expected`));
  await provesWhole();
});
