/** Signing in: nobody is made a member unasked, a sign-in names its organization, tokens end, and guessing has to wait. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TOTP } from 'otpauth';
import { createOperator, setMember } from '../src/accounts/operators.ts';
import { newLink } from '../src/accounts/signIn/passwordLinks.ts';
import { toHex24 } from '../src/base/ids.ts';
import { caller } from './consoleProduct.ts';
import { must, startProduct } from './sunshineProduct.ts';
import { until } from './support/until.ts';
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
  return {
    email,
    name: `O${people}`,
    id,
    app,
    call: caller(url, session.body.token),
    base: `/api/workspaces/${app.appId}`,
  };
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
  assert.deepEqual([open.workspace.id, open.role, open.by], [eve.app.appId, 'admin', eve.name]);
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
  const refused = async () =>
    (
      await sql`SELECT 1 FROM audit_log WHERE action = 'session.refused' AND subject = ${`operator:${ann.id}`}`
    ).length;
  await until('the wrong ones are written down', async () => (await refused()) === 5);
});

test('what signs in is short, and a body of more fields than anybody needs is refused before it is parsed', async () => {
  const long = { email: 'a@sign.example', password: 'p'.repeat(5000) };
  assert.equal((await caller(url)('POST', '/api/sessions', long)).status, 413);
  assert.equal((await token(long)).status, 413);
  const ann = await owner();
  assert.equal((await ann.call('POST', '/api/me/password', { ...long, newPassword: 'x' })).status, 413);
  const fields = (count: number) =>
    ann.call('PATCH', ann.base, {
      name: 'Test',
      ...Object.fromEntries(Array.from({ length: count - 1 }, (_one, at) => [at, 0])),
    });
  const most = await fields(20_000);
  assert.deepEqual([most.status, most.body.error.message], [400, '0: is not known here'], 'it was read');
  const many = await fields(20_001);
  assert.deepEqual([many.status, /20000 fields/.test(JSON.stringify(many.body))], [413, true]);
  // Colons in a text are none, nor is what follows a quote in it.
  const text = '\\":'.repeat(21_000);
  assert.equal((await ann.call('PATCH', ann.base, { name: text })).status, 400);
});

test('a wrong present password counts as a wrong sign-in, and the right one waits after five', async () => {
  const ann = await owner();
  const change = (present: string) =>
    ann.call('POST', '/api/me/password', { password: present, newPassword: 'another horse battery' });
  for (let n = 0; n < 5; n++) assert.equal((await change(`wrong password ${n}`)).status, 403);
  assert.equal((await change(password)).status, 429);
});

test('who changes where secrets are sent gives them again: the key of an integration does not go to a new host', async () => {
  const ann = await owner();
  const kinds: [string, Record<string, unknown>, string, Record<string, unknown>][] = [
    [
      'smtp',
      { host: 'mail.sign.example', from: 'a@sign.example', user: 'ann', password: 'kept' },
      'host',
      { password: 'kept' },
    ],
    [
      'webhook',
      { url: 'https://sign.example/in', secret: `whsec_${'A'.repeat(44)}` },
      'url',
      { secret: `whsec_${'B'.repeat(44)}` },
    ],
    [
      'mailgun',
      { domain: 'mg.sign.example', apiKey: 'key', signingKey: 'kept' },
      'baseUrl',
      { apiKey: 'key', signingKey: 'kept' },
    ],
  ];
  for (const [type, settings, name, secrets] of kinds) {
    const made = await ann.call('POST', `${ann.base}/integrations`, { type, settings });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const at = `${ann.base}/integrations/${made.body.id}`;
    const elsewhere = { [name]: name === 'host' ? 'mail.eve.example' : 'https://eve.example/x' };
    const refused = await ann.call('PATCH', at, { settings: elsewhere });
    assert.equal(refused.status, 400, `${type}: ${JSON.stringify(refused.body)}`);
    assert.match(JSON.stringify(refused.body), /sends the secrets elsewhere/);
    assert.deepEqual((await ann.call('GET', at)).body.settings[name], settings[name]);
    // The same again is no change, and with the secrets it is anybody's right who has them.
    const same = name in settings ? { [name]: settings[name] } : {};
    assert.equal((await ann.call('PATCH', at, { settings: same })).status, 200);
    const given = await ann.call('PATCH', at, { settings: { ...elsewhere, ...secrets } });
    assert.equal(given.status, 200, JSON.stringify(given.body));
  }
});

/** The code of a secret, so many steps from now. */
const codeOf = (secret: string, steps = 0) =>
  new TOTP({ secret }).generate({ timestamp: ctx.clock.nowMs() + steps * 30_000 });

/** Somebody with a second factor. */
async function guarded() {
  const ann = await owner();
  const begun = await ann.call('POST', '/api/me/second-factor', { password });
  assert.equal(begun.status, 201, JSON.stringify(begun.body));
  const { secret } = begun.body as { secret: string };
  const confirmed = await ann.call('POST', '/api/me/second-factor/confirm', { code: codeOf(secret, -1) });
  assert.equal(confirmed.status, 200, JSON.stringify(confirmed.body));
  const { recoveryCodes } = confirmed.body as { recoveryCodes: string[] };
  const enter = (more: object = {}) =>
    caller(url)('POST', '/api/sessions', { email: ann.email, password, ...more });
  return { ...ann, secret, recoveryCodes, enter };
}

test('a second factor: begun, it counts once a code of it is told, and is then asked for at every door', async () => {
  const ann = await owner();
  const begin = (body: object) => ann.call('POST', '/api/me/second-factor', body);
  assert.deepEqual((await begin({ password: 'not the password' })).body.error.field, 'password');
  const { secret, uri } = (await begin({ password })).body;
  assert.match(uri, /^otpauth:\/\/totp\/Parley:/);
  const enter = (more: object = {}) =>
    caller(url)('POST', '/api/sessions', { email: ann.email, password, ...more });
  assert.equal((await enter()).status, 201, 'what is not confirmed asks for nothing');
  const confirm = (code: string) => ann.call('POST', '/api/me/second-factor/confirm', { code });
  assert.deepEqual((await confirm('000000')).body.error.field, 'code');
  assert.equal((await ann.call('GET', '/api/me')).body.secondFactor, false);
  assert.equal((await confirm(codeOf(secret, -1))).status, 200);
  assert.equal((await ann.call('GET', '/api/me')).body.secondFactor, true);
  assert.equal((await begin({ password })).status, 409);
  for (const refused of [await enter(), await token({ email: ann.email, password })])
    assert.deepEqual([refused.status, refused.body.error.field], [401, 'code']);
  assert.equal((await enter({ code: codeOf(secret) })).status, 201);
  assert.equal((await token({ email: ann.email, password, code: codeOf(secret, 1) })).status, 201);
  const wrong = await enter({ password: 'not the password', code: codeOf(secret, 1) });
  assert.equal(wrong.body.error.field, undefined, 'only who has the password learns of it');
});

test('a code works once, whoever tries it at the same time, and so does each recovery code', async () => {
  const { secret, recoveryCodes, enter, call } = await guarded();
  const statuses = async (code: string) =>
    (await Promise.all([enter({ code }), enter({ code }), enter({ code })]))
      .map(({ status }) => status)
      .toSorted((a, b) => a - b);
  assert.deepEqual(await statuses(codeOf(secret)), [201, 401, 401]);
  assert.equal((await enter({ code: codeOf(secret, -1) })).status, 401, 'nor one from before it');
  assert.equal((await enter({ code: recoveryCodes[1]!.toUpperCase().replaceAll('-', ' ') })).status, 201);
  assert.deepEqual(await statuses(recoveryCodes[0]!), [201, 401, 401]);
  const end = (body: object) => call('POST', '/api/me/second-factor/end', body);
  assert.equal((await end({ password, code: recoveryCodes[0] })).status, 403);
  assert.equal((await end({ password, code: recoveryCodes[2] })).status, 204);
  assert.equal((await enter()).status, 201);
});

test('whoever has the password and guesses codes has to wait', async () => {
  const { secret, enter } = await guarded();
  for (let tries = 0; tries < 5; tries++) {
    assert.equal((await enter({ code: '000000' })).status, 401);
    // To be asked for a code forgets nothing.
    assert.equal((await enter()).status, tries < 4 ? 401 : 429);
  }
  const right = await enter({ code: codeOf(secret) });
  assert.equal(right.status, 429);
});

test('sessions are listed and ended, one or all others; a name is changed; nobody does so by a key', async () => {
  const ann = await owner();
  const opened = await caller(url)('POST', '/api/sessions', { email: ann.email, password });
  const other = caller(url, opened.body.token);
  const { sessions } = (await ann.call('GET', '/api/me/sessions')).body;
  assert.deepEqual(
    sessions.map(({ current }: { current: boolean }) => current),
    [false, true],
  );
  assert.equal((await ann.call('DELETE', `/api/me/sessions/${sessions[0].id}`)).status, 204);
  assert.equal((await ann.call('DELETE', `/api/me/sessions/${sessions[0].id}`)).status, 404);
  await until('it is over', async () => (await other('GET', '/api/me')).status === 401);
  await caller(url)('POST', '/api/sessions', { email: ann.email, password });
  assert.equal((await ann.call('DELETE', '/api/me/sessions/others')).status, 204);
  assert.equal((await ann.call('GET', '/api/me/sessions')).body.sessions.length, 1);
  assert.equal((await ann.call('PATCH', '/api/me', { name: 'Ann Lee' })).body.name, 'Ann Lee');
  const key = await ann.call('POST', `${ann.base}/keys`, { door: 'console', role: 'owner', name: 'k' });
  const byKey = caller(url, key.body.token ?? `${key.body.id}.${key.body.secret}`);
  assert.equal((await byKey('PATCH', '/api/me', { name: 'Eve' })).status, 403, JSON.stringify(key.body));
});

test('somebody new is made a member by a link that sets the password: shown once, good once', async () => {
  const ann = await owner();
  const made = await ann.call('POST', `${ann.base}/members`, {
    email: `new-${ann.email}`,
    name: 'New',
    role: 'agent',
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const page = new URL(made.body.link.url);
  const set = async (chosen: string) =>
    await fetch(`${url}${page.pathname}`, {
      method: 'POST',
      body: new URLSearchParams({ password: chosen }),
      redirect: 'manual',
    });
  const both = await Promise.all([set(password), set(password)]);
  assert.deepEqual(both.filter(({ ok }) => ok).length, 1);
  assert.ok((await set('another horse battery')).status >= 400);
  const entered = await caller(url)('POST', '/api/sessions', { email: `new-${ann.email}`, password });
  const mine = caller(url, entered.body.token);
  assert.equal((await mine('GET', ann.base)).body.role, 'agent');
});

test('a password that is set by a link ends the sessions there are', async () => {
  const ann = await owner();
  const link = await sql.begin((tx) => newLink(tx, ann.id, ctx.clock.nowMs()));
  const body = new URLSearchParams({ password: 'another horse battery' });
  assert.equal((await fetch(`${url}${link.path}`, { method: 'POST', body })).status, 200);
  await until('the session is over', async () => (await ann.call('GET', '/api/me')).status === 401);
});

test('the page of a link says who invites to which workspace as what, and of a reset whose password it sets; a link that is none says nothing', async () => {
  const ann = await owner();
  const said = async (at: string) => {
    const answer = await fetch(at);
    return { status: answer.status, text: await answer.text() };
  };
  const { name: workspace } = (await ann.call('GET', ann.base)).body;
  const email = `asked-${ann.email}`;
  const made = await ann.call('POST', `${ann.base}/members`, { email, name: 'Bo <b>', role: 'agent' });
  const { url: link } = made.body.link as { url: string };
  const invited = await said(link);
  assert.equal(invited.status, 200);
  assert.ok(invited.text.includes(`${ann.name} invites you to “${workspace}”, as agent.`), invited.text);
  assert.ok(invited.text.includes(`You will sign in as Bo &lt;b&gt; (${email}).`), invited.text);
  const none = await said(link.slice(0, -1) + (link.endsWith('A') ? 'B' : 'A'));
  assert.equal(none.status, 404);
  for (const word of [ann.name, workspace as string, email, 'agent'])
    assert.ok(!none.text.includes(word), word);
  // What is wrong leaves the page as it was.
  const short = await fetch(link, { method: 'POST', body: new URLSearchParams({ password: 'short' }) });
  assert.equal(short.status, 400);
  assert.match(await short.text(), /invites you to/);
  const body = new URLSearchParams({ password: 'another horse battery' });
  assert.equal((await fetch(link, { method: 'POST', body })).status, 200);
  // Used, it is as one that never was.
  assert.deepEqual(await said(link), none);
  const reset = await sql.begin((tx) => newLink(tx, ann.id, ctx.clock.nowMs()));
  const asked = await said(`${url}${reset.path}`);
  assert.ok(asked.text.includes(`the password of ${ann.name} (${ann.email}), whatever it was`), asked.text);
  assert.ok(!/invite/.test(asked.text));
});
