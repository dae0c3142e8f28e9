/** Campaigns on a running Parley: from what people do to what they are sent, under the clock of a test workspace. */
import assert from 'node:assert/strict';
import { isoTime } from '../src/base/clock.ts';
import { bucketOf } from '../src/base/ids.ts';
import { drawArm } from '../src/campaigns/enrol/arms.ts';
import { decisionsIn, type DecisionRow } from '../src/campaigns/enrol/decisions.ts';
import {
  endCampaign,
  findCampaign,
  pauseCampaign,
  resumeCampaign,
  saveDraft,
} from '../src/campaigns/campaigns.ts';
import { versionsOf } from '../src/campaigns/versions.ts';
import { planPublish } from '../src/campaigns/plan.ts';
import { whyIn } from '../src/campaigns/report/lists.ts';
import { reportOf } from '../src/campaigns/report/report.ts';
import { selectLog } from '../src/campaigns/report/sql.ts';
import { updateContact } from '../src/contacts/contacts.ts';
import { exportPerson } from '../src/people/export.ts';
import { mergePeople } from '../src/people/people.ts';
import {
  DAY_MS,
  HOUR_MS,
  mail,
  MINUTE_MS,
  newDoor,
  newPlace,
  provesWhole,
  scenario,
  sql,
  world,
} from './campaignsProduct.ts';
import { until } from './support/until.ts';
import { must } from './support/world.ts';

const { ctx } = world;

const REMINDER = {
  key: 'picture-reminder',
  trigger: { event_without: { did: 'signup', not: 'upload picture', within: '14d' } },
  filter: { attribute: 'city', is: 'San Francisco' },
  entry: 'once' as const,
  goals: [{ key: 'uploaded', event: 'upload picture', within: '21d', primary: true }],
  steps: [mail('pictures')],
};

scenario(
  "O11: signed up in San Francisco, no picture within two weeks: a mail; the source's own example",
  async () => {
    const place = await newPlace();
    const campaign = await place.live(REMINDER);
    const city = { attributes: { city: 'San Francisco' } };
    const ann = await place.tell('ann', { name: 'signup' }, city);
    const bob = await place.tell('bob', { name: 'signup' }, city);
    const eve = await place.tell('eve', { name: 'signup' }, { attributes: { city: 'Oakland' } });
    await place.settled();
    await place.advance(3 * DAY_MS);
    await place.tell('bob', { name: 'upload picture' });
    await place.settled();
    assert.deepEqual(await place.entries(bob), ['did_it']);
    await place.advance(11 * DAY_MS - MINUTE_MS);
    assert.deepEqual(await place.mails(ann), []);
    await place.advance(MINUTE_MS);
    assert.deepEqual(await place.mails(ann), ['pictures']);
    assert.deepEqual(await place.entries(ann), ['completed']);
    assert.deepEqual(await place.mails(bob), []);
    assert.deepEqual([await place.mails(eve), await place.refusal(eve)], [[], 'filter']);
    for (let again = 0; again < 2; again++) await place.tell('ann', { name: 'upload picture' });
    await place.settled();
    const told = await selectLog(sql, ann, campaign.id);
    assert.deepEqual(
      told.slice(-2).map(({ what }) => what),
      ['completed', 'late'],
      'she has left by then; it is told once',
    );
    const exported = await exportPerson(sql, ctx.rooms(), { workspaceId: place.id, contactId: ann });
    assert.deepEqual(
      new Set(
        exported?.['campaigns']?.['enrolment_log']?.map(({ seq, what }) => JSON.stringify([seq, what])),
      ),
      new Set(told.map(({ seq, what }) => JSON.stringify([seq, what]))),
      'each decision is a row of what is exported of her',
    );
    assert.equal((await whyIn(sql, place.id, ann, campaign.id)).state, 'completed');
    const counts = await place.tallies(campaign.id);
    assert.deepEqual(
      [counts['entered'], counts['pictures sent'], counts['goal:uploaded converted'], counts['ended:did_it']],
      [2, 1, 2, 1],
    );
    await provesWhole();
  },
);

scenario(
  'scenario 1: the awaited event at the same moment as the trigger, in either order, in one batch or in two that come at once: a hundred of a hundred go on',
  async () => {
    const place = await newPlace();
    await place.live({
      key: 'wait',
      trigger: { event: { did: 'order' } },
      steps: [
        {
          key: 'paid',
          wait_for: { event: 'pay', timeout: '1h' },
          then: { done: 'thanks', timeout: 'nudge' },
        },
        { ...mail('thanks'), then: { next: 'end' } },
        mail('nudge'),
      ],
    });
    const timestamp = (await place.nowMs()) / 1000;
    const told = (of: string, name: string) =>
      Array.from({ length: 100 }, (_, i) => ({
        person: place.person(`${of}-${i}`),
        event: { name, timestamp },
      }));
    const arrive = async (some: ReturnType<typeof told>) => must(await ctx.arrive(place.id, some));
    const found = new Set<number>();
    for (const [first, second] of [
      ['order', 'pay'],
      ['pay', 'order'],
    ] as const) {
      const [one, two] = [told(`one-${first}`, first), told(`one-${first}`, second)];
      const [left, right] = [told(`two-${first}`, first), told(`two-${first}`, second)];
      const came = [await arrive(one.flatMap((event, i) => [event, two[i]!]))];
      came.push(...(await Promise.all([arrive(left), arrive(right)])));
      for (const { contactId } of came.flat()) found.add(contactId);
    }
    await place.settled();
    assert.equal(found.size, 400);
    for (const contactId of found) assert.deepEqual(await place.mails(contactId), ['thanks']);
    await provesWhole();
  },
);

scenario(
  'who has left is told as they left, whatever comes late: after it, with it, as they leave',
  async () => {
    const place = await newPlace();
    const { id } = await place.live({
      key: 'leaves',
      trigger: { event: { did: 'in' } },
      exits: [{ event: 'gone' }, { event: 'paid', where: { property: 'last', is: true } }],
      goals: [{ key: 'won', event: 'win', within: '30d', exit: true }],
      steps: [
        { key: 'w', wait_for: { event: 'paid', timeout: '1d' } },
        { key: 'rest', wait: { for: '60d' } },
      ],
    });
    const does: Record<string, [end: string, ...(readonly [name: string, properties?: object])[]]> = {
      'leaves, then it comes': ['exited: event', ['gone'], ['paid']],
      'it comes, then leaves': ['exited: event', ['paid'], ['gone']],
      'wins, then it comes': ['exited: goal', ['win'], ['paid']],
      'it comes and is why': ['exited: event', ['paid', { last: true }]],
      stays: ['in it', ['paid']],
    };
    const ids = new Map<string, number>();
    for (const who of Object.keys(does)) ids.set(who, await place.tell(who, { name: 'in' }));
    await place.settled();
    await place.advance(2 * DAY_MS);
    for (const [who, [, ...events]] of Object.entries(does)) {
      const told = events.map(([name, properties]) => ({
        person: place.person(who),
        event: { name, ...(properties ? { properties: { ...properties } } : {}) },
      }));
      must(await ctx.arrive(place.id, told));
    }
    await place.settled();
    for (const [who, [end]] of Object.entries(does)) {
      const { state, steps } = await whyIn(sql, place.id, ids.get(who)!, id);
      assert.equal(state, end, who);
      assert.equal(steps.filter(({ what }) => what === 'late').length, 1, `${who}: what came late is told`);
    }
    // Decisions are kept less long than entries.
    await sql`DELETE FROM enrolment_log WHERE campaign_id = ${id}`;
    assert.equal((await whyIn(sql, place.id, ids.get('wins, then it comes')!, id)).state, 'exited: goal');
    await provesWhole();
  },
);

scenario('scenario 4: two carts open, one is bought: only that one ends', async () => {
  const place = await newPlace();
  await place.live({
    key: 'cart',
    trigger: { event: { did: 'add to cart' } },
    entry: { per: 'cart' },
    whileActive: 'alongside',
    exits: [{ event: 'checkout', match: { cart: 'cart' } }],
    steps: [{ key: 'rest', wait: { for: '2h' } }, mail('left-behind')],
  });
  const bought = (who: string, name: string, of: number) => ({
    person: place.person(who),
    event: { name, properties: { cart: of } },
  });
  // Of sixty carts the oldest is known as well as the newest.
  const [first] = must(await ctx.arrive(place.id, [bought('dora', 'add to cart', 1)]));
  await place.settled();
  must(
    await ctx.arrive(
      place.id,
      Array.from({ length: 59 }, (_, n) => bought('dora', 'add to cart', n + 2)),
    ),
  );
  await place.settled();
  must(await ctx.arrive(place.id, [bought('dora', 'checkout', 1)]));
  const cart = (name: string, of: number) => place.tell('carl', { name, properties: { cart: of } });
  const carl = await cart('add to cart', 1);
  await cart('add to cart', 2);
  await cart('add to cart', 2);
  await cart('checkout', 1);
  await place.settled();
  await place.advance(2 * HOUR_MS);
  assert.deepEqual(new Set(await place.entries(carl)), new Set(['completed', 'event']));
  assert.deepEqual(await place.mails(carl), ['left-behind']);
  const ends = Map.groupBy(await place.entries(first!.contactId), (ending) => ending);
  assert.deepEqual([ends.get('event')?.length, ends.get('completed')?.length], [1, 59]);
  await provesWhole();
});

scenario(
  'scenario 10: every, ten events: ten entries, and it stays so; scenario 8: again while active is refused as active',
  async () => {
    const place = await newPlace();
    const often = { key: 'each', trigger: { event: { did: 'buy' } }, entry: 'every' as const };
    const { id: campaignId } = await place.live({ ...often, steps: [mail('bought')] });
    const fileOf = async () => (await versionsOf(sql, campaignId, { limit: 1 }))[0]!.file;
    const before = await fileOf();
    let id = 0;
    for (let i = 0; i < 10; i++) id = await place.tell('ten', { name: 'buy' });
    await place.settled();
    assert.equal((await place.entries(id)).length, 10);
    assert.deepEqual(await fileOf(), before, 'what was set is as it was');
    await place.live({ ...often, steps: [mail('bought-again')] });
    for (let i = 0; i < 10; i++) await place.tell('ten', { name: 'buy' });
    await place.settled();
    const mails = Map.groupBy(await place.mails(id), (subject) => subject);
    assert.deepEqual([mails.get('bought')?.length, mails.get('bought-again')?.length], [10, 10]);
    assert.equal((await place.entries(id)).length, 20);
    const slow = await place.live({
      key: 'slow',
      trigger: { event: { did: 'look' } },
      steps: [{ key: 'rest', wait: { for: '1d' } }, mail('looked')],
    });
    await place.tell('ten', { name: 'look' });
    await place.tell('ten', { name: 'look' });
    await place.settled();
    assert.equal(await place.refusal(id), 'active');
    const timers = await sql`SELECT 1 FROM timers WHERE contact_id = ${id}`;
    assert.equal(timers.length, 1);
    assert.equal((await place.tallies(slow.id))['entered'], 1);
    await provesWhole();
  },
);

scenario(
  'scenario 11 and 12: the answer was lost and the client repeats, with another time: one event, one mail',
  async () => {
    const place = await newPlace();
    await place.live({ key: 'paid', trigger: { event: { did: 'pay' } }, steps: [mail('receipt')] });
    const again = { name: 'pay', key: 'one', timestamp: (await place.nowMs()) / 1000 - 60 };
    const id = await place.tell('rep', { name: 'pay', key: 'one' });
    await place.tell('rep', { name: 'pay', key: 'one' });
    await place.tell('rep', again);
    await place.settled();
    await place.tell('rep', again);
    await place.settled();
    assert.deepEqual(await place.mails(id), ['receipt']);
    const done = await sql`
      SELECT 1 FROM contact_events e JOIN event_names n ON n.id = e.name_id
      WHERE e.contact_id = ${id} AND n.workspace_id = ${place.id} AND n.name = 'pay'`;
    assert.equal(done.length, 1, 'one event');
  },
);

scenario(
  'scenario 14: at the deadline exactly one branch, and what came before it was taken wins',
  async () => {
    const place = await newPlace();
    const campaign = await place.live({
      key: 'edge',
      trigger: { event: { did: 'start' } },
      steps: [
        { key: 'w', wait_for: { event: 'stop', timeout: '1h' }, then: { done: 'yes', timeout: 'no' } },
        { ...mail('yes'), then: { next: 'end' } },
        mail('no'),
      ],
    });
    const who = Array.from({ length: 20 }, (_, i) => `edge${i}`);
    const ids: number[] = [];
    for (const one of who) ids.push(await place.tell(one, { name: 'start' }));
    await place.settled();
    const [entered] = await sql<{ ms: number }[]>`
      SELECT min(entered_ms) AS ms FROM campaign_entries WHERE campaign_id = ${campaign.id}`;
    must(await ctx.simulator.advanceClock(place.id, HOUR_MS - 1));
    // Done at or before the deadline of each; told at the moment in which that comes.
    const stop = { name: 'stop', timestamp: (entered!.ms + HOUR_MS) / 1000 };
    await Promise.all([place.advance(1), ...who.map((one) => place.tell(one, stop))]);
    await place.settled();
    for (const id of ids) {
      const mails = await place.mails(id);
      assert.ok(['yes', 'no'].includes(mails.join()), mails.join());
      assert.deepEqual(await place.entries(id), ['completed']);
      const { steps } = await whyIn(sql, place.id, id, campaign.id);
      const isLate = steps.some(({ what }) => what === 'late');
      assert.equal(isLate, mails[0] === 'no', 'the branch stands, and what came too late is told');
    }
    await provesWhole();
  },
);

scenario(
  'scenarios 16 and 17: a step that is added, and one that is removed while people wait in it',
  async () => {
    const place = await newPlace();
    const steps = [mail('one'), { key: 'rest', wait: { for: '1d' } }, mail('two')];
    const base = { key: 'edit', trigger: { event: { did: 'in' } } };
    const { id: campaignId } = await place.live({ ...base, steps });
    const early = await place.tell('early', { name: 'in' });
    await place.settled();
    await place.live({ ...base, steps: [mail('zero'), ...steps, mail('three')] });
    await place.advance(DAY_MS);
    assert.deepEqual(await place.mails(early), ['one', 'two', 'three'], 'behind: got it; past: never');
    await planOfAnAddedStep();
    const late = must(
      await ctx.arrive(
        place.id,
        Array.from({ length: 100 }, (_, i) => ({ person: place.person(`late${i}`), event: { name: 'in' } })),
      ),
    );
    await place.settled();
    const removed = [mail('zero'), mail('one'), mail('two'), mail('three')];
    const draft = { parley: 'campaign/1', ...base, steps: removed };
    const nowMs = await place.nowMs();
    must(await ctx.queue.transact((tx) => saveDraft(ctx, tx, place.id, draft, nowMs)));
    const plan = must(await planPublish(sql, (await findCampaign(sql, place.id, campaignId))!));
    assert.deepEqual(plan.steps, [{ step: 'rest', version: 2, people: 100, goesTo: 'two' }]);
    await place.live({ ...base, steps: removed });
    await place.settled();
    for (const { contactId } of late) {
      const mails = await place.mails(contactId);
      assert.deepEqual(mails, ['zero', 'one', 'two', 'three'], 'moved once, no mail twice');
      assert.deepEqual(await place.entries(contactId), ['completed']);
    }
    await provesWhole();
  },
);

/** Scenario 16: of who waits before a step that is added, and of who is past it, the plan tells how many; and so it comes. */
async function planOfAnAddedStep(): Promise<void> {
  const place = await newPlace();
  const base = { key: 'added', trigger: { event: { did: 'in' } } };
  const [first, second] = [
    { key: 'first', wait: { for: '1d' } },
    { key: 'second', wait: { for: '5d' } },
  ];
  const { id: campaignId } = await place.live({ ...base, steps: [first, second, mail('last')] });
  const come = async (...who: string[]) => {
    const ids = await Promise.all(who.map((one) => place.tell(one, { name: 'in' })));
    await place.settled();
    return ids;
  };
  const past = await come('past1', 'past2');
  await place.advance(DAY_MS);
  const behind = await come('behind1', 'behind2', 'behind3');
  const steps = [first, mail('added'), second, mail('last')];
  const nowMs = await place.nowMs();
  const draft = { parley: 'campaign/1', ...base, steps };
  must(await ctx.queue.transact((tx) => saveDraft(ctx, tx, place.id, draft, nowMs)));
  const plan = must(await planPublish(sql, (await findCampaign(sql, place.id, campaignId))!));
  assert.deepEqual(
    plan.steps.toSorted((a, b) => a.people - b.people),
    [
      { step: 'second', version: 1, people: 2, goesTo: 'second' },
      { step: 'first', version: 1, people: 3, goesTo: 'first' },
    ],
  );
  await place.live({ ...base, steps });
  await place.advance(DAY_MS);
  await place.advance(5 * DAY_MS);
  for (const id of behind) assert.deepEqual(await place.mails(id), ['added', 'last']);
  for (const id of past) assert.deepEqual(await place.mails(id), ['last']);
}

scenario('scenario 19: seven days become three, with people at day one and day five', async () => {
  const place = await newPlace();
  const wait = (days: string) => ({
    key: 'shorter',
    trigger: { event: { did: 'in' } },
    steps: [{ key: 'rest', wait: { for: days } }, mail('out')],
  });
  await place.live(wait('7d'));
  const five: number[] = [];
  for (let i = 0; i < 40; i++) five.push(await place.tell(`five${i}`, { name: 'in' }));
  await place.settled();
  await place.advance(4 * DAY_MS);
  const one = await place.tell('one', { name: 'in' });
  await place.settled();
  const [entered] = await sql<{ ms: number }[]>`
    SELECT entered_ms AS ms FROM campaign_entries WHERE contact_id = ${one}`;
  await place.advance(DAY_MS);
  const publishedMs = await place.nowMs();
  await place.live(wait('3d'));
  await place.settled();
  await place.advance(10 * MINUTE_MS);
  const left = (await Promise.all(five.map(sentAt))).flat().map((time) => Date.parse(time) - publishedMs);
  assert.equal(left.length, five.length, 'all of day five have left, each once');
  assert.ok(Math.max(...left) <= 11 * MINUTE_MS, `the last after ${Math.max(...left)} ms`);
  assert.ok(Math.max(...left) - Math.min(...left) > 3 * MINUTE_MS, 'and not all at one moment');
  assert.deepEqual(await place.mails(one), []);
  await place.advance(2 * DAY_MS);
  assert.deepEqual(await sentAt(one), [isoTime(entered!.ms + 3 * DAY_MS)]);
  await place.advance(4 * DAY_MS);
  for (const id of five) assert.deepEqual(await place.mails(id), ['out']);
});

scenario('scenario 21: what is done while it is a draft sets nothing off', async () => {
  const place = await newPlace();
  const before = await place.tell('before', { name: 'in' });
  await place.settled();
  const file = { key: 'draft', trigger: { event: { did: 'in' } }, steps: [mail('in')] };
  const nowMs = await place.nowMs();
  must(
    await ctx.queue.transact((tx) => saveDraft(ctx, tx, place.id, { parley: 'campaign/1', ...file }, nowMs)),
  );
  const meanwhile = await place.tell('meanwhile', { name: 'in' });
  await place.settled();
  const { id: campaignId } = await place.live(file);
  await place.settled();
  await place.advance(DAY_MS);
  assert.deepEqual([await place.entries(before), await place.entries(meanwhile)], [[], []]);
  const then = await place.tell('meanwhile', { name: 'in' });
  await place.settled();
  assert.deepEqual([then, await place.mails(then)], [meanwhile, ['in']]);
  assert.equal((await place.tallies(campaignId))['entered'], 1);
});

scenario(
  'scenario 24: a backfill counts and triggers nothing; what is too old triggers nothing either, nor by a segment that it counts in',
  async () => {
    const place = await newPlace();
    await place.live({
      key: 'fill',
      trigger: { event: { did: 'in' } },
      filter: { did: 'in', atLeast: 3 },
      steps: [mail('third')],
    });
    const twice = await place.segment('twice', { did: 'in', atLeast: 2 });
    const bySegment = { trigger: { segment: { entered: 'twice' } }, entry: 'every' as const };
    const late = await place.live({ ...bySegment, key: 'by-segment', steps: [mail('in-time')] });
    await place.live({ ...bySegment, key: 'later', triggersWithin: '30d', steps: [mail('later')] });
    const nowS = (await place.nowMs()) / 1000;
    const old = { name: 'in', timestamp: nowS - 80 * 3600 };
    const id = await place.tell('fill', { name: 'in', history: true });
    await place.tell('fill', old);
    const hushed = await place.tell('hushed', old);
    await place.tell('hushed', { ...old, history: true });
    // What is learnt of them with it is of now.
    const pro = await place.segment('pro', { attribute: 'plan', is: 'pro' });
    await place.live({ key: 'pro', trigger: { segment: { entered: 'pro' } }, steps: [mail('pro')] });
    await place.settled();
    const known = await place.tell('known', old, { attributes: { plan: 'pro' } });
    await place.settled();
    assert.deepEqual(
      await place.inside(twice),
      [id, hushed].toSorted((a, b) => a - b),
    );
    assert.deepEqual([await place.mails(id), await place.mails(hushed)], [['later'], []]);
    assert.deepEqual([await place.inside(pro), await place.mails(known)], [[known], ['pro']]);
    const refused = await sql<{ campaignId: number; reason: string }[]>`
      SELECT campaign_id AS "campaignId", reason FROM campaign_refusals WHERE contact_id = ${id}`;
    assert.equal(refused.find(({ campaignId }) => campaignId === late.id)?.reason, 'too_old');
    assert.ok(refused.every(({ reason }) => reason === 'too_old'));
    await place.tell('fill', { name: 'in' });
    await place.settled();
    assert.deepEqual(await place.mails(id), ['later', 'third']);
  },
);

scenario(
  'scenario 28: a device of which nobody knows whose it is; once they are one the known one stays, and what either did or does wakes at once',
  async () => {
    const door = await newDoor();
    const { place } = door;
    await place.live({
      key: 'anon',
      trigger: { event: { did: 'look' } },
      steps: [
        { key: 'w', wait_for: { event: 'buy', timeout: '1d' }, then: { done: 'bought', timeout: 'end' } },
        mail('bought'),
      ],
    });
    const becomes = (user: string, device: string) =>
      door.post('/v2/identify', { user_id: user, previous_id: device, email: `${user}@example.com` });
    const state = async (contactId: number) => [await place.entries(contactId), await place.mails(contactId)];
    // Parked while nobody knows them; what the device does when they are one wakes. Whoever of the two was there first.
    for (const isFirst of [true, false]) {
      const [user, device] = [`ann${isFirst}`, `device of ann${isFirst}`];
      if (isFirst) await door.user(user);
      await door.device(device, 'look');
      await place.settled();
      const unknown = await door.who(device);
      assert.deepEqual([await state(unknown), await place.refusal(unknown)], [[[], []], 'anonymous']);
      if (!isFirst) await door.user(user);
      const known = await door.who(user);
      assert.notEqual(known, unknown);
      await becomes(user, device);
      await place.settled();
      assert.deepEqual([await door.who(user), await door.who(device)], [known, known], 'the known one stays');
      assert.deepEqual(await state(known), [[null], []], 'what was done before is offered, and waits');
      await door.device(device, 'buy');
      await place.settled();
      assert.deepEqual(await state(known), [['completed'], ['bought']]);
    }
    // The known one waits, and the device has done it when they become one.
    await door.user('bob');
    await door.track('bob', 'look');
    await place.settled();
    const bob = await door.who('bob');
    await door.device('device of bob', 'buy');
    await place.settled();
    assert.deepEqual(await state(bob), [[null], []]);
    await becomes('bob', 'device of bob');
    await place.settled();
    assert.deepEqual([await door.who('bob'), await state(bob)], [bob, [['completed'], ['bought']]]);
    // Nobody was known: the device's own contact is who it becomes.
    await door.device('device of eve', 'look');
    await place.settled();
    const eve = await door.who('device of eve');
    await becomes('eve', 'device of eve');
    await place.settled();
    assert.deepEqual([await door.who('eve'), await state(eve)], [eve, [[null], []]]);
    await door.track('eve', 'buy');
    await place.settled();
    assert.deepEqual(await state(eve), [['completed'], ['bought']]);
    await provesWhole();
  },
);

scenario(
  'scenario 30: three purchases by one person: one conversion, three values; a holdout walks as a shadow',
  async () => {
    const place = await newPlace();
    const campaign = await place.live({
      key: 'held',
      trigger: { event: { did: 'in' } },
      holdout: '50%',
      goals: [{ key: 'bought', event: 'buy', within: '7d', value: 'amount', primary: true }],
      steps: [mail('hello'), { key: 'mark', set: { greeted: true } }],
    });
    const told = Array.from({ length: 60 }, (_, i) => ({
      person: place.person(`h${i}`),
      event: { name: 'in' },
    }));
    const people = must(await ctx.arrive(place.id, told));
    await place.settled();
    for (const amount of [10, 20, 30]) await place.tell('h0', { name: 'buy', properties: { amount } });
    await place.settled();
    const arms = await sql<{ contactId: number; arm: number }[]>`
    SELECT contact_id AS "contactId", arm FROM campaign_entries WHERE campaign_id = ${campaign.id}`;
    const ids = new Set(people.map(({ contactId }) => contactId));
    assert.deepEqual([arms.length, ids.size], [60, 60], 'each entered once');
    const [drawnBy] = await sql<{ salt: string }[]>`SELECT salt FROM campaigns WHERE id = ${campaign.id}`;
    const version = { holdoutPoints: 5_000, variants: [], isMarketing: true };
    for (const { contactId, arm } of arms) {
      assert.ok(ids.has(contactId));
      assert.equal(drawArm({ ...drawnBy!, version, outside: null }, contactId).arm, arm, 'as it was drawn');
    }
    const held = arms.filter(({ arm }) => arm === 1);
    assert.ok(held.length > 0 && held.length < 60, `${held.length} of 60 are held out`);
    for (const { contactId } of held) {
      assert.deepEqual(await place.mails(contactId), []);
      const [row] = await sql`SELECT attributes FROM contacts WHERE id = ${contactId}`;
      assert.equal(row!['attributes'].greeted, undefined, 'nothing is changed of who is held out');
    }
    const counts = await place.tallies(campaign.id);
    assert.deepEqual(
      [counts['hello sent'], counts['hello would_send'], counts['goal:bought converted']],
      [60 - held.length, held.length, 1],
    );
    const [sums] = await sql`
    SELECT sum(total) AS total, sum(squares) AS squares FROM campaign_tallies
    WHERE campaign_id = ${campaign.id} AND step = 'goal:bought'`;
    assert.deepEqual([sums!['total'], sums!['squares']], [60, 3600]);
    const rows = await sql`SELECT value FROM conversions WHERE contact_id = ${people[0]!.contactId}`;
    assert.equal(rows.length, 3);
    await provesWhole();
  },
);

scenario(
  'scenario 30: planned 80:20 and drawn 67:33: there is no verdict, however much was bought',
  async () => {
    const place = await newPlace();
    const campaign = await place.live({
      key: 'srm',
      trigger: { event: { did: 'in' } },
      holdout: '20%',
      goals: [{ key: 'bought', event: 'buy', within: '7d', primary: true }],
      steps: [{ key: 'mark', tag: { add: ['marked'] } }, mail('hello')],
    });
    const people = Array.from({ length: 700 }, (_, i) => place.person(`s${i}`));
    const found = must(
      await ctx.arrive(
        place.id,
        people.map((person) => ({ person })),
      ),
    );
    const [drawnBy] = await sql<{ salt: string }[]>`SELECT salt FROM campaigns WHERE id = ${campaign.id}`;
    const version = { holdoutPoints: 2_000, variants: [], isMarketing: true };
    const armOf = (i: number) => drawArm({ ...drawnBy!, version, outside: null }, found[i]!.contactId).arm;
    const all = people.map((_, i) => i);
    // Two of three are treated, as if who is held out came more often.
    const treated = all.filter((i) => armOf(i) === 0).slice(0, 201);
    const held = all.filter((i) => armOf(i) === 1).slice(0, 99);
    assert.deepEqual([treated.length, held.length], [201, 99]);
    const did = (some: readonly number[], name: string) =>
      some.map((i) => ({ person: people[i]!, event: { name } }));
    must(await ctx.arrive(place.id, did([...treated, ...held], 'in')));
    await place.settled();
    must(await ctx.arrive(place.id, did([...treated.slice(0, 120), ...held.slice(0, 12)], 'buy')));
    await place.settled();
    await place.advance(8 * DAY_MS);
    const row = (await findCampaign(sql, place.id, campaign.id))!;
    const { epochs } = await reportOf(sql, row, await place.nowMs());
    const [goal] = epochs[0]!.goals;
    const { treated: ours, holdout: theirs } = goal!;
    assert.deepEqual(
      [ours.entries, ours.converted, theirs!.entries, theirs!.converted, goal!.effect!.verdict],
      [201, 120, 99, 12, 'split_broken'],
    );
    await provesWhole();
  },
);

scenario(
  'scenario 20: paused for three weeks and resumed: no burst, and waits go on where they were',
  async () => {
    const place = await newPlace();
    const campaign = await place.live({
      key: 'paused',
      trigger: { event: { did: 'in' } },
      exits: [{ event: 'gone' }],
      steps: [{ key: 'rest', wait: { for: '2d' } }, mail('out')],
    });
    const asks = await place.live({
      key: 'asks',
      trigger: { event: { did: 'ask' } },
      steps: [
        {
          key: 'w',
          wait_for: { event: 'paid', since: 'step', timeout: '2d' },
          then: { done: 'yes', timeout: 'no' },
        },
        { ...mail('yes'), then: { next: 'end' } },
        mail('no'),
      ],
    });
    const id = await place.tell('pau', { name: 'in' });
    const leaving = await place.tell('leaves meanwhile', { name: 'in' });
    const asked = [];
    for (const who of ['pays in the pause', 'pays at its end', 'pays after', 'never pays'])
      asked.push(await place.tell(who, { name: 'ask' }));
    await place.settled();
    await place.advance(DAY_MS);
    const pausedMs = await place.nowMs();
    const deps = { queue: ctx.queue, ids: ctx.ids, names: ctx.names, clock: ctx.clock };
    for (const { id: paused } of [campaign, asks])
      must(await ctx.queue.transact((tx) => pauseCampaign(deps, tx, place.id, paused, 'all', pausedMs)));
    await place.tell('leaves meanwhile', { name: 'gone' });
    await place.advance(10 * DAY_MS);
    await place.tell('pays in the pause', { name: 'paid' });
    await place.advance(11 * DAY_MS);
    assert.deepEqual(await place.mails(id), []);
    const resumedMs = await place.nowMs();
    const how = { mode: 'shift' as const, over: '10m' };
    // At one moment with the resume, before or after it.
    const paying = place.tell('pays at its end', { name: 'paid' });
    for (const { id: paused } of [campaign, asks])
      must(await ctx.queue.transact((tx) => resumeCampaign(deps, tx, place.id, paused, how, resumedMs)));
    await paying;
    await place.tell('pays after', { name: 'paid' });
    await place.settled();
    assert.deepEqual(await place.mails(id), []);
    await place.advance(DAY_MS);
    assert.deepEqual(await place.mails(id), ['out']);
    assert.deepEqual(
      await Promise.all(asked.map((who) => place.mails(who))),
      [['yes'], ['yes'], ['yes'], ['no']],
      'what was waited for counts whenever it came, once',
    );
    assert.deepEqual(await place.mails(leaving), [], 'who left while it stood still is out of it');
  },
);

scenario(
  'campaigns.md §3.6: waited is for something else from now on: who has done that since goes on within ten minutes, and others when their time is over',
  async () => {
    const place = await newPlace();
    const waiting = (event: string, more: object = {}) => ({
      key: 'asks',
      trigger: { event: { did: 'in' } },
      steps: [
        { key: 'w', wait_for: { event, timeout: '3d', ...more }, then: { done: 'yes', timeout: 'no' } },
        { ...mail('yes'), then: { next: 'end' } },
        mail('no'),
      ],
    });
    await place.live(waiting('paid'));
    const before = await place.tell('did it before', { name: 'signed' });
    await place.advance(MINUTE_MS);
    const signed = await place.tell('has signed', { name: 'in' });
    const other = await place.tell('has signed another', { name: 'in' });
    const never = await place.tell('never does', { name: 'in' });
    const later = await place.tell('does it later', { name: 'in' });
    await place.tell('did it before', { name: 'in' });
    await place.advance(HOUR_MS);
    await place.tell('has signed', { name: 'signed', properties: { what: 'this' } });
    await place.tell('has signed another', { name: 'signed', properties: { what: 'that' } });
    await place.settled();
    const where = { property: 'what', is: 'this' };
    const live = await place.live(waiting('signed', { where }));
    await place.settled();
    await place.advance(10 * MINUTE_MS);
    const all = [signed, other, never, later, before];
    const mails = async () =>
      (await Promise.all(all.map((who) => place.mails(who)))).map((one) => one.join());
    assert.deepEqual(await mails(), ['yes', '', '', '', '']);
    await place.tell('does it later', { name: 'signed', properties: { what: 'this' } });
    await place.settled();
    assert.deepEqual(await mails(), ['yes', '', '', 'yes', '']);
    // What stands still looks for it when it goes on.
    const pausedMs = await place.nowMs();
    must(await ctx.queue.transact((tx) => pauseCampaign(ctx, tx, place.id, live.id, 'all', pausedMs)));
    await place.live(waiting('signed', { where: { property: 'what', is: 'that' } }));
    await place.advance(HOUR_MS);
    assert.deepEqual(await mails(), ['yes', '', '', 'yes', '']);
    const how = { mode: 'shift' as const, over: '1m' };
    const resumedMs = await place.nowMs();
    must(await ctx.queue.transact((tx) => resumeCampaign(ctx, tx, place.id, live.id, how, resumedMs)));
    await place.advance(10 * MINUTE_MS);
    assert.deepEqual(await mails(), ['yes', 'yes', '', 'yes', '']);
    await place.advance(3 * DAY_MS);
    assert.deepEqual(await mails(), ['yes', 'yes', 'no', 'yes', 'no']);
  },
);

scenario(
  'scenario 20: of thirty who came at three times nobody goes at once when it is resumed; each goes when the rest of their wait is over, once',
  async () => {
    const place = await newPlace();
    const steps = [{ key: 'rest', wait: { for: '2d' } }, mail('out')];
    const { id } = await place.live({ key: 'paused', trigger: { event: { did: 'in' } }, steps });
    for (let group = 0; group < 3; group++) {
      for (let i = 0; i < 10; i++) await place.tell(`p${group}-${i}`, { name: 'in' });
      await place.advance(8 * HOUR_MS);
    }
    const pausedMs = await place.nowMs();
    must(await ctx.queue.transact((tx) => pauseCampaign(ctx, tx, place.id, id, 'all', pausedMs)));
    for (let week = 0; week < 3; week++) await place.advance(7 * DAY_MS);
    const resumedMs = await place.nowMs();
    const how = { mode: 'shift' as const, over: '10m' };
    must(await ctx.queue.transact((tx) => resumeCampaign(ctx, tx, place.id, id, how, resumedMs)));
    await place.settled();
    const sent = async () => (await place.tallies(id))['out sent'] ?? 0;
    assert.equal(await sent(), 0, 'no burst');
    const came = await sql<{ ms: number }[]>`
      SELECT entered_ms AS ms FROM campaign_entries WHERE campaign_id = ${id} ORDER BY entered_ms`;
    const waited = (nth: number) => resumedMs + 2 * DAY_MS - (pausedMs - came[nth]!.ms);
    const to = async (atMs: number) => place.advance(Math.max(1, atMs - (await place.nowMs())));
    await to(waited(0) - HOUR_MS);
    assert.equal(await sent(), 0, 'nor before the first of them has waited two days');
    for (const whoAre of [10, 20, 30]) {
      await to(waited(whoAre - 1) + MINUTE_MS);
      assert.equal(await sent(), whoAre);
    }
    await place.advance(7 * DAY_MS);
    const { entered, 'ended:completed': completed } = await place.tallies(id);
    assert.deepEqual([entered, completed, await sent()], [30, 30, 30], 'and nobody begins anew');
    await provesWhole();
  },
);

scenario(
  'what Parley tells of a message: clicked, opened and failed lead on, bound to the send of this enrolment',
  async () => {
    const place = await newPlace();
    const campaign = await place.live({
      key: 'heard',
      trigger: { event: { did: 'in' } },
      steps: [
        {
          ...mail('first', { await: 'accepted' }),
          then: { failed: 'sorry', suppressed: 'sorry', next: 'after' },
        },
        { key: 'after', tag: { add: ['accepted'] }, then: { next: 'end' } },
        { key: 'sorry', tag: { add: ['sorry'] } },
      ],
    });
    const fine = await place.tell('fine', { name: 'in' });
    const nobody = must(
      await ctx.arrive(place.id, [
        {
          person: { identities: [{ kind: 'external', value: 'no-address' }], destinations: [] },
          event: { name: 'in' },
        },
      ]),
    )[0]!.contactId;
    await place.settled();
    const tagsOf = async (contactId: number) =>
      (
        await sql`SELECT s.name FROM set_members m JOIN sets s ON s.id = m.set_id WHERE m.contact_id = ${contactId}`
      ).map((row) => row['name']);
    assert.deepEqual([await tagsOf(fine), await tagsOf(nobody)], [['accepted'], ['sorry']]);
    const atMs = await place.nowMs();
    const payload = { contactId: fine, messageId: ctx.ids.inBucket(bucketOf(fine)), channel: 'email' };
    await ctx.queue.transact((tx) =>
      ctx.queue.append(tx, [
        { ownerId: fine, workspaceId: place.id, type: 'message.received', atMs, payload },
      ]),
    );
    await until('the answer counts', async () => (await place.tallies(campaign.id))['first replied'] === 1);
    const counts = await place.tallies(campaign.id);
    assert.deepEqual([counts['first accepted'], counts['first unsent']], [1, 1]);
  },
);

scenario(
  'until a date of the contact: re-timed by what it becomes, later and sooner; what is past, and what is no date, is missed',
  async () => {
    const place = await newPlace();
    await place.live({
      key: 'trip',
      trigger: { event: { did: 'booked' } },
      steps: [
        {
          key: 'before',
          wait_until: { attribute: 'leaves', offset: '-1d', at: '09:00' },
          then: { missed: 'late' },
        },
        { ...mail('pack'), then: { next: 'end' } },
        mail('late'),
      ],
    });
    const nowMs = await place.nowMs();
    const today = nowMs - (nowMs % DAY_MS);
    const inDays = (days: number) => isoTime(today + days * DAY_MS).slice(0, 10);
    const booked = (who: string, leaves: unknown) =>
      place.tell(who, { name: 'booked' }, { attributes: { leaves } });
    const [soon, moved, sooner, past, none] = [
      await booked('soon', inDays(5)),
      await booked('moved', inDays(5)),
      await booked('sooner', inDays(9)),
      await booked('past', inDays(-2)),
      await booked('none', 'some day'),
    ];
    await place.settled();
    assert.deepEqual([await place.mails(past), await place.mails(none)], [['late'], ['late']]);
    await place.tell('moved', undefined, { attributes: { leaves: inDays(8) } });
    // By another door than that which tells of users.
    const change = { attributes: { leaves: inDays(3) } };
    must(
      await ctx.queue.transact((tx) =>
        updateContact(tx, nowMs, { workspaceId: place.id, id: sooner }, change),
      ),
    );
    await place.settled();
    await place.advance(today + 4 * DAY_MS + 9 * HOUR_MS - (await place.nowMs()));
    assert.deepEqual([await place.mails(soon), await place.mails(moved)], [['pack'], []]);
    assert.deepEqual(await sentAt(sooner), [isoTime(today + 2 * DAY_MS + 9 * HOUR_MS)]);
    await place.advance(3 * DAY_MS);
    assert.deepEqual(await place.mails(moved), ['pack']);
    assert.deepEqual(await sentAt(soon), [isoTime(today + 4 * DAY_MS + 9 * HOUR_MS)]);
  },
);

scenario('a window is that of the zone somebody is in when it opens', async () => {
  const place = await newPlace('UTC');
  await place.live({
    key: 'hours',
    trigger: { event: { did: 'in' } },
    steps: [{ key: 'day', wait_until: { from: '09:00', to: '10:00' } }, mail('out')],
  });
  const nowMs = await place.nowMs();
  const ten = nowMs - (nowMs % DAY_MS) + DAY_MS + 10 * HOUR_MS;
  await place.advance(ten - nowMs);
  const id = await place.tell('moves', { name: 'in' }, { timeZone: 'UTC' });
  await place.settled();
  await place.tell('moves', undefined, { timeZone: 'America/New_York' });
  await place.settled();
  await place.advance(2 * DAY_MS);
  const [sent] = await sentAt(id);
  const hour = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', timeZone: 'America/New_York' });
  assert.equal(hour.format(new Date(sent!)), '09');
});

/** When a step let a message in for somebody, by the workspace's clock. */
async function sentAt(contactId: number): Promise<string[]> {
  const kept = await sql<(DecisionRow & { atMs: number })[]>`
    SELECT at_ms AS "atMs", seq, what, step, detail FROM enrolment_log WHERE contact_id = ${contactId} ORDER BY at_ms`;
  const rows = kept.flatMap(decisionsIn).filter(({ what }) => what === 'sends');
  return rows.map(({ atMs }) => isoTime(atMs));
}

/** The last Sunday of a month: the day on which clocks of the European Union jump, as YYYY-MM-DD. */
function jumpsOn(year: number, month: number): string {
  const last = Date.UTC(year, month, 0);
  return isoTime(last - (new Date(last).getUTCDay() % 7) * DAY_MS).slice(0, 10);
}

scenario(
  'scenario 25: Paris, both nights on which the clock jumps: half past two, and a window from 7 to 22',
  async () => {
    const place = await newPlace('Europe/Paris');
    await place.live({
      key: 'nights',
      trigger: { event: { did: 'late' } },
      steps: [
        { key: 'hour', wait: { for: '1h', thenAt: '02:30' } },
        mail('half'),
        { key: 'hours', wait_until: { from: '07:00', to: '22:00' } },
        mail('day'),
      ],
    });
    const year = new Date(await place.nowMs()).getUTCFullYear();
    const nights = [year, year + 1, year + 2].flatMap((of) => [
      { day: jumpsOn(of, 3), half: '01:00', opens: '05:00' },
      { day: jumpsOn(of, 10), half: '00:30', opens: '06:00' },
    ]);
    const nowMs = await place.nowMs();
    const coming = nights.filter(({ day }) => Date.parse(day) > nowMs + DAY_MS).slice(0, 2);
    for (const { day, half, opens } of coming) {
      await place.advance(Date.parse(`${day}T00:00Z`) - 6 * HOUR_MS - (await place.nowMs()));
      const id = await place.tell(`on ${day}`.replaceAll(/\W/g, '-'), { name: 'late' });
      await place.settled();
      await place.advance(16 * HOUR_MS);
      assert.deepEqual(await sentAt(id), [`${day}T${half}:00.000Z`, `${day}T${opens}:00.000Z`]);
    }
  },
);

scenario(
  'scenario 26: Tokyo, Saturday 18:13: weekdays from 9 is Monday at 9; a date comes at its own midnight',
  async () => {
    const place = await newPlace('Asia/Tokyo');
    await place.live({
      key: 'work',
      trigger: { event: { did: 'ask' } },
      steps: [
        {
          key: 'hours',
          wait_until: { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '18:00' },
        },
        mail('open'),
      ],
    });
    await place.live({
      key: 'dated',
      trigger: { date: { attribute: 'day', at: '00:00' } },
      steps: [mail('today')],
    });
    await place.built();
    const nowMs = await place.nowMs();
    const tokyoMs = nowMs + 9 * HOUR_MS;
    const daysOn = ((6 - new Date(tokyoMs).getUTCDay() + 7) % 7) + 7;
    const saturdayMs = tokyoMs - (tokyoMs % DAY_MS) + daysOn * DAY_MS - 9 * HOUR_MS;
    await place.advance(saturdayMs + 18 * HOUR_MS + 13 * MINUTE_MS - nowMs);
    const asks = await place.tell('asks', { name: 'ask' });
    const day = isoTime(saturdayMs + 9 * HOUR_MS + 2 * DAY_MS).slice(0, 10);
    const dated = await place.tell('dated', undefined, { attributes: { day } });
    await place.settled();
    await place.advance(2 * DAY_MS);
    assert.deepEqual(await sentAt(asks), [isoTime(saturdayMs + 2 * DAY_MS + 9 * HOUR_MS)]);
    assert.deepEqual(await sentAt(dated), [isoTime(saturdayMs + 2 * DAY_MS)], `${day} begins in Tokyo`);
  },
);

scenario(
  'scenario 28: one is in a campaign and of the other it is not decided yet: as one they are in it once, whoever stays',
  async () => {
    const place = await newPlace();
    const { id: campaignId } = await place.live({
      key: 'asks',
      trigger: { event: { did: 'in' } },
      filter: { attribute: 'city', is: 'Rome' },
      steps: [mail('hello'), { key: 'rest', wait: { for: '1d' } }, mail('later')],
    });
    const one: number[][] = [];
    for (const isIn of ['stays', 'goes'] as const) {
      const active = await place.tell(`in ${isIn}`, { name: 'in' }, { attributes: { city: 'Rome' } });
      const waiting = await place.tell(`waits ${isIn}`, { name: 'in' });
      await place.settled();
      assert.deepEqual([await place.entries(active), await place.entries(waiting)], [[null], []]);
      const [survivingId, discardedId] = isIn === 'stays' ? [active, waiting] : [waiting, active];
      const pair = { workspaceId: place.id, survivingId, discardedId };
      const atMs = await place.nowMs();
      must(await ctx.queue.transact((tx) => mergePeople(ctx as never, tx, atMs, pair)));
      await place.settled();
      assert.deepEqual(await place.entries(survivingId), [null], 'what they are in goes on');
      assert.notEqual(await place.refusal(survivingId), undefined, 'why they did not enter besides is told');
      one.push([survivingId, discardedId]);
    }
    await place.advance(DAY_MS);
    for (const [survivingId, discardedId] of one) {
      assert.deepEqual(await place.entries(survivingId!), ['completed']);
      // What was sent to who was merged stays theirs.
      const mails = [...(await place.mails(discardedId!)), ...(await place.mails(survivingId!))];
      assert.deepEqual(mails.toSorted(), ['hello', 'later'], 'and nothing is sent twice');
    }
    const last = await place.tell('last', { name: 'in' });
    await place.settled();
    const nowMs = await place.nowMs();
    must(await ctx.queue.transact((tx) => endCampaign(ctx, tx, place.id, campaignId, nowMs)));
    await place.settled();
    assert.equal(await place.refusal(last), 'campaign_ended');
    await provesWhole();
  },
);
