/**
 * The JavaScript library of the Outbound door where Parley is out of reach: behind the page of a hotel, and for days. What was said then was said
 * then, and once.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { Outbound, type OutboundOptions } from '../sdk/outbound/src/outbound.ts';
import { errors, startOutbound, type Json } from './outboundProduct.ts';
import { startReceiver } from './support/receiver.ts';
import { storageOf } from './support/storage.ts';
import { until } from './support/until.ts';

const product = await startOutbound();
const { sql, person, did, keys, post } = product;
const receiver = await startReceiver();
const DAY_MS = 24 * 3600 * 1000;
const PAGE = '<html><h1>Welcome to our hotel</h1><form>';

const { setTimeout: later } = globalThis;
/** What would wait for seconds does so for a moment; an answer has its time. */
const soon = (work: () => void, ms: number) => later(work, ms < 30_000 ? 20 : ms);

/** The library as it is in a place, where nobody waits long. */
type Library = (key: string, options: OutboundOptions) => Json;
const built = async (name: string) =>
  await readFile(new URL(`../sdk/outbound/dist/${name}`, import.meta.url), 'utf8');
const [script, packaged] = await Promise.all([built('outbound.js'), built('outbound.cjs')]);
const around = { fetch, URL, AbortController, setTimeout: soon, clearTimeout };
const inPage: Library = (key, options) => {
  const window: Json = { ...around, localStorage: storageOf() };
  window.document = { currentScript: { src: 'https://cdn.example/outbound.js', dataset: {} } };
  window.globalThis = window;
  runInNewContext(script, window);
  return new window.outbound(key, options);
};
const inNode: Library = (key, options) => {
  const module: Json = { exports: {} };
  runInNewContext(packaged, {
    ...around,
    module,
    exports: module.exports,
    process: { versions: { node: '24' } },
  });
  return new module.exports(key, options);
};
/** React Native follows whatever it is told, and calls it 200. */
const inReactNative: Library = (key, options) =>
  inNode(key, {
    storage: storageOf(),
    fetch: async (input, { redirect: _redirect, ...init }: RequestInit = {}) => await fetch(input, init),
    ...options,
  });
/** A fetch that does not follow. */
const unled: Library = (key, options) =>
  inNode(key, {
    fetch: async (input, init) => await fetch(input, { ...init, redirect: 'manual' }),
    ...options,
  });

let places = 0;
for (const [where, library] of Object.entries({ inNode, inPage, inReactNative, unled }))
  test(`a page that answers in Parley’s place, behind a redirect or at once, has not taken the call: ${where}`, async () => {
    const at = `/hotel${++places}`;
    receiver.answer(`${at}/welcome`, { status: 200, headers: { 'content-type': 'text/html' }, body: PAGE });
    const lead = (status: number) => ({ status, headers: { location: receiver.url(`${at}/welcome`) } });
    const said = [lead(302), lead(303), lead(307), { status: 200, body: PAGE }, { status: 204 }];
    receiver.answer(`${at}/v2/identify`, (before) => said[before]!);
    const outbound = library('out_key.secret', { url: receiver.url(at) });
    const heard: unknown[] = [];
    await outbound.identify('u', { firstName: 'Ann' }, (...args: unknown[]) => heard.push(args));
    assert.deepEqual(heard, [[]]);
    const calls = receiver.received(`${at}/v2/identify`);
    assert.equal(calls.length, said.length);
    assert.equal(new Set(calls.map(({ headers }) => headers['x-outbound-guid'])).size, 1);
    // Who has tried for long enough is told so, and not what the page says.
    receiver.answer(`${at}/v2/track`, { status: 200, body: PAGE });
    const error = await library('out_key.secret', { url: receiver.url(at), giveUpMs: 0 })
      .track('u', 'e')
      .then(undefined, (failed: unknown) => failed);
    assert.deepEqual({ ...error }, { receivedCall: false, message: 'HTTP 200' });
  });

/** What a page says that cannot reach anybody, some time ago: it is left in its storage. */
function leftBehind(agoMs: number, say: (outbound: Json) => void, key = keys.public): Record<string, string> {
  const left = storageOf();
  const fetch = async () => await new Promise<Response>(() => {});
  const { now } = Date;
  Date.now = () => now() - agoMs;
  say(new Outbound(key, { url: product.url, storage: left, fetch }));
  Date.now = now;
  return { ...left.kept };
}

const timesOf = async (user: string) => {
  await did(user);
  const rows = await sql<{ name: string; atMs: number }[]>`
    SELECT n.name, e.at_ms AS "atMs" FROM contact_events e JOIN event_names n ON n.id = e.name_id
    JOIN identities i ON i.contact_id = e.contact_id WHERE i.value = ${user}`;
  return Object.fromEntries(rows.map(({ name, atMs }) => [name, atMs]));
};
const isFrom = (agoMs: number, atMs: number | undefined) =>
  assert.ok(Math.abs(Date.now() - agoMs - atMs!) < 60_000, `${Date.now() - atMs!} ago`);

test('O12 events of a batch that waited for days happened when they were told, as those of track', async () => {
  const own = Date.now() - 5 * DAY_MS;
  const kept = leftBehind(3 * DAY_MS, (outbound) => {
    outbound.track('away', 'tracked');
    outbound.trackBatch([
      { user_id: 'away', event: 'batched' },
      { user_id: 'away', event: 'null', timestamp: null },
      { user_id: 'away', event: 'own', timestamp: own / 1000 },
      { user_id: 'away', event: 'text', timestamp: new Date(own).toISOString() },
    ]);
    outbound.post('/track', { user_id: 'away', event: 'posted' });
  });
  const outbound = new Outbound(keys.public, { url: product.url, storage: storageOf(kept) });
  await outbound.flush();
  const times = await timesOf('away');
  for (const name of ['tracked', 'batched', 'null', 'posted']) isFrom(3 * DAY_MS, times[name]);
  for (const name of ['own', 'text']) assert.equal(times[name], own);
});

test('O12 a clock that is wrong is wrong for events of a batch as it is for those of track: the server takes it out', async () => {
  const sent: Json[] = [];
  const { now } = Date;
  const told = { user_id: 'wrong', event: 'own', timestamp: 1_700_000_000, sent_at: 1_700_000_100 };
  const outbound = new Outbound(keys.public, {
    url: product.url,
    storage: null,
    fetch: async (input, init) => {
      sent.push(JSON.parse(String(init!.body)));
      return await fetch(input, init);
    },
  });
  await outbound.flush();
  Date.now = () => now() - 50 * DAY_MS;
  const call = outbound.trackBatch([{ user_id: 'wrong', event: 'now' }, told]);
  Date.now = now;
  await call;
  const times = await timesOf('wrong');
  isFrom(0, times['now']);
  assert.deepEqual(sent[0][1], told, 'what the caller says stands');
  await outbound.trackBatch([]);
  assert.deepEqual(sent[1], []);
});

test('A.1 calls that a page repeats because their answers were lost leave what was told since, alone and together', async () => {
  let isLost = true;
  const losing: typeof fetch = async (input, init) => {
    const answer = await fetch(input, init);
    if (isLost) throw new TypeError('the answer was lost');
    return answer;
  };
  const page = inPage(keys.public, { url: product.url, storage: null, fetch: losing });
  page.identify('lost', { firstName: 'Ann', email: 'lost-1@example.com' });
  await until('the first was told', async () => (await person('lost'))?.givenName === 'Ann');
  // What was told alone is told again with the next, and then once more.
  page.identify('lost-too', { firstName: 'Ann' });
  await until('both were told', async () => (await person('lost-too'))?.givenName === 'Ann');
  const ok = async (path: string, body: object) => assert.equal((await post(path, body)).status, 200);
  await ok('/v2/identify', { user_id: 'lost', first_name: 'Bea', email: 'lost-2@example.com' });
  await ok('/v2/identify', { user_id: 'lost-too', first_name: 'Bea' });
  isLost = false;
  await page.flush();
  const shown = async () => {
    const { givenName, destinations } = await person('lost');
    return [givenName, ...destinations.flatMap((one: Json) => [one.address, one.blocked.join()])];
  };
  assert.deepEqual(await shown(), ['Bea', 'lost-2@example.com', '']);
  assert.equal((await person('lost-too')).givenName, 'Bea');
  isLost = true;
  page.unsubscribeAll('lost');
  await until('they left', async () => (await shown()).at(-1) === 'marketing');
  await ok('/v2/subscribe/all', { user_id: 'lost' });
  isLost = false;
  await page.flush();
  assert.equal((await shown()).at(-1), '');
});

test('nothing of all this was an error of ours', () => assert.deepEqual(errors, []));
