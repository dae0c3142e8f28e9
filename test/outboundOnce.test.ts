/** The Outbound door: a call that is made again under its id, by whatever client, late, at once and after one that died, takes effect once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sweepTold } from '../src/accounts/toldOnce.ts';
import { errors, startOutbound, type Json } from './outboundProduct.ts';

const product = await startOutbound();
const { post, person, did, sql, call, base, keys, newWorkspace } = product;
const byPublic = { 'x-outbound-key': keys.public };
const DAY_MS = 24 * 3600 * 1000;

const ok = async (path: string, body: unknown, headers?: Record<string, string>) => {
  const said = await post(path, body, headers);
  assert.deepEqual([said.status, said.text], [200, ''], `${path} ${JSON.stringify(body)}`);
};
let ids = 0;
/** A call that has an id of its own, as it is made each time. */
const keyed = (path: string, body: unknown, headers: Record<string, string> = {}) => {
  const guid = { 'x-outbound-guid': `call-${++ids}`, ...headers };
  return () => ok(path, body, guid);
};

const campaign = await call('POST', `${base}/campaigns`, {
  campaign: {
    parley: 'campaign/1',
    key: 'weekly',
    trigger: { event: { did: 'e' } },
    steps: [{ key: 'mail', send: { content: { type: 'text', text: 'hi' } } }],
  },
});
assert.equal(campaign.status, 201, JSON.stringify(campaign.body));

/** All that is told of a user: names, attributes, which addresses are good for what, campaigns that were left. */
async function stateOf(user: string): Promise<Json> {
  const { givenName, timeZone, attributes, destinations = [] } = (await person(user)) ?? {};
  const left = await sql`
    SELECT FROM campaign_optouts o JOIN identities i USING (contact_id) WHERE i.value = ${user}`;
  const at = destinations.map((one: Json) => [one.address, one.status, one.blocked.join()].join(' '));
  return { givenName, timeZone, attributes, at: at.toSorted(), left: left.length };
}

/** Of a user: what is told first, and comes again at last; and what came in between and counts. */
const late: [what: string, before: [string, object][], first: [string, object], then: [string, object]][] = [
  ['a name', [], ['/v2/identify', { first_name: 'Ann' }], ['/v2/identify', { first_name: 'Bea' }]],
  [
    'attributes, and one that is taken away',
    [],
    ['/v2/identify', { attributes: { plan: 'free', trial: true } }],
    ['/v2/identify', { attributes: { plan: 'pro', trial: null } }],
  ],
  [
    'an address',
    [],
    ['/v2/identify', { email: 'OLD@example.com', phone_number: '+15551230001' }],
    ['/v2/identify', { email: 'NEW@example.com', phone_number: '+15551230002' }],
  ],
  [
    'an address that was there',
    [['/v2/identify', { email: 'OLD@example.com' }]],
    ['/v2/identify', { email: 'OLD@example.com' }],
    ['/v2/identify', { email: 'NEW@example.com' }],
  ],
  ['a token', [], ['/v2/identify', { apns: ['TOKEN'] }], ['/v2/apns/disable', { token: 'TOKEN' }]],
  [
    'a user told with an event',
    [],
    ['/v2/track', { event: 'e', user: { first_name: 'Ann', timezone: 'Europe/Paris' } }],
    ['/v2/identify', { first_name: 'Bea', timezone: 'Europe/Rome' }],
  ],
  ['a registration', [], ['/v2/fcm/register', { token: 'TOKEN' }], ['/v2/gcm/disable', { all: true }]],
  [
    'a registration in place of another',
    [['/v2/apns/register', { token: 'TOKEN-1' }]],
    ['/v2/apns/register', { token: 'TOKEN-2', replace: 'TOKEN-1' }],
    ['/v2/apns/register', { token: 'TOKEN-1', replace: 'TOKEN-2' }],
  ],
  [
    'a token that is disabled',
    [['/v2/apns/register', { token: 'TOKEN' }]],
    ['/v2/apns/disable', { token: 'TOKEN' }],
    ['/v2/apns/register', { token: 'TOKEN' }],
  ],
  [
    'all tokens of somebody unknown',
    [],
    ['/v2/fcm/disable', { all: true }],
    ['/v2/fcm/register', { token: 'TOKEN' }],
  ],
  [
    'leaving everything',
    [['/v2/identify', { email: 'OLD@example.com' }]],
    ['/v2/unsubscribe/all', {}],
    ['/v2/subscribe/all', {}],
  ],
  [
    'coming back to everything',
    [['/v2/identify', { email: 'OLD@example.com' }]],
    ['/v2/subscribe/all', {}],
    ['/v2/unsubscribe/all', {}],
  ],
  [
    'leaving a campaign',
    [],
    ['/v2/unsubscribe/campaigns', { campaign_ids: ['weekly'] }],
    ['/v2/subscribe/campaigns', { campaign_ids: ['weekly'] }],
  ],
  [
    'coming back to a campaign',
    [],
    ['/v2/subscribe/campaigns', { campaign_ids: ['weekly'] }],
    ['/v2/unsubscribe/campaigns', { campaign_ids: ['weekly'] }],
  ],
];
for (const [what, before, first, then] of late)
  for (const by of [keys.private, keys.public])
    test(`A.1 ${what}: a late repeat leaves what was told since as it is, by the ${by === keys.public ? 'public' : 'private'} key`, async () => {
      const user = `late-${++ids}`;
      const told = ([path, body]: [string, object]): [string, object] => [
        path,
        { user_id: user, ...JSON.parse(JSON.stringify(body).replaceAll(/OLD|NEW|TOKEN/g, `$&-${user}`)) },
      ];
      for (const one of before) await ok(...told(one));
      const call = keyed(...told(first), { 'x-outbound-key': by });
      await call();
      const was = await stateOf(user);
      await ok(...told(then));
      const state = await stateOf(user);
      if (before.length === 0 && what !== 'all tokens of somebody unknown') assert.notDeepEqual(state, was);
      await call();
      await call();
      assert.deepEqual(await stateOf(user), state);
    });

test('A.1 what a group has, and users of a list: a late repeat leaves them, and whoever is new in it is told', async () => {
  const guid = { 'x-outbound-guid': 'list' };
  const users = [
    { user_id: 'g1', group_id: 'acme', group_attributes: { seats: 1 } },
    { user_id: 'g2', first_name: 'Two', message_id: 'g2-first' },
  ];
  await ok('/v2/identify/batch', users, guid);
  await ok('/v2/identify/batch', [
    { user_id: 'g1', group_id: 'acme', group_attributes: { seats: 5 } },
    { user_id: 'g2', first_name: 'Two again' },
  ]);
  await ok('/v2/identify/batch', [...users, { user_id: 'g3', first_name: 'Three' }], guid);
  // By an id of its own it is known in whatever call it comes.
  await ok('/v2/identify/batch', [{ user_id: 'g4' }, users[1]]);
  await ok('/v2/identify', users[1], { 'x-outbound-guid': 'another' });
  const group = await sql`
    SELECT c.attributes FROM contacts c JOIN identities i ON i.contact_id = c.id WHERE i.kind = 'group' AND i.value = 'acme'`;
  assert.deepEqual(group[0]!['attributes'], { seats: 5 });
  assert.deepEqual((await person('g1')).attributes, { group_id: 'acme', group: { seats: 5 } });
  assert.deepEqual([(await person('g2')).givenName, (await person('g3')).givenName], ['Two again', 'Three']);
});

test('A.1 of calls that say something else under one id each is made, and the same at another place of one list', async () => {
  const guid = { 'x-outbound-guid': 'reused' };
  for (const name of ['One', 'Two', 'One'])
    await ok('/v2/identify', { user_id: 'reuse', first_name: name }, guid);
  assert.equal((await person('reuse')).givenName, 'Two', 'the third is the first again');
  await ok('/v2/track', { user_id: 'reuse', event: 'e', user: { first_name: 'Two' } }, guid);
  await ok('/v2/identify', { user_id: 'other', first_name: 'One' }, guid);
  assert.equal((await person('other')).givenName, 'One');
  const list = ['One', 'Two', 'One'].map((first_name) => ({ user_id: 'placed', first_name }));
  await ok('/v2/identify/batch', list, { 'x-outbound-guid': 'placed' });
  assert.equal((await person('placed')).givenName, 'One');
  // Whose key it is makes no difference; whose workspace does.
  const elsewhere = { ...guid, 'x-outbound-key': (await newWorkspace()).private };
  await ok('/v2/identify', { user_id: 'reuse', first_name: 'One' }, elsewhere);
  const named = await sql`SELECT given_name AS name FROM contacts WHERE external_id = 'reuse' ORDER BY 1`;
  assert.deepEqual(
    named.map(({ name }) => name),
    ['One', 'Two'],
  );
});

test('A.1 a client that makes a new id per attempt is known by the time: old iOS, and lists of Connect on Android', async () => {
  const attempt = (client: string) => ({
    'x-outbound-client': client,
    'x-outbound-guid': `attempt-${++ids}`,
  });
  const user = (first_name: string, timestamp: number) => ({ user_id: 'io', first_name, timestamp });
  await ok('/v2/identify', user('Ann', 1_700_000_000), attempt('ios/1.2'));
  await ok('/v2/identify', user('Bea', 1_700_000_007), attempt('ios/1.2'));
  await ok('/v2/identify', user('Ann', 1_700_000_000), attempt('ios/1.2'));
  assert.equal((await person('io')).givenName, 'Bea');
  await ok('/v2/identify', user('Ann', 1_700_000_009), attempt('ios/1.2'));
  assert.equal((await person('io')).givenName, 'Ann', 'said anew');
  const events = [1, 2].map((n) => ({ user_id: 'io', event: 'tap', timestamp: 1_700_000_000_000 + n }));
  for (let n = 0; n < 2; n++) await ok('/v2/track/batch', events, attempt('Android/1.0.3'));
  // One call keeps its id, so that what has the same time is two.
  const tap = { user_id: 'io', event: 'one', timestamp: 1_700_000_000 };
  for (let n = 0; n < 2; n++) await ok('/v2/track', tap, attempt('Android/0.9'));
  assert.deepEqual(await did('io'), { tap: 2, one: 2 });
});

test('A.1 who was joined, and was erased since, is not joined and not there again by a late repeat', async () => {
  const joins = keyed('/v2/identify', { user_id: 'whole', previous_id: 'part', email: 'whole@example.com' });
  await ok('/v2/track', { user_id: 'part', event: 'e' });
  await ok('/v2/track', { user_id: 'whole', event: 'e' });
  await joins();
  assert.deepEqual(await did('part'), { e: 2 });
  const { id } = await person('whole');
  assert.equal((await call('DELETE', `${base}/contacts/${id}`)).status, 204);
  await joins();
  assert.equal((await sql`SELECT FROM identities WHERE value IN ('whole', 'part')`).length, 0);
  for (const user_id of ['whole', 'part']) await ok('/v2/track', { user_id, event: 'e' });
  await joins();
  assert.deepEqual(await did('part'), { e: 1 });
  const leaves = keyed('/v2/unsubscribe/all', { user_id: 'left' });
  await leaves();
  const left = await sql<{ id: string }[]>`SELECT contact_id AS id FROM identities WHERE value = 'left'`;
  assert.equal(left.length, 1);
});

test('A.1 what was refused is refused again, and done once it is right', async () => {
  const guid = { 'x-outbound-guid': 'refused' };
  const about = async (path: string, body: object, status: number, rule: RegExp) => {
    for (let n = 0; n < 2; n++) {
      const said = await post(path, body, { ...byPublic, ...guid });
      assert.equal(said.status, status);
      assert.match(said.text, rule);
    }
  };
  const large = (name: string) => ({ user_id: 'full', attributes: { [name]: 'x'.repeat(9_000) } });
  await ok('/v2/identify', large('a'));
  const body = { ...large('b'), email: 'full-2@example.com' };
  await ok('/v2/identify', { user_id: 'full', email: 'full-1@example.com' });
  await about('/v2/identify', body, 400, /attributes: together with those the user has are too large/);
  await ok('/v2/identify', { user_id: 'full', attributes: { a: null } });
  await ok('/v2/identify', body, guid);
  assert.deepEqual((await stateOf('full')).at, ['full-2@example.com active ']);
  assert.equal((await person('full')).attributes.b.length, 9_000);
  await about('/v2/identify', { user_id: 'full', email: 'none' }, 400, /^.*email: /);
  await about(
    '/v2/unsubscribe/campaigns',
    { user_id: 'full', campaign_ids: ['nope'] },
    400,
    /campaign_ids\[0\]/,
  );
  await about(
    '/v2/identify',
    { user_id: 'full', message_id: {} },
    400,
    /message_id: must be a string or a number/,
  );
});

test('A.1 ids are known for a week, and forgotten after it', async () => {
  const nowMs = Date.now();
  const known = async () => (await sql`SELECT FROM told_once`).length;
  assert.ok((await known()) > 10);
  await sweepTold(sql, nowMs + 6.9 * DAY_MS);
  assert.ok((await known()) > 10);
  await sweepTold(sql, nowMs + 7.1 * DAY_MS);
  assert.equal(await known(), 0);
});

test('nothing of all this was an error of ours', () => assert.deepEqual(errors, []));
