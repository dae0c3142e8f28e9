/** What connections cost that nobody uses, and how long they last: on a server whose timers run twenty times as fast. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { WebSocket as Socket } from 'ws';
import { monotonicMs } from '../src/base/clock.ts';
import { resolvePeople } from '../src/contacts/resolve/resolve.ts';
import { PATIENCE_MS } from '../src/doors/live/connection.ts';
import { endSession, findSession, openSession } from '../src/links/sessions.ts';
import { testClock } from './support/clock.ts';
import { closeTabs, newSigner, openTab } from './support/live.ts';
import { testDatabase } from './support/database.ts';
import { until } from './support/until.ts';
import { callApi, newWorkspace, startWorld, type World } from './support/world.ts';

const PEOPLE = 1_000;
const WATCHED_MS = 3_000;
/**
 * Looks for all together in that time are some forty statements; one for each connection would be twelve thousand. Between them,
 * because Postgres counts what connecting took up to a second late: 100 to 320 were measured.
 */
const MOST_TRANSACTIONS = PEOPLE;

let server: World;
let worker: World | undefined;
const sockets: Socket[] = [];
after(async () => {
  closeTabs();
  for (const socket of sockets) socket.terminate();
  await worker?.stop();
  await server.stop();
});

const db = await testDatabase();
const clock = testClock();
server = await startWorld(
  db.connection,
  { PARLEY_ROLES: 'http' },
  {
    clock: {
      ...clock,
      // But for the time in which somebody who comes is to say who they are: fifty come at once.
      after: (delayMs, run) => clock.after(delayMs === PATIENCE_MS ? delayMs : delayMs / 20, run),
    },
  },
);
const app = await newWorkspace(server.ctx, 'live');
const signer = await newSigner(server.ctx, app.id);

async function transactions(): Promise<number> {
  const [row] = await db.sql<{ n: number }[]>`
    SELECT xact_commit + xact_rollback AS n FROM pg_stat_database WHERE datname = current_database()`;
  return row!.n;
}

test(`${PEOPLE} idle connections, half of them of people who are no contacts yet, do not ask the store one by one`, async () => {
  const people = Array.from({ length: PEOPLE }, (_, n) => ({
    workspaceId: app.id,
    identities: [{ kind: 'external' as const, value: `idle-${n}` }],
    destinations: [],
  }));
  await server.ctx.queue.transact((tx) =>
    resolvePeople(tx, server.ctx.ids, clock.nowMs(), people.slice(PEOPLE / 2), 'first'),
  );
  const codes: number[] = [];
  let welcomes = 0;
  let alive = 0;
  for (let n = 0; n < PEOPLE; n++) {
    const token = await signer.tokenOf(`idle-${n}`);
    const socket = new Socket(`${server.url.replace('http', 'ws')}/live`);
    sockets.push(socket);
    socket.on('open', () => socket.send(JSON.stringify({ type: 'hello', version: 1, token })));
    socket.on('close', (code) => void codes.push(code));
    socket.on('message', (data: Buffer) => {
      const { type } = JSON.parse(data.toString()) as { type: string };
      if (type === 'welcome') welcomes++;
      if (type === 'alive') alive++;
    });
    if (n % 50 === 49)
      await until(`${n + 1} are welcome`, () => {
        assert.deepEqual(codes, []);
        return welcomes === n + 1;
      });
  }
  const before = await transactions();
  const startMs = monotonicMs();
  await until('some time has passed', () => monotonicMs() - startMs > WATCHED_MS);
  const made = (await transactions()) - before;
  assert.ok(made < MOST_TRANSACTIONS, `${made} transactions`);
  await until('all heard that the server is there', () => alive >= PEOPLE);
  assert.ok(sockets.every((socket) => socket.readyState === Socket.OPEN));
});

test('a message reaches the one it is for, among all those', async () => {
  worker = await startWorld(db.connection, { PARLEY_ROLES: 'worker' });
  const heard: number[] = [];
  for (const [n, socket] of sockets.entries())
    socket.on('message', (data: Buffer) => {
      if (data.toString().includes('"kind":"message"')) heard.push(n);
    });
  const path = `/v1.1/appusers/idle-${PEOPLE - 1}/messages`;
  const body = { role: 'appMaker', type: 'text', text: 'You' };
  assert.equal((await callApi(server, app.authorization, 'POST', path, body)).status, 201);
  await until('it is there', () => heard.length > 0);
  assert.deepEqual(heard, [PEOPLE - 1]);
});

test('who says no hello is closed, and so is one whose token has expired', async () => {
  const mute = new Socket(`${server.url.replace('http', 'ws')}/live`);
  sockets.push(mute);
  const closed = new Promise<number>((resolve) => mute.on('close', resolve));
  assert.equal(await closed, 4408);
  const exp = Math.floor(clock.nowMs() / 1000) + 3_600;
  const tab = openTab(server.url, await signer.tokenOf('short', { exp }));
  await until('it is connected', () => tab.status() === 'open');
  const codes: (number | undefined)[] = [];
  tab.on('status', (_status, why) => void codes.push(why?.code));
  clock.advance(3_601_000);
  await until('it is closed', () => tab.status() === 'closed');
  assert.equal(codes.at(-1), 4401);
});

test('a web session that is ended, and whose workspace is deleted, closes its connection', async () => {
  const gone = await newWorkspace(server.ctx, 'live');
  const sessionIn = async (workspaceId: number) => {
    const people = [
      { workspaceId, identities: [{ kind: 'external' as const, value: 'w' }], destinations: [] },
    ];
    return await server.ctx.queue.transact(async (tx) => {
      const [one] = await resolvePeople(tx, server.ctx.ids, clock.nowMs(), people, 'first');
      const whose = { workspaceId, contactId: one!.contactId, integrationId: 1 };
      return (await openSession(tx, clock.nowMs(), whose)).token;
    });
  };
  const tokens = [await sessionIn(app.id), await sessionIn(app.id), await sessionIn(gone.id)];
  const tabs = tokens.map((token) => openTab(server.url, token));
  const why: (number | undefined)[] = [];
  for (const [at, tab] of tabs.entries())
    tab.on('status', (_status, told) => (why[at] = told?.code ?? why[at]));
  await until('all are connected', () => tabs.every((tab) => tab.status() === 'open'));
  await endSession(server.ctx.sql, (await findSession(server.ctx.sql, tokens[1]!))!);
  await db.sql`UPDATE workspaces SET deleted_ms = 1 WHERE id = ${gone.id}`;
  server.ctx.directory.forget(gone.id);
  await until('those two are closed', () => tabs.slice(1).every((tab) => tab.status() === 'closed'));
  assert.deepEqual([tabs[0]!.status(), why[1], why[2]], ['open', 4401, 4401]);
});
