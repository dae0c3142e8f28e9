/**
 * The published package `outbound` 1.3.0, as it is, in a process of its own: it knows one address, so a proxy leads what it sends there
 * to Parley (api/outbound.md §A.8, method 1). Every method once, with what it resolves to, and with what the server refuses.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, request as httpRequest } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { errors, startOutbound, type Json } from './outboundProduct.ts';
import { OUTBOUND } from './support/certificate.ts';

const product = await startOutbound();
const { url, keys, person, did, call, base, sql } = product;

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** TLS for api.outbound.io, with Parley behind it. Notes what was asked for. */
const seen: { host: string | undefined; path: string | undefined; client: unknown }[] = [];
const front = createTlsServer({ key: OUTBOUND.key, cert: OUTBOUND.certificate }, (request, response) => {
  const { method, headers, url: path } = request;
  seen.push({ host: headers.host, path, client: headers['x-outbound-client'] });
  const { hostname, port } = new URL(url);
  const onward = httpRequest({ hostname, port, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode!, answer.headers);
    answer.pipe(response);
  });
  request.pipe(onward);
});
const frontPort = await listening(front);
const proxy = createHttpServer();
proxy.on('connect', (_request, socket, head) => {
  const onward = connect(frontPort, '127.0.0.1', () => {
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    onward.write(head);
    socket.pipe(onward).pipe(socket);
  });
  for (const one of [socket, onward]) one.on('error', () => one.destroy());
});
const proxyPort = await listening(proxy);

const folder = await mkdtemp(join(tmpdir(), 'parley-published-'));
after(() => rm(folder, { recursive: true, force: true }));
const certificate = join(folder, 'cert.pem');
await writeFile(certificate, OUTBOUND.certificate);

type Call = [method: string, ...args: unknown[]];
type Outcome = { args: number; error?: Json };

/** Makes calls with the package, one after the other, and tells what became of each. */
async function run(key: string, calls: readonly Call[]): Promise<Outcome[]> {
  const program = `
    const Outbound = require('outbound');
    const outbound = new Outbound(process.argv[1]);
    const calls = eval('(' + process.argv[2] + ')');
    const outcomes = [];
    const next = () => {
      const call = calls.shift();
      if (!call) return process.stdout.write(JSON.stringify(outcomes));
      outbound[call[0]](...call.slice(1)).then(
        (...args) => { outcomes.push({ args: args.filter((one) => one !== undefined).length }); next(); },
        (error) => { outcomes.push({ args: 1, error }); next(); },
      );
    };
    next();`;
  const asCode = `[${calls.map(([method, ...args]) => `[${[method, ...args].map(code).join()}]`).join()}]`;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--no-warnings', '-e', program, key, asCode],
    {
      cwd: new URL('..', import.meta.url),
      timeout: 120_000,
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        HTTPS_PROXY: `http://127.0.0.1:${proxyPort}`,
        https_proxy: `http://127.0.0.1:${proxyPort}`,
        NO_PROXY: '',
        no_proxy: '',
        NODE_EXTRA_CA_CERTS: certificate,
      },
    },
  );
  return JSON.parse(stdout) as Outcome[];
}

const code = (value: unknown) => (Number.isNaN(value) ? 'NaN' : (JSON.stringify(value) ?? 'undefined'));

const GOOD: Call[] = [
  [
    'identify',
    'pub',
    {
      firstName: 'Pub',
      lastName: 'Lished',
      email: 'pub@example.com',
      phoneNumber: '5551234567',
      groupId: 'g',
      groupAttributes: { size: 3 },
      previousId: 'pub-before',
      apnsTokens: 'ab'.repeat(32),
      gcmTokens: ['g1'],
      attributes: { someCustomAttribute: 'lorem ipsum' },
    },
  ],
  ['alias', 'pub', 'pub-alias'],
  ['track', 'pub', 'upload picture', { eventAttr1: 'Something' }],
  ['track', 'pub', 'upload picture', null, 1_400_000_000],
  [
    'trackBatch',
    [
      { user_id: 'pub', event: 'batched' },
      { user_id: 'pub', event: 'batched', properties: { n: 1 } },
    ],
  ],
  ['trackBatch', []],
  ['registerApnsToken', 'pub', 'cd'.repeat(32)],
  ['registerGcmToken', 'pub', 'g2'],
  ['disableApnsToken', 'pub', 'cd'.repeat(32)],
  ['disableGcmToken', 'pub', 'g2'],
  ['disableAllApnsTokens', 'pub'],
  ['disableAllGcmTokens', 'pub'],
  ['unsubscribeAll', 'pub'],
  ['subscribeAll', 'pub'],
];

test('O7–O14, O23: every method of the published package does in Parley what it did', async () => {
  const outcomes = await run(keys.private, GOOD);
  assert.deepEqual(
    outcomes.map(({ args, error }, i) => [GOOD[i]![0], args, error]),
    GOOD.map(([method]) => [method, 0, undefined]),
  );
  const pub = await person('pub');
  assert.equal(pub.givenName, 'Pub');
  assert.equal(pub.attributes.someCustomAttribute, 'lorem ipsum');
  assert.deepEqual(await did('pub'), { 'upload picture': 2, batched: 2 });
  assert.deepEqual(
    pub.destinations.filter((one: Json) => one.channel === 'push').map((one: Json) => one.status),
    ['inactive', 'inactive', 'inactive', 'inactive'],
  );
  assert.ok(
    seen.every(({ host, client }) => host === 'api.outbound.io' && client === 'Javascript-Node/1.3.0'),
  );
});

test('O15, O22: what the server refuses is told with receivedCall and a message that is a string', async () => {
  const NOBODY = Number.NaN;
  const bad: Call[] = [
    ['identify', NOBODY, {}],
    ['identify', 'u', { email: 'not one' }],
    ['alias', 'u', NOBODY],
    ['track', NOBODY, 'e'],
    ['track', 'u', ''],
    [
      'trackBatch',
      [
        { user_id: 'u', event: 'e' },
        { user_id: 'u', event: 'x'.repeat(300) },
      ],
    ],
    ['registerApnsToken', 'u', ''],
    ['registerGcmToken', NOBODY, 't'],
    ['disableApnsToken', NOBODY, 't'],
    ['disableGcmToken', 'u', ''],
    ['disableAllApnsTokens', NOBODY],
    ['disableAllGcmTokens', NOBODY],
    ['unsubscribeAll', NOBODY],
    ['subscribeAll', ''],
    ['unsubscribeCampaigns', NOBODY, ['c']],
    ['subscribeCampaigns', 'u', ['c']],
  ];
  // null as a previous id is none: that is an identify.
  const fine = new Set(['alias']);
  for (const [i, { error }] of (await run(keys.private, bad)).entries()) {
    const [method] = bad[i]!;
    if (fine.has(method)) continue;
    assert.equal(error?.receivedCall, true, method);
    assert.equal(typeof error.message, 'string', method);
    assert.match(error.message, /^(?:\[\d\]\.)?(?:user_id|email|event|token|campaign_ids\[0\]): /, method);
  }
  const [unknown] = await run('wrong', [['track', 'u', 'e']]);
  assert.deepEqual(unknown!.error, { receivedCall: true, message: 'Unauthorized: the key is not valid' });
});

test('A.4 a user leaves campaigns and comes back to them by the published package, named by key and by id', async () => {
  const { body: drafted } = await call('POST', `${base}/campaigns`, {
    campaign: {
      parley: 'campaign/1',
      key: 'published',
      trigger: { event: { did: 'signup' } },
      steps: [{ key: 'mail', send: { content: { type: 'text', text: 'Hello' }, channel: 'email' } }],
    },
  });
  const live = await call('POST', `${base}/campaigns/${drafted.id}/publish`, { people: 'move' });
  assert.equal(live.status, 200, JSON.stringify([drafted, live.body]));
  const left = async () => (await sql`SELECT FROM campaign_optouts`).length;
  for (const [method, name, count] of [
    ['unsubscribeCampaigns', 'published', 1],
    ['unsubscribeCampaigns', drafted.id, 1],
    ['subscribeCampaigns', drafted.id, 0],
    ['subscribeCampaigns', 'published', 0],
  ] as const) {
    assert.deepEqual(await run(keys.private, [[method, 'left', [name]]]), [{ args: 0 }], method);
    assert.equal(await left(), count, `${method} ${name}`);
  }
});

test('nothing of all this was an error of ours', () => assert.deepEqual(errors, []));
