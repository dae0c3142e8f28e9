/** Short links, auth codes and the web chat, over HTTP against a running server; what only the store can show, against the store. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Content } from '../contract/content.ts';
import { isFault } from '../src/base/fault.ts';
import { bucketOf, toHex24 } from '../src/base/ids.ts';
import { ADAPTERS } from '../src/channels/adapters.ts';
import { sweepAllowances } from '../src/accounts/allowances.ts';
import { sha256Hex } from '../src/base/crypto.ts';
import type { Adapter } from '../src/channels/adapter.ts';
import { eraseContacts, getContact } from '../src/contacts/contacts.ts';
import { destinationsOf } from '../src/contacts/destinations.ts';
import { mergeContacts } from '../src/contacts/merge.ts';
import { ensureConversations, mergeConversations } from '../src/conversations/conversations.ts';
import type { HttpContext } from '../src/doors/kit/context.ts';
import { linksDoor } from '../src/doors/pages/door.ts';
import { createServer } from '../src/doors/kit/server.ts';
import {
  arriveByRequest,
  consumeAuthCode,
  issueAuthCodes,
  issueLinkRequests,
  linkRequestIn,
} from '../src/links/authCodes.ts';
import {
  clicksOfContact,
  createLinks,
  findLink,
  followLink,
  linksOfCause,
  shortenMessages,
  shortenRun,
  shortLinksFor,
  type Links,
} from '../src/links/links.ts';
import { hoursReader } from '../src/links/hours.ts';
import { forgetLinks, moveLinks, sweepLinks } from '../src/links/people.ts';
import { noteAbsence, notePresence, presentContacts } from '../src/links/sessions.ts';
import { accept } from '../src/outbox/accept.ts';
import type { FeedEvent } from '../src/queue/feed/reader.ts';
import { testClock, type TestClock } from './support/clock.ts';
import { testDatabase } from './support/database.ts';
import { ownLink } from './support/ownLink.ts';
import { seededRandom } from './support/random.ts';
import { until } from './support/until.ts';
import { must, newContacts, newWorkspace, startWorld, TEST_SECRET, type World } from './support/world.ts';

const DAY_MS = 24 * 3600_000;
const BROWSER = { 'user-agent': 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1' };
const INVITE = 'https://shop.example/widget?id={authuser}&token={authtoken}';

const database = await testDatabase();
let world: World;
let ctx: HttpContext;
let clock: TestClock;
let links: Links;
let server: ReturnType<typeof createServer>;
let app: Awaited<ReturnType<typeof newWorkspace>>;
let other: Awaited<ReturnType<typeof newWorkspace>>;
let from = 2_000_000;
const takeNone = async () => {};

before(async () => {
  clock = testClock();
  world = await startWorld(
    database.connection,
    { PARLEY_ROLES: 'http', PARLEY_TRUSTED_PROXIES: 'loopback' },
    { clock },
  );
  // Stands for the web chat's adapter where none is registered: nothing is sent in these tests.
  const webchat = { provider: 'webchat', channel: 'webchat', settings: {} } as Adapter;
  ctx = { ...world.ctx, adapters: Object.assign(Object.create(null), { webchat }, ADAPTERS) };
  links = createLinks({ secret: TEST_SECRET, publicUrl: () => server.url() });
  server = createServer(ctx, [linksDoor(links, takeNone, { onNews: () => {} })]);
  await server.start();
  app = await newWorkspace(ctx, 'test');
  other = await newWorkspace(ctx, 'test');
});
after(async () => {
  await server.stop();
  await world.stop();
});

async function person(workspaceId = app.id): Promise<number> {
  const [id] = await newContacts(ctx, workspaceId, 1, (from += 10));
  return id!;
}

type Called = { status: number; headers: Headers; text: string; json: any };

async function call(
  method: string,
  path: string,
  options: { headers?: Record<string, string>; body?: unknown } = {},
): Promise<Called> {
  const response = await fetch(new URL(path, server.url()), {
    method,
    redirect: 'manual',
    headers: {
      ...BROWSER,
      // Each test comes from a place of its own, so that their wrong codes do not add up.
      'x-forwarded-for': caller,
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: isJson ? JSON.parse(text) : undefined,
  };
}

let caller = '203.0.113.1';
let callers = 1;
const nextCaller = () => (caller = `203.0.113.${++callers}`);

function workspaceOf(id: number) {
  return ctx.directory.workspace(id).then((workspace) => workspace!);
}

/** A link of a contact's own, as its path. */
async function linkOf(contactId: number, longUri: string, workspaceId = app.id): Promise<string> {
  const of = { workspaceId, contactId, longUri, atMs: clock.nowMs() };
  return await ctx.queue.transact((tx) => ownLink({ links, ids: ctx.ids }, tx, of));
}

async function codeFor(contactId: number, workspaceId = app.id): Promise<string> {
  const nowMs = clock.nowMs();
  const [code] = await ctx.sql.begin((tx) => issueAuthCodes(tx, nowMs, [{ workspaceId, contactId }]));
  return code!;
}

async function signIn(contactId: number): Promise<{ authorization: string; begun: any }> {
  const made = await call('POST', '/chat/session', {
    body: { id: toHex24(contactId), token: await codeFor(contactId) },
  });
  assert.equal(made.status, 201, made.text);
  return { authorization: `Bearer ${made.json.token}`, begun: made.json };
}

/** The business says something; nothing is delivered here, since no worker runs. */
async function answer(contactId: number, texts: readonly string[], workspaceId = app.id): Promise<number[]> {
  return await ctx.queue.transact(async (tx) => {
    const nowMs = clock.nowMs();
    const conversations = await ensureConversations(tx, ctx.ids, nowMs, [{ contactId, workspaceId }]);
    const made = await accept(
      ctx,
      tx,
      nowMs,
      texts.map((text) => ({
        workspaceId,
        contactId,
        conversationId: conversations.get(contactId)!.id,
        kind: 'message',
        class: 'transactional',
        content: { type: 'text', text },
        author: { name: 'Sam', email: 'sam@shop.example' },
        source: { type: 'api' },
        metadata: { internal: 'yes' },
      })),
    );
    return made.map(({ messageId }) => messageId);
  });
}

async function eventsOf(type: string, contactId: number): Promise<any[]> {
  const rows = await ctx.sql<{ payload: any }[]>`
    SELECT payload FROM feed WHERE bucket = ${bucketOf(contactId)} AND type = ${type} ORDER BY id`;
  return rows.map(({ payload }) => payload).filter((payload) => payload.contactId === contactId);
}

test('W45 W47 W51 a transfer link of a message: short in uri, whole in longUri, expanded when opened, stored nowhere', async () => {
  const contactId = await person();
  const workspace = {
    ...(await workspaceOf(app.id)),
    name: 'Tim’s Truckshöp',
    settings: { linkDomain: 'cht.example' },
  };
  const content: Content = {
    type: 'text',
    text: 'Click the link to continue:',
    actions: [{ type: 'link', text: '[continue conversation]', uri: INVITE }],
  };
  const causeId = ctx.ids.inBucket(bucketOf(contactId));
  const firstMs = clock.nowMs();
  const make = () =>
    ctx.queue.transact((tx) =>
      shortenMessages(links, tx, [{ workspace, contactId, causeId, content, atMs: firstMs }]),
    );
  const [short] = await make();
  assert.ok(short?.type === 'text');
  const [action] = short.actions!;
  assert.ok(action?.type === 'link');
  assert.match(action.uri, /^https:\/\/TimsTruckshop\.cht\.example\/l\/[0-9A-Za-z]{11}$/);
  assert.equal(action.longUri, INVITE);
  assert.deepEqual(await make(), [short], 'made again it is the same');

  const opened = await call('GET', new URL(action.uri).pathname);
  assert.equal(opened.status, 302);
  const target = new URL(opened.headers.get('location')!);
  assert.equal(target.origin + target.pathname, 'https://shop.example/widget');
  assert.equal(target.searchParams.get('id'), toHex24(contactId));
  assert.match(target.searchParams.get('token')!, /^ac_[\w-]{34}$/);
  assert.equal(opened.headers.get('cache-control'), 'no-store');
  assert.equal(opened.headers.get('referrer-policy'), 'no-referrer');
  const everything =
    await ctx.sql`SELECT links::text AS row FROM links UNION ALL SELECT auth_codes::text FROM auth_codes
    UNION ALL SELECT feed::text FROM feed`;
  assert.ok(!JSON.stringify(everything).includes(target.searchParams.get('token')!));

  const again = await call('GET', new URL(action.uri).pathname);
  assert.notEqual(
    new URL(again.headers.get('location')!).searchParams.get('token'),
    target.searchParams.get('token'),
  );
});

test('click links: counted per person, once per double tap, told on the feed; looking is not clicking', async () => {
  nextCaller();
  const contactId = await person();
  const path = await linkOf(contactId, 'https://shop.example/sale?x=1#y');
  const looks: Called[] = [
    await call('HEAD', path),
    await call('GET', path, { headers: { 'user-agent': 'WhatsApp/2.23.20.0' } }),
    await call('GET', path, { headers: { 'user-agent': 'facebookexternalhit/1.1 Facebot Twitterbot/1.0' } }),
    await call('GET', path, { headers: { 'sec-purpose': 'prefetch;prerender' } }),
  ];
  for (const look of looks) assert.equal(look.headers.get('location'), 'https://shop.example/sale?x=1#y');
  assert.equal((await eventsOf('link.clicked', contactId)).length, 0);
  await Promise.all([1, 2, 3, 4].map(() => call('GET', path)));
  clock.advance(3_000);
  await call('GET', path);
  const events = await eventsOf('link.clicked', contactId);
  assert.deepEqual(
    events.map(({ first, longUri }) => ({ first, longUri })),
    [true, false].map((first) => ({ first, longUri: 'https://shop.example/sale?x=1#y' })),
  );
  const [mine] = await clicksOfContact(ctx.sql, { workspaceId: app.id, contactId });
  assert.equal(mine!.n, 2);
});

test('a preview of a transfer link gets a page without an auth code', async () => {
  const contactId = await person();
  const path = await linkOf(contactId, INVITE);
  const before = await ctx.sql`SELECT count(*) AS n FROM auth_codes`;
  for (const [method, headers] of [
    ['HEAD', {}],
    ['GET', { 'user-agent': 'TelegramBot (like TwitterBot)' }],
  ] as const) {
    const seen = await call(method, path, { headers });
    assert.equal(seen.status, 200);
    assert.equal(seen.headers.get('location'), null);
  }
  assert.deepEqual(await ctx.sql`SELECT count(*) AS n FROM auth_codes`, before);
});

test('a phone with "bot" in its name presses the button that scanners only see, and reaches its page', async () => {
  nextCaller();
  const path = await linkOf(await person(), INVITE);
  const headers = {
    'user-agent':
      'Mozilla/5.0 (Linux; Android 14; CUBOT P80) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36',
  };
  const seen = await call('GET', path, { headers });
  assert.equal(seen.status, 200);
  // Browsers hold what the button redirects to, to the page's policy, too.
  assert.match(seen.headers.get('content-security-policy')!, /form-action 'self' https:;/);
  const pressed = await call('POST', path, {
    headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
  });
  assert.equal(pressed.status, 302);
  const target = new URL(pressed.headers.get('location')!);
  assert.equal(target.origin, 'https://shop.example');
  assert.match(target.searchParams.get('token')!, /^ac_[\w-]{34}$/);
  assert.equal((await call('POST', '/l/nothing-here', { headers })).status, 404);
});

test('a broadcast’s links: a row per address, a code per recipient, derived', async () => {
  nextCaller();
  const contactIds = await newContacts(ctx, app.id, 300, (from += 1000));
  const workspace = { ...(await workspaceOf(app.id)), settings: { trackClicks: true } };
  const runId = ctx.ids.spread();
  const content: Content = {
    type: 'text',
    text: 'Sale',
    actions: [
      { type: 'link', text: 'Shop', uri: 'https://shop.example/' },
      { type: 'link', text: 'Chat', uri: INVITE },
      { type: 'link', text: 'Call', uri: 'tel:+31201234567' },
      { type: 'link', text: 'Yours', uri: 'https://shop.example/{{ contact.id }}' },
    ],
  };
  const begin = () =>
    ctx.queue.transact((tx) => shortenRun(tx, clock.nowMs(), { workspace, runId, content }));
  await Promise.all([begin(), begin()]);
  const positions = await linksOfCause(ctx.sql, runId);
  assert.deepEqual(
    [...positions],
    [
      [INVITE, 0],
      ['https://shop.example/', 1],
    ],
  );
  const short = shortLinksFor(links, workspace, runId, positions, contactIds);
  const chosen = contactIds[123]!;
  const opened = await call('GET', short.get(chosen)!.get(INVITE)!);
  assert.match(opened.headers.get('location')!, new RegExp(`id=${toHex24(chosen)}&token=ac_`));
  const shop = await call('GET', short.get(chosen)!.get('https://shop.example/')!);
  assert.equal(shop.headers.get('location'), 'https://shop.example/');
  assert.equal((await eventsOf('link.clicked', chosen)).length, 2);
  const [{ n }] = (await ctx.sql`SELECT count(*) AS n FROM links WHERE cause_id = ${runId}`) as unknown as [
    { n: number },
  ];
  assert.equal(n, 2);
});

test('100,000 derived codes: no two alike, each reads back, twice the same', () => {
  const causeId = ctx.ids.spread();
  const contactIds = Array.from({ length: 100_000 }, () => ctx.ids.spread());
  const codes = links.codes.shared(causeId, 7, contactIds);
  assert.equal(new Set(codes).size, contactIds.length);
  codes.forEach((code, i) => {
    if (i % 997 === 0)
      assert.deepEqual(links.codes.read(code), { causeId, position: 7, contactId: contactIds[i] });
  });
  assert.deepEqual(links.codes.shared(causeId, 7, contactIds.slice(0, 50)), codes.slice(0, 50));
  const own = links.codes.own(contactIds.map((id) => ({ causeId: id, position: 0 })));
  assert.equal(new Set(own).size, contactIds.length);
  assert.ok(own.every((code) => /^[0-9A-Za-z]{11}$/.test(code)));
  const elsewhere = createLinks({ secret: 'y'.repeat(40), publicUrl: () => '' }).codes;
  assert.equal(
    codes.slice(0, 1000).filter((code) => elsewhere.read(code)?.causeId === causeId).length,
    0,
    'another install’s key reads nothing of it',
  );
});

test('forged, truncated and altered codes lead nowhere', async () => {
  nextCaller();
  const contactId = await person();
  const own = (await linkOf(contactId, 'https://shop.example/')).slice(3);
  const workspace = await workspaceOf(app.id);
  const runId = ctx.ids.spread();
  const content: Content = { type: 'text', text: 'x', actions: [{ type: 'link', text: 'y', uri: INVITE }] };
  await ctx.queue.transact((tx) => shortenRun(tx, clock.nowMs(), { workspace, runId, content }));
  const [shared] = links.codes.shared(runId, 0, [contactId]);
  const [stranger] = links.codes.shared(runId, 0, [await person(other.id)]);
  const flipped = (code: string) => code.slice(0, -1) + (code.endsWith('0') ? '1' : '0');
  for (const code of [
    own.slice(1),
    own.slice(0, -1),
    `${own}0`,
    flipped(own),
    own.toLowerCase() === own ? own.toUpperCase() : own.toLowerCase(),
    shared!.slice(0, 11),
    flipped(shared!),
    // A recipient of another workspace is none of this one's.
    stranger!,
    // The form for one person names no link that is for all.
    links.codes.own([{ causeId: runId, position: 0 }])[0]!,
    links.codes.shared(runId, 1, [contactId])[0]!,
    'z'.repeat(11),
    'z'.repeat(19),
    '%00',
    '..%2f..',
    encodeURIComponent('https://evil.example'),
  ]) {
    const { status, headers } = await call('GET', `/l/${code}`);
    assert.equal(status, 404, code);
    assert.equal(headers.get('location'), null);
  }
});

test('guesses are bounded per network; codes that are good cost nothing', async () => {
  nextCaller();
  const path = await linkOf(await person(), 'https://shop.example/');
  for (let i = 0; i < 60; i++) assert.equal((await call('GET', path)).status, 302);
  const statuses: number[] = [];
  for (let i = 0; i < 25; i++) statuses.push((await call('GET', `/l/guess${i}xxxxxx`.slice(0, 14))).status);
  assert.deepEqual([statuses.indexOf(429), statuses.at(-1)], [20, 429]);
  const held = await call('GET', path);
  assert.equal(held.status, 429, 'or the answer would tell a good guess');
  assert.ok(Number(held.headers.get('retry-after')) > 0);
  assert.equal((await call('POST', '/chat/session', { body: { id: 'x', token: 'y' } })).status, 429);
  clock.advance(60_000);
  assert.equal((await call('GET', path)).status, 302);
  nextCaller();
  assert.equal((await call('GET', path)).status, 302);
});

test('a link that brings its person along makes so many codes a second, and no more', async () => {
  nextCaller();
  const whose = await person();
  const path = await linkOf(whose, 'https://shop.example/?t={authtoken}');
  const startMs = performance.now();
  const followed = await Promise.all(Array.from({ length: 40 }, () => call('GET', path)));
  const more = Math.ceil((performance.now() - startMs) / 200);
  const led = followed.filter(({ status }) => status === 302).length;
  assert.ok(led >= 5 && led <= 5 + more, `${led} of 40, with ${more} more for the time it took`);
  assert.ok(followed.every(({ status }) => status === 302 || status === 429));
});

test('guesses count over all processes, and the network that made them is nowhere in clear', async () => {
  nextCaller();
  const path = await linkOf(await person(), 'https://shop.example/');
  const second = createServer(ctx, [linksDoor(links, takeNone, { onNews: () => {} })]);
  await second.start();
  const open = async (origin: string, wanted: string) => {
    const url = new URL(wanted, origin);
    return (await fetch(url, { redirect: 'manual', headers: { ...BROWSER, 'x-forwarded-for': caller } }))
      .status;
  };
  const statuses: number[] = [];
  for (let i = 0; i < 22; i++)
    statuses.push(await open((i % 2 ? second : server).url(), `/l/share${i}xxxxxx`.slice(0, 14)));
  assert.deepEqual([statuses.indexOf(429), statuses.at(-1)], [20, 429]);
  for (const one of [server, second]) assert.equal(await open(one.url(), path), 429);
  const kept = JSON.stringify([...(await ctx.sql`SELECT * FROM allowances`)]);
  assert.ok(kept.length > 2 && !kept.includes(caller) && !kept.includes(sha256Hex(caller)));
  await second.stop();
  await sweepAllowances(ctx.sql, clock.nowMs());
  assert.equal(await open(server.url(), path), 429, 'a sweep forgets nobody who is held');
  clock.advance(3600_000);
  await sweepAllowances(ctx.sql, clock.nowMs());
  assert.deepEqual([...(await ctx.sql`SELECT 1 FROM allowances`)], []);
  assert.equal(await open(server.url(), path), 302);
});

test('nothing but http and https is ever stored, and no host that depends on the person', async () => {
  const contactId = await person();
  for (const longUri of [
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'ftp://x.example/',
    '//evil.example',
    '/path',
    'https://user:secret@x.example/',
    'https://{authtoken}.x.example/',
    'https://x.example/\r\nset-cookie: a=b',
    `https://x.example/${'a'.repeat(2048)}`,
  ]) {
    assert.equal(await linkOf(contactId, longUri), longUri);
  }
  await assert.rejects(
    async () => await ctx.sql`INSERT INTO links VALUES (0, 4096, 0, 1, 1, 'click', 'javascript:x', 0, 0)`,
    /links_long_uri_check/,
  );
});

test('expiry by the workspace’s clock: 410, then swept', async () => {
  nextCaller();
  const contactId = await person();
  const path = await linkOf(contactId, INVITE);
  const click = await linkOf(contactId, 'https://shop.example/');
  clock.advance(7 * DAY_MS - 60_000);
  assert.equal((await call('GET', path)).status, 302);
  clock.advance(120_000);
  const over = await call('GET', path);
  assert.equal(over.status, 410);
  assert.match(over.text, /expired/);
  assert.equal((await call('GET', click)).status, 302, 'a click link lives longer');
  await sweepLinks(ctx.sql, clock.nowMs() + 31 * DAY_MS, 400 * DAY_MS);
  assert.equal((await call('GET', path)).status, 404);
  assert.equal((await call('GET', click)).status, 302);
});

test('W44 an auth code is used once: of many at the same moment one wins', async () => {
  nextCaller();
  const contactId = await person();
  const body = { id: toHex24(contactId), token: await codeFor(contactId) };
  const all = await Promise.all(Array.from({ length: 12 }, () => call('POST', '/chat/session', { body })));
  assert.deepEqual(
    all.map(({ status }) => status).sort((a, b) => a - b),
    [201, ...Array<number>(11).fill(401)],
  );
  assert.equal((await call('POST', '/chat/session', { body })).json.error.code, 'invalid_auth');
});

test('an auth code is its contact’s and workspace’s, and good for ten minutes', async () => {
  nextCaller();
  const contactId = await person();
  const stranger = await person();
  const token = await codeFor(contactId);
  const session = (body: object) => call('POST', '/chat/session', { body });
  assert.equal((await session({ id: toHex24(stranger), token })).status, 401);
  assert.equal((await session({ id: toHex24(contactId), token, workspace: other.appId })).status, 401);
  assert.equal((await session({ id: toHex24(contactId), token: token.slice(0, -1) })).status, 401);
  assert.equal((await session({ id: toHex24(contactId) })).status, 400);
  assert.equal((await session({ id: toHex24(contactId), token: 7 })).status, 400);
  for (const whose of [
    { workspaceId: other.id, contactId },
    { workspaceId: app.id, contactId: stranger },
  ])
    assert.ok(isFault(await ctx.sql.begin((tx) => consumeAuthCode(tx, clock.nowMs(), token, whose))));
  const late = await codeFor(contactId);
  clock.advance(10 * 60_000);
  assert.equal((await session({ id: toHex24(contactId), token: late })).status, 401);
  const good = await codeFor(contactId);
  clock.advance(9 * 60_000);
  assert.equal((await session({ id: toHex24(contactId), token: good, workspace: app.appId })).status, 201);
});

test('W41 the web chat is the same conversation: history, an answer that comes in, and what is the business’s own stays there', async () => {
  nextCaller();
  const contactId = await person();
  await answer(contactId, ['Hey there.', '<script>alert(1)</script>']);
  const { authorization, begun } = await signIn(contactId);
  assert.equal(begun.contact.id, toHex24(contactId));
  assert.equal(begun.conversation.unreadCount, 2);
  const headers = { authorization };
  const seen = await call('GET', '/chat/messages', { headers });
  assert.deepEqual(
    seen.json.messages.map((m: any) => [m.from, m.content.text, m.author]),
    [
      ['business', 'Hey there.', { name: 'Sam' }],
      ['business', '<script>alert(1)</script>', { name: 'Sam' }],
    ],
  );
  assert.ok(!/internal|sam@shop/.test(seen.text));
  assert.equal((await call('POST', '/chat/read', { headers })).status, 204);

  const body = { text: 'I am here', payload: 'HERE', key: 'k1' };
  const [first, repeat] = [
    await call('POST', '/chat/messages', { headers, body }),
    await call('POST', '/chat/messages', { headers, body }),
  ];
  assert.deepEqual([first.status, repeat.status], [201, 200]);
  assert.deepEqual(repeat.json, first.json);
  const events = await eventsOf('message.received', contactId);
  assert.equal(events.length, 1);
  assert.equal(events[0].channel, 'webchat');
  const web = (await destinationsOf(ctx.sql, app.id, [contactId])).filter(
    ({ channel }) => channel === 'webchat',
  );
  assert.equal(web.length, 1);
  assert.ok(web[0]!.lastInboundMs);
  const later = await call('GET', `/chat/messages?after=${seen.json.cursor}`, { headers });
  assert.ok(
    later.json.messages.some((m: any) => m.content.text === 'I am here' && m.content.payload === 'HERE'),
  );
  const { status } = await call('GET', '/chat/messages?limit=1', { headers });
  assert.equal(status, 200);
});

test('pages of the history hang together', async () => {
  nextCaller();
  const contactId = await person();
  for (let i = 0; i < 5; i++) {
    await answer(contactId, [`${i}a`, `${i}b`]);
    clock.advance(1000);
  }
  const { authorization } = await signIn(contactId);
  const headers = { authorization };
  const texts: string[] = [];
  for (let before = ''; before !== 'null'; ) {
    const { json } = await call('GET', `/chat/messages?limit=3${before && `&before=${before}`}`, { headers });
    texts.unshift(...json.messages.map((m: any) => m.content.text));
    before = String(json.previous);
  }
  assert.deepEqual(texts, ['0a', '0b', '1a', '1b', '2a', '2b', '3a', '3b', '4a', '4b']);
});

test('bad calls of the web chat are answered, each with its reason', async () => {
  nextCaller();
  const { authorization } = await signIn(await person());
  const headers = { authorization };
  for (const [method, path, options, status] of [
    ['GET', '/chat/messages', {}, 401],
    ['GET', '/chat/messages', { headers: { authorization: 'Bearer cs_nonsense' } }, 401],
    ['GET', '/chat/messages?limit=0', { headers }, 400],
    ['GET', '/chat/messages?limit=x', { headers }, 400],
    ['GET', '/chat/messages?after=x', { headers }, 400],
    ['GET', '/chat/messages?after=1&after=2', { headers }, 400],
    ['GET', '/chat/messages?after=1&before=2', { headers }, 400],
    ['GET', '/chat/events?after=-1', { headers }, 400],
    ['POST', '/chat/messages', { headers }, 400],
    ['POST', '/chat/messages', { headers, body: {} }, 400],
    ['POST', '/chat/messages', { headers, body: { text: '  \n' } }, 400],
    ['POST', '/chat/messages', { headers, body: { text: 'a'.repeat(4097) } }, 400],
    ['POST', '/chat/messages', { headers, body: { text: 'a\u0000b' } }, 400],
    ['POST', '/chat/messages', { headers, body: ['x'] }, 400],
    // The page of a workspace is there, and nothing is sent to it.
    ['POST', '/chat/nothing', { headers, body: {} }, 405],
    ['GET', '/chat/000000000000000000000000', {}, 404],
    ['GET', '/chat/x%00y', {}, 404],
  ] as const) {
    const got = await call(method, path, options);
    assert.equal(got.status, status, `${method} ${path} ${got.text}`);
    if (got.json) assert.ok(got.json.error.code && got.json.error.description);
  }
  const sent = await Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      call('POST', '/chat/messages', { headers, body: { text: `quick ${i}` } }),
    ),
  );
  assert.ok(sent.some(({ status }) => status === 429));
});

test('pages of other sites may call', async () => {
  const asked = await call('OPTIONS', '/chat/messages', {
    headers: { origin: 'https://shop.example', 'access-control-request-method': 'POST' },
  });
  assert.equal(asked.status, 204);
  assert.equal(asked.headers.get('access-control-allow-origin'), '*');
  assert.match(asked.headers.get('access-control-allow-headers')!, /Authorization/);
  assert.equal((await call('GET', '/chat/messages')).headers.get('access-control-allow-origin'), '*');
});

test('a session ends when it is ended by its person, and after thirty days', async () => {
  nextCaller();
  const contactId = await person();
  const works = async (authorization: string) =>
    (await call('GET', '/chat/messages', { headers: { authorization } })).status === 200;
  const [one, two] = [await signIn(contactId), await signIn(contactId)];
  assert.equal((await call('DELETE', '/chat/session', { headers: one })).status, 204);
  assert.deepEqual([await works(one.authorization), await works(two.authorization)], [false, true]);
  const last = await signIn(contactId);
  clock.advance(30 * DAY_MS);
  assert.equal(await works(last.authorization), false);
  const [row] = await ctx.sql`SELECT count(*) AS n FROM chat_sessions WHERE token_hash LIKE 'cs\\_%'`;
  assert.equal(row!['n'], 0, 'no token is stored');
});

/** Reads a stream of events until it is closed. */
async function listen(authorization: string, after: string, lastEventId?: string) {
  const stop = new AbortController();
  const texts: string[] = [];
  const ids: string[] = [];
  const response = await fetch(new URL(`/chat/events?after=${after}`, server.url()), {
    headers: { authorization, ...(lastEventId ? { 'last-event-id': lastEventId } : {}) },
    signal: stop.signal,
  });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  const seen = { texts, ids, lastId: '', isOver: false };
  const read = async () => {
    let held = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const parts = (held + chunk).split('\n\n');
      held = parts.pop()!;
      for (const part of parts) {
        const data = /^data: (.*)$/m.exec(part)?.[1];
        if (!data) continue;
        const message = JSON.parse(data);
        texts.push(message.content.text);
        ids.push(message.id);
        seen.lastId = /^id: (.*)$/m.exec(part)![1]!;
      }
    }
  };
  const over = read()
    .catch(() => {})
    .finally(() => (seen.isOver = true));
  return Object.assign(seen, {
    close: async () => {
      stop.abort();
      await over;
    },
  });
}

test('live: what is said comes at once; who comes back has lost nothing and takes each id once', async () => {
  nextCaller();
  const contactId = await person();
  const { authorization } = await signIn(contactId);
  const { json } = await call('GET', '/chat/messages', { headers: { authorization } });
  const first = await listen(authorization, json.cursor);
  await answer(contactId, ['one', 'two']);
  await until('both came', () => first.texts.length === 2);
  await first.close();
  await answer(contactId, ['three', 'four']);
  const second = await listen(authorization, '0', first.lastId);
  await until('what was missed came', () => second.texts.includes('four'));
  await call('POST', '/chat/messages', { headers: { authorization }, body: { text: 'five' } });
  await until('its own words come too', () => second.texts.includes('five'));
  const unique = new Map(
    [...first.ids, ...second.ids].map((id, i) => [id, [...first.texts, ...second.texts][i]]),
  );
  assert.deepEqual(new Set(unique.values()), new Set(['one', 'two', 'three', 'four', 'five']));
  assert.equal(unique.size, 5);
  assert.equal(new Set(second.ids).size, second.ids.length, 'one stream says nothing twice');
  await second.close();
});

test('live: a message that is committed late, with an earlier time, is not lost', async () => {
  nextCaller();
  const contactId = await person();
  const { authorization } = await signIn(contactId);
  const stream = await listen(authorization, '0');
  const stepIn = Promise.withResolvers<void>();
  const slow = ctx.queue.transact(async (tx) => {
    const nowMs = clock.nowMs();
    const conversations = await ensureConversations(tx, ctx.ids, nowMs, [{ contactId, workspaceId: app.id }]);
    await stepIn.promise;
    await accept(ctx, tx, nowMs - 500, [
      {
        workspaceId: app.id,
        contactId,
        conversationId: conversations.get(contactId)!.id,
        kind: 'message',
        class: 'transactional',
        content: { type: 'text', text: 'late' },
        author: {},
        source: { type: 'api' },
      },
    ]);
  });
  await answer(contactId, ['early']);
  await until('the quick one came', () => stream.texts.includes('early'));
  stepIn.resolve();
  await slow;
  await until('the slow one came', () => stream.texts.includes('late'));
  await stream.close();
});

test('presence: who follows is there, who looks away is not', async () => {
  nextCaller();
  const contactId = await person();
  const { authorization } = await signIn(contactId);
  const isThere = async () => (await presentContacts(ctx.sql, [contactId], clock.nowMs())).has(contactId);
  assert.equal(await isThere(), false);
  const [one, two] = [await listen(authorization, '0'), await listen(authorization, '0')];
  assert.equal(await isThere(), true);
  await one.close();
  assert.equal(await isThere(), true, 'another page is still open');
  await two.close();
  await until('the person is away', async () => !(await isThere()));
  await ctx.sql`INSERT INTO chat_presence VALUES (${bucketOf(contactId)}, ${contactId}, ${clock.nowMs() - 31_000})`;
  assert.equal(await isThere(), false, 'a note that a dead server left');
});

test('presence: that a page was left, written late, does not send away who is back', async () => {
  nextCaller();
  const contactId = await person();
  const isThere = async () => (await presentContacts(ctx.sql, [contactId], clock.nowMs())).has(contactId);
  const backMs = clock.nowMs();
  await notePresence(ctx.sql, [contactId], backMs);
  await noteAbsence(ctx.sql, contactId, backMs - 1);
  assert.equal(await isThere(), true);
  // Nor does what another process noted before, and writes late.
  await notePresence(ctx.sql, [contactId], backMs - 60_000);
  assert.equal(await isThere(), true);
  await noteAbsence(ctx.sql, contactId, backMs);
  assert.equal(await isThere(), false);
});

test('live: streams end when the session does, and when the server stops', async () => {
  nextCaller();
  const contactId = await person();
  const { authorization } = await signIn(contactId);
  // Whether a session is still there is looked at every ten seconds, each of which is a twentieth of one here.
  const after = (ms: number, run: () => void) => clock.after(ms / 20, run);
  const quick = { ...ctx, clock: { ...clock, after } };
  for (const end of ['server', 'session']) {
    const one = createServer(quick, [linksDoor(links, takeNone, { onNews: () => {} })]);
    await one.start();
    const response = await fetch(new URL('/chat/events', one.url()), { headers: { authorization } });
    assert.equal(response.status, 200);
    if (end === 'session') await call('DELETE', '/chat/session', { headers: { authorization } });
    else await one.stop();
    assert.match(await response.text(), /^retry: 2000/);
    if (end === 'session') await one.stop();
  }
});

test('the page: a strict policy, no script of its own in it, names escaped', async () => {
  nextCaller();
  await ctx.sql`UPDATE workspaces SET name = ${'<img src=x onerror=alert(1)> & "Co"'} WHERE id = ${other.id}`;
  ctx.directory.forget(other.id);
  const page = await call('GET', `/chat/${other.appId}?id=a&token=b`);
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-type')!, /^text\/html/);
  const policy = page.headers.get('content-security-policy')!;
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /script-src 'self';/);
  assert.doesNotMatch(policy, /unsafe|\*/);
  assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
  assert.ok(!page.text.includes('<img'));
  assert.doesNotMatch(page.text, /<script[^>]*>[^<]|style=|onclick|token=b/);
  for (const [file, type] of [
    ['page.js', 'text/javascript'],
    ['page.css', 'text/css'],
  ]) {
    const asset = await call('GET', `/chat/assets/${file}`);
    assert.equal(asset.status, 200);
    assert.ok(asset.headers.get('content-type')!.startsWith(type!));
  }
  const script = await call('GET', '/chat/assets/page.js');
  assert.doesNotMatch(script.text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/);
});

test('W43 link requests: whoever writes with one from another channel is the contact, once and for a day', async () => {
  const contactId = await person();
  const integrationId = ctx.ids.spread();
  const issue = async () => {
    const [code] = await ctx.sql.begin((tx) =>
      issueLinkRequests(tx, clock.nowMs(), [{ workspaceId: app.id, contactId, integrationId }]),
    );
    return code!;
  };
  const arrive = (code: string, more: object = {}) =>
    ctx.queue.transact((tx) =>
      arriveByRequest(tx, ctx.ids, clock.nowMs(), {
        workspaceId: app.id,
        integrationId,
        code,
        destination: { channel: 'whatsapp', integrationId: null, address: '+31612345678' },
        ...more,
      }),
    );
  const code = await issue();
  assert.equal(linkRequestIn(`Hello! ${code}.`), code);
  assert.equal(linkRequestIn(`${code}x`), undefined);
  assert.equal(await arrive(code, { workspaceId: other.id }), undefined);
  assert.equal(await arrive(code, { integrationId: integrationId + 4096 }), undefined);
  const both = await Promise.all([arrive(code), arrive(code)]);
  assert.equal(both.filter((one) => one !== undefined).length, 1);
  const web = (await destinationsOf(ctx.sql, app.id, [contactId])).filter(
    ({ channel }) => channel === 'whatsapp',
  );
  assert.equal(web[0]?.address, '+31612345678');
  const late = await issue();
  clock.advance(DAY_MS);
  assert.equal(await arrive(late), undefined);
  const rival = await person();
  const [phone] = await destinationsOf(ctx.sql, app.id, [rival]);
  const taken = await arrive(await issue(), {
    destination: { channel: 'sms', integrationId: null, address: phone!.address },
  });
  assert.deepEqual(taken, { contactId, conflictsWith: rival });
});

test('merged: links, codes and sessions of the one that goes lead to the one that stays; erased: nowhere', async () => {
  nextCaller();
  const [goes, middle, stays] = [await person(), await person(), await person()];
  const path = await linkOf(goes, INVITE);
  const { authorization } = await signIn(goes);
  const code = await codeFor(goes);
  await call('GET', path);
  for (const [fromId, toId] of [
    [goes, middle],
    [middle, stays],
  ] as const)
    await ctx.queue.transact(async (tx) => {
      must(
        await mergeContacts(tx, ctx.ids, clock.nowMs(), {
          workspaceId: app.id,
          survivingId: toId,
          discardedId: fromId,
        }),
      );
      await mergeConversations(tx, ctx.ids, clock.nowMs(), {
        workspaceId: app.id,
        survivingId: toId,
        discardedId: fromId,
      });
      await moveLinks(tx, { workspaceId: app.id, fromId, toId });
    });
  clock.advance(3000);
  const opened = await call('GET', path);
  assert.match(opened.headers.get('location')!, new RegExp(`id=${toHex24(stays)}&`));
  assert.equal((await clicksOfContact(ctx.sql, { workspaceId: app.id, contactId: stays }))[0]!.n, 2);
  await answer(stays, ['Hello, one of three']);
  const { json } = await call('GET', '/chat/messages', { headers: { authorization } });
  assert.equal(json.messages.at(-1).content.text, 'Hello, one of three');
  const begun = await call('POST', '/chat/session', { body: { id: toHex24(goes), token: code } });
  assert.equal(begun.json.contact.id, toHex24(stays));

  await ctx.queue.transact(async (tx) => {
    await eraseContacts(tx, ctx.ids, clock.nowMs(), app.id, [stays]);
    await forgetLinks(tx, [stays]);
  });
  assert.equal(await getContact(ctx.sql, app.id, stays), undefined);
  assert.equal((await call('GET', path)).status, 404);
  assert.equal((await call('GET', '/chat/messages', { headers: { authorization } })).status, 401);
});

test('the hours of links are what was opened, whatever is merged, erased or read late', async () => {
  const random = seededRandom(17);
  const draw = (below: number) => Math.floor(random() * below);
  const people = await Promise.all([1, 2, 3, 4, 5, 6].map(() => person()));
  const causeId = ctx.ids.spread();
  const links = [0, 1].map((position) => ({
    workspaceId: app.id,
    causeId,
    position,
    kind: 'click' as const,
  }));
  const reader = hoursReader(ctx);
  const readFeed = () =>
    ctx.queue.transact(async (tx) => {
      const events = await tx<FeedEvent[]>`
        DELETE FROM feed WHERE type = 'link.clicked' AND workspace_id = ${app.id}
        RETURNING bucket, id, workspace_id AS "workspaceId", type, at_ms AS "atMs", payload`;
      await reader.read(tx, events);
    });
  await readFeed();
  const erased = { people: 0, clicks: 0 };
  for (let n = 0; n < 120; n++) {
    clock.advance(draw(2 * 3600_000));
    const who = people[draw(people.length)]!;
    const what = draw(12);
    if (what < 9) {
      const link = { ...links[draw(2)]!, longUri: 'https://shop.example/', holder: { id: who } } as unknown;
      await ctx.queue.transact((tx) =>
        followLink(ctx, tx, clock.nowMs(), link as Parameters<typeof followLink>[3]),
      );
    } else if (what === 9) {
      const toId = people.find((id) => id !== who)!;
      await ctx.queue.transact((tx) => moveLinks(tx, { workspaceId: app.id, fromId: who, toId }));
    } else if (what === 10) {
      const gone = await clicksOfContact(ctx.sql, { workspaceId: app.id, contactId: who });
      erased.people += gone.length;
      erased.clicks += gone.reduce((sum, one) => sum + one.n, 0);
      await ctx.queue.transact((tx) => forgetLinks(tx, [who]));
    } else await readFeed();
  }
  await readFeed();
  const [hours] = await ctx.sql`
    SELECT sum(people)::integer AS people, sum(clicks)::integer AS clicks FROM link_hours WHERE cause_id = ${causeId}`;
  const [rows] = await ctx.sql<{ people: number; clicks: number }[]>`
    SELECT count(*)::integer AS people, coalesce(sum(n), 0)::integer AS clicks FROM link_clicks WHERE cause_id = ${causeId}`;
  assert.deepEqual(hours, {
    people: rows!.people + erased.people,
    clicks: rows!.clicks + erased.clicks,
  });
  assert.ok(erased.clicks > 0 && rows!.clicks > 0);
});

test('tenants: a session reads its own workspace only; a deleted workspace’s links are gone', async () => {
  nextCaller();
  const mine = await person();
  const theirs = await person(other.id);
  await answer(theirs, ['not yours'], other.id);
  const { authorization } = await signIn(mine);
  const seen = await call('GET', '/chat/messages', { headers: { authorization } });
  assert.ok(!seen.text.includes('not yours'));
  const gone = await newWorkspace(ctx, 'test');
  const path = await linkOf(mine, 'https://shop.example/', gone.id);
  // A contact of another workspace is nobody there: the click is not counted, and nothing is told.
  assert.equal((await findLink(ctx.sql, links.codes, path.slice(3)))!.holder, undefined);
  await ctx.sql`UPDATE workspaces SET deleted_ms = 1 WHERE id = ${gone.id}`;
  ctx.directory.forget(gone.id);
  assert.equal((await call('GET', path)).status, 404);
});
