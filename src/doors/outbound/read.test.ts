/** Users and events of the Outbound door: each is read whole, or refused with the field and the rule; nothing that is sent throws. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { isFault } from '../../base/fault.ts';
import { CONTACT_LIMITS } from '../../contacts/profile.ts';
import { readEvent, readId, readTime, readToken, readUser, readWho } from './read.ts';

const user = (body: Record<string, unknown>) => readUser(body, '', 'NL');
const fieldOf = (read: unknown) => (isFault(read) ? read.field : undefined);

test('a user is read with all that is said of them; null and empty values say nothing', () => {
  const read = user({
    user_id: 7,
    email: 'Ann@Example.com',
    phone_number: '0612345678',
    first_name: 'Ann',
    last_name: null,
    timezone: 'Europe/Amsterdam',
    attributes: { plan: 'gold' },
    apns: ['t1', 't2', 't1'],
    gcm: 't3',
    fcm: '',
    group_id: 'g1',
    group_attributes: { size: 3 },
  });
  assert.ok(!isFault(read));
  assert.deepEqual(read.who, { kind: 'external', value: '7' });
  assert.equal(read.phone, '+31612345678');
  assert.deepEqual(read.tokens, [
    { service: 'apns', token: 't1' },
    { service: 'apns', token: 't2' },
    { service: 'gcm', token: 't3' },
  ]);
  assert.deepEqual(read.profile, {
    givenName: 'Ann',
    timeZone: 'Europe/Amsterdam',
    attributes: { plan: 'gold', group_id: 'g1', group: { size: 3 } },
  });
  const bare = user({ user_id: 'x', email: null, phone_number: '', attributes: [], apns: null });
  assert.ok(!isFault(bare));
  assert.deepEqual([bare.email, bare.phone, bare.tokens, bare.group], [undefined, undefined, [], undefined]);
});

test('who somebody is: their own id before that of a device, which they were before', () => {
  assert.deepEqual(readWho({ anon_id: 'd1' }, ''), { kind: 'anonymous', value: 'd1' });
  assert.deepEqual(readWho({ user_id: 'u', anon_id: 'd1' }, ''), { kind: 'external', value: 'u' });
  const all = user({ user_id: 'u', anon_id: 'd1', previous_id: 'before' });
  assert.deepEqual(!isFault(all) && all.before, [
    { id: 'before', field: 'previous_id' },
    { id: 'd1', field: 'anon_id' },
  ]);
  const device = user({ anon_id: 'd2', previous_id: 'd1' });
  assert.deepEqual(!isFault(device) && device.before, [{ id: 'd1', field: 'previous_id' }]);
  assert.equal(fieldOf(readWho({}, '[3].')), '[3].user_id');
  assert.equal(fieldOf(user({})), 'user_id');
});

test('each thing that is wrong is named by its field on the wire', () => {
  for (const [field, body] of [
    ['user_id', { user_id: {} }],
    ['user_id', { user_id: 2 ** 53 }],
    ['user_id', { user_id: 'x'.repeat(CONTACT_LIMITS.externalId + 1) }],
    ['user_id', { user_id: 'a\u0000' }],
    ['anon_id', { user_id: 'u', anon_id: [] }],
    ['email', { user_id: 'u', email: 'nobody' }],
    ['phone_number', { user_id: 'u', phone_number: '12' }],
    ['apns', { user_id: 'u', apns: 5 }],
    ['apns[1]', { user_id: 'u', apns: ['t', ''] }],
    ['fcm', { user_id: 'u', fcm: Array(101).fill('t') }],
    ['timezone', { user_id: 'u', timezone: 'Mars/Base' }],
    ['attributes', { user_id: 'u', attributes: 'gold' }],
    ['group_id', { user_id: 'u', group_attributes: { size: 3 } }],
    ['group_attributes', { user_id: 'u', group_id: 'g', group_attributes: 7 }],
  ] as const)
    assert.equal(fieldOf(user(body)), field, JSON.stringify(body).slice(0, 80));
});

test('an event has a name, properties and times; its own id is its key', () => {
  const read = readEvent(
    { event: 'bought', properties: { total: 3 }, timestamp: '2026-11-20T08:00:00Z', message_id: 12 },
    '',
  );
  assert.ok(!isFault(read));
  assert.deepEqual(
    [read.name, read.properties, read.timestamp, read.key],
    ['bought', { total: 3 }, Date.UTC(2026, 10, 20, 8), 'm:12'],
  );
  for (const [field, body] of [
    ['event', {}],
    ['event', { event: '' }],
    ['event', { event: 7 }],
    ['properties', { event: 'x', properties: 'y' }],
    ['timestamp', { event: 'x', timestamp: 'yesterday' }],
    ['sent_at', { event: 'x', sent_at: -1 }],
    ['message_id', { event: 'x', message_id: {} }],
    ['history', { event: 'x', history: 'yes' }],
  ] as const)
    assert.equal(fieldOf(readEvent(body, '')), field, JSON.stringify(body));
});

test('properties as deep as lists go, and no deeper', () => {
  const nested = (levels: number): unknown => (levels === 0 ? 'x' : { in: nested(levels - 1) });
  assert.ok(!isFault(readEvent({ event: 'x', properties: nested(32) }, '')));
  assert.equal(fieldOf(readEvent({ event: 'x', properties: nested(33) }, '')), 'properties');
  assert.equal(fieldOf(readEvent({ event: 'x', properties: nested(5_000) }, '')), 'properties');
});

test('times are seconds or milliseconds, as numbers or texts, and nothing else', () => {
  assert.equal(readTime('1700000000.5', 't'), 1_700_000_000.5);
  assert.equal(readTime(1_700_000_000_000, 't'), 1_700_000_000_000);
  assert.equal(readTime('', 't'), undefined);
  for (const odd of [-1, 1e15, Number.NaN, '1e3', '0x10', '2026-11-20', true, [], {}])
    assert.equal(fieldOf(readTime(odd, 't')), 't', JSON.stringify(odd));
});

test('whatever is sent is read or refused; nothing throws, and nothing that is read has what Postgres cannot keep', () => {
  const value = fc.oneof(fc.anything({ maxDepth: 2 }), fc.string({ unit: 'binary' }), fc.constant('\u0000'));
  const names = [
    'user_id',
    'anon_id',
    'email',
    'phone_number',
    'apns',
    'attributes',
    'event',
    'properties',
    'timestamp',
  ];
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), value), (body) => {
      const read = readUser(body, '', 'NL');
      if (!isFault(read)) {
        assert.ok(
          read.who.value.length > 0 && !read.who.value.includes('\u0000') && read.who.value.isWellFormed(),
        );
        for (const { token } of read.tokens) assert.ok(token && !token.includes('\u0000'));
      } else assert.ok(read.message.length > 0);
      const event = readEvent(body, '');
      if (!isFault(event)) assert.ok(event.name.length > 0);
    }),
    { numRuns: 300 },
  );
  fc.assert(
    fc.property(value, (one) => {
      for (const read of [readId(one, 'f'), readToken(one, 'f')])
        if (isFault(read)) assert.equal(read.field, 'f');
        else assert.ok(read.length > 0 && read.isWellFormed());
    }),
  );
});
