/** What an event does to one contact, by the engine alone: in which order, and how far. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CampaignFile, Step } from '../../../contract/campaign.ts';
import { BEGAN_MS, mailed, somebody, type Published } from '../testing/somebody.ts';
import type { Seen } from '../match/facts.ts';
import { decisionsIn, rowsOfDecisions } from './decisions.ts';
import { moveTo, onResumed } from './steered.ts';
import { exit, onEvent } from './engine.ts';
import { versionOf } from '../steps/version.ts';

const often = { entry: 'every', whileActive: 'alongside' } as const;

test('one event is a goal, ends a wait and takes out: it counts, then who waited goes on, then they leave', () => {
  const ann = somebody([
    {
      key: 'cart',
      trigger: { event: { did: 'in' } },
      goals: [{ key: 'bought', event: 'buy', within: '7d', exit: true }],
      steps: [
        { key: 'w', wait_for: { event: 'buy', timeout: '2d' }, then: { done: 'thanks', timeout: 'end' } },
        mailed('thanks'),
        { key: 'rest', wait: { for: '1d' } },
        mailed('more'),
      ],
    },
  ]);
  ann.does('in');
  ann.does('buy', BEGAN_MS + 1);
  assert.deepEqual(ann.told('cart'), ['entered', 'waits', 'done', 'sends', 'waits', 'exited: goal']);
  assert.equal(ann.changes.conversions.length, 1);
  assert.equal(ann.member.entries.since()[0]!.ending, 'goal');
});

test('campaigns that start each other come to an end, also where each waits before it does', () => {
  const starts = (key: string, campaign: string, trigger: CampaignFile['trigger']) => ({
    key,
    trigger,
    ...often,
    steps: [
      { key: 'rest', wait: { for: '1m' } },
      { key: 's', start: { campaign } },
    ],
  });
  const eve = somebody([starts('a', 'b', { event: { did: 'round' } }), starts('b', 'a', { api: true })]);
  eve.does('round');
  let rounds = 0;
  while (eve.due()) assert.ok(++rounds < 50, 'they go on for ever');
  assert.equal(eve.member.entries.size, 9, 'the first, and eight that started each other');
  assert.equal(eve.refused('b'), 'chain', 'why it came to an end is told');
  eve.does('round', BEGAN_MS + 3_600_000);
  assert.equal(eve.member.entries.size, 10, 'what they do themselves begins anew');
});

test('what became of a message sets off so many in a row; what somebody did about it does not count on', () => {
  const eve = somebody([
    { key: 'a', trigger: { event: { did: '$accepted' } }, ...often, steps: [mailed('m')] },
  ]);
  eve.does('$accepted', BEGAN_MS, {}, 8);
  assert.deepEqual(eve.told('a'), ['entered', 'sends', 'completed']);
  assert.equal(eve.changes.effects[0]!.enrolment.trigger!.depth, 8, 'it goes on with the message');
  eve.does('$accepted', BEGAN_MS, {}, 9);
  assert.equal(eve.member.entries.size, 1);
  assert.equal(eve.refused('a'), 'chain');
});

test('what a step sets is seen by the next; what would be too much goes along the edge for what failed', () => {
  const sets = (value: string): Published => ({
    key: 'sets',
    trigger: { event: { did: 'in' } },
    ...often,
    steps: [
      { key: 'set', set: { plan: value }, then: { failed: 'sorry' } },
      {
        key: 'which',
        branch: [{ to: 'good', when: { attribute: 'plan', is: value } }],
        then: { else: 'end' },
      },
      { ...mailed('good'), then: { next: 'end' } },
      mailed('sorry'),
    ],
  });
  const sent = (value: string, attributes = {}) => {
    const ann = somebody([sets(value)], attributes);
    ann.does('in');
    return ann.changes.effects.map(({ effect }) => `${effect.do} ${effect.step}`);
  };
  assert.deepEqual(sent('pro'), ['set set', 'send good']);
  // {"plan": "xxx"} is twelve bytes more than its text; 16,384 are the most.
  const full = 'x'.repeat(16_384 - 12);
  assert.deepEqual(sent(full), ['set set', 'send good']);
  assert.deepEqual(sent(`${full}x`), ['send sorry']);
  assert.deepEqual(sent('é'.repeat(8_187)), ['send sorry']);
  assert.deepEqual(sent('pro', { other: [1, { two: 'x'.repeat(16_380) }] }), ['send sorry']);
});

const MINUTE_MS = 60_000;
/** Asks for what is not known of them yet. */
const asks = (more: Partial<Published> = {}): Published => ({
  key: 'asks',
  trigger: { event: { did: 'in' } },
  filter: { attribute: 'city', is: 'Rome' },
  steps: [mailed('hello'), { key: 'rest', wait: { for: '1d' } }],
  ...more,
});

test('who waits to be decided on enters when it is known, and not when time is over, or the campaign is', () => {
  const ann = somebody([asks()]);
  ann.does('in');
  ann.becomes({ city: 'Rome' }, BEGAN_MS + MINUTE_MS);
  assert.deepEqual(ann.told('asks'), ['entered', 'sends', 'waits']);
  const bob = somebody([asks()]);
  bob.does('in');
  bob.due();
  assert.deepEqual([bob.refused('asks'), bob.member.enrolments.size, bob.told('asks')], ['filter', 0, []]);
  const eve = somebody([asks()]);
  eve.does('in');
  exit(eve.member, [...eve.member.enrolments.values()][0]!, 'campaign_ended', BEGAN_MS + 1, eve.changes);
  assert.deepEqual([eve.refused('asks'), eve.told('asks')], ['campaign_ended', []]);
  assert.deepEqual([...eve.changes.tallies.values()], [], 'nobody counts who did not enter');
});

for (const whileActive of ['ignore', 'alongside'] as const)
  test(`who waits to be decided on and became one with somebody who is in it enters only alongside (${whileActive})`, () => {
    const ann = somebody([asks({ whileActive, entry: { per: 'cart' } })]);
    ann.becomes({ city: 'Rome' });
    ann.does('in', BEGAN_MS, { cart: 1 });
    const [active] = ann.member.enrolments.values();
    const lacking = somebody([asks({ whileActive, entry: { per: 'cart' } })]);
    lacking.does('in', BEGAN_MS, { cart: 2 });
    const [waiting] = lacking.member.enrolments.values();
    // As they stand once two contacts are one.
    for (const order of [
      [active!, waiting!],
      [waiting!, active!],
    ]) {
      const one = somebody([asks({ whileActive, entry: { per: 'cart' } })], { city: 'Rome' });
      for (const entry of ann.member.entries.since()) one.member.entries.add({ ...entry });
      for (const enrolment of order) one.member.enrolments.set(enrolment.id, { ...enrolment });
      one.becomes({}, BEGAN_MS + 1);
      assert.ok(one.member.enrolments.has(active!.id), 'who is in it goes on');
      assert.equal(one.member.enrolments.size, whileActive === 'alongside' ? 2 : 1);
      assert.equal(one.refused('asks'), whileActive === 'alongside' ? undefined : 'active');
    }
  });

test('who waits to be decided on under a key that the other entered by before does not enter again', () => {
  const ann = somebody([asks({ entry: 'once', steps: [mailed('hello')] })], { city: 'Rome' });
  ann.does('in');
  assert.equal(ann.member.entries.since()[0]!.ending, 'completed');
  const waits = somebody([asks({ entry: 'once' })]);
  waits.does('in');
  ann.member.enrolments.set(1, [...waits.member.enrolments.values()][0]!);
  ann.becomes({}, BEGAN_MS + 1);
  assert.deepEqual([ann.refused('asks'), ann.member.entries.size], ['entered_before', 1]);
});

test('while it is paused nobody who waits is decided on; resumed, they are, with what is left of their time', () => {
  const pause = { pausedMs: BEGAN_MS + MINUTE_MS, byMs: 9 * MINUTE_MS, overMs: 0 };
  const resumedMs = BEGAN_MS + 10 * MINUTE_MS;
  const inPause = (set: Record<string, unknown>) => {
    const ann = somebody([asks()]);
    ann.does('in');
    ann.campaign('asks').paused = 'all';
    ann.becomes(set, BEGAN_MS + 2 * MINUTE_MS);
    ann.due();
    assert.deepEqual([ann.told('asks'), ann.refused('asks'), ann.member.enrolments.size], [[], undefined, 1]);
    ann.campaign('asks').paused = null;
    const [waiting] = ann.member.enrolments.values();
    onResumed(ann.live, ann.member, waiting!, pause, resumedMs, ann.changes);
    return ann;
  };
  assert.deepEqual(inPause({ city: 'Rome' }).told('asks'), ['entered', 'sends', 'waits']);
  assert.equal(inPause({ city: 'Oslo' }).refused('asks'), 'filter');
  const lacking = inPause({});
  assert.equal([...lacking.member.enrolments.values()][0]!.place.dueMs, resumedMs + MINUTE_MS);
  lacking.becomes({ city: 'Rome' }, resumedMs + 1);
  assert.deepEqual(lacking.told('asks'), ['entered', 'sends', 'waits']);
  const entering = somebody([asks()]);
  entering.does('in');
  entering.campaign('asks').paused = 'entering';
  entering.becomes({ city: 'Rome' }, BEGAN_MS + 1);
  assert.equal(entering.refused('asks'), 'paused');
});

test('who waits to be decided on enters by the version that is open by then, and what is told begins there', () => {
  const ann = somebody([asks()]);
  ann.does('in');
  const campaign = ann.campaign('asks');
  const from = campaign.version;
  const steps = [{ key: 'other', wait: { for: '2d' } }];
  const to = versionOf({ ...from, id: 9, number: 2, file: { ...from.file, steps } });
  Object.assign(campaign, { version: to, epoch: 2 });
  const [waiting] = ann.member.enrolments.values();
  const moving = somebody([asks()]);
  moveTo(moving.member, waiting!, from, to, BEGAN_MS + 1, moving.changes);
  const [moved] = moving.member.enrolments.values();
  assert.deepEqual([moved!.place.step, moved!.place.seq, moving.changes.log], ['other', 0, []]);
  assert.equal(moved!.place.dueMs, waiting!.place.dueMs, 'the time they have stays');
  ann.becomes({ city: 'Rome' }, BEGAN_MS + 1);
  const [entry] = ann.member.entries.since();
  assert.deepEqual([entry!.versionId, entry!.epoch, ann.told('asks')], [9, 2, ['entered', 'waits']]);
});

test('what was decided in one turn as of one instant is one row, which tells each decision as it was', () => {
  const ann = somebody([
    {
      key: 'visits',
      ...often,
      trigger: { event: { did: 'in' } },
      steps: [mailed('hello'), { key: 'rest', wait: { for: '1d' } }, mailed('bye')],
    },
  ]);
  ann.does('in');
  ann.does('in', BEGAN_MS + 1);
  const [first] = ann.changes.log;
  const log = [...ann.changes.log, { ...first!, seq: 9, atMs: BEGAN_MS + 5 }];
  const rows = rowsOfDecisions(log);
  assert.deepEqual([log.length, rows.length], [7, 3]);
  const kept = rows.map((row) => ({ ...row, step: row.step ?? null, detail: row.detail ?? null }));
  assert.deepEqual(
    kept.flatMap(decisionsIn),
    log.map((one) => ({ ...one, step: one.step ?? null, detail: one.detail ?? null })),
  );
  // One that was written before stands for itself, and so does one alone.
  const alone = { ...log[0]!, step: null, detail: 'turn' };
  assert.deepEqual(decisionsIn(alone), [alone]);
  assert.deepEqual(rowsOfDecisions([log[0]!]), [log[0]]);
});

const rests = (more: object = {}): Published => ({
  key: 'cart',
  trigger: { event: { did: 'cart' } },
  entry: 'every',
  whileActive: 'refresh',
  steps: [{ key: 'rest', wait: { for: '4h' } }, mailed('left-behind')],
  ...more,
});

test('campaigns.md §3.2: refreshed, a wait begins anew however often it is, and what was sent is not sent again', () => {
  const ann = somebody([rests()]);
  for (let n = 0; n < 250; n++) ann.does('cart', BEGAN_MS + n * MINUTE_MS, { n });
  assert.equal(ann.member.entries.size, 1);
  const [inside] = ann.member.enrolments.values();
  assert.deepEqual(inside!.trigger!.properties, { n: 249 });
  assert.equal(inside!.place.dueMs, BEGAN_MS + (249 + 240) * MINUTE_MS);
  ann.due();
  assert.equal(ann.told('cart').at(-1), 'completed');
  for (const [what, step, sent] of [
    ['await', { ...mailed('m'), send: { ...mailed('m').send, await: 'delivered' as const } }, 1],
    ['spread', { ...mailed('m'), send: { ...mailed('m').send, spread: '1h' } }, 0],
    ['webhook', { key: 'm', webhook: { to: 'w' } }, 1],
  ] as const) {
    const bob = somebody([rests({ steps: [step, { key: 'rest', wait: { for: '1d' } }] })]);
    bob.does('cart', BEGAN_MS, { n: 1 });
    const [before] = bob.member.enrolments.values();
    bob.does('cart', BEGAN_MS + 1, { n: 2 });
    const [after] = bob.member.enrolments.values();
    assert.equal(bob.changes.effects.length, sent, what);
    assert.deepEqual(after!.place, { ...before!.place, seq: before!.place.seq + 1 }, what);
    assert.deepEqual(after!.trigger!.properties, { n: 2 }, what);
  }
});

test('campaigns.md §3.2: refreshed, what was awaited since the first trigger does not end the wait of the second', () => {
  const file = rests({
    steps: [
      { key: 'w', wait_for: { event: 'paid', timeout: '2h' }, then: { done: 'end', timeout: 'no' } },
      mailed('no'),
    ],
  });
  const ann = somebody([file]);
  ann.does('cart');
  ann.does('cart', BEGAN_MS + 60 * MINUTE_MS);
  assert.equal([...ann.member.enrolments.values()][0]!.place.dueMs, BEGAN_MS + 180 * MINUTE_MS);
  ann.does('paid', BEGAN_MS + 170 * MINUTE_MS);
  assert.deepEqual(ann.told('cart').slice(-2), ['done', 'completed']);
});

test('campaigns.md §3.2: who is to begin anew does, also within a cooldown, and who cannot enter anew stays in it', () => {
  const cools = somebody([rests({ whileActive: 'restart', cooldown: '7d' })]);
  cools.does('cart');
  cools.does('cart', BEGAN_MS + MINUTE_MS);
  assert.deepEqual(cools.told('cart'), ['entered', 'waits', 'exited: restarted', 'entered', 'waits']);
  cools.due();
  cools.does('cart', BEGAN_MS + 24 * 60 * MINUTE_MS);
  assert.deepEqual([cools.refused('cart'), cools.member.enrolments.size], ['cooldown', 0]);
  const per = somebody([rests({ whileActive: 'restart', entry: { per: 'cart' } })]);
  per.does('cart', BEGAN_MS, { cart: 1 });
  per.does('cart', BEGAN_MS + MINUTE_MS, { cart: 1 });
  assert.deepEqual([per.told('cart'), per.refused('cart')], [['entered', 'waits'], 'active']);
  per.does('cart', BEGAN_MS + 2 * MINUTE_MS, { cart: 2 });
  assert.deepEqual(per.told('cart').slice(2), ['exited: restarted', 'entered', 'waits']);
  per.does('cart', BEGAN_MS + 3 * MINUTE_MS, { cart: 1 });
  assert.equal(per.member.enrolments.size, 1, 'the first cart was entered for already');
  const fits = somebody([rests({ whileActive: 'restart', filter: { attribute: 'city', is: 'Rome' } })]);
  fits.becomes({ city: 'Rome' });
  fits.does('cart');
  fits.does('cart', BEGAN_MS + MINUTE_MS);
  assert.equal(fits.refused('cart'), undefined, 'nobody is told that they did not enter who did');
  fits.becomes({ city: 'Oslo' }, BEGAN_MS + 2 * MINUTE_MS);
  fits.does('cart', BEGAN_MS + 2 * MINUTE_MS);
  assert.deepEqual(fits.told('cart').slice(2), ['exited: restarted', 'entered', 'waits']);
});

test('campaigns.md §3.2: who waits to be decided on is refreshed, too: it is by what set them off last, and they wait anew', () => {
  const file = rests({
    filter: {
      all: [
        { trigger: 'n', greaterThan: 0 },
        { attribute: 'city', is: 'Rome' },
      ],
    },
    entry: { per: 'cart' },
  });
  const ann = somebody([file]);
  ann.does('cart', BEGAN_MS, { cart: 1, n: 1 });
  ann.does('cart', BEGAN_MS + MINUTE_MS, { cart: 2, n: 2 });
  assert.deepEqual([ann.told('cart'), ann.member.enrolments.size, ann.refused('cart')], [[], 1, undefined]);
  const [waiting] = ann.member.enrolments.values();
  assert.equal(waiting!.place.dueMs, BEGAN_MS + 3 * MINUTE_MS, 'what they lack may come with the second');
  ann.becomes({ city: 'Rome' }, BEGAN_MS + 2 * MINUTE_MS + 1);
  assert.deepEqual(ann.told('cart'), ['entered', 'waits']);
  const [inside] = ann.member.enrolments.values();
  assert.deepEqual(inside!.trigger!.properties, { cart: 2, n: 2 });
  assert.deepEqual(ann.member.entries.of(inside!.id)!.trigger!.properties, { cart: 2, n: 2 });
  // Of what set them off last they may lack nothing, or not be let in.
  const bob = somebody([
    rests({
      filter: {
        any: [
          { trigger: 'city', is: 'Rome' },
          { attribute: 'city', is: 'Rome' },
        ],
      },
    }),
  ]);
  bob.does('cart');
  bob.does('cart', BEGAN_MS + MINUTE_MS, { city: 'Rome' });
  assert.deepEqual([bob.told('cart'), bob.refused('cart')], [['entered', 'waits'], undefined]);
  const cas = somebody([file]);
  cas.does('cart', BEGAN_MS, { cart: 1, n: 1 });
  cas.does('cart', BEGAN_MS + MINUTE_MS, { cart: 1, n: 0 });
  cas.becomes({ city: 'Rome' }, BEGAN_MS + MINUTE_MS);
  assert.deepEqual([cas.member.enrolments.size, cas.refused('cart')], [0, 'filter']);
});

test('campaigns.md §3.2: who waits to be decided on begins anew where who is in it does', () => {
  const file = rests({ whileActive: 'restart', filter: { attribute: 'city', is: 'Rome' } });
  const ann = somebody([file]);
  ann.does('cart', BEGAN_MS, { n: 1 });
  ann.does('cart', BEGAN_MS + MINUTE_MS, { n: 2 });
  assert.deepEqual([ann.member.enrolments.size, ann.refused('cart')], [1, undefined]);
  ann.becomes({ city: 'Rome' }, BEGAN_MS + 2 * MINUTE_MS + 1);
  const [inside] = ann.member.enrolments.values();
  assert.deepEqual(inside!.trigger!.properties, { n: 2 });
  assert.deepEqual(ann.told('cart'), ['entered', 'waits'], 'they have left nothing');
  const once = somebody([{ ...file, entry: 'once' }]);
  once.does('cart', BEGAN_MS, { n: 1 });
  once.does('cart', BEGAN_MS + MINUTE_MS, { n: 2 });
  once.becomes({ city: 'Rome' }, BEGAN_MS + MINUTE_MS);
  assert.deepEqual(
    [...once.member.enrolments.values()].map(({ trigger }) => trigger!.properties),
    [{ n: 2 }],
  );
  // Where they are not, what set them off first stands.
  const stays = somebody([{ ...file, whileActive: 'ignore', entry: 'once' }]);
  stays.does('cart', BEGAN_MS, { n: 1 });
  stays.does('cart', BEGAN_MS + MINUTE_MS, { n: 2 });
  stays.becomes({ city: 'Rome' }, BEGAN_MS + MINUTE_MS);
  assert.deepEqual(
    [...stays.member.enrolments.values()].map(({ trigger }) => trigger!.properties),
    [{ n: 1 }],
  );
});

test('campaigns.md §3.3: of several of one name at one instant the last sets off what waits for none of them to follow', () => {
  const file: Published = {
    key: 'win-back',
    trigger: { event_without: { did: 'purchase', not: 'purchase', within: '60d' } },
    steps: [mailed('miss-you')],
  };
  const ann = somebody([file]);
  const did: Seen[] = [];
  ann.member.facts = { ...ann.member.facts, events: () => did.toReversed() };
  for (let n = 1; n <= 3; n++) {
    const of = { name: 'purchase', key: n, order: n, properties: null };
    did.push({ ...of, atMs: BEGAN_MS, receivedMs: BEGAN_MS });
    ann.does('purchase', BEGAN_MS);
  }
  assert.deepEqual(
    ann.told('win-back').filter((what) => what !== 'entered' && what !== 'waits'),
    ['done', 'exited: did_it', 'done', 'exited: did_it'],
  );
  assert.equal(ann.member.enrolments.size, 1);
  ann.due();
  assert.deepEqual(ann.told('win-back').slice(-3), ['timeout', 'sends', 'completed']);
});

test('campaigns.md §3.2: a filter that is asked always is asked before each message, too, of what a step has just changed', () => {
  const sent = (checkFilter: 'never' | 'always' | 'before_send') => {
    const steps: Step[] = [{ key: 'mark', set: { plan: 'pro' } }, mailed('to-free')];
    const file = {
      key: 'free',
      trigger: { event: { did: 'in' } },
      filter: { attribute: 'plan', is: 'free' },
    };
    const ann = somebody([{ ...file, checkFilter, steps }], { plan: 'free' });
    ann.does('in');
    return ann.told('free').slice(-2);
  };
  assert.deepEqual(sent('never'), ['sends', 'completed']);
  assert.deepEqual(sent('before_send'), ['next', 'exited: filter']);
  assert.deepEqual(sent('always'), ['next', 'exited: filter']);
});

/** Somebody of whom all that they did is known, told in this order. */
function doing(file: Published, attributes: Record<string, unknown> = {}) {
  const ann = somebody([file], attributes);
  const did: Seen[] = [];
  ann.member.facts = {
    ...ann.member.facts,
    events: (name, sinceMs = -Infinity) =>
      did.filter((one) => one.name === name && one.atMs >= sinceMs).toSorted((a, b) => b.atMs - a.atMs),
  };
  return {
    ...ann,
    did(name: string, atMs: number, { receivedMs = atMs, isHistory = false } = {}) {
      const order = did.length + 1;
      const event = { name, atMs, receivedMs, key: order, order, properties: null, isHistory };
      did.push(event);
      onEvent(ann.live, ann.member, event, receivedMs, ann.changes);
    },
  };
}

test('campaigns.md §3.3: what takes them out is looked for as they enter, and goes by when it was done', () => {
  const file = asks({ exits: [{ event: 'gone' }] });
  const entered = ['entered', 'sends', 'waits'];
  const gone = ['entered', 'exited: event'];
  const waits = doing(file);
  waits.did('in', BEGAN_MS);
  waits.did('gone', BEGAN_MS + 1);
  waits.becomes({ city: 'Rome' }, BEGAN_MS + MINUTE_MS);
  assert.deepEqual(waits.told('asks'), gone, 'while it was not decided whether they enter');
  const tells = (...told: [name: string, atMs: number, receivedMs: number][]) => {
    const bob = doing(file, { city: 'Rome' });
    for (const [name, atMs, receivedMs] of told)
      bob.did(name, BEGAN_MS + atMs, { receivedMs: BEGAN_MS + receivedMs });
    return bob.told('asks');
  };
  assert.deepEqual(tells(['gone', 3, 3], ['in', 1, 5]), gone, 'told before what was done before it');
  assert.deepEqual(tells(['gone', 1, 1], ['in', 3, 5]), entered, 'done before');
  assert.deepEqual(tells(['gone', 1, 1], ['in', 1, 5]), entered, 'at one instant and told before');
  assert.deepEqual(tells(['in', 1, 5], ['gone', 3, 6]), [...entered, 'exited: event'], 'told after');
  assert.deepEqual(tells(['in', 3, 5], ['gone', 1, 6]), entered, 'done before and told after');
  const told = doing(file, { city: 'Rome' });
  told.did('gone', BEGAN_MS + 3, { isHistory: true });
  told.did('in', BEGAN_MS, { receivedMs: BEGAN_MS + 5 });
  assert.deepEqual(told.told('asks'), entered, 'as history it takes nobody out');
});

test('campaigns.md §3.1: what is told as history ends no wait, neither as it begins nor when its time is over', () => {
  const steps: Step[] = [
    { key: 'w', wait_for: { event: 'paid', timeout: '1d' }, then: { done: 'end', timeout: 'no' } },
    mailed('no'),
  ];
  const ann = doing({ key: 'w', trigger: { event: { did: 'in' } }, steps });
  ann.did('paid', BEGAN_MS + 1, { isHistory: true });
  ann.did('in', BEGAN_MS, { receivedMs: BEGAN_MS + 2 });
  ann.did('paid', BEGAN_MS + 3, { isHistory: true });
  ann.due();
  assert.deepEqual(ann.told('w'), ['entered', 'waits', 'timeout', 'sends', 'completed']);
});

test('who waits for a date waits for what it is by now: sooner, later, in another zone; what is no date any more is asked when it was due', () => {
  const trip: Published = {
    key: 'trip',
    trigger: { event: { did: 'booked' } },
    steps: [
      {
        key: 'until',
        wait_until: { attribute: 'leaves', offset: '-1d', at: '09:00' },
        then: { missed: 'late' },
      },
      { ...mailed('pack'), then: { next: 'end' } },
      mailed('late'),
    ],
  };
  const ann = somebody([trip], { leaves: '2026-03-20' });
  const dueOf = () => new Date([...ann.member.enrolments.values()][0]!.place.dueMs).toISOString();
  ann.does('booked');
  assert.equal(dueOf(), '2026-03-19T09:00:00.000Z');
  for (const [leaves, due] of [
    ['2026-03-10', '2026-03-09T09:00:00.000Z'],
    ['2026-03-12', '2026-03-11T09:00:00.000Z'],
    [null, '2026-03-11T09:00:00.000Z'],
    ['2026-03-02', '2026-03-11T09:00:00.000Z'],
    ['2026-03-12', '2026-03-11T09:00:00.000Z'],
  ] as const) {
    ann.becomes({ leaves }, BEGAN_MS + 1);
    assert.equal(dueOf(), due, String(leaves));
  }
  ann.member.facts = { ...ann.member.facts, zone: 'Asia/Tokyo' };
  ann.becomes({}, BEGAN_MS + 2);
  assert.equal(dueOf(), '2026-03-11T00:00:00.000Z');
  // What is told once it was due, and nobody has come to yet, changes nothing of that.
  ann.becomes({ city: 'Rome' }, Date.parse('2026-03-11T00:00:01Z'));
  ann.due();
  assert.deepEqual(ann.told('trip').slice(-2), ['sends', 'completed']);
});
