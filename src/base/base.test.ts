/** The foundations: ids, settings, sealing, addresses that may be called, Retry-After. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseIsoTime, type Clock } from './clock.ts';
import { isTimeZone } from './zones.ts';
import { readConfig, SETTINGS } from './config.ts';
import { hash32, sameText, vault } from './crypto.ts';
import { addressGuard } from './addressGuard.ts';
import { formBody, httpClient, onlyWhile, retryAfterMs } from './http.ts';
import {
  BUCKETS,
  bucketOf,
  firstIdAt,
  fromHex24,
  fromUuid,
  idSource,
  isId,
  MAX_ID,
  timeOfId,
  toHex24,
  toUuid,
} from './ids.ts';
import { bell, lifecycle, type Part } from './lifecycle.ts';
import { stillClock } from '../../test/support/stillClock.ts';

const NOW = Date.UTC(2026, 10, 20, 12);

test('ids carry bucket and time, never repeat within a process, and differ between processes', () => {
  const [a, b] = [idSource(3, () => NOW), idSource(4, () => NOW)];
  const seen = new Set<number>();
  for (let n = 0; n < 20_000; n++) {
    for (const id of [a.spread(), b.spread(), a.inBucket(77), b.inBucket(77)]) {
      assert.ok(!seen.has(id) && id <= MAX_ID);
      seen.add(id);
    }
  }
  assert.equal(bucketOf(a.inBucket(4095)), 4095);
  const fresh = idSource(0, () => NOW).spread();
  assert.ok(Math.abs(timeOfId(fresh) - NOW) < 64);
  assert.ok(fresh >= firstIdAt(NOW) && fresh < firstIdAt(NOW + 1000));
});

test('spread fills the buckets evenly', () => {
  const ids = idSource(9, () => NOW);
  const counts = new Uint32Array(BUCKETS);
  for (let n = 0; n < BUCKETS * 5; n++) counts[bucketOf(ids.spread())]!++;
  assert.deepEqual(new Set(counts), new Set([5]));
});

test('1,500 ids a second in one bucket keep the time, for ten minutes', () => {
  let nowMs = NOW;
  const places = Array.from({ length: 56 }, (_, place) => place + 4);
  const ids = idSource(
    () => places,
    () => Math.floor(nowMs),
  );
  let before = 0;
  for (let n = 0; n < 900_000; n++, nowMs += 1 / 1.5) {
    const id = ids.inBucket(77);
    if (id <= before || Math.abs(timeOfId(id) - nowMs) > 1_000 || bucketOf(id) !== 77 || !isId(id))
      assert.fail(`id ${n}: ${id} after ${before}, ${timeOfId(id) - nowMs} ms off`);
    before = id;
  }
});

test('ids rise and differ also when the places they are drawn from change', () => {
  let [places, others]: number[][] = [
    [0, 1, 2, 3],
    [4, 5],
  ];
  const a = idSource(
    () => places!,
    () => NOW,
  );
  const b = idSource(
    () => others!,
    () => NOW,
  );
  const drawn = { a: [] as number[], b: [] as number[] };
  for (let n = 0; n < 400; n++) {
    if (n === 101) places = [0, 1];
    if (n === 203) others = [3, 4, 5];
    drawn.a.push(a.inBucket(9));
    drawn.b.push(b.inBucket(9));
  }
  for (const list of Object.values(drawn))
    assert.deepEqual(
      list,
      list.toSorted((x, y) => x - y),
    );
  assert.equal(new Set(drawn.a).size, 400);
  assert.equal(new Set(drawn.b).size, 400);
});

test('ids survive their forms on the wire, and nothing else passes for one', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: MAX_ID }), (id) => {
      assert.equal(fromHex24(toHex24(id)), id);
      assert.equal(fromUuid(toUuid(id)), id);
      assert.match(toUuid(id), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    }),
  );
  fc.assert(
    fc.property(fc.string(), (text) => fromHex24(text) === undefined && fromUuid(text) === undefined),
  );
  assert.equal(fromHex24('f'.repeat(24)), undefined);
  assert.equal(
    fromHex24(toHex24(123_456_789).replace(/^./, 'a')),
    undefined,
    'the seconds must be those of the id',
  );
  assert.equal(fromUuid('e361392f-7dd3-4bdb-8844-d0d002ac7f72'), undefined);
});

test('wrong settings are told all at once, unknown ones too', () => {
  const read = readConfig({
    PARLEY_PORT: 'http',
    PARLEY_ROLES: 'http,cook',
    PARLEY_SECRET: 'short',
    PARLEY_PROT: '80',
    PARLEY_DATABASE_URL: 'no url',
  });
  assert.ok('faults' in read);
  assert.equal(read.faults.length, 5);
  const defaults = readConfig({});
  assert.ok(!('faults' in defaults));
  assert.equal(defaults.port, Number(SETTINGS.port.default));
  assert.deepEqual(defaults.roles, ['http', 'worker']);
});

test('what is sealed opens with its key and context only', () => {
  const sealed = vault('one secret').seal('token', 'integration:1');
  assert.equal(vault('one secret').open(sealed, 'integration:1'), 'token');
  assert.equal(vault('one secret').open(sealed, 'integration:2'), undefined);
  assert.equal(vault('another').open(sealed, 'integration:1'), undefined);
  sealed[sealed.length - 1]! ^= 1;
  assert.equal(vault('one secret').open(sealed, 'integration:1'), undefined);
  assert.equal(vault('one secret').open(Buffer.alloc(3), 'integration:1'), undefined);
  assert.ok(sameText('a', 'a') && !sameText('a', 'b'));
});

test('the hash of look-up tables is what it always was: rows are found by it', () => {
  assert.deepEqual(['', 'a', '7|phone|+15005550006'].map(hash32), [-1421968373, 444641715, -925129778]);
});

test('private addresses are refused, in every disguise, unless they are allowed', () => {
  const guard = addressGuard([]);
  for (const address of [
    '127.0.0.1',
    '10.1.2.3',
    '172.20.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '::1',
    'fd00::1',
    'fe80::1',
    '::ffff:10.0.0.1',
  ]) {
    assert.equal(guard.allows(address), false, address);
  }
  for (const address of ['8.8.8.8', '172.32.0.1', '2606:4700::1111'])
    assert.equal(guard.allows(address), true, address);
  const open = addressGuard(['loopback', '10.0.0.0/8']);
  assert.ok(
    open.allows('127.0.0.1') && open.allows('::1') && open.allows('10.9.9.9') && !open.allows('192.168.0.1'),
  );
});

test('IPv6 that holds, or is translated to, an IPv4 address is private; what is mapped is judged by what it holds', () => {
  const guard = addressGuard([]);
  for (const address of [
    '::',
    '::7f00:1',
    '::10.0.0.1',
    '::ffff:7f00:1',
    '::ffff:127.0.0.1',
    '0:0:0:0:0:ffff:a00:1',
    '::ffff:0:10.0.0.1',
    '64:ff9b::a00:1',
    '64:ff9b:1::a00:1',
    '64:ff9b:1:ffff::1',
    '2001::a00:1',
    '2001:0:4136:e378:8000:63bf:3fff:fdd2',
    '2001:2::1',
    '2001:db8::1',
    '2002:a00:1::1',
    '2002:7f00:1::',
    '100::1',
    '3fff::1',
    '5f00::1',
    'fc00::1',
    'fdff::1',
    'fe80::1%eth0',
    'fec0::1',
    'feff::1',
    'ff02::1',
    '192.0.2.1',
    '198.51.100.7',
    '203.0.113.9',
    '255.255.255.255',
    'no address',
  ])
    assert.equal(guard.allows(address), false, address);
  for (const address of [
    '::ffff:8.8.8.8',
    '2606:4700::1111',
    '2a00:1450:4001:80e::200e',
    '2003::1',
    '8.8.8.8',
  ])
    assert.equal(guard.allows(address), true, address);
  const loopback = addressGuard(['loopback']);
  for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1'])
    assert.ok(loopback.allows(address), address);
  for (const address of ['::', '::2', '2002:7f00:1::', '10.0.0.1'])
    assert.ok(!loopback.allows(address), address);
});

test('a call has one deadline for all of it, and what is given up is broken off, sent or not', async () => {
  let aborted = 0;
  const arrived: string[] = [];
  const server = createServer((request, response) => {
    arrived.push(request.url!);
    request.socket.once('close', () => (aborted += 1));
    // Drips: no wait for bytes is ever long.
    response.writeHead(200);
    const drip = () => response.write('x');
    drip();
    const timer = setInterval(drip, 20);
    response.once('close', () => clearInterval(timer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const http = httpClient({ connections: 1 });
  const [first, second] = await Promise.all([
    http.call({ method: 'GET', url: `${at}/first`, deadlineMs: 2_000 }),
    // Waits for the only connection for longer than it has.
    http.call({ method: 'GET', url: `${at}/second`, deadlineMs: 1_900 }),
  ]);
  assert.deepEqual([first.kind, second.kind], ['unclear', 'unsent']);
  assert.match((first as { reason: string }).reason, /within 2 s/);
  await http.close();
  assert.deepEqual([arrived, aborted], [['/first'], 1]);
  server.closeAllConnections();
  server.close();
});

test('a call that waits for a connection does not leave when it may not any more by then', async () => {
  const arrived: string[] = [];
  const open: (() => void)[] = [];
  const server = createServer((request, response) => {
    arrived.push(request.url!);
    open.push(() => response.end());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const http = httpClient({ connections: 1 });
  const call = (path: string) => http.call({ method: 'POST', url: at + path, deadlineMs: 60_000 });
  let may = true;
  const first = onlyWhile(
    () => may,
    () => call('/first'),
  );
  while (!open.length) await once(server, 'request');
  const stopped = onlyWhile(
    () => may,
    () => call('/stopped'),
  );
  const others = onlyWhile(
    () => may,
    () => onlyWhile(undefined, () => call('/others')),
  );
  may = false;
  open[0]!();
  while (open.length < 2) await once(server, 'request');
  open[1]!();
  assert.deepEqual(
    [(await first).kind, (await stopped).kind, (await others).kind],
    ['answer', 'unsent', 'answer'],
  );
  await http.close();
  server.close();
  assert.deepEqual(arrived, ['/first', '/others'], 'what had left is let be');
});

test('a call to a private address does not leave, by number or by name', async () => {
  const http = httpClient({ connections: 1, guard: addressGuard([]) });
  for (const url of ['http://127.0.0.1:9/', 'http://localhost:9/', 'http://[::1]:9/']) {
    const outcome = await http.call({ method: 'GET', url, deadlineMs: 1000 });
    assert.equal(outcome.kind, 'unsent', url);
    assert.match((outcome as { reason: string }).reason, /private address/);
  }
  await http.close();
});

test('a call tells whether the peer may have acted', async () => {
  const server = createServer((request, response) => {
    if (request.url === '/reset') request.socket.resetAndDestroy();
    else if (request.url === '/long') response.end('x'.repeat(5000));
    else if (request.url !== '/hang') response.writeHead(201, { 'x-a': 'b' }).end('ok');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const http = httpClient({ connections: 4 });
  const call = (path: string, more = {}) =>
    http.call({ method: 'POST', url: at + path, body: 'hi', deadlineMs: 300, ...more });
  const answer = await call('/');
  assert.ok(
    answer.kind === 'answer' &&
      answer.status === 201 &&
      answer.body.toString() === 'ok' &&
      answer.headers['x-a'] === 'b',
  );
  assert.equal((await call('/reset')).kind, 'unclear');
  assert.equal((await call('/hang')).kind, 'unclear');
  assert.equal((await call('/long', { maxBytes: 1000 })).kind, 'unclear');
  assert.equal(
    (await http.call({ method: 'GET', url: 'http://127.0.0.1:1/', deadlineMs: 300 })).kind,
    'unsent',
  );
  assert.equal((await http.call({ method: 'GET', url: 'nonsense', deadlineMs: 300 })).kind, 'unsent');
  server.closeAllConnections();
  server.close();
  await http.close();
});

test('Retry-After is read as seconds or as a date', () => {
  assert.equal(retryAfterMs({ 'retry-after': '2' }, NOW), 2000);
  assert.equal(retryAfterMs({ 'retry-after': 'Fri, 20 Nov 2026 12:00:30 GMT' }, NOW), 30_000);
  assert.equal(retryAfterMs({ 'retry-after': 'soon' }, NOW), undefined);
  assert.equal(retryAfterMs({}, NOW), undefined);
});

test('forms are what URLSearchParams reads back', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ minLength: 1 }), fc.string()), (fields) => {
      const wellFormed = Object.fromEntries(
        Object.entries(fields).filter(([name, value]) => name.isWellFormed() && value.isWellFormed()),
      );
      assert.deepEqual(Object.fromEntries(new URLSearchParams(formBody(wellFormed))), wellFormed);
    }),
  );
});

test('names of time zones, and times that are written', () => {
  for (const zone of ['Europe/Amsterdam', 'UTC', 'America/Argentina/Buenos_Aires', 'Asia/Kolkata'])
    for (const time of ['first', 'again']) assert.equal(isTimeZone(zone), true, `${zone} ${time}`);
  for (const none of ['No/Where', '', 'constructor', '__proto__', 'Europe/Amsterdam\u0000', 'Europe'])
    for (const time of ['first', 'again']) assert.equal(isTimeZone(none), false, `${none} ${time}`);
  assert.equal(parseIsoTime('2026-11-20T12:00:00Z'), NOW);
  assert.equal(parseIsoTime('2026-11-20 12:00'), undefined);
  assert.equal(parseIsoTime('2024-02-29T00:00:00Z'), Date.UTC(2024, 1, 29));
  for (const day of ['2026-02-29', '2026-02-30', '2026-04-31', '2026-13-01', '2026-00-10', '2026-01-00'])
    assert.equal(parseIsoTime(`${day}T00:00:00Z`), undefined, day);
});

test('parts start in order and stop in reverse; a failed start stops what had started', async () => {
  const told: string[] = [];
  const part = (name: string, fails = false): Part => ({
    name,
    async start() {
      told.push(`+${name}`);
      if (fails) throw new Error(name);
    },
    async stop() {
      told.push(`-${name}`);
    },
  });
  const all = lifecycle([part('a'), part('b')]);
  await all.start();
  await all.stop();
  await all.stop();
  assert.deepEqual(told.splice(0), ['+a', '+b', '-b', '-a']);
  await assert.rejects(lifecycle([part('a'), part('b', true), part('c')]).start(), /b/);
  assert.deepEqual(told.splice(0), ['+a', '+b', '-b', '-a']);
  await lifecycle([part('a')]).stop();
  assert.deepEqual(told, []);
});

test('a bell that rings while nobody waits any more is heard by the next who does', async () => {
  const clock = stillClock();
  const woken = bell();
  const waited = woken.wait({ clock, ms: 10 });
  await clock.moveOn(10);
  await waited;
  woken.ring();
  let heard = false;
  void woken.wait({ clock, ms: 10 }).then(() => (heard = true));
  await new Promise(setImmediate);
  assert.equal(heard, true);
});

test('a bell that rings leaves no timer behind, however often it is waited for', async () => {
  const still = stillClock();
  let timers = 0;
  const clock: Clock = {
    ...still,
    after() {
      timers++;
      return () => void timers--;
    },
  };
  const woken = bell();
  for (let n = 0; n < 100; n++) {
    const waited = woken.wait({ clock, ms: 60_000 });
    woken.ring();
    await waited;
  }
  assert.equal(timers, 0);
});
