/**
 * What whoever operates an install meets at its edges: every spelling of an id, parts of files, methods and packed bodies, a disk
 * without room for files, the log of a broadcast; and that what the documents name can be set.
 */
import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readConfig, SETTINGS } from '../src/base/config.ts';
import { fromHex24, fromUuid, toHex24 } from '../src/base/ids.ts';
import { silentLog } from '../src/base/log.ts';
import type { HttpContext } from '../src/doors/kit/context.ts';
import { caller, type Json } from './consoleProduct.ts';
import { testDatabase } from './support/database.ts';
import { until } from './support/until.ts';
import { callApi, startWorld, type World } from './support/world.ts';

const root = path.join(import.meta.dirname, '..');
const database = await testDatabase();
const said: { fields: Json; message: string }[] = [];
let noRoom = false;
let world: World;
let call: ReturnType<typeof caller>;
let base: string;
let sunshine: { authorization: string; appId: string };

before(async () => {
  world = await startWorld(
    database.connection,
    { PARLEY_DEMO: 'true', PARLEY_RATE_LIMIT: '0' },
    {
      log: { ...silentLog, info: (fields, message) => void said.push({ fields, message }) },
      inspect: fillDisk,
    },
  );
  const { keys, workspace } = world.demo!;
  call = caller(world.url, keys.console.token);
  base = `/api/workspaces/${workspace.id}`;
  const { appId, keyId, secret } = keys.sunshine;
  sunshine = { appId, authorization: `Basic ${Buffer.from(`${keyId}:${secret}`).toString('base64')}` };
});
after(() => world.stop());

/** A full disk cannot be had without the rights to mount one: what the system says then is thrown where it would say so. */
function fillDisk(ctx: HttpContext): void {
  const { files } = ctx;
  ctx.files = {
    ...files,
    put: async (key, file) => {
      if (noRoom)
        throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      return await files.put(key, file);
    },
  };
}

async function notify(): Promise<string> {
  const { integrations } = world.demo!;
  const sent = await callApi(
    world,
    sunshine.authorization,
    'POST',
    `/v1.1/apps/${sunshine.appId}/notifications`,
    {
      destination: {
        integrationId: integrations.find(({ type }) => type === 'twilio')!.id,
        destinationId: '+15005550006',
      },
      author: { role: 'appMaker' },
      message: { type: 'text', text: 'Hello' },
    },
  );
  assert.equal(sent.status, 201, JSON.stringify(sent.json));
  return sent.json.notification._id as string;
}

test('the id that a notification returns is taken everywhere, in each of its spellings', async () => {
  const uuid = await notify();
  const id = fromUuid(uuid)!;
  const spellings = [uuid, uuid.toUpperCase(), uuid.replaceAll('-', ''), toHex24(id), String(id)];
  for (const spelling of spellings) {
    const message = await call('GET', `${base}/messages/${spelling}`);
    assert.deepEqual([message.status, message.body.id], [200, toHex24(id)], spelling);
    assert.equal((await call('GET', `${base}/messages/${spelling}/deliveries`)).status, 200, spelling);
    const why = await call('GET', `${base}/why?message=${spelling}`);
    assert.equal(why.status, 200, spelling);
    const { contactId } = message.body;
    for (const contact of [contactId, String(fromHex24(contactId))])
      assert.equal((await call('GET', `${base}/why?contact=${contact}&message=${spelling}`)).status, 200);
  }
  // One digit off is nobody's, and what is no id says so.
  const other = uuid.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
  assert.equal((await call('GET', `${base}/messages/${other}`)).status, 404);
  assert.equal((await call('GET', `${base}/why?message=not-an-id`)).status, 400);
});

test('parley why takes any of them, and a contact alone tells of the last messages', async () => {
  const uuid = await notify();
  const { contactId } = (await call('GET', `${base}/messages/${uuid}`)).body;
  const why = (...args: string[]) =>
    new Promise<string>((resolve, reject) => {
      const to = ['--url', world.url, '--token', world.demo!.keys.console.token];
      execFile(
        process.execPath,
        [path.join(root, 'bin', 'parley.mjs'), 'why', ...args, ...to],
        (error, out, err) => (error ? reject(new Error(err)) : resolve(out)),
      );
    });
  assert.match(await why(uuid), /let in +a transactional notification/);
  const last = await why(contactId);
  assert.match(last, new RegExp(`^message ${toHex24(fromUuid(uuid)!)}, 20`, 'm'));
  assert.match(last, /let in /);
});

test('a command whose reader goes away (… | head) ends without a word', async () => {
  const to = ['--url', world.url, '--token', world.demo!.keys.console.token];
  const child = spawn(process.execPath, [
    path.join(root, 'bin', 'parley.mjs'),
    'integration',
    'providers',
    ...to,
  ]);
  child.stdout.destroy();
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
  const [code] = (await once(child, 'close')) as [number];
  assert.deepEqual([code, told], [0, '']);
});

const BYTES = Buffer.from('0123456789');

async function upload(): Promise<{ status: number; json: Json; headers: Headers }> {
  const form = new FormData();
  form.append('source', new Blob([BYTES], { type: 'audio/ogg' }), 'voice.ogg');
  const answer = await fetch(`${world.url}/v1.1/apps/${sunshine.appId}/attachments?access=public`, {
    method: 'POST',
    headers: { authorization: sunshine.authorization },
    body: form,
  });
  return { status: answer.status, headers: answer.headers, json: await answer.json() };
}

test('a part of a file is given to who asks for one', async () => {
  const { json } = await upload();
  const get = async (range: string, method = 'GET') => {
    const answer = await fetch(json.mediaUrl, { method, headers: { range } });
    return [answer.status, answer.headers.get('content-range'), await answer.text()];
  };
  for (const [range, part, text] of [
    ['bytes=0-3', '0-3', '0123'],
    ['bytes=4-', '4-9', '456789'],
    ['bytes=-3', '7-9', '789'],
    ['bytes=8-99', '8-9', '89'],
    ['bytes=0-0', '0-0', '0'],
    ['bytes=-99', '0-9', '0123456789'],
  ] as const)
    assert.deepEqual(await get(range), [206, `bytes ${part}/10`, text], range);
  for (const range of ['bytes=10-', 'bytes=-0', 'bytes=99-100'])
    assert.deepEqual((await get(range)).slice(0, 2), [416, 'bytes */10'], range);
  // What is not understood, or is several parts, is answered with all of it.
  for (const range of ['bytes=0-1,4-5', 'lines=1-2', 'bytes=5-2', 'bytes=-'])
    assert.deepEqual(await get(range), [200, null, '0123456789'], range);
  const whole = await fetch(json.mediaUrl);
  assert.deepEqual(
    [whole.headers.get('accept-ranges'), whole.headers.get('content-length')],
    ['bytes', '10'],
  );
});

test('a method that a path has not is 405 with those it has; a path that is not there is 404', async () => {
  for (const [method, at, allow] of [
    ['PUT', `/v1.1/apps/${sunshine.appId}/notifications`, /POST/],
    ['PATCH', `/v1.1/apps/${sunshine.appId}/appusers`, /POST/],
    ['DELETE', `${base}/contacts`, /GET.*POST/],
    ['POST', '/healthz', /GET/],
    ['PUT', '/v2/contacts', /GET/],
  ] as const) {
    const answer = await fetch(world.url + at, {
      method,
      headers: { authorization: sunshine.authorization },
    });
    assert.equal(answer.status, 405, `${method} ${at}`);
    assert.match(answer.headers.get('allow')!, allow, at);
    assert.equal(typeof (await answer.json()), 'object');
  }
  for (const at of ['/v1.1/nothing', '/api/nothing', '/nothing'])
    assert.equal((await fetch(world.url + at, { method: 'PUT' })).status, 404, at);
});

test('a packed body is 415 at every door, and is not read', async () => {
  const { length } = said;
  for (const at of [
    `/v1.1/apps/${sunshine.appId}/notifications`,
    `${base}/contacts`,
    '/v2/conversations',
    '/chat/session',
  ])
    for (const encoding of ['gzip', 'br', 'deflate, gzip']) {
      const answer = await fetch(world.url + at, {
        method: 'POST',
        headers: {
          authorization: sunshine.authorization,
          'content-type': 'application/json',
          'content-encoding': encoding,
        },
        body: gzipSync('{"a":1}'),
      });
      assert.equal(answer.status, 415, `${at} ${encoding}`);
      assert.match(JSON.stringify(await answer.json()), /Content-Encoding/);
    }
  const plain = await fetch(`${world.url}/chat/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-encoding': 'identity' },
    body: '{}',
  });
  assert.notEqual(plain.status, 415);
  assert.equal(said.length, length);
});

test('no room for files is 503 with its reason and no 500; the next one is kept', async () => {
  noRoom = true;
  const full = await upload();
  noRoom = false;
  assert.equal(full.status, 503, JSON.stringify(full.json));
  assert.match(JSON.stringify(full.json), /disk.* is full/);
  assert.equal(full.headers.get('retry-after'), '30');
  assert.equal((await upload()).status, 201);
});

test('a broadcast that is done is one line in the log, with its counts', async () => {
  const { body: list } = await call('POST', `${base}/lists`, { name: 'told' });
  const { body: contact } = await call('POST', `${base}/contacts`, { phone: '+15005550006' });
  const id = contact.id ?? (await call('GET', `${base}/contacts?search=15005550006`)).body.contacts[0].id;
  await call('POST', `${base}/lists/${list.id}/members`, { add: [id] });
  const made = await call('POST', `${base}/broadcasts`, {
    name: 'Told of',
    audience: { include: { lists: [list.id] } },
    content: { type: 'text', text: 'Hi' },
    channel: 'sms',
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.equal((await call('POST', `${base}/broadcasts/${made.body.id}/start`)).status, 200);
  const lines = () => said.filter(({ message }) => message === 'a broadcast is done');
  await until('it is told', () => lines().length > 0);
  const { fields } = lines()[0]!;
  assert.deepEqual([fields.broadcast, fields.name, fields.counts.matched], [made.body.id, 'Told of', 1]);
  assert.ok(fields.tookMs >= 0);
  await until(
    'it is over',
    async () => (await call('GET', `${base}/broadcasts/${made.body.id}`)).body.state === 'done',
  );
  assert.equal(lines().length, 1);
});

test('the log has levels by name and times as ISO, or numbers', () => {
  const write = (form: object) =>
    JSON.parse(
      execFileSync('sh', ['-c', '"$0" --input-type=module -e "$1" 2>&1', process.execPath, script(form)], {
        encoding: 'utf8',
      }).trim(),
    ) as { level: unknown; time: unknown };
  const script = (form: object) =>
    `import { createLog } from ${JSON.stringify(path.join(root, 'src/base/log.ts'))};
     createLog('info', ${JSON.stringify(form)}).warn({}, 'said');`;
  const named = write({ levelNames: true, isoTime: true });
  assert.equal(named.level, 'warn');
  assert.match(String(named.time), /^20\d\d-\d\d-\d\dT.*Z$/);
  const numbers = write({});
  assert.deepEqual([numbers.level, typeof numbers.time], [40, 'number']);
});

const documents = [
  'README.md',
  ...readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join('docs', name)),
].map((name) => ({ name, text: readFileSync(path.join(root, name), 'utf8') }));

/** Read elsewhere: where the programs of Postgres are, what writes documents anew, and whom pages ask that are being worked on. */
const NO_SETTINGS = new Set(['PARLEY_POSTGRES_BIN', 'PARLEY_WRITE_DOCS', 'PARLEY_URL', 'PARLEY_TOKEN']);

test('every PARLEY_ setting that a document names is read, and takes a value', () => {
  const values: Record<string, string> = {
    url: 'https://parley.example',
    text: 'something',

    list: '10.0.0.0/8',
  };
  for (const { name, text } of documents)
    for (const [env] of text.matchAll(/\bPARLEY_[A-Z0-9_]*[A-Z0-9]\b/g)) {
      if (NO_SETTINGS.has(env)) continue;
      const setting = Object.values(SETTINGS).find((one) => one.env === env);
      assert.ok(setting, `${name}: ${env}`);
      const oneOf = 'oneOf' in setting ? setting.oneOf : undefined;
      const value =
        oneOf?.at(-1) ??
        ('max' in setting
          ? String(setting.max)
          : (values[setting.kind] ?? String(setting.default !== 'true')));
      const read = readConfig({ [env]: value });
      // Some stand together with others, and some texts have a form: what is told then is not that there is no such setting.
      const faults = 'faults' in read ? read.faults : [];
      assert.ok(
        !faults.some((fault) => /no such setting/.test(fault)),
        `${name}: ${env}: ${faults.join('; ')}`,
      );
      if (!faults.length) assert.notDeepEqual(read, readConfig({}), `${env}=${value} changes nothing`);
    }
});

test('every setting of a provider that its document names can be set, and every one that can be set is named', async () => {
  const { providers } = (await call('GET', '/api/providers')).body as { providers: Json[] };
  let tables = 0;
  for (const provider of providers) {
    const document = documents.find(
      ({ name }) => name === path.join('docs', 'channels', `${provider.type}.md`),
    );
    assert.ok(document, `docs/channels/${provider.type}.md`);
    const [, table] = /\| setting \| needed \|.*\n\|[-|]+\|\n((?:\|.*\n)+)/.exec(document.text) ?? [];
    if (table === undefined) continue;
    tables++;
    const documented = table
      .trim()
      .split('\n')
      .flatMap((row) => [...row.split('|')[1]!.matchAll(/`(\w+)`/g)].map(([, setting]) => setting!));
    const known = provider.settings.map(({ name }: Json) => name);
    assert.deepEqual(documented.toSorted(), known.toSorted(), document.name);
    for (const setting of documented) {
      const answer = await call('POST', `${base}/integrations`, {
        type: provider.type,
        settings: { [setting]: {} },
      });
      assert.doesNotMatch(
        JSON.stringify(answer.body),
        /no such|unknown|not a setting/i,
        `${document.name}: ${setting}`,
      );
    }
  }
  assert.ok(tables >= 8, 'the tables are found');
  const none = await call('POST', `${base}/integrations`, { type: 'twilio', settings: { nothing: {} } });
  assert.match(JSON.stringify(none.body), /settings\.nothing/, 'the test would see one');
});

test('every setting of a workspace that a document names can be set, read and taken away', async () => {
  const examples: [string, unknown][] = documents.flatMap(({ text }) =>
    [...text.matchAll(/\| setting of the workspace \|.*\n\|[-|]+\|\n((?:\|.*\n)+)/g)].flatMap(([, table]) =>
      table!
        .trim()
        .split('\n')
        .map((row): [string, unknown] => {
          const [, setting, value] = /^\| `(\w+)` \| .*?`([^`]+)`/.exec(row)!;
          return [setting!, /^["{[]|^(?:true|false|\d+)$/.test(value!) ? JSON.parse(value!) : value];
        }),
    ),
  );
  assert.ok(examples.some(([setting]) => setting === 'linkDomain'));
  for (const [setting, value] of examples) {
    const set = await call('PATCH', base, { settings: { [setting]: value } });
    assert.equal(set.status, 200, `${setting}: ${JSON.stringify(set.body)}`);
    assert.deepEqual((await call('GET', base)).body.settings[setting], value, setting);
    const gone = await call('PATCH', base, { settings: { [setting]: null } });
    assert.equal(gone.body.settings[setting], undefined, setting);
  }
});
