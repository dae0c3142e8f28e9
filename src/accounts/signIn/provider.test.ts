/** The provider of sign-ins by itself: one that was away is found when it is back. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { httpClient } from '../../base/http.ts';
import { isFault } from '../../base/fault.ts';
import { silentLog } from '../../base/log.ts';
import { listen } from '../../channels/testing/fake.ts';
import { createProvider } from './provider.ts';

test('a provider that is away is none, and is looked for again by whoever comes next', async (t) => {
  let isThere = false;
  let asked = 0;
  const server = createServer((_request, response) => {
    asked++;
    const found = { issuer, authorization_endpoint: `${issuer}/ask`, token_endpoint: `${issuer}/token` };
    response.writeHead(isThere ? 200 : 503, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isThere ? found : {}));
  });
  const issuer = `http://127.0.0.1:${await listen(server)}`;
  const http = httpClient({ connections: 1 });
  t.after(async () => {
    await http.close();
    server.close();
  });
  const settings = { oidcIssuer: issuer, oidcClientId: 'parley', oidcClientSecret: 'secret', oidcName: '' };
  const provider = createProvider(settings, { http, log: silentLog })!;
  const begin = () =>
    provider.begin('https://parley.example/back', { state: 's', nonce: 'n', verifier: 'v'.repeat(43) });
  const away = await begin();
  assert.equal(isFault(away) && away.fault, 'unavailable');
  isThere = true;
  const came = await begin();
  assert.ok(!isFault(came));
  const address = new URL(came);
  assert.equal(`${address.origin}${address.pathname}`, `${issuer}/ask`);
  assert.deepEqual(
    ['state', 'nonce', 'client_id', 'code_challenge_method'].map((name) => address.searchParams.get(name)),
    ['s', 'n', 'parley', 'S256'],
  );
  // What was found stays.
  await begin();
  assert.equal(asked, 2);
});
