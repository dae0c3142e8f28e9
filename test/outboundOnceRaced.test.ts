/**
 * The Outbound door over two processes: one call that comes twice under one id at one moment, in either order, and one whose first died where
 * something was left to do. In a process of its own: it holds tables still.
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
const key = one.demo.keys.outbound.private;
const either = [
  [one.url, two.url],
  [two.url, one.url],
] as const;

let count = 0;
async function told(url: string, path: string, body: object, guid?: string): Promise<number> {
  const said = await fetch(url + path, {
    method: 'POST',
    headers: { 'x-outbound-key': key, ...(guid === undefined ? {} : { 'x-outbound-guid': guid }) },
    body: JSON.stringify(body),
  });
  const text = await said.text();
  assert.ok(said.status !== 200 || text === '', text);
  return said.status;
}

/** Calls that wait for a lock. A turn that takes what came before waits for the same, and is none. */
const waiting = async () =>
  await sql<{ pid: number }[]>`
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND state = 'active'
      AND query NOT LIKE '%DELETE FROM event_arrivals%'`;

/** Does something while a table takes no rows. */
async function whileHeld<T>(table: string, act: () => Promise<T>): Promise<T> {
  const rival = await sql.reserve();
  await rival.unsafe(`BEGIN; LOCK TABLE ${table} IN SHARE MODE`);
  try {
    return await act();
  } finally {
    await rival`COMMIT`;
    rival.release();
  }
}

/** A call that dies where it would write into a table. */
async function died(table: string, url: string, path: string, body: object, guid: string): Promise<void> {
  await whileHeld(table, async () => {
    const call = told(url, path, body, guid);
    await until('it waits', async () => (await waiting()).length > 0);
    for (const { pid } of await waiting()) await sql`SELECT pg_terminate_backend(${pid})`;
    assert.equal(await call, 503);
  });
}

const ofUser = async (user: string) =>
  await sql<{ address: string; status: string }[]>`
    SELECT d.address, d.status FROM destinations d JOIN identities i ON i.contact_id = d.contact_id
    WHERE i.value = ${user} AND i.kind = 'external' AND d.channel <> 'webchat' ORDER BY 1`;
const nameOf = async (user: string) =>
  (
    await sql<{ name: string }[]>`
      SELECT c.given_name AS name FROM contacts c JOIN identities i ON i.contact_id = c.id WHERE i.value = ${user}`
  )[0]?.name;

test('A.1 one call at two processes at one moment is one, whichever is first: the other waits for it, and nothing is told again', async () => {
  for (const [first, second] of either) {
    const user = `both-${++count}`;
    const call = { user_id: user, first_name: 'Ann', email: `${user}@example.com` };
    const [a, b] = await whileHeld('event_arrivals', async () => {
      const begun = told(first, '/v2/identify', call, user);
      await until('the first waits', async () => (await waiting()).length > 0);
      const again = told(second, '/v2/identify', call, user);
      await until('the second waits', async () => (await waiting()).length > 1);
      return [begun, again];
    }).then((calls) => Promise.all(calls));
    assert.deepEqual([a, b], [200, 200]);
    assert.equal(await told(second, '/v2/identify', { user_id: user, first_name: 'Bea' }), 200);
    assert.equal(await told(first, '/v2/identify', call, user), 200);
    assert.equal(await nameOf(user), 'Bea');
  }
  // However many come to one process at once.
  const many = Array.from({ length: 10 }, () =>
    told(one.url, '/v2/identify', { user_id: 'many', first_name: 'Ann' }, 'many'),
  );
  assert.deepEqual(new Set(await Promise.all(many)), new Set([200]));
});

test('A.1 where the first of two dies, the second, which waits for it, is told', async () => {
  for (const [first, second] of either) {
    const user = `dies-${++count}`;
    const call = { user_id: user, first_name: 'Ann' };
    const again = await whileHeld('event_arrivals', async () => {
      const begun = told(first, '/v2/identify', call, user);
      await until('the first waits', async () => (await waiting()).length > 0);
      const { pid } = (await waiting())[0]!;
      const other = told(second, '/v2/identify', call, user);
      await until('the second waits', async () => (await waiting()).length > 1);
      await sql`SELECT pg_terminate_backend(${pid})`;
      assert.equal(await begun, 503);
      return { other };
    });
    assert.equal(await again.other, 200);
    assert.equal(await nameOf(user), 'Ann');
  }
});

test('A.1 what a call that died did not come to is done by its repeat, and once', async () => {
  for (const [first, second] of either) {
    const user = `part-${++count}`;
    const email = (n: number) => ({ user_id: user, email: `${user}-${n}@example.com`, first_name: `${n}` });
    assert.equal(await told(first, '/v2/identify', email(1)), 200);
    await died('pending_links', first, '/v2/identify', email(2), user);
    assert.equal((await ofUser(user)).length, 2);
    assert.equal(await told(second, '/v2/identify', email(2), user), 200);
    assert.deepEqual(await ofUser(user), [{ address: email(2).email, status: 'active' }]);
    assert.equal(await told(first, '/v2/identify', email(3)), 200);
    assert.equal(await told(second, '/v2/identify', email(2), user), 200);
    assert.deepEqual(await ofUser(user), [{ address: email(3).email, status: 'active' }]);
    assert.equal(await nameOf(user), '3');
  }
});

test('A.1 a join, a token that goes, and leaving everything, of which each died half way: the repeat does it', async () => {
  for (const [first, second] of either) {
    const user = `half-${++count}`;
    const [was, token] = [`${user}-was`, `${user}-token`];
    const ok = async (path: string, more: object, guid?: string) =>
      assert.equal(await told(second, path, { user_id: user, ...more }, guid), 200);
    await ok('/v2/apns/register', { token });
    assert.equal(await told(first, '/v2/track', { user_id: was, event: 'e' }), 200);
    const joins = { previous_id: was };
    await died('merged_contacts', first, '/v2/identify', { user_id: user, ...joins }, `${user} joins`);
    await ok('/v2/identify', joins, `${user} joins`);
    const whose = await sql`
      SELECT DISTINCT contact_id FROM identities WHERE value IN (${user}, ${was}) AND kind = 'external'`;
    assert.equal(whose.length, 1);
    const replaces = { token: `${token}-2`, replace: token };
    await died(
      'pending_links',
      first,
      '/v2/apns/register',
      { user_id: user, ...replaces },
      `${user} replaces`,
    );
    await ok('/v2/apns/register', replaces, `${user} replaces`);
    assert.deepEqual(await ofUser(user), [{ address: replaces.token, status: 'active' }]);
    await died('consent_log', first, '/v2/unsubscribe/all', { user_id: user }, `${user} leaves`);
    const left = async () =>
      (
        await sql`
          SELECT FROM consent_log l JOIN identities i USING (contact_id) WHERE i.value = ${user} AND i.kind = 'external'`
      ).length;
    assert.equal(await left(), 0);
    await ok('/v2/unsubscribe/all', {}, `${user} leaves`);
    const n = await left();
    assert.ok(n > 0);
    await ok('/v2/subscribe/all', {});
    await ok('/v2/unsubscribe/all', {}, `${user} leaves`);
    assert.ok((await left()) > n, 'came back, and that is all');
    const blocked = await sql`
      SELECT FROM destinations d JOIN identities i ON i.contact_id = d.contact_id
      WHERE i.value = ${user} AND d.blocks IS NOT NULL`;
    assert.equal(blocked.length, 0);
  }
});

test('nothing of all this was an error of ours', () => assert.deepEqual(errors, []));
