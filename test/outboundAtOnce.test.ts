/**
 * The Outbound door over two processes: what two tell at one moment, in either order, each stopped where the other could slip in. In a
 * process of its own: it holds tables still.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startConsole, errors } from './consoleProduct.ts';
import { testDatabase } from './support/database.ts';
import { until } from './support/until.ts';

const database = await testDatabase();
const { sql } = database;
const one = await startConsole(database);
const two = await startConsole(database);
const keys = one.demo.keys.outbound;
const workspaceId = one.demo.workspace.id;

type Teller = (path: string, body: object, key?: string) => Promise<void>;
const teller =
  (url: string): Teller =>
  async (path, body, key = keys.public) => {
    const said = await fetch(url + path, {
      method: 'POST',
      headers: { 'x-outbound-key': key, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.deepEqual([said.status, await said.text()], [200, ''], `${path} ${JSON.stringify(body)}`);
  };
const [first, second] = [teller(one.url), teller(two.url)];
const either: [Teller, Teller][] = [
  [first, second],
  [second, first],
];

async function contactOf(value: string): Promise<number | undefined> {
  const rows = await sql<{ id: number }[]>`
    SELECT contact_id AS id FROM identities WHERE value = ${value} AND kind IN ('external', 'anonymous')`;
  return rows[0]?.id;
}
/** How many calls wait. A turn that takes what came before waits for the same, and is none. */
const waiting = async () =>
  (
    await sql`
      SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'
        AND query NOT LIKE '%DELETE FROM event_arrivals%'`
  ).length;

/** Does what is first until it waits for `held`, then what is second until it waits or is done, and lets go. */
async function inBetween(
  held: (tx: typeof sql) => PromiseLike<unknown>,
  before: () => Promise<void>,
  after: () => Promise<void>,
): Promise<void> {
  const rival = await sql.reserve();
  await rival`BEGIN`;
  await held(rival as unknown as typeof sql);
  const begun = before();
  await until('the first waits', async () => (await waiting()) > 0);
  let isDone = false;
  const then = after().then(() => (isDone = true));
  await until('the second waits, or is done', async () => isDone || (await waiting()) > 1);
  await rival`COMMIT`;
  rival.release();
  await Promise.all([begun, then]);
}
const arrivals = (tx: typeof sql) => tx`LOCK TABLE event_arrivals IN SHARE MODE`;
const merges = (tx: typeof sql) => tx`LOCK TABLE merged_contacts IN SHARE MODE`;
let count = 0;
/** Names that nobody has had. */
const fresh = (...names: string[]) => {
  count++;
  return names.map((name) => `${name}-${count}`);
};

test('O17 two users who claim one new device at one moment, by the public key, are two; it is the first one’s', async () => {
  for (const [a, b] of either)
    for (const path of ['/v2/identify', '/v2/track'] as const) {
      const [phone, amy, ben] = fresh('phone', 'amy', 'ben') as [string, string, string];
      const user = (id: string) => ({ user_id: id, previous_id: phone, email: `${id}@example.com` });
      const said = (id: string) =>
        path === '/v2/identify' ? user(id) : { user_id: id, event: 'in', user: user(id) };
      await inBetween(
        arrivals,
        () => a(path, said(amy)),
        () => b(path, said(ben)),
      );
      assert.notEqual(await contactOf(amy), await contactOf(ben), path);
      assert.equal(await contactOf(phone), await contactOf(amy));
      // Told again, as a phone does that heard no answer.
      await b(path, said(ben));
      await a(path, said(amy));
      assert.notEqual(await contactOf(amy), await contactOf(ben));
    }
  const together = fresh('phone', 'amy', 'ben', 'cat');
  await Promise.all(
    together.slice(1).map((id) => first('/v2/identify', { user_id: id, previous_id: together[0] })),
  );
  assert.equal(
    new Set(await Promise.all(together.slice(1).map(contactOf))).size,
    3,
    'told to one process at once',
  );
});

test('O17 two new users who claim a device that nobody is known on yet, at one moment and in one call, are two', async () => {
  for (const [a, b] of either) {
    const [phone, amy, ben] = fresh('phone', 'amy', 'ben') as [string, string, string];
    await a('/v2/track', { anon_id: phone, event: 'seen' });
    await inBetween(
      arrivals,
      () => a('/v2/identify', { user_id: amy, previous_id: phone }),
      () => b('/v2/identify', { user_id: ben, previous_id: phone }),
    );
    assert.notEqual(await contactOf(amy), await contactOf(ben));
    assert.equal(await contactOf(phone), await contactOf(amy));
  }
  const [phone, amy, ben] = fresh('phone', 'amy', 'ben') as [string, string, string];
  await first('/v2/identify/batch', [
    { anon_id: phone, first_name: 'Somebody' },
    { user_id: amy, previous_id: phone },
    { user_id: ben, previous_id: phone },
    { user_id: amy, previous_id: phone },
  ]);
  assert.notEqual(await contactOf(amy), await contactOf(ben));
  assert.equal(await contactOf(phone), await contactOf(amy));
});

test('O17 two new users with one address that is somebody’s whom nobody named, at one moment: one is who was known, and the other is another', async () => {
  for (const [a, b] of either) {
    const [mail, amy, ben] = fresh('mail', 'amy', 'ben') as [string, string, string];
    const email = `${mail}@example.com`;
    const made = await one.call('POST', `${one.base}/contacts`, { email });
    assert.equal(made.status, 201);
    await inBetween(
      arrivals,
      () => a('/v2/identify', { user_id: amy, email }, keys.private),
      () => b('/v2/identify', { user_id: ben, email }, keys.private),
    );
    assert.notEqual(await contactOf(amy), await contactOf(ben));
  }
});

test('a device becomes a user while it becomes another, whom it is not any more: by the public key nobody makes one of two', async () => {
  for (const [a, b] of either) {
    const [phone, amy, cat] = fresh('phone', 'amy', 'cat') as [string, string, string];
    await a('/v2/identify', { user_id: amy });
    await a('/v2/track', { anon_id: phone, event: 'seen' });
    const id = (await contactOf(phone))!;
    await inBetween(
      (tx) => tx`SELECT FROM contacts WHERE id = ${id} FOR KEY SHARE`,
      () => a('/v2/identify', { user_id: amy, previous_id: phone }),
      () => b('/v2/identify', { user_id: cat, previous_id: phone }),
    );
    assert.notEqual(await contactOf(amy), await contactOf(cat));
    assert.equal(await contactOf(phone), await contactOf(cat));
  }
});

test('who becomes another while somebody becomes them: all three are one', async () => {
  for (const [a, b] of either) {
    const [x, y, z] = fresh('x', 'y', 'z') as [string, string, string];
    for (const user_id of [y, z]) await a('/v2/track', { user_id, event: 'e' });
    await a('/v2/track', { anon_id: x, event: 'e' });
    await inBetween(
      merges,
      () => a('/v2/identify', { user_id: z, previous_id: y }, keys.private),
      () => b('/v2/identify', { user_id: y, previous_id: x }),
    );
    assert.equal(await contactOf(x), await contactOf(z));
    assert.equal(await contactOf(y), await contactOf(z));
  }
});

test('O14, O21 who leaves, leaves a campaign or gives up a device while becoming somebody else has left', async () => {
  const file = {
    parley: 'campaign/1',
    key: 'to-leave',
    trigger: { event: { did: 'e' } },
    steps: [{ key: 'mail', send: { content: { type: 'text', text: 'hi' } } }],
  };
  const made = await one.call('POST', `${one.base}/campaigns`, { campaign: file });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  for (const [a, b] of either) {
    const acts: [path: string, body: object][] = [
      ['/v2/unsubscribe/all', {}],
      ['/v2/unsubscribe/campaigns', { campaign_ids: ['to-leave'] }],
      ['/v2/apns/disable', { all: true }],
      ['/v2/apns/disable', { token: 'TOKEN' }],
    ];
    for (const [path, body] of acts) {
      const [x, y, token] = fresh('x', 'y', 'token') as [string, string, string];
      await a('/v2/identify', { user_id: x, email: `${x}@example.com` });
      await a('/v2/identify', { user_id: y, apns: [token] });
      const said = { user_id: y, ...body, ...('token' in body ? { token } : {}) };
      await inBetween(
        merges,
        () => a('/v2/identify', { user_id: x, previous_id: y }, keys.private),
        () => b(path, said),
      );
      const id = (await contactOf(x))!;
      assert.equal(await contactOf(y), id);
      if (path.endsWith('campaigns')) {
        const left = await sql`SELECT FROM campaign_optouts WHERE contact_id = ${id}`;
        assert.equal(left.length, 1, 'has left the campaign');
        continue;
      }
      const { body: at } = await one.call(
        'GET',
        `${one.base}/contacts/${(await personOf(x)).id}/destinations`,
      );
      const of = (channel: string) =>
        at.destinations.find((one: { channel: string }) => one.channel === channel);
      if (path.endsWith('all')) assert.ok(of('email').blocked.includes('marketing'), 'has left everything');
      else assert.equal(of('push').status, 'inactive', `${path} ${JSON.stringify(body)}`);
    }
  }
});

test('what is told of who somebody is while they become another is kept of who they are then', async () => {
  for (const [a, b] of either) {
    const [x, y] = fresh('x', 'y') as [string, string];
    for (const user_id of [x, y]) await a('/v2/track', { user_id, event: 'e' });
    await inBetween(
      merges,
      () => a('/v2/identify', { user_id: x, previous_id: y }, keys.private),
      () => b('/v2/identify', { user_id: y, first_name: 'Ann', attributes: { plan: 'gold' } }),
    );
    const [row] = await sql<{ name: string | null; attributes: object }[]>`
      SELECT given_name AS name, attributes FROM contacts WHERE id = ${(await contactOf(x))!}`;
    assert.deepEqual([row!.name, row!.attributes], ['Ann', { plan: 'gold' }]);
  }
});

test('O9 of addresses that are told at one moment one stays, and not none', async () => {
  const rival = await sql.reserve();
  await rival`BEGIN`;
  await rival`LOCK TABLE pending_links IN SHARE MODE`;
  const [x] = fresh('x') as [string];
  // What comes while the first is written is written together.
  const told = Promise.all(
    Array.from({ length: 6 }, (_, n) =>
      first('/v2/identify', {
        user_id: x,
        email: `${x}-${n}@example.com`,
        phone_number: `+1555123${1000 + count * 10 + n}`,
      }),
    ),
  );
  await until('some wait', async () => (await waiting()) > 1);
  await rival`COMMIT`;
  rival.release();
  await told;
  const rows = await sql<
    { channel: string }[]
  >`SELECT channel FROM destinations WHERE contact_id = ${(await contactOf(x))!} ORDER BY 1`;
  assert.deepEqual(
    rows.map(({ channel }) => channel),
    ['email', 'sms'],
  );
});

test('O9 an address whose call died once it was kept takes the place of the one before when it is told again', async () => {
  for (const [a] of either) {
    const [x] = fresh('x') as [string];
    const told = (n: number) => ({
      user_id: x,
      email: `${x}-${n}@example.com`,
      phone_number: `+1555124${1000 + count * 10 + n}`,
    });
    await a('/v2/identify', told(1));
    const rival = await sql.reserve();
    await rival`BEGIN`;
    await rival`LOCK TABLE pending_links IN SHARE MODE`;
    const died = fetch(`${one.url}/v2/identify`, {
      method: 'POST',
      headers: { 'x-outbound-key': keys.public },
      body: JSON.stringify(told(2)),
    });
    await until('it is kept, and what follows waits', async () => (await waiting()) > 0);
    await sql`
      SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active' AND query LIKE '%DELETE FROM pending_links%'`;
    assert.equal((await died).status, 503);
    await rival`COMMIT`;
    rival.release();
    await a('/v2/identify', told(2));
    const rows = await sql<{ address: string }[]>`
      SELECT address FROM destinations WHERE contact_id = ${(await contactOf(x))!} ORDER BY channel`;
    assert.deepEqual(
      rows.map(({ address }) => address),
      [told(2).email, told(2).phone_number],
    );
  }
});

test('O13, O20 a token that is told again while its user becomes somebody else is active', async () => {
  for (const [a, b] of either) {
    const [x, y, token] = fresh('x', 'y', 'token') as [string, string, string];
    await a('/v2/identify', { user_id: x });
    await a('/v2/apns/register', { user_id: y, token });
    await a('/v2/apns/disable', { user_id: y, token });
    await inBetween(
      merges,
      () => a('/v2/identify', { user_id: x, previous_id: y }, keys.private),
      () => b('/v2/apns/register', { user_id: y, token }),
    );
    const rows = await sql<
      { status: string }[]
    >`SELECT status FROM destinations WHERE contact_id = ${(await contactOf(x))!}`;
    assert.deepEqual(
      rows.map(({ status }) => status),
      ['active'],
    );
  }
});

test('A.1 one X-Outbound-GUID at two processes at once, and after a start of another, is one call', async () => {
  const event = { user_id: 'guid', event: 'bought' };
  const told = (url: string) =>
    Promise.all(
      [event, [event, event]].map(async (body) => {
        const said = await fetch(`${url}/v2/track${Array.isArray(body) ? '/batch' : ''}`, {
          method: 'POST',
          headers: { 'x-outbound-key': keys.public, 'x-outbound-guid': `g-${Array.isArray(body)}` },
          body: JSON.stringify(body),
        });
        assert.deepEqual([said.status, await said.text()], [200, '']);
      }),
    );
  const counted = async () => {
    await until('all was taken', async () => (await sql`SELECT 1 FROM event_arrivals LIMIT 1`).length === 0);
    const rows = await sql<{ count: number }[]>`
      SELECT s.count FROM event_stats s JOIN identities i ON i.contact_id = s.contact_id WHERE i.value = 'guid'`;
    return rows.map(({ count }) => count);
  };
  await Promise.all([one, two, one, two].map(({ url }) => told(url)));
  assert.deepEqual(await counted(), [3]);
  const later = await startConsole(database);
  await told(later.url);
  assert.deepEqual(await counted(), [3]);
});

async function personOf(userId: string) {
  const { body } = await one.call('GET', `${one.base}/contacts?search=${encodeURIComponent(userId)}`);
  return body.contacts.find((one: { externalId: string }) => one.externalId === userId) ?? body.contacts[0];
}

test('nothing of all this was an error of ours', () => {
  assert.ok(workspaceId);
  assert.deepEqual(errors, []);
});
