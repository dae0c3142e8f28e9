/**
 * Bad input over every route of the Outbound door, made from the table of routes: a 4xx that says what is wrong in the API's own form,
 * nothing stored, never a 500.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { routesOf } from '../src/doors/outbound/routes.ts';
import { errors, startOutbound, type Said } from './outboundProduct.ts';
import { leaves, valueAt, withAt, wrong } from './support/badInput.ts';
import { until } from './support/until.ts';

const product = await startOutbound();
const { url, keys, post, sql, did } = product;
await until(
  'what the demo itself tells is taken',
  async () => (await sql`SELECT FROM feed UNION ALL SELECT FROM event_arrivals LIMIT 1`).length === 0,
);

const user = {
  user_id: 'good',
  first_name: 'A',
  last_name: 'B',
  email: 'a@example.com',
  phone_number: '+15551234567',
  timezone: 'Europe/Amsterdam',
  apns: ['t1'],
  gcm: ['t2'],
  fcm: ['t3'],
  group_id: 'g',
  group_attributes: { size: 1 },
  previous_id: 'before',
  attributes: { a: { b: 1 } },
};
const event = {
  user_id: 'good',
  event: 'e',
  properties: { a: 1 },
  timestamp: 1_700_000_000.5,
  sent_at: 1_700_000_000.5,
  message_id: 'm',
  history: true,
  user: { email: 'a@example.com', attributes: { a: 1 } },
};
const token = { user_id: 'good', token: 't' };
const push = { _oid: 'a.b.0' };
/** A body that each route takes. */
const good: Record<string, object> = {
  '/v2/identify': user,
  '/v2/identify/batch': [user, { anon_id: 'device' }],
  '/v2/track': event,
  '/v2/track/batch': [{ user_id: 'good', event: 'e' }, event],
  ...Object.fromEntries(
    ['apns', 'gcm', 'fcm'].flatMap((name) => [
      [`/v2/${name}/register`, { ...token, replace: 'old' }],
      [`/v2/${name}/disable`, { ...token, all: false }],
    ]),
  ),
  '/v2/unsubscribe/all': { user_id: 'good' },
  '/v2/subscribe/all': { user_id: 'good' },
  '/v2/unsubscribe/campaigns': { user_id: 'good', campaign_ids: ['c'] },
  '/v2/subscribe/campaigns': { user_id: 'good', campaign_ids: ['c'] },
  ...Object.fromEntries(
    ['ios', 'android'].flatMap((name) => [
      [`/i/${name}/received`, push],
      [`/i/${name}/opened`, push],
      [`/i/${name}/uninstall_tracker`, { i: 'a.b.0', revoked: false }],
    ]),
  ),
  '/i/ios/permissions/requested': { user_id: 'good', timestamp: 1_700_000_000 },
  '/i/ios/permissions/granted': { anon_id: 'device', timestamp: 1_700_000_000 },
  '/i/testsend/push/pair/ios': { code: 1234, deviceToken: 'd', deviceName: 'Phone' },
  '/i/testsend/push/pair/android': { code: 1234, deviceToken: 'd', deviceName: 'Phone' },
};
const paths = routesOf(async () => {})
  .filter(({ method }) => method === 'POST')
  .map(({ path }) => path);

/** What is stored, in numbers; of events those that somebody sent: what Parley tells of itself comes when it is told. */
async function stored(): Promise<string> {
  const [row] = await sql`
    SELECT (SELECT count(*) FROM contacts) AS contacts, (SELECT count(*) FROM identities) AS identities,
      (SELECT count(*) FROM destinations) AS destinations,
      (SELECT count(*) FROM event_arrivals a
        WHERE NOT EXISTS (SELECT FROM event_names n WHERE n.id = a.name_id AND n.name ~ '^[$]')) AS arrivals,
      (SELECT count(*) FROM contact_events e
        WHERE NOT EXISTS (SELECT FROM event_names n WHERE n.id = e.name_id AND n.name ~ '^[$]')) AS events,
      (SELECT count(*) FROM suppressions) AS blocks,
      (SELECT sum(changed_ms) FROM contacts) AS changed, (SELECT md5(string_agg(attributes::text, '' ORDER BY id)) FROM contacts) AS attributes`;
  return JSON.stringify(row);
}

function isRefusal(said: Said, what: string): void {
  assert.ok(said.status >= 400 && said.status < 500, `${what} → ${said.status} ${said.text.slice(0, 200)}`);
  const { error } = JSON.parse(said.text);
  assert.equal(error.Code, said.status, what);
  assert.ok(error.Message.length > 3, what);
}

/** Values of another type than a field is documented to have that are taken all the same, and what is free. */
function isTaken(path: readonly (string | number)[], value: unknown): boolean {
  const names = path.filter((part) => typeof part === 'string');
  const name = names.at(-1)!;
  const free = names.findIndex((one) => ['properties', 'attributes', 'group_attributes'].includes(one));
  // What properties and attributes hold is the caller's, but for what cannot be stored of attributes.
  if (free >= 0 && free < names.length - 1)
    return (
      names[free] === 'properties' ||
      typeof value !== 'string' ||
      (value.length < 9 && !/[\0\ud800]/.test(value))
    );
  // PHP writes an empty object so.
  if (Array.isArray(value) && value.length === 0) return free >= 0 || ['apns', 'gcm', 'fcm'].includes(name);
  // A push of another system's is none of a phone's faults.
  if (['_oid', 'i'].includes(name)) return typeof value === 'string';
  // A name of an event may be anything.
  if (name === 'event') return typeof value === 'string' && value.length < 200;
  if (['apns', 'gcm', 'fcm'].includes(name)) return value === 'x';
  if (['timestamp', 'sent_at'].includes(name)) return value === '1';
  return name === 'user' && value === true ? false : ['code'].includes(name) && value === '1';
}

test('every route has a body here', () => {
  assert.deepEqual(
    paths.filter((path) => !good[path]),
    [],
  );
});

describe('wherever a value is wrong, it is refused and nothing is changed', () => {
  for (const path of paths)
    test(path, async () => {
      const before = await stored();
      for (const at of leaves(good[path]!))
        for (const value of wrong(valueAt(good[path]!, at))) {
          if (isTaken(at, value)) continue;
          const what = `${path} ${at.join('.')} = ${JSON.stringify(value).slice(0, 40)}`;
          isRefusal(await post(path, withAt(good[path]!, at, value)), what);
        }
      assert.equal(await stored(), before);
    });
});

describe('wherever a body is none', () => {
  const bodies: [what: string, body: string | Buffer, type?: string][] = [
    ['nothing', ''],
    ['null', 'null'],
    ['a text', '"x"'],
    ['a number', '1'],
    ['half of one', '{"user_id":'],
    ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ['a form', 'user_id=1', 'application/x-www-form-urlencoded'],
    ['parts', '--x\r\n\r\n--x--', 'multipart/form-data; boundary=x'],
    ['too large', `{"user_id":"${'x'.repeat(2_000_000)}"}`],
    ['too deep', `{"user_id":1,"event":"e","properties":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`],
    ['too deep a list', '['.repeat(40_000) + ']'.repeat(40_000)],
    [
      'deep attributes',
      `{"user_id":1,"token":"t","attributes":${'{"a":'.repeat(500)}1${'}'.repeat(500)},"properties":${'{"a":'.repeat(500)}1${'}'.repeat(500)}}`,
    ],
    ['of many fields', `{${Array.from({ length: 25_000 }, (_, n) => `"${n}":1`).join()}}`],
  ];
  for (const path of paths)
    test(path, async () => {
      const before = await stored();
      for (const [what, body, type] of bodies) {
        // Fields that a route does not know are nobody's concern.
        if (what === 'deep attributes' && !/identify$|track$/.test(path)) continue;
        const response = await fetch(url + path, {
          method: 'POST',
          headers: { 'x-outbound-key': keys.private, 'content-type': type ?? 'application/json' },
          body,
        });
        const said = { status: response.status, text: await response.text(), headers: response.headers };
        isRefusal(said, `${path} ${what}`);
      }
      assert.equal(await stored(), before);
    });
});

describe('headers', () => {
  const OLD = 'x'.repeat(300);
  const odd: Record<string, string>[] = [
    { 'x-outbound-guid': OLD },
    { 'content-encoding': 'gzip' },
    { 'x-outbound-key': OLD },
    { 'x-outbound-key': '', authorization: 'Digest x' },
  ];
  for (const path of paths)
    test(`${path}: odd ones are refused, and none is needed but the key`, async () => {
      for (const headers of odd)
        isRefusal(await post(path, good[path], headers), `${path} ${JSON.stringify(headers)}`);
      isRefusal(await post(`${path}?a=1&a=2`, good[path]), `${path} a name twice`);
    });
});

test('what is good is taken at every route', async () => {
  for (const path of paths) {
    const said = await post(path, good[path]);
    const isKnown = !/campaigns|testsend/.test(path);
    if (isKnown) assert.deepEqual([said.status, said.text], [200, ''], path);
    else assert.ok(said.status < 500, path);
  }
  assert.ok((await did('good'))['e']! > 0);
});

test('nothing of all this was an error of ours', () => assert.deepEqual(errors, []));
