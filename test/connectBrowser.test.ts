/** The consent page and the script for a company's own page in a real browser, under strict policies. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import type { Browser, BrowserContextOptions, ConsoleMessage, Page } from 'playwright-core';
import { changeClient } from '../src/connect/clients.ts';
import { grantOf } from '../src/connect/grants.ts';
import { isFault } from '../src/base/fault.ts';
import { skip, startBrowser } from './support/browser.ts';
import { HOLDER_PASSWORD, newCompany, newHolder, type Company } from './support/connect.ts';
import { testDatabase } from './support/database.ts';
import { newIntegration } from './support/messages.ts';
import { startReceiver } from './support/receiver.ts';
import { until } from './support/until.ts';
import { must, startWorld, type World } from './support/world.ts';

const database = await testDatabase();
const site = await startReceiver();
let world: World;
let browser: Browser | undefined;
let acme: Company;

before(async () => {
  world = await startWorld(database.connection, { PARLEY_ROLES: 'http' });
  if (!skip) browser = await startBrowser();
  acme = await newCompany(world.ctx);
  await newIntegration(world.ctx, acme.id, 'mailgun', {
    apiKey: 'k',
    domain: 'mg.shop.example',
    signingKey: 'k',
  });
  const change = {
    colour: '#ffd000',
    redirectUris: [site.url('/back')],
    reading: [{ title: 'What for', text: 'So that your customers hear of their orders.' }],
  };
  must(await world.ctx.sql.begin((tx) => changeClient(tx, { workspaceId: acme.id, nowMs: 1 }, change)));
});
after(async () => {
  await browser?.close();
  await world.stop();
});

async function verified() {
  const holder = await newHolder(world.ctx);
  await world.ctx.sql`UPDATE operators SET verified_ms = 1 WHERE id = ${holder.id}`;
  return holder;
}

/** A tab that notes everything it complains about. */
async function newTab(options: BrowserContextOptions = {}) {
  const context = await browser!.newContext(options);
  const complaints: string[] = [];
  context.on('page', (page) => {
    page.on('pageerror', (error: Error) => complaints.push(String(error)));
    page.on('console', (message: ConsoleMessage) => {
      if (message.type() === 'error') complaints.push(`${message.text()} ${message.location().url}`);
    });
  });
  return { context, page: await context.newPage(), complaints };
}

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core'), 'utf8');

/** What axe finds amiss; the page's own policy lets nothing in, so it is brought past it by the browser. */
async function amiss(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return await page.evaluate<string[]>(
    `axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map((node) => node.html).join(' ')))`,
  );
}

/** The whole page is within the window: nothing is cut off on the right. */
const fits = (page: Page) => page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth');

async function signIn(page: Page, email: string): Promise<void> {
  await page.fill('#in-email', email);
  await page.fill('#in-password', HOLDER_PASSWORD);
  await page.click('button:text-is("Sign in")');
}

for (const javaScriptEnabled of [true, false])
  test(`somebody connects on a phone, ${javaScriptEnabled ? 'with' : 'without'} JavaScript, and is back at the company`, {
    skip,
  }, async () => {
    const holder = await verified();
    const { context, page, complaints } = await newTab({
      javaScriptEnabled,
      viewport: { width: 360, height: 640 },
    });
    const connectId = `phone-${javaScriptEnabled}`;
    await page.goto(`${world.url}/connect/${acme.client.id}?connect_id=${connectId}&state=s1`);
    await signIn(page, holder.email);
    await page.check('#read');
    await page.click('text="Agree and connect"');
    await page.waitForURL(/\/back\?/);
    const back = new URL(page.url()).searchParams;
    assert.deepEqual(
      [back.get('status'), back.get('state'), back.get('user_id')],
      ['connected', 's1', String(holder.id)],
    );
    must(await grantOf(world.ctx.sql, acme.id, { connectId }));
    assert.deepEqual(complaints, []);
    await context.close();
  });

for (const colorScheme of ['light', 'dark'] as const)
  test(`each step is read by everybody, in ${colorScheme}, on a phone and a desk`, { skip }, async () => {
    const holder = await verified();
    const { context, page, complaints } = await newTab({
      colorScheme,
      viewport: { width: 320, height: 640 },
    });
    const check = async (step: string) => {
      for (const width of [320, 1280]) {
        await page.setViewportSize({ width, height: 800 });
        assert.deepEqual(await amiss(page), [], `${step} at ${width}`);
        assert.ok(await fits(page), `${step} fits ${width}`);
      }
    };
    const at = `${world.url}/connect/${acme.client.id}?connect_id=${'long-'.repeat(30)}${colorScheme}`;
    await page.goto(at);
    await check('signing in');
    await page.fill('#in-email', holder.email);
    await page.fill('#in-password', 'not the password');
    await page.click('button:text-is("Sign in")');
    await page.waitForSelector('[role=alert]');
    await check('a wrong password');
    await page.fill('#up-name', 'Nora');
    await page.fill('#up-email', `nora-${colorScheme}@example.com`);
    await page.fill('#up-password', 'long enough 1');
    await page.click('text="Sign up"');
    await page.waitForSelector('#code-code');
    await check('the code');
    await page.click('text="Start again with another address"');
    await signIn(page, holder.email);
    await page.waitForSelector('#read');
    await check('agreeing');
    await page.check('#read');
    await page.click('text="Agree and connect"');
    await page.waitForURL(/\/back\?/);
    await page.goto(at);
    await page.waitForSelector('text="Disconnect from Acme"');
    await check('connected');
    // A wrong password is answered with 401, which the browser notes.
    assert.deepEqual(
      complaints.filter((one) => !/status of 401/.test(one)),
      [],
    );
    await context.close();
  });

/** A page of the company, under a policy that lets in nothing but Parley. */
async function ownPage(page: Page, connectId: string): Promise<void> {
  site.answer('/account', {
    status: 200,
    headers: {
      'content-type': 'text/html',
      'content-security-policy': `default-src 'none'; script-src ${world.url}; connect-src ${world.url}; require-trusted-types-for 'script'`,
    },
    body: `<!doctype html><title>Acme</title><div data-parley-connect></div>
<script src="${world.url}/connect/${acme.client.id}.js" data-connect-id="${connectId}"></script>`,
  });
  await page.goto(site.url('/account'));
}

test('the script shows whether the visitor is connected, opens the page in a window, and hears how it ended', {
  skip,
}, async () => {
  const holder = await verified();
  const { context, page, complaints } = await newTab();
  await ownPage(page, 'visitor');
  await page.waitForSelector('text="Connect to Acme"');
  const open = async () => {
    const [popup] = await Promise.all([
      context.waitForEvent('page'),
      page.click('[data-parley-connect] button'),
    ]);
    return popup;
  };
  const first = await open();
  await first.click('text="Cancel"');
  await until('the window is closed', () => first.isClosed());
  await page.waitForSelector('[data-parley-connect=not_connected]');
  const second = await open();
  await signIn(second, holder.email);
  await second.check('#read');
  await second.click('text="Agree and connect"');
  await until('the window is closed', () => second.isClosed());
  await page.waitForSelector('text="Connected to Acme"');
  assert.equal(await page.evaluate('parleyConnect.status()'), 'connected');
  await page.reload();
  await page.waitForSelector('[data-parley-connect=connected]');
  const third = await open();
  await third.click('text="Disconnect from Acme"');
  await third.waitForSelector('text="Agree and connect"');
  await third.close();
  await page.waitForSelector('[data-parley-connect=not_connected]');
  assert.equal(isFault(await grantOf(world.ctx.sql, acme.id, { connectId: 'visitor' })), true);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('where no window opens, the script leads there and back', { skip }, async () => {
  const holder = await verified();
  const { context, page } = await newTab();
  await page.addInitScript('globalThis.open = () => null');
  await ownPage(page, 'blocked');
  await page.click('[data-parley-connect] button');
  await page.waitForURL(/\/connect\//);
  await signIn(page, holder.email);
  await page.check('#read');
  await page.click('text="Agree and connect"');
  await page.waitForURL(/\/back\?.*status=connected/);
  await context.close();
});
