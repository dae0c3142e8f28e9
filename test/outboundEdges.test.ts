/** The Outbound door at its edges: what no route has, what cannot be kept, times of long ago, and where in a list something is wrong. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { errors, startOutbound } from './outboundProduct.ts';

const product = await startOutbound();
const { url, post, did, keys, sql, call, base } = product;
const byPublic = { 'x-outbound-key': keys.public };

test('a path or a method that there is not is told in this door’s form, to pages of other sites as well', async () => {
  const told = async (method: string, path: string, status: number) => {
    const said = await fetch(url + path, {
      method,
      headers: { ...byPublic, origin: 'https://shop.example' },
      ...(method === 'POST' ? { body: '{}' } : {}),
    });
    const { error } = (await said.json()) as { error: { Code: number; Message: string } };
    assert.deepEqual([said.status, error.Code], [status, status], `${method} ${path}`);
    assert.ok(error.Message.length > 3);
    assert.equal(said.headers.get('access-control-allow-origin'), '*', `${method} ${path}`);
  };
  await told('GET', '/v2/track', 405);
  await told('PUT', '/v2/track', 405);
  await told('POST', '/i/config/sdk/ios/1', 405);
  await told('GET', '/i/config/sdk/%E0%A4%A/1', 400);
  await told('GET', `/i/config/sdk/ios/${'x'.repeat(5_000)}`, 400);
  await told('POST', '/v2/of-a-later-version', 404);
  await told('POST', '/i/of-a-later-version', 404);
  await told('POST', '/api/v1/identify', 404);
  await told('GET', '/API/v1/track?x=1', 404);
  const first = await fetch(`${url}/api/v1/track`, { method: 'POST', body: '{"api_key":"k","user_id":1}' });
  assert.match(
    await first.text(),
    /"Message":"There is no POST \/api\/v1\/track\. .*\/v2\/track take the key in the header/,
  );
  // A page whose call does not get through asks again for days, and what is behind it waits.
  const asked = async (path: string, headers: string) =>
    (
      await fetch(url + path, {
        method: 'OPTIONS',
        headers: {
          origin: 'https://shop.example',
          'access-control-request-method': 'POST',
          'access-control-request-headers': headers,
        },
      })
    ).status;
  assert.equal(await asked('/v2/of-a-later-version', 'content-type,x-outbound-key'), 204);
  assert.equal(await asked('/v2/contacts', 'authorization'), 405, 'what is another door’s is not let in');
  assert.equal(await asked('/v2/nothing', 'authorization'), 404);
});

/** An answer to a request as it goes over the wire, to its last byte. */
async function bare(
  line: string,
  headers: readonly string[],
  body: Buffer | string,
): Promise<[number, string]> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const head = [line, 'host: parley', 'connection: close', `x-outbound-key: ${keys.public}`, ...headers];
  socket.write(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), Buffer.from(body)]));
  const said = await text(socket);
  const [, status, rest] = /^HTTP\/1\.1 (\d+)[^]*?\r\n\r\n([^]*)$/.exec(said) ?? [];
  return [Number(status), rest ?? said];
}

test('A.1, A.2 however a good call is written it is taken with 200 and not a byte of a body', async () => {
  const call = '{"user_id":"wire","event":"e"}';
  const sized = (body: Buffer | string) => `content-length: ${Buffer.byteLength(body)}`;
  const bom = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(call)]);
  const ways: [line: string, headers: string[], body: Buffer | string][] = [
    ['POST /v2/track/ HTTP/1.1', [sized(call)], call],
    ['POST /V2/Track HTTP/1.1', [sized(call)], call],
    ['POST /v2/track?v=1 HTTP/1.1', [sized(call)], call],
    ['POST /v2/track HTTP/1.0', [sized(call)], call],
    ['POST /v2/track/batch/ HTTP/1.1', [sized(`[${call}]`)], `[${call}]`],
    ['POST /v2/track HTTP/1.1', [sized(bom)], bom],
    ['POST /v2/track HTTP/1.1', ['transfer-encoding: chunked'], `1e\r\n${call}\r\n0\r\n\r\n`],
    ['POST /v2/track HTTP/1.1', [sized(call), 'content-encoding: identity'], call],
    ...[
      'Application/JSON',
      'application/json; charset=iso-8859-1',
      'text/plain',
      'application/x-www-form-urlencoded',
    ].map((type): [string, string[], string] => [
      'POST /v2/track HTTP/1.1',
      [sized(call), `content-type: ${type}`],
      call,
    ]),
  ];
  for (const [line, headers, body] of ways)
    assert.deepEqual(await bare(line, headers, body), [200, ''], `${line} ${headers.join()}`);
  assert.deepEqual(await did('wire'), { e: ways.length });
  assert.deepEqual(await bare('HEAD /v2/track HTTP/1.1', [], ''), [405, '']);
  assert.deepEqual(await bare('HEAD /i/config/sdk/ios/1.0/ HTTP/1.1', [], ''), [200, '']);
  assert.deepEqual(await bare('OPTIONS /v2/track/ HTTP/1.1', [], ''), [204, '']);
});

test('A.1 what cannot be read is a 4xx that a client gives up on, and nothing of it is kept', async () => {
  const call = '{"user_id":"torn","event":"é"}';
  for (const [what, headers, body] of [
    ['Latin-1', [], Buffer.from(call, 'latin1')],
    ['UTF-16', [], Buffer.from(call, 'utf16le')],
    ['packed and not said so', [], gzipSync(call)],
    ['packed', ['content-encoding: gzip'], gzipSync(call)],
    ['parts', ['content-type: multipart/form-data'], call],
    ['no type', ['content-type: ;'], call],
  ] as [string, string[], Buffer | string][]) {
    const size = `content-length: ${Buffer.byteLength(body)}`;
    const [status, said] = await bare('POST /v2/track HTTP/1.1', [size, ...headers], body);
    const { error } = JSON.parse(said) as { error: { Code: number; Message: string } };
    assert.ok(status === 400 || status === 415, `${what} ${status}`);
    assert.equal(error.Code, status, what);
  }
  assert.equal((await sql`SELECT FROM identities WHERE value = 'torn'`).length, 0);
});

test('A.1 an id of a call that is too long is told by the header it stands in', async () => {
  for (const header of ['X-Outbound-GUID', 'Idempotency-Key']) {
    const said = await post('/v2/track', { user_id: 'long', event: 'e' }, { [header]: 'x'.repeat(201) });
    assert.equal(said.status, 400);
    assert.equal(JSON.parse(said.text).error.Message, `${header}: needs at most 200 characters`);
  }
});

test('A.3 what is null or empty says nothing, wherever it stands', async () => {
  const who = { user_id: 'empty' };
  const event = { ...who, event: 'e' };
  for (const none of [null, ''])
    for (const [path, body] of [
      ['/v2/fcm/register', { ...who, token: 't', replace: none }],
      ['/v2/fcm/disable', { ...who, token: 't', all: none }],
      ['/v2/track', { ...event, user: none }],
      ['/v2/track', { ...event, history: none }],
      ['/v2/track/batch', [{ ...event, properties: none, timestamp: none, message_id: none }]],
      ['/i/ios/uninstall_tracker', { i: 'a.b.0', revoked: none, user_id: none }],
    ] as const) {
      const said = await post(path, body, byPublic);
      assert.deepEqual([said.status, said.text], [200, ''], `${path} ${JSON.stringify(body)}`);
    }
});

test('the name and the token of a device that cannot be kept are refused, with a code that is right', async () => {
  const { body: shown } = await call('GET', `${base}/pairing`);
  const device = { code: Number(shown.code), deviceToken: 'cd'.repeat(32) };
  for (const deviceName of ['a\u0000b', '\ud800', ''])
    for (const platform of ['ios', 'android']) {
      const said = await post(`/i/testsend/push/pair/${platform}`, { ...device, deviceName }, byPublic);
      assert.equal(said.status, 400, said.text);
      assert.match(JSON.parse(said.text).error.Message, /^deviceName: /);
    }
  // As random as tokens are: what repeats itself would be packed into less than an index takes.
  const long = randomBytes(2_000).toString('hex');
  for (const deviceToken of [long, 'a\u0000b', 'a b', '💡', '']) {
    const said = await post('/i/testsend/push/pair/ios', { ...device, deviceToken }, byPublic);
    assert.equal(said.status, 400, said.text);
    assert.match(JSON.parse(said.text).error.Message, /^deviceToken: /);
  }
  assert.equal((await sql`SELECT FROM identities WHERE value LIKE 'test device %'`).length, 0);
});

test('O12 a time of before 1973 that is told as text is of then: it is not now, and sets nothing off', async () => {
  for (const timestamp of [
    '1971-06-01T00:00:00Z',
    '9999-01-01T00:00:00Z',
    '2001-02-03T04:05:06.789+02:00',
    43_200,
  ])
    assert.equal((await post('/v2/track', { user_id: 'old', event: 'born', timestamp })).status, 200);
  await did('old');
  const rows = await sql<{ atMs: number }[]>`
    SELECT e.at_ms AS "atMs" FROM contact_events e JOIN identities i ON i.contact_id = e.contact_id WHERE i.value = 'old' ORDER BY 1`;
  assert.deepEqual(
    rows.slice(0, 3).map(({ atMs }) => new Date(atMs).toISOString()),
    ['1970-01-01T12:00:00.000Z', '1971-06-01T00:00:00.000Z', '2001-02-03T02:05:06.789Z'],
  );
  assert.ok(Math.abs(rows[3]!.atMs - Date.now()) < 600_000, 'of a time to come it is now');
});

test('nothing of all this was an error of ours', () => assert.deepEqual(errors, []));
