/** What an organization and a conversation can be set to, and what commands tell (W13, W18, W29, W33, W50, W51). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setIntegrationStatus } from '../src/accounts/integrations.ts';
import { toHex24 } from '../src/base/ids.ts';
import { until } from './support/until.ts';
import { webhooksOf } from './support/web1on1Webhooks.ts';
import { errors } from './sunshineProduct.ts';
import { callerOf, deviceOf, newBot, newPhone, startProduct, type Json } from './web1on1Product.ts';

const product = await startProduct();
const { url, simulator } = product;
const bot = await newBot(product);
const call = callerOf(url, bot.token);
const organization = `/organizations/${bot.organization}`;

async function begun(messages: object[] = [{ text: 'Hey there.', touchpoint: 'sms', role: 'agent' }]) {
  const phone = newPhone();
  const made = await call('POST', '/conversations', {
    type: 'contact',
    contact: { profile: { name: 'John Johnson', telephone: phone } },
    messages,
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const id: string = made.body.id;
  const post = (body: unknown) => call('POST', `/conversations/${id}/messages`, body);
  return { id, phone, post, made: made.body, device: deviceOf(product, bot, 'sms', phone) };
}

test('W50 W51 transfer links are short, under the name of the organization and the domain that is set', async () => {
  const set = await call('PATCH', organization, {
    displayName: 'YourComany',
    settings: { linkDomain: 'cht.onl', parentOrganization: 'aaa111111111111111111111' },
  });
  assert.equal(set.status, 200, JSON.stringify(set.body));
  assert.equal(set.body.displayName, 'YourComany');
  assert.equal(set.body.orgPath, `aaa111111111111111111111#${bot.organization}`);
  const { id } = await begun();
  const longUri = 'http://yoursite.com/widget?id={authuser}&token={authtoken}';
  // As in the source: an SMS, and the link a little later.
  const linked = await call('POST', `/conversations/${id}/messages`, [
    { role: 'agent', text: 'Hey there. Time for a new appointment.', touchpoint: 'sms' },
    {
      role: 'agent',
      text: 'Click the link to continue:',
      touchpoint: 'sms',
      delay: 5000,
      actions: [{ text: '[continue conversation]', type: 'link', uri: longUri }],
    },
  ]);
  const [action] = linked.body[1].actions;
  assert.match(action.uri, /^https:\/\/YourComany\.cht\.onl\/l\/\w+$/i);
  assert.equal(action.longUri, longUri);
  assert.equal(linked.body[1].orgPath, `aaa111111111111111111111#${bot.organization}`);
  const refused = await call('PATCH', organization, { settings: { linkDomain: 'not a domain' } });
  assert.deepEqual([refused.status, refused.body.error.field], [400, 'settings.linkDomain']);
});

test('pictures are those that are set, and a channel is offline while nothing that is answered there arrives', async () => {
  const { id } = await begun();
  const show = async () => (await call('GET', `/conversations/${id}`)).body;
  assert.deepEqual(new Set((await show()).participants.map((one: Json) => one.avatar)), new Set(['']));
  const refused = await call('PATCH', organization, { settings: { avatarUrl: 'http://shop.example/a b' } });
  assert.deepEqual([refused.status, refused.body.error.field], [400, 'settings.avatarUrl']);
  const avatarUrl = 'https://shop.example/bot.png';
  assert.equal((await call('PATCH', organization, { settings: { avatarUrl } })).status, 200);
  for (const { role, avatar } of (await show()).participants)
    assert.equal(avatar, role === 'contact' ? '' : avatarUrl, role);
  assert.equal((await call('GET', '/users/me')).body.avatar, avatarUrl);
  // Somebody waits, and the inbox is told.
  assert.equal(
    (await call('POST', `/conversations/${id}/messages`, { type: 'command', text: '/notify' })).status,
    201,
  );
  const { channels, channelsOffline } = await show();
  assert.deepEqual([channels.length, channelsOffline], [1, []]);
  const texts = ['twilio', 'messagebird'].map((name) =>
    Number.parseInt(bot.integrations[name]!.slice(8), 16),
  );
  const switchAll = async (status: 'active' | 'inactive') => {
    const { sql, ctx } = product;
    for (const one of texts) {
      const nowMs = ctx.clock.nowMs();
      const done = await setIntegrationStatus(sql, { workspaceId: bot.workspaceId, id: one, status, nowMs });
      assert.equal(done, true);
      ctx.directory.forget(one);
    }
  };
  await switchAll('inactive');
  assert.deepEqual((await show()).channelsOffline, channels);
  await switchAll('active');
  assert.deepEqual((await show()).channelsOffline, []);
});

test('W18 a template is in the language it names, the conversation’s or the organization’s', async () => {
  const meta = { namespace: '56cca706_4162_b9be_fc60_13623ff73b1e', elementName: 'your_car_is_ready' };
  const template = {
    role: 'agent',
    text: 'Your car is ready to be picked up!',
    touchpoint: 'whatsapp',
    meta,
  };
  const languages = async (messages: object[], more: object = {}) => {
    const made = await call('POST', '/conversations', {
      type: 'contact',
      contact: { profile: { telephone: newPhone() } },
      messages,
      ...more,
    });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const ids = (made.body.messages as string[]).map((id) => Number.parseInt(id.slice(8), 16));
    const rows =
      (await product.sql`SELECT id, content FROM messages WHERE id = ANY(${ids}) ORDER BY id`) as Json[];
    return { id: made.body.id, said: rows.map(({ content }) => content.template.language.code) };
  };
  assert.deepEqual((await languages([template])).said, ['en']);
  await call('PATCH', organization, { language: 'de' });
  assert.equal((await call('GET', organization)).body.language, 'de');
  assert.deepEqual((await languages([template])).said, ['de']);
  assert.deepEqual((await languages([template], { language: 'nl_NL' })).said, ['nl_NL']);
  const set = { type: 'command', text: '/set @language fr' };
  const { id, said } = await languages([
    template,
    set,
    template,
    { ...template, meta: { ...meta, language: 'nl' } },
  ]);
  assert.deepEqual(said, ['de', 'fr', 'nl']);
  assert.equal((await call('GET', `/conversations/${id}`)).body.language, 'fr');
  await call('PATCH', `/conversations/${id}`, { language: null });
  assert.equal((await call('GET', `/conversations/${id}`)).body.language, 'de');
});

test('W33 /notify tells the channels it names of the conversation, and /assign knows names', async () => {
  const hook = await webhooksOf(call, { events: ['channel.*'] });
  const { id, post } = await begun();
  const other = toHex24(77);
  await post({ type: 'command', text: '/leave' });
  await post({ type: 'command', text: '/notify' });
  await post({ type: 'command', text: '/notify', meta: { channels: [other] } });
  const told = await until('both are told', () => (hook.told.length >= 2 ? hook.told : undefined));
  assert.deepEqual(
    told.map(({ event, activity, data }: Json) => [
      event,
      activity.object,
      activity.target.id,
      data.channel.id,
    ]),
    [bot.organization, other].map((channel) => [
      'channel.notify',
      { type: 'conversation', id },
      channel,
      channel,
    ]),
  );
  const users = (await call('GET', '/users')).body as Json[];
  await post({ type: 'command', text: '/assign', meta: { users: users.map((user) => user.id) } });
  const { participants } = (await call('GET', `/conversations/${id}`)).body;
  for (const user of users)
    assert.equal(participants.find((one: Json) => one.user === user.id).name, user.name);
});

test('W35 where nobody has accepted yet, the answer says queued', async () => {
  const { made } = await begun([{ text: 'Later.', touchpoint: 'sms', role: 'agent', delay: 60_000 }]);
  assert.equal(made.status, 'queued');
  assert.equal(made.messages.length, 1);
  assert.deepEqual(made.participants, []);
});

test('W13 W29 texts go through Twilio where both providers are there and nothing else decides', async () => {
  const { device } = await begun();
  await device.arrived(1);
  const rows = await product.sql`SELECT DISTINCT integration_id FROM deliveries
    WHERE workspace_id = ${bot.workspaceId} AND channel = 'sms' AND integration_id IS NOT NULL`;
  assert.deepEqual(
    rows.map((row) => toHex24(row['integration_id'])),
    [bot.integrations['twilio']],
  );
});

test('W8 an answer by number is the option it stands for, in its own words', async () => {
  const { id, post, phone, device } = await begun();
  // The body of the source.
  await post({
    text: 'Which do you prefer?',
    role: 'agent',
    actions: [
      { type: 'reply', text: 'Tacos', iconUrl: 'http://example.org/taco.png', payload: 'TACOS' },
      { type: 'reply', text: 'Burritos', iconUrl: 'http://example.org/burrito.png', payload: 'BURRITOS' },
    ],
  });
  await device.arrived(2);
  await simulator.reply({ workspaceId: bot.workspaceId, channel: 'sms', address: phone, text: '2' });
  const heard = await until('it is heard', async () =>
    ((await call('GET', `/conversations/${id}/messages`)).body as Json[]).find(
      ({ role }) => role === 'contact',
    ),
  );
  assert.deepEqual([heard.type, heard.text, heard.meta.payload], ['chat', 'Burritos', 'BURRITOS']);
});

test('events take * for any of their parts; a short secret is taken, with a warning', async () => {
  const { made, texts } = await webhooksOf(call, { events: ['message.create.*.*'], secret: 's3cr' });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.equal(made.body.params.secret, 's3cr');
  assert.match(made.body.warnings[0], /^params\.secret: /);
  const odd = await webhooksOf(call, { events: ['*.create.contact.command'] });
  const { id, post } = await begun();
  await post({ type: 'command', text: '/join' });
  await until('both are told', () => texts(id).length === 2 && odd.texts(id).length === 1);
  assert.deepEqual(texts(id), ['Hey there.', '/join']);
  assert.deepEqual(odd.texts(id), ['/join']);
  assert.ok(odd.told.every(({ event }) => event === 'message.create.contact.command'));
  const none = await webhooksOf(call, { events: ['message.*.contact.nothing'] });
  assert.equal(none.made.status, 400);
});

test('nothing was an error', () => assert.deepEqual(errors, []));
