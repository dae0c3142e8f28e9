/** The Outbound door on the running product (api/outbound.md): users, events, tokens, leaving, and what phones tell. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { STATE } from '../src/ledger/states.ts';
import { errors, startOutbound, type Json } from './outboundProduct.ts';
import { until } from './support/until.ts';

const product = await startOutbound();
const { url, post, person, did, keys, sql, call, base } = product;

const ok = async (path: string, body: unknown, headers?: Record<string, string>) => {
  const said = await post(path, body, headers);
  assert.deepEqual([said.status, said.text], [200, ''], `${path} ${JSON.stringify(body)}`);
};
const refused = async (path: string, body: unknown, about: RegExp, headers?: Record<string, string>) => {
  const said = await post(path, body, headers);
  assert.equal(said.status, 400, said.text);
  const { error } = JSON.parse(said.text);
  assert.equal(error.Code, 400);
  assert.match(error.Message, about);
};
const addresses = (one: Json, channel: string) =>
  one.destinations
    .filter((at: Json) => at.channel === channel)
    .map((at: Json) => at.address ?? at.displayName);

describe('identify', () => {
  test('O2, O9, O11: a user with names, addresses, zone and nested attributes is one contact, and what is not named stays', async () => {
    await ok('/v2/identify', {
      user_id: 'ann',
      first_name: 'Ann',
      last_name: 'Lee',
      email: 'Ann@Example.com',
      phone_number: '5551234567',
      timezone: 'America/Los_Angeles',
      attributes: { city: 'San Francisco', plan: { name: 'pro', seats: [1, 2] } },
    });
    await ok('/v2/identify', {
      user_id: 'ann',
      attributes: { city: null, age: 7 },
      email: null,
      first_name: '',
    });
    const ann = await person('ann');
    assert.equal(ann.givenName, 'Ann');
    assert.equal(ann.timeZone, 'America/Los_Angeles');
    assert.deepEqual(ann.attributes, { plan: { name: 'pro', seats: [1, 2] }, age: 7 });
    assert.deepEqual(addresses(ann, 'email'), ['ann@example.com']);
    assert.deepEqual(addresses(ann, 'sms'), ['+15551234567']);
  });

  test('O16, O17: 1 and "1" are one user', async () => {
    await ok('/v2/identify', { user_id: 1, first_name: 'One' });
    await ok('/v2/track', { user_id: '1', event: 'came' });
    await ok('/v2/track', { user_id: 1, event: 'came' });
    assert.deepEqual(await did('1'), { came: 2 });
    assert.equal((await person('1')).givenName, 'One');
  });

  test('an e-mail address that changes takes the place of the one before; another user keeps hers', async () => {
    await ok('/v2/identify', { user_id: 'bob', email: 'bob@old.example' });
    await ok('/v2/identify', { user_id: 'bob', email: 'bob@new.example' });
    assert.deepEqual(addresses(await person('bob'), 'email'), ['bob@new.example']);
    await ok('/v2/identify', { user_id: 'bobby', email: 'bob@new.example', first_name: 'Bobby' });
    assert.deepEqual(addresses(await person('bob'), 'email'), ['bob@new.example']);
    const bobby = await person('bobby');
    assert.equal(bobby.givenName, 'Bobby');
    assert.notEqual(bobby.id, (await person('bob')).id);
    assert.deepEqual(bobby.destinations, []);
  });

  test('somebody whom another door knows by an address is the same contact', async () => {
    const email = 'known@example.com';
    const { body } = await call('POST', `${base}/contacts`, { email });
    await ok('/v2/identify', { user_id: 'known', email });
    assert.equal((await person('known')).id, body.id);
  });

  test('an alias: what was known under the old id is the user’s, in whatever order it is told', async () => {
    await ok('/v2/identify', { user_id: 'old', attributes: { from: 'old' } });
    await ok('/v2/track', { user_id: 'old', event: 'before' });
    await ok('/v2/identify', { user_id: 'new', previous_id: 'old', attributes: { to: 'new' } });
    await ok('/v2/track', { user_id: 'old', event: 'after' });
    assert.deepEqual(await did('new'), { before: 1, after: 1 });
    await ok('/v2/identify', { user_id: 'n2', attributes: { a: 1 } });
    await ok('/v2/identify', { user_id: 'o2', attributes: { b: 2 } });
    await ok('/v2/track', { user_id: 'o2', event: 'e' });
    await ok('/v2/identify', { user_id: 'n2', previous_id: 'o2' });
    assert.deepEqual((await person('n2')).attributes, { a: 1, b: 2 });
    assert.deepEqual(await did('n2'), { e: 1 });
    assert.deepEqual(await did('o2'), { e: 1 });
    await ok('/v2/identify', { user_id: 'later', previous_id: 'not seen yet' });
    await ok('/v2/track', { user_id: 'not seen yet', event: 'e' });
    assert.deepEqual(await did('later'), { e: 1 });
  });

  test('a device whose user was not known becomes the user', async () => {
    await ok('/v2/track', { anon_id: 'device-1', event: 'seen' }, { 'x-outbound-key': keys.public });
    await ok('/v2/identify', { user_id: 'gus', previous_id: 'device-1' }, { 'x-outbound-key': keys.public });
    await ok('/v2/track', { anon_id: 'device-1', event: 'seen' });
    assert.deepEqual(await did('gus'), { seen: 2 });
    await ok('/v2/identify', { user_id: 'gus2' });
    await ok('/v2/track', { anon_id: 'device-2', event: 'seen' });
    await ok('/v2/identify', { user_id: 'gus2', previous_id: 'device-2' }, { 'x-outbound-key': keys.public });
    assert.deepEqual(await did('gus2'), { seen: 1 });
    assert.equal((await person('gus2')).externalId, 'gus2');
  });

  test('with the public key nobody makes one of two users', async () => {
    await ok('/v2/identify', { user_id: 'victim' });
    for (const user of ['robber', 'victim2']) {
      if (user === 'victim2') await ok('/v2/identify', { user_id: user });
      const said = await post(
        '/v2/identify',
        { user_id: user, previous_id: 'victim' },
        { 'x-outbound-key': keys.public },
      );
      assert.equal(said.status, 403);
    }
    assert.equal((await sql`SELECT 1 FROM identities WHERE value = 'robber'`).length, 0);
    assert.notEqual((await person('victim')).id, (await person('victim2')).id);
    const said = await post(
      '/v2/track',
      { user_id: 'victim', event: 'e', history: true },
      { 'x-outbound-key': keys.public },
    );
    assert.equal(said.status, 403);
  });

  test('a group is told with its attributes', async () => {
    await ok('/v2/identify', {
      user_id: 'hal',
      group_id: 9,
      group_attributes: { name: 'Acme', plan: 'pro' },
    });
    assert.deepEqual((await person('hal')).attributes, {
      group_id: '9',
      group: { name: 'Acme', plan: 'pro' },
    });
    const [group] = await sql<{ attributes: Json }[]>`
      SELECT c.attributes FROM identities i JOIN contacts c ON c.id = i.contact_id WHERE i.kind = 'group' AND i.value = '9'`;
    assert.deepEqual(group!.attributes, { name: 'Acme', plan: 'pro' });
  });

  test('a batch is taken whole or not at all, and says which entry and field', async () => {
    await ok('/v2/identify/batch', [
      { user_id: 'b1', attributes: { a: 1 } },
      { user_id: 'b2' },
      { user_id: 'b1', attributes: { b: 2 } },
    ]);
    assert.deepEqual((await person('b1')).attributes, { a: 1, b: 2 });
    await refused(
      '/v2/identify/batch',
      [{ user_id: 'b3' }, { user_id: null }],
      /^\[1\]\.user_id: is required/,
    );
    assert.equal((await sql`SELECT 1 FROM identities WHERE value = 'b3'`).length, 0);
    await ok('/v2/identify/batch', []);
    await refused(
      '/v2/identify/batch',
      Array.from({ length: 101 }, () => ({ user_id: 1 })),
      /more than 100 entries\. Got 101/,
    );
  });

  test('NaN arrives as null, and is nobody', async () => {
    await refused('/v2/identify', { user_id: Number.NaN }, /^user_id: is required/);
    await refused('/v2/identify', { user_id: '' }, /^user_id: is required/);
    await refused('/v2/identify', { user_id: 2 ** 53 }, /^user_id: is a number too large/);
  });
});

describe('track', () => {
  test('O12, O19: an event may be called anything', async () => {
    const names = [
      'a',
      ' ',
      '\n',
      '💡',
      'x'.repeat(200),
      '💡'.repeat(200),
      '__proto__',
      'O’Neill; DROP TABLE',
      'a\u0000b',
    ];
    for (const event of names) await ok('/v2/track', { user_id: 'any', event, properties: { n: 1 } });
    assert.equal(
      Object.values(await did('any')).reduce((sum, n) => sum + n, 0),
      names.length,
    );
    await refused('/v2/track', { user_id: 'any', event: '' }, /^event: needs 1 to 200/);
    await refused('/v2/track', { user_id: 'any', event: 'x'.repeat(201) }, /^event: needs 1 to 200/);
    await refused('/v2/track', { user_id: 'any', event: '💡'.repeat(201) }, /^event: needs 1 to 200/);
    await refused('/v2/track', { user_id: 'any', event: 5 }, /^event: must be a string/);
  });

  test('times: seconds with a fraction, milliseconds, none, and a text with a zone', async () => {
    const atMs = Date.now() - 3_600_500;
    await ok('/v2/track', { user_id: 'times', event: 'e', timestamp: atMs / 1000 });
    await ok('/v2/track', { user_id: 'times', event: 'e', timestamp: atMs });
    await ok('/v2/track', { user_id: 'times', event: 'e', timestamp: new Date(atMs).toISOString() });
    await ok('/v2/track', { user_id: 'times', event: 'e' });
    assert.deepEqual(await did('times'), { e: 4 });
    const rows = await sql<{ atMs: number }[]>`
      SELECT e.at_ms AS "atMs" FROM contact_events e JOIN identities i ON i.contact_id = e.contact_id WHERE i.value = 'times' ORDER BY 1`;
    assert.deepEqual(
      rows.slice(0, 3).map((row) => Math.abs(row.atMs - atMs) <= 1),
      [true, true, true],
    );
    await refused(
      '/v2/track',
      { user_id: 'times', event: 'e', timestamp: 'yesterday' },
      /^timestamp: must be a time/,
    );
  });

  test('a repeat is one event: by X-Outbound-GUID and place, by message_id, and on old iOS by what it says', async () => {
    const batch = [
      { user_id: 'rep', event: 'a' },
      { user_id: 'rep', event: 'a' },
    ];
    for (let n = 0; n < 2; n++) {
      await ok('/v2/track/batch', batch, { 'x-outbound-guid': 'guid-1' });
      await ok('/v2/track', { user_id: 'rep', event: 'b', message_id: 'm1', timestamp: 1_700_000_000 + n });
      await ok(
        '/v2/track',
        { user_id: 'rep', event: 'c', timestamp: 1_700_000_000 },
        { 'x-outbound-client': 'ios/1.2', 'x-outbound-guid': `new-${n}` },
      );
      await ok(
        '/v2/track',
        { user_id: 'rep', event: 'd', timestamp: 1_700_000_000 + n },
        { 'x-outbound-client': 'ios/1.2', 'x-outbound-guid': 'same' },
      );
    }
    assert.deepEqual(await did('rep'), { a: 2, b: 1, c: 1, d: 2 });
  });

  test('a user may be told with the event', async () => {
    await ok('/v2/track', {
      user_id: 'ivy',
      event: 'signup',
      user: { email: 'ivy@example.com', attributes: { via: 'ad' } },
    });
    const ivy = await person('ivy');
    assert.deepEqual(ivy.attributes, { via: 'ad' });
    assert.deepEqual(addresses(ivy, 'email'), ['ivy@example.com']);
    assert.deepEqual(await did('ivy'), { signup: 1 });
    await refused('/v2/track', { user_id: 'ivy', event: 'signup', user: { email: 'no' } }, /^user\.email/);
  });

  test('one bad event of a batch: nothing is kept, and it is named', async () => {
    await refused(
      '/v2/track/batch',
      [
        { user_id: 'jo', event: 'e' },
        { user_id: 'jo', event: 'e', properties: [1] },
      ],
      /^\[1\]\.properties: must be an object/,
    );
    await ok('/v2/track/batch', [{ user_id: 'kim', event: 'e', properties: [] }]);
    assert.deepEqual(await did('jo'), {});
  });
});

describe('tokens', () => {
  const tokens = async (userId: string) =>
    Object.fromEntries(
      (
        await sql<{ address: string; status: string; provider: string }[]>`
        SELECT d.address, d.status, g.provider FROM identities i JOIN destinations d ON d.contact_id = i.contact_id
        JOIN integrations g ON g.id = d.integration_id WHERE i.value = ${userId} AND d.channel = 'push'`
      ).map(({ address, status, provider }) => [address, `${provider} ${status}`]),
    );

  test('O10, O13, O14, O20, O21: registered, disabled (one, all), replaced, and active again when told with the user', async () => {
    await ok('/v2/apns/register', { user_id: 'lou', token: 'aa01' });
    await ok('/v2/gcm/register', { user_id: 'lou', token: 'g1' });
    await ok('/v2/fcm/register', { user_id: 'lou', token: 'f1' });
    assert.deepEqual(await tokens('lou'), { aa01: 'apns active', g1: 'fcm active', f1: 'fcm active' });
    await ok('/v2/apns/disable', { user_id: 'lou', token: 'aa01' });
    await ok('/v2/gcm/disable', { user_id: 'lou', all: true });
    assert.deepEqual(await tokens('lou'), { aa01: 'apns inactive', g1: 'fcm inactive', f1: 'fcm inactive' });
    await ok('/v2/identify', { user_id: 'lou', apns: 'aa01', gcm: ['g1', 'g2'] });
    await ok('/v2/fcm/register', { user_id: 'lou', token: 'f2', replace: 'f1' });
    assert.deepEqual(await tokens('lou'), {
      aa01: 'apns active',
      g1: 'fcm active',
      g2: 'fcm active',
      f2: 'fcm active',
    });
    await ok('/v2/apns/disable', { user_id: 'nobody', token: 'x' });
    await refused('/v2/apns/register', { user_id: 'lou', token: null }, /^token: is required/);
    await refused('/v2/apns/disable', { user_id: 'lou' }, /^token: is required/);
  });

  test('a device is of whoever signed in on it last, at this door and at another; one who comes back has it again', async () => {
    await ok('/v2/apns/register', { user_id: 'first', token: 'dd01' });
    await ok('/v2/identify', { user_id: 'first', gcm: ['d2'] });
    await ok('/v2/apns/register', { user_id: 'second', token: 'dd01' });
    assert.deepEqual(
      [await tokens('first'), await tokens('second')],
      [{ d2: 'fcm active' }, { dd01: 'apns active' }],
    );
    // Both at once, in one call: the last that was told.
    await ok('/v2/identify/batch', [
      { user_id: 'second', gcm: ['d2'] },
      { user_id: 'third', gcm: ['d2'] },
    ]);
    assert.deepEqual([await tokens('first'), await tokens('second')], [{}, { dd01: 'apns active' }]);
    assert.deepEqual(await tokens('third'), { d2: 'fcm active' });
    await Promise.all(
      ['first', 'second', 'third', 'fourth', 'fifth'].map((id) =>
        ok('/v2/fcm/register', { user_id: id, token: 'd3' }),
      ),
    );
    const have = await Promise.all(['first', 'second', 'third', 'fourth', 'fifth'].map(tokens));
    assert.equal(have.filter((own) => 'd3' in own).length, 1, 'at once: one of them');
    await ok('/v2/apns/disable', { user_id: 'first', token: 'dd01' });
    assert.deepEqual(
      await tokens('second'),
      { dd01: 'apns active' },
      'who does not have it cannot disable it',
    );
    const at = `${base}/contacts/${(await person('first')).id}/destinations`;
    const told = await call('POST', at, { channel: 'push', address: 'dd01' });
    assert.equal(told.status, 201);
    assert.deepEqual(await tokens('second'), {});
  });

  test('without an integration for it, a token is refused by name', async () => {
    const app = await product.newWorkspace();
    const said = await post('/v2/identify', { user_id: 'u', apns: ['t'] }, { 'x-outbound-key': app.private });
    assert.equal(said.status, 400);
    assert.match(said.text, /apns: this workspace has no integration/);
  });
});

describe('leaving', () => {
  const marketing = async (userId: string) =>
    (await person(userId)).destinations.filter((at: Json) => at.blocked.includes('marketing')).length;

  test('who has left everything has left at every address, those to come included, and comes back', async () => {
    await ok('/v2/identify', { user_id: 'max', email: 'max@example.com' });
    await ok('/v2/unsubscribe/all', { user_id: 'max' });
    await ok('/v2/identify', { user_id: 'max', phone_number: '+15557654321' });
    assert.equal(await marketing('max'), 2);
    await ok('/v2/subscribe/all', { user_id: 'max' });
    assert.equal(await marketing('max'), 0);
    await ok('/v2/unsubscribe/all', { user_id: 'ned' });
    await ok('/v2/identify', { user_id: 'ned', email: 'ned@example.com' });
    assert.equal(await marketing('ned'), 1);
  });

  test('who has left everything has left at an address that comes by another door too', async () => {
    await ok('/v2/unsubscribe/all', { user_id: 'eve' });
    const { id } = await person('eve');
    const add = async (channel: string, address: string) =>
      (
        await call('POST', `${base}/contacts/${id}/destinations`, {
          channel,
          address,
        })
      ).status;
    assert.equal(await add('email', 'eve@example.com'), 201);
    const imported = await fetch(`${url}${base}/contacts/import`, {
      method: 'POST',
      headers: { authorization: `Bearer ${product.demo.keys.console.token}`, 'content-type': 'text/csv' },
      body: 'external_id,phone\neve,+15557651111\n',
    });
    assert.equal(imported.status, 200, await imported.text());
    assert.equal(await marketing('eve'), 2);
    await ok('/v2/subscribe/all', { user_id: 'eve' });
    assert.equal(await marketing('eve'), 0);
  });

  test('what a person said is not taken back by the business', async () => {
    await ok('/v2/identify', { user_id: 'oz', email: 'oz@example.com' });
    await ok('/v2/unsubscribe/all', { user_id: 'oz' });
    await sql`UPDATE suppressions SET rank = 5 WHERE address = 'oz@example.com'`;
    await ok('/v2/subscribe/all', { user_id: 'oz' });
    assert.equal(await marketing('oz'), 1);
  });

  test('the no of somebody who was known under another id stays', async () => {
    await ok('/v2/unsubscribe/all', { user_id: 'pam-before' });
    await ok('/v2/identify', { user_id: 'pam', email: 'pam@example.com' });
    await ok('/v2/identify', { user_id: 'pam', previous_id: 'pam-before' });
    assert.equal(await marketing('pam'), 1);
  });
});

describe('phones', () => {
  test('the configuration of an SDK', async () => {
    const get = async (path: string, headers = {}) =>
      await fetch(url + path, { headers: { 'x-outbound-key': keys.public, ...headers } });
    const said = await get('/i/config/sdk/ios/1.2.0');
    assert.equal(said.status, 200);
    assert.deepEqual(await said.json(), { enabled: true, account: { prompt: false, prompt_event: '' } });
    assert.equal((await get('/i/config/sdk/symbian/1')).status, 400);
    assert.equal((await get('/i/config/sdk/ios/1.2.0', { 'x-outbound-key': 'no' })).status, 401);
  });

  test('a push that came and was opened is delivered and read; a device that is gone is not written to', async () => {
    await ok('/v2/apns/register', { user_id: 'quin', token: 'ab'.repeat(32) });
    const quin = await person('quin');
    const sent = await call('POST', `${base}/messages`, {
      contactId: quin.id,
      content: { type: 'text', text: 'Hello' },
    });
    assert.equal(sent.status, 202, JSON.stringify(sent.body));
    const delivery = async () => {
      const [row] = await sql<{ cause: number; contact: number; seq: number; state: number }[]>`
        SELECT d.cause_id AS cause, d.contact_id AS contact, d.seq, d.state FROM deliveries d
        JOIN identities i ON i.contact_id = d.contact_id WHERE i.value = 'quin'`;
      return row;
    };
    const row = await until('it is out', async () => {
      const now = await delivery();
      return now?.state === STATE.accepted ? now : undefined;
    });
    const ref = [row.cause, row.contact, row.seq].map((n) => n.toString(36)).join('.');
    await ok('/i/ios/received', { _oid: ref }, { 'x-outbound-key': keys.public });
    assert.equal((await delivery())!.state, STATE.delivered);
    await ok('/i/ios/opened', { aps: {}, ref, user_id: 'quin', timestamp: 1 });
    assert.equal((await delivery())!.state, STATE.read);
    await ok('/i/ios/uninstall_tracker', { i: ref, revoked: true });
    await until('the token is dead', async () =>
      (await person('quin')).destinations[0].blocked.includes('marketing'),
    );
    await ok('/i/ios/opened', { _oid: 'of another system' });
    await refused('/i/android/received', {}, /^_oid: is required/);
  });

  test('a device is paired by the code of the console, at once and again, and a wrong code is soon told to wait', async () => {
    const { body: shown } = await call('GET', `${base}/pairing`);
    assert.match(shown.code, /^\d{4}$/);
    const device = { code: Number(shown.code), deviceToken: 'cd'.repeat(32), deviceName: 'Phone of Ann' };
    const pair = (body: object) => post('/i/testsend/push/pair/ios', body, { 'x-outbound-key': keys.public });
    const both = await Promise.all([pair(device), pair(device)]);
    assert.deepEqual(
      both.map(({ status, text }) => [status, text]),
      [
        [200, ''],
        [200, ''],
      ],
    );
    const paired = await person('test device Phone of Ann');
    assert.deepEqual(
      paired.destinations.map(({ channel }: Json) => channel),
      ['push'],
    );
    const { body: tags } = await call('GET', `${base}/tags`);
    assert.equal(tags.tags.find(({ name }: Json) => name === 'Test devices').contacts, 1);
    await refused('/i/testsend/push/pair/ios', { ...device, code: '12' }, /^code: must be/);
    const wrong = { ...device, code: (device.code + 5_000) % 10_000 };
    // However many try at once: twenty, the right ones among them, and one more for each minute.
    const startMs = performance.now();
    const tried = await Promise.all(Array.from({ length: 60 }, () => pair(wrong)));
    const more = Math.ceil((performance.now() - startMs) / 60_000);
    const looked = tried.filter(({ status }) => status === 400).length;
    assert.ok(
      looked <= 18 + more && tried.every(({ status }) => status === 400 || status === 429),
      `${looked} looked at, of ${tried.map(({ status }) => status).join()}: ${tried[0]!.text}`,
    );
    while ((await pair(wrong)).status !== 429);
    assert.equal((await pair(device)).status, 429, 'nor is the right one tried until then');
  });

  test('permissions are things a person did', async () => {
    await ok('/i/ios/permissions/requested', { anon_id: 'rae', timestamp: Date.now() / 1000 });
    await ok('/i/ios/permissions/granted', { user_id: 'rae' });
    assert.deepEqual(await did('rae'), { 'push permission requested': 1, 'push permission granted': 1 });
  });
});

describe('reading', () => {
  test('what a contact did, page by page, and what it is called, with counts', async () => {
    const at = 1_700_000_000;
    await ok(
      '/v2/track/batch',
      Array.from({ length: 5 }, (_, n) => ({
        user_id: 'tess',
        event: n % 2 ? 'read:odd' : 'read:even',
        properties: { n },
        // Two at one moment.
        timestamp: at + Math.min(n, 3),
        history: true,
      })),
    );
    assert.deepEqual(await did('tess'), { 'read:even': 3, 'read:odd': 2 });
    const { id } = await person('tess');
    const seen: Json[] = [];
    let before = '';
    for (let pages = 0; pages < 3; pages++) {
      const { body } = await call('GET', `${base}/contacts/${id}/events?limit=2${before}`);
      seen.push(...body.events);
      before = `&before=${body.next}`;
      if (body.next === null) break;
    }
    assert.deepEqual(
      seen.map(({ properties }) => properties.n).toSorted((a, b) => a - b),
      [0, 1, 2, 3, 4],
    );
    assert.deepEqual(
      seen.map(({ at: when }) => when),
      seen
        .map(({ at: when }) => when)
        .toSorted((a, b) => String(a).localeCompare(String(b)))
        .toReversed(),
    );
    assert.ok(seen.every(({ history }) => history === true));
    const last = await call('GET', `${base}/events/names?after=${encodeURIComponent('💡'.repeat(200))}`);
    assert.deepEqual([last.status, last.body.names], [200, []], 'a name of 200 signs is gone on behind');
    const { body } = await call('GET', `${base}/events/names?after=read:&limit=2`);
    assert.deepEqual(
      body.names.map(({ name, times, contacts }: Json) => [name, times, contacts]),
      [
        ['read:even', 3, 1],
        ['read:odd', 2, 1],
      ],
    );
    assert.equal((await call('GET', `${base}/contacts/${id}/events?before=x`)).status, 400);
  });
});

describe('who calls', () => {
  test('no key and a wrong key are 401 in the form that each client reads', async () => {
    for (const key of ['', 'wrong', 'out_00.nothing', keys.private.slice(0, -1)]) {
      const said = await post('/v2/track', { user_id: 1, event: 'e' }, { 'x-outbound-key': key });
      assert.equal(said.status, 401);
      assert.match(JSON.parse(said.text).error.Message, /Unauthorized/);
      const script = await post(
        '/v2/track',
        {},
        { 'x-outbound-key': key, 'x-outbound-client': 'Javascript-Node/1.3.0' },
      );
      assert.match(script.text, /^Unauthorized/);
      assert.match(script.headers.get('content-type')!, /^text\/plain/);
    }
  });

  test('browsers may call from any page, errors included', async () => {
    const asked = await fetch(`${url}/v2/track`, {
      method: 'OPTIONS',
      headers: { origin: 'https://shop.example', 'access-control-request-method': 'POST' },
    });
    assert.equal(asked.status, 204);
    assert.equal(asked.headers.get('access-control-allow-origin'), '*');
    assert.match(asked.headers.get('access-control-allow-headers')!, /x-outbound-key/);
    for (const [path, key] of [
      ['/v2/track', keys.public],
      ['/v2/track', 'wrong'],
      ['/v2/identify', keys.public],
    ] as const) {
      const said = await post(path, path === '/v2/track' ? { user_id: 'cors', event: 'e' } : '{', {
        'x-outbound-key': key,
      });
      assert.equal(said.headers.get('access-control-allow-origin'), '*', path);
    }
  });

  test('O8: the script is served to pages, under any key', async () => {
    for (const path of ['/outbound.js', `/outbound/${keys.public}.js`]) {
      const said = await fetch(url + path);
      assert.equal(said.status, 200);
      assert.match(said.headers.get('content-type')!, /^text\/javascript/);
      assert.match(await said.text(), /^\/\*! outbound/);
    }
  });

  test('another workspace’s user is nobody', async () => {
    await ok('/v2/identify', { user_id: 'sam', attributes: { whose: 'ours' } });
    const other = await product.newWorkspace();
    await ok(
      '/v2/identify',
      { user_id: 'sam', attributes: { whose: 'theirs' } },
      { 'x-outbound-key': other.private },
    );
    assert.deepEqual((await person('sam')).attributes, { whose: 'ours' });
  });
});

test('nothing of all this was an error of ours', () => assert.deepEqual(errors, []));
