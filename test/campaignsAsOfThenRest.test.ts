/**
 * campaigns.md §3.2, “also those who did it since”, as of when they did it: what else may be about them, or happen to them and to the campaign
 * meanwhile. In a process of its own: it writes rows by hand.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex24 } from '../src/base/ids.ts';
import { endCampaign, findCampaign, pauseCampaign, resumeCampaign } from '../src/campaigns/campaigns.ts';
import { enterSince } from '../src/campaigns/since.ts';
import { auditCampaigns } from '../src/campaigns/report/audit.ts';
import { reportOf } from '../src/campaigns/report/report.ts';
import { selectSeries } from '../src/campaigns/report/sql.ts';
import { erasePerson, mergePeople } from '../src/people/people.ts';
import {
  DAY_MS,
  hasFewerRows,
  HOUR_MS,
  mail,
  newPlace,
  provesWhole,
  sql,
  world,
  type Place,
  type Draft,
} from './campaignsProduct.ts';
import { until } from './support/until.ts';
import { must } from './support/world.ts';

const { ctx } = world;

const REST: Draft = {
  key: 'rest',
  trigger: { event: { did: 'buy' } },
  entry: 'once',
  steps: [{ key: 'rest', wait: { for: '5d' } }, mail('rested')],
};

/** People who bought so many days ago; resolves with their ids. */
async function bought(place: Place, who: readonly string[], daysAgo: number): Promise<number[]> {
  const timestamp = ((await place.nowMs()) - daysAgo * DAY_MS) / 1000;
  const ids = [];
  for (const one of who) ids.push(await place.tell(one, { name: 'buy', timestamp }));
  await place.settled();
  return ids;
}

/** Contacts of one lane, so that they are let in one after the other. */
async function inOneLane(place: Place, n: number, daysAgo: number): Promise<number[]> {
  const timestamp = ((await place.nowMs()) - daysAgo * DAY_MS) / 1000;
  const byLane = new Map<number, number[]>();
  for (let i = 0; ; i++) {
    const id = await place.tell(`l${i}`, { name: 'buy', timestamp });
    const lane = ctx.queue.laneOf(id % 4096);
    const own = [...(byLane.get(lane) ?? []), id];
    byLane.set(lane, own);
    if (own.length === n) {
      await place.settled();
      return own;
    }
  }
}

async function entered(ids: readonly number[], campaignId: number): Promise<number[]> {
  const rows = await sql<{ at: number }[]>`
    SELECT entered_ms AS at FROM campaign_entries
    WHERE contact_id = ANY(${[...ids]}::bigint[]) AND campaign_id = ${campaignId} ORDER BY contact_id`;
  return rows.map(({ at }) => at);
}

/** The tasks come again now, and not in a minute. */
async function aMinuteLater(place: Place): Promise<void> {
  await sql`UPDATE campaign_tasks SET due_ms = 0 WHERE workspace_id = ${place.id}`;
  await ctx.queue.transact(async (tx) =>
    ctx.queue.turn(tx, new Set(ctx.queue.lanes().map(({ lane }) => lane))),
  );
  await place.settled();
}

test('§3.2 relative to the event: paused between the batches the rest wait, edited they go by the new version, ended nobody enters', async () => {
  const place = await newPlace();
  const ids = await inOneLane(place, 4, 3);
  const nowMs = await place.nowMs();
  const live = await place.live(REST);
  const since = { sinceMs: nowMs - 7 * DAY_MS, from: 'event' as const };
  // One of a lane in a minute.
  await place.alsoSince(live, since, 32);
  assert.equal((await entered(ids, live.id)).length, 1);
  must(await ctx.queue.transact((tx) => pauseCampaign(ctx, tx, place.id, live.id, 'entering', nowMs)));
  await aMinuteLater(place);
  assert.equal((await entered(ids, live.id)).length, 1, 'nobody enters what is paused');
  assert.equal((await sql`SELECT 1 FROM campaign_refusals WHERE campaign_id = ${live.id}`).length, 0);
  const how = { mode: 'shift' as const, over: '1s' };
  must(await ctx.queue.transact((tx) => resumeCampaign(ctx, tx, place.id, live.id, how, nowMs)));
  await aMinuteLater(place);
  assert.equal((await entered(ids, live.id)).length, 2, 'and the next when it goes on');
  await place.live({ ...REST, steps: [{ key: 'rest', wait: { for: '9d' } }, mail('rested')] }, 'finish');
  await aMinuteLater(place);
  const due = await sql<{ days: number }[]>`
    SELECT ((place ->> 'dueMs')::bigint - entered_ms) / 86400000 AS days FROM enrolments
    WHERE campaign_id = ${live.id} AND contact_id = ANY(${ids}::bigint[]) ORDER BY 1`;
  assert.deepEqual(
    due.map(({ days }) => days),
    [5, 5, 9],
  );
  must(await ctx.queue.transact((tx) => endCampaign(ctx, tx, place.id, live.id, nowMs)));
  await aMinuteLater(place);
  await aMinuteLater(place);
  assert.equal((await entered(ids, live.id)).length, 3);
  assert.equal((await sql`SELECT 1 FROM campaign_tasks WHERE workspace_id = ${place.id}`).length, 0);
  await provesWhole();
});

test('§3.2 relative to the event: who becomes another between the batches is looked at as that one, who is erased is not', async () => {
  const place = await newPlace();
  const [first, second, third] = (await inOneLane(place, 3, 3)).toSorted(
    (a, b) => (a % 4096) - (b % 4096) || a - b,
  ) as [number, number, number];
  const nowMs = await place.nowMs();
  const live = await place.live(REST);
  hasFewerRows.add(live.id);
  await place.alsoSince(live, { sinceMs: nowMs - 7 * DAY_MS, from: 'event' }, 32);
  assert.equal((await entered([first], live.id)).length, 1);
  // Who has entered becomes whom nobody has come to yet, who did it as well: once stays once.
  const pair = { survivingId: third, discardedId: first };
  must(await ctx.queue.transact((tx) => mergePeople(ctx, tx, nowMs, { workspaceId: place.id, ...pair })));
  const erased = {
    workspaceId: place.id,
    contactId: second,
    atMs: nowMs,
    afterCommit: (run: () => void) => run(),
  };
  must(await ctx.queue.transact((tx) => erasePerson(ctx, tx, erased)));
  await place.settled();
  for (let i = 0; i < 3; i++) await aMinuteLater(place);
  assert.equal((await entered([third], live.id)).length, 1);
  assert.equal((await entered([first, second], live.id)).length, 0);
  await place.advance(3 * DAY_MS);
  assert.deepEqual(await place.mails(third), ['rested']);
  await provesWhole();
  assert.deepEqual((await auditCampaigns(sql, place.id)).breaks, []);
});

test('§3.1 history lets nobody in by it, relative to either; who nobody knows does not enter; what is older than is kept is not told', async () => {
  const place = await newPlace();
  const nowMs = await place.nowMs();
  const history = await place.tell('old', {
    name: 'buy',
    history: true,
    timestamp: (nowMs - 3 * DAY_MS) / 1000,
  });
  const late = await place.tell('late', { name: 'buy', timestamp: (nowMs - 6 * DAY_MS) / 1000 });
  const [long] = await bought(place, ['long'], 399);
  const [gone] = await bought(place, ['gone'], 410);
  const person = {
    identities: [{ kind: 'anonymous' as const, value: `device-${place.id}` }],
    destinations: [],
  };
  const timestamp = (nowMs - DAY_MS) / 1000;
  const [device] = must(await ctx.arrive(place.id, [{ person, event: { name: 'buy', timestamp } }]));
  await place.settled();
  const [then, now] = [
    await place.live({ ...REST, key: 'then' }),
    await place.live({ ...REST, key: 'now', trigger: { event: { did: 'buy' } } }),
  ];
  const sinceMs = nowMs - 800 * DAY_MS;
  const told = await place.forecast(then, { sinceMs, from: 'event' });
  assert.deepEqual([told.about, told.wouldEnter, told.over, told.tooLate], [4, 2, 2, 2]);
  assert.deepEqual(told.refused, { not_set_off: 1, anonymous: 1 });
  assert.deepEqual((await place.forecast(now, { sinceMs, from: 'now' })).refused, {
    not_set_off: 1,
    anonymous: 1,
  });
  await place.alsoSince(then, { sinceMs, from: 'event' });
  await place.alsoSince(now, { sinceMs, from: 'now' });
  for (const campaign of [then, now]) {
    assert.deepEqual(await entered([history, gone!, device!.contactId], campaign.id), []);
    assert.equal((await entered([late, long!], campaign.id)).length, 2);
  }
  assert.deepEqual(
    (await entered([late, long!], then.id))
      .toSorted((a, b) => a - b)
      .map((at) => Math.round((nowMs - at) / DAY_MS)),
    [399, 6],
  );
  const [log] = await sql<{ n: number }[]>`
    SELECT count(*) AS n FROM enrolment_log WHERE contact_id = ${long!} AND campaign_id = ${then.id} AND at_ms < ${nowMs - 390 * DAY_MS}`;
  assert.ok(log!.n > 0, 'decisions of a month that no partition was made for are kept');
  assert.deepEqual(await place.mails(long!), []);
  await provesWhole();
  assert.deepEqual((await auditCampaigns(sql, place.id)).breaks, []);
  // By day they stand where they entered, in the epoch that drew their arm.
  const days = await selectSeries(sql, then.id, { fromMs: 0, toMs: nowMs + DAY_MS });
  assert.deepEqual(
    days.map(({ entered: n }) => n),
    [1, 1],
  );
  const row = (await findCampaign(sql, place.id, then.id))!;
  const report = await reportOf(sql, row, nowMs);
  assert.deepEqual(
    report.epochs.map(({ entered: n }) => n.treated),
    [2],
  );
});

test('§3.2 relative to the event: a cooldown holds before and after, and who was in it then does not enter beside themselves', async () => {
  const place = await newPlace();
  const nowMs = await place.nowMs();
  const often: Draft = {
    key: 'often',
    trigger: { event: { did: 'buy' } },
    entry: 'every',
    // What was done before that time is known, and sets nothing off.
    filter: { did: 'buy', within: '90d' },
    cooldown: '2d',
    steps: [{ key: 'rest', wait: { for: '1h' } }, mail('thanks')],
  };
  const live = await place.live(often);
  const ann = await place.tell('ann', { name: 'buy' });
  await place.settled();
  await place.advance(2 * HOUR_MS);
  const at = (days: number) => ({ name: 'buy', history: false, timestamp: (nowMs - days * DAY_MS) / 1000 });
  // Told too late to set it off; one is within the cooldown of what they entered by, and one of another.
  for (const days of [50, 30, 29, 12, 4, 1]) await place.tell('ann', at(days + 5 / 24));
  await place.settled();
  assert.equal((await entered([ann], live.id)).length, 1);
  await place.alsoSince(live, { sinceMs: nowMs - 40 * DAY_MS, from: 'event' });
  const days = (await entered([ann], live.id))
    .toSorted((a, b) => a - b)
    .map((one) => Math.round((nowMs - one) / DAY_MS));
  assert.deepEqual(
    days.map((one) => one + 0),
    [30, 12, 4, 0],
  );
  assert.deepEqual(await place.mails(ann), ['thanks']);
  await place.alsoSince(live, { sinceMs: nowMs - 40 * DAY_MS, from: 'event' });
  assert.equal((await entered([ann], live.id)).length, 4, 'and each once');
  await provesWhole();
});

test('§3.4 a step of another room, and a message that cannot be let in, are as of when they were due: live and relative to the event', async () => {
  const place = await newPlace();
  const made = must(
    await ctx.queue.transact((tx) =>
      ctx.webhooks.create(tx, {
        workspaceId: place.id,
        door: 'sunshine',
        target: 'http://127.0.0.1:9/hook',
        triggers: ['*'],
        offered: ['*'],
      }),
    ),
  );
  const file: Draft = {
    key: 'calls',
    trigger: { event: { did: 'buy' } },
    exits: [{ event: 'sell' }],
    steps: [
      { key: 'first', wait: { for: '1d' } },
      { key: 'call', webhook: { to: toHex24(made.id), body: {} } },
      { key: 'second', wait: { for: '1d' } },
      {
        key: 'sms',
        send: { content: { type: 'text', text: 'sms' }, channel: 'sms', lateBy: '90d', await: 'delivered' },
      },
      { key: 'third', wait_for: { event: 'ring', timeout: '1d', since: 'step' } },
      { key: 'mark', tag: { add: ['called'] } },
      { key: 'last', wait: { for: '30d' } },
    ],
  };
  const live = await place.live({ ...file, key: 'live' });
  const ann = await place.tell('ann', { name: 'buy' });
  const bob = await place.tell('bob', { name: 'buy' });
  await place.settled();
  await place.advance(2.5 * DAY_MS);
  await place.tell('bob', { name: 'ring' });
  await place.settled();
  await place.advance(7.5 * DAY_MS);
  const then = await place.live({ ...file, key: 'then' });
  await place.alsoSince(then, { sinceMs: 0, from: 'event' });
  const stands = async (contactId: number, campaignId: number) => {
    const [row] = await sql<{ step: string; days: string }[]>`
      SELECT place ->> 'step' AS step, round(((place ->> 'dueMs')::bigint - entered_ms) / 8640000.0) / 10 AS days
      FROM enrolments WHERE contact_id = ${contactId} AND campaign_id = ${campaignId}`;
    return [row!.step, Number(row!.days)];
  };
  for (const campaign of [live, then]) {
    assert.deepEqual(await stands(ann, campaign.id), ['last', 33], `${campaign.key}: a day each, and thirty`);
    assert.deepEqual(
      await stands(bob, campaign.id),
      ['last', 32.5],
      `${campaign.key}: rang half a day later`,
    );
  }
  const calls = await until('all are called', async () => {
    const rows =
      await sql`SELECT 1 FROM webhook_calls WHERE webhook_id = ${made.id} AND trigger = 'campaign.step'`;
    return rows.length === 4 ? rows : undefined;
  });
  assert.equal(calls.length, 4);
  await provesWhole();
  assert.deepEqual((await auditCampaigns(sql, place.id)).breaks, []);
});

test('§3.2 relative to the event: what is started on the way is started as of then; what sets off others is looked at now; far enough is far enough', async () => {
  const place = await newPlace();
  await place.segment('marked', { tagged: 'marked' });
  const [ann] = await bought(place, ['ann'], 10);
  const second = await place.live({
    key: 'second',
    trigger: { api: true },
    steps: [{ key: 'rest', wait: { for: '3d' } }, mail('too-late'), { key: 'more', wait: { for: '30d' } }],
  });
  const marked = await place.live({
    key: 'by-segment',
    trigger: { segment: { entered: 'marked' } },
    steps: [mail('marked')],
  });
  const first = await place.live({
    key: 'first',
    trigger: { event: { did: 'buy' } },
    steps: [
      { key: 'rest', wait: { for: '1d' } },
      { key: 'mark', tag: { add: ['marked'] } },
      { key: 'go', start: { campaign: 'second' } },
      mail('old'),
    ],
  });
  const nowMs = await place.nowMs();
  await place.alsoSince(first, { sinceMs: 0, from: 'event' });
  const age = async (id: number) =>
    (await entered([ann!], id)).map((at) => Math.round((nowMs - at) / DAY_MS) + 0);
  assert.deepEqual([await age(first.id), await age(second.id), await age(marked.id)], [[10], [9], [0]]);
  assert.deepEqual(await place.mails(ann!), ['marked']);
  // What Parley told of a message counts on: it came of one campaign, and the next are behind it.
  const told = await place.live({
    key: 'told',
    trigger: { event: { did: '$accepted' } },
    steps: [mail('told')],
  });
  await sql`UPDATE contact_events SET properties = jsonb_set(properties, '{$own,depth}', '9')
    WHERE workspace_id = ${place.id} AND properties ? '$own'`;
  for (const from of ['event', 'now'] as const) await place.alsoSince(told, { sinceMs: 0, from });
  assert.deepEqual(await entered([ann!], told.id), []);
  assert.equal(
    (await sql<{ reason: string }[]>`SELECT reason FROM campaign_refusals WHERE campaign_id = ${told.id}`)[0]!
      .reason,
    'chain',
  );
  await provesWhole();
});

test('§3.2 the brake holds here, too: the batch that would be too many is not let in, and the rest wait', async () => {
  const place = await newPlace();
  const nowMs = await place.nowMs();
  const timestamp = (nowMs - 3 * DAY_MS) / 1000;
  const many = Array.from({ length: 1_400 }, (_, i) => i);
  for (let at = 0; at < many.length; at += 500)
    must(
      await ctx.arrive(
        place.id,
        many
          .slice(at, at + 500)
          .map((i) => ({ person: place.person(`f${i}`), event: { name: 'buy', timestamp } })),
      ),
    );
  await place.settled();
  const live = await place.live(REST);
  await sql`UPDATE campaigns SET expected_per_hour = 10 WHERE id = ${live.id}`;
  await sql`UPDATE campaign_stamp SET n = n + 1`;
  const given = { sinceMs: 0, from: 'event' as const, perMinute: 100_000 };
  await ctx.queue.transact((tx) => enterSince(ctx, tx, live, given, nowMs));
  await place.settled();
  const stopped = (await findCampaign(sql, place.id, live.id))!;
  const first = (await place.tallies(live.id))['entered']!;
  assert.deepEqual([stopped.state, stopped.paused], ['paused', 'entering']);
  assert.ok(first <= 1_000 && first > 500, `${first} entered`);
  const how = { mode: 'shift' as const, over: '1s' };
  must(await ctx.queue.transact((tx) => resumeCampaign(ctx, tx, place.id, live.id, how, nowMs)));
  await aMinuteLater(place);
  assert.equal((await place.tallies(live.id))['entered'], 1_400);
  await provesWhole();
  assert.deepEqual((await auditCampaigns(sql, place.id)).breaks, []);
});
