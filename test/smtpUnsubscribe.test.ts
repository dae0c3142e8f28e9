/** List-Unsubscribe: marketing mail carries it, one POST ends marketing for the address, and looking at the page ends nothing. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { consentOf, destinationsOf } from '../src/contacts/destinations.ts';
import { testDatabase } from './support/database.ts';
import { startMailWorld } from './support/mailWorld.ts';
import { deliveriesOf, reaches, sendMessage } from './support/messages.ts';

const database = await testDatabase();
const { world, sink, app, consoleKey, stop } = await startMailWorld(database.connection);
after(stop);

async function send(address: string, messageClass: string): Promise<number> {
  return await sendMessage(
    world,
    { appId: app.appId, consoleKey },
    {
      destination: { channel: 'email', address },
      content: { type: 'text', text: 'Spring is here' },
      class: messageClass,
    },
  );
}

/** The headers that say how to leave, of the last mail to an address. */
function leaving(address: string): Record<string, string> {
  const { headers } = sink.to(address).at(-1)!.mail;
  return Object.fromEntries(
    headers.filter(({ key }) => key.startsWith('list-')).map(({ key, value }) => [key, value]),
  );
}

/** Marketing mail to an address; returns how to leave and who it is. */
async function market(address: string): Promise<{ url: string; contactId: number }> {
  const id = await send(address, 'marketing');
  await reaches(world.ctx, id, 'accepted');
  const headers = leaving(address);
  assert.equal(headers['list-unsubscribe-post'], 'List-Unsubscribe=One-Click');
  const url = /^<(\S+)>$/.exec(headers['list-unsubscribe']!)![1]!;
  return { url, contactId: (await deliveriesOf(world.ctx, id))[0]!.contactId };
}

async function blockedClasses(contactId: number): Promise<number> {
  return (await destinationsOf(world.ctx.sql, app.id, [contactId]))[0]!.blockedClasses;
}

const form = (body: string) => ({
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
  body,
});

test('one POST ends marketing at once and nothing else, and the consent log says why', async () => {
  const address = 'ann@people.example';
  const { url, contactId } = await market(address);
  const answer = await fetch(url, form('List-Unsubscribe=One-Click'));
  assert.equal(answer.status, 200);
  assert.match(await answer.text(), /You are unsubscribed/);
  assert.equal(await blockedClasses(contactId), 2);
  const log = await consentOf(world.ctx.sql, app.id, contactId);
  assert.deepEqual(
    log.map(({ channel, address: of, blockedClasses: blocked, reason }) => ({
      channel,
      of,
      blocked,
      reason,
    })),
    [{ channel: 'email', of: address, blocked: 2, reason: 'unsubscribed' }],
  );
  const suppressed = await reaches(world.ctx, await send(address, 'marketing'), 'suppressed');
  assert.equal(suppressed.code, 'opted_out_channel');
  assert.match(suppressed.detail!, /unsubscribed/);
  await reaches(world.ctx, await send(address, 'transactional'), 'accepted');
  assert.equal(sink.to(address).length, 2);
});

test('a multipart form will do as well', async () => {
  const { url, contactId } = await market('bea@people.example');
  const body = new FormData();
  body.set('List-Unsubscribe', 'One-Click');
  assert.equal((await fetch(url, { method: 'POST', body })).status, 200);
  assert.equal(await blockedClasses(contactId), 2);
});

test('looking changes nothing: the page has a button, whoever opens it', async () => {
  const { url, contactId } = await market('cyd@people.example');
  for (const method of ['GET', 'HEAD']) assert.equal((await fetch(url, { method })).status, 200);
  const html = await (await fetch(url)).text();
  assert.match(html, /<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">/);
  assert.match(html, /cyd@people\.example/);
  assert.equal(await blockedClasses(contactId), 0);
});

test('a POST that says anything else changes nothing', async () => {
  const { url, contactId } = await market('dan@people.example');
  for (const body of [
    '',
    'List-Unsubscribe=No',
    'List-Unsubscribe=One-Click&x=1',
    '{"List-Unsubscribe":"One-Click"}',
  ])
    assert.equal((await fetch(url, form(body))).status, 400, body);
  assert.equal(await blockedClasses(contactId), 0);
});

test('a token that was altered or made up leads nowhere', async () => {
  const { url } = await market('eve@people.example');
  const token = url.slice(url.lastIndexOf('/') + 1);
  const swapped = token.at(20) === 'A' ? 'B' : 'A';
  for (const odd of [`${token.slice(0, 20)}${swapped}${token.slice(21)}`, 'x', token.slice(0, 30), '%00'])
    assert.equal((await fetch(`${world.url}/u/${odd}`, form('List-Unsubscribe=One-Click'))).status, 404, odd);
});

test('transactional mail offers no way to leave', async () => {
  await reaches(world.ctx, await send('fay@people.example', 'transactional'), 'accepted');
  assert.deepEqual(leaving('fay@people.example'), {});
});
