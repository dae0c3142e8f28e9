/** Who a visitor is to a company: what it signed holds for that visitor, that client and that long, and for nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SignJWT } from 'jose';
import { hmac } from '../base/crypto.ts';
import { isFault } from '../base/fault.ts';
import { checkConnectId } from './connectId.ts';
import { readIdentity } from './identity.ts';

const NOW_MS = Date.UTC(2026, 10, 29);
const SECRET = 'the secret of a client, which is long enough';
const client = { id: 7, signedOnly: false, secret: SECRET };

type Given = Parameters<typeof readIdentity>[0];
type Client = Parameters<typeof readIdentity>[1];

async function fieldOf(given: Given, of: Client = client): Promise<string | undefined> {
  const read = await readIdentity(given, of, NOW_MS);
  assert.ok(isFault(read), JSON.stringify(read));
  return read.field ?? read.fault;
}

const signed = (connectId: string, secret = SECRET) => hmac('sha256', secret, connectId, 'hex');

function token(
  claims: Record<string, unknown>,
  { secret = SECRET, alg = 'HS256', untilMs = NOW_MS + 60_000 } = {},
) {
  const jwt = new SignJWT(claims).setProtectedHeader({ alg });
  if (untilMs) jwt.setExpirationTime(untilMs / 1000);
  return jwt.sign(Buffer.from(secret));
}

test('without a signature nobody is vouched for, and where it is asked for nobody is let in', async () => {
  assert.deepEqual(await readIdentity({ connectId: 'ann' }, client, NOW_MS), {
    connectId: 'ann',
    signed: false,
  });
  assert.equal(await fieldOf({ connectId: 'ann' }, { ...client, signedOnly: true }), 'signature');
  assert.equal(await fieldOf({}), 'connect_id');
  assert.equal(await fieldOf({ connectId: ' ann' }), 'connect_id');
});

test('a signature is that of this connect_id under this secret, in either case', async () => {
  const good = signed('ann');
  for (const signature of [good, good.toUpperCase()])
    assert.deepEqual(await readIdentity({ connectId: 'ann', signature }, client, NOW_MS), {
      connectId: 'ann',
      signed: true,
    });
  for (const signature of ['', good.slice(1), `${good}0`, signed('bob'), signed('ann', 'another')])
    assert.equal(await fieldOf({ connectId: 'ann', signature }), 'signature');
  const lost = { ...client, secret: undefined };
  assert.equal(await fieldOf({ connectId: 'ann', signature: good }, lost), 'unavailable');
  assert.equal(await fieldOf({ token: await token({ sub: 'ann' }) }, lost), 'unavailable');
});

test('a token says who it is, for this client, and until it is over', async () => {
  const named = { connectId: 'ann', signed: true };
  for (const claims of [{}, { aud: '7' }, { aud: ['6', '7'] }]) {
    const given = { token: await token({ sub: 'ann', ...claims }) };
    assert.deepEqual(await readIdentity(given, client, NOW_MS), named);
    assert.deepEqual(await readIdentity({ ...given, connectId: 'ann' }, client, NOW_MS), named);
    assert.equal(await fieldOf({ ...given, connectId: 'bob' }), 'connect_id');
  }
  assert.equal(await fieldOf({ token: await token({ sub: 'ann', aud: '6' }) }), 'connect_token');
  assert.equal(
    await fieldOf({ token: await token({ sub: 'ann' }, { untilMs: NOW_MS - 1000 }) }),
    'connect_token',
  );
  assert.equal(await fieldOf({ token: await token({ sub: 'ann' }, { untilMs: 0 }) }), 'connect_token');
  assert.equal(await fieldOf({ token: await token({}) }), 'connect_token');
});

test('a token that somebody else signed, or nobody, or in another way, is none', async () => {
  const unsigned = [{ alg: 'none' }, { sub: 'ann', exp: NOW_MS / 1000 + 60 }].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  for (const text of [
    '',
    'x',
    `${unsigned.join('.')}.`,
    await token({ sub: 'ann' }, { secret: 'another secret, which is long enough, too' }),
    await token({ sub: 'ann' }, { alg: 'HS512' }),
  ])
    assert.equal(await fieldOf({ token: text }), 'connect_token', text);
});

test('what a token calls somebody keeps to the form of a connect_id as well', async () => {
  for (const sub of ['', ' ann', '=cmd()', 'x'.repeat(201), 'a\u0007b'])
    assert.equal(await fieldOf({ token: await token({ sub }) }), 'connect_id', JSON.stringify(sub));
});

test('a connect_id has 1 to 200 characters, none of them to control anything, and opens as text in a spreadsheet', () => {
  for (const fine of ['a', 'ann@shop.example', 'ß 4', '😀', 'x'.repeat(200), '1+1'])
    assert.equal(checkConnectId(fine), undefined, fine);
  for (const odd of ['', ' a', 'a\n', 'a\u200bb', '\ud800', 'x'.repeat(201), '=1', '+1', '-1', '@a'])
    assert.ok(checkConnectId(odd), JSON.stringify(odd));
});
