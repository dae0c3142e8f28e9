/** Steps that reach beyond the campaign: other rooms, other campaigns, many people at one time; and what is taken back of who leaves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFault } from '../src/base/fault.ts';
import { toHex24 } from '../src/base/ids.ts';
import {
  endCampaign,
  findCampaign,
  pauseCampaign,
  resumeCampaign,
  saveDraft,
} from '../src/campaigns/campaigns.ts';
import { reportOf } from '../src/campaigns/report/report.ts';
import type { StepArrival, StepHandler } from '../src/campaigns/steps/handlers.ts';
import type { HandedKind } from '../src/campaigns/steps/kinds.ts';
import { blockDestination } from '../src/contacts/consent/blocks.ts';
import { STATE } from '../src/ledger/states.ts';
import { erasePerson, mergePeople } from '../src/people/people.ts';
import { KIND } from '../src/queue/work/kinds.ts';
import {
  DAY_MS,
  hasFewerRows,
  HOUR_MS,
  mail,
  MINUTE_MS,
  newPlace,
  provesWhole,
  sql,
  world,
  type Place,
} from './campaignsProduct.ts';
import { until } from './support/until.ts';
import { must } from './support/world.ts';

const { ctx } = world;
const IN = { trigger: { event: { did: 'in' } } };

async function flows(place: Place, campaignId: number, flowing: boolean): Promise<void> {
  const stream = { stream: -campaignId, kind: KIND.delivery, workspaceId: place.id, flowing, ratePerS: null };
  await ctx.queue.transact((tx) => ctx.queue.flow(tx, stream));
}

test('a step of another room: done by its handler in batches, and the edge says what came of it; a kind nobody does is refused by name', async () => {
  const place = await newPlace();
  const file = { parley: 'campaign/1', key: 'shown', ...IN, steps: [{ key: 'f', form: { form: 'nps' } }] };
  const refused = await ctx.queue.transact((tx) => saveDraft(ctx, tx, place.id, file, 1));
  assert.ok(isFault(refused) && refused.field === 'campaign.steps[0].form', JSON.stringify(refused));
  const seen: StepArrival[] = [];
  const form: StepHandler = {
    kind: 'form',
    check: async () => undefined,
    async act(_tx, _workspace, handed) {
      seen.push(...handed);
      return handed.map(({ event }) => (event['broken'] ? 'it is broken' : undefined));
    },
  };
  const handlers = ctx.stepHandlers as Map<HandedKind, StepHandler>;
  handlers.set('form', form);
  try {
    await place.live({
      key: 'shown',
      ...IN,
      steps: [
        { key: 'f', form: { form: 'nps' }, then: { failed: 'sorry' } },
        { ...mail('thanks'), then: { next: 'end' } },
        mail('sorry'),
      ],
    });
    const [ann, bob] = [
      await place.tell('ann', { name: 'in' }),
      await place.tell('bob', { name: 'in', properties: { broken: true } }),
    ];
    await place.settled();
    assert.deepEqual([await place.mails(ann), await place.mails(bob)], [['thanks'], ['sorry']]);
    assert.deepEqual(
      seen.map(({ given }) => given),
      [{ form: 'nps' }, { form: 'nps' }],
    );
  } finally {
    handlers.delete('form');
  }
  await provesWhole();
});

test('start: the contact enters another campaign with what set off the first; two that start each other come to an end', async () => {
  const place = await newPlace();
  await place.live({
    key: 'other',
    trigger: { api: true },
    entry: { per: 'order' },
    filter: { trigger: 'order', is: 'o-1' },
    steps: [mail('other')],
  });
  await place.live({ key: 'one', ...IN, steps: [{ key: 's', start: { campaign: 'other' } }, mail('one')] });
  const ann = await place.tell('ann', { name: 'in', properties: { order: 'o-1' } });
  const bob = await place.tell('bob', { name: 'in', properties: { order: 'o-2' } });
  await place.settled();
  assert.deepEqual((await place.mails(ann)).toSorted(), ['one', 'other']);
  assert.deepEqual(await place.mails(bob), ['one']);
  const round = { entry: 'every' as const, whileActive: 'alongside' as const };
  // It must be there to be named.
  await place.live({ key: 'b', trigger: { api: true }, ...round, steps: [mail('b')] });
  await place.live({
    key: 'a',
    trigger: { event: { did: 'round' } },
    ...round,
    steps: [{ key: 's', start: { campaign: 'b' } }],
  });
  await place.live({
    key: 'b',
    trigger: { api: true },
    ...round,
    steps: [{ key: 's', start: { campaign: 'a' } }],
  });
  const eve = await place.tell('eve', { name: 'round' });
  await place.settled();
  assert.equal((await place.entries(eve)).length, 9, 'the first, and eight that started each other');
  await provesWhole();
});

test('how far campaigns have led to each other is kept with what they lead to: by a value that a step sets, in another turn; by what becomes of a message', async () => {
  const place = await newPlace();
  const round = { entry: 'every' as const };
  const to = (key: string, n: number) => ({ key, set: { n }, then: { next: 'end' } });
  await place.live({
    key: 'turns',
    trigger: { attribute: { path: 'n', changed: true } },
    ...round,
    steps: [
      { key: 'rest', wait: { for: '1m' } },
      { key: 'which', branch: [{ to: 'two', when: { attribute: 'n', is: 1 } }], then: { else: 'one' } },
      to('one', 1),
      to('two', 2),
    ],
  });
  const accepted = (step: string) => ({ did: '$accepted', where: { property: 'step', is: step } });
  await place.live({ key: 'say', trigger: { event: { did: 'say' } }, ...round, steps: [mail('said')] });
  for (const [key, step] of [
    ['echo', 'said'],
    ['again', 'echo'],
  ] as const)
    await place.live({ key, trigger: { event: accepted(step) }, ...round, steps: [mail(key)] });
  await place.built();
  const eve = await place.tell('eve', undefined, { attributes: { n: 0 } });
  const ann = await place.tell('ann', { name: 'say' });
  await place.settled();
  const depths = async (contactId: number) => {
    const rows = await sql<{ depth: number }[]>`
      SELECT coalesce((trigger ->> 'depth')::integer, 0) AS depth FROM campaign_entries WHERE contact_id = ${contactId} ORDER BY 1`;
    return rows.map(({ depth }) => depth);
  };
  await until('it echoes twice', async () => (await depths(ann)).length === 3);
  assert.deepEqual(await depths(ann), [0, 1, 2]);
  for (let n = 0; n < 2; n++) await place.advance(MINUTE_MS);
  assert.deepEqual(await depths(eve), [0, 1, 2]);
  await provesWhole();
});

test('spread: people who come at one time get it each at a time of their own, all within it', async () => {
  const place = await newPlace();
  await place.live({ key: 'spread', ...IN, steps: [mail('out', { spread: '2h' }), mail('after')] });
  const people: number[] = [];
  for (let i = 0; i < 20; i++) people.push(await place.tell(`s${i}`, { name: 'in' }));
  await place.settled();
  const got = async () =>
    (await Promise.all(people.map((id) => place.mails(id)))).filter((one) => one.length).length;
  const first = await got();
  await place.advance(HOUR_MS);
  const half = await got();
  await place.advance(HOUR_MS);
  assert.ok(first < 5 && half > 3 && half < 17, `${first} at once, ${half} after half of it`);
  for (const id of people) assert.deepEqual(await place.mails(id), ['out', 'after']);
});

test('who leaves before it is sent does not get it: marketing is taken back, what is wanted all the same is not', async () => {
  const place = await newPlace();
  const campaign = await place.live({
    key: 'back',
    ...IN,
    exits: [{ event: 'stop' }],
    steps: [mail('gone'), mail('kept', { cancelOnExit: false }), { key: 'rest', wait: { for: '1d' } }],
  });
  await flows(place, campaign.id, false);
  const ann = await place.tell('ann', { name: 'in' });
  const bob = await place.tell('bob', { name: 'in' });
  await until(
    'both are let in',
    async () => (await place.mails(ann)).length + (await place.mails(bob)).length === 4,
  );
  await place.tell('ann', { name: 'stop' });
  await until('she left', async () => (await place.entries(ann))[0] === 'event');
  const ends = await place.live({
    key: 'ends',
    trigger: { event: { did: 'come' } },
    steps: [mail('ended'), { key: 'rest', wait: { for: '1d' } }],
  });
  await flows(place, ends.id, false);
  const cal = await place.tell('cal', { name: 'come' });
  await until('it is let in', async () => (await place.mails(cal)).length === 1);
  const nowMs = await place.nowMs();
  must(await ctx.queue.transact((tx) => endCampaign(ctx, tx, place.id, ends.id, nowMs)));
  await until('it ended', async () => (await place.entries(cal))[0] === 'campaign_ended');
  for (const id of [campaign.id, ends.id]) await flows(place, id, true);
  await place.settled();
  const shown = await sql<{ address: string; subject: string }[]>`
    SELECT address, rendered::text AS subject FROM simulated_messages WHERE workspace_id = ${place.id} AND direction = 'out'`;
  const of = (who: string) => shown.filter(({ address }) => address === `${who}@example.com`);
  assert.equal(of('bob').length, 2);
  assert.equal(of('cal').length, 0, 'what a campaign had let in when it was ended is taken back as well');
  assert.equal(of('ann').length, 1);
  assert.match(of('ann')[0]!.subject, /kept/);
});

test('what is sent on the way to a stop of the campaign is sent; what waits from before is taken back', async () => {
  const place = await newPlace();
  const campaign = await place.live({
    key: 'stops',
    ...IN,
    steps: [
      mail('early'),
      { key: 'heard', wait_for: { event: 'said', timeout: '1d' } },
      mail('thanks'),
      { key: 'stop', stop: { reason: 'heard' } },
      mail('never'),
    ],
  });
  await flows(place, campaign.id, false);
  const ann = await place.tell('ann', { name: 'in' });
  await until('it is let in', async () => (await place.mails(ann)).length === 1);
  await place.tell('ann', { name: 'said' });
  await until('she is at the end', async () => (await place.entries(ann))[0] === 'heard');
  await flows(place, campaign.id, true);
  await place.settled();
  const shown = await sql<{ rendered: string }[]>`
    SELECT rendered::text AS rendered FROM simulated_messages WHERE workspace_id = ${place.id} AND direction = 'out'`;
  assert.equal(shown.length, 1);
  assert.match(shown[0]!.rendered, /thanks/);
});

test('scenario 28: of two who become one, what ends by it is taken back, and what either did is found at once', async () => {
  const place = await newPlace();
  const both = await place.live({
    key: 'both',
    ...IN,
    entry: 'once',
    holdout: '50%',
    steps: [mail('hello'), { key: 'rest', wait: { for: '1d' } }],
  });
  hasFewerRows.add(both.id);
  await flows(place, both.id, false);
  const ids = await Promise.all(Array.from({ length: 24 }, (_, i) => place.tell(`p${i}`, { name: 'in' })));
  await until('all are in', async () => ((await place.tallies(both.id))['entered'] ?? 0) === ids.length);
  const arms = await sql<{ id: number; arm: number }[]>`
    SELECT contact_id AS id, arm FROM campaign_entries WHERE campaign_id = ${both.id} ORDER BY contact_id`;
  const [ann, bob] = arms.filter(({ arm }) => arm === 0).map(({ id }) => id) as [number, number];
  const held = arms.find(({ arm }) => arm === 1)!.id;
  const one = (discardedId: number, survivingId: number) => mergeOne(place, discardedId, survivingId);
  // What of her is in it goes on as his, and what she was sent waits where it was.
  const cal = await place.tell('cal');
  await one(ann, cal);
  await one(cal, bob);
  await one(bob, held);
  const campaign = (await findCampaign(sql, place.id, both.id))!;
  const { epochs } = await reportOf(sql, campaign, await place.nowMs());
  assert.match(epochs[0]!.warnings.join(), /more than 1 % crossed/);
  assert.equal((await place.tallies(both.id))['crossover'], 1, 'two of one arm are none');
  await flows(place, both.id, true);
  await place.settled();
  const states = await sql<{ contactId: number; state: number }[]>`
    SELECT contact_id AS "contactId", state FROM deliveries WHERE contact_id IN (${ann}, ${bob}) ORDER BY cause_id`;
  assert.deepEqual(
    states.map(({ state }) => state),
    [STATE.canceled, STATE.canceled],
    'what the enrolments that ended had on its way goes nowhere',
  );
  await place.live({
    key: 'wait',
    trigger: { event: { did: 'look' } },
    steps: [
      { key: 'w', wait_for: { event: 'buy', timeout: '1d' }, then: { done: 'thanks', timeout: 'end' } },
      mail('thanks'),
    ],
  });
  // Either may have looked, and the other have bought.
  for (const [looks, buys, stays] of [
    ['la', 'ba', 'ba'],
    ['lb', 'bb', 'lb'],
  ] as const) {
    const who = new Map([
      [looks, await place.tell(looks, { name: 'look' })],
      [buys, await place.tell(buys)],
    ]);
    await place.settled();
    await place.tell(buys, { name: 'buy' });
    await place.settled();
    await one(who.get(stays === looks ? buys : looks)!, who.get(stays)!);
    await place.settled();
    assert.deepEqual(await place.mails(who.get(stays)!), ['thanks'], `${stays} stays`);
  }
  await provesWhole();
});

async function mergeOne(place: Place, discardedId: number, survivingId: number): Promise<void> {
  const atMs = await place.nowMs();
  const pair = { workspaceId: place.id, survivingId, discardedId };
  must(await ctx.queue.transact((tx) => mergePeople(ctx as never, tx, atMs, pair)));
}

test('a no to marketing is an exit for who listens to it; what became of a message can be asked', async () => {
  const place = await newPlace();
  await place.live({
    key: 'first',
    ...IN,
    exits: [{ event: '$unsubscribed' }],
    steps: [mail('hello'), { key: 'rest', wait: { for: '1d' } }, mail('more')],
  });
  await place.live({
    key: 'second',
    trigger: { event: { did: 'later' } },
    filter: { message: { state: 'accepted', of: 'first', step: 'hello' } },
    checkFilter: 'never',
    steps: [mail('second')],
  });
  const ann = await place.tell('ann', { name: 'in' });
  const bob = await place.tell('bob');
  await place.settled();
  await place.tell('ann', { name: 'later' });
  await place.tell('bob', { name: 'later' });
  const nowMs = await place.nowMs();
  await place.settled();
  assert.deepEqual([await place.mails(ann), await place.mails(bob)], [['hello', 'second'], []]);
  const at = { workspaceId: place.id, channel: 'email' as const, address: 'ann@example.com' };
  const no = {
    ...at,
    cause: 'opted_out_channel' as const,
    classes: ['marketing' as const],
    by: 'person' as const,
  };
  await ctx.queue.transact((tx) => blockDestination(tx, ctx.ids, nowMs, { ...no, reason: 'unsubscribed' }));
  await place.settled();
  assert.ok((await place.entries(ann)).includes('unsubscribed'));
  await place.advance(DAY_MS + MINUTE_MS);
  assert.deepEqual(await place.mails(ann), ['hello', 'second']);
});

test('of a dozen messages in a row that cannot be let in each is told, and what comes after them is sent', async () => {
  const place = await newPlace();
  const keys = Array.from({ length: 12 }, (_, n) => `text-${n}`);
  const texts = keys.map((key) => mail(key, { channel: 'sms', await: 'accepted' }));
  const { id } = await place.live({ key: 'dozen', ...IN, steps: [...texts, mail('last')] });
  const ann = await place.tell('ann', { name: 'in' });
  await place.settled();
  assert.deepEqual([await place.mails(ann), await place.entries(ann)], [['last'], ['completed']]);
  const tallies = await place.tallies(id);
  assert.deepEqual(
    keys.map((key) => tallies[`${key} unsent`]),
    keys.map(() => 1),
  );
});

test('a webhook of the workspace is called once for each who comes there; one that is not there is refused', async () => {
  const place = await newPlace();
  const step = (to: string) => ({ key: 'call', webhook: { to, body: { hello: 'world' } } });
  const file = { parley: 'campaign/1', key: 'call', ...IN, steps: [step('0'.repeat(24))] };
  const refused = await ctx.queue.transact((tx) => saveDraft(ctx, tx, place.id, file, 1));
  assert.ok(isFault(refused) && refused.field === 'campaign.steps[0].webhook.to', JSON.stringify(refused));
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
  await place.live({ key: 'call', ...IN, steps: [step(toHex24(made.id)), mail('after')] });
  const ann = await place.tell('ann', { name: 'in', properties: { n: 1 } });
  await until('it went on', async () => (await place.mails(ann)).length === 1);
  const calls = await sql<{ trigger: string; body: string }[]>`
    SELECT trigger, body FROM webhook_calls WHERE webhook_id = ${made.id} AND trigger = 'campaign.step'`;
  assert.equal(calls.length, 1);
  const body = JSON.parse(calls[0]!.body) as Record<string, unknown>;
  assert.deepEqual(
    [calls[0]!.trigger, body['step'], body['event'], body['body']],
    ['campaign.step', 'call', { n: 1 }, { hello: 'world' }],
  );
});

test('restart begins anew for who does it again; a cooldown keeps who was in from entering for its time', async () => {
  const place = await newPlace();
  const wait = { key: 'rest', wait: { for: '2d' } };
  await place.live({
    key: 'restarts',
    trigger: { event: { did: 'cart' } },
    entry: 'every',
    whileActive: 'restart',
    steps: [wait, mail('left-behind')],
  });
  await place.live({
    key: 'cools',
    trigger: { event: { did: 'visit' } },
    entry: 'every',
    cooldown: '3d',
    steps: [mail('hello')],
  });
  const both = async () => {
    await place.tell('ann', { name: 'cart' });
    const ann = await place.tell('ann', { name: 'visit' });
    await place.settled();
    return ann;
  };
  const ann = await both();
  await place.advance(DAY_MS);
  await both();
  assert.deepEqual(new Set(await place.entries(ann)), new Set(['completed', 'restarted', null]));
  await place.advance(DAY_MS + HOUR_MS);
  assert.deepEqual(
    await place.mails(ann),
    ['hello'],
    'two days since the first time, and one since the second',
  );
  await place.advance(DAY_MS);
  assert.deepEqual(await place.mails(ann), ['hello', 'left-behind']);
  await place.tell('ann', { name: 'visit' });
  await place.settled();
  assert.deepEqual(await place.mails(ann), ['hello', 'left-behind', 'hello'], 'three days are over');
  await provesWhole();
});

test('of who is erased nothing is left in campaigns and segments', async () => {
  const place = await newPlace();
  const pro = await place.segment('pro', { attribute: 'plan', is: 'pro' });
  const { id } = await place.live({
    key: 'stays',
    trigger: { event: { did: 'in' } },
    steps: [{ key: 'rest', wait: { for: '2d' } }, mail('later')],
  });
  hasFewerRows.add(id);
  const contactId = await place.tell('gone', { name: 'in' }, { attributes: { plan: 'pro' } });
  await place.settled();
  assert.deepEqual([await place.entries(contactId), await place.inside(pro)], [[null], [contactId]]);
  const atMs = await place.nowMs();
  const of = { workspaceId: place.id, contactId, atMs, afterCommit: (run: () => void) => run() };
  await ctx.queue.transact((tx) => erasePerson(ctx, tx, of));
  await place.settled();
  for (const table of [
    'enrolments',
    'timers',
    'campaign_entries',
    'contact_events',
    'event_stats',
    'segment_members',
  ]) {
    const left = await sql.unsafe(`SELECT 1 FROM ${table} WHERE contact_id = ${contactId}`);
    assert.equal(left.length, 0, table);
  }
  await place.advance(3 * DAY_MS);
  await provesWhole();
});

test('campaigns.md §3.6: an exit that an edit adds takes out who does it from then on; who did it before stays', async () => {
  const place = await newPlace();
  const file = { key: 'edited', ...IN, steps: [{ key: 'rest', wait: { for: '2d' } }, mail('out')] };
  const { id } = await place.live(file);
  const [ann, bob, cat] = [
    await place.tell('ann', { name: 'in' }),
    await place.tell('bob', { name: 'in' }),
    await place.tell('cat', { name: 'in' }),
  ];
  await place.settled();
  await place.tell('ann', { name: 'bought' });
  await place.settled();
  await place.live({ ...file, exits: [{ event: 'bought' }] });
  await place.settled();
  await place.tell('bob', { name: 'bought' });
  await place.settled();
  assert.deepEqual(await Promise.all([ann, bob, cat].map((one) => place.entries(one))), [
    [null],
    ['event'],
    [null],
  ]);
  // Nor does a pause look for what was done before.
  const nowMs = await place.nowMs();
  must(await ctx.queue.transact((tx) => pauseCampaign(ctx, tx, place.id, id, 'all', nowMs)));
  const how = { mode: 'shift' as const, over: '1m' };
  must(await ctx.queue.transact((tx) => resumeCampaign(ctx, tx, place.id, id, how, nowMs)));
  await place.settled();
  await place.advance(2 * DAY_MS + HOUR_MS);
  assert.deepEqual(await Promise.all([ann, bob, cat].map((one) => place.mails(one))), [['out'], [], ['out']]);
});
