/** The web chat's page in a real browser. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import type { Browser, BrowserContextOptions, ConsoleMessage, Dialog, Request } from 'playwright-core';
import { bucketOf } from '../src/base/ids.ts';
import type { Adapter } from '../src/channels/adapter.ts';
import { ADAPTERS } from '../src/channels/adapters.ts';
import { ensureConversations } from '../src/conversations/conversations.ts';
import type { HttpContext } from '../src/doors/kit/context.ts';
import { linksDoor } from '../src/doors/pages/door.ts';
import { createServer } from '../src/doors/kit/server.ts';
import { hostedPageUri } from '../src/links/addresses.ts';
import { createLinks, type Links } from '../src/links/links.ts';
import { presentContacts } from '../src/links/sessions.ts';
import { createNotices, type Notices } from '../src/live/notices.ts';
import { accept } from '../src/outbox/accept.ts';
import type { Content } from '../contract/content.ts';
import { skip, startBrowser } from './support/browser.ts';
import { testDatabase } from './support/database.ts';
import { ownLink } from './support/ownLink.ts';
import { until } from './support/until.ts';
import { newContacts, newWorkspace, startWorld, TEST_SECRET, type World } from './support/world.ts';

const database = await testDatabase();
let browser: Browser | undefined;
let world: World;
let ctx: HttpContext;
let links: Links;
let notices: Notices;
let server: ReturnType<typeof createServer>;
let app: Awaited<ReturnType<typeof newWorkspace>>;
let from = 3_000_000;

before(async () => {
  if (!skip) browser = await startBrowser();
  world = await startWorld(database.connection, { PARLEY_ROLES: 'http' });
  const webchat = { provider: 'webchat', channel: 'webchat', settings: {} } as Adapter;
  ctx = { ...world.ctx, adapters: Object.assign(Object.create(null), { webchat }, ADAPTERS) };
  links = createLinks({ secret: TEST_SECRET, publicUrl: () => server.url() });
  notices = createNotices(ctx);
  server = createServer(ctx, [linksDoor(links, async () => {}, notices)]);
  await server.start();
  app = await newWorkspace(ctx, 'test');
});
after(async () => {
  await browser?.close();
  await server.stop();
  await world.stop();
});

async function say(contactId: number, content: Content): Promise<void> {
  await ctx.queue.transact(async (tx) => {
    const nowMs = ctx.clock.nowMs();
    const who = { contactId, workspaceId: app.id };
    const conversations = await ensureConversations(tx, ctx.ids, nowMs, [who]);
    const message = {
      kind: 'message',
      class: 'transactional',
      author: { name: 'Sam' },
      source: { type: 'api' },
    } as const;
    await accept(ctx, tx, nowMs, [
      { ...message, ...who, conversationId: conversations.get(contactId)!.id, content },
    ]);
  });
}

async function open(contactId: number) {
  const longUri = hostedPageUri(server.url(), app.id);
  const of = { workspaceId: app.id, contactId, longUri, atMs: ctx.clock.nowMs() };
  const path = await ctx.queue.transact((tx) => ownLink({ links, ids: ctx.ids }, tx, of));
  return `${server.url()}${path}`;
}

/** A tab that notes everything it complains about. */
async function newTab(options: BrowserContextOptions = {}) {
  // A browser that says it has no window is taken for a scanner.
  const context = await browser!.newContext({
    userAgent: 'Mozilla/5.0 Chrome/147.0.0.0 Safari/537.36',
    ...options,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error: Error) => complaints.push(String(error)));
  page.on('console', (message: ConsoleMessage) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('dialog', (dialog: Dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return { context, page, complaints };
}

test('W44 a person opens the link, reads on, answers and is answered; the address keeps no code', {
  skip,
}, async () => {
  const [contactId] = (await newContacts(ctx, app.id, 1, (from += 10))) as [number];
  const attack = '<img src=x onerror=alert(1)><script>alert(2)</script>';
  await say(contactId, { type: 'text', text: attack });
  await say(contactId, {
    type: 'carousel',
    items: [
      {
        title: attack,
        description: 'One',
        actions: [
          { type: 'link', text: 'Look', uri: 'https://shop.example/a' },
          { type: 'reply', text: 'Take it', payload: 'TAKE' },
        ],
      },
    ],
  });
  const { context, page, complaints } = await newTab();
  await page.goto(await open(contactId));
  await page.waitForSelector('.card');
  assert.equal(page.url(), `${server.url()}/chat/${app.appId}`);
  assert.equal(await page.textContent('li.business p.text'), attack);
  assert.equal(await page.locator('#messages img, #messages script').count(), 0);
  assert.equal(await page.getAttribute('.card a', 'rel'), 'noopener noreferrer');

  await page.click('.card button');
  await page.waitForSelector('li.contact:has-text("Take it")');
  await page.fill('#text', 'Hello\nfrom the web');
  await page.press('#text', 'Enter');
  await page.waitForSelector('li.contact:has-text("from the web")');
  await until('the field is empty', async () => (await page.inputValue('#text')) === '');
  const rows = await ctx.sql<{ content: any }[]>`
    SELECT content FROM messages WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId} AND direction = 'in' ORDER BY id`;
  assert.deepEqual(
    rows.map(({ content }) => [content.text, content.payload]),
    [
      ['Take it', 'TAKE'],
      ['Hello\nfrom the web', undefined],
    ],
  );
  await say(contactId, { type: 'text', text: 'Welcome here' });
  await page.waitForSelector('li.business:has-text("Welcome here")');

  await page.reload();
  await page.waitForSelector('li.business:has-text("Welcome here")');
  await page.waitForSelector('#messages li:nth-child(5)');
  assert.equal(await page.locator('#messages li').count(), 5, 'the session is kept, and all is shown once');
  assert.deepEqual(complaints, []);
  const present = async () => (await presentContacts(ctx.sql, [contactId], ctx.clock.nowMs())).has(contactId);
  // Sooner than the page's next sign of life, which would put a mistake right.
  await until('the person is there', present);
  await context.close();
  await until('the person is away', async () => !(await present()));
});

test('W5 W7 W8 cards stand side by side, postbacks can be clicked again, quick replies go when one is used', {
  skip,
}, async () => {
  const [contactId] = (await newContacts(ctx, app.id, 1, (from += 10))) as [number];
  // The bodies of the source, as this API keeps them.
  await say(contactId, {
    type: 'carousel',
    text: 'Favorite food?',
    items: ['Tacooos', 'Burritoos', 'Nachoos', 'Churroos'].map((title) => ({
      title,
      actions: [{ type: 'link', text: `${title} 1`, uri: 'https://example.org/food.html' }],
    })),
  });
  await say(contactId, {
    type: 'text',
    text: 'Favorite color?',
    actions: [
      { type: 'postback', text: 'Red', payload: 'red' },
      { type: 'postback', text: 'Blue', payload: 'blue' },
    ],
  });
  await say(contactId, {
    type: 'text',
    text: 'Which do you prefer?',
    actions: [
      { type: 'reply', text: 'Tacos', iconUrl: 'https://example.org/taco.png', payload: 'TACOS' },
      { type: 'reply', text: 'Burritos', iconUrl: 'https://example.org/burrito.png', payload: 'BURRITOS' },
    ],
  });
  const { context, page } = await newTab();
  await page.setViewportSize({ width: 360, height: 640 });
  await page.goto(await open(contactId));
  await page.waitForSelector('#replies button');
  const tops = await page
    .locator('.carousel .card')
    .evaluateAll((cards) => cards.map((card) => card.getBoundingClientRect().top));
  assert.equal(tops.length, 4);
  assert.equal(new Set(tops).size, 1, 'the cards stand side by side');
  assert.ok(await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'));
  assert.ok(
    await page.evaluate<boolean>(
      `(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)(document.querySelector('.carousel'))`,
    ),
  );
  assert.equal(
    await page.locator('#messages button:has-text("Burritos")').count(),
    0,
    'not in the conversation',
  );
  assert.deepEqual(
    await page
      .locator('#replies button img')
      .evaluateAll((icons) => icons.map((icon) => icon.getAttribute('src'))),
    ['https://example.org/taco.png', 'https://example.org/burrito.png'],
  );
  await page.click('#replies button:has-text("Burritos")');
  await page.waitForSelector('li.contact:has-text("Burritos")');
  await page.waitForSelector('#replies', { state: 'hidden' });
  assert.equal(await page.locator('#replies button').count(), 0);
  for (const times of [1, 2]) {
    await page.click('#messages button:has-text("Blue")');
    await until(
      'it is said',
      async () => (await page.locator('li.contact:has-text("Blue")').count()) === times,
    );
  }
  const rows = await ctx.sql<{ content: any }[]>`
    SELECT content FROM messages WHERE bucket = ${bucketOf(contactId)} AND contact_id = ${contactId} AND direction = 'in' ORDER BY id`;
  assert.deepEqual(
    rows.map(({ content }) => [content.text, content.payload]),
    [
      ['Burritos', 'BURRITOS'],
      ['Blue', 'blue'],
      ['Blue', 'blue'],
    ],
  );
  await context.close();
});

test('W11 typing is shown to whom it is for, and ends with the answer, or by itself', { skip }, async () => {
  const [contactId, other] = (await newContacts(ctx, app.id, 2, (from += 10))) as [number, number];
  await say(contactId, { type: 'text', text: 'first' });
  const { context, page } = await newTab();
  await page.goto(await open(contactId));
  await page.waitForSelector('li:has-text("first")');
  const types = (id: number, on: boolean, by: 'business' | 'contact' = 'business') =>
    notices.send([{ kind: 'typing', contactId: id, by, on }]);
  await until('it is shown', async () => {
    types(contactId, true);
    return await page.isVisible('#typing');
  });
  types(contactId, false);
  await page.waitForSelector('#typing', { state: 'hidden' });
  // Others' typing and their own are not shown: what is sent after them is, so they were passed over.
  types(other, true);
  types(contactId, true, 'contact');
  await say(contactId, { type: 'text', text: 'second' });
  await page.waitForSelector('li:has-text("second")');
  assert.equal(await page.isVisible('#typing'), false);
  types(contactId, true);
  await page.waitForSelector('#typing', { state: 'visible' });
  await say(contactId, { type: 'text', text: 'third' });
  await page.waitForSelector('#typing', { state: 'hidden' });
  await page.waitForSelector('li:has-text("third")');
  await context.close();
});

test('a server that goes away: what was said meanwhile is there when one is back, once', {
  skip,
}, async () => {
  const [contactId] = (await newContacts(ctx, app.id, 1, (from += 10))) as [number];
  await say(contactId, { type: 'text', text: 'first' });
  const { context, page } = await newTab();
  await page.goto(await open(contactId));
  await page.waitForSelector('li:has-text("first")');
  const port = Number(new URL(server.url()).port);
  await server.stop();
  await page.waitForSelector('#state:has-text("no connection")');
  await say(contactId, { type: 'text', text: 'second' });
  await say(contactId, { type: 'text', text: 'third' });
  server = createServer({ ...ctx, config: { ...ctx.config, port } }, [
    linksDoor(links, async () => {}, notices),
  ]);
  await server.start();
  await page.waitForSelector('li:has-text("third")');
  assert.deepEqual(await page.locator('#messages p.text').allTextContents(), ['first', 'second', 'third']);
  await page.waitForFunction("document.querySelector('#state').textContent === ''");
  await context.close();
});

test('a link that is opened again in the same browser goes on; in another, a used code says so', {
  skip,
}, async () => {
  const [contactId] = (await newContacts(ctx, app.id, 1, (from += 10))) as [number];
  await say(contactId, { type: 'text', text: 'hello' });
  const link = await open(contactId);
  const { context, page } = await newTab();
  let target = '';
  page.on('request', (request: Request) => {
    if (request.url().includes('token=')) target = request.url();
  });
  await page.goto(link);
  await page.waitForSelector('li:has-text("hello")');
  await page.goto(target);
  await page.waitForSelector('li:has-text("hello")');
  await context.close();
  const other = await newTab();
  await other.page.goto(target);
  await other.page.waitForSelector('#state:has-text("used already")');
  assert.equal(await other.page.isVisible('#reply'), false);
  await other.context.close();
});

test('on a phone nothing is wider than the screen; addresses in a text can be followed; the end stays in sight', {
  skip,
}, async () => {
  const [contactId] = (await newContacts(ctx, app.id, 1, (from += 10))) as [number];
  const text = `See https://shop.example/a?b=c&d=(e), or javascript:alert(1). ${'long'.repeat(60)} http://`;
  await say(contactId, { type: 'text', text });
  const reply = { type: 'reply', text: 'x'.repeat(100), payload: 'X' } as const;
  await say(contactId, { type: 'text', text: 'Which?', actions: [reply] });
  const invoice = { mediaUrl: 'https://shop.example/7.pdf', title: 'invoice 7.pdf' };
  await say(contactId, { type: 'file', ...invoice });
  const { context, page, complaints } = await newTab();
  await page.setViewportSize({ width: 320, height: 480 });
  await page.goto(await open(contactId));
  await page.waitForSelector('a:has-text("invoice 7.pdf")');
  assert.equal(await page.locator('p.text').first().textContent(), text);
  assert.deepEqual(
    await page.locator('p.text a').evaluateAll((links) => links.map((link) => link.getAttribute('href'))),
    ['https://shop.example/a?b=c&d=(e'],
  );
  assert.ok(await page.evaluate<boolean>('document.documentElement.scrollWidth <= innerWidth'));
  const endIsInSight = () =>
    until('the end is in sight', () =>
      page.evaluate<boolean>(`(({ scrollHeight, scrollTop, clientHeight }) =>
        scrollHeight > clientHeight && scrollHeight - scrollTop - clientHeight < 2)(document.querySelector('#chat'))`),
    );
  await endIsInSight();
  // As when the keyboard of a phone comes.
  await page.setViewportSize({ width: 320, height: 300 });
  await endIsInSight();
  await say(contactId, { type: 'text', text: 'one more' });
  await page.waitForSelector('li:has-text("one more")');
  await endIsInSight();
  // Who reads what was said before is left in peace.
  const scrolledTo = (top: number) =>
    page.evaluate<number>(`new Promise((told) => {
      const chat = document.querySelector('#chat');
      chat.addEventListener('scroll', () => told(chat.scrollTop), { once: true });
      chat.scrollTop = ${top};
    })`);
  assert.equal(await scrolledTo(10), 10);
  await say(contactId, { type: 'text', text: 'and another' });
  await page.waitForSelector('li:has-text("and another")');
  assert.equal(await page.evaluate<number>(`document.querySelector('#chat').scrollTop`), 10);
  assert.deepEqual(complaints, []);
  await context.close();
});

for (const colorScheme of ['light', 'dark'] as const)
  test(`axe finds nothing on the chat page, ${colorScheme}`, { skip }, async () => {
    const axe = await readFile(createRequire(import.meta.url).resolve('axe-core'), 'utf8');
    const [contactId] = (await newContacts(ctx, app.id, 1, (from += 10))) as [number];
    await say(contactId, {
      type: 'text',
      text: 'Which? https://shop.example/all',
      actions: [
        { type: 'reply', text: 'This', payload: 'THIS' },
        { type: 'link', text: 'Look', uri: 'https://shop.example/a' },
      ],
    });
    const { context, page, complaints } = await newTab({ colorScheme });
    await page.goto(await open(contactId));
    await page.waitForSelector('#replies button');
    // By the debugger, which the page's policy does not bind.
    await page.evaluate(axe);
    const violations = () =>
      page.evaluate(async () => {
        const found = await (globalThis as unknown as { axe: typeof import('axe-core') }).axe.run();
        return found.violations.map(({ id, nodes }) => [
          id,
          nodes.map(({ failureSummary }) => failureSummary),
        ]);
      });
    assert.deepEqual(await violations(), []);
    await page.fill('#text', 'See https://example.com');
    await page.press('#text', 'Enter');
    await page.waitForSelector('li.contact');
    assert.deepEqual(await violations(), []);
    assert.deepEqual(complaints, []);
    await context.close();
  });
