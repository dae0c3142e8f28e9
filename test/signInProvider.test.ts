/**
 * Signing in by the company's provider, with a real one on a real socket: who comes in and who does not, and that a sign-in is one
 * browser's and good once.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { TOTP } from 'otpauth';
import { CONSOLE_HEADER } from '../contract/consoleLive.ts';
import { inviteOperator } from '../src/accounts/signIn/invitations.ts';
import { createOperator, setMember } from '../src/accounts/operators.ts';
import { createProvider } from '../src/accounts/signIn/provider.ts';
import { unbind } from '../src/accounts/signIn/providerSignIn.ts';
import { addressGuard } from '../src/base/addressGuard.ts';
import { httpClient } from '../src/base/http.ts';
import { isFault } from '../src/base/fault.ts';
import { silentLog } from '../src/base/log.ts';
import { caller } from './consoleProduct.ts';
import { must, startProduct } from './sunshineProduct.ts';
import { newBrowser, startIdentityProvider, type Account } from './support/identityProvider.ts';

const idp = await startIdentityProvider();
after(() => idp.close());
const settings = {
  oidcIssuer: idp.issuer,
  oidcClientId: idp.client.id,
  oidcClientSecret: idp.client.secret,
  oidcDomains: ['shop.example', 'Firm.example'],
  oidcName: 'Shop',
};
const product = await startProduct({ rateLimitPerS: 0, privateTargets: ['loopback'], ...settings });
const { ctx, url, sql } = product;
const password = 'correct horse battery';

let people = 0;
/** An operator, in a workspace unless told otherwise, and what the provider says of the same person. */
async function somebody(account: Account = {}, { isMember = true } = {}) {
  people += 1;
  const email = `p${people}@shop.example`;
  const subject = `subject-${people}`;
  idp.accounts.set(subject, { email, email_verified: true, name: `P${people}`, ...account });
  const app = await product.newApp();
  const id = await sql.begin(async (tx) => {
    const made = { email, name: `P${people}`, password, nowMs: ctx.clock.nowMs() };
    const operator = must(await createOperator(tx, ctx.ids, made));
    const { workspaceId } = app;
    if (isMember) must(await setMember(tx, { workspaceId, operatorId: operator.id, role: 'owner' }));
    return operator.id;
  });
  return { id, email, subject, app };
}

const isCallback = (at: string) => at.startsWith(`${url}/sign-in/callback`);
/** To the provider and to the door on the way back, as whom the provider knows. */
async function sent(browser: ReturnType<typeof newBrowser>, subject: string | undefined, to?: string) {
  idp.at.desk = subject;
  const query = to === undefined ? '' : `?to=${encodeURIComponent(to)}`;
  const { at } = await browser.follow(`${url}/sign-in/provider${query}`, isCallback);
  assert.ok(isCallback(at), at);
  return at;
}

/** All the way, in a browser of its own; who that is here, or what the page says. */
async function signIn(subject: string | undefined, to?: string) {
  const browser = newBrowser();
  const { answer, leadsTo } = await browser.step(await sent(browser, subject, to));
  const text = await answer.text();
  if (leadsTo === undefined) {
    assert.match(answer.headers.get('content-type')!, /^text\/html/);
    assert.match(answer.headers.get('content-security-policy')!, /^default-src 'none'/);
  }
  const me = async () => {
    const { answer: shown } = await browser.step(`${url}/api/me`, { [CONSOLE_HEADER]: '1' });
    return ((await shown.json()) as { operator?: { email: string } }).operator?.email;
  };
  return { status: answer.status, text, leadsTo, cookies: answer.headers.getSetCookie(), me };
}

idp.serve(`${url}/sign-in/callback`);

test('the sign-in page is told of the provider; who is a member comes in, and goes on where he wanted to', async () => {
  const ways = await caller(url)('GET', '/api/sessions/ways');
  assert.deepEqual(ways.body, { provider: { name: 'Shop', path: '/sign-in/provider' } });
  const ann = await somebody();
  const came = await signIn(ann.subject, `/w/${ann.app.appId}/inbox/all?q=x`);
  assert.deepEqual([came.status, came.leadsTo], [303, `${url}/w/${ann.app.appId}/inbox/all?q=x`]);
  assert.match(came.cookies.join('\n'), /parley_session=ses_[^;]+; Path=\/api; HttpOnly; SameSite=Strict/);
  assert.equal(await came.me(), ann.email);
  const told = await sql<{ action: string }[]>`
    SELECT action FROM audit_log WHERE subject = ${`operator:${ann.id}`} ORDER BY id`;
  assert.deepEqual(told.map(({ action }) => action).toSorted(), ['operator.bind', 'session.create']);
});

test('what leads elsewhere afterwards leads to the console', async () => {
  const ann = await somebody();
  for (const to of [
    'https://eve.example/w/x',
    '//eve.example/w/',
    '/\\eve.example',
    '/api/me',
    'javascript:1',
  ])
    assert.equal((await signIn(ann.subject, to)).leadsTo, `${url}/`, to);
});

test('nobody comes in by an address that is not verified, of another domain, or of no member; who is invited does', async () => {
  const ann = await somebody({ email_verified: false });
  const refused = await signIn(ann.subject);
  assert.deepEqual(
    [refused.status, refused.cookies.some((one) => one.includes('parley_session'))],
    [403, false],
  );
  idp.accounts.set(ann.subject, { email: ann.email, email_verified: true });
  assert.equal((await signIn(ann.subject)).status, 303);

  idp.accounts.set('stranger', { email: 'eve@elsewhere.example', email_verified: true });
  assert.match((await signIn('stranger')).text, /Only verified addresses at shop\.example/);
  idp.accounts.set('stranger', { email: 'new@firm.example', email_verified: true });
  assert.match((await signIn('stranger')).text, /is in no workspace here/);

  const bob = await somebody({}, { isMember: false });
  assert.equal((await signIn(bob.subject)).status, 403);
  const asked = { workspaceId: ann.app.workspaceId, operatorId: bob.id, role: 'viewer' as const };
  await sql.begin((tx) => inviteOperator(tx, ctx.clock.nowMs(), asked));
  const came = await signIn(bob.subject);
  assert.deepEqual([came.status, await came.me()], [303, bob.email]);
});

test('the subject is who it is: an address that changes hands opens nothing, until it is let go of', async () => {
  const [ann, bob] = [await somebody(), await somebody()];
  assert.equal((await signIn(ann.subject)).status, 303);
  // Ann's account has Bob's address now, and Eve's has Ann's.
  idp.accounts.set(ann.subject, { email: bob.email, email_verified: true });
  idp.accounts.set('eve', { email: ann.email, email_verified: true });
  assert.equal(await (await signIn(ann.subject)).me(), ann.email);
  const eve = await signIn('eve');
  assert.deepEqual([eve.status, /another account of the provider/.test(eve.text)], [403, true]);
  assert.equal(await sql.begin((tx) => unbind(tx, ann.id)), true);
  assert.equal(await (await signIn('eve')).me(), ann.email);
});

test('an operator who is disabled stays out, bound or not', async () => {
  const [ann, bob] = [await somebody(), await somebody()];
  assert.equal((await signIn(ann.subject)).status, 303);
  await sql`UPDATE operators SET disabled_ms = 1 WHERE id = ANY(${[ann.id, bob.id]}::bigint[])`;
  for (const { subject } of [ann, bob]) assert.equal((await signIn(subject)).status, 403);
});

test('a sign-in is good once and in its own browser, whoever tries it at the same time', async () => {
  const ann = await somebody();
  const browser = newBrowser();
  const at = await sent(browser, ann.subject);
  const stolen = await newBrowser().step(at);
  assert.equal(stolen.answer.status, 400, 'another browser has no cookie of it');
  const [other] = [newBrowser()];
  await sent(other, ann.subject);
  assert.equal((await other.step(at)).answer.status, 400, 'nor has one with a sign-in of its own');
  const both = await Promise.all([browser.step(at), browser.step(at), browser.step(at)]);
  const statuses = both.map(({ answer }) => answer.status).toSorted((a, b) => a - b);
  assert.deepEqual(statuses, [303, 400, 400]);
  assert.equal((await browser.step(at)).answer.status, 400, 'nor later');
  const sessions = await sql`SELECT 1 FROM operator_sessions WHERE operator_id = ${ann.id}`;
  assert.equal(sessions.length, 1);
});

test('two tabs of one browser are two sign-ins; one that took too long is none', async () => {
  const ann = await somebody();
  const browser = newBrowser();
  const [first, second] = [await sent(browser, ann.subject), await sent(browser, ann.subject)];
  for (const at of [first, second]) assert.equal((await browser.step(at)).answer.status, 303);
  const late = await sent(browser, ann.subject);
  await sql`UPDATE provider_sign_ins SET expires_ms = 0`;
  assert.equal((await browser.step(late)).answer.status, 400);
});

test('what comes back changed is not believed: another issuer, another code, none; a refusal is said on a page', async () => {
  const ann = await somebody();
  const change = async (how: (at: URL) => void) => {
    const browser = newBrowser();
    const at = new URL(await sent(browser, ann.subject));
    how(at);
    const { answer } = await browser.step(at.href);
    return [answer.status, /could not be believed/.test(await answer.text())];
  };
  const wrong = [401, true];
  assert.deepEqual(await change(({ searchParams }) => searchParams.set('iss', 'https://eve.example')), wrong);
  assert.deepEqual(await change(({ searchParams }) => searchParams.delete('iss')), wrong);
  assert.deepEqual(await change(({ searchParams }) => searchParams.set('code', 'x')), wrong);
  assert.deepEqual(await change(({ searchParams }) => searchParams.delete('code')), wrong);
  // A code that was given to one sign-in is of no use in another: verifier and nonce are that browser's and state's.
  const [browser, other] = [newBrowser(), newBrowser()];
  const [mine, theirs] = [await sent(browser, ann.subject), new URL(await sent(other, ann.subject))];
  theirs.searchParams.set('code', new URL(mine).searchParams.get('code')!);
  assert.equal((await other.step(theirs.href)).answer.status, 401);
  const refused = await signIn(undefined);
  assert.deepEqual([refused.status, /did not let you in/.test(refused.text)], [401, true]);
});

test('where a workspace demands the second factor it is asked for after the provider, and elsewhere it is not', async () => {
  const ann = await somebody();
  const session = await caller(url)('POST', '/api/sessions', { email: ann.email, password });
  const call = caller(url, session.body.token);
  const { secret } = (await call('POST', '/api/me/second-factor', { password })).body;
  const codeOf = (steps: number) =>
    new TOTP({ secret }).generate({ timestamp: ctx.clock.nowMs() + steps * 30_000 });
  const confirmed = await call('POST', '/api/me/second-factor/confirm', { code: codeOf(-1) });
  assert.equal(confirmed.status, 200);
  assert.equal(await (await signIn(ann.subject)).me(), ann.email, 'the provider has vouched');

  const at = `/api/workspaces/${ann.app.appId}`;
  assert.equal((await call('PATCH', at, { settings: { askSecondFactor: true } })).status, 200);
  const came = await signIn(ann.subject, `/w/${ann.app.appId}`);
  const asked = new URL(came.leadsTo!);
  assert.deepEqual([asked.pathname, asked.searchParams.get('to')], ['/enter', `/w/${ann.app.appId}`]);
  assert.equal(await came.me(), undefined, 'nothing is open yet');
  const code = asked.hash.slice(1);
  const enter = (body: object) => caller(url)('POST', '/api/sessions/link', { code, ...body });
  for (const body of [{}, { factor: '000000' }]) {
    const refused = await enter(body);
    assert.deepEqual([refused.status, refused.body.error.field], [401, 'factor']);
  }
  const factor = codeOf(0);
  const both = await Promise.all([enter({ factor }), enter({ factor })]);
  assert.deepEqual(
    both.map(({ status }) => status).toSorted((a, b) => a - b),
    [201, 401],
  );
  assert.equal((await enter({ factor: codeOf(1) })).status, 401, 'the link is used');
});

test('a provider that calls itself another, or stands where this server may not call, is none', async () => {
  const proofs = { state: 's', nonce: 'n', verifier: 'v'.repeat(43) };
  const begins = async (issuer: string, allowed: string[]) => {
    const http = httpClient({ guard: addressGuard(allowed) });
    const provider = createProvider({ ...settings, oidcIssuer: issuer }, { http, log: silentLog })!;
    const came = await provider.begin('https://parley.example/sign-in/callback', proofs);
    await http.close();
    return isFault(came) ? came.fault : new URL(came).origin;
  };
  assert.equal(await begins(idp.issuer, ['loopback']), idp.issuer);
  assert.equal(await begins(`${idp.issuer}/another`, ['loopback']), 'unavailable');
  assert.equal(await begins(idp.issuer, []), 'unavailable');
});
