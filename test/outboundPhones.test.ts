/**
 * Lists of phones at the Outbound door (api/outbound.md §A.1): Zendesk Connect's library keeps a list that is refused, or throws it away whole. What is
 * good of it is kept, it is answered as taken, and who reads the log of requests is told what was not.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, startOutbound, type Json } from './outboundProduct.ts';
import { until } from './support/until.ts';

const product = await startOutbound();
const { post, person, did, keys, sql, call, base } = product;
const phone = (client: string) => ({ 'x-outbound-key': keys.public, 'x-outbound-client': client });

const bad: [what: string, path: string, body: object, rule: RegExp][] = [
  ['an address that is none', 'identify', { user_id: 'u', email: 'none' }, /^\[1\]\.email: must be/],
  ['nobody', 'identify', { user_id: null }, /^\[1\]\.user_id: is required/],
  [
    'another user',
    'identify',
    { user_id: 'u', previous_id: 'taken' },
    /^\[1\]\.previous_id: is another user/,
  ],
  [
    'too much',
    'identify',
    { user_id: 'full', attributes: { b: 'x'.repeat(9_000) } },
    /^\[1\]\.attributes: tog/,
  ],
  ['what is no event', 'track', { user_id: 'u', event: 5 }, /^\[1\]\.event: must be a string/],
  ['an event of ours', 'track', { user_id: 'u', event: '$clicked' }, /^\[1\]\.event: is what Parley itself/],
  ['history', 'track', { user_id: 'u', event: 'e', history: true }, /^\[1\]\.history: takes the private key/],
  [
    'properties too large',
    'track',
    { user_id: 'u', event: 'e', properties: { a: 'x'.repeat(40_000) } },
    /^\[1\]\.properties: /,
  ],
];

for (const [what, path, odd, rule] of bad)
  test(`A.1 a list of a phone with ${what}: the rest is kept, and it is not sent for ever`, async () => {
    await post('/v2/identify', { user_id: 'taken' });
    await post('/v2/identify', { user_id: 'full', attributes: { a: 'x'.repeat(9_000) } });
    const user = `${path} ${what}`;
    const good = (n: number) =>
      path === 'track' ? { user_id: user, event: `e${n}` } : { user_id: user, attributes: { [`a${n}`]: n } };
    const list = [good(0), odd, good(2)];
    const known = async () =>
      path === 'track' ? Object.keys(await did(user)) : Object.keys((await person(user))?.attributes ?? {});
    // A page is told, and nothing is kept but where it says so.
    const page = await post(`/v2/${path}/batch`, list, { ...phone('Javascript/2.0.0') });
    assert.ok(page.status === 400 || page.status === 403, page.text);
    assert.match(page.text, rule);
    if (what !== 'too much')
      assert.equal((await sql`SELECT FROM identities WHERE value = ${user}`).length, 0);
    for (const client of ['Android/1.0.3', 'ios/2.0']) {
      const said = await post(`/v2/${path}/batch`, list, phone(client));
      assert.deepEqual([said.status, said.text], [200, ''], client);
      assert.deepEqual((await known()).toSorted(), path === 'track' ? ['e0', 'e2'] : ['a0', 'a2']);
    }
    // One call is given up by them when it is refused.
    assert.ok((await post(`/v2/${path}`, odd, phone('Android/1.0.3'))).status >= 400);
  });

test('A.1 the log of requests says what was left of lists that were answered as taken', async () => {
  // Who asks for the log by a key is in it: it is asked once all is.
  await until('they are in the log', async () => {
    const rows = await sql`SELECT FROM request_log WHERE status = 200 AND fault IS NOT NULL`;
    return rows.length === 2 * bad.length;
  });
  const { body } = await call('GET', `${base}/requests?limit=100&status=200`);
  for (const [what, path, , rule] of bad) {
    const told = body.requests.filter(
      ({ route, fault }: Json) => route === `/v2/${path}/batch` && fault && rule.test(fault.message),
    );
    assert.equal(told.length, 2, what);
  }
});

test('A.1 a list of a phone of which nothing is good is answered as taken, and one that may come again is not', async () => {
  const none = await post('/v2/identify/batch', [{ user_id: null }, {}], phone('Android/1.0.3'));
  assert.deepEqual([none.status, none.text], [200, '']);
  for (const [body, status] of [
    ['{"user_id":1}', 400],
    ['[', 400],
    ['[1]', 400],
  ] as const)
    assert.equal((await post('/v2/identify/batch', body, phone('Android/1.0.3'))).status, status, body);
  const wrong = { ...phone('Android/1.0.3'), 'x-outbound-key': 'wrong' };
  assert.equal((await post('/v2/identify/batch', [{ user_id: 1 }], wrong)).status, 401);
});

test('nothing of all this was an error of ours', () => assert.deepEqual(errors, []));
