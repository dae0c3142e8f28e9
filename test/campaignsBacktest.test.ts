/** Back-tests: the same step over what was stored. What a campaign did live is what a back-test says it would have done. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  beginBacktest,
  findBacktest,
  pathIn,
  type BacktestRow,
} from '../src/campaigns/backtest/backtests.ts';
import { triedOf } from '../src/campaigns/backtest/tried.ts';
import { auditCampaigns } from '../src/campaigns/report/audit.ts';
import { selectLog } from '../src/campaigns/report/sql.ts';
import { seededRandom } from './support/random.ts';
import {
  DAY_MS,
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

async function tryOver(
  place: Place,
  file: Draft,
  more: { fromMs?: number; orderedBy?: 'at' } = {},
): Promise<BacktestRow> {
  const toMs = await place.nowMs();
  const { fromMs = toMs - 90 * DAY_MS, orderedBy = 'received' as const } = more;
  const asked = { campaign: { parley: 'campaign/1', ...file }, fromMs, toMs, orderedBy, all: true };
  const begun = must(
    await ctx.queue.transact((tx) => beginBacktest(ctx, tx, place.id, asked, ctx.clock.nowMs())),
  );
  return await until(
    'the back-test is done',
    async () => {
      const row = await findBacktest(sql, place.id, begun.id);
      return row?.endedMs === null ? undefined : row;
    },
    60_000,
  );
}

test('live engine = back-test, for random streams of events; and what was counted has its rows', async (t) => {
  const seed = Number(process.env['SEED'] ?? 15);
  t.diagnostic(`seed ${seed}`);
  const random = seededRandom(seed);
  const place = await newPlace();
  const files: Draft[] = [
    {
      key: 'cart',
      trigger: { event: { did: 'a' } },
      entry: { per: 'cart' },
      whileActive: 'alongside',
      goals: [{ key: 'bought', event: 'c', within: '5d', value: 'n' }],
      exits: [{ event: 'd', match: { cart: 'cart' } }],
      steps: [
        {
          key: 'w',
          wait_for: { event: 'b', match: { cart: 'cart' }, timeout: '2d' },
          then: { done: 'yes', timeout: 'no' },
        },
        { ...mail('yes'), then: { next: 'end' } },
        mail('no'),
        { key: 'rest', wait: { for: '1d' } },
        { key: 'way', split: { end: 1, last: 2 } },
        mail('last'),
      ],
    },
    {
      key: 'often',
      trigger: { event: { did: 'b' } },
      filter: { did: 'a', atLeast: 2, within: '4d' },
      entry: 'every',
      whileActive: 'refresh',
      cooldown: '1d',
      goals: [{ key: 'again', event: 'b', within: '2d', exit: true }],
      steps: [
        mail('hello'),
        { key: 'mark', set: { seen: true } },
        { key: 'rest', wait: { for: '36h' } },
        { key: 'which', branch: [{ to: 'end', when: { did: 'd', within: '3d' } }], then: { else: 'bye' } },
        mail('bye'),
      ],
    },
    {
      key: 'missed',
      trigger: { event_without: { did: 'a', not: 'c', within: '3d' } },
      entry: 'once',
      steps: [mail('missed'), { key: 'office', wait_until: { from: '09:00', to: '17:00' } }, mail('at-nine')],
    },
  ];
  const campaigns = [];
  for (const file of files) campaigns.push(await place.live(file));
  const fromMs = await place.nowMs();
  const PEOPLE = 12;
  const oneOf = (many: string) => many[Math.floor(random() * many.length)]!;
  for (let day = 0; day < 6; day++) {
    const nowMs = await place.nowMs();
    const told = Array.from({ length: 20 }, () => ({
      person: place.person(`z${Math.floor(random() * PEOPLE)}`),
      event: {
        name: oneOf('abcd'),
        properties: { cart: Math.floor(random() * 3), n: 1 + Math.floor(random() * 9) },
        // Some are told late.
        ...(random() < 0.2 ? { timestamp: (nowMs - Math.floor(random() * 3) * HOUR_MS) / 1000 } : {}),
      },
    }));
    must(await ctx.arrive(place.id, told));
    await place.settled();
    await place.advance(Math.floor((0.2 + random()) * DAY_MS));
  }
  await place.advance(20 * DAY_MS);
  await provesWhole();
  assert.deepEqual((await auditCampaigns(sql, place.id)).breaks, []);
  for (const [i, file] of files.entries()) {
    const campaign = campaigns[i]!;
    const row = await tryOver(place, file, { fromMs: fromMs - 1 });
    const tried = triedOf(row);
    const counts = await place.tallies(campaign.id);
    const endings = Object.entries(counts).flatMap(([what, n]) =>
      what.startsWith('ended:') ? [[what.slice(6), n]] : [],
    );
    assert.equal(tried.entered.n, counts['entered'] ?? 0, `${file.key}: entered`);
    assert.deepEqual(
      Object.fromEntries(Object.entries(tried.endings).map(([what, { n }]) => [what, n])),
      Object.fromEntries(endings),
      `${file.key}: endings`,
    );
    const sends = Map.groupBy(tried.sends, ({ step }) => step);
    for (const step of file.steps)
      if ('send' in step)
        assert.equal(
          (sends.get(step.key) ?? []).reduce((sum, { n }) => sum + n, 0),
          counts[`${step.key} sent`] ?? 0,
          `${file.key}: ${step.key}`,
        );
    for (const goal of file.goals ?? [])
      assert.equal(
        tried.goals[goal.key]?.n ?? 0,
        counts[`goal:${goal.key} converted`] ?? 0,
        `${file.key}: ${goal.key}`,
      );
    await sameWays(place, campaign.id, row);
  }
});

/** Every contact's way is the same, decision by decision. */
async function sameWays(place: Place, campaignId: number, row: BacktestRow): Promise<void> {
  const people = await sql<{ id: number }[]>`SELECT id FROM contacts WHERE workspace_id = ${place.id}`;
  for (const { id } of people) {
    const live = (await selectLog(sql, id, campaignId))
      .map(({ enrolmentId, seq, what, step }) => ({ enrolmentId, seq, what, step }))
      .toSorted((a, b) => a.enrolmentId - b.enrolmentId || a.seq - b.seq);
    const found = await pathIn(ctx, row, id);
    const tried = (found?.changes.log ?? [])
      .map(({ enrolmentId, seq, what, step }) => ({ enrolmentId, seq, what, step: step ?? null }))
      .toSorted((a, b) => a.enrolmentId - b.enrolmentId || a.seq - b.seq);
    assert.deepEqual(tried, live, `contact ${id}`);
  }
}

test('a back-test writes nothing of anybody, says what the gate would, and knows consent as it was', async () => {
  const place = await newPlace();
  await sql`UPDATE workspaces SET settings = settings || '{"quietHours":{"from":"00:00","to":"23:00"},"frequencyCap":{"most":1,"perHours":24}}'
    WHERE id = ${place.id}`;
  ctx.directory.forget(place.id);
  const [ann, bob] = [await place.tell('ann', { name: 'buy' }), await place.tell('bob', { name: 'buy' })];
  await place.tell('ann', { name: 'buy' });
  await place.settled();
  const before = await rowCounts(place.id);
  // Bob said no before, Ann only afterwards.
  const nowMs = await place.nowMs();
  const consent = (contactId: number, atMs: number) => sql`
    INSERT INTO consent_log (bucket, id, contact_id, workspace_id, channel, address, blocked_classes, reason, at_ms)
    VALUES (${contactId % 4096}, ${contactId + 4096 * 7}, ${contactId}, ${place.id}, 'email', 'x', 7, 'unsubscribed', ${atMs})`;
  await consent(bob, nowMs - DAY_MS);
  await consent(ann, nowMs + DAY_MS);
  const row = await tryOver(place, {
    key: 'new',
    trigger: { event: { did: 'buy' } },
    steps: [mail('thanks')],
  });
  const tried = triedOf(row);
  assert.deepEqual([tried.people.n, tried.entered.n, tried.entered.error], [2, 3, 0]);
  assert.deepEqual(Object.keys(tried.unsent), ['opted_out_channel']);
  assert.equal(tried.unsent['opted_out_channel']!.n, 1);
  const isQuiet = tried.held['quiet_hours']?.n ?? 0;
  assert.equal((tried.held['cap_full']?.n ?? 0) + isQuiet >= 1, true, 'the second one of a day waits');
  assert.deepEqual(await rowCounts(place.id), before);
  const found = await pathIn(ctx, row, ann);
  assert.deepEqual(found!.changes.log.map(({ what }) => what).slice(0, 3), ['entered', 'sends', 'completed']);
});

async function rowCounts(workspaceId: number): Promise<unknown> {
  const [row] = await sql`
    SELECT (SELECT count(*) FROM campaign_entries WHERE workspace_id = ${workspaceId}) AS entries,
      (SELECT count(*) FROM messages WHERE workspace_id = ${workspaceId}) AS messages,
      (SELECT count(*) FROM timers WHERE workspace_id = ${workspaceId}) AS timers,
      (SELECT count(*) FROM event_names WHERE workspace_id = ${workspaceId}) AS names`;
  return row;
}

test('in order of receipt, what was told too late was not there; in order of when it was done, it was', async () => {
  const place = await newPlace();
  const nowMs = await place.nowMs();
  await place.tell('ann', { name: 'buy', timestamp: (nowMs - HOUR_MS) / 1000 });
  await place.settled();
  await place.tell('ann', { name: 'look', timestamp: (nowMs - 2 * HOUR_MS) / 1000 });
  await place.settled();
  const file = {
    key: 'after-a-look',
    trigger: { event: { did: 'buy' } },
    filter: { did: 'look' },
    steps: [mail('thanks')],
  };
  const received = triedOf(await tryOver(place, file));
  const done = triedOf(await tryOver(place, file, { orderedBy: 'at' }));
  assert.deepEqual([received.entered.n, received.refused['filter']?.n, done.entered.n], [0, 1, 1]);
});

test('what nobody can have done, and what no event sets off, is told', async () => {
  const place = await newPlace();
  const none = await tryOver(place, {
    key: 'none',
    trigger: { event: { did: 'never seen' } },
    steps: [mail('x')],
  });
  assert.deepEqual([triedOf(none).people.n, none.note], [0, null]);
  const api = { parley: 'campaign/1', key: 'api', trigger: { api: true }, steps: [mail('x')] };
  const asked = { campaign: api, fromMs: 0, toMs: 1, orderedBy: 'received' as const, all: false };
  const refused = await ctx.queue.transact((tx) => beginBacktest(ctx, tx, place.id, asked, 1));
  assert.match(JSON.stringify(refused), /only what an event sets off can be tried/);
});

test('campaigns.md §6: what is told together counts one after the other, live as in a back-test', async () => {
  const place = await newPlace();
  const files = [
    {
      key: 'first',
      trigger: { event: { did: 'purchase' } },
      filter: { did: 'purchase', atMost: 1 },
      steps: [mail('thanks')],
    },
    { key: 'not-yet', trigger: { event: { did: 'a' } }, filter: { did_not: 'b' }, steps: [mail('no-b')] },
    { key: 'already', trigger: { event: { did: 'a' } }, filter: { did: 'b' }, steps: [mail('b')] },
    { key: 'then', trigger: { event: { did: 'c' } }, filter: { did: 'b', atLeast: 1 }, steps: [mail('c')] },
  ];
  for (const file of files) await place.live(file);
  const segment = await place.segment('once', { did: 'purchase', atMost: 1, atLeast: 1 });
  await place.live({
    key: 'leaves',
    trigger: { segment: { left: 'once' } },
    steps: [mail('left')],
  });
  const fromMs = await place.nowMs();
  const told = ['purchase', 'purchase', 'a', 'b', 'c'].map((name) => ({
    person: place.person('together'),
    event: { name },
  }));
  const { contactId } = must(await ctx.arrive(place.id, told))[0]!;
  await place.settled();
  assert.deepEqual(new Set(await place.mails(contactId)), new Set(['thanks', 'no-b', 'c', 'left']));
  assert.deepEqual(await place.inside(segment), []);
  for (const [i, n] of [1, 1, 0, 1].entries())
    assert.equal(
      triedOf(await tryOver(place, files[i]!, { fromMs: fromMs - 1 })).entered.n,
      n,
      files[i]!.key,
    );
  await provesWhole();
});
