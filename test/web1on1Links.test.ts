/** Channel transfer by the Web1on1 API: links that bring the person along (seeds/web1on1-outbound; W41–W51). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { updateWorkspace } from '../src/accounts/workspaces.ts';
import { errors, must } from './sunshineProduct.ts';
import { until } from './support/until.ts';
import { callerOf, deviceOf, newBot, newPhone, startProduct, type Json } from './web1on1Product.ts';

const product = await startProduct();
const { url, ctx } = product;
const bot = await newBot(product);
const call = callerOf(url, bot.token);
const longUri = 'https://yourwebsite.com/widget?id={authuser}&token={authtoken}';
const link = { text: '[continue conversation]', type: 'link', uri: longUri };

/** Where a short link leads. */
async function follow(short: string): Promise<URL> {
  const answer = await fetch(short, { redirect: 'manual', headers: { 'user-agent': 'Mozilla/5.0' } });
  assert.ok(answer.status >= 301 && answer.status < 400, String(answer.status));
  return new URL(answer.headers.get('location')!);
}

function isFollowed(to: URL, contact: string): void {
  assert.equal(to.origin + to.pathname, 'https://yourwebsite.com/widget');
  assert.ok(to.searchParams.get('id'), contact);
  assert.ok(to.searchParams.get('token')!.length > 16);
}

test('W41 W43 W44 W45 W47 W51 an invitation by e-mail has a short link; the original stays in longUri', async () => {
  const email = 'john.johnson@example.com';
  const made = await call('POST', '/conversations', {
    organization: bot.organization,
    type: 'contact',
    contact: { profile: { name: 'John Johnson', email } },
    messages: [{ role: 'agent', text: 'Click the link to continue:', touchpoint: 'email', actions: [link] }],
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const shown = (await call('GET', `/messages/${made.body.messages[0]}`)).body;
  const [action] = shown.actions;
  assert.equal(action.longUri, longUri);
  assert.equal(action.text, link.text);
  assert.match(action.uri, /\/l\/[A-Za-z0-9]{9,}$/);
  await deviceOf(product, bot, 'email', email).arrived(1);
  isFollowed(await follow(action.uri), made.body.contact);
});

test('W46 W48 an invitation by SMS: a text, then a delayed link, from a Sender ID', async () => {
  const telephone = newPhone();
  const meta = { SenderID: 'Tims Trucks' };
  const made = await call('POST', '/conversations', {
    organization: bot.organization,
    type: 'contact',
    contact: { profile: { name: 'John Johnson', telephone } },
    messages: [
      { role: 'agent', text: 'Hey there. Time for a new appointment.', touchpoint: 'sms', meta },
      {
        role: 'agent',
        text: 'Click the link to continue:',
        touchpoint: 'sms',
        delay: 100,
        actions: [link],
        meta,
      },
    ],
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const texts = await deviceOf(product, bot, 'sms', telephone).arrived(2);
  assert.deepEqual(
    texts.map(({ content }) => content.senderId),
    ['Tims Trucks', 'Tims Trucks'],
  );
  assert.match(texts[1].content.actions[0].uri, /\/l\//);
});

test('a conversation that went to the web is answered there while the person looks, by SMS once they left', async () => {
  const telephone = newPhone();
  const uri = `${product.url}/chat/${bot.appId}?id={authuser}&token={authtoken}`;
  const made = await call('POST', '/conversations', {
    organization: bot.organization,
    contact: { profile: { telephone } },
    messages: [{ role: 'agent', text: 'Go on here:', touchpoint: 'sms', actions: [{ ...link, uri }] }],
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const device = deviceOf(product, bot, 'sms', telephone);
  await device.arrived(1);
  const shown = (await call('GET', `/messages/${made.body.messages[0]}`)).body;
  const target = await follow(shown.actions[0].uri);
  const chat = async (path: string, body: object, token?: string): Promise<Json> => {
    const response = await fetch(`${product.url}/chat/${path}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify(body),
    });
    assert.ok(response.ok, `${path}: ${response.status}`);
    return await response.json();
  };
  const { token } = await chat('session', Object.fromEntries(target.searchParams));
  const looking = new AbortController();
  const stream = await fetch(`${product.url}/chat/events`, {
    headers: { authorization: `Bearer ${token}` },
    signal: looking.signal,
  });
  let seen = '';
  const reading = (async () => {
    for await (const text of stream.body!.pipeThrough(new TextDecoderStream())) seen += text;
  })().catch(() => {});
  await chat('messages', { text: 'I am here' }, token);
  const say = (text: string) =>
    call('POST', `/conversations/${made.body.id}/messages`, { role: 'agent', text });
  await until('the conversation is on the web', async () => {
    const { touchpoints } = (await call('GET', `/conversations/${made.body.id}`)).body;
    return touchpoints.web?.selected === true;
  });
  assert.equal((await say('Welcome')).status, 201);
  await until('it is on the page', () => seen.includes('Welcome'));
  looking.abort();
  await reading;
  const contact = Number.parseInt(made.body.contact.slice(8), 16);
  await until(
    'the person has left',
    async () => (await ctx.sql`SELECT 1 FROM chat_presence WHERE contact_id = ${contact}`).length === 0,
  );
  assert.equal((await say('See you')).status, 201);
  const texts = await device.arrived(2);
  assert.deepEqual(
    texts.slice(1).map(({ content }) => content.text),
    ['See you'],
  );
});

test('W42 W49 W50 a link to an existing conversation, under the name of the organization', async () => {
  const telephone = newPhone();
  const begun = await call('POST', '/conversations', {
    contact: { profile: { telephone } },
    messages: [{ role: 'agent', text: 'Hey', touchpoint: 'sms' }],
  });
  must(
    await updateWorkspace(ctx.sql, {
      id: bot.workspaceId,
      settings: { linkDomain: 'cht.onl' },
      nowMs: ctx.clock.nowMs(),
    }),
  );
  ctx.directory.forget(bot.workspaceId);
  const posted = await call('POST', `/conversations/${begun.body.id}/messages`, {
    role: 'agent',
    text: 'Go on here:',
    actions: [link],
  });
  assert.equal(posted.status, 201, JSON.stringify(posted.body));
  const [action] = posted.body.actions as Json[];
  assert.match(action.uri, /^https:\/\/Shop\.cht\.onl\/l\/[A-Za-z0-9]{9,}$/);
  assert.equal(action.longUri, longUri);
});

test('nothing was an error', () => {
  assert.deepEqual(errors, []);
});
