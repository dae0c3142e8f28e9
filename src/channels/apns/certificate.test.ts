/** Push certificates: what is read of them, and that one connects with them instead of signing. */
import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { CERTIFICATE, KEY } from '../../../test/support/certificate.ts';
import { httpClient } from '../../base/http.ts';
import { KEYCHAIN_P12, OPENSSL_P12, PASSWORD } from '../testing/pushCertificates.ts';
import { apns } from './adapter.ts';
import { readCertificate } from './certificate.ts';

test('a certificate as keychains and as OpenSSL write it is read whole', () => {
  for (const file of [KEYCHAIN_P12, OPENSSL_P12]) {
    const read = readCertificate(file, PASSWORD);
    ok(!('wrong' in read));
    const { topic, production, cert, key, endsMs } = read;
    deepEqual({ topic, production }, { topic: 'com.example.old', production: false });
    match(cert, /^-----BEGIN CERTIFICATE-----/);
    match(key, /^-----BEGIN RSA PRIVATE KEY-----/);
    ok(endsMs > Date.UTC(2100, 0));
  }
});

test('what cannot be used is said before anything is kept, by field', () => {
  const wrong = (settings: Record<string, unknown>) => apns.amiss!(settings);
  const certificate = KEYCHAIN_P12;
  equal(wrong({ certificate, password: PASSWORD }), undefined);
  match(wrong({ certificate, password: 'wrong' })!.rule, /password does not open it/);
  match(wrong({ certificate })!.rule, /password does not open it/);
  for (const broken of [
    'AAAA',
    'not base64 at all',
    certificate.slice(0, 400),
    Buffer.from('<xml/>').toString('base64'),
  ])
    deepEqual(wrong({ certificate: broken, password: PASSWORD }), {
      field: 'certificate',
      rule: 'is not a .p12 file in base64',
    });
  equal(wrong({ certificate, password: PASSWORD, privateKey: 'k' })!.field, 'certificate');
  const key = { keyId: 'ABC123DEFG', teamId: 'DEF123GHIJ', privateKey: 'k', topic: 'com.example.app' };
  equal(wrong(key), undefined);
  for (const name of Object.keys(key)) equal(wrong({ ...key, [name]: undefined })!.field, name);
});

test('N29: with a certificate the connection says who it is, and no request is signed', async (t) => {
  setDefaultCACertificates([...getCACertificates('default'), CERTIFICATE]);
  const server = createSecureServer({
    key: KEY,
    cert: CERTIFICATE,
    requestCert: true,
    rejectUnauthorized: false,
  });
  const seen: Record<string, unknown>[] = [];
  server.on('stream', (stream, headers) => {
    const { subject } = (stream.session!.socket as TLSSocket).getPeerCertificate();
    seen.push({ subject: { ...subject }, ...headers });
    stream.respond({ ':status': 200, 'apns-id': headers['apns-id'] });
    stream.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const http = httpClient({ connections: 1 });
  t.after(() => http.close());
  const sender = apns.open(
    {
      certificate: KEYCHAIN_P12,
      password: PASSWORD,
      baseUrl: `https://localhost:${(server.address() as AddressInfo).port}`,
    },
    { http, deadlineMs: 5_000, nowMs: () => 1_700_000_000_000 },
  );
  const outcome = await sender.send({
    ref: '2s.k9.1',
    idempotencyKey: 'k',
    to: `apns:${'a1'.repeat(32)}`,
    rendered: { channel: 'push', body: 'Hello' },
    callbackUrl: 'https://msg.example.org/',
  });
  await sender.close();
  equal(outcome.kind, 'accepted', JSON.stringify(outcome));
  equal((seen[0]!['subject'] as Record<string, string>)['UID'], 'com.example.old');
  equal(seen[0]!['apns-topic'], 'com.example.old');
  equal(seen[0]!['authorization'], undefined);
});
