/** The frame of a mail: refused before its body is read unless a frame of ours posts it, and shown under its policy. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fastify from 'fastify';
import { MAIL_FRAME_PATH } from '../../../contract/preview.ts';
import { rawSender } from '../../../test/support/badInput.ts';
import { createHeld } from '../kit/held.ts';
import { mailFrameDoor } from './mailFrame.ts';

test('a form of ours is given back; another site’s, and what is no form, is refused', async () => {
  const app = fastify();
  app.decorate('held', createHeld());
  app.decorateRequest('letGo', null);
  app.decorateRequest('isKnown', false);
  mailFrameDoor(app);
  const send = rawSender(await app.listen({ port: 0, host: '127.0.0.1' }));
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const ours = { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'iframe' };
  const body = 'html=%3Cp%3EHi%3C%2Fp%3E';
  try {
    const { status, text } = await send('POST', MAIL_FRAME_PATH, body, { ...form, ...ours });
    assert.deepEqual([status, text], [200, '<p>Hi</p>']);
    for (const odd of [
      form,
      { ...form, ...ours, 'sec-fetch-site': 'cross-site' },
      { 'content-type': 'a/b', ...ours },
    ])
      assert.equal((await send('POST', MAIL_FRAME_PATH, body, odd)).status, 403);
  } finally {
    await app.close();
  }
});
