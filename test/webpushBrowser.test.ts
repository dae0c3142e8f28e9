/**
 * Web Push from Parley to a person's screen, in a real Chromium: it subscribes with the workspace's key, decrypts what Parley posts to
 * its push service, and shows it. Page and service worker are those of docs/channels/webpush.md. Only Google is ours: pushService.ts.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { BrowserContext, Page, Worker } from 'playwright-core';
import { encryptPush } from '../src/channels/webpush/encrypt.ts';
import { skip, startProfile } from './support/browser.ts';
import { testDatabase } from './support/database.ts';
import { startDesktop, type Desktop } from './support/desktop.ts';
import { newConsoleKey, reaches, sendMessage } from './support/messages.ts';
import { startPushService, type PushService } from './support/pushService.ts';
import { until } from './support/until.ts';
import { callApi, newWorkspace, startWorld, type World } from './support/world.ts';

const document = readFileSync(join(import.meta.dirname, '../docs/channels/webpush.md'), 'utf8');
const [workerOfDocument, pageOfDocument] = [...document.matchAll(/^```js\n([\s\S]*?)^```$/gm)].map(
  ([, code]) => code!,
);
/** Keeps every push as it was decrypted, and the titles of what has been shown. */
const RECORDER = `
self.decrypted = [];
self.addEventListener('push', (event) => void self.decrypted.push(event.data.text()));
self.titles = [];
const show = registration.showNotification.bind(registration);
registration.showNotification = async (title, options) => {
  await show(title, options);
  self.titles.push(title);
};
`;

const database = await testDatabase();
let service: PushService;
let world: World;
let site: ReturnType<typeof createServer>;
let desktop: Desktop;
let profile: { context: BrowserContext; close(): Promise<void> };
let page: Page;
let worker: Worker;
let appId: string;
let consoleKey: string;
let authorization: string;
let vapidPublic: string;
let contactId: string;
let address: string;

const api = async (method: string, path: string, body?: object) => {
  const called = await callApi(world, consoleKey, method, `/api/workspaces/${appId}${path}`, body);
  assert.ok(called.status < 300, `${method} ${path}: ${called.status} ${JSON.stringify(called.json)}`);
  return called.json;
};

before(async () => {
  if (skip) return;
  service = await startPushService();
  world = await startWorld(database.connection);
  // The way to the push service leads here. What is signed, encrypted and posted is as it is for the real one.
  const { http } = world.ctx;
  const call = http.call.bind(http);
  http.call = (request) =>
    call(request.url.includes('/fcm/send/') ? { ...request, url: service.urlOf(request.url) } : request);
  const app = await newWorkspace(world.ctx, 'live');
  ({ appId, authorization } = app);
  consoleKey = await newConsoleKey(world.ctx, app.id);
  const settings = { vapidSubject: 'mailto:ops@shop.example' };
  const { id } = await api('POST', '/integrations', { type: 'webpush', settings });
  ({ vapidPublic } = (await api('POST', `/integrations/${id}/connect`)).settings);
  contactId = (await api('POST', '/contacts', { externalId: 'fay' })).id;
  const origin = await startSite();
  desktop = await startDesktop();
  profile = await startProfile(service.flags, desktop);
  await profile.context.grantPermissions(['notifications'], { origin });
  page = profile.context.pages()[0] ?? (await profile.context.newPage());
  await page.goto(origin);
  address = await subscribe();
  worker = profile.context.serviceWorkers()[0] ?? (await profile.context.waitForEvent('serviceworker'));
  await api('POST', `/contacts/${contactId}/destinations`, { channel: 'push', address });
});
after(async () => {
  await profile?.close();
  await desktop?.close();
  site?.close();
  await world?.stop();
  await service?.close();
});

async function startSite(): Promise<string> {
  const files: Record<string, [type: string, text: string]> = {
    '/': ['text/html', '<!doctype html><link rel="icon" href="data:,"><script src="page.js"></script>'],
    '/page.js': ['text/javascript', pageOfDocument!],
    '/sw.js': ['text/javascript', RECORDER + workerOfDocument!],
  };
  site = createServer((request, response) => {
    const [type, text] = files[request.url!.split('?')[0]!] ?? ['text/plain', ''];
    response.writeHead(200, { 'content-type': type }).end(text);
  });
  await once(site.listen(0, '127.0.0.1'), 'listening');
  return `http://localhost:${(site.address() as AddressInfo).port}`;
}

const subscribe = () => page.evaluate<string>(`subscribeToPush(${JSON.stringify(vapidPublic)})`);
const send = (content: object) => sendMessage(world, { appId, consoleKey }, { contactId, content });
const decrypted = async () =>
  (await worker.evaluate<string[]>('self.decrypted')).map((text) => JSON.parse(text));

function subscriptionOf(text: string): { token: string; keys: { p256dh: string; auth: string } } {
  const { endpoint, keys } = JSON.parse(Buffer.from(text.slice('webpush:'.length), 'base64url').toString());
  return { token: endpoint.split('/').at(-1), keys };
}

type Shown = { title: string; body: string; tag: string; data: Record<string, string>; actions: string[][] };
const shown = () =>
  worker.evaluate<Shown[]>(`(async () => {
    const all = await self.registration.getNotifications();
    return all.map(({ title, body, tag, data, actions }) =>
      ({ title, body, tag, data, actions: actions.map(({ action, title }) => [action, title]) }));
  })()`);
/** The notification with a title. Chromium is asked once it is there: it forgets what it is about to show when asked for it before. */
async function showing(title: string): Promise<Shown> {
  await until(`“${title}” is shown`, async () =>
    (await worker.evaluate<string[]>('self.titles')).includes(title),
  );
  const found = (await shown()).find((one) => one.title === title);
  assert.ok(found, `“${title}” is on the screen`);
  return found;
}

test('a message is decrypted by the browser and shown: title, text, buttons, metadata and link', {
  skip,
}, async () => {
  const id = await send({
    type: 'text',
    title: 'Order 7',
    text: 'Unterwegs — à bientôt, 明日 ☀',
    deepLink: 'https://shop.example/orders/7',
    metadata: { order: '7' },
    actions: [{ type: 'reply', text: 'Yes', payload: 'YES' }],
  });
  const { title, body, data, tag, actions } = await showing('Order 7');
  assert.equal(title, 'Order 7');
  assert.match(body, /^Unterwegs — à bientôt, 明日 ☀/);
  const { conversationId, ...rest } = data;
  assert.deepEqual(rest, { order: '7', ref: tag, deepLink: 'https://shop.example/orders/7' });
  assert.match(conversationId!, /^[0-9a-f]{24}$/);
  assert.deepEqual(actions, [['YES', 'Yes']]);
  await reaches(world.ctx, id, 'accepted');
  const [posted] = service.posted;
  assert.equal(posted!.status, 201);
  assert.equal(posted!.headers.urgency, 'high');
  assert.ok(!posted!.body.includes('Order 7'), 'the push service reads nothing of it');
});

test('the largest message is decrypted too', {
  skip,
}, async () => {
  const text = 'x'.repeat(3_500);
  await send({ type: 'text', title: 'Long', text });
  assert.equal((await showing('Long')).body, text);
  assert.ok(service.posted.at(-1)!.body.length > 3_500);
});

test('what was changed on the way is not shown; what came whole is', {
  skip,
}, async () => {
  const { token, keys } = subscriptionOf(address);
  const [p256dh, auth] = [keys.p256dh, keys.auth].map((key) => Buffer.from(key, 'base64url'));
  const sealed = (title: string) =>
    encryptPush(Buffer.from(JSON.stringify({ notification: { title } })), { p256dh: p256dh!, auth: auth! })!;
  const changed = sealed('Changed');
  changed[changed.length - 1]! ^= 1;
  service.slip(token, changed);
  service.slip(token, sealed('Whole'));
  await showing('Whole');
  const titles = (await decrypted()).map(({ notification }) => notification.title);
  assert.ok(titles.includes('Whole') && !titles.includes('Changed'), titles.join());
});

test('the desktop is told to show it, and a click on it opens the link of the message', {
  skip: skip || (process.platform !== 'linux' && 'the desktop here is not one of Linux'),
}, async () => {
  const deepLink = `${new URL(page.url()).origin}/orders/7?from=push`;
  await send({ type: 'text', title: 'Click me', text: 'It is here', deepLink });
  await showing('Click me');
  const onScreen = await until('it is on the screen', () =>
    desktop.screen().find(({ title }) => title === 'Click me'),
  );
  assert.match(onScreen.body, /It is here/);
  const opened = profile.context.waitForEvent('page');
  desktop.click(onScreen);
  const tab = await opened;
  await tab.waitForURL(deepLink);
  await tab.close();
  const stays = () => desktop.screen().some(({ id }) => id === onScreen.id);
  await until('it is gone from the screen', () => !stays());
});

test('N29 a click on a message of a conversation opens the conversation: in the page that is there, or in a new one', {
  skip: skip || (process.platform !== 'linux' && 'the desktop here is not one of Linux'),
}, async () => {
  const said = async (text: string) => {
    const path = `/v1.1/apps/${appId}/appusers/${contactId}/messages`;
    const body = { role: 'appMaker', type: 'text', text, name: 'The shop', title: text };
    const sent = await callApi(world, authorization, 'POST', path, body);
    assert.equal(sent.status, 201, JSON.stringify(sent.json));
    const onScreen = await until(`“${text}” is on the screen`, () =>
      desktop.screen().find((one) => `${one.title} ${one.body}`.includes(text)),
    );
    return { onScreen, conversationId: sent.json.conversation._id as string };
  };
  await page.evaluate('onConversation((id) => { window.conversation = id; })');
  const first = await said('Here it is');
  desktop.click(first.onScreen);
  await page.waitForFunction(`window.conversation === ${JSON.stringify(first.conversationId)}`);
  const origin = new URL(page.url()).origin;
  await page.goto('about:blank');
  const second = await said('And again');
  const opened = profile.context.waitForEvent('page');
  desktop.click(second.onScreen);
  const tab = await opened;
  await tab.waitForURL(`${origin}/?conversation=${second.conversationId}`);
  await tab.waitForLoadState();
  await tab.evaluate('onConversation((id) => { window.conversation = id; })');
  assert.equal(await tab.evaluate('window.conversation'), second.conversationId);
  await tab.close();
  await page.goto(origin);
});

test('a silent push reaches the page’s worker and shows nothing of ours', {
  skip,
}, async () => {
  const before = (await shown()).length;
  await send({ type: 'text', text: 'sync', push: { silent: true }, metadata: { what: 'basket' } });
  const silent = await until('it is decrypted', async () => (await decrypted()).find((one) => one.silent));
  assert.equal(silent.data.what, 'basket');
  assert.equal(service.posted.at(-1)!.headers.urgency, 'low');
  await send({ type: 'text', title: 'After the silent one', text: 'Hello' });
  await showing('After the silent one');
  assert.equal((await shown()).length, before + 1);
});

test('a collapse key: of two that the browser missed it gets the later one; one that was shown is replaced', {
  skip,
}, async () => {
  const push = { collapseKey: 'offer of the day' };
  await send({ type: 'text', title: 'Offer 0', text: 'shown', push });
  await showing('Offer 0');
  service.hold();
  for (const title of ['Offer 1', 'Offer 2'])
    await reaches(world.ctx, await send({ type: 'text', title, text: 'later', push }), 'accepted');
  service.release();
  await showing('Offer 2');
  const offers = (await decrypted()).flatMap(({ notification }) => notification?.title ?? []);
  assert.deepEqual(
    offers.filter((title) => title.startsWith('Offer')),
    ['Offer 0', 'Offer 2'],
  );
  assert.deepEqual(
    (await shown()).map(({ title }) => title).filter((title) => title.startsWith('Offer')),
    ['Offer 2'],
  );
});

test('to subscribe again gives the same address; one that has unsubscribed is marked as dead, with the reason', {
  skip,
}, async () => {
  assert.equal(await subscribe(), address);
  await api('POST', `/contacts/${contactId}/destinations`, { channel: 'push', address });
  await page.evaluate(`(async () => {
    const { pushManager } = await navigator.serviceWorker.ready;
    await (await pushManager.getSubscription()).unsubscribe();
  })()`);
  await until('the push service knows', () => !service.knows(subscriptionOf(address).token));
  await reaches(world.ctx, await send({ type: 'text', text: 'Still there?' }), 'failed');
  assert.equal(service.posted.at(-1)!.status, 410);
  const { destinations } = await api('GET', `/contacts/${contactId}/destinations`);
  const [dead] = destinations;
  assert.equal(dead.status, 'inactive');
  assert.match(dead.blockedReason, /410/);

  const next = await subscribe();
  assert.notEqual(next, address);
  await api('POST', `/contacts/${contactId}/destinations`, { channel: 'push', address: next });
  await send({ type: 'text', title: 'Back again', text: 'Hello' });
  await showing('Back again');
});
