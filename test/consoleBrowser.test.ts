/**
 * The console's pages in a real browser, against the running product: by role and label, failing on any error in the page, on anything that
 * its policy refuses and on anything that axe finds serious.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { TOTP } from 'otpauth';
import type { Browser, Page } from 'playwright-core';
import type { Fault } from '../src/base/fault.ts';
import { openWeb } from '../src/doors/web/door.ts';
import type { WebFile } from '../src/doors/web/files.ts';
import { stampOf } from '../src/doors/web/stamp.ts';
import { advance, caller, errors, startConsole, type Json } from './consoleProduct.ts';
import { skip, startBrowser } from './support/browser.ts';
import { exampleOf, isWhole, operationsOf, type Document } from '../web/console/pages/developers/example.ts';
import { startDns } from './support/dnsServer.ts';
import { startIdentityProvider } from './support/identityProvider.ts';
import { startReceiver } from './support/receiver.ts';
import { testDatabase } from './support/database.ts';
import { checkAxe, openTab, type Tab } from './support/page.ts';
import { until } from './support/until.ts';

const HOUR_MS = 3_600_000;
const root = path.resolve(import.meta.dirname, '..');
const web = openWeb(root);
const database = await testDatabase();
const dns = await startDns({
  'mail.example': ['v=spf1 a:smtp.mail.example ~all'],
  's1._domainkey.mail.example': ['v=DKIM1; p=AAAA'],
});
after(() => dns.stop());
// To a browser another site than the console.
const idp = await startIdentityProvider('localhost');
after(() => idp.close());
const product = await startConsole(
  database,
  { web },
  {
    PARLEY_DNS_SERVERS: dns.address,
    PARLEY_OIDC_ISSUER: idp.issuer,
    PARLEY_OIDC_CLIENT_ID: idp.client.id,
    PARLEY_OIDC_CLIENT_SECRET: idp.client.secret,
    PARLEY_OIDC_DOMAINS: 'example.com',
    PARLEY_OIDC_NAME: 'Shop',
    PARLEY_PRIVATE_TARGETS: 'loopback',
  },
);
const { url, base, call, demo } = product;
idp.serve(`${url}/sign-in/callback`);
const ws = demo.workspace.id;
const { email, password } = demo.keys.console;
const receiver = await startReceiver();
let browser: Browser;

before(async () => {
  await web.settled;
  if (!skip) browser = await startBrowser();
});
after(() => browser?.close());

let people = 0;
/** Somebody who was written to and has answered. */
async function somebody(name: string, text: string): Promise<{ address: string; contactId: string }> {
  const address = `+1415556${String(1000 + ++people)}`;
  const { body: contact } = await call('POST', `${base}/contacts`, { givenName: name });
  await call('POST', `${base}/contacts/${contact.id}/destinations`, { channel: 'sms', address });
  await call('POST', `${base}/messages`, {
    contactId: contact.id,
    content: { type: 'text', text: 'Your parcel is there.' },
  });
  await until('it is on the phone', async () => {
    const seen = await call(
      'GET',
      `${base}/simulator/messages?channel=sms&address=${encodeURIComponent(address)}`,
    );
    return seen.status === 200 && seen.body.messages.length > 0;
  });
  await call('POST', `${base}/simulator/reply`, { channel: 'sms', address, text });
  await until('it is in the inbox', async () => {
    const { body } = await call('GET', `${base}/conversations?view=all`);
    return body.conversations.some((one: Json) => one.contact.id === contact.id && one.last.text === text);
  });
  return { address, contactId: contact.id };
}

async function signedIn(tab: Tab, at = '/'): Promise<Page> {
  const { page } = tab;
  await page.goto(`${url}/sign-in?to=${encodeURIComponent(at)}`);
  await enter(page);
  return page;
}

/** Signs in, on the page for it. */
async function enter(page: Page, who = { email, password }): Promise<void> {
  await page.getByLabel('E-mail address').fill(who.email);
  await page.getByRole('textbox', { name: 'Password' }).fill(who.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Pages', exact: true }).waitFor();
}

const INVITATION = readFileSync(path.resolve(import.meta.dirname, '../examples/invitation.yaml'), 'utf8');

/** The conversation in the list of the inbox. */
const rowOf = (page: Page, name: string) => page.getByRole('option', { name: new RegExp(name) });

describe('how the pages are served', () => {
  const get = (at: string, headers: Record<string, string> = {}) => fetch(url + at, { headers });

  test('the shell is at every address of a page, is asked for anew, and lets nothing in from elsewhere', async () => {
    for (const at of ['/', '/sign-in', '/enter', `/w/${ws}/inbox/all`]) {
      const response = await get(at);
      assert.equal(response.status, 200);
      assert.match(response.headers.get('content-type')!, /^text\/html/);
      assert.equal(response.headers.get('cache-control'), 'no-cache');
      const policy = response.headers.get('content-security-policy')!;
      assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
      assert.doesNotMatch(policy, /unsafe/);
    }
    const etag = (await get('/')).headers.get('etag')!;
    assert.equal((await get('/', { 'if-none-match': etag })).status, 304);
    assert.equal((await get('/nothing')).status, 404);
    assert.equal((await get('/assets/..%2f..%2fpackage.json')).status, 404);
  });

  test('what it is made of never changes under its name, comes packed, and is within its budget', async () => {
    const html = await (await get('/')).text();
    const names = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, name]) => name!);
    const files = web.files() as ReadonlyMap<string, WebFile>;
    const sum = (pattern: RegExp) =>
      names
        .filter((name) => pattern.test(name))
        .map((name) => files.get(name)!)
        // What is tiny is not packed.
        .reduce((all, { packed, bytes }) => all + (packed.gzip ?? bytes).length, 0);
    assert.ok(sum(/\.js$/) <= 185_000, `${sum(/\.js$/)} bytes of JavaScript for the shell and the inbox`);
    assert.ok(sum(/\.css$/) <= 20_000, `${sum(/\.css$/)} bytes of styles`);
    for (const [name, { packed, bytes }] of files)
      if (name.endsWith('.js') && !names.includes(name))
        assert.ok((packed.gzip ?? bytes).length <= 25_000, `${name}: what another page needs besides`);
    const response = await get(names[0]!, { 'accept-encoding': 'br, gzip' });
    assert.equal(response.headers.get('content-encoding'), 'br');
    assert.match(response.headers.get('cache-control')!, /immutable/);
    assert.equal(
      (await get(names[0]!, { 'accept-encoding': 'br;q=0, identity' })).headers.get('content-encoding'),
      null,
    );
  });

  test('what nothing can build is said where the pages would be; one source has one stamp', async () => {
    const none = await mkdtemp(path.join(tmpdir(), 'parley-web-'));
    const missing = openWeb(none);
    await missing.settled;
    assert.match((missing.files() as Fault).message, /not installed/);
    await rm(none, { recursive: true });
    assert.equal(await stampOf(root), await stampOf(root));
  });
});

describe('the console in a browser', { skip }, () => {
  test('the link of a start leads into the inbox; an answer from the phone comes by itself, and the reply goes there', async () => {
    const tab = await openTab(browser);
    const { page } = tab;
    await page.goto(`${url}${product.signIn!.path}`);
    await page.getByRole('heading', { name: 'Nobody has written yet' }).waitFor();
    assert.equal(new URL(page.url()).pathname, `/w/${ws}/inbox/all`);
    await checkAxe(page, 'an empty inbox');
    const { address, contactId } = await somebody('Ann', 'Can I move it to Thursday?');
    await rowOf(page, 'Ann').click();
    await page.getByText('Can I move it to Thursday?').last().waitFor();
    await page.getByRole('textbox', { name: 'Reply' }).fill('Of course. 10:00 or 15:00?');
    await page.keyboard.press('Control+Enter');
    const bubble = page.getByRole('article', { name: 'You said' }).filter({ hasText: 'Of course.' });
    await bubble.getByText('Delivered').waitFor();
    await checkAxe(page, 'a conversation');
    await page.goto(`${url}/w/${ws}/simulator?contact=${contactId}`);
    const phone = page.getByRole('log', { name: `SMS of ${address}` });
    await phone.getByText('Of course. 10:00 or 15:00?').waitFor();
    await checkAxe(page, 'the simulator');
    await page.getByRole('textbox', { name: `Answer as ${address}` }).fill('15:00 please');
    await page.getByRole('button', { name: 'Send the answer' }).click();
    await phone.getByText('15:00 please').waitFor();
    await page.getByRole('link', { name: 'Inbox' }).click();
    await rowOf(page, 'Ann').getByText('15:00 please').waitFor();
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('the link works once, and says so', async () => {
    const tab = await openTab(browser, {}, /401/);
    await tab.page.goto(`${url}${product.signIn!.path}`);
    await tab.page
      .getByRole('alert')
      .getByText(/used already/)
      .waitFor();
    await checkAxe(tab.page, 'a link that is used');
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('by keys alone: next, reply, note, close with undo, why, palette, map of keys', async () => {
    await somebody('Bea', 'first');
    await somebody('Cleo', 'second');
    const tab = await openTab(browser, { colorScheme: 'dark' });
    const page = await signedIn(tab, `/w/${ws}/inbox/unassigned`);
    for (const name of ['Bea', 'Cleo']) await rowOf(page, name).waitFor();
    const [first, second] = await page.getByRole('option').evaluateAll((rows) => rows.map(({ id }) => id));
    const isOpen = (id: string) => page.locator(`[role=option][aria-selected=true][id="${id}"]`).waitFor();
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    // The second letter goes on from where the first leads, also where the page is not there yet.
    await isOpen(second);
    await page.waitForURL(/inbox\/unassigned\/[0-9a-f]{24}/);
    await page.keyboard.press('k');
    await isOpen(first);
    await page.getByRole('log', { name: 'What was said' }).getByText('Your parcel is there.').waitFor();
    await page.keyboard.press('n');
    await page.getByRole('textbox', { name: 'Note' }).and(page.locator(':focus')).waitFor();
    await page.keyboard.type('a VIP');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('article', { name: 'Note of Demo' }).getByText('a VIP').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('e');
    await page.getByText('Closed.').waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByRole('button', { name: 'Close', exact: true }).waitFor();
    await checkAxe(page, 'in the dark');
    await page.getByRole('link', { name: 'Why this message' }).first().click();
    await page.getByRole('dialog', { name: 'Why this message' }).getByText('It was sent.').waitFor();
    await checkAxe(page, 'why, in the dark');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').and(page.locator(':focus')).waitFor();
    await page.keyboard.type('simul');
    await page.getByRole('option', { name: /Simulator/ }).waitFor();
    await checkAxe(page, 'the palette, in the dark');
    await page.getByRole('combobox').press('Enter');
    await page.getByRole('heading', { name: 'Simulator' }).waitFor();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    // Who has not written yet is found as well.
    await call('POST', `${base}/contacts`, { givenName: 'Quentin', surname: 'Quiet' });
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').and(page.locator(':focus')).fill('Quen');
    await page.getByRole('option', { name: /Quentin Quiet/ }).waitFor();
    await page.getByRole('combobox').press('Enter');
    await page.getByRole('heading', { name: 'Quentin Quiet' }).waitFor();
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await checkAxe(page, 'the map of keys, in the dark');
    await page.keyboard.press('Escape');
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('a draft is there again after a reload; an answer is sent when the line is back, once', async () => {
    const { address } = await somebody('Dora', 'are you open?');
    const tab = await openTab(browser, {}, /ERR_INTERNET_DISCONNECTED|ERR_FAILED|Failed to load|WebSocket/);
    const page = await signedIn(tab, `/w/${ws}/inbox/all`);
    await rowOf(page, 'Dora').click();
    const field = page.getByRole('textbox', { name: 'Reply' });
    const kept = page.waitForResponse((response) => response.url().endsWith('/draft') && response.ok());
    await field.fill('On Sunday');
    await kept;
    await page.reload();
    await until('the draft is back', async () => (await field.inputValue()) === 'On Sunday');
    // Nor is anything lost that the server was not told of: for want of a moment, a line or a session; a note is kept the same way.
    const isBack = async (what: string, text: string) => {
      await page.getByRole('log', { name: 'What was said' }).waitFor();
      await until(`${what} is back`, async () => (await field.inputValue()) === text);
    };
    await page.route(/\/draft$/, (route) => route.abort());
    await field.fill('On Sunday, all day');
    await page.reload();
    await isBack('what was typed a moment ago', 'On Sunday, all day');
    await page.unroute(/\/draft$/);
    await until('the server has it', async () => {
      const { body } = await call('GET', `${base}/conversations?view=all`);
      const { id } = body.conversations.find((one: Json) => one.last.text === 'are you open?');
      const mine = caller(url, (await call('POST', '/api/sessions', { email, password })).body.token);
      return (await mine('GET', `${base}/conversations/${id}`)).body.draft?.text === 'On Sunday, all day';
    });
    await page.context().clearCookies();
    await field.fill('On Sunday, all day long');
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await enter(page);
    await isBack('what was typed when the session was over', 'On Sunday, all day long');
    await page.getByRole('button', { name: 'Note', exact: true }).click();
    const note = page.getByRole('textbox', { name: 'Note' });
    await note.fill('asks every week');
    await page.reload();
    await isBack('the reply', 'On Sunday, all day long');
    await page.getByRole('button', { name: 'Note', exact: true }).click();
    await until('the note is back', async () => (await note.inputValue()) === 'asks every week');
    await page.keyboard.press('Control+Enter');
    await page.getByRole('article', { name: 'Note of Demo' }).getByText('asks every week').waitFor();
    await until('a note that is kept is written no more', async () => (await note.inputValue()) === '');
    await page.getByRole('button', { name: 'Reply', exact: true }).click();
    await page.context().setOffline(true);
    await field.fill('On Sunday from ten');
    await page.keyboard.press('Control+Enter');
    await page.getByText('Waits for the connection').waitFor();
    await page.context().setOffline(false);
    const bubble = page.getByRole('article', { name: 'You said' }).filter({ hasText: 'On Sunday from ten' });
    await bubble.getByText('Delivered').waitFor();
    // The list is told of it apart from the thread.
    await rowOf(page, 'Dora').getByText('On Sunday from ten').waitFor();
    await until(
      'it is in the thread and in the list',
      async () => (await page.getByText('On Sunday from ten').locator('visible=true').count()) === 2,
    );
    const seen = await call(
      'GET',
      `${base}/simulator/messages?channel=sms&address=${encodeURIComponent(address)}`,
    );
    assert.equal(JSON.stringify(seen.body).split('On Sunday from ten').length, 2);
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('what waits for the line is each tab’s and each operator’s own: another tab writes over none of it, and nobody sends the words of another', async () => {
    const { address } = await somebody('Dorit', 'and on Monday?');
    await somebody('Elsa', 'hello');
    const other = {
      email: 'mara@example.com',
      name: 'Mara',
      password: 'correct horse battery',
      role: 'agent',
    };
    await call('POST', `${base}/members`, other);
    const tab = await openTab(browser, {}, /ERR_FAILED|401/);
    const page = await signedIn(tab, `/w/${ws}/inbox/all`);
    const second = await page.context().newPage();
    const say = async (on: Page, text: string, to = 'Dorit') => {
      await rowOf(on, to).click();
      const conversation = on.getByRole('region', { name: `Conversation with ${to}` });
      await conversation.getByRole('textbox', { name: 'Reply' }).fill(text);
      await on.keyboard.press('Control+Enter');
    };
    await second.goto(page.url());
    const bubble = (on: Page, text: string) => on.getByRole('article').filter({ hasText: text });
    await page.route(/\/messages$/, (route) =>
      route.request().method() === 'POST' ? route.abort() : route.fallback(),
    );
    await second.route(/\/messages$/, (route) =>
      route.request().method() === 'POST' ? route.abort() : route.fallback(),
    );
    await say(page, 'On Monday, too');
    await bubble(page, 'On Monday, too').getByText('Waits for the connection').waitFor();
    await say(second, 'From nine on');
    await bubble(second, 'From nine on').getByText('Waits for the connection').waitFor();
    // What one tab waits with the other shows as well.
    await bubble(second, 'On Monday, too').waitFor();
    await second.close();
    await page.context().clearCookies();
    await page.unroute(/\/messages$/);
    await page.goto(`${url}/sign-in?to=${encodeURIComponent(`/w/${ws}/inbox/all`)}`);
    await enter(page, other);
    // In another conversation: in this one they would be asked whether it still holds.
    await say(page, 'Mara here', 'Elsa');
    await bubble(page, 'Mara here').getByText('Delivered').waitFor();
    const onPhone = async () => {
      const query = `channel=sms&address=${encodeURIComponent(address)}`;
      return JSON.stringify((await call('GET', `${base}/simulator/messages?${query}`)).body);
    };
    assert.doesNotMatch(await onPhone(), /On Monday, too|From nine on/);
    await page.context().clearCookies();
    await page.goto(`${url}/sign-in?to=${encodeURIComponent(`/w/${ws}/inbox/all`)}`);
    await enter(page);
    await until('both are sent once', async () => {
      const all = await onPhone();
      return ['On Monday, too', 'From nine on'].every((text) => all.split(text).length === 2);
    });
    await rowOf(page, 'Dorit').click();
    for (const text of ['On Monday, too', 'From nine on'])
      await page.getByRole('article', { name: 'You said' }).filter({ hasText: text }).waitFor();
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('somebody new comes by a link, sets up a second factor, and is asked for its code, also after the company’s provider where one wants that; others are signed out', async () => {
    const address = 'nora@example.com';
    const made = await call('POST', `${base}/members`, { email: address, name: 'Nora', role: 'agent' });
    const tab = await openTab(browser, {}, /401/);
    const { page } = tab;
    await page.goto(`${url}${new URL(made.body.link.url).pathname}`);
    await page
      .getByLabel(/password/i)
      .first()
      .fill('nora’s own password');
    await page.getByRole('button').first().click();
    await page.getByText('You can sign in').waitFor();
    const enter = async (more: () => Promise<void> = async () => {}) => {
      await page.goto(`${url}/sign-in`);
      await page.getByLabel('E-mail address').fill(address);
      await page.getByRole('textbox', { name: 'Password' }).fill('nora’s own password');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await more();
      await page.getByRole('navigation', { name: 'Pages', exact: true }).waitFor();
    };
    await enter();
    await page.getByRole('button', { name: /Nora/ }).click();
    await page.getByRole('menuitem', { name: 'Your account' }).click();
    const panel = page.getByRole('region', { name: 'Second factor' });
    await panel.getByRole('button', { name: 'Set it up' }).click();
    await panel.getByRole('textbox', { name: 'Your password' }).fill('nora’s own password');
    await panel.getByRole('button', { name: 'Go on' }).click();
    await panel.getByRole('img', { name: /QR code/ }).waitFor();
    await checkAxe(page, 'the account, with a key to scan');
    const secret = (await panel.locator('.mono').first().textContent())!;
    const codeAt = (step: number) => new TOTP({ secret }).generate({ timestamp: Date.now() + step * 30_000 });
    // The code of the half minute before is good as long as this one lasts, and there are three to be told within a minute and a half.
    await until('there is time to tell it', () => Date.now() % 30_000 < 20_000, 45_000, 100);
    await panel.getByRole('textbox', { name: 'Code' }).fill(codeAt(-1));
    await panel.getByRole('button', { name: 'Switch it on' }).click();
    await panel.getByText('Keep these away from the phone').waitFor();
    await panel.getByRole('button', { name: 'I have kept them' }).click();
    await panel.getByText('On', { exact: true }).waitFor();
    const code = page.getByRole('textbox', { name: 'Code' });
    /** A wrong one first, which is told in place. */
    const tellCode = async (step: number, at: string) => {
      await code.fill('000000');
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page
        .getByRole('alert')
        .getByText(/wrong|used/)
        .waitFor();
      await checkAxe(page, at);
      await code.fill(codeAt(step));
      await page.getByRole('button', { name: 'Sign in' }).click();
    };
    await enter(() => tellCode(0, 'the sign-in, with a code'));
    // Whom the company's provider vouches for is asked for no password, and for a code where a workspace wants that.
    idp.accounts.set('nora', { email: address, email_verified: true, name: 'Nora' });
    idp.at.desk = 'nora';
    const byProvider = async () => {
      await page.context().clearCookies();
      await page.goto(`${url}/sign-in?to=${encodeURIComponent(`/w/${ws}/people`)}`);
      await page.getByRole('link', { name: 'Sign in with Shop' }).click();
    };
    const isIn = () => page.getByRole('searchbox', { name: /Find by name/ }).waitFor();
    await byProvider();
    await isIn();
    await call('PATCH', base, { settings: { askSecondFactor: true } });
    await byProvider();
    await page.getByRole('heading', { name: 'One thing more' }).waitFor();
    await tellCode(1, 'the second factor, after the provider');
    await isIn();
    await call('PATCH', base, { settings: { askSecondFactor: null } });
    await page.goto(`${url}/me`);
    await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
    await page.getByRole('button', { name: 'Sign out there' }).first().waitFor({ state: 'hidden' });
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('on a phone’s width: the list, a conversation, back, the clock moved on, a broadcast paused', async () => {
    await somebody('Edda', 'on the way');
    const tab = await openTab(browser, {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    });
    const page = await signedIn(tab, `/w/${ws}/inbox/all`);
    await rowOf(page, 'Edda').tap();
    await page.getByRole('textbox', { name: 'Reply' }).fill('See you');
    await page.getByRole('button', { name: 'Send' }).tap();
    await page.getByRole('article', { name: 'You said' }).getByText('Delivered').waitFor();
    await checkAxe(page, 'a conversation on a phone');
    assert.ok(
      await page.evaluate('document.documentElement.scrollWidth <= innerWidth'),
      'nothing is wider than the phone',
    );
    // Whose it is, and that it is closed; no word of the buttons is cut.
    const assignee = page.locator('.thread-assignee');
    await assignee.tap();
    await page.getByRole('menuitem', { name: 'Demo' }).tap();
    await assignee.getByText('Demo').waitFor();
    const cut = await page.evaluate<string[]>(
      `[...document.querySelectorAll('.thread-acts .mantine-Button-label')]
        .filter((it) => it.scrollWidth > it.clientWidth).map((it) => it.textContent)`,
    );
    assert.deepEqual(cut, []);
    await page.getByRole('button', { name: 'Close', exact: true }).tap();
    await page.getByText('Closed.').waitFor();
    await page.getByRole('button', { name: 'Open', exact: true }).tap();
    await page.getByRole('button', { name: 'Close', exact: true }).waitFor();
    await page.getByRole('button', { name: 'Back to the list' }).tap();
    await rowOf(page, 'Edda').waitFor();
    // A template, and a broadcast from its first word on.
    await page.getByRole('button', { name: /look, keys, sign out/ }).tap();
    await page.getByRole('menuitem', { name: 'Templates' }).waitFor();
    await checkAxe(page, 'what else there is, on a phone');
    await page.getByRole('menuitem', { name: 'Templates' }).tap();
    await page.getByRole('button', { name: 'New template' }).tap();
    await page.getByRole('textbox', { name: 'Name' }).fill('From a phone');
    await page.getByRole('button', { name: 'Create' }).tap();
    await page.getByRole('textbox', { name: 'Text', exact: true }).fill('Made on a phone');
    await page.getByText(/^Saved, version/).waitFor();
    await page.getByRole('link', { name: 'Broadcasts' }).tap();
    await page.getByRole('button', { name: 'New broadcast' }).tap();
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Sent from a phone');
    await page.getByLabel('Purpose').selectOption('transactional');
    await page.getByRole('textbox', { name: 'Text', exact: true }).fill('Sent from a phone');
    await page.getByRole('button', { name: 'Next: audience' }).tap();
    await page.getByRole('region', { name: 'Who gets it' }).getByLabel('Everybody').check();
    await page.getByRole('button', { name: 'Next: forecast' }).tap();
    await page.getByRole('button', { name: 'Next: send' }).tap();
    await page.getByRole('button', { name: 'Start now …' }).tap();
    await page.getByRole('button', { name: /^Send to \d+ pe/, disabled: false }).waitFor();
    await checkAxe(page, 'a broadcast that is about to start, on a phone');
    await page.getByRole('button', { name: /^Send to/ }).tap();
    await page.getByText(/^\d+ delivered/).waitFor();
    await page.goto(`${url}/w/${ws}/inbox/all`);
    const before = (await call('GET', `${base}/clock`)).body.aheadMs;
    await page.getByRole('button', { name: '+1 h' }).tap();
    await page.getByText('The clock moved on by 1 h 0 min.').waitFor();
    assert.equal((await call('GET', `${base}/clock`)).body.aheadMs, before + 3_600_000);
    const made = await call('POST', `${base}/broadcasts`, {
      name: 'Slow',
      channel: 'sms',
      class: 'transactional',
      ratePerS: 0.1,
      content: { type: 'text', text: 'Slowly' },
      audience: { include: { all: true } },
    });
    await call('POST', `${base}/broadcasts/${made.body.id}/start`);
    await page.goto(`${url}/w/${ws}/broadcasts/${made.body.id}/progress`);
    await page.getByRole('button', { name: 'Pause' }).tap();
    await page.getByText('It stands still.').waitFor();
    await checkAxe(page, 'a broadcast on a phone');
    assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'));
    await call('POST', `${base}/broadcasts/${made.body.id}/cancel`);
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('people: found by name, what passed, an address blocked by hand and allowed again, erased by name', async () => {
    const { address, contactId } = await somebody('Gerda', 'who are you?');
    const tab = await openTab(browser);
    const page = await signedIn(tab, `/w/${ws}/people`);
    await page.getByRole('searchbox', { name: /Find by name/ }).fill('Gerd');
    await page.getByRole('link', { name: 'Gerda' }).click();
    await page.getByText('who are you?').waitFor();
    await page.getByRole('heading', { name: 'Campaigns' }).waitFor();
    await page.getByText('Not in any campaign so far.').waitFor();
    await checkAxe(page, 'a person');
    const addresses = page.getByRole('region', { name: 'Addresses and facts' });
    const row = addresses.getByRole('listitem').filter({ hasText: address }).first();
    // By itself and by a channel: it is blocked whichever way it was chosen.
    await row.getByRole('button', { name: 'Block' }).first().click();
    await page.getByRole('textbox', { name: 'Why' }).fill('asked on the phone');
    await checkAxe(page, 'blocking an address');
    await page.getByRole('button', { name: 'Block it' }).click();
    await row
      .getByText(/no transactional/)
      .first()
      .waitFor();
    await page.getByRole('button', { name: 'Consent' }).click();
    await page.getByText(/asked on the phone/).waitFor();
    // What of it is shown stands in the address: it is there again, and one goes back to all.
    await page.waitForURL(/[?&]kind=consent/);
    await page.reload();
    await page.getByText(/asked on the phone/).waitFor();
    await page.getByRole('button', { name: 'Consent', pressed: true }).waitFor();
    assert.equal(await page.getByText('who are you?').count(), 0);
    await page.goBack();
    await page.getByText('who are you?').waitFor();
    await page.goForward();
    await row.getByRole('button', { name: 'Allow' }).first().click();
    await page.getByRole('textbox', { name: 'Why' }).fill('a mistake');
    await page.getByRole('button', { name: 'Allow it' }).click();
    await row
      .getByText(/no transactional/)
      .first()
      .waitFor({ state: 'detached' });
    const surname = page.getByRole('textbox', { name: 'Surname' });
    await surname.fill('Klein');
    await surname.press('Enter');
    await page.getByText('Surname is saved.').waitFor();
    await page.getByRole('heading', { name: 'Gerda Klein' }).waitFor();
    const attributes = { city: 'Ghent' };
    const { body: gerti } = await call('POST', `${base}/contacts`, { givenName: 'Gerti', attributes });
    const email = 'gerti@example.com';
    await call('POST', `${base}/contacts/${gerti.id}/destinations`, { channel: 'email', address: email });
    await page.getByRole('button', { name: 'Merge …' }).click();
    await page.getByLabel('Find by name, address or id').fill('Gerti');
    await page.getByRole('button', { name: 'Gerti' }).click();
    await page.getByRole('cell', { name: 'Ghent', exact: true }).waitFor();
    await page.getByRole('cell', { name: 'Gerda', exact: true }).waitFor();
    await page.getByRole('cell', { name: 'Gerti (is not kept)' }).waitFor();
    await page.getByText(`${email} (Mail)`).waitFor();
    await checkAxe(page, 'merging');
    await page.getByRole('button', { name: 'Merge', exact: true }).click();
    await page.getByText('Gerti and Gerda Klein are one.').waitFor();
    assert.equal((await call('GET', `${base}/contacts/${contactId}`)).body.attributes.city, 'Ghent');
    assert.equal(await page.getByRole('button', { name: 'Undo' }).count(), 0, 'it cannot be taken back');
    await addresses.getByRole('listitem').filter({ hasText: email }).waitFor();
    // Where the other one was leads to who stays.
    await page.goto(`${url}/w/${ws}/people/${gerti.id}`);
    await page.getByRole('heading', { name: 'Gerda Klein' }).waitFor();
    await page.waitForURL(`**/people/${contactId}`);
    await page.getByRole('button', { name: 'Erase …' }).click();
    await page.getByLabel('Type the name to go on').fill('Gerda Klein');
    await checkAxe(page, 'erasing');
    await page.getByRole('button', { name: 'Erase', exact: true }).click();
    await page.getByText('Gerda Klein was erased.').waitFor();
    assert.equal((await call('GET', `${base}/contacts/${contactId}`)).status, 404);
    await checkAxe(page, 'people');
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('an import: a file is chosen, a column is made another, bad rows are told before and after, all of it taken back, in the dark on a phone', async () => {
    const onPhone = { colorScheme: 'dark', viewport: { width: 390, height: 844 } } as const;
    // A country of one letter is refused.
    const tab = await openTab(browser, onPhone, /400 \(Bad Request\)/);
    const page = await signedIn(tab, `/w/${ws}/people`);
    await page.getByRole('link', { name: 'Import' }).click();
    await page.getByText('Nothing has been imported yet').waitFor();
    await checkAxe(page, 'imports');
    const rows = Array.from({ length: 2_000 }, (_, n) =>
      n % 50 === 4 ? `Bad${n},12` : `Imke${n},+316${20_000_000 + n}`,
    );
    const file = {
      name: 'people.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(`naam,tel\n${rows.join('\n')}\n`),
    };
    await page.getByLabel('Choose a file').setInputFiles(file);
    await page.getByRole('heading', { name: 'people.csv' }).waitFor();
    await page.getByRole('combobox', { name: 'What tel is' }).selectOption('Phone number');
    await page.getByText('1 of the first 50 rows would be rejected').waitFor();
    await page.getByRole('combobox', { name: 'What naam is' }).selectOption('Given name');
    await page.getByLabel(/^Tags/).fill('from a file');
    await checkAxe(page, 'an import that waits');
    // A reload takes nothing of what was chosen; what is refused as it was kept can be begun anew.
    const chosen = async (what: string) =>
      await page.getByRole('combobox', { name: `What ${what} is` }).inputValue();
    await page.reload();
    await page.getByText('1 of the first 50 rows would be rejected').waitFor();
    assert.deepEqual([await chosen('naam'), await chosen('tel')], ['givenName', 'phone']);
    assert.equal(await page.getByLabel(/^Tags/).inputValue(), 'from a file');
    await page.getByLabel(/^Country of numbers/).fill('X');
    await page.getByRole('alert').waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Choose from the beginning' }).click();
    await page.getByRole('combobox', { name: 'What tel is' }).selectOption('Phone number');
    await page.getByRole('combobox', { name: 'What naam is' }).selectOption('Given name');
    await page.getByLabel(/^Tags/).fill('from a file');
    await page.getByText('1 of the first 50 rows would be rejected').waitFor();
    assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), 'not too wide');
    await page.getByRole('button', { name: 'Import 2,000 rows' }).click();
    await page.getByText('Done: 2,000 of 2,000 rows').waitFor();
    assert.deepEqual(
      await page.evaluate(`Object.keys(localStorage).filter((key) => key.startsWith('parley.import.'))`),
      [],
    );
    await checkAxe(page, 'an import that is done');
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download what was rejected' }).click();
    const lines = (await readFile(await (await saved).path(), 'utf8')).split('\r\n');
    assert.equal(lines.length, 41, 'a head and forty rows');
    assert.match(lines[1]!, /^6,phone,/);
    // It was the wrong file: what it made is taken back, but for one with whom something was done since.
    const found = await call('GET', `${base}/contacts?search=${encodeURIComponent('+31620000100')}`);
    const { id: kept } = found.body.contacts[0] as { id: string };
    await call('PATCH', `${base}/contacts/${kept}`, { surname: 'Stays' });
    await page.getByRole('button', { name: 'Take back …' }).click();
    await checkAxe(page, 'what taking an import back does');
    await page.getByRole('button', { name: 'Take it back' }).click();
    const back = page.getByRole('region', { name: 'Taking it back' });
    await back.getByText('It is taken back.').waitFor();
    await back.getByText('1,959').waitFor();
    await back.getByRole('link', { name: kept }).waitFor();
    await checkAxe(page, 'an import that is taken back');
    assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), 'not too wide');
    await call('DELETE', `${base}/contacts/${kept}`);
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('a broadcast from the first word to the last receipt: forecast equals result, paused and gone on with, one message a phone', async () => {
    // What was sent is told by the hour, so none of it may begin in one and end in the next.
    const { now } = (await call('GET', `${base}/clock`)).body;
    const leftMs = HOUR_MS - (Date.parse(now) % HOUR_MS);
    if (leftMs < HOUR_MS / 4) await advance(call, base, leftMs + 60_000);
    const people = [];
    for (let i = 0; i < 12; i++) {
      const phone = `+1415557${1000 + i}`;
      const { body } = await call('POST', `${base}/contacts`, { phone, givenName: `Hugo${i}` });
      people.push({ phone, id: body.id as string });
    }
    const { body: list } = await call('POST', `${base}/lists`, { name: 'Sunday people' });
    await call('POST', `${base}/lists/${list.id}/members`, { add: people.map(({ id }) => id) });
    const { body: blocked } = await call('GET', `${base}/contacts/${people[0]!.id}/destinations`);
    const block = `${base}/contacts/${people[0]!.id}/destinations/${blocked.destinations[0].id}/block`;
    await call('POST', block, { classes: ['transactional'] });
    const tab = await openTab(browser, {}, /409|412/);
    const page = await signedIn(tab, `/w/${ws}/broadcasts`);
    await page.getByRole('button', { name: 'New broadcast' }).click();
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Sunday open');
    await page.getByLabel('Purpose').selectOption('transactional');
    const text = page.getByRole('textbox', { name: 'Text', exact: true });
    await text.fill('Hi {{ contact.firstName }}');
    await page.getByText('did you mean contact.givenName?').waitFor();
    await text.fill('Hi {{ contact.givenName }}, we are open on Sunday.');
    await page.getByRole('figure', { name: 'As SMS' }).getByText('Hi Johanna, we are open').waitFor();
    await page.getByText('Saved', { exact: true }).waitFor();
    await checkAxe(page, 'writing a broadcast');
    const id = page.url().split('/').at(-2)!;
    await call('PATCH', `${base}/broadcasts/${id}`, { name: 'Theirs' });
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Mine');
    await page.getByText('Somebody else has changed this broadcast.').waitFor();
    await checkAxe(page, 'a conflict');
    assert.equal((await call('GET', `${base}/broadcasts/${id}`)).body.name, 'Theirs');
    await page.getByRole('button', { name: 'Save mine over it' }).click();
    await until(
      'it is saved',
      async () => (await call('GET', `${base}/broadcasts/${id}`)).body.name === 'Mine',
    );
    // Whoever takes the other's has the other's before him: the next letter does not bring back his own.
    const theirs = { type: 'text', text: 'Hi {{ contact.givenName }}, we are open on Monday' };
    await call('PATCH', `${base}/broadcasts/${id}`, { content: theirs });
    await text.fill('Hi {{ contact.givenName }}, we are closed.');
    await page.getByRole('button', { name: 'Take theirs' }).click();
    await until('theirs is there', async () => (await text.inputValue()) === theirs.text);
    await text.press('End');
    await text.pressSequentially('.');
    await page.getByText('Saved', { exact: true }).waitFor();
    const kept = (await call('GET', `${base}/broadcasts/${id}`)).body;
    assert.deepEqual([kept.name, kept.content.text], ['Mine', `${theirs.text}.`]);
    await page.getByRole('button', { name: 'Next: audience' }).click();
    await page.getByRole('region', { name: 'Who gets it' }).getByLabel('Sunday people').check();
    await page.getByText('Saved', { exact: true }).waitFor();
    await checkAxe(page, 'the audience');
    await page.getByRole('button', { name: 'Next: forecast' }).click();
    const numbers = page.getByRole('region', { name: 'Forecast' });
    await numbers.getByRole('button', { name: '11 now' }).waitFor();
    await numbers.getByRole('button', { name: '1 blocked by hand' }).click();
    await page.getByRole('dialog').getByRole('link', { name: 'Hugo0' }).waitFor();
    await checkAxe(page, 'whom the forecast speaks of');
    await page.keyboard.press('Escape');
    // What nobody has fails to render, and that is said before it is sent.
    await page.getByRole('link', { name: 'Message' }).click();
    const good = await text.inputValue();
    await text.fill('Hi {{ contact.attributes.shoe.size }}');
    await page.getByText('Saved', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Forecast' }).click();
    await page
      .getByRole('list', { name: 'What will fail to render' })
      .getByText(/would fail/)
      .waitFor();
    await checkAxe(page, 'what will fail to render');
    await page.getByRole('link', { name: 'Message' }).click();
    await text.fill(good);
    await page.getByText('Saved', { exact: true }).waitFor();
    await page.getByRole('link', { name: 'Forecast' }).click();
    await page.getByRole('button', { name: 'Next: send' }).click();
    // What was typed a moment ago is started too, and the field keeps the cursor while it is saved.
    await page.getByLabel('At most this many a second').fill('3');
    await page.getByRole('button', { name: 'Start now …' }).click();
    const { ratePerS } = (await call('GET', `${base}/broadcasts/${id}`)).body;
    assert.equal(ratePerS, 3);
    await page.getByRole('button', { name: 'Send to 11 people' }).click();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('It stands still.').waitFor();
    const resume = page.getByRole('button', { name: 'Resume' });
    const pause = page.getByRole('button', { name: 'Pause' });
    await pause.hover();
    await page.getByRole('tooltip').getByText('Only running broadcasts can be paused.').waitFor();
    await checkAxe(page, 'a broadcast that stands still');
    await call('POST', `${base}/broadcasts/${id}/rate`, { ratePerS: null });
    await resume.click();
    await page.getByText('11 delivered').waitFor();
    await page.getByText('1 not sent').waitFor();
    await page.getByRole('link', { name: 'Results' }).click();
    await page.getByRole('cell', { name: /blocked by hand/ }).waitFor();
    await page.getByRole('button', { name: '11 Delivered' }).click();
    const whom = page.getByRole('dialog').getByRole('listitem').filter({ hasText: 'Hugo11' });
    await whom.getByRole('link', { name: 'Hugo11' }).waitFor();
    // Each with its why, as anywhere.
    await whom.getByRole('link', { name: 'Why this message' }).click();
    const why = page.getByRole('dialog', { name: 'Why this message' });
    await why.getByText('It was sent.').waitFor();
    await checkAxe(page, 'why somebody got a broadcast');
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').first().waitFor({ state: 'hidden' });
    await page.goto(`${url}/w/${ws}/people/${people[0]!.id}`);
    await page.getByRole('link', { name: 'Why this message' }).click();
    await why.getByText('It was not sent.').waitFor();
    await page.goto(`${url}/w/${ws}/broadcasts/${id}/results`);
    await call('POST', `${base}/simulator/reply`, {
      channel: 'sms',
      address: people[3]!.phone,
      text: 'From when?',
    });
    const hours = page.getByRole('region', { name: 'Hour by hour' });
    await hours.getByRole('button', { name: 'Sent 11' }).waitFor();
    await hours.getByText('As a table').click();
    await hours.getByRole('columnheader', { name: 'Opted out' }).waitFor();
    const outcome = page.getByRole('region', { name: 'What came of it' });
    await outcome.getByText('text messages were paid for').waitFor();
    await until('who wrote is counted', async () => {
      const { answers } = (await call('GET', `${base}/broadcasts/${id}/results`)).body;
      return answers.replied === 1;
    });
    await page.reload();
    await outcome.getByRole('button', { name: '1 Replied' }).click();
    await page.getByRole('dialog').getByRole('link', { name: 'Hugo3' }).waitFor();
    await checkAxe(page, 'who wrote back');
    await page.keyboard.press('Escape');
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download recipients (CSV)' }).click(),
    ]);
    assert.equal((await readFile(await file.path(), 'utf8')).split('\r\n').length, 14);
    await checkAxe(page, 'results');
    // Who is held for later says until which hour.
    const hour = (ahead: number) => new Date(Date.now() + ahead * 3_600_000).toISOString().slice(11, 16);
    await call('PATCH', base, {
      timeZone: 'UTC',
      settings: { quietHours: { from: hour(-6), to: hour(10) } },
    });
    const { body: later } = await call('POST', `${base}/broadcasts`, {
      name: 'Later',
      channel: 'sms',
      class: 'marketing',
      content: theirs,
      audience: { include: { lists: [list.id] } },
    });
    await page.goto(`${url}/w/${ws}/broadcasts/${later.id}/forecast`);
    await page.getByRole('button', { name: /^\d+ .* → .*\d\d:\d\d/ }).waitFor();
    await call('PATCH', base, { settings: { quietHours: null } });
    for (const { phone } of people.slice(1)) {
      const at = `${base}/simulator/messages?channel=sms&address=${encodeURIComponent(phone)}`;
      const { messages } = (await call('GET', at)).body;
      assert.equal(messages.filter(({ direction }: Json) => direction === 'out').length, 1, phone);
    }
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('a template: what is wrong is underlined where it stands, MJML beside the mail it makes, versions with what changed', async () => {
    // What a mail brings along is refused in its frame, which is as it should be.
    const tab = await openTab(browser, {}, /fonts\.googleapis\.com|frame is sandboxed/);
    const page = await signedIn(tab, `/w/${ws}/templates`);
    await page.getByRole('button', { name: 'New template' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('Welcome');
    await page.getByRole('button', { name: 'Create' }).click();
    const text = page.getByRole('textbox', { name: 'Text', exact: true });
    await text.fill('Dear you,\nhi {{ contact.firstName }}');
    await page.locator('mark', { hasText: 'contact.firstName' }).waitFor({ state: 'attached' });
    await page.getByText('text 2:7').first().waitFor();
    await text.fill('Dear you,\nhi {{ contact.givenName }}');
    await page.getByText('Saved, version 3').or(page.getByText('Saved, version 2')).waitFor();
    await page.getByLabel('Shown as').selectOption('email');
    await page.getByRole('button', { name: 'MJML' }).click();
    await page
      .getByRole('textbox', { name: 'MJML' })
      .fill(
        '<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{ contact.givenName }}</mj-text></mj-column></mj-section></mj-body></mjml>',
      );
    await page.frameLocator('iframe[title="The mail"]').getByText('Hello Johanna').waitFor();
    await checkAxe(page, 'a template');
    await page.getByRole('button', { name: 'Versions' }).click();
    const versions = page.getByRole('dialog', { name: 'Versions' });
    await versions.getByText('<mj-text>').first().waitFor();
    await checkAxe(page, 'versions of a template');
    // What it said first is said again, and goes on from there.
    await versions.getByRole('button', { name: /^Version 1/ }).click();
    await versions.getByRole('button', { name: 'Say this again' }).click();
    await page.getByLabel('Shown as').selectOption('sms');
    await until('the first is there', async () => (await text.inputValue()).includes('default: "there"'));
    await text.press('End');
    await text.pressSequentially('!');
    await page.getByText(/^Saved, version/).waitFor();
    const id = page.url().split('/').at(-1)!;
    await until('it is kept', async () => {
      const { content } = (await call('GET', `${base}/templates/${id}`)).body;
      return content.text === 'Hi {{ contact.givenName | default: "there" }}!' && !content.mjml;
    });
    // In another language, and tried on a phone: what became of it is followed, and has its why.
    await page.getByLabel('Language').selectOption('Add a language …');
    const asked = page.getByRole('dialog', { name: 'Add a language' });
    await asked.getByLabel(/^Language tag/).fill('n');
    await asked.getByText(/two or three letters/).waitFor();
    await checkAxe(page, 'a language is added');
    await asked.getByLabel(/^Language tag/).fill('nl');
    await page.keyboard.press('Enter');
    await asked.waitFor({ state: 'hidden' });
    await text.fill('Hoi {{ contact.givenName | default: "daar" }}');
    await page.getByText(/^Saved, version/).waitFor();
    const trial = page.getByRole('form', { name: 'A test' });
    for (const [language, said] of [
      ['nl', 'Hoi'],
      ['', 'Hi'],
    ] as const) {
      await page.getByLabel('Language').selectOption(language);
      await trial.getByLabel(/^Try it/).fill('+14155571999');
      await page.keyboard.press('Enter');
      await trial.getByRole('status', { name: 'The test' }).getByText('Delivered').waitFor();
      const onPhone = await call(
        'GET',
        `${base}/simulator/messages?channel=sms&address=${encodeURIComponent('+14155571999')}`,
      );
      assert.match(JSON.stringify(onPhone.body.messages.at(-1)), new RegExp(`"${said} `));
    }
    await checkAxe(page, 'a template that was tried');
    await trial.getByRole('link', { name: 'Why this message' }).click();
    await page.getByRole('dialog', { name: 'Why this message' }).getByText('It was sent.').waitFor();
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('a webhook fails, is red, and green after a replay from the log; the sample checks its signature', async () => {
    receiver.answer('/hook', (before) => ({ status: before === 0 ? 400 : 200, body: 'no such order' }));
    const tab = await openTab(browser);
    const page = await signedIn(tab, `/w/${ws}/developers/webhooks`);
    await page.getByRole('button', { name: 'New webhook' }).click();
    await page.getByLabel('Where to').fill(receiver.url('/hook'));
    await checkAxe(page, 'a new webhook');
    await page.getByRole('button', { name: 'Make the webhook' }).click();
    const secret = await page.getByRole('textbox', { name: 'Secret' }).inputValue();
    await page.getByRole('button', { name: 'I have kept it' }).click();
    await page.getByRole('link', { name: receiver.url('/hook') }).click();
    await page.getByRole('button', { name: 'Test call' }).click();
    const row = page.getByRole('row').filter({ hasText: 'ping' });
    await row.getByText('failed').waitFor();
    await row.getByRole('link', { name: 'ping' }).click();
    const drawer = page.getByRole('dialog', { name: 'Call' });
    await drawer.getByText('no such order').waitFor();
    await checkAxe(page, 'a call');
    const sample = await drawer.getByLabel('Checking a signature in JavaScript').textContent();
    const { headers, body } = receiver.received('/hook')[0]!;
    const { isFromParley } = (await import(`data:text/javascript,${encodeURIComponent(sample!)}`)) as {
      isFromParley: (secret: string, headers: object, body: string) => boolean;
    };
    assert.equal(isFromParley(secret, headers, body), true);
    assert.equal(isFromParley(secret, headers, `${body} `), false);
    await page.keyboard.press('Escape');
    await row.getByRole('button', { name: 'Replay' }).click();
    await page.getByRole('row').filter({ hasText: 'ping' }).getByText('delivered').waitFor();
    await checkAxe(page, 'the log of a webhook');
    // What failed and is tried again says on its row when.
    receiver.answer('/down', { status: 503 });
    const down = { door: 'sunshine', target: receiver.url('/down'), triggers: ['*'] };
    const { body: failing } = await call('POST', `${base}/webhooks`, down);
    await call('POST', `${base}/webhooks/${failing.id}/ping`);
    await page.goto(`${url}/w/${ws}/developers/webhooks/${failing.id}`);
    await row.getByText(/^next retry (?:now|in \d)/).waitFor();
    await call('DELETE', `${base}/webhooks/${failing.id}`);
    // A key is rotated: the new one is shown once, and the old one has an end.
    const { body: old } = await call('POST', `${base}/keys`, { door: 'sunshine', name: 'of the till' });
    await page.goto(`${url}/w/${ws}/developers/keys`);
    const tills = page.getByRole('row').filter({ hasText: 'of the till' });
    await tills.getByRole('button', { name: 'Rotate' }).click();
    await page.getByLabel('The old key goes on').selectOption('for an hour');
    await checkAxe(page, 'a key is rotated');
    await page.getByRole('button', { name: 'Make the new key' }).click();
    const nextId = await page.getByRole('textbox', { name: 'Key', exact: true }).inputValue();
    await page.getByRole('button', { name: 'I have kept it' }).click();
    const next = tills.filter({ hasText: nextId });
    await next.getByRole('cell', { name: 'never' }).last().waitFor();
    await tills
      .filter({ hasText: old.keyId })
      .getByRole('cell', { name: /^in \d/ })
      .waitFor();
    // One that ends now goes from the list, and what is shown once stays.
    await next.getByRole('button', { name: 'Rotate' }).click();
    await page.getByLabel('The old key goes on').selectOption('not at all: it ends now');
    await page.getByRole('button', { name: 'Make the new key' }).click();
    await page.getByRole('textbox', { name: 'Secret', exact: true }).waitFor();
    await next.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'I have kept it' }).click();
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('S74 the reference: found, run with the workspace’s own ids, and every example that says it all answers 2xx', async () => {
    await somebody('Iris', 'reference');
    const tab = await openTab(browser);
    const page = await signedIn(tab, `/w/${ws}/developers/api`);
    await page.getByRole('searchbox', { name: 'Find an operation' }).fill('sends one message');
    const operation = page.getByRole('article', { name: /Sends one message to a contact/ });
    await operation.getByRole('button', { name: 'Run' }).click();
    await operation.getByRole('region', { name: 'Answer' }).getByText('202').waitFor();
    await operation.getByRole('button', { name: 'Python' }).click();
    await operation.getByLabel('In Python').getByText('urllib.request').first().waitFor();
    await checkAxe(page, 'the reference');
    // What asks for whom in a header has it there, in every language.
    await page.getByRole('combobox', { name: 'API' }).selectOption('shout');
    await page.getByRole('searchbox', { name: 'Find an operation' }).fill('company told in an account');
    const orders = page.getByRole('article', { name: /The orders that the company told/ });
    await orders.getByRole('textbox', { name: 'X-Shout-Connect-ID' }).waitFor();
    await orders
      .getByLabel('In curl')
      .getByText(/-H 'X-Shout-Connect-ID: /)
      .waitFor();
    // What was answered first under a key is looked up.
    const once = `once-${ws}`;
    const given = { 'idempotency-key': once };
    assert.equal((await call('POST', `${base}/contacts`, { givenName: 'Once' }, given)).status, 201);
    await page.getByRole('link', { name: 'Idempotency' }).click();
    await page.getByRole('textbox', { name: 'Idempotency-Key' }).fill('never');
    await page.keyboard.press('Enter');
    await page.getByText('Nobody has used this key here within a day.').waitFor();
    await page.getByRole('textbox', { name: 'Idempotency-Key' }).fill(once);
    await page.keyboard.press('Enter');
    const kept = page.getByRole('region', { name: 'First answer' });
    await kept.getByRole('heading', { name: '201 at the console door' }).waitFor();
    await kept.getByText('"givenName": "Once"').waitFor();
    await checkAxe(page, 'what was answered first');
    await page.getByRole('link', { name: 'API reference' }).click();
    // Its address can be sent to somebody, whichever door it is of.
    await page.getByRole('combobox', { name: 'API' }).selectOption('outbound');
    await page.getByRole('searchbox', { name: 'Find an operation' }).fill('');
    const own = page.getByRole('list', { name: 'Operations' }).getByRole('button').last();
    const called = (await own.locator('.mono').textContent())!;
    await own.click();
    await page.waitForURL(/door=outbound.*op=|op=.*door=outbound/);
    await page.reload();
    await page.getByRole('button', { pressed: true }).filter({ hasText: called }).waitFor();
    assert.equal(await page.getByRole('combobox', { name: 'API' }).inputValue(), 'outbound');
    const document = (await (await fetch(`${url}/api/openapi/console.json`)).json()) as Document;
    const contacts = (await call('GET', `${base}/contacts?limit=1`)).body.contacts;
    const broadcasts = (await call('GET', `${base}/broadcasts?limit=1`)).body.broadcasts;
    const known = { workspaceId: ws, contactId: contacts[0].id, broadcastId: broadcasts[0]?.id ?? '' };
    const whole = operationsOf('console', document).filter((one) =>
      isWhole(one, exampleOf(one, document, known)),
    );
    const session = await caller(url)('POST', '/api/sessions', { email, password });
    const mine = caller(url, session.body.token);
    const refused: string[] = [];
    for (const one of whole) {
      const { method, path, body } = exampleOf(one, document, known);
      const answer = await mine(method, path, body);
      if (answer.status >= 300)
        refused.push(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    assert.deepEqual(refused, []);
    assert.ok(whole.length > 40, `${whole.length} examples were run`);
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('a channel is added, set up by steps that tick themselves, and a test is followed to its end', async () => {
    const tab = await openTab(browser);
    const page = await signedIn(tab, `/w/${ws}/channels`);
    await page.getByRole('link', { name: 'Add a channel' }).click();
    await page.getByRole('link', { name: 'Twilio', exact: true }).click();
    await checkAxe(page, 'a new channel');
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Second Twilio');
    await page.getByLabel(/Account SID/).fill(`AC${'0'.repeat(32)}`);
    await page.getByLabel(/Auth token/).fill('1'.repeat(32));
    await page.getByRole('button', { name: 'Create' }).click();
    const setUp = page.getByRole('region', { name: 'Set-up' });
    await setUp.getByText('Waiting for the first callback').waitFor();
    await setUp.getByRole('textbox', { name: 'Send the test to' }).fill('+14155590001');
    await setUp.getByRole('button', { name: 'Send a test' }).click();
    await setUp.getByText('The test is delivered').waitFor();
    await setUp.getByText('Its credentials work').waitFor();
    await checkAxe(page, 'the set-up of a channel');
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('the domain that mail is sent from is looked up; the chat that is copied works on a page of another origin', async () => {
    const { body: mail } = await call('POST', `${base}/integrations`, {
      type: 'smtp',
      settings: { host: 'smtp.mail.example', from: 'Shop <hello@mail.example>' },
    });
    const tab = await openTab(browser);
    const page = await signedIn(tab, `/w/${ws}/channels/${mail.id}`);
    await page.getByText('The domain it sends from').waitFor();
    assert.deepEqual(dns.asked, [], 'nobody is asked before the button is pressed');
    await page.getByRole('textbox', { name: 'DKIM selector' }).fill('s1');
    await page.getByRole('button', { name: 'Look it up' }).click();
    await page.getByText('mail.example is not set up yet').waitFor();
    await page.getByText('Gmail and Yahoo refuse bulk mail without it').waitFor();
    await checkAxe(page, 'the records of a domain');
    const kept = (await call('GET', `${base}/integrations`)).body.integrations;
    const chat =
      kept.find(({ type }: Json) => type === 'webchat') ??
      (await call('POST', `${base}/integrations`, { type: 'webchat', settings: {} })).body;
    await page.goto(`${url}/w/${ws}/channels/${chat.id}`);
    const snippet = (await page.getByLabel('The chat for your page').textContent())!;
    await page.getByRole('button', { name: 'Try it as a visitor' }).click();
    const opened = await page.getByRole('link', { name: /Open the chat/ }).getAttribute('href');
    await checkAxe(page, 'the chat to copy');
    const shop = createServer((_request, response) =>
      response
        .setHeader('content-type', 'text/html; charset=utf-8')
        .end(
          `<!doctype html><html lang="en"><title>Shop</title><link rel="icon" href="data:,">${snippet}</html>`,
        ),
    ).listen(0, '127.0.0.1');
    await once(shop, 'listening');
    const { search } = new URL(opened!, url);
    await page.goto(`http://127.0.0.1:${(shop.address() as AddressInfo).port}/page${search}`);
    await page.getByRole('textbox', { name: 'Your message' }).fill('Do you ship to Ghent?');
    await page.getByRole('button', { name: 'Send' }).click();
    const said = page.getByRole('log', { name: 'What was said' });
    await said.getByText('Do you ship to Ghent?').waitFor();
    const written = await until('it is in the inbox', async () => {
      const { body } = await call('GET', `${base}/conversations?view=all`);
      return body.conversations.find((one: Json) => one.last?.text === 'Do you ship to Ghent?');
    });
    await call('POST', `${base}/messages`, {
      contactId: written.contact.id,
      content: { type: 'text', text: 'We do.' },
    });
    await said.getByText('We do.').waitFor();
    assert.equal(await said.getByRole('listitem').count(), 2, 'each once');
    // The chat is Parley's own: its set-up asks for no credentials and waits for no callback.
    await page.goto(`${url}/w/${ws}/channels/${chat.id}`);
    const setUp = page.getByRole('region', { name: 'Set-up' });
    await setUp.getByText('A message has reached a visitor').waitFor();
    assert.equal(await setUp.getByText(/tried with the first|callback/).count(), 0);
    assert.deepEqual(tab.amiss, []);
    await tab.close();
    shop.closeAllConnections();
    shop.close();
  });

  test('what happens is followed, by type and contact, and stands still when it is paused; requests by keys tell what was wrong', async () => {
    await call('GET', `${base}/messages/${'0'.repeat(24)}`);
    const tab = await openTab(browser, { colorScheme: 'dark' });
    const page = await signedIn(tab, `/w/${ws}/developers/events`);
    await page.getByText('Live', { exact: true }).waitFor();
    const { contactId } = await somebody('Jule', 'is this followed?');
    const events = page.getByRole('list', { name: 'Events' });
    await events.getByText('message.received').first().waitFor();
    await page.getByRole('combobox', { name: 'Type of event' }).selectOption('message.received');
    await page.waitForURL(/type=message\.received/);
    await page.getByRole('textbox', { name: 'Of the contact' }).fill(contactId);
    await page.keyboard.press('Enter');
    await page.waitForURL(new RegExp(`of=${contactId}`));
    await until('only theirs', async () => (await events.getByRole('listitem').count()) === 1);
    await events.getByText('message.received').click();
    await events.getByText(contactId).first().waitFor();
    await checkAxe(page, 'events, in the dark');
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText(/^Paused/).waitFor();
    const { body: person } = await call('GET', `${base}/contacts/${contactId}/destinations`);
    const { channel, address } = person.destinations[0];
    await call('POST', `${base}/simulator/reply`, { channel, address, text: 'and now?' });
    await until('it was told', async () => {
      const { body } = await call('GET', `${base}/event-stream?type=message.received&contact=${contactId}`);
      return body.events.length === 2;
    });
    assert.equal(await events.getByRole('listitem').count(), 1);
    await page.getByRole('button', { name: 'Go on' }).click();
    await until('it came', async () => (await events.getByRole('listitem').count()) === 2);
    await page.getByRole('link', { name: 'Requests' }).click();
    await page.getByRole('button', { name: 'Errors only' }).click();
    await page
      .getByRole('row')
      .filter({ hasText: '/api/workspaces/:workspaceId/messages/:messageId' })
      .getByText('404')
      .first()
      .waitFor();
    await page.getByRole('combobox', { name: 'Status' }).selectOption('5xx');
    await page.getByRole('heading', { name: 'No request was like that' }).waitFor();
    await page.getByRole('combobox', { name: 'Status' }).selectOption('404');
    await page
      .getByRole('searchbox', { name: 'Method or route' })
      .fill('get /api/workspaces/:workspaceid/messages/');
    const { keyId } = (await call('GET', `${base}/requests?limit=1&status=404`)).body.requests[0];
    await page.getByRole('combobox', { name: 'Key' }).selectOption(keyId);
    await page.waitForURL(({ search }) => ['404', 'failed', keyId].every((one) => search.includes(one)));
    await page.reload();
    await page
      .getByRole('row')
      .filter({ hasText: '/messages/:messageId' })
      .getByText('404')
      .first()
      .waitFor();
    assert.equal(await page.getByRole('combobox', { name: 'Status' }).inputValue(), '404');
    await checkAxe(page, 'requests, in the dark');
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('channels and settings: how each fares, who is a member, who did what', async () => {
    const tab = await openTab(browser, { colorScheme: 'dark' });
    const page = await signedIn(tab, `/w/${ws}/channels`);
    await page.getByRole('heading', { name: 'Simulated Twilio', exact: true }).waitFor();
    await page.getByText('Last accepted').first().waitFor();
    await checkAxe(page, 'channels, in the dark');
    await page.getByRole('link', { name: 'Settings' }).click();
    for (const [part, shown] of Object.entries({
      Members: email,
      Domains: 'SPF, DKIM and DMARC',
      Retention: 'What is older is deleted once a day',
      'Connected companies': 'What companies may do for you',
      'Audit log': 'sent a message',
    })) {
      await page.getByRole('navigation', { name: 'Parts of the settings' }).getByText(part).click();
      await page.getByRole('region', { name: part, exact: true }).getByText(shown).first().waitFor();
      await checkAxe(page, `settings, ${part}, in the dark`);
    }
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('console.md §4 on a phone no page is wider than it, nor is what scrolls in it, and no page’s name is cut', async () => {
    const tab = await openTab(browser, {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    });
    const page = await signedIn(tab, `/w/${ws}/templates`);
    const content = { type: 'text', text: 'Hi' };
    const template = (
      await call('POST', `${base}/templates`, { name: 'Reminder of an appointment', content })
    ).body;
    const { body: campaign } = await call('POST', `${base}/campaigns`, { file: INVITATION });
    for (const [at, name] of [
      ['people/imports', 'Import people'],
      ['people/exports', 'Export people'],
      ['people/sets/lists', 'Lists'],
      ['broadcasts', 'Broadcasts'],
      ['campaigns', 'Campaigns'],
      [`campaigns/${campaign.id}/file`, 'invitation'],
      ['templates', 'Templates'],
      [`templates/${template.id}`, 'Reminder of an appointment'],
      ['channels', 'Channels'],
      ['channels/new', 'Add a channel'],
      ['developers/keys', 'Developers'],
      ['settings/sending', 'Settings'],
    ] as const) {
      await page.goto(`${url}/w/${ws}/${at}`);
      await page.getByRole('heading', { level: 1, name }).waitFor();
      await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
      const cut = await page.evaluate<boolean>(
        `(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)(document.querySelector('h1'))`,
      );
      assert.ok(!cut, `${name} is not cut`);
      // One tab says where one is: what has none of its own stands in the menu, whose button is called by it.
      const marked = page.locator('nav.side ul [aria-current]').filter({ visible: true });
      assert.deepEqual(await marked.count(), 1, at);
      const place = { people: 'People', broadcasts: 'Broadcasts' }[at.split('/')[0]!];
      await marked.getByText(place ?? new RegExp(`^${at.split('/')[0]!}$`, 'i'), { exact: true }).waitFor();
      const wide = await page.evaluate<
        string[]
      >(`[document.documentElement, ...document.querySelectorAll('.cards, .page-body, .page-columns, .settings-part')]
        .filter((it) => it.scrollWidth > it.clientWidth).map((it) => it.className || it.tagName)`);
      assert.deepEqual(wide, [], at);
    }
    await checkAxe(page, 'a page whose tab is the menu');
    await page.locator('.own').tap();
    const here = page.locator('[role=menuitem][aria-current=page]');
    assert.equal(await here.textContent(), 'Settings');
    await checkAxe(page, 'the menu that says where one is');
    await page.keyboard.press('Escape');
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('who is connected to a company sees what it may do and has done, in the dark on a phone, and disconnects', async () => {
    const { token, connectId, holder } = demo.keys.shout;
    const company = caller(url, token);
    const tell = async (order: object) =>
      await company('POST', '/orders', { order }, { 'X-Shout-Connect-ID': connectId });
    const orders: number[] = [];
    for (let n = 0; n < 12; n++)
      orders.push((await tell({ profile_phone_number: '(801) 555-6788', total_cents: n })).body.id);
    const tab = await openTab(browser, {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
      colorScheme: 'dark',
    });
    const { page } = tab;
    await page.goto(`${url}/sign-in`);
    await page.getByLabel('E-mail address').fill(holder.email);
    await page.getByRole('textbox', { name: 'Password' }).fill(holder.password);
    await page.getByRole('button', { name: 'Sign in' }).tap();
    await page.getByRole('heading', { name: 'Nobody has written yet' }).waitFor();
    await page.goto(page.url().replace(/inbox.*$/, 'settings/companies'));
    await page.getByRole('link', { name: 'What companies may do for you' }).tap();
    const app = page.getByRole('region', { name: 'Demo' });
    await app.getByText('known there as 123abc').waitFor();
    await app.getByText('Create, change and delete its orders in your account').waitFor();
    await app.getByText(`Created order ${orders[11]}`).waitFor();
    assert.equal(await app.getByText(`Created order ${orders[0]}`).count(), 0);
    await app.getByRole('button', { name: 'Earlier' }).tap();
    await app.getByText(`Created order ${orders[0]}`).waitFor();
    await checkAxe(page, 'connected companies, in the dark on a phone');
    assert.ok(
      await page.evaluate('document.documentElement.scrollWidth <= innerWidth'),
      'nothing is wider than the phone',
    );
    await app.getByRole('button', { name: 'Disconnect' }).tap();
    const asked = page.getByRole('dialog', { name: 'Disconnect from Demo?' });
    await asked.getByText('it cannot write to you or notify you').waitFor();
    await checkAxe(page, 'a disconnect that is asked about');
    await asked.getByRole('button', { name: 'Stay connected' }).tap();
    assert.equal((await tell({ profile_phone_number: '(801) 555-6788' })).status, 201);
    await app.getByRole('button', { name: 'Disconnect' }).tap();
    await asked.getByRole('button', { name: 'Disconnect' }).tap();
    await page.getByRole('heading', { name: 'You are not connected to any company' }).waitFor();
    await page.getByText('You disconnected').waitFor();
    assert.equal((await tell({ profile_phone_number: '(801) 555-6788' })).status, 403);
    await page.emulateMedia({ colorScheme: 'light' });
    await checkAxe(page, 'connected companies, of whom none is left');
    assert.deepEqual(tab.amiss, []);
    await tab.close();
  });

  test('console.md §15.9 every role does its day’s work; what it may not do is there, and says why', async () => {
    const { body: template } = await call('POST', `${base}/templates`, {
      name: 'Of every role',
      content: { type: 'text', text: 'Hi' },
      locales: { nl: { type: 'text', text: 'Dag' } },
    });
    const written = {
      name: 'Of every role',
      channel: 'sms',
      class: 'transactional',
      content: { type: 'text', text: 'Hi' },
      audience: { include: { all: true } },
    };
    const { body: draft } = await call('POST', `${base}/broadcasts`, written);
    const { body: ready } = await call('POST', `${base}/broadcasts`, written);
    const { body: campaign } = await call('POST', `${base}/campaigns`, { file: INVITATION });
    const { contactId } = await somebody('Fritz', 'hello');
    const { body: all } = await call('GET', `${base}/conversations?view=all`);
    const { id: conversation } = all.conversations.find((one: Json) => one.contact.id === contactId);
    /** What of a page does nothing and does not say why. */
    const silent = `(() => {
      const isSeen = (it) => it.getClientRects().length > 0;
      const off = [...document.querySelectorAll('main [aria-disabled=true]')].filter(isSeen);
      const text = document.querySelector('main').innerText;
      const forms = [...document.querySelectorAll('main fieldset[disabled]')].filter(isSeen);
      return [
        ...off.filter((it) => !(it.dataset.tip || it.title)).map((it) => it.textContent),
        ...forms.filter(() => !/ may not /.test(text)).map((it) => it.className || 'a form'),
      ];
    })()`;
    const mayNot: Record<string, readonly (readonly [string, RegExp])[]> = {
      admin: [['settings/workspace', /may not delete the workspace; that takes owner/]],
      marketer: [
        [`inbox/all/${conversation}`, /may not answer in conversations; that takes owner or admin or agent/],
        ['channels/new/twilio', /may not change integrations; that takes owner or admin/],
        ['developers/keys', /may not make and revoke API keys/],
        ['developers/api', /^/],
      ],
      agent: [
        [`people/${contactId}`, /may not erase contacts/],
        [`broadcasts/${draft.id}/message`, /may not draft broadcasts; that takes owner or admin or marketer/],
        [`broadcasts/${draft.id}/audience`, /may not draft broadcasts/],
        [`broadcasts/${draft.id}/send`, /may not start, pause and cancel broadcasts/],
        [`templates/${template.id}`, /may not change templates/],
        [`campaigns/${campaign.id}/file`, /may not draft campaigns; that takes owner or admin or marketer/],
      ],
      viewer: [
        [`inbox/all/${conversation}`, /may not answer in conversations/],
        ['people/imports', /may not import contacts/],
        ['settings/members', /may not add, change and remove members/],
        ['simulator', /may not use the simulator/],
      ],
    };
    const work: Record<string, (page: Page) => Promise<void>> = {
      async admin(page) {
        await page.goto(`${url}/w/${ws}/developers/keys`);
        await page.getByRole('button', { name: 'New key' }).click();
        await page.getByRole('dialog').getByLabel('Name').fill('Of the admin');
        await page.getByRole('button', { name: 'Make the key' }).click();
        await page.getByRole('button', { name: 'I have kept it' }).click();
        await page.getByRole('row').filter({ hasText: 'Of the admin' }).waitFor();
      },
      async marketer(page) {
        await page.goto(`${url}/w/${ws}/broadcasts/${ready.id}/send`);
        await page.getByRole('button', { name: 'Start now …' }).click();
        await page.getByRole('button', { name: /^Send to/ }).click();
        await page.waitForURL(/progress$/);
        await page.getByText(/^\d+ delivered/).waitFor();
      },
      async agent(page) {
        await page.goto(`${url}/w/${ws}/inbox/all/${conversation}`);
        await page.getByRole('textbox', { name: 'Reply' }).fill('The agent answers');
        await page.keyboard.press('Control+Enter');
        const said = page.getByRole('article', { name: 'You said' }).filter({ hasText: 'The agent answers' });
        await said.getByText('Delivered').waitFor();
      },
      async viewer(page) {
        // What of a template is looked at is no change of it.
        await page.goto(`${url}/w/${ws}/templates/${template.id}`);
        const seen = page.getByRole('region', { name: 'Preview' });
        await seen.getByText('Hi', { exact: true }).waitFor();
        await page.getByLabel('Language').selectOption('nl');
        await seen.getByText('Dag', { exact: true }).waitFor();
        await page.getByLabel('Shown as').selectOption('email');
        await seen.getByText('Dag', { exact: true }).waitFor();
        assert.ok(await page.getByLabel('Name', { exact: true }).isDisabled());
        assert.equal(await page.getByRole('option', { name: /Add a language/ }).count(), 0);
        const close = page.getByRole('button', { name: 'Close', exact: true });
        await page.goto(`${url}/w/${ws}/inbox/all/${conversation}`);
        await close.hover();
        await page
          .getByRole('tooltip')
          .getByText(/The role viewer may not answer in conversations/)
          .waitFor();
        await close.click({ force: true });
        await close.waitFor();
      },
    };
    for (const role of ['admin', 'marketer', 'agent', 'viewer']) {
      const who = { email: `${role}@roles.example`, name: role, password: 'correct horse battery', role };
      assert.equal((await call('POST', `${base}/members`, who)).status, 201);
      const tab = await openTab(browser);
      const { page } = tab;
      await page.goto(`${url}/sign-in`);
      await enter(page, who);
      for (const [at, reason] of mayNot[role]!) {
        await page.goto(`${url}/w/${ws}/${at}`);
        await until(`${role} is told at ${at}`, async () =>
          reason.test(
            await page.evaluate<string>(
              `[document.querySelector('main')?.innerText ?? '', ...[...document.querySelectorAll('main [data-tip], main [title]')].map((it) => it.dataset.tip ?? it.title)].join('\\n')`,
            ),
          ),
        );
        await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' });
        assert.deepEqual(await page.evaluate(silent), [], `${role} at ${at}`);
      }
      await work[role]!(page);
      assert.deepEqual(tab.amiss, [], role);
      await tab.close();
    }
  });

  test('nothing was logged as an error', () => assert.deepEqual(errors, []));
});
