/** The Outbound door: what a group has is its members', however it is told and of whichever of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, startOutbound } from './outboundProduct.ts';

const product = await startOutbound();
const { post, person, sql } = product;

const ok = async (path: string, body: unknown, headers?: Record<string, string>) => {
  const said = await post(path, body, headers);
  assert.deepEqual([said.status, said.text], [200, ''], `${path} ${JSON.stringify(body)}`);
};
const attributesOf = async (user: string) => (await person(user)).attributes;

test('O9 whoever is told to be in a group has what it has: to name it alone, or some of it, takes nothing away', async () => {
  await ok('/v2/identify', {
    user_id: 'hal',
    group_id: 9,
    group_attributes: { name: 'Acme', plan: 'pro' },
    attributes: { own: 1 },
  });
  await ok('/v2/identify', { user_id: 'hal', group_id: '9' });
  assert.deepEqual(await attributesOf('hal'), {
    own: 1,
    group_id: '9',
    group: { name: 'Acme', plan: 'pro' },
  });
  await ok('/v2/identify', { user_id: 'hal', group_id: 9, group_attributes: { plan: 'free', name: null } });
  assert.deepEqual((await attributesOf('hal')).group, { plan: 'free' });
  // Another of the same group, and two in one list, of which the second comes after what the first says.
  await ok('/v2/track', { user_id: 'ida', event: 'e', user: { group_id: 9 } });
  assert.deepEqual(await attributesOf('ida'), { group_id: '9', group: { plan: 'free' } });
  await ok('/v2/identify/batch', [
    { user_id: 'ida', group_id: 9, group_attributes: { seats: 1 } },
    { user_id: 'jo', group_id: 9 },
  ]);
  assert.deepEqual((await attributesOf('jo')).group, { plan: 'free', seats: 1 });
  // Who changes over has what the other has.
  await ok('/v2/identify', { user_id: 'hal', group_id: 'other' });
  assert.deepEqual(await attributesOf('hal'), { own: 1, group_id: 'other', group: {} });
  await ok('/v2/identify', { user_id: 'hal', first_name: 'Hal' });
  assert.deepEqual(await attributesOf('hal'), { own: 1, group_id: 'other', group: {} });
});

test('A.3 what is too much for a group, or for its member, is said by its field, and neither is changed', async () => {
  const large = (name: string) => ({ [name]: 'x'.repeat(9_000) });
  await ok('/v2/identify', { user_id: 'kim', group_id: 'full', group_attributes: large('a') });
  const was = await attributesOf('kim');
  const about = async (path: string, body: object, field: string) => {
    const said = await post(path, body);
    assert.equal(said.status, 400, said.text);
    assert.ok(JSON.parse(said.text).error.Message.startsWith(`${field}: with what the group has`), said.text);
  };
  const more = { user_id: 'kim', group_id: 'full', group_attributes: large('b') };
  await about('/v2/identify', more, 'group_attributes');
  await about('/v2/identify/batch', [{ user_id: 'lee' }, more], '[1].group_attributes');
  await about('/v2/track', { user_id: 'kim', event: 'e', user: more }, 'user.group_attributes');
  await about(
    '/v2/identify',
    { user_id: 'lee', group_id: 'full', attributes: large('own') },
    'group_attributes',
  );
  assert.deepEqual(await attributesOf('kim'), was);
  assert.equal((await sql`SELECT FROM identities WHERE value = 'lee'`).length, 0);
});

test('nothing of all this was an error of ours', () => assert.deepEqual(errors, []));
