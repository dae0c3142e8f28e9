/** What a call over a kept HTTP/2 connection says when the connection goes, is full, or is silent. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { createSecureServer, constants } from 'node:http2';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { CERTIFICATE, KEY } from '../../../test/support/certificate.ts';
import { until } from '../../../test/support/until.ts';
import { deadUrl, listen } from '../testing/fake.ts';
import { type FakeHttp2, startFakeHttp2 } from '../testing/fakeHttp2.ts';
import { http2Client, type Http2Client, type Http2Options } from './http2.ts';

const DEADLINE_MS = 200;
/** For tests in which nothing is to run out. */
const LONG_MS = 10_000;

async function setUp(
  t: TestContext,
  fakeOptions: Parameters<typeof startFakeHttp2>[0] = {},
  options: Partial<Http2Options> = {},
): Promise<{
  fake: FakeHttp2;
  client: Http2Client;
  post: (path?: string) => ReturnType<Http2Client['call']>;
}> {
  const fake = await startFakeHttp2(fakeOptions);
  const client = http2Client({ baseUrl: fake.url, deadlineMs: LONG_MS, ...options });
  t.after(async () => {
    await client.close();
    await fake.close();
  });
  return {
    fake,
    client,
    post: (path = '/a') => client.call({ path, headers: { 'x-one': '1' }, body: 'hé' }),
  };
}

/** A way to the fake that can lose what is sent over it, as a network does: nobody is told. */
async function startBetween(port: number): Promise<{ url: string; lose(): void; close(): Promise<void> }> {
  const sockets: Socket[] = [];
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    sockets.push(
      near.on('error', () => undefined),
      far.on('error', () => undefined),
    );
    near.pipe(far).pipe(near);
  });
  return {
    url: `http://127.0.0.1:${await listen(server)}`,
    lose: () => sockets.forEach((socket) => socket.unpipe()),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

const said = (outcome: Awaited<ReturnType<Http2Client['call']>>) =>
  outcome.kind === 'answer' ? String(outcome.status) : outcome.kind;

test('many calls share one connection, and each gets its own answer', async (t) => {
  const { fake, post } = await setUp(t);
  const many = Array.from({ length: 50 }, (_, at) => at);
  fake.answerNext(...many.map(() => ({ status: 200, body: '{}' })));
  const outcomes = await Promise.all(many.map((at) => post(`/${at}`)));
  deepEqual(new Set(outcomes.map(said)), new Set(['200']));
  equal(fake.sessions.length, 1);
  deepEqual(
    fake.requests.map(({ path }) => path),
    many.map((at) => `/${at}`),
  );
  const { method, headers, body } = fake.last();
  deepEqual([method, headers['x-one'], headers['content-length'], body], ['POST', '1', '3', 'hé']);
});

test('a path of the base URL goes before that of the request', async (t) => {
  const { fake } = await setUp(t);
  const client = http2Client({ baseUrl: `${fake.url}/proxy/`, deadlineMs: LONG_MS });
  t.after(() => client.close());
  fake.answerNext('empty');
  await client.call({ path: '/3/device/a', headers: {}, body: '' });
  equal(fake.last().path, '/proxy/3/device/a');
});

test('no more streams are opened than the provider allows; the rest waits its turn', async (t) => {
  const { fake, post } = await setUp(t, { maxConcurrentStreams: 2 });
  fake.answerNext('hang', 'hang', { status: 201 }, { status: 202 });
  const calls = [post('/0'), post('/1'), post('/2'), post('/3')];
  await until('two requests', () => fake.count() === 2);
  await new Promise((resolve) => fake.sessions[0]!.ping(resolve));
  equal(fake.count(), 2);
  for (const stream of fake.streams.slice(0, 2)) stream.respond({ ':status': 200 }, { endStream: true });
  deepEqual((await Promise.all(calls)).map(said), ['200', '200', '201', '202']);
  equal(fake.sessions.length, 1);
});

test('what waited too long for a free stream was not sent', async (t) => {
  const { fake, post } = await setUp(t, { maxConcurrentStreams: 0 }, { deadlineMs: DEADLINE_MS });
  const outcome = await post();
  ok(outcome.kind === 'unsent');
  match(outcome.reason, /free stream/);
  deepEqual([fake.sessions.length, fake.count()], [1, 0]);
});

test('after a GOAWAY: what was taken is answered, what was not is unsent, the next goes over a new connection', async (t) => {
  const { fake, post } = await setUp(t);
  fake.answerNext('hang', 'hang', { status: 200 });
  const calls = [post('/0'), post('/1')];
  await until('two requests', () => fake.count() === 2);
  fake.sessions[0]!.goaway(
    constants.NGHTTP2_NO_ERROR,
    fake.streams[0]!.id,
    Buffer.from('{"reason":"Shutdown"}'),
  );
  const lost = await calls[1]!;
  equal(lost.kind, 'unsent');
  equal(said(await post('/2')), '200');
  equal(fake.sessions.length, 2);
  fake.streams[0]!.respond({ ':status': 204 }, { endStream: true });
  equal(said(await calls[0]!), '204');
});

test('a GOAWAY for an error leaves open what was taken, and names its reason', async (t) => {
  const { fake, post } = await setUp(t);
  fake.answerNext('hang', 'hang');
  const calls = [post('/0'), post('/1')];
  await until('two requests', () => fake.count() === 2);
  fake.sessions[0]!.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM, fake.streams[0]!.id, Buffer.from('calm'));
  const [taken, lost] = await Promise.all(calls);
  equal(lost!.kind, 'unsent');
  ok(taken!.kind === 'unclear');
  match(taken!.reason, /GOAWAY 11 calm/);
});

test('a stream refused by the provider was not processed; one reset otherwise may have been', async (t) => {
  const { fake, post } = await setUp(t);
  for (const [code, kind] of [
    [constants.NGHTTP2_REFUSED_STREAM, 'unsent'],
    [constants.NGHTTP2_INTERNAL_ERROR, 'unclear'],
  ] as const) {
    fake.answerNext('hang');
    const call = post();
    const at = fake.count();
    await until('the request', () => fake.count() === at + 1);
    fake.streams.at(-1)!.close(code);
    equal((await call).kind, kind);
  }
  equal(fake.sessions.length, 1);
});

test('a connection that breaks: what was sent is unclear, and the next call makes a new one', async (t) => {
  const { fake, post } = await setUp(t);
  fake.answerNext('hang', 'reset', { status: 200 });
  const [first, second] = await Promise.all([post(), post()]);
  deepEqual([first.kind, second.kind], ['unclear', 'unclear']);
  equal(said(await post()), '200');
  equal(fake.sessions.length, 2);
});

test('nobody there, no URL, a header that cannot be sent, closed: unsent', async (t) => {
  const { fake, client, post } = await setUp(t);
  const dead = http2Client({ baseUrl: await deadUrl(fake.url), deadlineMs: LONG_MS });
  const none = http2Client({ baseUrl: 'api.push.apple.com', deadlineMs: LONG_MS });
  t.after(() => Promise.all([dead.close(), none.close()]));
  const request = { path: '/', headers: {}, body: '' };
  const refused = await dead.call(request);
  ok(refused.kind === 'unsent');
  match(refused.reason, /ECONNREFUSED/);
  const nowhere = await none.call(request);
  ok(nowhere.kind === 'unsent');
  match(nowhere.reason, /^not a URL/);
  equal((await client.call({ ...request, headers: { 'bad name': 'x' } })).kind, 'unsent');
  fake.answerNext({ status: 200 });
  equal(said(await post()), '200');
  await client.close();
  equal((await post()).kind, 'unsent');
});

test('a server that takes the connection and says nothing: unsent, within the deadline', async (t) => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => void sockets.push(socket));
  const port = await listen(server);
  const client = http2Client({ baseUrl: `http://127.0.0.1:${port}`, deadlineMs: DEADLINE_MS });
  t.after(async () => {
    await client.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  equal((await client.call({ path: '/', headers: {}, body: '' })).kind, 'unsent');
});

test('no answer: unclear; when a ping is answered the connection stays', async (t) => {
  const { fake, post } = await setUp(t, {}, { deadlineMs: DEADLINE_MS });
  fake.answerNext('hang', { status: 200 });
  const silent = await post();
  deepEqual(silent, { kind: 'unclear', reason: `no answer in ${DEADLINE_MS} ms` });
  equal(said(await post()), '200');
  equal(fake.sessions.length, 1);
});

test('no answer and no pong: the connection is ended, and what waits goes over a new one', async (t) => {
  const { fake } = await setUp(t);
  const between = await startBetween(Number(new URL(fake.url).port));
  const client = http2Client({ baseUrl: between.url, deadlineMs: DEADLINE_MS });
  t.after(async () => {
    await client.close();
    await between.close();
  });
  const request = { path: '/', headers: {}, body: '' };
  fake.answerNext({ status: 200 }, { status: 200 });
  equal(said(await client.call(request)), '200');
  between.lose();
  equal((await client.call(request)).kind, 'unclear');
  equal(said(await client.call(request)), '200');
  equal(fake.sessions.length, 2);
  equal(fake.count(), 2);
});

test('a quiet connection is pinged, again and again', async (t) => {
  const { fake, post } = await setUp(t, {}, { pingMs: 20 });
  fake.answerNext({ status: 200 });
  await post();
  let pings = 0;
  fake.sessions[0]!.on('ping', () => pings++);
  await until('three pings', () => pings >= 3);
  equal(fake.sessions.length, 1);
});

test('close waits for the call under way', async (t) => {
  const { fake, client, post } = await setUp(t);
  fake.answerNext('hang');
  const call = post();
  await until('the request', () => fake.count() === 1);
  const closing = client.close();
  fake.streams[0]!.respond({ ':status': 200 }, { endStream: true });
  equal(said(await call), '200');
  await closing;
});

/** Enough of HTTP/2 to answer each request with 200, by a peer that never closes its side of a socket. */
async function startHolder(t: TestContext): Promise<string> {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    let heard = Buffer.alloc(0);
    // Behind the 24 bytes of the preface (RFC 9113 §3.4).
    let at = 24;
    socket.on('error', () => undefined).write(Buffer.from('000000040000000000', 'hex'));
    socket.on('data', (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk]);
      for (; heard.length >= at + 9 && heard.length >= at + 9 + heard.readUIntBE(at, 3); ) {
        const [type, stream] = [heard[at + 3], heard.subarray(at + 5, at + 9)];
        // HEADERS: `:status: 200` is 0x88 (RFC 7541, appendix A), and the stream ends.
        if (type === 1)
          socket.write(Buffer.concat([Buffer.from('0000010105', 'hex'), stream, Buffer.from('88', 'hex')]));
        at += 9 + heard.readUIntBE(at, 3);
      }
    });
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${await listen(server)}`;
}

test('with nothing under way, a peer that holds its side of the socket is not waited for until the deadline', async (t) => {
  const client = http2Client({ baseUrl: await startHolder(t), deadlineMs: LONG_MS });
  const outcome = await client.call({ path: '/a', headers: {}, body: 'x' });
  equal(outcome.kind === 'answer' && outcome.status, 200);
  const beganMs = performance.now();
  await client.close();
  ok(performance.now() - beganMs < LONG_MS, 'well before twice the deadline');
});

test('an answer larger than a mebibyte is cut off', async (t) => {
  const { fake, post } = await setUp(t);
  fake.answerNext({ status: 200, body: 'x'.repeat(1024 * 1024 + 1) });
  equal((await post()).kind, 'unclear');
});

test('over TLS: agreed on by ALPN, and only with a certificate that is trusted', async (t) => {
  const server = createSecureServer({ key: KEY, cert: CERTIFICATE });
  let protocol: string | false | null | undefined;
  server.on('secureConnection', (socket) => (protocol = socket.alpnProtocol));
  server.on('stream', (stream) => stream.respond({ ':status': 200 }, { endStream: true }));
  server.on('sessionError', () => undefined);
  await listen(server);
  const baseUrl = `https://localhost:${(server.address() as AddressInfo).port}`;
  const trusting = http2Client({ baseUrl, deadlineMs: LONG_MS, ca: CERTIFICATE });
  const usual = http2Client({ baseUrl, deadlineMs: LONG_MS });
  t.after(async () => {
    await Promise.all([trusting.close(), usual.close()]);
    server.close();
  });
  const request = { path: '/', headers: {}, body: '' };
  equal(said(await trusting.call(request)), '200');
  equal(protocol, 'h2');
  const distrusted = await usual.call(request);
  ok(distrusted.kind === 'unsent');
  match(distrusted.reason, /SELF_SIGNED/);
});
