/** Mail servers that stop in the middle are hung up on: their place and what they sent are free for who comes next. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import type { Integration } from '../accounts/integrations.ts';
import { readConfig, type Config } from '../base/config.ts';
import { silentLog } from '../base/log.ts';
import { stillClock } from '../../test/support/stillClock.ts';
import { until } from '../../test/support/until.ts';
import { createMailListener } from './listener.ts';

const clock = stillClock();
const config = {
  ...(readConfig({ PARLEY_SECRET: 'a secret of these tests, long enough' }) as Config),
  mailHost: '127.0.0.1',
  mailPort: 0,
};
const integration = { id: 1, provider: 'smtp', callbackKey: 'key' } as Integration;
let taken = 0;
const listenerOf = (mailIdleMs?: number) =>
  createMailListener(
    {
      config,
      clock,
      log: silentLog,
      directory: { mailAt: () => Promise.resolve({ incoming: [integration], bounces: [] }) } as never,
      adapters: { smtp: { takesMail: true } as never },
      publicUrl: () => 'http://mail.example',
      ...(mailIdleMs === undefined ? {} : { mailIdleMs }),
    },
    () => {
      taken++;
      return Promise.resolve({ status: 200, body: '' } as never);
    },
  );
const impatient = listenerOf(250);
const patient = listenerOf();
before(() => Promise.all([impatient.start(), patient.start()]));
after(() => Promise.all([impatient.stop(), patient.stop()]));

type Peer = { socket: Socket; heard: () => string; isHungUp: () => boolean };
const ENVELOPE = 'EHLO x.example\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<answers@shop.example>\r\n';

/** Somebody who says so much, and then nothing; its own side stays open whatever the listener does. */
async function say(port: number, words: string): Promise<Peer> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let heard = '';
  let isHungUp = false;
  socket.on('error', () => undefined).on('data', (chunk: Buffer) => (heard += chunk.toString()));
  socket.once('end', () => (isHungUp = true)).once('close', () => (isHungUp = true));
  await once(socket, 'connect');
  await until('it is greeted', () => heard !== '');
  socket.write(words);
  return { socket, heard: () => heard, isHungUp: () => isHungUp };
}

/** Two of these are nearly all that one address may have under way. */
const LARGE = `From: a@x.example\r\n\r\n${`${'x'.repeat(998)}\r\n`.repeat(24 * 1024)}`;

test('12: whoever stops in the middle of a command or of a mail is hung up on, and its place and its bytes are free', async () => {
  const port = impatient.port()!;
  const stops = ['', 'EH', 'EHLO x.example\r\n', ENVELOPE, `${ENVELOPE}DATA\r\n`];
  const peers: Peer[] = [];
  // As many as one address may have, of each kind of stop; the last two with as many bytes as it may have under way.
  for (let count = 0; count < 18; count++) peers.push(await say(port, stops[count % stops.length]!));
  for (let count = 0; count < 2; count++) peers.push(await say(port, `${ENVELOPE}DATA\r\n${LARGE}`));
  await until('all are hung up on', () => peers.every((peer) => peer.isHungUp()));
  for (const peer of peers) assert.match(peer.heard(), /^421 /m);
  assert.equal(taken, 0, 'a mail without its end is none');
  // None of them closes its own side; a moment later its place is taken from it all the same.
  await until('there is a place', async () => {
    const { socket, heard } = await say(port, 'QUIT\r\n');
    socket.destroy();
    return heard().startsWith('220');
  });
  const next = await Promise.all([1, 2].map(() => say(port, `${ENVELOPE}DATA\r\n${LARGE}.\r\n`)));
  await until('two as large are taken at once', () => taken === 2);
  for (const peer of [...peers, ...next]) peer.socket.destroy();
});

test('12: whoever drips is hung up on when the time of a session is over', async () => {
  const peer = await say(patient.port()!, `${ENVELOPE}DATA\r\nFrom: a@x.example\r\n`);
  await until('it may go on', () => /^354 /m.test(peer.heard()));
  for (let minute = 0; minute < 9; minute++) {
    peer.socket.write('X: y\r\n');
    await clock.moveOn(60_000);
    assert.equal(peer.isHungUp(), false);
  }
  await clock.moveOn(60_001);
  await until('it is hung up on', () => peer.isHungUp());
  assert.match(peer.heard(), /^421 4\.3\.2 /m);
  peer.socket.destroy();
});
