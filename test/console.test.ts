/** The console's API, driven over HTTP on the running product. */
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { after, describe, test } from 'node:test';
import { fromHex24 } from '../src/base/ids.ts';
import { deedOf } from '../web/console/pages/settings/deeds.ts';
import { advance, caller, errors, startConsole, type Json, type Reply } from './consoleProduct.ts';
import { testDatabase } from './support/database.ts';
import { startDns } from './support/dnsServer.ts';
import { startReceiver } from './support/receiver.ts';
import {
  exampleOf,
  isWhole,
  knownIn,
  operationsOf,
  type Document,
} from '../web/console/pages/developers/example.ts';
import { until } from './support/until.ts';

const database = await testDatabase();
const { sql } = database;
const dns = await startDns({
  'mail.example': ['v=spf1 a:smtp.mail.example ~all'],
  's1._domainkey.mail.example': ['v=DKIM1; p=AAAA'],
});
after(() => dns.stop());
const { url, demo, call, base } = await startConsole(database, {}, { PARLEY_DNS_SERVERS: dns.address });
const receiver = await startReceiver();
const twilio = demo.integrations.find(({ type }) => type === 'twilio')!.id;
const HEX = /^[0-9a-f]{24}$/;
let numbers = 0;
const newNumber = () => `+1415555${String(++numbers).padStart(4, '0')}`;

function ok(reply: Reply, status = 200): Json {
  assert.equal(reply.status, status, JSON.stringify(reply.body));
  return reply.body;
}

function refused(reply: Reply, status: number, field?: string): void {
  assert.equal(reply.status, status, JSON.stringify(reply.body));
  assert.equal(typeof reply.body.error.code, 'string');
  assert.equal(typeof reply.body.error.message, 'string');
  if (field !== undefined) assert.equal(reply.body.error.field, field, JSON.stringify(reply.body));
}

const newContact = async (more: object = {}) => {
  const phone = newNumber();
  return { phone, ...ok(await call('POST', `${base}/contacts`, { phone, ...more }), 201) };
};
const phoneHas = (address: string, text: string) =>
  until(`“${text}” on ${address}`, async () => {
    const { status, body } = await call(
      'GET',
      `${base}/simulator/messages?address=${encodeURIComponent(address)}`,
    );
    return status === 200 && body.messages.find((message: Json) => message.content.text === text);
  });
const stateOf = (id: string, state: string) =>
  until(`broadcast ${state}`, async () => {
    const body = ok(await call('GET', `${base}/broadcasts/${id}`));
    return body.state === state && body;
  });
const settled = () => until('settled', async () => ok(await call('GET', `${base}/settled`)).settled);

describe('sessions', () => {
  const { email, password } = demo.keys.console;

  test('signing in gives a token that says who one is; signing out ends it', async () => {
    const { token, operator } = ok(await caller(url)('POST', '/api/sessions', { email, password }), 201);
    assert.equal(operator.email, email);
    const mine = caller(url, token);
    const me = ok(await mine('GET', '/api/me'));
    assert.deepEqual(
      me.workspaces.map(({ id, role }: Json) => [id, role]),
      [[demo.workspace.id, 'owner']],
    );
    assert.equal((await mine('DELETE', '/api/sessions/current')).status, 204);
    refused(await mine('GET', '/api/me'), 401);
  });

  test('a wrong password is refused, also with the Idempotency-Key of a right one', async () => {
    const key = { 'idempotency-key': 'sign-in' };
    ok(await caller(url)('POST', '/api/sessions', { email, password }, key), 201);
    refused(await caller(url)('POST', '/api/sessions', { email, password: 'wrong' }, key), 401);
    refused(await call('DELETE', '/api/sessions/current'), 403);
  });

  test('without credentials, or with bad ones, nothing is told', async () => {
    refused(await caller(url)('GET', base), 401);
    refused(await caller(url, 'con_1.x')('GET', base), 401);
    refused(await caller(url, 'ses_x')('GET', base), 401);
  });
});

describe('workspaces, members and keys', () => {
  test('settings are checked, merged and taken away', async () => {
    const at = (settings: object) => call('PATCH', base, { settings });
    const quietHours = { from: '21:00', to: '08:00' };
    ok(await at({ quietHours, frequencyCap: { most: 2, perHours: 24 } }));
    const after = ok(await at({ frequencyCap: null, channelOrder: ['sms', 'email'] }));
    assert.deepEqual(after.settings, { quietHours, channelOrder: ['sms', 'email'] });
    refused(await at({ quietHours: { from: '9:00', to: '08:00' } }), 400, 'settings.quietHours.from');
    refused(await at({ quietHours: { from: '08:00', to: '08:00' } }), 400, 'settings.quietHours.to');
    refused(await at({ frequencyCap: { most: 0, perHours: 1 } }), 400, 'settings.frequencyCap.most');
    refused(await at({ channelOrder: ['sms', 'sms'] }), 400, 'settings.channelOrder');
    refused(await at({ other: 1 }), 400, 'settings.other');
    refused(await call('PATCH', base, { timeZone: 'Mars/Base' }), 400, 'timeZone');
    const none = ok(await at({ quietHours: null, channelOrder: null }));
    assert.deepEqual(none.settings, {});
  });

  test('somebody is invited, signs in, gets another role, and is taken out', async () => {
    const person = {
      email: 'ann@example.com',
      name: 'Ann',
      password: 'correct horse battery',
      role: 'viewer',
    };
    const member = ok(await call('POST', `${base}/members`, person), 201);
    const { token } = ok(
      await caller(url)('POST', '/api/sessions', { email: person.email, password: person.password }),
      201,
    );
    const ann = caller(url, token);
    ok(await ann('GET', `${base}/contacts`));
    refused(await ann('POST', `${base}/contacts`, {}), 403);
    refused(await ann('GET', `${base}/audit`), 403);
    ok(await call('PATCH', `${base}/members/${member.id}`, { role: 'agent' }));
    ok(await ann('POST', `${base}/contacts`, {}), 201);
    refused(await call('POST', `${base}/members`, { email: person.email, role: 'agent' }), 409, 'email');
    assert.equal((await call('DELETE', `${base}/members/${member.id}`)).status, 204);
    refused(await ann('GET', `${base}/contacts`), 404);
    const [owner] = ok(await call('GET', `${base}/members`)).members;
    refused(await call('DELETE', `${base}/members/${owner.id}`), 409, 'role');
  });

  test('requests by keys are in a log without what they said, also those that were refused; a key says when it was used last', async () => {
    const made = ok(await call('POST', `${base}/keys`, { door: 'console', role: 'viewer' }), 201);
    const viewer = caller(url, made.token);
    ok(await viewer('GET', `${base}/contacts`));
    const { headers } = await viewer('POST', `${base}/contacts`, { givenName: 'Secret' });
    refused(await viewer('GET', `${base}/contacts?limit=none`), 400, 'limit');
    const log = async (more: string): Promise<Json> =>
      ok(await call('GET', `${base}/requests?key=${made.keyId}${more}`));
    // Who asks is noted as well, and of a workspace a hundred between two writings: asked for too often, none of the three is left.
    const seldom = async () => {
      const page = await log('');
      return page.requests.length === 3 && page;
    };
    const { requests } = await until('all three are there', seldom, 45_000, 250);
    const at = '/api/workspaces/:workspaceId/contacts';
    assert.deepEqual(
      requests
        .map(({ method, route, status, fault }: Json) => [method, route, status, fault?.code ?? null])
        .toSorted(),
      [
        ['GET', at, 200, null],
        ['GET', at, 400, 'bad_request'],
        ['POST', at, 403, 'forbidden'],
      ],
    );
    assert.ok(requests.some(({ requestId }: Json) => requestId === headers.get('x-request-id')));
    assert.ok(!JSON.stringify(requests).includes('Secret'));
    const failed: Json[] = [];
    for (let before = ''; ; ) {
      const page = await log(`&failed=true&limit=1${before}`);
      failed.push(...page.requests);
      if (page.next === null) break;
      before = `&before=${page.next}`;
    }
    assert.deepEqual(
      failed,
      requests.filter(({ status }: Json) => status >= 400),
    );
    const asked = async (more: string) =>
      (await log(more)).requests.map(({ method, status }: Json) => `${method} ${status}`).toSorted();
    assert.deepEqual(await asked('&status=4xx'), ['GET 400', 'POST 403']);
    assert.deepEqual(await asked('&status=403'), ['POST 403']);
    assert.deepEqual(await asked('&route=post%20/api'), ['POST 403']);
    assert.deepEqual(await asked('&route=CONTACTS&status=2xx'), ['GET 200']);
    assert.deepEqual(await asked('&route=%25'), [], 'a text is no pattern');
    refused(await call('GET', `${base}/requests?status=600`), 400, 'status');
    refused(await call('GET', `${base}/requests?route=${'x'.repeat(300)}`), 400, 'route');
    const keys = ok(await call('GET', `${base}/keys`)).keys;
    assert.ok(keys.find(({ keyId }: Json) => keyId === made.keyId).lastUsedAt);
    assert.equal((await viewer('GET', `${base}/requests`)).status, 403);
  });

  test('an admin makes neither owners nor keys of an owner', async () => {
    const made = ok(await call('POST', `${base}/keys`, { door: 'console', role: 'admin' }), 201);
    const admin = caller(url, made.token);
    refused(await admin('POST', `${base}/keys`, { door: 'console', role: 'owner' }), 403, 'role');
    const person = { email: 'x@example.com', name: 'X', password: 'correct horse battery', role: 'owner' };
    refused(await admin('POST', `${base}/members`, person), 403);
    assert.equal((await call('DELETE', `${base}/keys/${made.keyId}`)).status, 204);
    refused(await admin('GET', base), 401);
  });

  test('a key is made once per Idempotency-Key, and its secret is not kept in plain text', async () => {
    const wanted = { door: 'sunshine', name: 'shop' };
    const key = { 'idempotency-key': 'one-key' };
    const first = await call('POST', `${base}/keys`, wanted, key);
    const again = await call('POST', `${base}/keys`, wanted, key);
    assert.deepEqual(again.body, ok(first, 201));
    assert.equal(again.headers.get('idempotent-replayed'), 'true');
    assert.equal(first.headers.get('idempotent-replayed'), null);
    refused(await call('POST', `${base}/keys`, { ...wanted, name: 'other' }, key), 422, 'Idempotency-Key');
    const [row] = await sql`SELECT body FROM idempotency WHERE key = 'one-key'`;
    assert.ok(!row!['body'].includes(first.body.secret));
    const { entries } = ok(await call('GET', `${base}/audit?limit=200`));
    const told = entries.filter(
      ({ action, subject }: Json) => action === 'key.create' && subject === `key:${first.body.keyId}`,
    );
    assert.equal(told.length, 1);
    assert.ok(!JSON.stringify(entries).includes(first.body.secret));
  });

  test('a key is rotated: both work until the old one ends, once; nobody comes to a role above his own', async () => {
    const old = ok(
      await call('POST', `${base}/keys`, { door: 'console', role: 'viewer', name: 'till' }),
      201,
    );
    const at = `${base}/keys/${old.keyId}/rotate`;
    refused(await call('POST', at, {}), 400, 'oldLastsMs');
    refused(await call('POST', at, { oldLastsMs: 91 * 24 * 3_600_000 }), 400, 'oldLastsMs');
    refused(await call('POST', `${base}/keys/con_0/rotate`, { oldLastsMs: 0 }), 404);
    const next = ok(await call('POST', at, { oldLastsMs: 3_600_000 }), 201);
    assert.deepEqual(
      [next.name, next.door, next.scopes, next.expiresAt],
      ['till', 'console', ['viewer'], null],
    );
    for (const { token } of [old, next]) ok(await caller(url, token)('GET', base));
    const shown = async (keyId: string) =>
      ok(await call('GET', `${base}/keys`)).keys.find((one: Json) => one.keyId === keyId);
    const { expiresAt } = await shown(old.keyId);
    assert.ok(expiresAt !== null);
    ok(await call('POST', at, { oldLastsMs: 7_200_000 }), 201);
    assert.equal((await shown(old.keyId)).expiresAt, expiresAt, 'an end comes no later');
    await sql`UPDATE api_keys SET expires_ms = 1 WHERE key_id = ${old.keyId}`;
    await until('it has ended', async () => (await caller(url, old.token)('GET', base)).status === 401);
    const ending = `${base}/keys/${next.keyId}/rotate`;
    const both = await Promise.all([1, 2].map(() => call('POST', ending, { oldLastsMs: 0 })));
    const answered = both.map(({ status }) => status).toSorted((a, b) => a - b);
    assert.deepEqual(answered, [201, 404], 'of two at once one ends it');
    refused(await caller(url, next.token)('GET', base), 401);
    const owned = ok(await call('POST', `${base}/keys`, { door: 'console', role: 'owner' }), 201);
    const admin = ok(await call('POST', `${base}/keys`, { door: 'console', role: 'admin' }), 201);
    const before = ok(await call('GET', `${base}/keys`)).keys.length;
    const up = `${base}/keys/${owned.keyId}/rotate`;
    refused(await caller(url, admin.token)('POST', up, { oldLastsMs: 0 }), 403, 'role');
    ok(await caller(url, owned.token)('GET', base));
    assert.equal(ok(await call('GET', `${base}/keys`)).keys.length, before, 'and nothing is changed');
    const { entries } = ok(await call('GET', `${base}/audit?limit=200`));
    const told = entries.filter(({ action }: Json) => action === 'key.rotate');
    assert.deepEqual(
      told.map(({ subject }: Json) => subject),
      [next, old, old].map(({ keyId }) => `key:${keyId}`),
    );
    assert.ok(!JSON.stringify(told).includes(next.secret));
  });

  test('the audit log is read page by page', async () => {
    const first = ok(await call('GET', `${base}/audit?limit=2`));
    assert.equal(first.entries.length, 2);
    const second = ok(await call('GET', `${base}/audit?limit=2&before=${first.next}`));
    assert.ok(second.entries[0].id < first.entries[1].id);
    assert.match(first.entries[0].actor, /^key:con_/);
  });
});

describe('integrations', () => {
  test('the catalogue says what a provider needs', async () => {
    const { providers } = ok(await call('GET', '/api/providers'));
    const one = providers.find(({ type }: Json) => type === 'twilio');
    assert.equal(one.channel, 'sms');
    assert.ok(one.settings.some(({ name, secret }: Json) => name === 'authToken' && secret));
  });

  test('made, shown without secrets, changed, switched off and on, tested, deleted', async () => {
    const settings = {
      accountSid: `AC${'1'.repeat(32)}`,
      authToken: 'very-secret-token-of-mine',
      phoneNumber: '+15005550006',
    };
    const made = ok(await call('POST', `${base}/integrations`, { type: 'twilio', name: 'T', settings }), 201);
    const at = `${base}/integrations/${made.id}`;
    const rotated = ok(
      await call('POST', `${at}/secrets`, { secrets: { authToken: 'another-secret-token-of-mine' } }),
    );
    assert.ok(!JSON.stringify([made, rotated, ok(await call('GET', at))]).includes('secret-token'));
    const { revision } = ok(await call('PATCH', at, { ratePerS: 5, name: 'U' }));
    assert.equal(revision, made.revision + 2, 'a change each');
    // Of two who have seen the same the second is told, and nothing of it stands.
    const both = await Promise.all(
      [6, 7].map((ratePerS) => call('PATCH', at, { ratePerS }, { 'if-match': `"${revision}"` })),
    );
    const [won, lost] = both[0]!.status === 200 ? both : both.toReversed();
    refused(lost!, 412, 'revision');
    assert.match(lost!.body.error.message, new RegExp(`it is at revision ${revision + 1} now`));
    const now = ok(await call('GET', at));
    assert.deepEqual([now.ratePerS, now.revision], [ok(won!).ratePerS, revision + 1]);
    refused(await call('PATCH', at, { ratePerS: 6 }, { 'if-match': 'mine' }), 400, 'If-Match');
    const { entries } = ok(await call('GET', `${base}/audit?action=integration.update&limit=1`));
    assert.equal(entries[0].detail.ratePerS, now.ratePerS);
    refused(await call('PATCH', at, { settings: { nope: 1 } }), 400, 'settings.nope');
    refused(await call('POST', `${base}/integrations`, { type: 'nope', settings: {} }), 400, 'type');
    ok(await call('POST', `${at}/disable`));
    const to = newNumber();
    refused(await call('POST', `${at}/test`, { to, text: 'hello test' }), 422);
    ok(await call('POST', `${at}/enable`));
    ok(await call('POST', `${at}/test`, { to, text: 'hello test' }), 202);
    await phoneHas(to, 'hello test');
    const health = await until('it is seen to work', async () => {
      const body = ok(await call('GET', `${at}/health`));
      return body.lastSuccessAt && body;
    });
    assert.equal(health.breaker, 'closed');
    refused(await call('POST', `${at}/test`, { to: 'nobody', text: 'x' }), 400, 'to');
    refused(await call('POST', `${at}/connect`), 422);
    assert.match(
      ok(await call('GET', `${at}/callbacks`)).inbound,
      /\/callbacks\/[0-9a-f]{24}\/[\w-]+\/inbound$/,
    );
    assert.equal((await call('DELETE', at)).status, 204);
    refused(await call('GET', at), 404);
  });
});

test('the domain that mail is sent from is looked up when asked for, and so often only', async () => {
  const mail = async (from: string) =>
    ok(
      await call('POST', `${base}/integrations`, {
        type: 'smtp',
        settings: { host: 'smtp.mail.example', from },
      }),
      201,
    );
  const { id } = await mail('Shop <hello@mail.example>');
  const at = `${base}/integrations/${id}/domain-check`;
  const checked = ok(await call('POST', at, { selector: 'S1' }));
  assert.equal(checked.domain, 'mail.example');
  assert.deepEqual(
    checked.records.map(({ what, name, good, found }: Json) => [what, name, good, found.length]),
    [
      ['spf', 'mail.example', true, 1],
      ['dkim', 's1._domainkey.mail.example', true, 1],
      ['dmarc', '_dmarc.mail.example', false, 0],
    ],
  );
  assert.match(checked.records[2].note, /There is none/);
  refused(await call('POST', at, { selector: 'a b' }), 400, 'selector');
  refused(await call('POST', `${base}/integrations/${twilio}/domain-check`, {}), 422);
  refused(await call('POST', `${base}/integrations/${'0'.repeat(24)}/domain-check`, {}), 404);
  const before = dns.asked.length;
  let refusedAt = 0;
  for (let n = 0; n < 30 && !refusedAt; n++) if ((await call('POST', at, {})).status === 429) refusedAt = n;
  assert.ok(refusedAt > 0, 'not without an end');
  const asked = dns.asked.length;
  assert.ok(asked > before);
  refused(await call('POST', at, {}), 429);
  assert.equal(dns.asked.length, asked, 'nobody is asked any more');
  assert.equal((await call('DELETE', `${base}/integrations/${id}`)).status, 204);
});

describe('contacts', () => {
  test('made, found, changed and erased', async () => {
    const made = await newContact({
      externalId: 'shop-1',
      email: 'Maria@Example.com',
      givenName: 'Maria',
      attributes: { plan: 'pro' },
    });
    assert.match(made.id, HEX);
    const shown = ok(await call('GET', `${base}/contacts/${made.id}`));
    assert.deepEqual(shown.destinations.map(({ channel }: Json) => channel).sort(), ['email', 'sms']);
    for (const search of ['shop-1', 'maria', made.phone.slice(1), 'maria@ex'])
      assert.ok(
        ok(await call('GET', `${base}/contacts?search=${encodeURIComponent(search)}`)).contacts.some(
          ({ id }: Json) => id === made.id,
        ),
        search,
      );
    const upTo = async (until: string, more = '') =>
      ok(await call('GET', `${base}/contacts?until=${until}${more}`)).contacts.map(({ id }: Json) => id);
    assert.equal((await upTo('2099-01-01T00:00:00Z'))[0], made.id, '§13 up to a day, the newest first');
    assert.deepEqual(await upTo('2099-01-01T00:00:00Z', '&search=shop-1'), [made.id]);
    assert.deepEqual(await upTo('2020-01-02T00:00:00Z'), []);
    refused(await call('GET', `${base}/contacts?until=2026`), 400, 'until');
    const changed = ok(
      await call('PATCH', `${base}/contacts/${made.id}`, {
        givenName: null,
        attributes: { plan: null, n: 1 },
      }),
    );
    assert.equal(changed.givenName, null);
    assert.deepEqual(changed.attributes, { n: 1 });
    refused(await call('POST', `${base}/contacts`, { phone: made.phone }), 409, 'phone');
    refused(await call('POST', `${base}/contacts`, { externalId: 'shop-1' }), 409, 'externalId');
    refused(await call('POST', `${base}/contacts`, { phone: '12' }), 400, 'phone');
    refused(await call('POST', `${base}/contacts`, { timeZone: 'Mars/Base' }), 400, 'timeZone');
    refused(await call('POST', `${base}/contacts`, { surname: 5 }), 400, 'surname');
    assert.equal((await call('DELETE', `${base}/contacts/${made.id}`)).status, 204);
    refused(await call('GET', `${base}/contacts/${made.id}`), 404);
  });

  test('pages go from the newest on', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.push((await newContact()).id);
    // Within 32 ms, an id says nothing of who was first.
    ids.sort().reverse();
    const first = ok(await call('GET', `${base}/contacts?limit=2`));
    assert.deepEqual(
      first.contacts.map(({ id }: Json) => id),
      ids.slice(0, 2),
    );
    assert.equal(
      ok(await call('GET', `${base}/contacts?limit=1&before=${first.next}`)).contacts[0].id,
      ids[2],
    );
  });

  test('an address is linked, blocked for a class, opened again, and unlinked', async () => {
    const one = await newContact();
    const other = await newContact();
    const at = `${base}/contacts/${one.id}/destinations`;
    refused(await call('POST', at, { channel: 'sms', address: other.phone }), 409, 'address');
    const linked = ok(await call('POST', at, { channel: 'email', address: 'l@example.com' }), 201);
    const blocked = ok(
      await call('POST', `${at}/${linked.id}/block`, { classes: ['marketing'], reason: 'asked' }),
    );
    assert.deepEqual(blocked.blocked, ['marketing']);
    ok(await call('POST', `${at}/${linked.id}/unblock`, { classes: ['marketing'] }));
    const { entries } = ok(await call('GET', `${base}/contacts/${one.id}/consent`));
    assert.deepEqual(
      entries.map(({ blocked: classes }: Json) => classes),
      [['marketing'], []],
    );
    assert.equal((await call('DELETE', `${at}/${linked.id}`)).status, 204);
    refused(await call('DELETE', `${at}/${linked.id}`), 404);
  });

  test('lists and tags hold contacts', async () => {
    for (const kind of ['lists', 'tags']) {
      const set = ok(await call('POST', `${base}/${kind}`, { name: 'Friends' }), 201);
      refused(await call('POST', `${base}/${kind}`, { name: 'Friends' }), 409, 'name');
      const ids = [(await newContact()).id, (await newContact()).id];
      const members = `${base}/${kind}/${set.id}/members`;
      assert.deepEqual(ok(await call('POST', members, { add: ids })), { added: 2, removed: 0 });
      assert.deepEqual(ok(await call('POST', members, { add: ids, remove: ids.slice(0, 1) })), {
        added: 0,
        removed: 1,
      });
      assert.equal(ok(await call('GET', `${base}/${kind}/${set.id}`)).contacts, 1);
      const listed = ok(await call('GET', `${base}/contacts?setId=${set.id}`));
      assert.deepEqual(
        listed.contacts.map(({ id }: Json) => id),
        [ids[1]],
      );
      assert.equal(ok(await call('PATCH', `${base}/${kind}/${set.id}`, { name: 'Foes' })).name, 'Foes');
      refused(await call('GET', `${base}/${kind === 'lists' ? 'tags' : 'lists'}/${set.id}`), 404);
      refused(await call('POST', members, { add: Array.from({ length: 10_001 }, () => ids[0]) }), 400, 'add');
      ok(await call('POST', members, { add: Array.from({ length: 10_000 }, () => ids[0]) }));
      assert.equal((await call('DELETE', `${base}/${kind}/${set.id}`)).status, 204);
      refused(await call('GET', `${base}/${kind}/${set.id}`), 404);
    }
  });
});

describe('import', () => {
  const send = async (
    csv: string | Buffer<ArrayBuffer>,
    query = '',
    type = 'text/csv',
    more: Record<string, string> = {},
    path = '/contacts/import',
  ) => {
    const response = await fetch(`${url}${base}${path}${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${demo.keys.console.token}`, 'content-type': type, ...more },
      body: csv,
    });
    const text = await response.text();
    return {
      status: response.status,
      replayed: response.headers.get('idempotent-replayed'),
      lines: text
        .trim()
        .split('\n')
        .map((line): Json => JSON.parse(line)),
    };
  };
  const rows = (n: number, of: string) =>
    Array.from({ length: n }, (_, i) => `${of}${i}@import.example.com,N${i}`).join('\n');

  test('rows become contacts in a list, bad ones are named, and a repeat doubles nothing', async () => {
    const list = ok(await call('POST', `${base}/lists`, { name: 'Imported' }), 201);
    const csv = `email,first_name\n${rows(3000, 'a')}\nnot an address,X\n`;
    for (const created of [3000, 0]) {
      const { status, lines } = await send(csv, `?listId=${list.id}&tag=in&tag=file`);
      assert.equal(status, 200);
      const last = lines.at(-1);
      assert.equal(last.done, true);
      assert.deepEqual(
        [last.rows, last.created, last.updated, last.rejected],
        [3001, created, 3000 - created, 1],
      );
      assert.deepEqual([last.faults[0].line, last.faults[0].field], [3002, 'email']);
    }
    assert.equal(ok(await call('GET', `${base}/lists/${list.id}`)).contacts, 3000);
    assert.deepEqual(
      ok(await call('GET', `${base}/tags`)).tags.map(({ name, contacts }: Json) => [name, contacts]),
      [
        ['file', 3000],
        ['in', 3000],
      ],
    );
  });

  test('a repeat with the same Idempotency-Key is answered as it was, and changes nothing that changed since', async () => {
    const csv = `email,first_name\n${rows(200, 'once')}\n`;
    const key = { 'idempotency-key': 'file-1' };
    const first = await send(csv, '', 'text/csv', key);
    assert.deepEqual([first.replayed, first.lines.at(-1).created], [null, 200]);
    const { contacts } = ok(await call('GET', `${base}/contacts?search=once7@import.example.com`));
    ok(await call('PATCH', `${base}/contacts/${contacts[0].id}`, { givenName: 'Changed' }));
    const again = await send(csv, '', 'text/csv', key);
    const { bytes: _bytes, ...last } = first.lines.at(-1);
    assert.deepEqual([again.status, again.replayed, again.lines], [200, 'true', [last]]);
    assert.equal(ok(await call('GET', `${base}/contacts/${contacts[0].id}`)).givenName, 'Changed');
    for (const other of [
      await send(`${csv}x@import.example.com,X\n`, '', 'text/csv', key),
      await send(csv, '?tag=t', 'text/csv', key),
    ])
      assert.deepEqual([other.status, other.lines[0].error.field], [422, 'Idempotency-Key']);
    assert.equal((await send(csv, '', 'text/csv', { 'idempotency-key': 'x'.repeat(300) })).status, 400);
  });

  test('a file that cannot be read to its end says where it stopped, and why; mixed ends of lines stop nothing', async () => {
    const { lines } = await send(
      'email,first_name\nstop1@import.example.com,A\nstop2@import.example.com,"B\nx,C\n',
    );
    const { done, rows: taken, stopped } = lines.at(-1);
    assert.deepEqual(
      [done, taken, stopped],
      [true, 1, { line: 3, reason: 'opens a quote that is never closed' }],
    );
    const mixed = `email,first_name\r\n${rows(20_000, 'mixed')}\n`;
    const last = (await send(mixed)).lines.at(-1);
    assert.deepEqual([last.rows, last.created, last.rejected, last.stopped], [20_000, 20_000, 0, undefined]);
  });

  test('12.1 rows that a spreadsheet saved empty are no rows, at once and in the background: what is wrong is told whatever stands between', async () => {
    const csv = `email,first_name\nnobody,A\n${',\n'.repeat(3_000)}last@empty.example.com,B\n${',\n'.repeat(10)}`;
    const last = (await send(csv)).lines.at(-1);
    assert.deepEqual([last.rows, last.created, last.rejected], [2, 1, 1]);
    assert.deepEqual(
      last.faults.map(({ line, field }: Json) => [line, field]),
      [[2, 'email']],
    );
    const { lines: uploaded } = await send(csv, '?name=b.csv', 'text/csv', {}, '/imports');
    assert.equal(uploaded[0].rows, 2);
  });

  test('12.1 bytes that are no UTF-8 are listed by their row, at once and in the background, unless the encoding is named', async () => {
    const csv = Buffer.from('email,first_name\nj@enc.example.com,Jos\xe9\nz@enc.example.com,Zoe\n', 'latin1');
    const plain = (await send(csv)).lines.at(-1);
    assert.deepEqual([plain.created, plain.rejected, plain.faults[0].line], [1, 1, 2]);
    assert.match(plain.faults[0].rule, /no text in UTF-8.*windows-1252/);
    const { lines: uploaded } = await send(csv, '?name=a.csv', 'text/csv', {}, '/imports');
    const look = ok(await call('POST', `${base}/imports/${uploaded[0].id}/preview`, {}));
    assert.deepEqual(
      look.rows.map(({ line, fault }: Json) => [line, fault?.field ?? null]),
      [
        [2, 'row'],
        [3, null],
      ],
    );
    ok(await call('POST', `${base}/imports/${uploaded[0].id}/start`, {}));
    const done = await until('the import is done', async () => {
      const now = ok(await call('GET', `${base}/imports/${uploaded[0].id}`));
      return now.state === 'done' ? now : undefined;
    });
    assert.deepEqual([done.rows, done.updated, done.rejected], [2, 1, 1]);
    const named = [
      await send(csv, '?encoding=windows-1252'),
      await send(csv, '', 'text/csv; charset="ISO-8859-1"'),
    ].map(({ lines }) => lines.at(-1).rejected);
    assert.deepEqual(named, [0, 0]);
    const found = ok(await call('GET', `${base}/contacts?search=j@enc.example.com`));
    assert.equal(found.contacts[0].givenName, 'José');
    const cut = await send(Buffer.from('email,pr\xe9nom\n', 'latin1'));
    assert.deepEqual([cut.status, cut.lines[0].error.field], [400, 'header']);
    for (const path of ['/contacts/import', '/imports'])
      for (const [query, type] of [
        ['?encoding=klingon', 'text/csv'],
        ['?encoding=utf-8&encoding=utf-8', 'text/csv'],
        ['', 'text/csv; charset=klingon'],
      ] as const) {
        const bad = await send(csv, query, type, {}, path);
        assert.deepEqual([bad.status, bad.lines[0].error.field], [400, 'encoding'], path + query + type);
      }
  });

  test('columns can be named by the sender', async () => {
    const mapping = JSON.stringify({
      Mail: { field: 'email' },
      Points: { attribute: 'points', type: 'number' },
      Junk: 'ignore',
    });
    const csv = 'Mail,Points,Junk\nmapped@example.com,7,x\n';
    const { lines } = await send(csv, `?mapping=${encodeURIComponent(mapping)}`);
    assert.equal(lines.at(-1).created, 1);
    const found = ok(await call('GET', `${base}/contacts?search=mapped@example.com`));
    assert.deepEqual(found.contacts[0].attributes, { points: 7 });
    for (const bad of ['{', '[]', '{"Mail":{"field":"nope"}}', '{"Mail":5}', '{"Mail":{}}'])
      assert.equal((await send(csv, `?mapping=${encodeURIComponent(bad)}`)).status, 400, bad);
  });

  test('what cannot be imported is refused with its reason, however much of it there is', async () => {
    const wide = `nothing,useful\n${'x,y\n'.repeat(2_000_000)}`;
    const big = await send(wide);
    assert.deepEqual([big.status, big.lines[0].error.field], [400, 'header']);
    const missing = await send(wide, `?listId=${'0'.repeat(24)}`);
    assert.deepEqual([missing.status, missing.lines[0].error.field], [404, 'listId']);
    assert.equal((await send('email\n', '?nope=1')).status, 400);
    assert.equal((await send('email\n', '?country=XX')).status, 400);
    assert.equal((await send('email\n', `?tag=${'x'.repeat(201)}`)).status, 400);
    assert.equal((await send('{}', '', 'application/json')).status, 415);
    assert.equal((await send('')).status, 400);
  });

  test('progress is told while it goes on, and a sender that goes away leaves what was written', async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const request = httpRequest(`${url}${base}/contacts/import`, {
      method: 'POST',
      headers: { authorization: `Bearer ${demo.keys.console.token}`, 'content-type': 'text/csv' },
    });
    request.on('error', () => {});
    request.on('response', (response) =>
      response.on('error', () => {}).once('data', (line: Buffer) => resolve(line.toString())),
    );
    request.write(`email,first_name\n`);
    let part = 0;
    // Written on until the first line comes back: the body never ends.
    const line = await until('a line of progress', async () => {
      request.write(`${rows(1000, `p${part++}-`)}\n`);
      return await Promise.race([promise, new Promise((later) => setImmediate(later))]);
    });
    assert.ok(JSON.parse(line as string).rows > 0);
    request.destroy();
    await until('the log tells of it', async () => {
      const { entries } = ok(await call('GET', `${base}/audit?limit=3`));
      return entries.some(({ action, detail }: Json) => action === 'contacts.import' && detail.brokenOff);
    });
  });
});

describe('messages and why', () => {
  test('a message to a number is delivered, answered, and in the history', async () => {
    const address = newNumber();
    const content = { type: 'text', text: 'Your order is ready' };
    const sent = ok(
      await call('POST', `${base}/messages`, {
        destination: { channel: 'sms', address },
        content,
        integrationId: twilio,
      }),
      202,
    );
    await phoneHas(address, content.text);
    const reply = ok(
      await call('POST', `${base}/simulator/reply`, { channel: 'sms', address, text: 'Thanks' }),
    );
    assert.equal(reply.direction, 'in');
    const delivered = await until('delivered', async () => {
      const body = ok(await call('GET', `${base}/messages/${sent.messageId}`));
      return body.deliveries[0]?.state === 'delivered' && body;
    });
    assert.equal(delivered.deliveries[0].address, address);
    const history = await until('both in the history', async () => {
      const body = ok(await call('GET', `${base}/contacts/${sent.contactId}/history`));
      return body.entries.length === 2 && body;
    });
    assert.deepEqual(
      history.entries.map(({ message }: Json) => message.direction),
      ['in', 'out'],
    );
    const why = ok(await call('GET', `${base}/why?contact=${sent.contactId}&message=${sent.messageId}`));
    assert.equal(why.sent, true);
    assert.deepEqual(
      why.decisions.map(({ what }: Json) => what),
      ['let in', 'sent', 'delivered'],
    );
  });

  test('the text messages of a delivery are counted: GSM-7 and UCS-2, choices and all; nothing on other channels', async () => {
    const count = async (content: object, channel = 'sms') => {
      const address = channel === 'email' ? 'count@example.com' : '+14155550188';
      const destination = { channel, address };
      const { messageId } = ok(await call('POST', `${base}/messages`, { destination, content }), 202);
      await settled();
      return ok(await call('GET', `${base}/messages/${messageId}/deliveries`)).deliveries[0].segments;
    };
    const text = (words: string, more: object = {}) => ({ type: 'text', text: words, ...more });
    assert.deepEqual(await count(text('a'.repeat(160))), { encoding: 'GSM-7', count: 1 });
    assert.deepEqual(await count(text(`${'a'.repeat(159)}€`)), { encoding: 'GSM-7', count: 2 });
    assert.deepEqual(await count(text(`${'a'.repeat(69)}ж`)), { encoding: 'UCS-2', count: 1 });
    assert.deepEqual(await count(text(`${'a'.repeat(70)}ж`)), { encoding: 'UCS-2', count: 2 });
    const actions = [{ type: 'reply', text: 'Yes', payload: 'Y' }];
    assert.deepEqual(await count(text('a'.repeat(158), { actions })), { encoding: 'GSM-7', count: 2 });
    assert.equal(await count(text('Hello'), 'email'), null);
  });

  test('one is sent once per Idempotency-Key', async () => {
    const contact = await newContact();
    const body = { contactId: contact.id, content: { type: 'text', text: 'once' } };
    const key = { 'idempotency-key': 'send-once' };
    const [first, again] = [
      await call('POST', `${base}/messages`, body, key),
      await call('POST', `${base}/messages`, body, key),
    ];
    assert.deepEqual(again.body, ok(first, 202));
    const other = await call('POST', `${base}/messages`, { ...body, class: 'marketing' }, key);
    refused(other, 422);
  });

  test('one that is put off waits for its hour, by the clock of the workspace', async () => {
    const contact = await newContact();
    const { now } = ok(await call('GET', `${base}/clock`));
    const notBefore = new Date(Date.parse(now) + 3_600_000).toISOString();
    const sent = ok(
      await call('POST', `${base}/messages`, {
        contactId: contact.id,
        content: { type: 'text', text: 'later' },
        notBefore,
      }),
      202,
    );
    await settled();
    const at = `${base}/why?contact=${contact.id}&message=${sent.messageId}`;
    assert.equal(ok(await call('GET', at)).state, 'queued');
    await advance(call, base, 3_600_000);
    await phoneHas(contact.phone, 'later');
  });

  test('why tells what kept a message back', async () => {
    const contact = await newContact();
    const shown = ok(await call('GET', `${base}/contacts/${contact.id}`));
    const at = `${base}/contacts/${contact.id}/destinations/${shown.destinations[0].id}`;
    ok(await call('POST', `${at}/block`, { classes: ['marketing'], reason: 'asked us' }));
    const sent = ok(
      await call('POST', `${base}/messages`, {
        contactId: contact.id,
        class: 'marketing',
        content: { type: 'text', text: 'Sale' },
      }),
      202,
    );
    const why = await until('suppressed', async () => {
      const body = ok(await call('GET', `${base}/why?contact=${contact.id}&message=${sent.messageId}`));
      return body.state === 'suppressed' && body;
    });
    assert.equal(why.sent, false);
    assert.match(why.decisions.at(-1).why, /asked us/);
    const failing = ok(
      await call('POST', `${base}/messages`, {
        destination: { channel: 'sms', address: '+15005550003' },
        content: { type: 'text', text: 'throttled' },
      }),
      202,
    );
    const told = await until('sent after a throttle', async () => {
      const body = ok(
        await call('GET', `${base}/why?contact=${failing.contactId}&message=${failing.messageId}`),
      );
      return body.sent && body;
    });
    assert.deepEqual(
      told.decisions.slice(0, 3).map(({ what }: Json) => what),
      ['let in', 'deferred', 'sent'],
    );
  });

  test('what cannot be sent is refused', async () => {
    const { id } = await newContact();
    const content = { type: 'text', text: 'x' };
    const at = `${base}/messages`;
    refused(
      await call('POST', at, { contactId: id, destination: { channel: 'sms', address: '+1' }, content }),
      400,
      'destination',
    );
    refused(await call('POST', at, { content }), 400, 'destination');
    refused(
      await call('POST', at, { destination: { channel: 'sms', address: 'x' }, content }),
      400,
      'destination.address',
    );
    refused(
      await call('POST', at, { destination: { channel: 'webchat', address: 'x' }, content }),
      400,
      'destination',
    );
    refused(await call('POST', at, { contactId: '0'.repeat(24), content }), 404, 'contactId');
    refused(
      await call('POST', at, { contactId: id, content, integrationId: '0'.repeat(24) }),
      404,
      'integrationId',
    );
    refused(await call('POST', at, { contactId: id, content: { type: 'text' } }), 400, 'content.text');
    refused(
      await call('POST', at, { contactId: id, content: { type: 'text', text: '{{ x' } }),
      400,
      'content.text',
    );
    refused(await call('POST', at, { contactId: id, content: { ...content, txt: 1 } }), 400, 'content.txt');
    refused(await call('POST', at, { contactId: id, content, notBefore: 'soon' }), 400, 'notBefore');
    refused(await call('POST', at, { contactId: id, content, expiresAfterMs: 1 }), 400, 'expiresAfterMs');
  });
});

describe('broadcasts', () => {
  async function audience(n: number) {
    const name = `tag ${++numbers}`;
    const tag = ok(await call('POST', `${base}/tags`, { name }), 201);
    const contacts = [];
    for (let i = 0; i < n; i++) contacts.push(await newContact({ givenName: `G${i}` }));
    ok(await call('POST', `${base}/tags/${tag.id}/members`, { add: contacts.map(({ id }) => id) }));
    return { name, contacts };
  }
  const draft = async (tag: string, more: object = {}) =>
    ok(
      await call('POST', `${base}/broadcasts`, {
        name: 'News',
        content: { type: 'text', text: 'Hi {{ contact.givenName }}' },
        channel: 'sms',
        class: 'transactional',
        audience: { include: { tags: [tag] } },
        ...more,
      }),
      201,
    );

  test('drafted, forecast, started, counted, and told of each recipient', async () => {
    const { name, contacts } = await audience(3);
    const [blocked] = contacts;
    const { destinations } = ok(await call('GET', `${base}/contacts/${blocked.id}/destinations`));
    ok(
      await call('POST', `${base}/contacts/${blocked.id}/destinations/${destinations[0].id}/block`, {
        classes: ['transactional'],
      }),
    );
    const made = await draft(name);
    assert.equal(made.state, 'draft');
    const at = `${base}/broadcasts/${made.id}`;
    const outside = await newContact();
    const before = ok(await call('GET', `${base}/why?contact=${outside.id}&broadcast=${made.id}`));
    assert.equal(before.state, 'not started');
    const forecast = ok(await call('GET', `${at}/forecast`));
    assert.deepEqual([forecast.matched, forecast.reachable, forecast.unreachable], [3, 2, { banned: 1 }]);
    assert.deepEqual(forecast.segments, { encoding: 'GSM-7', each: 1, total: 2, varies: true });
    const cyrillic = await draft(name, { content: { type: 'text', text: 'ж'.repeat(71) } });
    assert.deepEqual(ok(await call('GET', `${base}/broadcasts/${cyrillic.id}/forecast`)).segments, {
      encoding: 'UCS-2',
      each: 2,
      total: 4,
      varies: false,
    });
    ok(await call('POST', `${at}/start`));
    refused(await call('POST', `${at}/start`), 409);
    const done = await stateOf(made.id, 'done');
    assert.deepEqual([done.counts.matched, done.counts.suppressed], [3, 1]);
    await phoneHas(contacts[1].phone, 'Hi G1');
    const amiss = ok(await call('GET', `${at}/amiss?state=suppressed`));
    assert.deepEqual(
      amiss.recipients.map(({ contactId }: Json) => contactId),
      [blocked.id],
    );
    assert.deepEqual(ok(await call('GET', `${at}/amiss?state=failed`)).recipients, []);
    const why = async (id: string) => ok(await call('GET', `${base}/why?contact=${id}&broadcast=${made.id}`));
    const got = await why(contacts[1].id);
    assert.equal(got.sent, true);
    assert.ok(
      got.decisions.some(
        ({ what, why: reason }: Json) => what === 'in the audience' && /include\.tags/.test(reason),
      ),
    );
    const not = await why(blocked.id);
    assert.deepEqual([not.sent, not.state], [false, 'suppressed']);
    const never = await why(outside.id);
    assert.deepEqual([never.sent, never.state], [false, 'not a recipient']);
    assert.ok(never.decisions.some(({ what }: Json) => what === 'not in the audience'));
    const history = ok(await call('GET', `${base}/contacts/${contacts[1].id}/history`));
    assert.equal(history.entries[0].broadcast.id, made.id);
    assert.deepEqual(history.entries[0].deliveries[0].segments, { encoding: 'GSM-7', count: 1 });
    assert.ok(ok(await call('GET', `${base}/broadcasts?limit=1`)).broadcasts[0].counts);
  });

  test('scheduled for an hour, changed, and called off; or begun when the hour comes', async () => {
    const { name, contacts } = await audience(1);
    const first = await draft(name);
    const { now } = ok(await call('GET', `${base}/clock`));
    const at = new Date(Date.parse(now) + 7_200_000).toISOString();
    refused(await call('POST', `${base}/broadcasts/${first.id}/schedule`, { at: now }), 400, 'at');
    assert.equal(ok(await call('POST', `${base}/broadcasts/${first.id}/schedule`, { at })).scheduledAt, at);
    assert.equal(ok(await call('PATCH', `${base}/broadcasts/${first.id}`, { name: 'Later' })).name, 'Later');
    assert.equal(ok(await call('POST', `${base}/broadcasts/${first.id}/cancel`)).state, 'canceled');
    const second = await draft(name, { content: { type: 'text', text: 'at its hour' } });
    ok(await call('POST', `${base}/broadcasts/${second.id}/schedule`, { at }));
    await advance(call, base, 7_300_000);
    await stateOf(second.id, 'done');
    await phoneHas(contacts[0].phone, 'at its hour');
  });

  test('paused, slowed, resumed and called off', async () => {
    const { name } = await audience(5);
    const made = await draft(name, { ratePerS: 0.5 });
    const at = `${base}/broadcasts/${made.id}`;
    ok(await call('POST', `${at}/start`));
    assert.equal(ok(await call('POST', `${at}/pause`)).state, 'paused');
    refused(await call('POST', `${at}/pause`), 409);
    assert.equal(ok(await call('POST', `${at}/rate`, { ratePerS: null })).ratePerS, null);
    assert.equal(ok(await call('POST', `${at}/resume`)).state, 'running');
    await stateOf(made.id, 'done');
    refused(await call('POST', `${at}/cancel`), 409);
    refused(await call('PATCH', at, { name: 'x' }), 409);
  });

  test('a draft that is not kept is forecast as one that is, and says of whom it speaks', async () => {
    const { name, contacts } = await audience(3);
    const [{ destinations }] = [ok(await call('GET', `${base}/contacts/${contacts[0].id}/destinations`))];
    const block = `${base}/contacts/${contacts[0].id}/destinations/${destinations[0].id}/block`;
    ok(await call('POST', block, { classes: ['transactional'] }));
    const { id, name: _name, ...made } = await draft(name);
    const { content, channel, audience: who } = made;
    const plan = { content, channel, class: 'transactional', audience: who };
    assert.deepEqual(
      ok(await call('POST', `${base}/broadcasts/forecast`, plan)),
      ok(await call('GET', `${base}/broadcasts/${id}/forecast`)),
    );
    const quiet = (to: string) => call('PATCH', base, { settings: { quietHours: { from: hour(-6), to } } });
    const hour = (ahead: number) => new Date(Date.now() + ahead * 3_600_000).toISOString().slice(11, 16);
    const { timeZone } = ok(await call('GET', base));
    ok(await call('PATCH', base, { timeZone: 'UTC' }));
    ok(await quiet(hour(10)));
    const later = ok(await call('POST', `${base}/broadcasts/forecast`, { ...plan, class: 'marketing' }));
    ok(await call('PATCH', base, { timeZone, settings: { quietHours: null } }));
    assert.deepEqual(Object.keys(later.heldUntil), Object.keys(later.held));
    const waits = later.heldUntil.quiet_hours;
    assert.equal(waits.first, waits.last, 'they live in one zone');
    assert.ok(Date.parse(waits.first) > Date.now());
    const people = async (code: string, more: object = {}) =>
      ok(await call('POST', `${base}/broadcasts/people`, { ...plan, code, ...more }));
    assert.deepEqual(await people('banned'), {
      people: [{ contactId: contacts[0].id, name: 'G0', address: contacts[0].phone }],
      next: null,
    });
    const reached = await people('reached');
    assert.deepEqual(reached.people.map((one: Json) => one.name).toSorted(), ['G1', 'G2']);
    const first = reached.people[0].contactId;
    assert.equal((await people('reached', { after: first })).people.length, 1);
    refused(
      await call('POST', `${base}/broadcasts/forecast`, { ...plan, channel: 'pigeon' }),
      400,
      'channel',
    );
  });

  test('two who change a draft learn of each other; copied, unscheduled, deleted', async () => {
    const { name } = await audience(1);
    const made = await draft(name);
    const at = `${base}/broadcasts/${made.id}`;
    assert.equal(made.revision, 1);
    const mine = await call('PATCH', at, { name: 'Mine' }, { 'if-match': '"1"' });
    assert.equal(ok(mine).revision, 2);
    refused(await call('PATCH', at, { name: 'Theirs' }, { 'if-match': '1' }), 412, 'revision');
    refused(await call('PATCH', at, { name: 'Theirs' }, { 'if-match': 'mine' }), 400, 'If-Match');
    assert.equal(ok(await call('GET', at)).name, 'Mine');
    const copy = ok(await call('POST', `${at}/copy`), 201);
    assert.deepEqual([copy.name, copy.state, copy.content], ['Mine (copy)', 'draft', made.content]);
    const { now } = ok(await call('GET', `${base}/clock`));
    ok(await call('POST', `${at}/schedule`, { at: new Date(Date.parse(now) + 3_600_000).toISOString() }));
    refused(await call('DELETE', at), 409);
    assert.deepEqual(
      (({ state, scheduledAt }) => [state, scheduledAt])(ok(await call('POST', `${at}/unschedule`))),
      ['draft', null],
    );
    refused(await call('POST', `${at}/unschedule`), 409);
    ok(await call('DELETE', at));
    refused(await call('GET', at), 404);
    refused(await call('POST', `${at}/copy`), 404);
  });

  test('tried on an address; recipients by state; what it led to', async () => {
    const { name, contacts } = await audience(2);
    const link = { type: 'link', text: 'Shop', uri: 'https://example.com/shop' };
    const content = { type: 'text', text: 'Hi {{ contact.givenName }}', actions: [link] };
    const made = await draft(name, { content });
    const at = `${base}/broadcasts/${made.id}`;
    const phone = newNumber();
    ok(await call('POST', `${at}/test`, { address: phone, as: contacts[1].id }), 202);
    await until('it came', async () => {
      const { body } = await call('GET', `${base}/simulator/messages?address=${encodeURIComponent(phone)}`);
      return JSON.stringify(body).includes('Hi G1');
    });
    refused(await call('POST', `${at}/test`, { address: phone, as: '0'.repeat(24) }), 404, 'as');
    refused(await call('POST', `${at}/test`, { address: 'nowhere' }), 400, 'address');
    assert.deepEqual(ok(await call('GET', `${at}/recipients?state=accepted`)).recipients, []);
    ok(
      await call('POST', `${base}/simulator/rules`, {
        addressPattern: contacts[0].phone,
        outcome: 'undelivered',
      }),
      201,
    );
    ok(await call('POST', `${at}/start`));
    await stateOf(made.id, 'done');
    await settled();
    const results = ok(await call('GET', `${at}/results`));
    assert.equal(results.counts.matched, 2);
    assert.deepEqual(
      results.failures.map(({ state, n }: Json) => [state, n]),
      [['failed', 1]],
    );
    assert.deepEqual(results.links, [], 'clicks are not counted here');
    const { recipients } = ok(await call('GET', `${at}/recipients?state=failed`));
    assert.deepEqual([recipients[0].name, recipients[0].contactId], ['G0', contacts[0].id]);
    refused(await call('GET', `${at}/recipients`), 400, 'state');
  });

  test('hour by hour, who answered each once, the recipients as a file, and who it failed for on a list', async () => {
    const { name, contacts } = await audience(4);
    const [failing, ann, bea, cas] = contacts;
    ok(
      await call('POST', `${base}/simulator/rules`, {
        addressPattern: failing.phone,
        outcome: 'undelivered',
      }),
      201,
    );
    const made = await draft(name, { content: { type: 'text', text: `Hi ${'x'.repeat(200)}` } });
    const at = `${base}/broadcasts/${made.id}`;
    ok(await call('POST', `${at}/start`));
    await stateOf(made.id, 'done');
    await settled();
    const reply = async (address: string, text: string) =>
      ok(await call('POST', `${base}/simulator/reply`, { channel: 'sms', address, text }));
    await reply(ann.phone, 'Are you open?');
    await reply(ann.phone, 'On Sunday?');
    await reply(bea.phone, 'STOP');
    // What was sent to Cas since is what Cas answers.
    const content = { type: 'text', text: 'Your parcel' };
    ok(await call('POST', `${base}/messages`, { contactId: cas.id, content }), 202);
    await phoneHas(cas.phone, 'Your parcel');
    await settled();
    await reply(cas.phone, 'Thanks');
    const results = await until('both answered', async () => {
      const { body } = await call('GET', `${at}/results`);
      const { replied, optedOut } = body.answers;
      return replied + optedOut >= 2 && body.hours.some(({ delivered }: Json) => delivered > 0) && body;
    });
    await settled();
    const after = ok(await call('GET', `${at}/results`));
    assert.deepEqual(after.answers, { replied: 1, optedOut: 1 });
    const sum = (series: string) => after.hours.reduce((all: number, hour: Json) => all + hour[series], 0);
    assert.deepEqual(
      ['sent', 'delivered', 'read', 'failed', 'replied', 'optedOut'].map(sum),
      [4, 3, 0, 1, 1, 1],
    );
    assert.equal(after.segments, 8, 'two each');
    assert.ok(results.hours.every((hour: Json) => Date.parse(hour.at) % 3_600_000 === 0));
    const who = async (kind: string) => ok(await call('GET', `${at}/answers?kind=${kind}`)).people;
    assert.deepEqual(
      [await who('replied'), await who('optedOut')].map(([one, more]) => [one.contactId, one.name, more]),
      [
        [ann.id, 'G1', undefined],
        [bea.id, 'G2', undefined],
      ],
    );
    refused(await call('GET', `${at}/answers`), 400, 'kind');
    refused(await call('GET', `${at}/answers?kind=waved`), 400, 'kind');
    const linesOf = async (body: object) => {
      const made = ok(await call('POST', `${at}/file`, body), 201);
      const file = await fetch(`${url}${new URL(made.url).pathname}`);
      assert.match(file.headers.get('content-type')!, /^text\/csv/);
      return (await file.text()).split('\r\n').slice(1, -1);
    };
    assert.equal((await linesOf({})).length, 4);
    const [line, more] = await linesOf({ state: 'failed' });
    assert.match(line!, new RegExp(`^${failing.id},G0,,sms,'\\${failing.phone},failed,`));
    assert.equal(more, undefined);
    refused(await call('POST', `${at}/file`, { state: 'lost' }), 400, 'state');
    assert.equal((await fetch(`${url}/api/recipients/nothing/recipients.csv`)).status, 404);
    const list = ok(await call('POST', `${base}/lists`, { name: `again ${numbers}` }), 201);
    const bulk = async (outcome: string, id = made.id) =>
      await call('POST', `${base}/contacts/bulk`, { who: { broadcast: { id, outcome } }, add: [list.id] });
    for (const outcome of ['failed', 'optedOut']) {
      const job = ok(await bulk(outcome), 202);
      await until('it is done', async () => {
        const { body } = await call('GET', `${base}/contacts/bulk/${job.id}`);
        return body.state === 'done' && body.people === 1;
      });
    }
    const members = ok(await call('GET', `${base}/contacts?setId=${list.id}`)).contacts;
    assert.deepEqual(new Set(members.map(({ id }: Json) => id)), new Set([failing.id, bea.id]));
    refused(await bulk('failed', '0'.repeat(24)), 404, 'who.broadcast.id');
  });

  test('rendered for somebody, with what is wrong and where', async () => {
    const ann = await newContact({ givenName: 'Ann', locale: 'nl' });
    const render = async (text: string, more: object = {}) =>
      ok(await call('POST', `${base}/render`, { content: { type: 'text', text }, channel: 'sms', ...more }));
    const shown = await render('Hi {{ contact.givenName }} €', { contactId: ann.id });
    assert.deepEqual([shown.shown.text, shown.person.name, shown.person.locale], ['Hi Ann €', 'Ann', 'nl']);
    assert.deepEqual(shown.segments, { encoding: 'GSM-7', count: 1, units: 9 });
    assert.match((await render('{{ contact.name }}', { madeUp: 'longest' })).shown.text, /Featherstonehaugh/);
    const nameless = await render('one\nHi {{ contact.givenName }}', { madeUp: 'noName' });
    assert.deepEqual(
      nameless.problems.map(({ severity, line, column }: Json) => [severity, line, column]),
      [['error', 2, 7]],
    );
    const broken = await render('one\n{{ contact.givenName | }} {% if %}');
    assert.deepEqual(
      [broken.shown, broken.problems[0].severity, broken.problems[0].line],
      [null, 'error', 2],
    );
    const [warning] = (await render('Hi {{ contact.firstName | default: "you" }}')).problems;
    assert.deepEqual([warning.severity, warning.line, warning.column], ['warning', 1, 7]);
    assert.match(warning.message, /did you mean contact\.givenName/);
    refused(
      await call('POST', `${base}/render`, {
        content: { type: 'text', text: 'x' },
        channel: 'sms',
        contactId: '0'.repeat(24),
      }),
      404,
    );
  });

  test('what names nothing is refused', async () => {
    const body = { name: 'x', content: { type: 'text', text: 'x' }, channel: 'sms' };
    const at = `${base}/broadcasts`;
    const none = '0'.repeat(24);
    refused(
      await call('POST', at, { ...body, audience: { include: { lists: [none] } } }),
      404,
      'audience.include.lists[0]',
    );
    refused(
      await call('POST', at, { ...body, audience: { include: { tags: ['nope'] } } }),
      404,
      'audience.include.tags[0]',
    );
    refused(await call('POST', at, { ...body, audience: { include: {} } }), 400, 'audience.include');
    refused(
      await call('POST', at, { ...body, audience: { include: { everyone: true } } }),
      400,
      'audience.include.everyone',
    );
    refused(
      await call('POST', at, { ...body, audience: { include: { filter: { attribute: 'a', equals: 1 } } } }),
      400,
    );
    refused(
      await call('POST', at, { ...body, integrationId: none, audience: { include: { all: true } } }),
      404,
      'integrationId',
    );
  });
});

describe('webhooks', () => {
  test('calls of a webhook are shown, made again, and tried by hand', async () => {
    const { appId, keyId, secret } = demo.keys.sunshine;
    receiver.answer('/hook', (before) => ({ status: before === 0 ? 400 : 200 }));
    const response = await fetch(`${url}/v1.1/apps/${appId}/webhooks`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${keyId}:${secret}`).toString('base64')}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ target: receiver.url('/hook'), triggers: ['message:appUser'] }),
    });
    assert.equal(response.status, 201);
    const { webhooks } = ok(await call('GET', `${base}/webhooks`));
    assert.deepEqual([webhooks.length, webhooks[0].door, webhooks[0].secret], [1, 'sunshine', undefined]);
    const at = `${base}/webhooks/${webhooks[0].id}`;
    const pinged = ok(await call('POST', `${at}/ping`), 202);
    const over = await until('the ping was answered', async () => {
      const body = ok(await call('GET', `${base}/webhook-calls/${pinged.callId}`));
      return (body.attempts > 0 || body.state !== 'pending') && body;
    });
    assert.equal(over.trigger, 'ping');
    assert.equal(over.lastStatus, 400);
    const { calls } = ok(await call('GET', `${at}/calls`));
    assert.equal(calls[0].id, pinged.callId);
    ok(await call('POST', `${at}/replay-failed`, { since: '2020-01-01T00:00:00Z' }), 202);
    const second = ok(await call('POST', `${at}/ping`), 202);
    await until('the second arrived', async () => {
      return ok(await call('GET', `${base}/webhook-calls/${second.callId}`)).state === 'delivered';
    });
    const replayed = ok(await call('POST', `${base}/webhook-calls/${second.callId}/replay`), 202);
    await until('the replay arrived', async () => {
      const body = ok(await call('GET', `${base}/webhook-calls/${replayed.callId}`));
      return body.state === 'delivered' && body.replayOf === second.callId;
    });
    assert.equal(ok(await call('PATCH', at, { status: 'disabled' })).status, 'disabled');
    refused(await call('POST', `${at}/ping`), 422, 'status');
    refused(await call('GET', `${base}/webhooks/${'0'.repeat(24)}/calls`), 404);
    refused(await call('GET', `${at}/calls?state=nope`), 400, 'state');
  });

  test('made, changed, given a new secret and deleted by hand; every attempt is kept; some calls are made again', async () => {
    receiver.answer('/tries', (before) => ({ status: before === 0 ? 503 : 200, body: `answer ${before}` }));
    const { doors } = ok(await call('GET', `${base}/webhooks/triggers`));
    assert.deepEqual(
      doors.map(({ door }: Json) => door),
      ['sunshine', 'web1on1'],
    );
    const wanted = { door: 'sunshine', target: receiver.url('/tries'), triggers: ['message:appUser'] };
    refused(await call('POST', `${base}/webhooks`, { ...wanted, triggers: ['nope'] }), 400, 'triggers[0]');
    refused(await call('POST', `${base}/webhooks`, { ...wanted, door: 'outbound' }), 400, 'door');
    const made = ok(await call('POST', `${base}/webhooks`, wanted), 201);
    assert.match(made.secret, /^whsec_/);
    const at = `${base}/webhooks/${made.id}`;
    const pinged = ok(await call('POST', `${at}/ping`), 202);
    const calledBack = async (id: string) => ok(await call('GET', `${base}/webhook-calls/${id}`));
    const failing = await until('it failed once', async () => {
      const body = await calledBack(pinged.callId);
      return body.attempts === 1 && body;
    });
    assert.deepEqual([failing.state, failing.lastStatus, failing.tried], ['pending', 503, []]);
    assert.ok(Date.parse(failing.nextAt) > Date.parse(failing.createdAt));
    assert.equal(ok(await call('GET', `${at}/calls`)).calls[0].nextAt, failing.nextAt);
    refused(await call('POST', `${base}/webhook-calls/${pinged.callId}/replay`), 409);
    await advance(call, base, 3_600_000);
    const over = await until('it was taken', async () => {
      const body = await calledBack(pinged.callId);
      return body.state === 'delivered' && body;
    });
    assert.deepEqual(
      [over.attempts, over.tried.length, over.tried[0].status, over.tried[0].answer, over.nextAt],
      [2, 1, 503, 'answer 0', null],
    );
    const before = receiver.received('/tries').at(-1)!.headers['x-api-key'];
    assert.equal(before, made.secret);
    const turned = ok(await call('POST', `${at}/rotate`));
    assert.notEqual(turned.secret, made.secret);
    const asked = { callIds: [pinged.callId, '0'.repeat(24)] };
    assert.deepEqual(ok(await call('POST', `${at}/replay`, asked), 202), { replayed: 1, more: false });
    await until('the replay came', () => Promise.resolve(receiver.received('/tries').length === 3));
    assert.equal(receiver.received('/tries').at(-1)!.headers['x-api-key'], turned.secret);
    const pings = ok(await call('GET', `${at}/calls?trigger=ping`)).calls;
    assert.equal(pings.length, 2);
    assert.deepEqual(ok(await call('GET', `${at}/calls?trigger=other`)).calls, []);
    const callsOf = async (more: string) =>
      ok(await call('GET', `${at}/calls?${more}`)).calls.map(({ id }: Json) => id);
    const both = pings.map(({ id }: Json) => id);
    assert.deepEqual(await callsOf(`message=${pings[0].messageId}`), both, 'with what repeated it');
    assert.deepEqual(await callsOf('message=msg_zz'), []);
    refused(await call('GET', `${at}/calls?message=${pinged.callId}`), 400, 'message');
    assert.deepEqual(await callsOf('until=2099-01-01T00:00:00Z'), both);
    assert.deepEqual(await callsOf('until=2026-01-01T00:00:00Z'), []);
    const moved = ok(await call('PATCH', at, { target: receiver.url('/elsewhere'), triggers: ['*'] }));
    assert.deepEqual([moved.target, moved.triggers], [receiver.url('/elsewhere'), ['*']]);
    ok(await call('DELETE', at));
    refused(await call('POST', `${at}/rotate`), 404);
  });
});

describe('templates', () => {
  const at = `${base}/templates`;
  const text = (words: string) => ({ type: 'text', text: words });

  test('kept with every version and by language; two who change one learn of each other', async () => {
    const made = ok(await call('POST', at, { name: 'Welcome', content: text('Hi') }), 201);
    assert.deepEqual([made.revision, made.content, made.locales], [1, text('Hi'), {}]);
    refused(await call('POST', at, { name: 'Welcome', content: text('Hi') }), 409, 'name');
    refused(await call('POST', at, { name: 'a(b', content: text('Hi') }), 400, 'name');
    refused(
      await call('POST', at, { name: 'Odd', content: text('{{ x | }} {% if %}') }),
      400,
      'content.text',
    );
    refused(
      await call('POST', at, { name: 'Odd', content: text('x'), locales: { 'n l': text('x') } }),
      400,
      'locales',
    );
    const one = `${at}/${made.id}`;
    const locales = { nl: text('Hoi {{ contact.givenName | default: "daar" }}') };
    const changed = ok(await call('PATCH', one, { content: text('Hello'), locales }, { 'if-match': '"1"' }));
    assert.deepEqual([changed.revision, changed.locales], [2, locales]);
    refused(await call('PATCH', one, { name: 'Mine' }, { 'if-match': '1' }), 412, 'revision');
    const { versions } = ok(await call('GET', `${one}/versions`));
    assert.deepEqual(
      versions.map(({ revision, content, locales: by }: Json) => [revision, content.text, Object.keys(by)]),
      [
        [2, 'Hello', ['nl']],
        [1, 'Hi', []],
      ],
    );
    assert.match(versions[0].by, /^key:/);
    const shown = async (locale?: string) =>
      ok(
        await call('POST', `${base}/render`, {
          content: { type: 'template', name: 'Welcome' },
          channel: 'sms',
          ...(locale ? { locale } : {}),
        }),
      ).shown.text;
    assert.deepEqual(
      [await shown(), await shown('nl-BE'), await shown('de')],
      ['Hello', 'Hoi Johanna', 'Hello'],
    );
    const phone = newNumber();
    ok(await call('POST', `${one}/test`, { channel: 'sms', address: phone, locale: 'nl' }), 202);
    await phoneHas(phone, 'Hoi Johanna');
    const draft = {
      name: 'By template',
      channel: 'sms',
      content: { type: 'template', name: 'Welcome' },
      audience: { include: { all: true } },
    };
    const broadcast = ok(await call('POST', `${base}/broadcasts`, draft), 201);
    assert.deepEqual(broadcast.content, text('Hello'), 'what it says now is what is sent');
    const second = ok(await call('POST', at, { name: 'Another', content: text('x') }), 201);
    const page = ok(await call('GET', `${at}?limit=1`));
    assert.deepEqual([page.templates[0].name, page.next], ['Another', second.id]);
    assert.equal(ok(await call('GET', `${at}?after=${page.next}`)).templates[0].name, 'Welcome');
    assert.deepEqual(
      ok(await call('GET', `${at}?q=ELCO`)).templates.map(({ name }: Json) => name),
      ['Welcome'],
    );
    ok(await call('DELETE', one));
    refused(await call('GET', `${one}/versions`), 404);
  });

  test('MJML stays as it was written, and is sent as the HTML it makes', async () => {
    const mjml =
      '<mjml><mj-body><mj-section><mj-column><mj-text>Hi {{ contact.givenName }}</mj-text></mj-column></mj-section></mj-body></mjml>';
    const content = { type: 'text', text: 'Hi', subject: 'News', mjml };
    const made = ok(await call('POST', at, { name: 'Newsletter', content }), 201);
    assert.deepEqual(made.content, content);
    const asked = { content: { type: 'template', name: 'Newsletter' }, channel: 'email' };
    const { shown } = ok(await call('POST', `${base}/render`, asked));
    assert.match(shown.html, /Hi Johanna/);
    const bad = {
      ...asked,
      content: { ...content, mjml: '<mjml><mj-body><mj-nope></mj-nope></mj-body></mjml>' },
    };
    const { problems } = ok(await call('POST', `${base}/render`, bad));
    assert.deepEqual(
      [problems[0].severity, problems[0].field, problems[0].line],
      ['error', 'content.mjml', 1],
    );
  });
});

describe('idempotency', () => {
  test('what was answered first under a key is found, but no secret', async () => {
    const key = { 'idempotency-key': 'look me up' };
    const list = ok(await call('POST', `${base}/lists`, { name: 'Once' }, key), 201);
    ok(await call('POST', `${base}/lists`, { name: 'Once' }, key), 201);
    const { answers } = ok(await call('GET', `${base}/idempotency?key=look%20me%20up`));
    assert.equal(answers.length, 1);
    assert.deepEqual([answers[0].door, answers[0].status], ['console', 201]);
    assert.equal(JSON.parse(answers[0].body).id, list.id);
    const secret = { 'idempotency-key': 'a secret one' };
    ok(await call('POST', `${base}/keys`, { door: 'sunshine' }, secret), 201);
    const sealed = ok(await call('GET', `${base}/idempotency?key=a%20secret%20one`));
    assert.deepEqual([sealed.answers[0].status, sealed.answers[0].body], [201, null]);
    assert.deepEqual(ok(await call('GET', `${base}/idempotency?key=nobody`)).answers, []);
    refused(await call('GET', `${base}/idempotency`), 400, 'key');
  });
});

describe('simulator', () => {
  test('rules decide what a provider answers', async () => {
    const { phone } = await newContact();
    const rule = ok(
      await call('POST', `${base}/simulator/rules`, {
        channel: 'sms',
        addressPattern: phone,
        outcome: 'invalid',
        times: 1,
      }),
      201,
    );
    const send = async () =>
      ok(
        await call('POST', `${base}/messages`, {
          destination: { channel: 'sms', address: phone },
          content: { type: 'text', text: 'x' },
        }),
        202,
      );
    const { messageId } = await send();
    await until(
      'refused',
      async () => ok(await call('GET', `${base}/messages/${messageId}`)).deliveries[0]?.state === 'failed',
    );
    assert.ok(ok(await call('GET', `${base}/simulator/rules`)).rules.some(({ id }: Json) => id === rule.id));
    assert.equal((await call('DELETE', `${base}/simulator/rules/${rule.id}`)).status, 204);
    refused(await call('DELETE', `${base}/simulator/rules/${rule.id}`), 404);
    refused(
      await call('POST', `${base}/simulator/rules`, { addressPattern: '*', outcome: 'nope' }),
      400,
      'outcome.outcome',
    );
  });

  test('the devices of a contact, reading and clicking', async () => {
    const { id, phone } = await newContact();
    const { devices } = ok(await call('GET', `${base}/simulator/contacts/${id}/devices`));
    assert.deepEqual(
      devices.map(({ channel, address }: Json) => [channel, address]),
      [['sms', phone]],
    );
    const content = { type: 'text', text: 'see https://example.com/a' };
    ok(await call('POST', `${base}/messages`, { contactId: id, content }), 202);
    const message = await phoneHas(phone, content.text);
    assert.equal(ok(await call('POST', `${base}/simulator/messages/${message.id}/read`)).id, message.id);
    const clicked = await call('POST', `${base}/simulator/messages/${message.id}/click`, {
      url: 'https://example.com/a',
    });
    assert.equal(ok(clicked).url, 'https://example.com/a');
    refused(
      await call('POST', `${base}/simulator/messages/${message.id}/click`, { url: 'https://evil.example/' }),
      400,
      'url',
    );
    refused(await call('POST', `${base}/simulator/press`, { address: phone, keys: '1' }), 404, 'address');
    refused(await call('GET', `${base}/simulator/messages`), 400, 'address');
    refused(await call('GET', `${base}/simulator/messages?address=%2B19995550000`), 404, 'address');
  });
});

const ARRIVED = ['accepted', 'delivered', 'read'];

test('a mail that is called spam: no marketing to that address any more, by why and at the contact; once, however often', async () => {
  const { body: contact } = await call('POST', `${base}/contacts`, { givenName: 'Ivo' });
  const address = 'ivo@example.com';
  const { body: at } = await call('POST', `${base}/contacts/${contact.id}/destinations`, {
    channel: 'email',
    address,
  });
  const say = async (subject: string) =>
    ok(
      await call('POST', `${base}/messages`, {
        destination: { channel: 'email', address },
        class: 'marketing',
        content: { type: 'text', text: subject, subject },
      }),
      202,
    ).messageId as string;
  const first = await say('A sale');
  const mails = `${base}/simulator/messages?channel=email&address=${address}`;
  const mail = await until('it has arrived and its sender knows', async () => {
    const { body } = await call('GET', mails);
    return body.messages?.find(({ state }: Json) => ARRIVED.includes(state));
  });
  const complain = () => call('POST', `${base}/simulator/messages/${mail.id}/complain`);
  for (const answer of await Promise.all([complain(), complain()])) assert.equal(ok(answer).id, mail.id);
  ok(await complain());
  const { destinations } = ok(await call('GET', `${base}/contacts/${contact.id}`));
  const blocked = destinations.find(({ id }: Json) => id === at.id);
  assert.match(JSON.stringify(blocked), /complained/);
  const words = ok(await call('GET', `${base}/contacts/${contact.id}/consent`));
  assert.equal(JSON.stringify(words).split('complaint').length, 2, JSON.stringify(words));
  const second = await say('Another sale');
  const delivery = await until('it is not sent', async () => {
    const { deliveries } = ok(await call('GET', `${base}/messages/${second}`));
    return deliveries[0]?.state === 'suppressed' && deliveries[0];
  });
  assert.equal(delivery.code, 'complained');
  assert.match(
    JSON.stringify(ok(await call('GET', `${base}/why?contact=${contact.id}&message=${second}`))),
    /complain/,
  );
  const { deliveries } = ok(await call('GET', `${base}/messages/${first}`));
  assert.ok(ARRIVED.includes(deliveries[0].state), 'what arrived has arrived');
  // It is a word on mail, and on one that arrived.
  const { phone } = await newContact();
  ok(
    await call('POST', `${base}/messages`, {
      destination: { channel: 'sms', address: phone },
      content: { type: 'text', text: 'x' },
    }),
    202,
  );
  const text = await phoneHas(phone, 'x');
  refused(await call('POST', `${base}/simulator/messages/${text.id}/complain`), 422, 'messageId');
  refused(await call('POST', `${base}/simulator/messages/${'0'.repeat(24)}/complain`), 404);
});

describe('the event stream', () => {
  const stream = async (query: string) => ok(await call('GET', `${base}/event-stream?${query}`));

  test('what happens is told to who follows, by type and contact, with ids as everywhere', async () => {
    const { id, phone } = await newContact();
    const { cursor } = await stream('limit=1');
    const content = { type: 'text', text: 'followed' };
    const { messageId } = ok(await call('POST', `${base}/messages`, { contactId: id, content }), 202);
    await phoneHas(phone, 'followed');
    ok(await call('POST', `${base}/simulator/reply`, { channel: 'sms', address: phone, text: 'STOP' }));
    const wanted = ['message.accepted', 'delivery.changed', 'message.received', 'consent.refused'];
    const seen: Json[] = await until('all of it was told', async () => {
      const { events } = await stream(`after=${cursor}&contact=${id}`);
      const types = new Set(events.map(({ type }: Json) => type));
      return wanted.every((type) => types.has(type)) ? events : undefined;
    });
    assert.deepEqual(
      seen.map(({ id: one }) => one),
      seen.map(({ id: one }) => one).toSorted((a, b) => (a < b ? 1 : -1)),
      'the newest first',
    );
    assert.equal(new Set(seen.map(({ id: one }) => one)).size, seen.length);
    const of = (type: string) => seen.findLast((one) => one.type === type).payload;
    assert.deepEqual([of('message.accepted').messageId, of('message.accepted').contactId], [messageId, id]);
    const [change] = of('delivery.changed').changes;
    assert.deepEqual([change.contactId, change.causeId, change.to], [id, messageId, 'accepted']);
    assert.match(change.at, /Z$/);
    assert.deepEqual(of('consent.refused'), { contactId: id, channel: 'sms' });
    const { events } = await stream(`type=consent.refused&contact=${id}`);
    assert.deepEqual(
      events.map(({ type }: Json) => type),
      ['consent.refused'],
    );
    // All of the workspace, older and older: each once, and from a cursor everything since.
    const first = await stream('limit=2');
    const second = await stream(`limit=2&before=${first.next}`);
    assert.ok(second.events[0].id < first.events[1].id);
    const since = await stream(`limit=200&after=${cursor}`);
    assert.ok(seen.every(({ id: one }) => since.events.some((other: Json) => other.id === one)));
    assert.equal(since.next, null);
    assert.ok(since.cursor >= cursor);
    assert.equal((await stream(`limit=1&after=${cursor}`)).skipped, true);
  });

  test('nobody sees what happens in another workspace; what is no type, id or number is refused', async () => {
    const at = `${base}/event-stream`;
    refused(await call('GET', `${at}?type=everything`), 400, 'type');
    refused(await call('GET', `${at}?after=soon`), 400, 'after');
    refused(await call('GET', `${at}?contact=x`), 400, 'contact');
    refused(await call('GET', `${at}?limit=0`), 400, 'limit');
    const { token } = ok(
      await caller(url)('POST', '/api/sessions', {
        email: demo.keys.console.email,
        password: demo.keys.console.password,
      }),
      201,
    );
    const mine = caller(url, token);
    const other = ok(await mine('POST', '/api/workspaces', { name: 'Elsewhere', environment: 'test' }), 201);
    const elsewhere = ok(await mine('GET', `/api/workspaces/${other.id}/event-stream?limit=200`));
    assert.deepEqual(elsewhere.events, []);
  });
});

test('console.md §5 what the reference shows of reading at the doors of others finds what it asks for', async () => {
  const { sunshine, web1on1, outbound, shout } = demo.keys;
  const keys = {
    sunshine: `Basic ${Buffer.from(`${sunshine.keyId}:${sunshine.secret}`).toString('base64')}`,
    web1on1: `Bearer ${web1on1.token}`,
    outbound: `Bearer ${outbound.private}`,
    shout: `Bearer ${shout.token}`,
    other: '',
  };
  const known = await knownIn(demo.workspace.id, async (path) => ok(await call('GET', base + path)));
  const amiss: string[] = [];
  let count = 0;
  for (const [door, authorization] of Object.entries(keys)) {
    const document = ok(await call('GET', `/api/openapi/${door}.json`)) as Document;
    for (const one of operationsOf(door, document)) {
      const example = exampleOf(one, document, known);
      if (one.method !== 'GET' || !isWhole(one, example)) continue;
      const reply = await fetch(url + example.path, { headers: { authorization, ...example.headers } });
      const said = await reply.text();
      // Whom a key is not for, a web socket, and what is not built say so: that is no fault of the example.
      const isNoFault = [401, 403, 426, 501].includes(reply.status);
      if (reply.status >= 300 && !isNoFault) amiss.push(`${example.path}: ${reply.status} ${said}`);
      if (reply.ok) count++;
    }
  }
  assert.deepEqual(amiss, []);
  assert.ok(count > 40, `${count} found it`);
});

test('console.md §5 whatever was done by now has words in the audit log', async () => {
  const done = await database.sql<{ action: string }[]>`SELECT DISTINCT action FROM audit_log ORDER BY 1`;
  assert.ok(done.length > 40, String(done.length));
  assert.deepEqual(
    done.map(({ action }) => action).filter((action) => deedOf(action) === undefined),
    [],
  );
});

test('nothing went wrong on the way', () => {
  assert.deepEqual(errors, []);
  assert.ok(fromHex24(demo.workspace.id));
});
