/**
 * What proves the effect: who is in which arm, what is counted of it, and what a report says. In a process of its own: it writes rows by
 * hand that no audit of the others' campaigns would let pass.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CampaignFile } from '../contract/campaign.ts';
import { monotonicMs } from '../src/base/clock.ts';
import { auditCampaigns } from '../src/campaigns/report/audit.ts';
import { goalsCounted, neededFor, reportOf } from '../src/campaigns/report/report.ts';
import { planPublish } from '../src/campaigns/plan.ts';
import { triggerOf } from '../src/campaigns/since.ts';
import { currentFile, writtenOf } from '../src/campaigns/versions.ts';
import { setOutside } from '../src/campaigns/outside.ts';
import { endCampaign, findCampaign, saveDraft } from '../src/campaigns/campaigns.ts';
import { reportLines } from '../src/cli/campaignReport.ts';
import {
  DAY_MS,
  HOUR_MS,
  hear,
  mail,
  newPlace,
  provesWhole,
  sql,
  world,
  type Place,
} from './campaignsProduct.ts';
import { until } from './support/until.ts';
import { must } from './support/world.ts';

const { ctx } = world;
const text = (said: string) => ({ type: 'text' as const, text: said });

async function enter(place: Place, prefix: string, count: number, name = 'in'): Promise<number[]> {
  const told = Array.from({ length: count }, (_, i) => ({
    person: place.person(`${prefix}${i}`),
    event: { name },
  }));
  const people = must(await ctx.arrive(place.id, told));
  await place.settled();
  return people.map(({ contactId }) => contactId);
}

async function armsOf(campaignId: number) {
  return await sql<
    { contactId: number; arm: number; variant: string | null; epoch: number; reachedMs: number | null }[]
  >`
    SELECT contact_id AS "contactId", arm, variant, epoch, reached_ms AS "reachedMs" FROM campaign_entries
    WHERE campaign_id = ${campaignId} ORDER BY contact_id`;
}

async function report(place: Place, campaignId: number) {
  const campaign = (await findCampaign(sql, place.id, campaignId))!;
  return await reportOf(sql, campaign, await place.nowMs());
}

async function keepOut(place: Place, points: number): Promise<void> {
  const nowMs = await place.nowMs();
  await ctx.queue.transact((tx) => setOutside(tx, place.id, points, nowMs));
}

const twoVariants = [
  { key: 'plain', share: '50%', content: text('plain') },
  { key: 'warm', share: '50%', content: text('warm') },
];

test('who is held out of all comes before who is held out of one, and that before variants; each by a salt of its own', async () => {
  const place = await newPlace();
  await keepOut(place, 3_000);
  const file: Omit<CampaignFile, 'parley' | 'key'> = {
    trigger: { event: { did: 'in' } },
    holdout: '50%',
    steps: [
      { key: 'one', send: { variants: twoVariants, channel: 'email' } },
      { key: 'rest', wait: { for: '1d' } },
      {
        key: 'two',
        send: {
          variants: [
            { key: 'plain', share: '50%', content: text('plain too') },
            { key: 'warm', share: '50%', content: text('warm too') },
          ],
          channel: 'email',
        },
      },
    ],
  };
  const first = await place.live({ key: 'first', ...file });
  const second = await place.live({ key: 'second', ...file });
  await enter(place, 'a', 400);
  await place.advance(DAY_MS);
  const [arms, others] = [await armsOf(first.id), await armsOf(second.id)];
  const count = (rows: readonly (typeof arms)[number][], is: (row: (typeof arms)[number]) => boolean) =>
    rows.filter(is).length;
  const outside = count(arms, ({ arm }) => arm === 2);
  const held = count(arms, ({ arm }) => arm === 1);
  const warm = count(arms, ({ variant }) => variant === 'warm');
  // Of 400: 30 %, then half of the others, then half of these; far enough from chance that it fails once in a million.
  assert.ok(outside > 70 && outside < 170, `${outside} are kept out of all`);
  assert.ok(held > 90 && held < 190, `${held} are held out`);
  assert.ok(warm > 30 && warm < 110, `${warm} got the warm one`);
  assert.ok(arms.every(({ arm, variant }) => (variant === null) === (arm !== 0)));
  assert.deepEqual(
    arms.map(({ contactId, arm }) => [contactId, arm === 2]),
    others.map(({ contactId, arm }) => [contactId, arm === 2]),
    'the same are kept out of both',
  );
  const inside = arms.filter(({ arm }) => arm !== 2);
  const alike = count(
    inside,
    (row) => others.find((one) => one.contactId === row.contactId)!.arm === row.arm,
  );
  assert.ok(
    alike > inside.length * 0.3 && alike < inside.length * 0.7,
    'arms of two campaigns say nothing of each other',
  );
  for (const { contactId, arm, variant } of arms.slice(0, 60)) {
    const own = (await place.mails(contactId)).length;
    if (arm === 2) assert.equal(own, 0, 'nothing is sent to who is kept out of all');
    if (arm === 0)
      assert.ok((await place.mails(contactId)).includes(`${variant} too`), 'one variant throughout');
  }
  assert.ok(
    arms.every(({ reachedMs }) => reachedMs !== null),
    'shadows come to the first message, too',
  );
  await provesWhole();
  const { breaks, fewer } = await auditCampaigns(sql, place.id);
  assert.deepEqual([breaks, fewer], [[], []]);
});

test('who must get a message is not kept out of it: a campaign that sends transactional has no holdout of the workspace', async () => {
  const place = await newPlace();
  await keepOut(place, 5_000);
  const steps = [mail('due', { class: 'transactional' })];
  const campaign = await place.live({ key: 'due', trigger: { event: { did: 'in' } }, steps });
  await enter(place, 't', 40);
  assert.ok((await armsOf(campaign.id)).every(({ arm }) => arm === 0));
  const [epoch] = (await report(place, campaign.id)).epochs;
  assert.equal(epoch!.workspaceHoldoutShare, 0);
});

test('who is kept out of all marketing is not kept from what a campaign does that sends nothing', async () => {
  const place = await newPlace();
  await keepOut(place, 5_000);
  const steps = [{ key: 'mark', set: { customer: true } }];
  const campaign = await place.live({ key: 'marks', trigger: { event: { did: 'in' } }, steps });
  const people = await enter(place, 'm', 40);
  assert.ok((await armsOf(campaign.id)).every(({ arm }) => arm === 0));
  const marked = await sql`
    SELECT 1 FROM contacts WHERE workspace_id = ${place.id} AND attributes ->> 'customer' = 'true'`;
  assert.equal(marked.length, people.length);
  assert.equal((await report(place, campaign.id)).epochs[0]!.workspaceHoldoutShare, 0);
});

test('what is kept out is changed: a new epoch for who enters from then on, and who entered stays where they are', async () => {
  const place = await newPlace();
  const campaign = await place.live({
    key: 'shift',
    trigger: { event: { did: 'in' } },
    goals: [{ key: 'bought', event: 'buy', within: '1d' }],
    steps: [{ key: 'rest', wait: { for: '2d' } }, mail('later')],
  });
  const early = await enter(place, 'e', 30);
  await keepOut(place, 5_000);
  await keepOut(place, 5_000);
  const late = await enter(place, 'l', 60);
  const arms = new Map((await armsOf(campaign.id)).map((row) => [row.contactId, row]));
  assert.ok(early.every((id) => arms.get(id)!.epoch === 1 && arms.get(id)!.arm === 0));
  assert.ok(late.every((id) => arms.get(id)!.epoch === 2));
  assert.ok(late.some((id) => arms.get(id)!.arm === 2) && late.some((id) => arms.get(id)!.arm === 0));
  await place.advance(2 * DAY_MS);
  for (const id of early) assert.deepEqual(await place.mails(id), ['later']);
  const { epochs } = await report(place, campaign.id);
  assert.deepEqual(
    epochs.map((one) => [one.epoch, one.workspaceHoldoutShare, one.goals.map(({ key }) => key)]),
    [
      [1, 0, ['bought']],
      [2, 0.5, ['bought']],
    ],
  );
});

test('published and kept out at the same moment, in either order: what is drawn is what the epoch says', async () => {
  for (const order of [0, 1]) {
    const place = await newPlace();
    const steps = [mail('x')];
    const publishing = () => place.live({ key: 'race', trigger: { event: { did: 'in' } }, steps });
    const both = order
      ? [publishing, () => keepOut(place, 5_000)]
      : [() => keepOut(place, 5_000), publishing];
    await Promise.all(both.map((one) => one()));
    const [row] = await sql<{ id: number }[]>`SELECT id FROM campaigns WHERE workspace_id = ${place.id}`;
    await enter(place, 'r', 60);
    const arms = await armsOf(row!.id);
    const { epochs } = await report(place, row!.id);
    assert.equal(epochs.at(-1)!.workspaceHoldoutShare, 0.5);
    assert.ok(arms.every(({ epoch }) => epoch === epochs.at(-1)!.epoch));
    const outside = arms.filter(({ arm }) => arm === 2).length;
    assert.ok(outside > 10 && outside < 50, `${outside} of 60`);
  }
});

/** Entries as they are kept, without their people: what a report reads. */
async function writeEntries(
  place: Place,
  campaignId: number,
  rows: { arm: number; n: number; converted: number; reached?: number; value?: number; huge?: number }[],
): Promise<void> {
  const enteredMs = (await place.nowMs()) - 30 * DAY_MS;
  for (const { arm, n, converted, reached = n, value = 0, huge } of rows)
    await sql`
      INSERT INTO campaign_entries (bucket, contact_id, campaign_id, entry_key, enrolment_id, workspace_id, version_id, epoch, arm,
        entered_ms, reached_ms, converted)
      SELECT i % 4096, 1000000000 + i * 4 + ${arm}::integer, ${campaignId}, 1, 1000000000 + i * 4 + ${arm}::integer, ${place.id}, 0, 1,
        ${arm}::smallint, ${enteredMs}, CASE WHEN i <= ${reached} THEN ${enteredMs}::bigint END,
        CASE WHEN i <= ${converted} THEN jsonb_build_object('bought', jsonb_build_object('n', 1, 'value',
          CASE WHEN i = 1 THEN ${huge ?? value}::double precision ELSE ${value}::double precision END, 'firstMs', 0)) ELSE '{}' END
      FROM generate_series(1, ${n}::integer) i`;
}

const goal = {
  key: 'bought',
  event: 'buy',
  within: '7d',
  value: 'amount',
  currency: 'EUR',
  primary: true,
} as const;

async function measured(rows: Parameters<typeof writeEntries>[2], holdout = '10%') {
  const place = await newPlace();
  const steps = [mail('x')];
  const campaign = await place.live({ key: 'm', trigger: { api: true }, holdout, goals: [goal], steps });
  await writeEntries(place, campaign.id, rows);
  const beganMs = monotonicMs();
  const found = await report(place, campaign.id);
  // A tenth of a second, or 40 s where what is worked out once is worked out for each entry: nobody took statistics of these yet.
  assert.ok(monotonicMs() - beganMs < 10_000, 'a report costs what its entries do');
  return { place, campaign, found, epoch: found.epochs[0]!, goal: found.epochs[0]!.goals[0]! };
}

const near = (got: readonly (number | null)[] | null, wanted: readonly number[], within = 5e-5) =>
  got!.forEach((value, i) =>
    assert.ok(Math.abs((value ?? NaN) - wanted[i]!) <= within, `${got!.join()} is not ${wanted.join()}`),
  );

test('a report says the golden values: 2250/9000 against 200/1000', async () => {
  const {
    goal: told,
    epoch,
    found,
  } = await measured([
    { arm: 0, n: 9_000, converted: 2_250, value: 10 },
    { arm: 1, n: 1_000, converted: 200, value: 10 },
  ]);
  assert.deepEqual(
    [told.treated.entries, told.treated.converted, told.holdout!.entries],
    [9_000, 2_250, 1_000],
  );
  near([told.effect!.difference], [0.05]);
  near(told.effect!.whileRunning, [0.0088, 0.0912]);
  near(told.effect!.atPlannedEnd.interval, [0.0226, 0.0753]);
  assert.deepEqual([told.effect!.verdict, epoch.split!.chi2, epoch.warnings], ['more', 0, []]);
  near(found.pooled[0]!.whileRunning, [0.0088, 0.0912]);
  near([told.valuePerEntry!.treated, told.valuePerEntry!.holdout], [2.5, 2]);
  const lines = reportLines({ key: 'm', state: 'active' }, found, []).join('\n');
  assert.match(lines, /treated +9,000 +2,250 +25\.0 % +24\.1 % to 25\.9 % .*├.*●.*┤/);
  assert.match(
    lines,
    /more reached it than without the campaign\n {2}difference \+5\.0 points, from \+0\.9 points to \+9\.1 points/,
  );
});

test('one very large value decides nothing: values count at most as much as that of 99.9 % of entries', async () => {
  const { goal: told } = await measured([
    { arm: 0, n: 9_000, converted: 2_250, value: 10, huge: 1_000_000 },
    { arm: 1, n: 1_000, converted: 250, value: 10 },
  ]);
  assert.equal(told.treated.value, 2_249 * 10 + 1_000_000, 'what was taken in is told as it is');
  near([told.valuePerEntry!.treated, told.valuePerEntry!.holdout, told.valuePerEntry!.cap!], [2.5, 2.5, 10]);
  assert.equal(told.valuePerEntry!.verdict, 'no_difference_yet');
});

test('no verdict where the split is broken, or one arm came to its first message more seldom, or it is too early', async () => {
  const split = await measured(
    [
      { arm: 0, n: 670, converted: 300 },
      { arm: 1, n: 330, converted: 60 },
    ],
    '20%',
  );
  assert.deepEqual([split.goal.effect!.verdict, split.epoch.split!.isBroken], ['split_broken', true]);
  const walk = await measured([
    { arm: 0, n: 9_000, converted: 2_250, reached: 9_000 },
    { arm: 1, n: 1_000, converted: 200, reached: 900 },
  ]);
  assert.deepEqual(
    [walk.goal.effect!.verdict, walk.epoch.split!.isBroken, walk.epoch.walk!.isBroken],
    ['split_broken', false, true],
  );
  assert.match(walk.epoch.warnings.join(), /did not walk alike/);
  const early = await measured([
    { arm: 0, n: 900, converted: 200 },
    { arm: 1, n: 99, converted: 20 },
  ]);
  assert.equal(early.goal.effect!.verdict, 'too_early');
});

test('a campaign that was published often is shown and asked by the version that it goes by, and not by all there ever were', async () => {
  const place = await newPlace();
  const file = { key: 'often', trigger: { event: { did: 'in' } } };
  const goal = (key: string) => ({ key, event: 'paid', within: '7d' as const });
  for (const key of ['one', 'two', 'three'])
    await place.live({
      ...file,
      goals: [goal(key)],
      steps: [mail(key), { key: 'rest', wait: { for: '1d' } }],
    });
  await enter(place, 'p', 2);
  const given = { parley: 'campaign/1', ...file, steps: [mail('four')] };
  const nowMs = await place.nowMs();
  const { id } = must(await ctx.queue.transact((tx) => saveDraft(ctx, tx, place.id, given, nowMs)));
  const row = (await findCampaign(sql, place.id, id))!;
  const all: string[] = [];
  hear((text) => /FROM campaign_versions v WHERE v\.campaign_id/.test(text) && all.push(text));
  try {
    assert.equal((await currentFile(sql, row))!.goals![0]!.key, 'three');
    assert.deepEqual((await writtenOf(sql, row)).version, 3);
    const plan = must(await planPublish(sql, row));
    assert.deepEqual([plan.number, plan.newEpoch, plan.steps.map(({ version }) => version)], [4, true, [3]]);
    assert.equal(await triggerOf(sql, row), 'in');
    const { steps } = await reportOf(sql, row, nowMs);
    assert.deepEqual(
      steps.map(({ step, version }) => [step, version]),
      [['three', 3]],
    );
    const goals = await goalsCounted(sql, id);
    assert.deepEqual(goals.map(({ key }) => key).toSorted(), ['one', 'three', 'two']);
  } finally {
    hear(undefined);
  }
  assert.deepEqual(all, []);
});

test('entries needed before a start: with a holdout, with none, and with variants', () => {
  const file = (more: object) =>
    ({ parley: 'campaign/1', key: 'k', trigger: { api: true }, steps: [mail('x')], ...more }) as CampaignFile;
  assert.equal(neededFor(file({ holdout: '10%' }), 0.2, 0.22).entries, 35_138);
  assert.equal(neededFor(file({}), 0.2, 0.22).entries, 13_014);
  const variants = file({ steps: [{ key: 'x', send: { variants: twoVariants } }] });
  assert.equal(neededFor(variants, 0.2, 0.22).entries, 13_014);
  assert.ok(neededFor({ ...variants, holdout: '10%' }, 0.2, 0.22).entries > 35_138);
  // The first is who the others are held against, however small: 10 % against 90 %, as with a holdout.
  const small = [
    { ...twoVariants[0]!, share: '10%' },
    { ...twoVariants[1]!, share: '90%' },
  ];
  const uneven = file({ steps: [{ key: 'x', send: { variants: small } }] });
  assert.deepEqual(neededFor(uneven, 0.2, 0.22), { entries: 35_138, controlShare: 0.1, power: 0.8 });
});

test('what was told of a message is counted as often as it was, and of how many; goals go to the last message before them', async () => {
  const place = await newPlace();
  const make = (key: string) =>
    place.live({
      key,
      trigger: { event: { did: 'in' } },
      goals: [{ ...goal, within: '7d' }],
      steps: [mail('first'), { key: 'rest', wait: { for: '1d' } }, mail('second')],
    });
  const campaign = await make('funnel');
  await make('other');
  const [id] = await enter(place, 'f', 1);
  await place.advance(DAY_MS);
  await place.tell('f0', { name: 'buy', properties: { amount: 30, currency: 'EUR' } });
  await place.tell('f0', { name: 'buy', properties: { amount: 12, currency: 'eur' } });
  await place.tell('f0', { name: 'buy', properties: { amount: 99, currency: 'USD' } });
  await place.settled();
  const [sent] = await sql<{ messageId: number }[]>`
    SELECT message_id AS "messageId" FROM campaign_sends WHERE campaign_id = ${campaign.id} AND step = 'first'`;
  for (const atMs of [1, 2, 3].map((n) => ctx.clock.nowMs() + n))
    await ctx.queue.transact((tx) =>
      ctx.queue.append(tx, [
        {
          ownerId: id!,
          workspaceId: place.id,
          type: 'link.clicked',
          atMs,
          payload: {
            contactId: id,
            causeId: sent!.messageId,
            position: 0,
            kind: 'click',
            longUri: 'https://x',
            first: false,
          },
        },
      ]),
    );
  await until('clicks are counted', async () => (await place.tallies(campaign.id))['first clicked'] === 3);
  const { steps, epochs } = await report(place, campaign.id);
  const second = steps.find(({ step }) => step === 'second')!;
  assert.deepEqual(second.goals, [{ goal: 'bought', people: 1, times: 3, value: 42 }]);
  assert.deepEqual(second.counts['sent'], { unique: 1, total: 1 });
  assert.deepEqual(epochs[0]!.goals[0]!.credited, { alsoToCampaigns: 1, events: 3 });
  assert.deepEqual(steps.find(({ step }) => step === 'first')!.counts['clicked'], { unique: 1, total: 3 });
  assert.match(epochs[0]!.warnings.join(), /1 events of bought were in another currency/);
  assert.deepEqual((await auditCampaigns(sql, place.id)).breaks, []);
});

test('campaigns.md §3.9: a goal is credited to the last message that had left before it and came to something', async () => {
  const place = await newPlace();
  const goals = [{ key: 'bought', event: 'buy', within: '7d' }];
  const rest = (key: string, hours: string) => ({ key, wait: { for: hours } });
  const campaign = await place.live({
    key: 'credits',
    trigger: { event: { did: 'in' } },
    goals,
    steps: [mail('first'), rest('a', '1h'), mail('second'), rest('b', '30d')],
  });
  const [ann] = await enter(place, 'ann', 1);
  const gone = async (name: string) => {
    const address = 'bounce@simulator.test';
    const person = {
      identities: [{ kind: 'external' as const, value: 'gone' }],
      destinations: [{ channel: 'email' as const, integrationId: null, address }],
      profile: {},
    };
    must(await ctx.arrive(place.id, [{ person, event: { name } }]));
    await place.settled();
  };
  await gone('in');
  // The second waits for its hours: it is let in, and has not left.
  const nowMs = await place.nowMs();
  const hour = (more: number) => new Date(nowMs + more * HOUR_MS).toISOString().slice(11, 16);
  const settings = JSON.stringify({ quietHours: { from: hour(-1), to: hour(8) } });
  await sql`UPDATE workspaces SET settings = ${settings}::text::jsonb WHERE id = ${place.id}`;
  ctx.directory.forget(place.id);
  await place.advance(2 * HOUR_MS);
  assert.deepEqual(await place.mails(ann!), ['first', 'second']);
  await place.tell('ann0', { name: 'buy' });
  await gone('buy');
  const { steps } = await report(place, campaign.id);
  const reachedAfter = steps.flatMap(({ step, goals: after }) => after.map(({ people }) => [step, people]));
  assert.deepEqual(reachedAfter, [['first', 1]], 'not to what bounced, nor to what waits');
});

test('campaigns.md §3.9: a goal counts until its window is over, also where the campaign has ended by then', async () => {
  const place = await newPlace();
  const goals = [{ key: 'bought', event: 'buy', within: '7d', value: 'amount' }];
  const { id } = await place.live({
    key: 'spring',
    trigger: { event: { did: 'in' } },
    goals,
    steps: [{ key: 'rest', wait: { for: '30d' } }],
  });
  const [soon, late] = await enter(place, 'e', 2);
  await place.advance(DAY_MS);
  const nowMs = await place.nowMs();
  must(await ctx.queue.transact((tx) => endCampaign(ctx, tx, place.id, id, nowMs)));
  await place.settled();
  assert.deepEqual(await place.entries(soon!), ['campaign_ended']);
  await place.tell('e0', { name: 'buy', properties: { amount: 30 } });
  await place.settled();
  await place.advance(7 * DAY_MS);
  await place.tell('e1', { name: 'buy', properties: { amount: 12 } });
  await place.settled();
  const reached =
    await sql`SELECT contact_id AS "contactId", value FROM conversions WHERE campaign_id = ${id}`;
  assert.deepEqual([...reached], [{ contactId: soon, value: 30 }], `not ${late}, whose window was over`);
  const { epochs } = await report(place, id);
  const { entries, converted, value } = epochs[0]!.goals[0]!.treated;
  assert.deepEqual([entries, converted, value], [2, 1, 30]);
  assert.deepEqual((await auditCampaigns(sql, place.id)).breaks, []);
});

test('what was not sent is told beside what was: too late, or not to be said, and of how many', async () => {
  const place = await newPlace();
  await enter(place, 'l', 3, 'in');
  await place.advance(3 * DAY_MS);
  const steps = [mail('late'), mail('text', { channel: 'sms' })];
  const campaign = await place.live({ key: 'late', trigger: { event: { did: 'in' } }, steps });
  await place.alsoSince(campaign, { sinceMs: (await place.nowMs()) - 4 * DAY_MS, from: 'event' });
  await enter(place, 'n', 1, 'in');
  const found = await report(place, campaign.id);
  const counts = (key: string) => found.steps.find(({ step }) => step === key)!.counts;
  assert.deepEqual(counts('late')['too_late'], { unique: 3, total: 3 });
  assert.deepEqual(counts('text')['too_late'], { unique: 3, total: 3 });
  assert.deepEqual(counts('text')['unsent'], { unique: 1, total: 1 });
  const lines = reportLines({ key: 'late', state: 'active' }, found, []).join('\n');
  assert.match(lines, /unsent +too late/);
  assert.match(lines, /^text v1 +0 /m, 'what could not be sent is not told as sent');
  assert.deepEqual((await auditCampaigns(sql, place.id)).breaks, []);
});
