/** Mail that tells of being opened, in workspaces that ask for it. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { stateName } from '../src/ledger/states.ts';
import { testDatabase } from './support/database.ts';
import { startMailWorld } from './support/mailWorld.ts';
import { deliveriesOf, reaches, sendMessage } from './support/messages.ts';
import { callApi } from './support/world.ts';
import { until } from './support/until.ts';

const database = await testDatabase();
const { world, sink, app, consoleKey, stop } = await startMailWorld(database.connection);
after(stop);

async function send(address: string, content: object): Promise<number> {
  const id = await sendMessage(
    world,
    { appId: app.appId, consoleKey },
    { destination: { channel: 'email', address }, content },
  );
  await reaches(world.ctx, id, 'accepted');
  return id;
}

async function track(trackOpens: boolean): Promise<void> {
  const path = `/api/workspaces/${app.appId}`;
  const { status } = await callApi(world, consoleKey, 'PATCH', path, { settings: { trackOpens } });
  assert.equal(status, 200);
}

const pictureIn = (address: string) =>
  /<img src="([^"]+\/o\/[^"]+)"/.exec(sink.to(address).at(-1)!.mail.html ?? '')?.[1];

test('nobody asked: mail has no picture', async () => {
  await send('ann@people.example', { type: 'text', text: 'Hello' });
  assert.equal(pictureIn('ann@people.example'), undefined);
});

test('asked for: showing the mail is reading it, once; asking whether the picture is there is not', async () => {
  await track(true);
  const id = await send('bea@people.example', {
    type: 'text',
    text: 'Hello',
    html: '<html><body><p>Hello</p></body></html>',
  });
  const picture = pictureIn('bea@people.example')!;
  assert.match(sink.to('bea@people.example')[0]!.mail.html!, /<p>Hello<\/p><img [^>]+><\/body>/);
  assert.equal((await fetch(picture, { method: 'HEAD' })).status, 200);
  assert.equal(stateName((await deliveriesOf(world.ctx, id))[0]!.state), 'accepted');
  for (let again = 0; again < 2; again++) {
    const shown = await fetch(picture);
    assert.equal(shown.headers.get('content-type'), 'image/gif');
    assert.equal(shown.headers.get('cache-control'), 'no-store');
  }
  assert.equal(stateName((await deliveriesOf(world.ctx, id))[0]!.state), 'read');
});

test('an address that was made up is no picture, and switched off means off', async () => {
  assert.equal((await fetch(`${world.url}/o/AbCdEfGh`)).status, 404);
  await track(false);
  await send('cyd@people.example', { type: 'text', text: 'Hello' });
  assert.equal(pictureIn('cyd@people.example'), undefined);
});

test('clicks: links of the HTML and of actions lead by way of us and are counted; switched off they are as written', async () => {
  const content = {
    type: 'text',
    text: 'Look',
    html: '<p><a href="https://shop.example/?a=1&amp;b=2">Look</a> <img src="https://shop.example/i.png"></p>',
  };
  const track = async (trackClicks: boolean) => {
    const path = `/api/workspaces/${app.appId}`;
    const { status } = await callApi(world, consoleKey, 'PATCH', path, { settings: { trackClicks } });
    assert.equal(status, 200);
  };
  await track(true);
  await send('dee@people.example', content);
  const html = sink.to('dee@people.example')[0]!.mail.html!;
  const short = /<a href="([^"]+)">/.exec(html)![1]!;
  assert.match(short, /\/l\/[\w-]+$/);
  assert.ok(html.includes('<img src="https://shop.example/i.png">'));
  const opened = await fetch(short, { redirect: 'manual', headers: { 'user-agent': 'Mozilla/5.0' } });
  assert.equal(opened.headers.get('location'), 'https://shop.example/?a=1&b=2');
  await until('the click is told', async () => {
    const rows = await world.ctx.sql`
      SELECT 1 FROM feed_log WHERE workspace_id = ${app.id} AND type = 'link.clicked'`;
    return rows.length === 1;
  });
  await track(false);
  await send('eve@people.example', content);
  assert.equal(sink.to('eve@people.example')[0]!.mail.html!.trim(), content.html);
});

test('an address whose Liquid an editor has encoded is each person’s own: filled in, and not one short link for all', async () => {
  const path = `/api/workspaces/${app.appId}`;
  const ok = async (method: string, to: string, body: object) => {
    const { status, json } = await callApi(world, consoleKey, method, path + to, body);
    assert.ok(status < 300, JSON.stringify(json));
    return json;
  };
  await ok('PATCH', '', { settings: { trackClicks: true } });
  const contacts: string[] = [];
  for (const name of ['gus', 'hal']) {
    const { id } = await ok('POST', '/contacts', { externalId: name });
    await ok('POST', `/contacts/${id}/destinations`, {
      channel: 'email',
      address: `${name}@people.example`,
    });
    contacts.push(id);
  }
  const { id } = await ok('POST', '/broadcasts', {
    name: 'encoded',
    channel: 'email',
    class: 'transactional',
    audience: { include: { contacts } },
    content: {
      type: 'text',
      text: 'Look',
      html: '<a href="https://shop.example/?id=%7B%7B%20contact.externalId%20%7D%7D">Yours</a> <a href="https://shop.example/all">All</a>',
    },
  });
  await ok('POST', `/broadcasts/${id}/start`, {});
  for (const name of ['gus', 'hal']) {
    const to = `${name}@people.example`;
    await until('it is there', () => sink.to(to).length > 0);
    const { html } = sink.to(to)[0]!.mail;
    assert.ok(html!.includes(`<a href="https://shop.example/?id=${name}">`), html);
    assert.match(html!, /<a href="[^"]+\/l\/[\w-]+">All/);
  }
});
