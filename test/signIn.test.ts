/** Signing in: nobody is made a member unasked, a sign-in names its organization, tokens end, and guessing has to wait. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOperator, setMember } from '../src/accounts/operators.ts';
import { toHex24 } from '../src/base/ids.ts';
import { caller } from './consoleProduct.ts';
import { must, startProduct } from './sunshineProduct.ts';
import { callerOf } from './web1on1Product.ts';

const product = await startProduct({ rateLimitPerS: 0 });
const { ctx, url, sql } = product;
const password = 'correct horse battery';

let people = 0;
async function owner() {
  people += 1;
  const email = `o${people}@sign.example`;
  const app = await product.newApp();
  const id = await sql.begin(async (tx) => {
    const made = must(
      await createOperator(tx, ctx.ids, { email, name: `O${people}`, password, nowMs: ctx.clock.nowMs() }),
    );
    must(await setMember(tx, { workspaceId: app.workspaceId, operatorId: made.id, role: 'owner' }));
    return made.id;
  });
  const session = await caller(url)('POST', '/api/sessions', { email, password });
  assert.equal(session.status, 201, JSON.stringify(session.body));
  return { email, id, app, call: caller(url, session.body.token), base: `/api/workspaces/${app.appId}` };
}

const token = (body: object) => callerOf(url, '')('POST', '/auth/token', body);

test('an operator becomes a member elsewhere only by his own yes, and his sign-in does not move', async () => {
  const [ann, eve] = [await owner(), await owner()];
  const asked = await eve.call('POST', `${eve.base}/members`, { email: ann.email, role: 'admin' });
  assert.deepEqual([asked.status, asked.body.invited], [202, true]);
  assert.equal((await ann.call('GET', eve.base)).status, 404);
  assert.equal((await token({ email: ann.email, password })).body.organization, ann.app.appId);
  const members = (await eve.call('GET', `${eve.base}/members`)).body;
  assert.deepEqual([members.members.length, members.invited.length], [2, 1]);

  const [open] = (await ann.call('GET', '/api/me')).body.invitations;
  assert.deepEqual([open.workspace.id, open.role], [eve.app.appId, 'admin']);
  // Nobody answers for another.
  assert.equal((await eve.call('POST', `/api/me/invitations/${eve.app.appId}`)).status, 404);
  assert.equal((await ann.call('POST', `/api/me/invitations/${eve.app.appId}`)).status, 200);
  assert.equal((await ann.call('GET', eve.base)).status, 200);
  assert.equal((await ann.call('POST', `/api/me/invitations/${eve.app.appId}`)).status, 404);

  const unnamed = await token({ email: ann.email, password });
  assert.deepEqual([unnamed.status, unnamed.body.error.field], [400, 'organization']);
  for (const organization of [ann.app.appId, eve.app.appId]) {
    const named = await token({ email: ann.email, password, organization });
    assert.deepEqual([named.status, named.body.organization], [201, organization]);
    const again = await token({ refreshToken: named.body.refreshToken });
    assert.deepEqual([again.status, again.body.organization], [201, organization]);
  }
  const other = await owner();
  assert.equal((await token({ email: ann.email, password, organization: other.app.appId })).status, 403);
});

test('an invitation is declined, or taken back', async () => {
  const [ann, eve] = [await owner(), await owner()];
  const ask = () => eve.call('POST', `${eve.base}/members`, { email: ann.email, role: 'viewer' });
  await ask();
  assert.equal((await ann.call('DELETE', `/api/me/invitations/${eve.app.appId}`)).status, 204);
  await ask();
  assert.equal((await eve.call('DELETE', `${eve.base}/members/${toHex24(ann.id)}`)).status, 204);
  assert.equal((await ann.call('POST', `/api/me/invitations/${eve.app.appId}`)).status, 404);
});

test('an access token of a person ends with the session: another password ends them all', async () => {
  const ann = await owner();
  const given = await token({ email: ann.email, password });
  const me = async () => (await callerOf(url, given.body.token)('GET', '/users/me')).status;
  assert.equal(await me(), 200);
  const changed = await ann.call('POST', '/api/me/password', {
    password,
    newPassword: 'another horse battery',
  });
  assert.equal(changed.status, 204, JSON.stringify(changed.body));
  ctx.keyring.forgetSession(given.body.refreshToken.split('.')[0]);
  assert.equal(await me(), 401);
  assert.equal((await token({ refreshToken: given.body.refreshToken })).status, 401);
});

test('after five wrong passwords the next has to wait, at every door, even the right one; others do not', async () => {
  const [ann, bob] = [await owner(), await owner()];
  for (const address of [ann.email, 'nobody@sign.example']) {
    const tries = [];
    for (let n = 0; n < 5; n++)
      tries.push(
        (await caller(url)('POST', '/api/sessions', { email: address, password: `wrong password ${n}` }))
          .status,
      );
    assert.deepEqual(tries, [401, 401, 401, 401, 401]);
    const late = await caller(url)('POST', '/api/sessions', { email: address, password });
    assert.equal(late.status, 429);
    assert.ok(Number(late.headers.get('retry-after')) >= 1);
  }
  // The wait grew with each: make it long enough for what follows.
  await sql`UPDATE sign_in_failures SET count = 15`;
  assert.equal((await token({ email: ann.email, password })).status, 429);
  assert.equal((await token({ email: bob.email, password })).status, 201);
  const refused =
    await sql`SELECT 1 FROM audit_log WHERE action = 'session.refused' AND subject = ${`operator:${ann.id}`}`;
  assert.equal(refused.length, 6);
});
