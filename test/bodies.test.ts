/** Bodies from strangers: who it is is known before anything is read, and what is held is bounded for a peer and for all. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { toHex24 } from '../src/base/ids.ts';
import { createHeld } from '../src/doors/kit/held.ts';
import { jwt, startProduct } from './sunshineProduct.ts';
import { newConsoleKey } from './support/messages.ts';
import { until } from './support/until.ts';

const product = await startProduct({ rateLimitPerS: 0 });
const app = await product.newApp();
const { port } = new URL(product.url);

/** One for all, so that what is measured is held by the product. */
const FILLING = Buffer.alloc(12 * 1024 * 1024, 120);

/** Opens a request and sends as much of its body as it is told; tells what came back. */
function begin(path: string, length: number, headers: Record<string, string> = {}) {
  let answer = '';
  let closed = false;
  const socket: Socket = connect(Number(port), '127.0.0.1');
  socket.on('data', (chunk: Buffer) => void (answer += chunk.toString('latin1')));
  socket.on('close', () => void (closed = true));
  socket.on('error', () => void (closed = true));
  const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n${more.join('')}\r\n`);
  return {
    socket,
    answer: () => answer,
    closed: () => closed,
    send: (bytes: number) =>
      new Promise<void>((sent) => void socket.write(FILLING.subarray(0, bytes), () => sent())),
  };
}

describe('bytes held', () => {
  test('are counted for each peer and for all', () => {
    const held = createHeld({ peer: 10, stranger: 4, strangers: 6, all: 15, small: 2 });
    const known = (peer: string) => ({ peer, isStranger: false });
    const [a, b, c] = [known('a'), known('b'), known('c')];
    assert.ok(held.take(a, 10) && !held.take(a, 1) && held.take(b, 5) && !held.take(c, 1));
    held.give(a, 10);
    assert.ok(held.take(c, 10) && !held.take(b, 1));
    assert.ok(
      held.take(c, 1, true) && held.take(b, 1, true) && !held.take(b, 1, true),
      'what is small has room',
    );
    held.give(b, 6);
    held.give(c, 11);
    const stranger = (peer: string) => ({ peer, isStranger: true });
    assert.ok(held.take(stranger('a'), 4) && !held.take(stranger('a'), 1, true) && held.take(a, 10));
    assert.ok(held.take(stranger('b'), 1) && held.take(stranger('c'), 0) && !held.take(stranger('c'), 2));
    held.give(a, 10);
    assert.ok(!held.take(stranger('c'), 2) && held.take(stranger('c'), 1), 'strangers together');
    held.give(stranger('a'), 4);
    held.give(stranger('b'), 1);
    held.give(stranger('c'), 1);
    assert.equal(held.bytes(), 0);
  });
});

describe('unfinished bodies', () => {
  test('a callback that names nobody is answered before its body is sent', async () => {
    const size = 25 * 1024 * 1024;
    const paths = ['a'.repeat(24), app.integrations['mailgun'] ?? 'b'.repeat(24)].map(
      (id) => `/callbacks/${id}/wrong-key/mail`,
    );
    for (const path of paths) {
      const one = begin(path, size);
      await until('an answer', () => Promise.resolve(one.answer().includes('\r\n\r\n') || undefined));
      assert.match(one.answer(), /^HTTP\/1\.1 404 /);
      one.socket.destroy();
    }
  });

  test('what leads nowhere is answered before its body is sent', async () => {
    for (const path of ['/nothing', '/api/nothing', '/v1.1/nothing', '/chat/nothing/at/all']) {
      const one = begin(path, 90_000, { 'Content-Type': 'application/json' });
      await until('an answer', () => one.answer().includes('\r\n\r\n') || undefined);
      assert.match(one.answer(), /^HTTP\/1\.1 404 /, path);
      one.socket.destroy();
    }
  });

  test('a picture of a user who has no session is answered before it is sent', async () => {
    const users = [
      `/sdk/v2/apps/${app.appId}/appusers/${'a'.repeat(24)}/images`,
      `/sdk/v2/apps/none/appusers/x/images`,
    ];
    for (const path of users) {
      const one = begin(path, 50_000_000, { 'Content-Type': 'multipart/form-data; boundary=b' });
      await until('an answer', () => one.answer().includes('\r\n\r\n') || undefined);
      assert.match(one.answer(), /^HTTP\/1\.1 40[14] /);
      one.socket.destroy();
    }
  });

  test('of strangers leave room for those who are known', async () => {
    const all = Array.from({ length: 180 }, () => begin('/chat/session', 100_000));
    await Promise.all(all.map((one) => one.send(99_000).catch(() => {})));
    await until('some are refused', () => {
      const refused = all.filter((one) => one.answer().startsWith('HTTP/1.1 503 ')).length;
      return refused >= 10 || undefined;
    });
    const sent = await fetch(`${product.url}/v1.1/apps/${app.appId}/appusers`, {
      method: 'POST',
      headers: { authorization: `Bearer ${jwt(app, { scope: 'app' })}`, 'content-type': 'application/json' },
      body: JSON.stringify({ userId: 'known' }),
    });
    assert.equal(sent.status, 201);
    for (const one of all) one.socket.destroy();
  });

  test('of one peer together they hold no more than his share, and what he lets go is free again', async () => {
    const integrations = await product.ctx.directory.integrationsOf(app.workspaceId);
    const { id, callbackKey } = integrations.find(({ provider }) => provider === 'twilio')!;
    const path = `/callbacks/${toHex24(id)}/${callbackKey}/mail`;
    const before = process.memoryUsage();
    const all = Array.from({ length: 20 }, () => begin(path, 25 * 1024 * 1024));
    await Promise.all(all.map((one) => one.send(12 * 1024 * 1024).catch(() => {})));
    const refused = await until('the refusals', () => {
      const count = all.filter((one) => one.answer().startsWith('HTTP/1.1 503 ')).length;
      return Promise.resolve(count >= 14 ? count : undefined);
    });
    assert.ok(refused >= 14);
    const grown = process.memoryUsage().arrayBuffers - before.arrayBuffers;
    assert.ok(grown < 260 * 1024 * 1024, `${Math.round(grown / 1024 / 1024)} MB`);
    for (const one of all) one.socket.destroy();
    // Once they are gone there is room for others.
    await until('room', async () => {
      const sent = await fetch(`${product.url}/v1.1/apps/${app.appId}/appusers`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${jwt(app, { scope: 'app' })}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({ userId: `u${Math.random()}`, givenName: 'x'.repeat(50) }),
      });
      return sent.status === 201 || undefined;
    });
  });

  test('a body that is larger than its route takes is refused by its length, unread', async () => {
    const one = begin(`/v1.1/apps/${app.appId}/appusers`, 10_000_000, {
      authorization: `Bearer ${jwt(app, { scope: 'app' })}`,
      'content-type': 'application/json',
    });
    await until('an answer', () => Promise.resolve(one.answer().includes('\r\n\r\n') || undefined));
    assert.match(one.answer(), /^HTTP\/1\.1 413 /);
    one.socket.destroy();
  });
});

describe('turns of a workspace', () => {
  test('a third import waits for one of the two before it, and another workspace for none of them', async () => {
    const other = await product.newApp();
    const keys = new Map<number, string>();
    for (const { workspaceId } of [app, other])
      keys.set(workspaceId, await newConsoleKey(product.ctx, workspaceId));
    const importTo = ({ appId, workspaceId }: typeof app) => {
      const request = httpRequest(`${product.url}/api/workspaces/${appId}/contacts/import`, {
        method: 'POST',
        headers: { authorization: keys.get(workspaceId)!, 'content-type': 'text/csv' },
      });
      const done = once(request, 'response').then(async ([answer]) => {
        const lines: string[] = [];
        for await (const chunk of answer as IncomingMessage) lines.push(String(chunk));
        return [(answer as IncomingMessage).statusCode, /"done":true/.test(lines.join(''))];
      });
      request.write('email\n');
      return { done, end: (name: string) => void request.end(`${name}@turns.example\n`) };
    };
    const begun = async () => {
      const rows = await product.sql`
        SELECT 1 FROM audit_log WHERE workspace_id = ${app.workspaceId} AND action = 'contacts.import.begin'`;
      return rows.length;
    };
    const [first, second] = [importTo(app), importTo(app)];
    await until('two have begun', async () => (await begun()) === 2 || undefined);
    const third = importTo(app);
    third.end('c');
    const elsewhere = importTo(other);
    elsewhere.end('d');
    assert.deepEqual(await elsewhere.done, [200, true]);
    assert.equal(await begun(), 2);
    first.end('a');
    assert.deepEqual(
      [await first.done, await third.done],
      [
        [200, true],
        [200, true],
      ],
    );
    second.end('b');
    assert.deepEqual(await second.done, [200, true]);
  });
});
