/** The Outbound door: what is said twice, at once, in either order, of a device that two people share, and of one who is another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, startOutbound } from './outboundProduct.ts';

const product = await startOutbound();
const { post, person, did, keys, sql } = product;
const byPublic = { 'x-outbound-key': keys.public };

const ok = async (path: string, body: unknown, headers?: Record<string, string>) => {
  const said = await post(path, body, headers);
  assert.deepEqual([said.status, said.text], [200, ''], `${path} ${JSON.stringify(body)}`);
};

async function contactOf(value: string): Promise<number | undefined> {
  const rows = await sql<{ id: number }[]>`
    SELECT contact_id AS id FROM identities WHERE value = ${value} AND kind IN ('external', 'anonymous')`;
  return rows[0]?.id;
}

test('two people sign in on one phone, one after the other, by the public key: they stay two', async () => {
  await ok('/v2/track', { anon_id: 'phone', event: 'seen' }, byPublic);
  await ok('/v2/identify', { user_id: 'amy', previous_id: 'phone', email: 'amy@example.com' }, byPublic);
  await ok('/v2/identify', { user_id: 'ben', previous_id: 'phone', email: 'ben@example.com' }, byPublic);
  assert.notEqual(await contactOf('amy'), await contactOf('ben'));
  assert.equal((await person('amy')).destinations[0].address, 'amy@example.com');
  assert.equal((await person('ben')).destinations[0].address, 'ben@example.com');
  assert.deepEqual(await did('amy'), { seen: 1 });
  // Once more, and both in one call, of a device that nobody has used yet.
  await ok('/v2/identify', { user_id: 'amy', previous_id: 'phone' }, byPublic);
  await ok(
    '/v2/identify/batch',
    [
      { user_id: 'cat', previous_id: 'tablet' },
      { user_id: 'dan', previous_id: 'tablet' },
    ],
    byPublic,
  );
  assert.equal(new Set([await contactOf('amy'), await contactOf('cat'), await contactOf('dan')]).size, 3);
  assert.equal(await contactOf('tablet'), await contactOf('cat'), 'the first has it');
});

test('what is told of another user with an event of one is refused, and changes neither', async () => {
  await ok('/v2/identify', { user_id: 'eva', first_name: 'Eva' });
  for (const user of [{ user_id: 'fay' }, { anon_id: 'eva' }]) {
    const said = await post('/v2/track', {
      user_id: 'eva',
      event: 'e',
      user: { ...user, first_name: 'Fay' },
    });
    assert.equal(said.status, 400);
    assert.match(said.text, /user\.(user|anon)_id: must be the one whose event it is/);
  }
  assert.equal((await person('eva')).givenName, 'Eva');
  assert.deepEqual(await did('eva'), {});
  await ok('/v2/track', { user_id: 7, event: 'e', user: { user_id: '7', first_name: 'Seven' } });
  assert.equal((await person('7')).givenName, 'Seven');
});

test('what is wrong with one call is said by the field alone, also with a group beside it', async () => {
  const user = { group_id: 'g', group_attributes: { size: 1 } };
  const properties = { text: 'x'.repeat(40_000) };
  const about = async (body: object, rule: RegExp) => {
    const said = await post('/v2/track', { user_id: 'ida', ...body });
    assert.equal(said.status, 400, said.text);
    assert.match(JSON.parse(said.text).error.Message, rule);
  };
  await about({ event: 'e', properties, user }, /^properties/);
  await about({ event: '$clicked', user }, /^event: is what Parley itself tells/);
  assert.equal(await contactOf('ida'), undefined);
});

test('old iOS: what is told again by a new call is once where it has a time, permissions too; without a time each is one', async () => {
  const ios = (n: number) => ({ 'x-outbound-client': 'ios/1.2', 'x-outbound-guid': `attempt-${n}` });
  for (let n = 0; n < 2; n++) {
    await ok('/i/ios/permissions/granted', { user_id: 'io', timestamp: 1_700_000_000 }, ios(n));
    await ok('/v2/track', { user_id: 'io', event: 'open' }, ios(n));
    await ok('/v2/track', { user_id: 'io', event: 'close' }, { 'x-outbound-client': 'ios/1.2' });
  }
  assert.deepEqual(await did('io'), { 'push permission granted': 1, open: 2, close: 2 });
});

test('one X-Outbound-GUID: once on however many connections, of another body the first, at another path and after a refusal what is said', async () => {
  const guid = (name: string) => ({ 'x-outbound-guid': name });
  const batch = Array.from({ length: 100 }, (_, n) => ({ user_id: 'uma', event: 'many', properties: { n } }));
  await Promise.all(
    Array.from({ length: 6 }, () =>
      Promise.all([
        ok('/v2/track', { user_id: 'uma', event: 'once' }, guid('a')),
        ok('/v2/track/batch', batch, guid('b')),
        ok('/v2/track', { user_id: 'uma', event: 'once' }, { 'idempotency-key': 'a' }),
      ]),
    ),
  );
  await ok('/v2/track', { user_id: 'uma', event: 'once', properties: { other: true } }, guid('a'));
  assert.deepEqual(await did('uma'), { once: 1, many: 100 });
  // Somebody else, and another path, is another call.
  await ok('/v2/track', { user_id: 'vic', event: 'once' }, guid('a'));
  for (const what of ['requested', 'granted'])
    await ok(`/i/ios/permissions/${what}`, { user_id: 'vic' }, guid('a'));
  assert.deepEqual(await did('vic'), {
    once: 1,
    'push permission requested': 1,
    'push permission granted': 1,
  });
  // Nothing of what was refused was kept, under whatever id.
  const bad = await post('/v2/track/batch', [...batch.slice(1), { user_id: 'uma', event: 7 }], guid('c'));
  assert.match(bad.text, /\[99\]\.event: must be a string/);
  await ok(
    '/v2/track/batch',
    [
      { user_id: 'wes', event: 'e' },
      { user_id: 'wes', event: 'e' },
    ],
    guid('c'),
  );
  assert.deepEqual([await did('wes'), await did('uma')], [{ e: 2 }, { once: 1, many: 100 }]);
  // It is one also where who did it is somebody else by now.
  await ok('/v2/track', { anon_id: 'tab', event: 'seen' }, guid('d'));
  await ok('/v2/identify', { user_id: 'xia' });
  await ok('/v2/identify', { user_id: 'xia', previous_id: 'tab' });
  await ok('/v2/track', { anon_id: 'tab', event: 'seen' }, guid('d'));
  assert.deepEqual(await did('xia'), { seen: 1 });
});

test('O2 a previous id and the device of the call, both beside a user’s own: all is the user’s; by a device no two users are joined', async () => {
  await ok('/v2/track', { user_id: 'old-id', event: 'before' });
  await ok('/v2/track', { anon_id: 'own-phone', event: 'seen' });
  await ok('/v2/track', { user_id: 'yan', event: 'e' });
  await ok('/v2/identify', { user_id: 'yan', anon_id: 'own-phone', previous_id: 'old-id' });
  assert.deepEqual(await did('yan'), { before: 1, seen: 1, e: 1 });
  assert.equal(new Set(await Promise.all(['yan', 'own-phone', 'old-id'].map(contactOf))).size, 1);
  for (const headers of [byPublic, {}]) {
    await ok('/v2/identify', { user_id: 'zoe', anon_id: 'own-phone' }, headers);
    assert.notEqual(await contactOf('zoe'), await contactOf('yan'));
  }
  assert.equal(await contactOf('own-phone'), await contactOf('yan'));
  // A device may be called as a user is.
  await ok('/v2/identify', { user_id: 'zoe', anon_id: 'yan' }, byPublic);
  assert.notEqual(await contactOf('zoe'), await contactOf('yan'));
});

test('O9 of addresses that one call tells of one user the last stays, and takes the place of the one before', async () => {
  const email = (n: number) => ({ user_id: 'lia', email: `lia-${n}@example.com` });
  const mails = async () => (await person('lia')).destinations.map((at: { address: string }) => at.address);
  await ok('/v2/identify', email(0));
  await ok('/v2/identify/batch', [
    email(1),
    { user_id: 'leo', email: 'leo@example.com' },
    email(2),
    { user_id: 'lia' },
  ]);
  assert.deepEqual(await mails(), ['lia-2@example.com']);
  await ok('/v2/identify/batch', [email(3), email(2)]);
  assert.deepEqual(await mails(), ['lia-2@example.com'], 'back to what it was');
  await ok('/v2/identify/batch', [email(2), email(2)]);
  assert.deepEqual(await mails(), ['lia-2@example.com']);
  assert.equal((await person('leo')).destinations[0].address, 'leo@example.com');
});

test('what is wrong with an entry of a list is said with its place, whatever it is', async () => {
  const about = async (path: string, body: unknown, status: number, rule: RegExp, headers = byPublic) => {
    const said = await post(path, body, headers);
    assert.equal(said.status, status, said.text);
    assert.match(JSON.parse(said.text).error.Message, rule);
  };
  await ok('/v2/identify', { user_id: 'taken' });
  const joins = { user_id: 'tia', previous_id: 'taken' };
  await about('/v2/identify/batch', [{ user_id: 'tia' }, joins], 403, /^\[1\]\.previous_id: is another user/);
  await about('/v2/identify/batch', [joins], 403, /^\[0\]\.previous_id: is another user/);
  await about(
    '/v2/track',
    { user_id: 'tia', event: 'e', user: joins },
    403,
    /^user\.previous_id: is another user/,
  );
  const { private: bare } = await product.newWorkspace();
  const other = { 'x-outbound-key': bare };
  await about(
    '/v2/identify/batch',
    [{ user_id: 'q' }, { user_id: 'q', fcm: 't' }],
    400,
    /^\[1\]\.fcm: this workspace/,
    other,
  );
  await about(
    '/v2/track/batch',
    [{ user_id: 'q', event: 'e', user: { apns: 't' } }],
    400,
    /^\[0\]\.user\.apns: /,
    other,
  );
  await about(
    '/v2/track/batch',
    [{ user_id: 'q', event: '$clicked' }],
    400,
    /^\[0\]\.event: is what Parley itself/,
  );
  const large = (n: number) => ({ [`a${n}`]: 'x'.repeat(6_000) });
  const full = [0, 1, 2].map((n) => ({ user_id: 'big', event: 'e', user: { attributes: large(n) } }));
  await ok('/v2/track/batch', full.slice(0, 2));
  await about(
    '/v2/track/batch',
    [{ user_id: 'q', event: 'e' }, full[2]],
    400,
    /^\[1\]\.user\.attributes: together/,
  );
});

test('at once: one new user twenty times, and aliases either way, leave one contact of each', async () => {
  await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      ok('/v2/identify', { user_id: 'gil', email: 'gil@example.com', attributes: { [`a${n}`]: n } }),
    ),
  );
  const gil = await person('gil');
  assert.equal(Object.keys(gil.attributes).length, 20, 'none is lost');
  for (let round = 0; round < 5; round++) {
    const [a, b] = [`x${round}`, `y${round}`];
    await ok('/v2/track', { user_id: a, event: 'e' });
    await ok('/v2/track', { user_id: b, event: 'e' });
    await Promise.all([
      ok('/v2/identify', { user_id: a, previous_id: b }),
      ok('/v2/identify', { user_id: b, previous_id: a }),
      ok('/v2/identify', { user_id: a, previous_id: b }),
      ok('/v2/track', { user_id: b, event: 'e' }),
    ]);
    assert.equal(await contactOf(a), await contactOf(b));
    const at = await contactOf(a);
    const rows = await sql<{ n: number }[]>`SELECT 1 AS n FROM contacts WHERE id = ${at!}`;
    assert.equal(rows.length, 1);
  }
});

test('leaving and coming back, and a token that is registered and disabled, at once and twice: as one of them said', async () => {
  await ok('/v2/identify', { user_id: 'hal', email: 'hal@example.com', apns: ['hh01'] });
  for (let round = 0; round < 3; round++)
    await Promise.all([
      ok('/v2/unsubscribe/all', { user_id: 'hal' }),
      ok('/v2/subscribe/all', { user_id: 'hal' }),
      ok('/v2/unsubscribe/all', { user_id: 'hal' }),
      ok('/v2/apns/register', { user_id: 'hal', token: 'hh01' }),
      ok('/v2/apns/disable', { user_id: 'hal', all: true }),
      ok('/v2/apns/register', { user_id: 'hal', token: 'hh02', replace: 'hh01' }),
    ]);
  await ok('/v2/subscribe/all', { user_id: 'hal' });
  const { destinations } = await person('hal');
  assert.ok(destinations.every((at: { blocked: string[] }) => !at.blocked.includes('marketing')));
});

test('odd but good: empty values, times far off, names that are none of ours', async () => {
  const event = { user_id: 'odd', event: 'e' };
  for (const timestamp of [0, '', null, 1e14, 999_999_999_999, 99_999_999_999, 0.000_1, '1700000000.25'])
    for (const sent_at of [null, 0, 1e14]) await ok('/v2/track', { ...event, timestamp, sent_at });
  assert.deepEqual(await did('odd'), { e: 24 });
  await ok(
    '/v2/identify',
    '{"user_id":"odd","__proto__":{"user_id":"x"},"constructor":1,"attributes":{"toString":3}}',
  );
  const proto = await post('/v2/identify', '{"user_id":"odd","attributes":{"__proto__":{"a":1}}}');
  assert.match(proto.text, /attributes: must not have a key __proto__/);
  await ok('/v2/identify', {
    user_id: 'odd',
    attributes: [],
    group_attributes: [],
    apns: [],
    previous_id: '',
    group_id: null,
  });
  await ok('/v2/identify', { user_id: 'odd', previous_id: 'odd' });
  await ok('/v2/track/batch', []);
  await ok('/v2/identify/batch', []);
  const long = Array.from({ length: 100 }, (_, n) => ({
    user_id: `l${n % 7}`,
    event: 'many',
    properties: {},
  }));
  await ok('/v2/track/batch', long);
  const said = await post('/v2/track/batch', [...long.slice(1), { user_id: null, event: 'many' }]);
  assert.match(said.text, /\[99\]\.user_id: is required/);
  const all = await Promise.all([0, 1, 2, 3, 4, 5, 6].map((n) => did(`l${n}`)));
  assert.equal(
    all.reduce((sum, one) => sum + one['many']!, 0),
    100,
  );
});

test('O16 by the public key who is the user already may say so again, and a call that was made is no other for what came since', async () => {
  const said = async (body: object, more: object = {}) =>
    (await post('/v2/identify', body, { ...byPublic, ...more })).status;
  await ok('/v2/track', { user_id: 'was', event: 'e' });
  await ok('/v2/identify', { user_id: 'is', previous_id: 'was' });
  const joins = { user_id: 'is', previous_id: 'was' };
  assert.equal(await said(joins), 200, 'joined by the private key');
  assert.equal(await said({ user_id: 'was', previous_id: 'is' }), 200, 'the other way round');
  assert.equal(await said({ user_id: 'third', previous_id: 'was' }), 403);
  // Made when nobody was called so; its answer was lost, and it comes again.
  const late = { user_id: 'late', previous_id: 'temp', first_name: 'Ann' };
  const guid = { 'x-outbound-guid': 'late-joins' };
  assert.equal(await said(late, guid), 200);
  await ok('/v2/identify', { user_id: 'temp', first_name: 'Tom' });
  await ok('/v2/identify', { user_id: 'late', first_name: 'Bea' });
  assert.equal(await said(late, guid), 200, 'it was made');
  assert.equal(await said(late), 403, 'another call is not');
  assert.equal(await said({ ...late, first_name: 'Eve' }, guid), 403, 'nor is one that says something else');
  assert.notEqual((await person('late')).id, (await person('temp')).id);
  assert.equal((await person('late')).givenName, 'Bea');
});

test('nothing of all this was an error of ours', () => assert.deepEqual(errors, []));
