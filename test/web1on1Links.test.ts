/** Channel transfer by the Web1on1 API: links that bring the person along (seeds/web1on1-outbound; W41–W51). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { updateWorkspace } from '../src/accounts/workspaces.ts';
import { errors, must } from './sunshineProduct.ts';
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

test('W42 W49 W50 a link to an existing conversation, under the name of the organization', async () => {
  const telephone = newPhone();
  const begun = await call('POST', '/conversations', {
    contact: { profile: { telephone } },
    messages: [{ role: 'agent', text: 'Hey', touchpoint: 'sms' }],
  });
  must(await updateWorkspace(ctx.sql, { id: bot.workspaceId, settings: { linkDomain: 'cht.onl' } }));
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
