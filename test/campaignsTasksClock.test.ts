/** What lets in so many people in a minute, and what is tried again later, goes by the clock of a test workspace that is moved on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketOf } from '../src/base/ids.ts';
import { enterByHand } from '../src/campaigns/byHand.ts';
import { pauseCampaign, resumeCampaign } from '../src/campaigns/campaigns.ts';
import { enterSince } from '../src/campaigns/since.ts';
import {
  DAY_MS,
  HOUR_MS,
  MINUTE_MS,
  mail,
  newPlace,
  provesWhole,
  sql,
  world,
  type Place,
} from './campaignsProduct.ts';
import { findAdvance } from '../src/simulator/advances.ts';
import { until } from './support/until.ts';
import { must } from './support/world.ts';

const { ctx } = world;

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

/** Moves the clock of a workspace from one thing that is due to the next; what came due on the way. */
async function moves(place: Place, byMs: number) {
  const begun = await ctx.queue.transact((tx) =>
    ctx.simulator.beginAdvance(tx, { workspaceId: place.id, byMs }),
  );
  const { id } = must(begun);
  const done = await until('the clock has moved', async () => {
    const row = await findAdvance(sql, place.id, id);
    return row?.state === 'done' ? row : undefined;
  });
  await place.settled();
  return done.happened;
}

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

test('campaigns.md §4: who is let in within one step of a clock enters as of the minute that is theirs; the clock stops where the next are', async () => {
  const place = await newPlace();
  const { upTo, fullest } = await people(place, ctx.queue.lanes().length * 4);
  const steps = [{ key: 'rest', wait: { for: '90s' } }, mail('slow')];
  const live = await place.live({ key: 'slow', trigger: { hand: true }, steps });
  await place.advance(MINUTE_MS);
  const how = { audience: { include: { all: true as const } }, key: 'k', perMinute: perMinute() };
  const nowMs = await place.nowMs();
  await ctx.queue.transact((tx) => enterByHand(ctx, tx, live, how, nowMs));
  await place.settled();
  const coming = must(await ctx.simulator.coming(place.id, { limit: 20 }));
  const next = coming.groups.filter(({ kind }) => kind === 'entering');
  assert.deepEqual(
    next.map(({ count, of }) => [count, of]),
    [[1, { type: 'campaign', id: live.id }]],
    'once for all lanes',
  );
  // At one go, by which three more minutes pass.
  await place.advance(3 * MINUTE_MS);
  assert.equal(await entered(live.id), upTo(4));
  const minutes = await sql<{ minute: number; n: number }[]>`
    SELECT round((entered_ms - ${nowMs}::bigint) / 60000.0)::integer AS minute, count(*)::integer AS n
    FROM campaign_entries WHERE campaign_id = ${live.id} GROUP BY 1 ORDER BY 1`;
  assert.deepEqual(
    minutes.map(({ minute, n }) => [minute, n]),
    [0, 1, 2, 3].map((n) => [n, upTo(n + 1) - upTo(n)]),
  );
  const mails = await sql<{ n: number }[]>`
    SELECT count(*)::integer AS n FROM messages WHERE workspace_id = ${place.id} AND direction = 'out'`;
  assert.equal(
    mails[0]!.n,
    upTo(2),
    'a minute and a half after they came, of those who came in the first two',
  );
  // From one thing that is due to the next.
  const moved = await moves(place, 3 * MINUTE_MS);
  assert.ok(fullest > 4);
  assert.deepEqual(
    moved.filter(({ kind }) => kind === 'entering').map(({ atMs }) => Math.round((atMs - nowMs) / MINUTE_MS)),
    Array.from({ length: Math.min(3, fullest - 3) }, (_, i) => i + 4),
    'until nobody is left, which is known when it is looked for the next',
  );
  assert.equal(await entered(live.id), upTo(7));
  await provesWhole();
});
