/** Whoever goes away in the middle leaves nothing behind: no socket, no bytes held, no connection to the store, no transaction. */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { toHex24 } from '../src/base/ids.ts';
import { newConsoleKey } from './support/messages.ts';
import { until } from './support/until.ts';
import { errors, jwt, startProduct } from './sunshineProduct.ts';

const product = await startProduct({ rateLimitPerS: 0 });
const app = await product.newApp();
const consoleKey = await newConsoleKey(product.ctx, app.workspaceId);
const { port } = new URL(product.url);
const FILLING = Buffer.alloc(1024 * 1024, 120);

/** Sockets of this process: the product's, those of whoever calls it here, and a few to the store that come and go. */
const sockets = () => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
const ROUNDS = 8;
/** What each round leaves of one kind would be twice this by the last. */
const MOST_LEFT = ROUNDS;

/** Begins a request and sends as much as it is told; the rest never comes. */
async function begin(head: string, bytes: number): Promise<Socket> {
  const socket = connect(Number(port), '127.0.0.1');
  socket.on('error', () => undefined).resume();
  await new Promise<void>((sent) => socket.write(`${head}\r\n\r\n`, () => sent()));
  for (let left = bytes; left > 0; left -= FILLING.length)
    await new Promise<void>((sent) => socket.write(FILLING.subarray(0, left), () => sent()));
  return socket;
}

/** What is under way in the store for the product: transactions that are open, and statements that run. */
const inStore = async () =>
  (
    await product.sql<{ state: string }[]>`
      SELECT state FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
        AND state LIKE 'idle in transaction%'`
  ).length;

test('12: requests that are cut off at every point of theirs are let go of: sockets, bytes and transactions', async () => {
  const integrations = await product.ctx.directory.integrationsOf(app.workspaceId);
  const { id, callbackKey } = integrations.find(({ provider }) => provider === 'twilio')!;
  const bearer = `Authorization: Bearer ${jwt(app, { scope: 'app' })}`;
  const heads: [what: string, head: string, bytes: number][] = [
    ['nothing but a line', 'GET /healthz HTTP/1.1', 0],
    ['half of the headers', 'POST /v1.1/apps HTTP/1.1\r\nHost: x\r\nContent-Len', 0],
    [
      'a mail of a provider',
      `POST /callbacks/${toHex24(id)}/${callbackKey}/mail HTTP/1.1\r\nHost: x\r\nContent-Length: 26214400`,
      2 * 1024 * 1024,
    ],
    [
      'a call of a client',
      `POST /v1.1/apps/${app.appId}/appusers HTTP/1.1\r\nHost: x\r\n${bearer}\r\nContent-Type: application/json\r\nContent-Length: 90000`,
      40_000,
    ],
    [
      'a file',
      `POST /v1.1/apps/${app.appId}/attachments?access=public HTTP/1.1\r\nHost: x\r\n${bearer}\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 9000000`,
      2 * 1024 * 1024,
    ],
    [
      'a list of people',
      `POST /api/workspaces/${app.appId}/contacts/import HTTP/1.1\r\nHost: x\r\nAuthorization: ${consoleKey}\r\nContent-Type: text/csv\r\nContent-Length: 9000000`,
      1024 * 1024,
    ],
    [
      'chunks without end',
      `POST /callbacks/${toHex24(id)}/${callbackKey}/inbound HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked`,
      0,
    ],
    [
      'a socket that says nothing',
      'GET /live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      0,
    ],
  ];
  const before = sockets();
  for (let round = 0; round < ROUNDS; round++) {
    const open = await Promise.all(
      heads.flatMap(([, head, bytes]) => [begin(head, bytes), begin(head, bytes)]),
    );
    // Some end as clients do, the others by a reset.
    open.forEach((socket, at) => (at % 2 ? socket.resetAndDestroy() : socket.destroy()));
    await until(`round ${round}: no socket is left`, () => sockets() <= before + MOST_LEFT);
  }
  await until('no transaction is left open', async () => (await inStore()) === 0);
  await until('no connection to the store is busy or waited for', () => {
    const { open, idle, waiting } = product.ctx.sql.use();
    return open === idle && waiting === 0;
  });
  // What they held is free again: as much as one peer may hold at all is taken at once.
  const again = await Promise.all(
    Array.from({ length: 2 }, () =>
      begin(
        `POST /callbacks/${toHex24(id)}/${callbackKey}/mail HTTP/1.1\r\nHost: x\r\nContent-Length: 26214400`,
        12 * 1024 * 1024,
      ),
    ),
  );
  const answers = again.map((socket) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    return () => text;
  });
  const small = await fetch(`${product.url}/v1.1/apps/${app.appId}/appusers`, {
    method: 'POST',
    headers: { authorization: bearer.slice(15), 'content-type': 'application/json' },
    body: JSON.stringify({ userId: 'after' }),
  });
  assert.equal(small.status, 201, await small.text());
  assert.deepEqual(
    answers.map((text) => text()),
    ['', ''],
    'nobody is refused',
  );
  for (const socket of again) socket.destroy();
  await until('none of these either', () => sockets() <= before + MOST_LEFT);
  assert.deepEqual(errors, []);
});
