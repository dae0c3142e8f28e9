/** What comes again, comes late or says what nobody can add up: each counts once, is asked for its time, and stops nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketOf } from '../src/base/ids.ts';
import { findCampaign } from '../src/campaigns/campaigns.ts';
import { ARRIVAL, insertArrivals } from '../src/campaigns/events/sql.ts';
import { auditCampaigns } from '../src/campaigns/report/audit.ts';
import { whyIn } from '../src/campaigns/report/lists.ts';
import { reportOf } from '../src/campaigns/report/report.ts';
import {
  DAY_MS,
  HOUR_MS,
  mail,
  MINUTE_MS,
  newPlace,
  provesWhole,
  sql,
  world,
  type Place,
} from './campaignsProduct.ts';
import { must } from './support/world.ts';

const { ctx } = world;

const bought = { key: 'bought', event: 'buy', within: '30d', value: 'amount', primary: true } as const;

async function toldOf(place: Place, campaignId: number) {
  const campaign = (await findCampaign(sql, place.id, campaignId))!;
  const found = await reportOf(sql, campaign, await place.nowMs());
  return found.epochs[0]!.goals[0]!;
}

test('campaigns.md §3.9: a conversion is one row for each event, also of one that is told again when its id is forgotten', async () => {
  const place = await newPlace();
  const { id } = await place.live({
    key: 'again',
    trigger: { event: { did: 'in' } },
    goals: [bought],
    steps: [mail('hello')],
  });
  await place.tell('ann', { name: 'in' });
  const buy = (key: string) => place.tell('ann', { name: 'buy', key: `m:${key}`, properties: { amount: 5 } });
  await buy('1');
  await place.settled();
  await place.advance(8 * DAY_MS);
  await sql`DELETE FROM event_keys`;
  await buy('1');
  await place.settled();
  const counted = async () => {
    const { treated } = await toldOf(place, id);
    const [{ n, value }] = await sql<[{ n: number; value: number }]>`
      SELECT count(*) AS n, sum(value) AS value FROM conversions WHERE campaign_id = ${id}`;
    return { report: treated.value, n, value };
  };
  assert.deepEqual(await counted(), { report: 5, n: 1, value: 5 });
  await buy('2');
  await place.settled();
  assert.deepEqual(await counted(), { report: 10, n: 2, value: 10 }, 'another is one more');
  assert.deepEqual((await auditCampaigns(sql, place.id)).breaks, []);
});

test('campaigns.md §3.9: a value that cannot be added up is none: the lane goes on, and the report is told', async () => {
  const place = await newPlace();
  const { id } = await place.live({
    key: 'huge',
    trigger: { event: { did: 'in' } },
    goals: [bought],
    steps: [mail('hello')],
  });
  for (const who of ['eve', 'joe', 'ann']) await place.tell(who, { name: 'in' });
  await place.settled();
  for (const amount of ['1.7e308', '1.7e308', {}, [7, 7], [5], true, ''])
    await place.tell('eve', { name: 'buy', properties: { amount } });
  for (const amount of ['1e999', '-1e200', 'NaN', null, 4])
    await place.tell('joe', { name: 'buy', properties: { amount } });
  await place.tell('ann', { name: 'buy', properties: { amount: '3' } });
  await place.advance(31 * DAY_MS);
  const { treated } = await toldOf(place, id);
  assert.deepEqual([treated.converted, treated.value], [3, 7]);
});

/** An event that came some time ago, and waited all the while. */
async function waited(place: Place, contactId: number, name: string, forMs: number): Promise<void> {
  const names = await ctx.names(place.id, [name], 'us');
  const receivedMs = ctx.clock.nowMs() - forMs;
  await ctx.queue.transact(async (tx) => {
    const id = ctx.ids.inOrder();
    const lane = ctx.queue.laneOf(bucketOf(contactId));
    const of = { workspaceId: place.id, contactId, kind: ARRIVAL.event, nameId: names.get(name)! };
    const event = { id, lane, atMs: receivedMs, receivedMs, key: id, flags: 0, properties: null };
    await insertArrivals(tx, [{ ...of, ...event }]);
    ctx.queue.turn(tx, new Set([lane]));
  });
  await place.settled();
}

test('campaigns.md §3.4: what an event sets off or wakes is not sent when the event waited longer than `lateBy`', async () => {
  const place = await newPlace();
  const soon = await place.live({ key: 'soon', trigger: { event: { did: 'in' } }, steps: [mail('soon')] });
  await place.live({
    key: 'hours',
    trigger: { event: { did: 'in' } },
    steps: [mail('hours', { lateBy: '2d' })],
  });
  await place.live({
    key: 'woken',
    trigger: { event: { did: 'begin' } },
    steps: [{ key: 'w', wait_for: { event: 'in', timeout: '5d', since: { ago: '3d' } } }, mail('woken')],
  });
  // They are live for as long as what comes has waited.
  await sql`UPDATE campaigns SET started_ms = started_ms - ${3 * DAY_MS} WHERE workspace_id = ${place.id}`;
  await sql`UPDATE campaign_stamp SET n = n + 1`;
  const people: number[] = [];
  for (const who of ['ann', 'bob']) people.push(await place.tell(who, { name: 'begin' }));
  await place.settled();
  const [ann, bob] = people as [number, number];
  await waited(place, ann, 'in', 30 * HOUR_MS);
  await waited(place, bob, 'in', 20 * HOUR_MS);
  assert.deepEqual((await place.mails(ann)).toSorted(), ['hours'], 'a day and more');
  assert.deepEqual((await place.mails(bob)).toSorted(), ['hours', 'soon', 'woken'], 'less than a day');
  const { steps } = await whyIn(sql, place.id, ann, soon.id);
  assert.match(steps.map(({ why }) => why).join(), /the message is not sent, at soon, too_late/);
  await provesWhole();
});

test('campaigns.md §3.2: once for each value, also of who has entered by more values than are in hand', async () => {
  const place = await newPlace();
  const { id } = await place.live({
    key: 'sku',
    trigger: { event: { did: 'cart' } },
    entry: { per: 'sku' },
    whileActive: 'alongside',
    steps: [{ key: 'rest', wait: { for: '1h' } }, mail('left')],
  });
  const cart = (sku: number) => ({
    person: place.person('ann'),
    event: { name: 'cart', properties: { sku } },
  });
  const { contactId } = must(await ctx.arrive(place.id, [cart(0)]))[0]!;
  await place.advance(2 * HOUR_MS);
  must(
    await ctx.arrive(
      place.id,
      Array.from({ length: 60 }, (_, i) => cart(i + 1)),
    ),
  );
  await place.advance(2 * HOUR_MS);
  assert.equal((await place.tallies(id))['entered'], 61);
  await place.tell('ann', { name: 'cart', properties: { sku: 0 } });
  await place.tell('ann', { name: 'cart', properties: { sku: 61 } });
  await place.advance(2 * HOUR_MS);
  assert.equal((await place.mails(contactId)).length, 62);
  assert.equal((await place.tallies(id))['entered'], 62, 'the new one alone');
  assert.equal(await place.refusal(contactId), 'entered_before');
  await provesWhole();
});

test('campaigns.md §3.2: once for each value, also where another campaign starts it, or a change of the contact sets it off', async () => {
  const place = await newPlace();
  const steps = [mail('left')];
  const inner = await place.live({
    key: 'inner',
    trigger: { api: true },
    entry: { per: 'sku' },
    whileActive: 'alongside',
    steps,
  });
  await place.live({
    key: 'outer',
    trigger: { event: { did: 'cart' } },
    whileActive: 'alongside',
    steps: [{ key: 'go', start: { campaign: 'inner' } }],
  });
  const byValue = await place.live({
    key: 'plans',
    trigger: { attribute: { path: 'plan', changed: true } },
    entry: { per: 'value' },
    whileActive: 'alongside',
    steps: [{ key: 'rest', wait: { for: '1m' } }],
  });
  await place.built();
  const cart = (sku: number) => ({
    person: place.person('ann'),
    event: { name: 'cart', properties: { sku } },
  });
  const change = async (plan: number) => {
    await place.tell('bob', undefined, { attributes: { plan } });
    await place.settled();
  };
  const { contactId } = must(await ctx.arrive(place.id, [cart(0)]))[0]!;
  await place.tell('bob', undefined, { attributes: { plan: -1 } });
  await place.advance(MINUTE_MS);
  must(
    await ctx.arrive(
      place.id,
      Array.from({ length: 60 }, (_, i) => cart(i + 1)),
    ),
  );
  for (let plan = 0; plan < 61; plan++) await change(plan);
  await place.advance(MINUTE_MS);
  const entered = async () => [
    (await place.tallies(inner.id))['entered'],
    (await place.tallies(byValue.id))['entered'],
  ];
  assert.deepEqual(await entered(), [61, 62]);
  await place.tell('ann', { name: 'cart', properties: { sku: 0 } });
  await change(0);
  await place.advance(MINUTE_MS);
  assert.deepEqual(await entered(), [61, 62], 'none of them anew');
  assert.equal((await place.mails(contactId)).length, 61);
  const refused = await sql<{ reason: string }[]>`
    SELECT reason FROM campaign_refusals WHERE campaign_id IN (${inner.id}, ${byValue.id})`;
  assert.deepEqual(
    refused.map(({ reason }) => reason),
    ['entered_before', 'entered_before'],
  );
  await provesWhole();
  assert.deepEqual((await auditCampaigns(sql, place.id)).breaks, []);
});

test('campaigns.md §3.9: a goal counts for every entry whose window is open, also of who has entered sixty times within it', async () => {
  const place = await newPlace();
  const { id } = await place.live({
    key: 'orders',
    trigger: { event: { did: 'order' } },
    whileActive: 'alongside',
    goals: [{ key: 'reviewed', event: 'review', within: '7d', match: { order: 'order' } }, bought],
    steps: [mail('thanks')],
  });
  const order = (i: number) => ({
    person: place.person('ann'),
    event: { name: 'order', properties: { order: i } },
  });
  must(
    await ctx.arrive(
      place.id,
      Array.from({ length: 60 }, (_, i) => order(i)),
    ),
  );
  await place.settled();
  for (const i of [0, 30, 59]) await place.tell('ann', { name: 'review', properties: { order: i } });
  await place.tell('ann', { name: 'buy', properties: { amount: 1 } });
  await place.settled();
  const { 'goal:reviewed converted': reviewed, 'goal:bought converted': all } = await place.tallies(id);
  assert.deepEqual([reviewed, all], [3, 60]);
  await place.advance(8 * DAY_MS);
  await place.tell('ann', { name: 'review', properties: { order: 1 } });
  await place.settled();
  assert.equal((await place.tallies(id))['goal:reviewed converted'], 3, 'its window is over');
  await provesWhole();
  assert.deepEqual((await auditCampaigns(sql, place.id)).breaks, []);
});
