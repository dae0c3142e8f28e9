/** Bodies that stop in the middle: a minute later their connection is gone, and what they held is free. Time is moved on by hand. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { readConfig, type Config } from '../../base/config.ts';
import { silentLog } from '../../base/log.ts';
import { stillClock } from '../../../test/support/stillClock.ts';
import { until } from '../../../test/support/until.ts';
import { acceptBytes, acceptJson } from './body.ts';
import type { HttpContext } from './context.ts';
import type { Held } from './held.ts';
import { createServer, type Door } from './server.ts';

const clock = stillClock();
const config = {
  ...(readConfig({ PARLEY_PORT: '0', PARLEY_SECRET: 'a secret of these tests, long enough' }) as Config),
  host: '127.0.0.1',
};
let held!: Held;
/** Bytes of the stream that its reader has taken, and how it ended. */
let streamed = { bytes: 0, ended: '' };
const door: Door = (app) => {
  held = app.held;
  app.register((inner, _options, done) => {
    acceptJson(inner);
    inner.post('/json', () => 'taken');
    done();
  });
  app.register((inner, _options, done) => {
    acceptBytes(inner);
    inner.post('/bytes', { bodyLimit: 25 * 1024 * 1024 }, () => 'taken');
    done();
  });
  app.register((inner, _options, done) => {
    inner.removeAllContentTypeParsers();
    inner.addContentTypeParser('*', (_request, payload, parsed) => parsed(null, payload));
    inner.post('/stream', { config: { stream: true } }, async ({ body }) => {
      streamed = { bytes: 0, ended: '' };
      try {
        for await (const piece of body as AsyncIterable<Buffer>) streamed.bytes += piece.length;
        streamed.ended = 'whole';
      } catch {
        streamed.ended = 'cut off';
      }
      return streamed.ended;
    });
    done();
  });
};
const context = { config, clock, log: silentLog, publicUrl: () => 'http://127.0.0.1' };
const server = createServer(context as unknown as HttpContext, [door]);
before(() => server.start());
after(() => server.stop());

/** A request that begins and says so much of its body; it keeps its own side open whatever the server does. */
async function begin(path: string, head: string, bytes: number): Promise<Peer> {
  const socket = connect({
    port: Number(new URL(server.url()).port),
    host: '127.0.0.1',
    allowHalfOpen: true,
  });
  let heard = '';
  socket.on('error', () => undefined).on('data', (chunk: Buffer) => (heard += chunk.toString()));
  let isHungUp = false;
  socket.once('end', () => (isHungUp = true)).once('close', () => (isHungUp = true));
  await once(socket, 'connect');
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\n${head}\r\n\r\n`);
  if (bytes) socket.write(Buffer.alloc(bytes, 120));
  return { socket, heard: () => heard, isHungUp: () => isHungUp };
}

type Peer = { socket: Socket; heard: () => string; isHungUp: () => boolean };

test('12: a body that stops in the middle is let go of: connection, bytes and place', async () => {
  const kinds: [path: string, head: string, bytes: number][] = [
    ['/json', 'Content-Type: application/json\r\nContent-Length: 90000', 40_000],
    ['/json', 'Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 90000', 40_000],
    ['/bytes', 'Content-Length: 20000000', 3_000_000],
    ['/bytes', 'Transfer-Encoding: chunked', 0],
    ['/bytes', 'Content-Length: 1', 0],
    ['/stream', 'Content-Length: 20000000', 100_000],
  ];
  const expected = kinds.reduce((sum, [path, , bytes]) => sum + (path === '/stream' ? 0 : bytes), 0);
  const peers = await Promise.all(kinds.map(([path, head, bytes]) => begin(path, head, bytes)));
  await until('all that was sent is held', () => held.bytes() === expected && streamed.bytes === 100_000);
  await clock.moveOn(59_000);
  assert.deepEqual(
    peers.map((peer) => peer.isHungUp()),
    kinds.map(() => false),
    'a minute is theirs',
  );
  await clock.moveOn(1_001);
  await until('all bodies are hung up on', () => peers.slice(0, -1).every((peer) => peer.isHungUp()));
  // Of the stream, something had come since its beginning.
  await clock.moveOn(60_000);
  await until('so is the stream', () => peers.at(-1)!.isHungUp());
  await until('nothing is held', () => held.bytes() === 0);
  assert.equal(streamed.ended, 'cut off');
  for (const peer of peers) assert.doesNotMatch(peer.heard(), /taken|whole/);
  for (const peer of peers) peer.socket.destroy();
});

test('12: a body that drips is cut off after a minute all the same; a stream that drips is not, and what comes in time is taken', async () => {
  const drips = await begin('/bytes', 'Content-Length: 1000', 10);
  const stream = await begin('/stream', 'Content-Length: 1000', 10);
  for (let count = 0; count < 5; count++) {
    await until('what came is read', () => streamed.bytes === 10 * (count + 1));
    await clock.moveOn(20_000);
    for (const peer of [drips, stream]) peer.socket.write(Buffer.alloc(10, 120));
  }
  await until('it is hung up on', () => drips.isHungUp());
  assert.equal(stream.isHungUp(), false);
  stream.socket.write(Buffer.alloc(1000 - 60, 120));
  await until('the stream was taken', () => /whole/.test(stream.heard()));
  const whole = await begin('/bytes', 'Content-Length: 10', 10);
  await until('it was taken', () => /taken/.test(whole.heard()));
  // Nothing of a request that is over ends its connection, which goes on to the next.
  await clock.moveOn(120_000);
  whole.socket.write('POST /bytes HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx');
  await until('so was the next', () => whole.heard().match(/taken/g)?.length === 2);
  assert.equal(held.bytes(), 0);
  for (const peer of [drips, stream, whole]) peer.socket.destroy();
});
