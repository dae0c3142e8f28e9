/** An install without the demo, as its administrator begins it: the first owner, operators, workspaces, keys, the secret. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { command } from '../src/cli/command.ts';
import type { Json } from './consoleProduct.ts';
import { testDatabase } from './support/database.ts';

const root = path.join(import.meta.dirname, '..');
const database = await testDatabase();
// As an install that never started: nothing is sealed in it yet.
await database.sql`DELETE FROM proof_keys`;
const temp = await mkdtemp(path.join(tmpdir(), 'parley-admin-'));
const dataDir = path.join(temp, 'not', 'there', 'yet');
const env = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('PARLEY_') && name !== 'npm_command'),
  ),
  PARLEY_DATABASE_URL: database.url,
  PARLEY_DATA_DIR: dataDir,
  PARLEY_DEMO: 'false',
  PARLEY_LOG_LEVEL: 'warn',
};
const running: { stop(): Promise<void> }[] = [];
after(async () => {
  for (const one of running) await one.stop();
  await rm(temp, { recursive: true, force: true });
});

async function start(more: Record<string, string> = {}): Promise<{ ready: Json; stop(): Promise<void> }> {
  const child = spawn(
    process.execPath,
    [path.join(root, 'bin', 'parley.mjs'), 'start', '--json', '--port', '0'],
    {
      env: { ...env, ...more },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const ended = once(child, 'exit');
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    ended.then(() => Promise.reject(new Error('it ended before it was ready'))),
  ])) as [string];
  const server = {
    ready: JSON.parse(line),
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
  running.push(server);
  return server;
}

function parley(
  args: string[],
  cwd = root,
  more: Record<string, string> = {},
): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(path.join(root, 'parley'), args, { env: { ...env, ...more }, cwd }, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    );
  });
}

const form = (fields: Record<string, string>) => ({ method: 'POST', body: new URLSearchParams(fields) });
const owner = {
  email: 'Owner@Shop.example',
  name: 'Olga',
  workspace: 'Shop',
  password: 'a password of hers',
};
const signIn = async (url: string, email: string, password: string) =>
  await fetch(`${url}/api/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });

let server: Awaited<ReturnType<typeof start>>;
let link: string;

test('the first start makes the data directory and gives a link for the first owner, once', async () => {
  server = await start();
  assert.ok(existsSync(path.join(dataDir, 'runtime.json')));
  assert.deepEqual(Object.keys(server.ready), ['url', 'firstOwner']);
  link = server.ready.firstOwner.url;
  assert.ok(link.startsWith(`${server.ready.url}/setup/`));
  const hours = (Date.parse(server.ready.firstOwner.expiresAt) - performance.timeOrigin) / 3_600_000;
  assert.ok(hours > 23 && hours < 25);
  const other = await start();
  assert.deepEqual(Object.keys(other.ready), ['url'], 'another process shows none');
  await other.stop();
});

test('the page takes no script, and what is wrong does not use the link up', async () => {
  const page = await fetch(link);
  assert.equal(page.status, 200);
  assert.match(page.headers.get('content-security-policy')!, /default-src 'none'.*form-action 'self'/);
  assert.match(await page.text(), /<input name="password" type="password"/);
  for (const wrong of [{ password: 'short' }, { email: 'nobody' }, { workspace: 'x'.repeat(300) }]) {
    const refused = await fetch(link, form({ ...owner, ...wrong }));
    assert.equal(refused.status, 400);
    assert.ok(!(await refused.text()).includes('a password of hers'));
  }
  const odd = await fetch(link, form({ ...owner, name: '"><script>alert(1)</script>', password: 'short' }));
  assert.ok(!(await odd.text()).includes('<script'));
});

test('of two who use the link at once one is the owner; then it leads nowhere, for both', async () => {
  const answers = await Promise.all([
    fetch(link, form(owner)),
    fetch(link, form({ ...owner, email: 'other@shop.example' })),
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status).toSorted((a, b) => a - b),
    [200, 404],
  );
  assert.equal((await fetch(link)).status, 404);
  assert.equal((await fetch(link, form(owner))).status, 404);
  const [{ n }] = (await database.sql`SELECT count(*) AS n FROM operators`) as unknown as [{ n: number }];
  assert.equal(n, 1);
  await server.stop();
  server = await start();
  assert.deepEqual(Object.keys(server.ready), ['url'], 'no link once somebody can sign in');
});

test('operators, workspaces and keys by the command', async () => {
  const { out: list } = await parley(['operator', 'list']);
  const [email] = list.split(' ');
  assert.equal((await signIn(server.ready.url, email!, owner.password)).status, 201);
  assert.match((await parley(['operator', 'link'])).err, /say whose link/);
  const made = await parley(['operator', 'create', 'second@shop.example', '--name', 'Sam']);
  const first = /http\S+/.exec(made.out)![0];
  const again = await parley(['operator', 'link', 'second@shop.example']);
  const second = /http\S+/.exec(again.out)![0];
  assert.equal((await fetch(first)).status, 404, 'the link before it works no more');
  assert.equal((await fetch(second, form({ password: 'chosen by sam' }))).status, 200);
  assert.equal((await signIn(server.ready.url, 'second@shop.example', 'chosen by sam')).status, 201);
  assert.match((await parley(['operator', 'create', 'second@shop.example'])).err, /there is an operator/);
  const workspace = await parley([
    'workspace',
    'create',
    'Try',
    '--owner',
    'second@shop.example',
    '--environment',
    'test',
  ]);
  const [, id] = /workspace ([0-9a-f]{24}), test/.exec(workspace.out)!;
  assert.match((await parley(['workspace', 'list'])).out, new RegExp(`${id} +test +Try +1 member`));
  const { out: token } = await parley(['workspace', 'key', id!]);
  const K = ['--url', server.ready.url, '--token', token.trim()];
  const settings = path.join(temp, 'twilio.json');
  await writeFile(settings, JSON.stringify({ accountSid: `AC${'0'.repeat(32)}`, authToken: 'quite secret' }));
  const create = ['integration', 'create', 'twilio', '--settings', settings];
  const integration = await parley([...create, '--set', 'phoneNumber=+15005550000', ...K]);
  assert.equal(integration.code, 0, integration.err);
  const [, integrationId] = /integration ([0-9a-f]{24}), twilio for sms: active/.exec(integration.out)!;
  assert.match(integration.out, /its provider calls http/);
  // A command line is seen by everybody on the machine: the key may be in the environment as well.
  const byEnvironment = ['integration', 'list', '--url', server.ready.url];
  const listed = await parley(byEnvironment, root, { PARLEY_TOKEN: token.trim() });
  assert.match(listed.out, new RegExp(`${integrationId} +twilio`));
  assert.equal((await parley(['workspace', 'list'], root, { PARLEY_TOKEN: token.trim() })).code, 0);
  assert.match((await parley(['integration', 'providers', 'twilio', ...K])).out, /authToken.*secret/);
  assert.match(
    (await parley(['integration', 'test', integrationId!, '+15005550006', ...K])).out,
    /on its way/,
  );
  assert.match((await parley(['member', 'list', ...K])).out, /second@shop\.example +owner +Sam/);
  assert.equal((await parley(['integration', 'remove', integrationId!, ...K])).code, 0);
});

test('S16 S21 Connect is enabled and disabled for a live workspace by the command', async () => {
  const connect = (what: 'enable' | 'disable', id: string) => parley(['connect', what, id]);
  const owner = ['--owner', 'second@shop.example', '--environment', 'live'];
  const made = await parley(['workspace', 'create', 'Acme', ...owner]);
  const [, id] = /workspace ([0-9a-f]{24}), live/.exec(made.out) ?? assert.fail(made.err + made.out);
  const on = await connect('enable', id!);
  const [, page] = /http\S+(\/connect\/\d+\?connect_id=)…/.exec(on.out) ?? assert.fail(on.err + on.out);
  const status = async () => (await fetch(`${server.ready.url}${page}a`)).status;
  assert.equal(await status(), 200);
  const off = await connect('disable', id!);
  assert.match(off.out, /may act for nobody/);
  assert.equal(await status(), 404);
  const nobody = await connect('enable', '0'.repeat(24));
  assert.deepEqual([nobody.code, /no such workspace/.test(nobody.err)], [1, true]);
});

test('the secret is rotated by the command, while nothing runs', async () => {
  assert.match((await parley(['secret', 'rotate'])).err, /stop every process/);
  await server.stop();
  const file = path.join(dataDir, 'secret');
  const before = await readFile(file, 'utf8');
  const done = await parley(['secret', 'rotate']);
  assert.equal(done.code, 0, done.err);
  assert.notEqual(await readFile(file, 'utf8'), before);
  assert.ok(!existsSync(`${file}.next`));
  await writeFile(file, before);
  assert.match((await parley(['operator', 'list'])).err, /is not the secret/);
});

test('what the command calls itself works where it is typed', async () => {
  assert.equal(command(root, 'linux'), './parley');
  assert.equal(command(root, 'win32'), 'node bin/parley.mjs');
  assert.equal(command(temp, 'linux'), path.join(root, 'parley'));
  const elsewhere = await parley(['--help'], temp);
  assert.equal(elsewhere.code, 0);
  assert.match(elsewhere.out, /operator/);
});
