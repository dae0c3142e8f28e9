/** Whose addresses come in by the provider: the domain as a whole, and nothing that only looks like it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFault } from '../../base/fault.ts';
import { letIn } from './providerSignIn.ts';

test('an address at another domain is turned away before anybody is looked for, however alike it is', async () => {
  const domains = ['acme.example', 'Acme.Test'];
  const alike = [
    'ada@notacme.example',
    'ada@mail.acme.example',
    'ada@acme.example.evil.example',
    'ada@evil.example@acme.examples',
    undefined,
  ];
  for (const email of alike) {
    const vouched = { issuer: 'https://id.example', subject: '1', ...(email === undefined ? {} : { email }) };
    // Neither the database nor ids are asked for.
    const came = await letIn(undefined as never, undefined as never, vouched, { domains, nowMs: 0 });
    assert.ok(isFault(came) && came.fault === 'forbidden', email);
    assert.match(came.message, /^Only verified addresses at acme\.example or Acme\.Test come in/, email);
  }
});
