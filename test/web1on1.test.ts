/** Reaching people through the Web1on1 API (seeds/web1on1-outbound; W1–W40). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { issueAccessToken } from '../src/accounts/accessTokens.ts';
import { revokeKey } from '../src/accounts/keys.ts';
import { bucketOf, toHex24 } from '../src/base/ids.ts';
import { errors } from './sunshineProduct.ts';
import { callerOf, deviceOf, newBot, newPhone, startProduct, type Json } from './web1on1Product.ts';
import { until } from './support/until.ts';

const product = await startProduct();
const { url, ctx, simulator } = product;
const bot = await newBot(product);
const call = callerOf(url, bot.token);

const replyFrom = (channel: 'sms' | 'whatsapp', address: string, text: string, payload?: string) =>
  simulator.reply({
    workspaceId: bot.workspaceId,
    channel,
    address,
    text,
    ...(payload === undefined ? {} : { payload }),
  });

const begin = (telephone: string, messages: object[], more: object = {}) =>
  call('POST', '/conversations', {
    organization: bot.organization,
    type: 'contact',
    contact: { profile: { name: 'John Johnson', telephone } },
    messages,
    ...more,
  });

const sms = (text: string, more: object = {}) => ({ text, touchpoint: 'sms', role: 'agent', ...more });

async function begun(more: object[] = []) {
  const phone = newPhone();
  const made = await begin(phone, [sms('Hey there.'), ...more]);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const id: string = made.body.id;
  return {
    id,
    phone,
    made: made.body,
    device: deviceOf(product, bot, 'sms', phone),
    post: (body: unknown) => call('POST', `/conversations/${id}/messages`, body),
    get: async (): Promise<Json> => (await call('GET', `/conversations/${id}`)).body,
    reply: (text: string) => replyFrom('sms', phone, text),
  };
}

describe('tokens', () => {
  test('a key is a refresh token, and may be used as it is', async () => {
    const given = await callerOf(url, '')('POST', '/auth/token', {
      clientId: bot.email,
      refreshToken: bot.key,
    });
    assert.equal(given.status, 201);
    assert.equal(given.body.tokenType, 'Bearer');
    assert.equal(given.body.user, bot.user);
    assert.equal(given.body.organization, bot.organization);
    assert.equal(given.body.scope, 'viewer guest agent bot admin');
    assert.ok(Date.parse(given.body.expiresAt) > ctx.clock.nowMs());
    for (const token of [given.body.token, bot.key])
      assert.equal((await callerOf(url, token)('GET', '/users/me')).body.name, 'testbot');
    const claims = JSON.parse(Buffer.from(given.body.token.split('.')[1], 'base64url').toString());
    assert.equal(claims._id, bot.user);
    assert.equal(claims.grant_type, 'access_token');
  });

  test('what is no token is refused in words that make the client refresh', async () => {
    const [head, claims, signature] = bot.token.split('.');
    const longer = Buffer.from(
      JSON.stringify({ ...JSON.parse(Buffer.from(claims!, 'base64url').toString()), exp: 9e9 }),
    ).toString('base64url');
    for (const token of ['x', 'a.b.c', `${head}.${longer}.${signature}`, `${bot.key}x`]) {
      const refused = await callerOf(url, token)('GET', '/users/me');
      assert.equal(refused.status, 401);
      assert.match(refused.body.error.message, /jwt expired|invalid signature|invalid token/i);
    }
    assert.equal((await callerOf(url, '')('GET', '/users/me')).status, 401);
    const wrong = await callerOf(url, '')('POST', '/auth/token', { refreshToken: 'wob_x.y' });
    assert.equal(wrong.status, 401);
    const other = await callerOf(url, '')('POST', '/auth/token', {
      clientId: `bot+${'a'.repeat(24)}@web1on1.chat`,
      refreshToken: bot.key,
    });
    assert.equal(other.status, 401);
  });

  test('a key that was revoked or is over takes its tokens along', async () => {
    const gone = await newBot(product, ['bot'], bot);
    const me = () => callerOf(url, gone.token)('GET', '/users/me');
    assert.equal((await me()).status, 200);
    const [keyId] = gone.key.split('.');
    const owner = { workspaceId: bot.workspaceId };
    await revokeKey(product.sql, { owner, door: 'web1on1', keyId: keyId!, nowMs: ctx.clock.nowMs() });
    ctx.keyring.forgetKey('web1on1', keyId!);
    assert.equal((await me()).status, 401);
    assert.equal((await callerOf(url, '')('POST', '/auth/token', { refreshToken: gone.key })).status, 401);
    const claims = JSON.parse(Buffer.from(bot.token.split('.')[1]!, 'base64url').toString());
    const old = issueAccessToken(ctx.vault, { ...claims, exp: Math.floor(ctx.clock.nowMs() / 1000) - 1 });
    const expired = await callerOf(url, old)('GET', '/users/me');
    assert.equal(expired.status, 401);
    assert.equal(expired.body.error.message, 'jwt expired');
  });

  test('a person signs in, acts in the role of the membership, and stays signed in by the refresh token', async () => {
    const [operator] =
      await product.sql`SELECT o.email, o.id FROM operators o JOIN memberships m ON m.operator_id = o.id
      WHERE m.workspace_id = ${bot.workspaceId}`;
    const email: string = operator!['email'];
    const ask = callerOf(url, '');
    const given = await ask('POST', '/auth/token', { email, password: 'correct horse battery' });
    assert.equal(given.status, 201, JSON.stringify(given.body));
    assert.equal(given.body.user, toHex24(operator!['id']));
    assert.equal((await callerOf(url, given.body.token)('GET', '/users/me')).body.email, email);
    const again = await ask('POST', '/auth/token', { refreshToken: given.body.refreshToken });
    assert.equal(again.status, 201);
    await product.sql`UPDATE memberships SET role = 'viewer' WHERE operator_id = ${operator!['id']}`;
    ctx.keyring.forgetRoles(operator!['id']);
    assert.equal((await callerOf(url, again.body.token)('GET', '/conversations')).status, 403);
    assert.equal((await ask('POST', '/auth/token', { email, password: 'wrong horse battery' })).status, 401);
  });

  test('a token may do what its scope allows', async () => {
    const guest = await newBot(product, ['guest'], bot);
    const asGuest = callerOf(url, guest.token);
    assert.equal((await asGuest('GET', '/conversations')).status, 403);
    assert.equal((await asGuest('POST', '/services', { type: 'webhook', params: { url: 'x' } })).status, 403);
    assert.equal((await asGuest('GET', '/users/me')).status, 200);
  });
});

describe('beginning a conversation', () => {
  test('W20 W22 W23 W24 W28 W29 W31 W32 W33 W34 W35 W36 W37 W38 W39 the example of the document', async () => {
    const phone = newPhone();
    const made = await begin(phone, [
      sms('Hey there.'),
      { text: 'How are you?', role: 'agent' },
      { text: '/leave', type: 'command', delay: 300 },
    ]);
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const shown = made.body;
    for (const field of [
      'organization orgPath name type slug url status contact participants messages channels channelsOffline touchpoints',
      'forms results createdBy updatedAt createdAt id',
    ].flatMap((names) => names.split(' ')))
      assert.ok(field in shown, field);
    assert.equal(shown.organization, bot.organization);
    assert.equal(shown.orgPath.split('#').at(-1), bot.organization);
    assert.equal(shown.type, 'contact');
    assert.match(shown.slug, /^[A-Z0-9]{9}$/);
    assert.equal(shown.url, `https://app.web1on1.chat/c/${shown.slug}`);
    assert.equal(shown.status, 'active');
    assert.equal(shown.createdBy, bot.user);
    assert.equal(shown.messages.length, 3);
    for (const id of [shown.id, shown.contact, ...shown.messages]) assert.match(id, /^[0-9a-f]{24}$/);
    assert.deepEqual(
      { ...shown.participants[0], createdAt: '', updatedAt: '' },
      {
        user: bot.user,
        name: 'testbot',
        avatar: '',
        role: 'agent',
        unreadCount: 0,
        inbox: false,
        accepted: true,
        active: true,
        createdAt: '',
        updatedAt: '',
      },
    );
    assert.equal(shown.touchpoints.sms.selected, true);
    assert.ok(shown.touchpoints.sms.services.includes(bot.integrations['twilio']));
    assert.deepEqual(shown.touchpoints.email.services, []);
    const texts = await deviceOf(product, bot, 'sms', phone).arrived(2);
    assert.deepEqual(
      texts.map(({ content }) => content.text),
      ['Hey there.', 'How are you?'],
    );
    const closed = await until('closed', async () => {
      const { body } = await call('GET', `/conversations/${shown.id}`);
      return body.status === 'closed' && body;
    });
    assert.deepEqual(
      closed.participants.map(({ active, accepted }: Json) => [active, accepted]),
      [[false, false]],
    );
    const contact = (await call('GET', `/contacts/${shown.contact}`)).body;
    assert.deepEqual(contact.profile, {
      name: 'John Johnson',
      givenName: 'John',
      familyName: 'Johnson',
      telephone: phone,
    });
    assert.equal(contact.conversation, shown.id);
  });

  test('W21 W26 one contact has one conversation: beginning another is a conflict that names the field', async () => {
    const { phone } = await begun();
    const again = await begin(phone, [sms('Again')]);
    assert.equal(again.status, 409);
    assert.equal(again.body.error.field, 'contact.profile.telephone');
    const found = await call('GET', `/contacts?profile.telephone=${encodeURIComponent(phone)}`);
    assert.equal(found.body.length, 1);
  });

  test('W23 W25 W28 what is missing is said', async () => {
    const profile = { name: 'Nobody' };
    const refused = async (body: object, field: string, status = 400) => {
      const sent = await call('POST', '/conversations', body);
      assert.equal(sent.status, status, JSON.stringify(sent.body));
      assert.equal(sent.body.error.field, field);
    };
    const telephone = newPhone();
    await refused({ type: 'contact', contact: { profile }, messages: [sms('x')] }, 'contact.profile');
    await refused({ type: 'contact', messages: [sms('x')] }, 'contact');
    await refused({ type: 'contact', contact: { profile: { telephone } } }, 'messages');
    await refused(
      { type: 'contact', contact: { profile: { telephone } }, messages: [{ text: 'to the agents' }] },
      'messages',
    );
    await refused(
      { type: 'contact', contact: { profile: { telephone } }, messages: [{ text: 'x', role: 'agent' }] },
      'messages[0].touchpoint',
    );
    await refused(
      {
        type: 'contact',
        contact: { profile: { telephone } },
        messages: [{ ...sms('x'), touchpoint: 'email' }],
      },
      'messages[0].touchpoint',
      422,
    );
    assert.deepEqual(
      (await call('GET', `/contacts?profile.telephone=${encodeURIComponent(telephone)}`)).body,
      [],
    );
  });

  test('a conversation within a team needs neither contact nor type', async () => {
    const made = await call('POST', '/conversations', { name: 'Plans', messages: [{ text: 'Hello team' }] });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.equal(made.body.name, 'Plans');
    assert.equal(made.body.contact, undefined);
    const said = await call('GET', `/messages?conversation=${made.body.id}`);
    assert.deepEqual(
      said.body.map(({ text }: Json) => text),
      ['Hello team'],
    );
  });
});

describe('messages', () => {
  test('W1 W2 W3 W9 W27 W30 only what agents say in the main stream reaches the contact', async () => {
    const { post, device, id } = await begun();
    for (const body of [
      { text: 'for agents' },
      { text: 'bot', role: 'bot' },
      { text: 'side', role: 'agent', isBackchannel: true },
      { text: 'tag', role: 'agent', type: 'tag' },
      { text: '>bot command', type: 'command', role: 'agent' },
    ])
      assert.equal((await post(body)).status, 201);
    const plain = await post({ text: 'Hello' });
    assert.equal(plain.body.type, 'chat');
    assert.equal(plain.body.role, 'bot');
    assert.equal(plain.body.contentType, 'text/plain');
    assert.equal(plain.body.user, bot.user);
    assert.equal(plain.body.conversation, id);
    const sent = await post({ type: 'chat', role: 'agent', text: 'Here is some information' });
    assert.equal(sent.status, 201);
    const texts = await device.arrived(2);
    assert.deepEqual(
      texts.map(({ content }) => content.text),
      ['Hey there.', 'Here is some information'],
    );
    const all = await call('GET', `/messages?conversation=${id}&sort=createdAt`);
    assert.equal(all.body.length, 8);
    const ofAgents = await call('GET', `/messages?conversation=${id}&role=agent&type=chat`);
    assert.equal(ofAgents.body.length, 3);
  });

  test('W4 a touchpoint that is not selected', async () => {
    const { post, phone, get } = await begun();
    const sent = await post({ text: 'Said', role: 'agent', touchpoint: 'voice' });
    assert.equal(sent.status, 201, JSON.stringify(sent.body));
    await deviceOf(product, bot, 'voice', phone).arrived(1);
    assert.equal((await get()).touchpoints.sms.selected, true);
    const odd = await post({ text: 'x', role: 'agent', touchpoint: 'pigeon' });
    assert.equal(odd.status, 400);
    assert.equal(odd.body.error.field, 'touchpoint');
  });

  test('W5 W6 W7 W8 W10 cards, postbacks, replies and files, as they are posted and as they are sent', async () => {
    const { post, device } = await begun();
    const uri = 'http://example.org/taco.html';
    const bodies: Json[] = [
      {
        type: 'card',
        text: 'Favorite food?',
        role: 'agent',
        items: [
          { title: 'Tacooos', actions: [{ type: 'link', text: 'Taco 1', url: uri, uri }] },
          { title: 'Burritoos', actions: [{ type: 'link', text: 'Burro 1', url: uri, uri }] },
        ],
      },
      {
        text: 'Favorite color?',
        role: 'agent',
        actions: [
          { text: 'Red', payload: 'red', type: 'postback' },
          { text: 'Blue', payload: 'blue', type: 'postback' },
        ],
      },
      {
        text: 'Which do you prefer?',
        role: 'agent',
        actions: [
          { type: 'reply', text: 'Tacos', iconUrl: 'http://example.org/taco.png', payload: 'TACOS' },
          { type: 'reply', text: 'Burritos', iconUrl: 'http://example.org/b.png', payload: 'BURRITOS' },
        ],
      },
      {
        role: 'agent',
        text: 'http://infolab.stanford.edu/pub/papers/google.pdf',
        contentType: 'application/pdf',
        meta: { title: 'Google' },
      },
    ];
    const sent = await post(bodies);
    assert.equal(sent.status, 201, JSON.stringify(sent.body));
    sent.body.forEach((shown: Json, at: number) => {
      for (const [field, value] of Object.entries(bodies[at])) assert.deepEqual(shown[field], value);
    });
    const arrived = await device.arrived(5);
    assert.deepEqual(
      arrived.map(({ content }) => content.type),
      ['text', 'carousel', 'text', 'text', 'file'],
    );
    assert.equal(arrived[4].content.mediaUrl, bodies[3].text);
    assert.equal(arrived[4].content.title, 'Google');
  });

  test('W7 W8 a clicked postback is a postback with its payload, a quick reply is what was chosen', async () => {
    const telephone = newPhone();
    const made = await begin(telephone, [
      { role: 'agent', text: 'Ready', touchpoint: 'whatsapp', meta: { elementName: 'ready' } },
    ]);
    const path = `/conversations/${made.body.id}/messages`;
    const device = deviceOf(product, bot, 'whatsapp', telephone);
    await device.arrived(1);
    await replyFrom('whatsapp', telephone, 'Hello');
    const action = (type: string, text: string, payload: string) => ({ type, text, payload });
    const color = [action('postback', 'Red', 'RED'), action('postback', 'Blue', 'BLUE')];
    await until('free text', async () => {
      const sent = await call('POST', path, { role: 'agent', text: 'Color?', actions: color });
      return sent.status === 201;
    });
    const food = [action('reply', 'Tacos', 'TACOS')];
    await call('POST', path, { role: 'agent', text: 'Food?', actions: food });
    await device.arrived(3);
    for (const { text, payload } of [color[0]!, color[0]!, food[0]!])
      await replyFrom('whatsapp', telephone, text, payload);
    const heard = await until('answers', async () => {
      const { body } = await call('GET', `${path}?role=contact`);
      return body.length === 4 && body;
    });
    assert.deepEqual(
      heard.map(({ type, text }: Json) => [type, text]),
      [
        ['chat', 'Hello'],
        ['postback', 'RED'],
        ['postback', 'RED'],
        ['chat', 'Tacos'],
      ],
    );
  });

  test('what is erased is gone from here, too', async () => {
    const { id, made, post } = await begun();
    await post({ text: 'A note about John' });
    const erased = await fetch(`${url}/v1.1/apps/${bot.appId}/appusers/${made.contact}`, {
      method: 'DELETE',
      headers: { authorization: `Basic ${Buffer.from(`${bot.keyId}:${bot.secret}`).toString('base64')}` },
    });
    assert.equal(erased.status, 200, await erased.text());
    assert.equal((await call('GET', `/conversations/${id}`)).status, 404);
    const left =
      await product.sql`SELECT 1 FROM posts WHERE conversation_id = ${Number.parseInt(id.slice(8), 16)}`;
    assert.equal(left.length, 0);
  });

  test('W11 W34 a delay postpones, and keeps the order of what was posted together', async () => {
    const { post, device } = await begun();
    const beganMs = ctx.clock.nowMs();
    await post([
      { text: 'one', role: 'agent', delay: 250 },
      { text: 'two', role: 'agent' },
      { text: 'three', role: 'agent', delay: 150 },
    ]);
    const arrived = await device.arrived(4);
    assert.ok(ctx.clock.nowMs() - beganMs >= 390);
    assert.deepEqual(
      arrived.map(({ content }) => content.text),
      ['Hey there.', 'one', 'two', 'three'],
    );
  });

  test('W12 typing is shown two seconds before the end of a long delay of a long text, else one', async () => {
    const { post, id } = await begun();
    const long = 'a text that is longer than forty characters, by some';
    const at = async (text: string, delay: number) => {
      const { body } = await post({ text, role: 'agent', delay });
      const rows = await product.sql`SELECT seq, due_ms FROM due
        WHERE kind = 6 AND cause_id = ${Number.parseInt(body.id.slice(8), 16)} ORDER BY seq`;
      return rows[0]!['due_ms'] - rows[1]!['due_ms'];
    };
    assert.equal(await at(long, 60_000), 2000);
    assert.equal(await at('short', 60_000), 1000);
    assert.equal(await at(long, 2000), 1000);
    await post({ text: 'soon', role: 'agent', delay: 20 });
    await until('typing', async () => {
      const told = await product.sql`SELECT payload FROM feed_log WHERE type = 'conversation.typing'
        AND (payload ->> 'conversationId')::bigint = ${Number.parseInt(id.slice(8), 16)}`;
      for (const { payload } of told) assert.equal(payload.by, 'business');
      return told.some(({ payload }) => payload.on) && told.some(({ payload }) => !payload.on);
    });
  });

  test('W13 W14 W48 a Sender ID makes a one-way SMS, and has rules', async () => {
    const { post, device } = await begun();
    const sent = await post({ ...sms('Hello'), meta: { SenderID: 'Tims Trucks' } });
    assert.equal(sent.status, 201, JSON.stringify(sent.body));
    assert.equal((await device.arrived(2))[1].content.senderId, 'Tims Trucks');
    for (const SenderID of ['Tims Truckshop', '12345', 'Tïm', '', ' Tim']) {
      const refused = await post({ ...sms('Hello'), meta: { SenderID } });
      assert.equal(refused.status, 422, SenderID);
      assert.equal(refused.body.error.field, 'meta.SenderID');
    }
    const elsewhere = await post({
      text: 'x',
      role: 'agent',
      touchpoint: 'whatsapp',
      meta: { SenderID: 'Tim' },
    });
    assert.equal(elsewhere.status, 422);
  });

  test('W15 W16 W17 W18 W40 WhatsApp begins with a template; free text waits until the contact writes', async () => {
    const telephone = newPhone();
    const template = {
      role: 'agent',
      text: 'Your car is ready to be picked up!',
      touchpoint: 'whatsapp',
      meta: { namespace: '56cca706_4162_b9be_fc60_13623ff73b1e', elementName: 'your_car_is_ready' },
    };
    const refused = await begin(telephone, [{ text: 'Hi', role: 'agent', touchpoint: 'whatsapp' }]);
    assert.equal(refused.status, 422);
    assert.match(refused.body.error.message, /24 hours/);
    const made = await begin(telephone, [template]);
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const device = deviceOf(product, bot, 'whatsapp', telephone);
    const [first] = await device.arrived(1);
    assert.equal(first.content.type, 'nativeTemplate');
    assert.deepEqual(first.content.template.language.code, 'en');
    const path = `/conversations/${made.body.id}/messages`;
    const nl = await call('POST', path, { ...template, meta: { ...template.meta, language: 'nl_NL' } });
    assert.equal(nl.status, 201);
    const odd = await call('POST', path, { ...template, meta: { ...template.meta, language: 'Dutch!' } });
    assert.equal(odd.body.error.field, 'meta.language');
    assert.equal((await call('POST', path, { text: 'Hi', role: 'agent' })).status, 422);
    await replyFrom('whatsapp', telephone, 'Thanks');
    await until('free text', async () => {
      const sent = await call('POST', path, { text: 'Welcome', role: 'agent' });
      return sent.status === 201;
    });
  });
});

describe('whose turn it is', () => {
  test('W33 leaving closes; what the contact says then is for the inbox; accepting takes it', async () => {
    const { id, post, get, reply } = await begun();
    assert.equal((await get()).status, 'active');
    assert.equal((await post({ text: '/leave', type: 'command' })).status, 201);
    assert.equal((await get()).status, 'closed');
    await reply('Are you there?');
    const queued = await until('queued', async () => {
      const now = await get();
      return now.status === 'queued' && now;
    });
    assert.deepEqual(queued.channels, [bot.organization]);
    assert.equal(queued.participants[0].unreadCount, 1);
    const heard = await call('GET', `/messages?conversation=${id}&role=contact`);
    assert.equal(heard.body[0].text, 'Are you there?');
    await post({ text: '/accept', type: 'command' });
    const taken = await get();
    assert.equal(taken.status, 'active');
    assert.deepEqual(taken.channels, []);
    assert.equal(taken.participants[0].unreadCount, 0);
  });

  test('/join, /assign, /notify and /set', async () => {
    const { post, get } = await begun();
    const command = (text: string, meta: object = {}) => post({ text, type: 'command', meta });
    const someone = 'a'.repeat(24);
    await command('/assign', { users: [someone] });
    const assigned = (await get()).participants.find(({ user }: Json) => user === someone);
    assert.equal(assigned.inbox, true);
    await command('/set color deep blue');
    await command('/set @category 2');
    const set = await get();
    assert.deepEqual(set.meta, { color: 'deep blue' });
    assert.equal(set.category, '2');
    await command('/set color');
    assert.deepEqual((await get()).meta, {});
    await command('/leave');
    await command('/notify');
    assert.equal((await get()).status, 'queued');
    await command('/join');
    assert.equal((await get()).participants.find(({ user }: Json) => user === bot.user).active, true);
  });
});

describe('lists', () => {
  test('filters, operators, sorting, selecting, filling in, pages', async () => {
    const tag = `t${ctx.ids.spread()}`;
    for (const name of ['Anna', 'Bert', 'Carl'])
      assert.equal(
        (await begin(newPhone(), [sms('Hi')], { name, tags: [tag], meta: { of: name } })).status,
        201,
      );
    const names = async (query: string) => {
      const sent = await call('GET', `/conversations?tags=${tag}&${query}`);
      assert.equal(sent.status, 200, JSON.stringify(sent.body));
      return sent.body.map(({ name }: Json) => name).join();
    };
    assert.equal(await names('sort=-name'), 'Carl,Bert,Anna');
    assert.equal(await names('name=[Anna,Carl]'), 'Anna,Carl');
    assert.equal(await names('name=~er'), 'Bert');
    assert.equal(await names('name=^Ca'), 'Carl');
    assert.equal(await names('meta.of=Bert'), 'Bert');
    assert.equal(
      await names(`participants.user=${bot.user}&participants.accepted=true&sort=name`),
      'Anna,Bert,Carl',
    );
    assert.equal(await names('participants.inbox=true'), '');
    assert.equal(await names('createdAt=>2100-01-01'), '');
    assert.equal(await names('createdAt=>=2020-01-01&limit=2'), 'Anna,Bert');
    const first = await call('GET', `/conversations?tags=${tag}&limit=2&select=name`);
    assert.deepEqual(Object.keys(first.body[0]).toSorted(), ['id', 'name']);
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get('link')!)![1]!;
    const second = await fetch(next, { headers: { authorization: `Bearer ${bot.token}` } });
    assert.equal(((await second.json()) as Json)[0].name, 'Carl');
    assert.equal(second.headers.get('link'), null);
    const [filled] = (await call('GET', `/conversations?tags=${tag}&limit=1&populate=messages,contact`)).body;
    assert.equal(filled.messages[0].text, 'Hi');
    assert.equal(filled.contact.profile.name, 'John Johnson');
    assert.equal((await call('GET', '/conversations?color=red')).status, 400);
    assert.equal((await call('GET', '/messages')).status, 400);
  });

  test('messages of all conversations are found, however many conversations there are', async () => {
    const many = await newBot(product);
    const all = callerOf(url, many.token);
    const ids = Array.from({ length: 700 }, () => ctx.ids.spread());
    const buckets = ids.map(bucketOf);
    await ctx.sql`
      INSERT INTO threads (bucket, id, workspace_id, type, status, name, slug, created_by, created_ms, updated_ms)
      SELECT bucket, id, ${many.workspaceId}, 'agent', 'active', 'Team', id::text, 'x', 1, id
      FROM unnest(${buckets}::smallint[], ${ids}::bigint[]) AS k (bucket, id)`;
    await ctx.sql`
      INSERT INTO posts (bucket, id, conversation_id, workspace_id, type, role, user_id, spoken, wire, at_ms)
      SELECT bucket, id + 262144, id, ${many.workspaceId}, 'chat', 'bot', 'x', false, '{"text":"Hi"}',
        1790000000000 + row_number() OVER (ORDER BY id)
      FROM unnest(${buckets}::smallint[], ${ids}::bigint[]) AS k (bucket, id)`;
    const found = await all('GET', '/messages?role=bot&limit=2000&sort=createdAt');
    assert.deepEqual(
      found.body.map(({ conversation }: Json) => conversation),
      ids.toSorted((a, b) => a - b).map(toHex24),
    );
    const page = await all('GET', '/messages?role=bot&limit=10&offset=690&sort=createdAt');
    assert.equal(page.body.at(-1).id, found.body.at(-1).id);
    assert.deepEqual((await all('GET', '/messages?role=contact')).body, []);
  });

  test("another organization's things are not there", async () => {
    const { id, made } = await begun();
    const other = await newBot(product);
    const theirs = callerOf(url, other.token);
    for (const path of [`/conversations/${id}`, `/contacts/${made.contact}`, `/messages/${made.messages[0]}`])
      assert.equal((await theirs('GET', path)).status, 404);
    assert.equal((await theirs('POST', `/conversations/${id}/messages`, { text: 'x' })).status, 404);
    assert.deepEqual((await theirs('GET', `/messages?conversation=${id}`)).body, []);
    assert.deepEqual((await theirs('GET', `/messages?id=${made.messages[0]}`)).body, []);
    assert.deepEqual((await theirs('GET', '/conversations')).body, []);
  });
});

test('a repeat with the same Idempotency-Key is answered as the first was', async () => {
  const phone = newPhone();
  const body = { contact: { profile: { telephone: phone } }, messages: [sms('Once')] };
  const [first, second] = [
    await call('POST', '/conversations', body, { 'idempotency-key': 'once' }),
    await call('POST', '/conversations', body, { 'idempotency-key': 'once' }),
  ];
  assert.equal(first.status, 201, JSON.stringify(first.body));
  assert.deepEqual(second.body, first.body);
  assert.equal(second.headers.get('idempotent-replayed'), 'true');
});

test('nothing was an error', () => {
  assert.deepEqual(errors, []);
});
