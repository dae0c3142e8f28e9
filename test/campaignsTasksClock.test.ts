/** What lets in so many people in a minute, and what is tried again later, goes by the clock of a test workspace that is moved on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketOf } from '../src/base/ids.ts';
import { enterByHand } from '../src/campaigns/byHand.ts';
import { pauseCampaign, resumeCampaign } from '../src/campaigns/campaigns.ts';
import { enterSince } from '../src/campaigns/since.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, mail, newPlace, provesWhole, sql, world } from './campaignsProduct.ts';
import { must } from './support/world.ts';

const { ctx } = world;
type Place = Awaited<ReturnType<typeof newPlace>>;

/** People who did something; how many of them are in the fullest lane, and of how many lanes no more than so many are in. */
async function people(place: Place, n: number) {
  const told = Array.from({ length: n }, (_, i) => ({
    person: place.person(`m${i}`),
    event: { name: 'bought' },
  }));
  const ids = must(await ctx.arrive(place.id, told)).map(({ contactId }) => contactId);
  await place.settled();
  const lanes = Map.groupBy(ids, (id) => ctx.queue.laneOf(bucketOf(id)));
  const upTo = (most: number) =>
    [...lanes.values()].reduce((sum, { length }) => sum + Math.min(length, most), 0);
  return { ids, upTo, fullest: Math.max(...[...lanes.values()].map(({ length }) => length)) };
}

async function entered(campaignId: number): Promise<number> {
  const rows = await sql`SELECT 1 FROM campaign_entries WHERE campaign_id = ${campaignId}`;
  return rows.length;
}

/** So that one is let in of each lane in a minute. */
const perMinute = () => ctx.queue.lanes().length;

for (const how of ['hand', 'since'] as const)
  test(`campaigns.md §3.1: ${how}: a clock that is moved on lets in as many as the minutes it was moved by, and no more`, async () => {
    const place = await newPlace();
    const trigger = how === 'hand' ? { hand: true as const } : { event: { did: 'bought' } };
    const { upTo, fullest } = await people(place, ctx.queue.lanes().length * 4);
    assert.ok(fullest > 4, 'somebody is left after four minutes');
    const live = await place.live({ key: 'slow', trigger, steps: [mail('slow')] });
    await place.advance(MINUTE_MS);
    const nowMs = await place.nowMs();
    const broken = await ctx.queue.transact((tx) =>
      how === 'hand'
        ? enterByHand(
            ctx,
            tx,
            live,
            { audience: { include: { all: true } }, key: 'k', perMinute: perMinute() },
            nowMs,
          )
        : enterSince(ctx, tx, live, { sinceMs: nowMs - DAY_MS, from: 'now', perMinute: perMinute() }, nowMs),
    );
    assert.equal(broken, undefined);
    await place.settled();
    assert.equal(await entered(live.id), upTo(1), 'the first of each lane');
    await place.advance(MINUTE_MS);
    assert.equal(await entered(live.id), upTo(2), 'a minute later');
    await place.advance(2 * MINUTE_MS);
    assert.equal(await entered(live.id), upTo(4), 'two more minutes, at one go');
    await place.advance(HOUR_MS);
    assert.equal(await entered(live.id), upTo(Infinity), 'an hour later');
    await provesWhole();
  });

test('campaigns.md §3.1: who is let in while a campaign is paused enters a minute after it goes on, by the clock of the workspace', async () => {
  const place = await newPlace();
  const { ids } = await people(place, 3);
  const live = await place.live({ key: 'later', trigger: { hand: true }, steps: [mail('later')] });
  const nowMs = await place.nowMs();
  await ctx.queue.transact((tx) =>
    enterByHand(
      ctx,
      tx,
      live,
      { audience: { include: { contacts: ids } }, key: 'k', perMinute: 6_400 },
      nowMs,
    ),
  );
  must(await ctx.queue.transact((tx) => pauseCampaign(ctx, tx, place.id, live.id, 'entering', nowMs)));
  await place.settled();
  const before = await entered(live.id);
  const how = { mode: 'shift' as const, over: '1m' };
  must(await ctx.queue.transact((tx) => resumeCampaign(ctx, tx, place.id, live.id, how, nowMs)));
  await place.advance(MINUTE_MS);
  assert.deepEqual([before <= ids.length, await entered(live.id)], [true, ids.length]);
  await provesWhole();
});
