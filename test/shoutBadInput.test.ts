/** What is wrong is said in the Shout door's own form, at every route, and is never a failure of ours. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ROUTES } from '../src/doors/shout/routes.ts';
import { rawSender, type Sent } from './support/badInput.ts';
import { makeGrant } from './support/connect.ts';
import { testDatabase } from './support/database.ts';
import { startWorld, type World } from './support/world.ts';

const database = await testDatabase();
let world: World;
let send: ReturnType<typeof rawSender>;
let known: Record<string, string>;
before(async () => {
  world = await startWorld(database.connection, { PARLEY_ROLES: 'http', PARLEY_RATE_LIMIT: '0' });
  send = rawSender(world.url);
  const { company, holder } = await makeGrant(world.ctx, { connectId: 'known' });
  known = { authorization: company.authorization, 'x-shout-user-id': String(holder.id) };
});
after(() => world.stop());

function refused(sent: Sent, what: string): void {
  assert.ok(sent.status >= 400 && sent.status < 500, `${what}: ${sent.status} ${sent.text.slice(0, 300)}`);
  const { error, errors } = JSON.parse(sent.text);
  assert.ok(typeof error === 'string' && error.length > 3, what);
  assert.ok(typeof errors === 'object' && errors !== null, what);
  for (const [field, rules] of Object.entries(errors))
    assert.ok(field.length > 0 && Array.isArray(rules) && rules.length > 0, `${what}: ${sent.text}`);
}

const at = (path: string, name: string) => path.replaceAll(/:\w+/g, name);
const json = { 'content-type': 'application/json' };

test('a path that names nothing', async () => {
  const odd = [
    '%00',
    '%ff',
    'x'.repeat(900),
    '0',
    '-1',
    '9'.repeat(30),
    'connect_id-',
    'user_id-x',
    'user_id-1e9',
  ];
  for (const { method, path } of ROUTES.filter((route) => route.path.includes(':')))
    for (const name of [...odd, 'connect_id-%00', 'reference_id-%00', 'user_id-99999999999999999999'])
      refused(
        await send(method, at(path, name), method === 'GET' ? undefined : '{}', { ...known, ...json }),
        `${method} ${at(path, name)}`,
      );
});

test('a query that is not known, or twice, and half a character', async () => {
  for (const { path } of ROUTES.filter(({ method }) => method === 'GET'))
    for (const query of [
      'nothing=1',
      'limit=1&limit=2',
      'limit=%00',
      'limit[]=1',
      '__proto__=1',
      'constructor=1',
    ])
      refused(await send('GET', `${at(path, 'user_id-1')}?${query}`, undefined, known), `${path}?${query}`);
});

test('a body that is none', async () => {
  const bodies = [
    '',
    '[]',
    '"x"',
    'null',
    '{',
    '\u0000',
    '{"order":[]}',
    '{"message":7}',
    '{"broadcast_message":null}',
  ];
  for (const { method, path } of ROUTES.filter((route) => route.kind === 'write' && route.body))
    for (const body of bodies)
      refused(
        await send(method, at(path, 'reference_id-none'), body, { ...known, ...json }),
        `${path} ${body}`,
      );
});

test('credentials that are none, and headers of odd bytes', async () => {
  for (const { method, path } of ROUTES) {
    const body = method === 'GET' ? undefined : '{}';
    const to = at(path, 'user_id-1');
    for (const authorization of [
      '',
      'Bearer',
      'Bearer x',
      'Basic !!',
      `Bearer ${'x'.repeat(9000)}`,
      'Digest a',
    ])
      assert.equal(
        (await send(method, to, body, { authorization, ...json })).status,
        401,
        `${to} ${authorization}`,
      );
  }
});
