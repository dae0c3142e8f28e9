/** The consent page as a browser without scripts has it: signing in and up, agreeing, and what is refused. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SignJWT } from 'jose';
import { isVerified } from '../src/accounts/signIn/signUps.ts';
import { listWorkspaces } from '../src/accounts/workspaces.ts';
import { hmac } from '../src/base/crypto.ts';
import { isFault } from '../src/base/fault.ts';
import { toHex24 } from '../src/base/ids.ts';
import { changeClient, clientSecret } from '../src/connect/clients.ts';
import { grantOf, listGrants } from '../src/connect/grants.ts';
import { HOLDER_PASSWORD, newCompany, newHolder, type Company, type Holder } from './support/connect.ts';
import { testDatabase } from './support/database.ts';
import { newConsoleKey, newIntegration } from './support/messages.ts';
import { newBrowser } from './support/plainBrowser.ts';
import { must, newWorkspace, startWorld, type World } from './support/world.ts';

const database = await testDatabase();
const BACK = 'https://shop.example/back?from=parley';
let world: World;
before(async () => {
  world = await startWorld(database.connection, { PARLEY_ROLES: 'http' });
});
after(() => world.stop());

type Change = Parameters<typeof changeClient>[2];

async function company(change: Change = {}, mails = true): Promise<Company> {
  const { ctx } = world;
  const made = await newCompany(ctx);
  const of = { workspaceId: made.id, nowMs: ctx.clock.nowMs() };
  must(await ctx.sql.begin((tx) => changeClient(tx, of, { redirectUris: [BACK], ...change })));
  if (mails)
    await newIntegration(ctx, made.id, 'mailgun', {
      apiKey: 'key-1',
      domain: 'mg.shop.example',
      signingKey: 'k',
    });
  return made;
}

/** A holder whose address is known to be theirs. */
async function verified(): Promise<Holder> {
  const holder = await newHolder(world.ctx);
  await world.ctx.sql`UPDATE operators SET verified_ms = 1 WHERE id = ${holder.id}`;
  return holder;
}

const pageOf = ({ client }: Company) => `/connect/${client.id}`;

async function codeOf(of: Company): Promise<string> {
  const rows = await world.ctx.sql<{ subject: string; kind: string }[]>`
    SELECT content ->> 'subject' AS subject, kind FROM messages WHERE workspace_id = ${of.id} ORDER BY id DESC LIMIT 1`;
  assert.equal(rows[0]!.kind, 'confirmation');
  return /^\d{6}/.exec(rows[0]!.subject)![0];
}

test('S2 somebody new signs up by a mailed code, reads, agrees, and is back where they came from, connected', async () => {
  const acme = await company({ reading: [{ title: 'Our <rules>', text: 'Be kind.' }] });
  const browser = newBrowser(world.url, pageOf(acme));
  await browser.open({ connect_id: '123abc', state: 's & t', redirect_uri: BACK });
  assert.equal(browser.page.status, 200);
  await browser.send('sign-up', { name: 'Nora Nye', email: 'Nora@Example.com', password: 'long enough 1' });
  assert.match(browser.page.html, /nora@example\.com can be signed up/);
  await browser.send('code', { code: '000000' });
  assert.equal(browser.page.status, 422);
  const code = await codeOf(acme);
  await browser.send('code', { code: `${code.slice(0, 3)} ${code.slice(3)}` });
  assert.match(browser.page.html, /Our &lt;rules&gt;/);
  await browser.send('agree', {});
  assert.equal(browser.page.status, 422, 'the reading is required');
  await browser.send('agree', { read: 'yes' });
  assert.equal(browser.page.status, 303);
  const back = new URL(browser.page.location);
  assert.equal(`${back.origin}${back.pathname}`, 'https://shop.example/back');
  const told = Object.fromEntries(back.searchParams);
  const grant = must(await grantOf(world.ctx.sql, acme.id, { connectId: '123abc' }));
  assert.deepEqual(told, {
    from: 'parley',
    status: 'connected',
    user_id: String(grant.userId),
    connect_id: '123abc',
    state: 's & t',
  });
  const own = await listWorkspaces(world.ctx.sql, { operatorId: grant.userId });
  assert.deepEqual(
    own.map(({ role, workspace }) => [role, workspace.id, workspace.environment]),
    [['owner', grant.holderWorkspaceId, 'test']],
  );
  const [address] = await world.ctx.sql<{ status: string; name: string }[]>`
    SELECT d.status, c.given_name AS name FROM destinations d JOIN contacts c ON c.id = d.contact_id WHERE d.contact_id = ${grant.contactId}`;
  assert.deepEqual({ ...address }, { status: 'active', name: 'Nora' });
  await browser.open({ connect_id: '123abc', redirect_uri: BACK });
  assert.match(browser.page.html, /You are connected|is connected to/);
  await browser.send('disconnect');
  assert.equal(isFault(await grantOf(world.ctx.sql, acme.id, { connectId: '123abc' })), true);
});

test('an address that has an account is mailed so, and the page says the same as of any other', async () => {
  const acme = await company();
  const holder = await verified();
  const browser = newBrowser(world.url, pageOf(acme));
  await browser.open({ connect_id: 'a' });
  await browser.send('sign-up', { name: 'Eve', email: holder.email, password: 'long enough 1' });
  assert.match(browser.page.html, /can be signed up with, a code of six digits is on its way/);
  const [mail] = await world.ctx.sql<{ content: { subject: string } }[]>`
    SELECT content FROM messages WHERE workspace_id = ${acme.id}`;
  assert.match(mail!.content.subject, /^Your account/);
  for (let tries = 0; tries < 6; tries++) await browser.send('code', { code: '123456' });
  assert.equal(browser.page.status, 404);
  assert.match(browser.page.html, /tried too often/);
});

test('who signs in and never showed that the address is theirs does so once', async () => {
  const acme = await company();
  const holder = await newHolder(world.ctx);
  const browser = newBrowser(world.url, pageOf(acme));
  await browser.open({ connect_id: 'unverified' });
  await browser.send('sign-in', { email: holder.email, password: 'a wrong password' });
  assert.equal(browser.page.status, 401);
  await browser.send('sign-in', { email: holder.email, password: HOLDER_PASSWORD });
  assert.match(browser.page.html, /Look into your mail/);
  await browser.send('code', { code: await codeOf(acme) });
  assert.equal(await isVerified(world.ctx.sql, holder.id), true);
  await browser.send('agree');
  const grant = must(await grantOf(world.ctx.sql, acme.id, { connectId: 'unverified' }));
  assert.equal(grant.holderWorkspaceId, holder.workspaceId);
});

test('both collisions are told in words, and change nothing', async () => {
  const acme = await company();
  const [ann, bea] = [await verified(), await verified()];
  const enter = async (holder: Holder, connectId: string) => {
    const browser = newBrowser(world.url, pageOf(acme));
    await browser.open({ connect_id: connectId });
    await browser.send('sign-in', { email: holder.email, password: HOLDER_PASSWORD });
    return browser;
  };
  const first = await enter(ann, 'one');
  await first.send('agree');
  const other = await enter(bea, 'one');
  await other.send('agree');
  assert.equal(other.page.status, 409);
  assert.match(other.page.html, /role="alert">another account is connected with this id/);
  const again = await enter(ann, 'two');
  assert.match(again.page.html, /which knows you as one\./);
  assert.equal((await listGrants(world.ctx.sql, { clientWorkspaceId: acme.id, limit: 9 })).grants.length, 1);
});

test('two windows of somebody without a workspace agree at once: one grant, one workspace', async () => {
  const acme = await company();
  const holder = await verified();
  await world.ctx.sql`DELETE FROM memberships WHERE operator_id = ${holder.id}`;
  const browser = newBrowser(world.url, pageOf(acme));
  await browser.open({ connect_id: 'twice' });
  await browser.send('sign-in', { email: holder.email, password: HOLDER_PASSWORD });
  const others = [newBrowser(world.url, pageOf(acme)), newBrowser(world.url, pageOf(acme))];
  for (const one of others) {
    for (const [name, value] of browser.jar) one.jar.set(name, value);
    await one.open({ connect_id: 'twice' });
  }
  await Promise.all(others.map((one) => one.send('agree')));
  assert.deepEqual(
    others.map(({ page }) => page.status),
    [303, 303],
  );
  assert.equal((await listWorkspaces(world.ctx.sql, { operatorId: holder.id })).length, 1);
  assert.equal((await listGrants(world.ctx.sql, { clientWorkspaceId: acme.id, limit: 9 })).grants.length, 1);
});

test('what is agreed to is what was shown: a company that asks for more meanwhile is looked at again', async () => {
  const acme = await company({ asks: ['messages'] });
  const holder = await verified();
  const browser = newBrowser(world.url, pageOf(acme));
  await browser.open({ connect_id: 'more' });
  await browser.send('sign-in', { email: holder.email, password: HOLDER_PASSWORD });
  const of = { workspaceId: acme.id, nowMs: world.ctx.clock.nowMs() };
  must(await world.ctx.sql.begin((tx) => changeClient(tx, of, { asks: ['messages', 'orders'] })));
  await browser.send('agree');
  assert.equal(browser.page.status, 409);
  assert.match(browser.page.html, /has changed what it asks for/);
  await browser.send('agree');
  assert.deepEqual(must(await grantOf(world.ctx.sql, acme.id, { connectId: 'more' })).allows, [
    'messages',
    'orders',
  ]);
});

test('a form that another site posts does nothing', async () => {
  const acme = await company();
  const holder = await verified();
  const browser = newBrowser(world.url, pageOf(acme));
  await browser.open({ connect_id: 'forged' });
  await browser.send('sign-in', { email: holder.email, password: HOLDER_PASSWORD });
  await browser.send('agree', { form: 'f'.repeat(64) });
  assert.equal(browser.page.status, 403);
  assert.equal(isFault(await grantOf(world.ctx.sql, acme.id, { connectId: 'forged' })), true);
});

test('nobody is led anywhere that is not registered, and an address that is not as it should be is an error in words', async () => {
  const acme = await company();
  const browser = newBrowser(world.url, pageOf(acme));
  const odd: Record<string, string>[] = [
    {},
    { connect_id: '' },
    { connect_id: ' a' },
    { connect_id: '=HYPERLINK(1)' },
    { connect_id: 'a\0b' },
    { connect_id: 'x'.repeat(201) },
    { connect_id: 'a', redirect_uri: 'https://evil.example/' },
    { connect_id: 'a', redirect_uri: `${BACK}x` },
    { connect_id: 'a', opener: 'https://evil.example' },
    { connect_id: 'a', state: 's'.repeat(1025) },
    { connect_id: 'a', signature: '0'.repeat(64) },
    { connect_token: 'a.b.c' },
  ];
  for (const query of odd) {
    await browser.open(query);
    assert.equal(browser.page.status, 400, JSON.stringify(query));
    assert.equal(browser.page.location, '');
    assert.match(browser.page.html, /This link is not as it should be/);
  }
  for (const path of ['/connect/1', '/connect/abc', `/connect/${acme.id}`, '/connect/99999999999999999']) {
    const response = await fetch(`${world.url}${path}?connect_id=a`);
    assert.equal(response.status, 404, path);
  }
  const twice = await fetch(`${world.url}${pageOf(acme)}?connect_id=a&connect_id=b`);
  assert.equal(twice.status, 400);
});

test('a connect id that the company signed is trusted, by HMAC or JWT; one that is signed otherwise is refused', async () => {
  const acme = await company({ signedOnly: true });
  const secret = (await clientSecret(world.ctx.sql, world.ctx.vault, acme.id)) as string;
  const jwt = async (sub: string, more: { key?: string; aud?: string; end?: string } = {}) =>
    await new SignJWT({})
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(sub)
      .setExpirationTime(more.end ?? '5m')
      .setAudience(more.aud ?? String(acme.client.id))
      .sign(Buffer.from(more.key ?? secret));
  const status = async (query: Record<string, string>) => {
    const browser = newBrowser(world.url, pageOf(acme));
    await browser.open(query);
    return browser.page.status;
  };
  assert.equal(await status({ connect_id: 'seat-1' }), 400, 'unsigned');
  assert.equal(
    await status({ connect_id: 'seat-1', signature: hmac('sha256', secret, 'seat-1', 'hex') }),
    200,
  );
  assert.equal(
    await status({ connect_id: 'seat-2', signature: hmac('sha256', secret, 'seat-1', 'hex') }),
    400,
  );
  assert.equal(await status({ connect_token: await jwt('seat-1') }), 200);
  assert.equal(await status({ connect_token: await jwt('seat-1'), connect_id: 'seat-2' }), 400);
  assert.equal(
    await status({ connect_token: await jwt('seat-1', { key: 'another key of 32 characters !!!' }) }),
    400,
  );
  assert.equal(await status({ connect_token: await jwt('seat-1', { aud: '5' }) }), 400);
  assert.equal(await status({ connect_token: await jwt('seat-1', { end: '-1m' }) }), 400);
  const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"a","exp":9999999999}').toString('base64url')}.`;
  assert.equal(await status({ connect_token: none }), 400);
});

test('codes are bounded by address, and a company that mails nothing signs nobody up', async () => {
  const acme = await company();
  let last = 0;
  for (let n = 0; n < 6; n++) {
    const browser = newBrowser(world.url, pageOf(acme));
    await browser.open({ connect_id: 'many' });
    await browser.send('sign-up', { name: 'M', email: 'many@example.com', password: 'long enough 1' });
    last = browser.page.status;
  }
  assert.equal(last, 429);
  const silent = await company({}, false);
  const browser = newBrowser(world.url, pageOf(silent));
  await browser.open({ connect_id: 'a' });
  assert.doesNotMatch(browser.page.html, /value="sign-up"/);
});

test('with a mail of the install’s own, codes, invitations and links go by it: no company reads them', async () => {
  const { ctx } = world;
  const install = await newWorkspace(ctx, 'live');
  const config = ctx.config as { accountMail: string };
  config.accountMail = toHex24(install.id);
  try {
    const acme = await company();
    const browser = newBrowser(world.url, pageOf(acme));
    await browser.open({ connect_id: 'own-mail' });
    // Set and not there: nobody else stands in.
    assert.doesNotMatch(browser.page.html, /value="sign-up"/);
    const asking = { authorization: await newConsoleKey(ctx, acme.id), 'content-type': 'application/json' };
    const invite = async (body: object) => {
      const to = `${world.url}/api/workspaces/${toHex24(acme.id)}/members`;
      const answer = await fetch(to, { method: 'POST', headers: asking, body: JSON.stringify(body) });
      return { status: answer.status, body: (await answer.json()) as { mailed?: true; link?: object } };
    };
    const nina = { email: 'nina@example.com', name: 'Nina', role: 'agent' };
    assert.equal((await invite(nina)).status, 503);
    const settings = { apiKey: 'key-1', domain: 'mg.parley.example', signingKey: 'k' };
    await newIntegration(ctx, install.id, 'mailgun', settings);
    await browser.open({ connect_id: 'own-mail' });
    await browser.send('sign-up', { name: 'Ned', email: 'ned@example.com', password: 'long enough 1' });
    assert.match(browser.page.html, /code/i);
    const made = await invite(nina);
    assert.deepEqual([made.status, made.body.mailed, made.body.link], [201, true, undefined]);
    const holder = await verified();
    assert.equal((await invite({ email: holder.email, role: 'agent' })).status, 202);
    const mails = async (id: number) =>
      await ctx.sql<{ subject: string; text: string }[]>`
        SELECT content ->> 'subject' AS subject, content ->> 'text' AS text FROM messages WHERE workspace_id = ${id} ORDER BY id`;
    // Of one millisecond they are in no order.
    const sent = await mails(install.id);
    const one = (isIt: (mail: (typeof sent)[number]) => boolean) => sent.filter(isIt).length;
    assert.equal(
      one(({ subject }) => /^\d{6} is your code/.test(subject)),
      1,
    );
    assert.equal(
      one(({ text }) => /\/setup\/\S{20,}/.test(text)),
      1,
    );
    assert.equal(
      one(({ text }) => /accept or decline/.test(text)),
      1,
    );
    assert.deepEqual([sent.length, await mails(acme.id)], [3, []]);
  } finally {
    config.accountMail = '';
  }
});

test('S16 with Connect switched off there is no page', async () => {
  const acme = await company();
  await world.ctx.sql`UPDATE connect_clients SET enabled = false WHERE workspace_id = ${acme.id}`;
  for (const path of [
    `${pageOf(acme)}?connect_id=a`,
    `${pageOf(acme)}.js`,
    `${pageOf(acme)}/status?connect_id=a`,
  ])
    assert.equal((await fetch(world.url + path)).status, 404, path);
});

test('the status of a visitor is for pages of the company only', async () => {
  const acme = await company();
  const at = `${world.url}${pageOf(acme)}/status?connect_id=nobody`;
  const ask = async (origin: string) => await fetch(at, { headers: { origin } });
  const own = await ask('https://shop.example');
  assert.deepEqual(await own.json(), { connected: false, name: 'Acme' });
  assert.equal(own.headers.get('access-control-allow-origin'), 'https://shop.example');
  assert.equal((await ask('https://evil.example')).headers.get('access-control-allow-origin'), null);
});
