/** Webhooks as their owners make and change them; design §12: a secret is sealed, and other tenants' are not found. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { isFault, type Fault } from '../base/fault.ts';
import { openPool, type Tx } from '../db/pool.ts';
import { testClock } from '../../test/support/clock.ts';
import { testDatabase } from '../../test/support/database.ts';
import { until } from '../../test/support/until.ts';
import { OFFERED, startRig } from './testRig.ts';
import { createWebhooks, MAX_WEBHOOKS, type WebhookWithSecret } from './webhooks.ts';

const database = await testDatabase();
const { sql } = database;
const clock = testClock();
const rig = await startRig({ sql, clock, node: 1, work: false });
const { webhooks, ids, queue } = rig;
test.after(() => rig.stop());

const within = <T>(work: (tx: Tx) => Promise<T>) => queue.transact(work);
const good = <T>(value: T | Fault): T => {
  ok(!isFault(value), JSON.stringify(value));
  return value;
};
const input = (workspaceId: number, more: object = {}) => ({
  workspaceId,
  door: 'sunshine' as const,
  target: 'https://example.com/hook',
  triggers: ['told'],
  offered: OFFERED,
  ...more,
});
const make = async (workspaceId: number, more: object = {}): Promise<WebhookWithSecret> =>
  good(await within((tx) => webhooks.create(tx, input(workspaceId, more))));

test('made, read again with its secret, changed and deleted', async () => {
  const workspaceId = ids.spread();
  const made = await make(workspaceId, { includeFullContact: true, options: { version: 'v1.1' } });
  match(made.secret!, /^whsec_[A-Za-z0-9+/]{44}$/);
  const name = { workspaceId, door: 'sunshine' as const, id: made.id };
  deepEqual(good(await webhooks.get(sql, name)), made);
  deepEqual(await webhooks.list(sql, { workspaceId, door: 'sunshine' }), [made]);

  const change = { target: 'http://example.com/b', triggers: ['other', 'other'], offered: OFFERED };
  const after = good(await within((tx) => webhooks.update(tx, name, change)));
  deepEqual(after, { ...made, target: 'http://example.com/b', triggers: ['other'] });
  deepEqual(good(await webhooks.get(sql, name)), after);

  equal(await within((tx) => webhooks.delete(tx, name)), true);
  equal(((await webhooks.get(sql, name)) as Fault).fault, 'not_found');
  equal(((await within((tx) => webhooks.delete(tx, name))) as Fault).fault, 'not_found');
});

test('the secret is sealed in the store, and needs the key of the install', async () => {
  const made = await make(ids.spread(), { basicAuth: { username: 'shop', password: 'open sesame' } });
  equal(made.username, 'shop');
  ok(!('password' in made));
  const [row] = await sql<
    { secret_sealed: Buffer }[]
  >`SELECT secret_sealed FROM webhooks WHERE id = ${made.id}`;
  ok(!row!.secret_sealed.toString('latin1').includes(made.secret!.slice(6)));
  ok(!row!.secret_sealed.toString('latin1').includes('sesame'));
  const { vault } = await import('../base/crypto.ts');
  const other = createWebhooks({ vault: vault('another'), ids, clock });
  const name = { workspaceId: made.workspaceId, door: made.door, id: made.id };
  equal(good(await other.get(sql, name)).secret, undefined);
});

test('another workspace or door does not find it', async () => {
  const made = await make(ids.spread());
  const { id, workspaceId } = made;
  for (const name of [
    { workspaceId: ids.spread(), door: 'sunshine' as const, id },
    { workspaceId, door: 'web1on1' as const, id },
  ]) {
    equal(((await webhooks.get(sql, name)) as Fault).fault, 'not_found');
    const change = { status: 'disabled' as const, offered: OFFERED };
    equal(((await within((tx) => webhooks.update(tx, name, change))) as Fault).fault, 'not_found');
    equal(((await within((tx) => webhooks.delete(tx, name))) as Fault).fault, 'not_found');
  }
});

test('bad input names the field and the rule, and changes nothing', async () => {
  const workspaceId = ids.spread();
  const cases: [object, string, RegExp][] = [
    [{ target: 'ftp://example.com' }, 'target', /http or https/],
    [{ target: 'example.com/hook' }, 'target', /http or https/],
    [{ target: 'https://exa mple.com' }, 'target', /http or https/],
    [{ target: ' https://example.com' }, 'target', /http or https/],
    [{ target: 'https://me:pass@example.com' }, 'target', /password/],
    [{ target: 'https://me@example.com' }, 'target', /password/],
    [{ target: 'https://:pass@example.com' }, 'target', /password/],
    [{ target: `https://example.com/${'x'.repeat(2048)}` }, 'target', /2048/],
    [{ target: 'https://example.com/\0' }, 'target', /U\+0000|http/],
    [{ target: 7 }, 'target', /string/],
    [{ triggers: [] }, 'triggers', /at least one/],
    [{ triggers: 'told' }, 'triggers', /list/],
    [{ triggers: ['told', 'message'] }, 'triggers[1]', /told, other/],
    [{ triggers: ['message', 'told'] }, 'triggers[0]', /told, other/],
    [{ includeFullContact: 'yes' }, 'includeFullContact', /true or false/],
    [{ options: [] }, 'options', /object/],
    [{ options: { a: 'x\0' } }, 'options', /U\+0000/],
    [{ options: { a: '\ud800' } }, 'options', /surrogate/],
    [{ options: { a: 'x'.repeat(9000) } }, 'options', /8192/],
    [{ basicAuth: { username: 'a:b', password: '' } }, 'basicAuth.username', /colon/],
    [{ secret: 'short' }, 'secret', /8 to 256/],
    [{ secret: 'whsec_not base64' }, 'secret', /8 to 256/],
    [{ secret: 'whsec_***' }, 'secret', /base64/],
  ];
  for (const [more, field, rule] of cases) {
    const broken = await within((tx) => webhooks.create(tx, input(workspaceId, more)));
    ok(isFault(broken), JSON.stringify(more));
    equal(broken.field, field);
    match(broken.message, rule);
    ok(broken.message.startsWith(field), broken.message);
  }
  deepEqual(await webhooks.list(sql, { workspaceId, door: 'sunshine' }), []);
  await make(workspaceId, { options: { path: String.raw`C:\u0000` } });
});

test('what is sealed for one webhook is nothing to another, and one that is enabled again begins anew', async () => {
  const workspaceId = ids.spread();
  const [one, other] = [await make(workspaceId), await make(workspaceId)];
  await sql`UPDATE webhooks SET secret_sealed = (SELECT secret_sealed FROM webhooks WHERE id = ${one.id})
    WHERE id = ${other.id}`;
  const name = { workspaceId, door: 'sunshine' as const, id: other.id };
  equal(good(await webhooks.get(sql, name)).secret, undefined);
  await sql`UPDATE webhooks SET status = 'disabled', failing_since_ms = 1 WHERE id = ${other.id}`;
  const enabled = good(
    await within((tx) => webhooks.update(tx, name, { status: 'active', offered: OFFERED })),
  );
  equal(enabled.failingSinceMs, undefined);
});

test('credentials stay over a new secret and a change of another thing, and go when they are taken away', async () => {
  const made = await make(ids.spread(), { basicAuth: { username: 'shop', password: 'open sesame' } });
  const name = { workspaceId: made.workspaceId, door: made.door, id: made.id };
  await sql`UPDATE webhooks SET failing_since_ms = 7 WHERE id = ${made.id}`;
  const change = (more: object) =>
    within((tx) => webhooks.update(tx, name, { status: 'active', offered: OFFERED, ...more }));
  const moved = good(await change({ target: 'https://example.com/c' }));
  deepEqual([moved.username, moved.failingSinceMs], ['shop', 7], 'it fails since then, whatever is changed');
  const turned = good(await within((tx) => webhooks.rotate(tx, name)));
  equal(turned.username, 'shop');
  ok(turned.secret !== made.secret);
  equal(good(await change({ basicAuth: null })).username, undefined);
});

test('two changes at once both stand; the oldest is listed first, and none of another door', async () => {
  const workspaceId = ids.spread();
  const made = await make(workspaceId);
  clock.advance(1);
  const second = await make(workspaceId);
  const name = { workspaceId, door: 'sunshine' as const, id: made.id };
  await make(workspaceId, { door: 'console' });
  const [inside, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const first = within(async (tx) => {
    await webhooks.update(tx, name, { target: 'https://example.com/d', offered: OFFERED });
    inside.resolve();
    await held.promise;
  });
  await inside.promise;
  const other = within((tx) => webhooks.update(tx, name, { triggers: ['other'], offered: OFFERED }));
  await until('the other waits', async () => (await sql`SELECT FROM pg_locks WHERE NOT granted`).length > 0);
  held.resolve();
  await Promise.all([first, other]);
  const listed = await webhooks.list(sql, { workspaceId, door: 'sunshine' });
  deepEqual(
    listed.map(({ id, target, triggers }) => [id, target, triggers]),
    [
      [made.id, 'https://example.com/d', ['other']],
      [second.id, second.target, second.triggers],
    ],
  );
});

test('at most ten per workspace and door, also when two are made at once', async () => {
  const workspaceId = ids.spread();
  const results = await Promise.all(
    Array.from({ length: MAX_WEBHOOKS + 3 }, () => within((tx) => webhooks.create(tx, input(workspaceId)))),
  );
  equal(results.filter((result) => !isFault(result)).length, MAX_WEBHOOKS);
  equal((results.find(isFault) as Fault).fault, 'payment_required');
  await make(workspaceId, { door: 'console' });
});

test('own changes count at once, those of others within a second', async (t) => {
  // Read also while a transaction is open, so not by the pool of that.
  const aside = openPool(database.connection, { max: 1, name: 'test' });
  t.after(() => aside.end());
  const workspaceId = ids.spread();
  const subscribed = async (of = webhooks) =>
    [...((await of.subscriptions.active(aside, [workspaceId])).get(workspaceId) ?? [])].map(({ id }) => id);
  const elsewhere = createWebhooks(rig);
  deepEqual(await subscribed(), []);
  deepEqual(await subscribed(elsewhere), []);
  const { id } = await make(workspaceId);
  deepEqual(await subscribed(), [id]);
  deepEqual(await subscribed(elsewhere), []);
  clock.advance(1001);
  deepEqual(await subscribed(elsewhere), [id]);

  // Read between the statement and the commit: what was read then must not be kept.
  const name = { workspaceId, door: 'sunshine' as const, id };
  clock.advance(5000);
  await subscribed();
  await within(async (tx) => {
    await webhooks.update(tx, name, { status: 'disabled', offered: OFFERED });
    deepEqual(await subscribed(), [id]);
  });
  deepEqual(await subscribed(), []);
  // Of another webhook, and of one that is deleted.
  const other = await make(workspaceId);
  clock.advance(5000);
  deepEqual(await subscribed(), [other.id]);
  equal(await within((tx) => webhooks.delete(tx, { ...name, id: other.id })), true);
  deepEqual(await subscribed(), []);
  // A clock that was set back: what was read later than now is read again.
  deepEqual(await subscribed(elsewhere), []);
  clock.advance(5000);
  deepEqual(await subscribed(elsewhere), []);
  clock.advance(-4000);
  const last = await make(workspaceId);
  deepEqual(await subscribed(elsewhere), [last.id]);
});
