/** Campaigns driven through the Outbound door: what a client tells by HTTP is what people are sent, under the clock of a test workspace. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCampaign } from '../src/campaigns/campaigns.ts';
import { reportOf } from '../src/campaigns/report/report.ts';
import { STATE } from '../src/ledger/states.ts';
import { createECDH, randomBytes } from 'node:crypto';
import { createBroadcast, startBroadcast } from '../src/broadcasts/broadcasts.ts';
import { must } from './support/world.ts';
import { webPushAddress } from '../src/channels/webpush/adapter.ts';
import { newIntegration } from './support/messages.ts';
import { DAY_MS, HOUR_MS, mail, newDoor, provesWhole, sql, world } from './campaignsProduct.ts';

const welcome = (key: string, event = 'signup') => ({
  key,
  trigger: { event: { did: event } },
  steps: [mail(key)],
});

test('O1, O3, O4, O5, O6: signed up in San Francisco and no picture within 2 weeks, told by identify and track: an e-mail, and what it led to', async () => {
  const door = await newDoor();
  const campaign = await door.place.live({
    key: 'picture-reminder',
    trigger: { event_without: { did: 'signup', not: 'upload picture', within: '14d' } },
    filter: { attribute: 'city', is: 'San Francisco' },
    goals: [{ key: 'uploaded', event: 'upload picture', within: '21d', primary: true }],
    steps: [mail('pictures')],
  });
  for (const [id, city] of [
    ['ann', 'San Francisco'],
    ['bob', 'San Francisco'],
    ['eve', 'Oakland'],
  ] as const) {
    await door.user(id, { city });
    await door.track(id, 'signup');
  }
  await door.place.settled();
  await door.place.advance(13 * DAY_MS);
  await door.track('bob', 'upload picture', { timestamp: (await door.place.nowMs()) / 1000 });
  await door.place.settled();
  await door.place.advance(DAY_MS);
  assert.deepEqual(
    [await door.mails('ann'), await door.mails('bob'), await door.mails('eve')],
    [['pictures'], [], []],
  );
  await door.track('ann', 'upload picture', { timestamp: (await door.place.nowMs()) / 1000 });
  await door.place.settled();
  // Then the time is over in which it may be reached.
  await door.place.advance(8 * DAY_MS);
  const now = (await findCampaign(sql, door.place.id, campaign.id))!;
  const { steps, epochs } = await reportOf(sql, now, await door.place.nowMs());
  const mailed = steps.find(({ step }) => step === 'pictures')!;
  assert.deepEqual(
    [mailed.counts['sent'], mailed.counts['accepted'], mailed.goals],
    [{ unique: 1, total: 1 }, { unique: 1, total: 1 }, [{ goal: 'uploaded', people: 1, times: 1, value: 0 }]],
    'the effect of the message on what users do is told with it',
  );
  const [told] = epochs[0]!.goals;
  assert.deepEqual([told!.key, told!.treated.converted], ['uploaded', 2], 'and of all who entered');
  await provesWhole();
});

test('who has left a campaign is sent nothing by it, and all by others; coming back, by both', async () => {
  const door = await newDoor();
  const first = await door.place.live(welcome('first'));
  await door.place.live(welcome('second'));
  await door.user('ann');
  await door.post('/v2/unsubscribe/campaigns', { user_id: 'ann', campaign_ids: ['first'] });
  await door.track('ann', 'signup');
  assert.deepEqual(await door.mails('ann'), ['second']);
  const byId = first.id.toString(16);
  await door.post('/v2/subscribe/campaigns', { user_id: 'ann', campaign_ids: ['first'] });
  await door.track('ann', 'signup');
  assert.deepEqual((await door.mails('ann')).toSorted(), ['first', 'second', 'second']);
  const said = await fetch(`${world.url}/v2/unsubscribe/campaigns`, {
    method: 'POST',
    headers: { 'x-outbound-key': door.keys.public, 'content-type': 'application/json' },
    body: JSON.stringify({ user_id: 'ann', campaign_ids: ['first', `no ${byId}`] }),
  });
  assert.equal(said.status, 400);
  assert.match(await said.text(), /campaign_ids\[1\]: there is no such campaign/);
  await provesWhole();
});

test('a campaign that somebody left under another id stays left', async () => {
  const door = await newDoor();
  await door.place.live(welcome('first'));
  await door.post('/v2/unsubscribe/campaigns', { user_id: 'before', campaign_ids: ['first'] });
  await door.user('ann');
  await door.post('/v2/identify', { user_id: 'ann', previous_id: 'before' });
  await door.track('ann', 'signup');
  assert.deepEqual(await door.mails('ann'), []);
});

test('who has left everything is sent no campaign', async () => {
  const door = await newDoor();
  await door.place.live(welcome('first'));
  await door.post('/v2/unsubscribe/all', { user_id: 'ann' });
  await door.user('ann');
  await door.track('ann', 'signup');
  await door.mails('ann');
  const rows = await sql<
    { state: number }[]
  >`SELECT state FROM deliveries WHERE workspace_id = ${door.place.id}`;
  assert.deepEqual(
    rows.map(({ state }) => state),
    [STATE.suppressed],
  );
});

test('scenarios 11, 12, 13: a client that heard no answer tells it again, at once and later: one event, one mail', async () => {
  const door = await newDoor();
  await door.place.live(welcome('first'));
  await door.user('ann');
  const guid = { 'x-outbound-guid': 'one' };
  await Promise.all(
    [1, 2, 3].map(() => door.track('ann', 'signup', { timestamp: Date.now() / 1000 - 60 }, guid)),
  );
  await door.track('ann', 'signup', {}, guid);
  await door.place.settled();
  await door.track('ann', 'signup', {}, guid);
  const batch = ['a', 'b', 'c', 'c'].map((id) => ({ user_id: 'ann', event: 'signup', message_id: id }));
  await door.post('/v2/track/batch', batch);
  assert.deepEqual(await door.mails('ann'), ['first', 'first', 'first', 'first']);
});

test('what a device did before its user was known starts nothing, and what the user does then does', async () => {
  const door = await newDoor();
  await door.place.live(welcome('first'));
  await door.post(
    '/v2/identify',
    { user_id: 'ann', previous_id: 'device', email: 'ann@example.com' },
    { 'x-outbound-key': door.keys.public },
  );
  await door.post(
    '/v2/track',
    { anon_id: 'device', event: 'signup' },
    { 'x-outbound-key': door.keys.public },
  );
  assert.deepEqual(await door.mails('ann'), ['first']);
});

test('nobody who is not known enters; what they did in the last 72 hours is offered once when they are', async () => {
  const door = await newDoor();
  await door.place.live(welcome('first'));
  const device = (id: string, event = 'signup') => door.device(id, event);
  const { who } = door;
  // Told with a name that was new: the same contact is known now.
  await device('one');
  await door.place.settled();
  assert.deepEqual(
    [await door.place.entries(await who('one')), await door.place.refusal(await who('one'))],
    [[], 'anonymous'],
  );
  const user = (id: string, previous: string) =>
    door.post('/v2/identify', { user_id: id, previous_id: previous, email: `${id}@example.com` });
  await user('ann', 'one');
  assert.deepEqual(await door.mails('ann'), ['first']);
  // Told again, nothing is offered again, and the device is hers from now on.
  await user('ann', 'one');
  await device('one');
  assert.deepEqual(await door.mails('ann'), ['first', 'first']);
  // Somebody who was known already: the two become one.
  await door.user('bob');
  await device('two');
  await device('two', 'other');
  await door.place.settled();
  await user('bob', 'two');
  assert.deepEqual(await door.mails('bob'), ['first']);
  // Longer ago than it counts.
  await device('three');
  await door.place.settled();
  await door.place.advance(3 * DAY_MS + 1);
  await user('cat', 'three');
  assert.deepEqual(await door.mails('cat'), []);
  await provesWhole();
});

test('campaigns.md §3.2: what a device did before a campaign was there does not let its user into it: a campaign starts from its publishing', async () => {
  const door = await newDoor();
  await door.place.live(welcome('first'));
  await door.device('one', 'signup');
  await door.place.settled();
  await door.place.advance(DAY_MS);
  await door.place.live({ ...welcome('later'), key: 'published-later' });
  await door.post('/v2/identify', { user_id: 'ann', previous_id: 'one', email: 'ann@example.com' });
  assert.deepEqual(await door.mails('ann'), ['first']);
  await door.track('ann', 'signup');
  assert.deepEqual((await door.mails('ann')).toSorted(), ['first', 'first', 'later']);
});

test('campaigns.md §3.2: who entered once does not enter again by what they did as nobody that was known', async () => {
  const door = await newDoor();
  await door.place.live({ ...welcome('only'), entry: 'once' });
  await door.user('ann');
  await door.track('ann', 'signup');
  await door.place.settled();
  await door.post('/v2/track', { anon_id: 'phone', event: 'signup' });
  await door.place.settled();
  await door.post('/v2/identify', { user_id: 'ann', previous_id: 'phone' });
  assert.deepEqual(await door.mails('ann'), ['only']);
  const [counted] = await sql`
    SELECT sum(t.n)::bigint AS n FROM campaign_tallies t JOIN campaigns c ON c.id = t.campaign_id
    WHERE c.workspace_id = ${door.place.id} AND t.metric = 'entered'`;
  assert.equal(counted!['n'], 1);
  await provesWhole();
});

test('who leaves one campaign is out of it, and what waited for them; other campaigns go on', async () => {
  const door = await newDoor();
  const steps = (key: string) => [mail(`${key}-1`), { key: 'rest', wait: { for: '1d' } }, mail(`${key}-2`)];
  const first = await door.place.live({ ...welcome('first'), steps: steps('first') });
  await door.place.live({ ...welcome('second'), steps: steps('second') });
  for (const id of ['ann', 'old', 'bob']) await door.user(id);
  for (const id of ['ann', 'old']) await door.track(id, 'signup');
  assert.deepEqual((await door.mails('ann')).toSorted(), ['first-1', 'second-1']);
  await door.post('/v2/unsubscribe/campaigns', { user_id: 'ann', campaign_ids: ['first'] });
  // What one left, the other has left whom she turns out to be.
  await door.post('/v2/unsubscribe/campaigns', { user_id: 'bob', campaign_ids: ['first'] });
  await door.post('/v2/identify', { user_id: 'old', previous_id: 'bob' });
  await door.place.settled();
  await door.track('ann', 'signup');
  await door.place.settled();
  await door.place.advance(DAY_MS);
  for (const id of ['ann', 'old'])
    assert.deepEqual(
      (await door.mails(id)).filter((subject) => subject.startsWith('first')),
      ['first-1'],
      id,
    );
  const endings = await sql<{ ending: string }[]>`
    SELECT ending FROM campaign_entries WHERE campaign_id = ${first.id} ORDER BY 1`;
  assert.deepEqual(
    endings.map(({ ending }) => ending),
    ['unsubscribed', 'unsubscribed'],
    'and she does not enter again',
  );
  assert.ok((await door.mails('ann')).includes('second-2'));
  await provesWhole();
});

test('what waits for the morning goes to the address that somebody has by then, and to every device that they have', async () => {
  const { ctx } = world;
  const { place, post, user, track, who } = await newDoor();
  const ecdh = createECDH('prime256v1');
  ecdh.generateKeys();
  const push = await newIntegration(ctx, place.id, 'webpush', {
    vapidSubject: 'mailto:ops@example.com',
    vapidPrivateKey: ecdh.getPrivateKey('base64url'),
    vapidPublic: ecdh.getPublicKey('base64url'),
  });
  const device = (name: string) => ({
    channel: 'push' as const,
    integrationId: push.id,
    address: webPushAddress({
      endpoint: `https://push.example/${name}`,
      keys: { p256dh: ecdh.getPublicKey('base64url'), auth: randomBytes(16).toString('base64url') },
    }),
  });
  const hour = new Date(await place.nowMs()).getUTCHours();
  const at = (of: number) => `${String(of % 24).padStart(2, '0')}:00`;
  const quiet = JSON.stringify({ quietHours: { from: at(hour + 23), to: at(hour + 3) } });
  await sql`UPDATE workspaces SET settings = settings || ${quiet}::text::jsonb WHERE id = ${place.id}`;
  ctx.directory.forget(place.id);
  await place.live({
    key: 'news',
    trigger: { event: { did: 'go' } },
    steps: [mail('mail'), mail('push', { channel: 'push' })],
  });
  await user('ann');
  const ann = await who('ann');
  const told = (destinations: ReturnType<typeof device>[]) =>
    ctx.arrive(place.id, [{ person: { identities: [{ kind: 'external', value: 'ann' }], destinations } }]);
  await told([device('one'), device('two')]);
  await track('ann', 'go');
  await place.settled();
  const news = {
    name: 'news',
    channel: 'push',
    class: 'marketing',
    audience: { include: { all: true } },
    content: { type: 'text', text: 'all' },
  };
  const nowMs = await place.nowMs();
  const made = must(
    await ctx.queue.transact((tx) => createBroadcast(ctx.broadcasts, tx, place.id, news, nowMs)),
  );
  await ctx.queue.transact((tx) => startBroadcast(ctx.broadcasts, tx, place.id, made.id, nowMs));
  await place.settled();
  /** By cause: where it went, or waits to go. */
  const sent = async () => {
    const rows = await sql<{ cause: number; state: number; address: string }[]>`
      SELECT cause_id AS cause, state, address FROM deliveries WHERE contact_id = ${ann} ORDER BY cause_id`;
    const named = rows.map(({ cause, state, address }) => {
      const endpoint = /^webpush:(.*)$/.exec(address)?.[1];
      const shown = endpoint ? Buffer.from(endpoint, 'base64url').toString() : address;
      return { cause, at: `${state} ${/push\.example\/[a-z]+/.exec(shown)?.[0] ?? shown}` };
    });
    return [...Map.groupBy(named, ({ cause }) => cause).values()].map((of) =>
      of.map(({ at }) => at).toSorted(),
    );
  };
  const held = (await sent()).map(([at]) => at!.slice(0, 6));
  assert.deepEqual(held, ['1 ann@', '1 push', '1 push']);
  await post('/v2/identify', { user_id: 'ann', email: 'ann.new@example.com' });
  await told([device('three')]);
  await place.advance(6 * HOUR_MS);
  const devices = ['one', 'three', 'two'].map((name) => `4 push.example/${name}`);
  assert.deepEqual(await sent(), [['4 ann.new@example.com'], devices, devices]);
});
