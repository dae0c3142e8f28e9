/** The Sunshine door, driven over HTTP: notifications, messages, webhooks and what they tell (N1–N21). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromHex24, fromUuid, toHex24 } from '../src/base/ids.ts';
import { startReceiver } from './support/receiver.ts';
import { until } from './support/until.ts';
import { caller, errors, jwt, startProduct, type App, type Reply } from './sunshineProduct.ts';

// The API's own names begin with a dash below; its answers are looked into freely here.
/* oxlint-disable no-underscore-dangle, typescript/no-explicit-any */
type Json = any;

const product = await startProduct();
const { url, sql } = product;
const receiver = await startReceiver();
let numbers = 0;
const newNumber = () => `+1514555${String(++numbers).padStart(4, '0')}`;

const app = await product.newApp();
const call = caller(url, app);
const base = `/v1.1/apps/${app.appId}`;
const notification = (destinationId: string, more: object = {}, of: App = app) => ({
  destination: { integrationId: of.integrations['twilio']!, destinationId },
  author: { role: 'appMaker' },
  message: { type: 'text', text: 'Check this out!' },
  ...more,
});

let hooks = 0;
async function listen(triggers: string[], more: object = {}, of = call, at = base) {
  const path = `/hook-${++hooks}`;
  const made = await of('POST', `${at}/webhooks`, { target: receiver.url(path), triggers, ...more });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const bodies = (): Json[] => receiver.received(path).map(({ body }) => JSON.parse(body));
  return {
    path,
    webhook: (made.body as Json).webhook,
    bodies,
    next: (what: string, fits: (body: Json) => boolean) =>
      until<Json>(what, () => bodies().find(fits), 10_000),
  };
}

const counts = async () => {
  const [row] = await sql`SELECT
    (SELECT count(*) FROM messages) AS messages, (SELECT count(*) FROM deliveries) AS deliveries,
    (SELECT count(*) FROM contacts) AS contacts, (SELECT count(*) FROM conversations) AS conversations,
    (SELECT count(*) FROM webhooks) AS webhooks, (SELECT count(*) FROM idempotency) AS idempotency`;
  return row;
};

describe('notifications', () => {
  test('N1 N4 N5 one call reaches a phone number nobody has heard of, and is answered with an id', async () => {
    const to = newNumber();
    const { status, body } = (await call('POST', `${base}/notifications`, notification(to))) as Json;
    assert.equal(status, 201);
    assert.deepEqual(Object.keys(body), ['notification']);
    assert.match(body.notification._id, /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    assert.ok(fromUuid(body.notification._id));
    const seen = await until('the text on the phone', async () => {
      const phone = await product.simulator.phone(app.workspaceId, to);
      return Array.isArray(phone) && phone.length > 0 ? phone : undefined;
    });
    assert.equal((seen[0]!.content as Json).text, 'Check this out!');
  });

  test('N6 the same number is the same user with one conversation', async () => {
    const to = newNumber();
    for (const text of ['one', 'two']) {
      const sent = await call(
        'POST',
        `${base}/notifications`,
        notification(to, { message: { type: 'text', text } }),
      );
      assert.equal(sent.status, 201);
    }
    const [row] = await sql`SELECT count(DISTINCT d.contact_id) AS people, count(*) AS links
      FROM destinations d WHERE d.address = ${to}`;
    assert.deepEqual({ ...row }, { people: 1, links: 1 });
  });

  test('the paths of generated clients: /v1, and the same in any case', async () => {
    for (const path of [`/v1/apps/${app.appId}/notifications`, `/v1.1/Apps/${app.appId}/Notifications`]) {
      const { status } = await call('POST', path, notification(newNumber(), { storage: 'full' }));
      assert.equal(status, 201);
    }
  });

  test('native templates that are made at the same time in a test workspace are all there', async () => {
    const path = `${base}/integrations/${app.integrations['whatsapp']!}/messageTemplates`;
    const names = Array.from({ length: 8 }, (_, at) => `at_once_${at}`);
    const components = [{ type: 'BODY', text: 'Hello' }];
    const made = await Promise.all(
      names.map((name) => call('POST', path, { name, category: 'UTILITY', language: 'en', components })),
    );
    assert.deepEqual(
      made.map(({ status }) => status),
      names.map(() => 201),
    );
    const { body } = (await call('GET', path)) as Json;
    assert.deepEqual(body.messageTemplates.map(({ name }: Json) => name).sort(), names);
    const gone = await Promise.all(names.map((name) => call('DELETE', `${path}/${name}`)));
    assert.deepEqual(
      gone.map(({ status }) => status),
      names.map(() => 200),
    );
    assert.equal(((await call('GET', path)) as Json).body.messageTemplates.length, 0);
  });

  test('N9 N19 a native WhatsApp template: sent as it is, shown as the person saw it', async () => {
    const integrationId = app.integrations['whatsapp']!;
    const made = (await call('POST', `${base}/integrations/${integrationId}/messageTemplates`, {
      name: 'sample_hsm',
      category: 'UTILITY',
      language: 'en',
      components: [{ type: 'BODY', text: 'Hello {{1}}, your order {{2}} is here.' }],
    })) as Json;
    assert.equal(made.status, 201, JSON.stringify(made.body));
    const to = newNumber();
    const sent = await call('POST', `${base}/notifications`, {
      destination: { integrationId, destinationId: to },
      author: { role: 'appMaker' },
      messageSchema: 'whatsapp',
      message: {
        type: 'template',
        template: {
          namespace: 'XXXXXXXX_XXXX',
          name: 'sample_hsm',
          language: { policy: 'deterministic', code: 'en' },
          components: [
            {
              type: 'body',
              parameters: [
                { type: 'text', text: 'Ann' },
                { type: 'text', text: '17' },
              ],
            },
          ],
        },
      },
    });
    assert.equal(sent.status, 201, JSON.stringify(sent.body));
    const [row] = await sql<
      { id: number }[]
    >`SELECT contact_id AS id FROM destinations WHERE address = ${to}`;
    const got = (await call('GET', `${base}/appusers/${toHex24(row!.id)}/messages`)) as Json;
    assert.equal(got.body.messages[0].text, 'Hello Ann, your order 17 is here.');
    assert.equal(got.body.messages[0].type, 'text');
    await until('it arrived', async () => {
      const phone = await product.simulator.phone(app.workspaceId, to);
      return (
        Array.isArray(phone) &&
        phone.some(({ content }) => (content as Json).payload?.template?.name === 'sample_hsm')
      );
    });
    const list = (await call('GET', `${base}/integrations/${integrationId}/messageTemplates`)) as Json;
    assert.equal(list.body.messageTemplates[0].status, 'APPROVED');
    assert.equal(
      (await call('DELETE', `${base}/integrations/${integrationId}/messageTemplates/sample_hsm`)).status,
      200,
    );
    const legacy = await call('POST', `${base}/notifications`, {
      destination: { integrationId, destinationId: to },
      author: { role: 'appMaker' },
      messageSchema: 'whatsapp',
      message: {
        type: 'hsm',
        hsm: {
          namespace: 'x',
          element_name: 'old',
          language: { policy: 'fallback', code: 'en' },
          localizable_params: [{ default: 'A' }],
        },
      },
    });
    assert.equal(legacy.status, 201, JSON.stringify(legacy.body));
  });

  test('N11 N13 N14 N15 N21 what becomes of it is told, step by step, and message:appMaker is not called', async () => {
    const all = await listen([
      'notification:delivery:channel',
      'notification:delivery:user',
      'notification:delivery:failure',
      'message:appMaker',
      'message:delivery:channel',
    ]);
    const to = newNumber();
    const sent = (await call('POST', `${base}/notifications`, notification(to))) as Json;
    const id = sent.body.notification._id;
    const channel = await all.next(
      'the channel accepted',
      (b) => b.notification?._id === id && b.trigger.endsWith(':channel'),
    );
    const user = await all.next(
      'it reached the user',
      (b) => b.notification?._id === id && b.trigger.endsWith(':user'),
    );
    assert.equal(channel.version, 'v1.1');
    assert.deepEqual(channel.app, { _id: app.appId });
    assert.equal(typeof channel.timestamp, 'number');
    assert.deepEqual(channel.destination, {
      type: 'twilio',
      integrationId: app.integrations['twilio'],
      destinationId: to,
    });
    assert.equal(channel.isFinalEvent, false);
    assert.ok(channel.externalMessages[0].id);
    assert.equal(user.isFinalEvent, true);
    assert.deepEqual(user.externalMessages, channel.externalMessages);
    assert.equal(channel.matchResult.appUser.conversationStarted, true);
    assert.match(channel.matchResult.appUser._id, /^[0-9a-f]{24}$/);
    assert.equal(channel.error, undefined);
    assert.deepEqual(
      all.bodies().filter((b) => b.trigger.startsWith('message:')),
      [],
    );
    const [made] = receiver.received(all.path);
    assert.equal(made!.headers['x-api-key'], all.webhook.secret);
  });

  test('N2 any type of message that the channel can show', async () => {
    const image = 'https://example.com/a.png';
    for (const message of [
      { type: 'text', text: 'Emoji 🎉 and 漢字' },
      { type: 'image', mediaUrl: image, text: 'Look' },
      { type: 'file', mediaUrl: 'https://example.com/invoice.pdf' },
      { type: 'location', coordinates: { lat: 45.5, long: -73.6 } },
      {
        type: 'carousel',
        items: [
          { title: 'One', mediaUrl: image, actions: [{ type: 'postback', text: 'Go', payload: 'GO' }] },
        ],
      },
      {
        type: 'list',
        items: [{ title: 'One' }],
        actions: [{ type: 'link', text: 'All', uri: 'https://example.com/' }],
      },
      { type: 'form', fields: [{ type: 'text', name: 'n', label: 'Your name' }] },
      { type: 'text', text: 'Ready? %[Yes](reply:Y) %[No](reply:N)' },
    ]) {
      const to = newNumber();
      const sent = await call('POST', `${base}/notifications`, notification(to, { message }));
      assert.equal(sent.status, 201, `${message.type}: ${JSON.stringify(sent.body)}`);
      await until(`${message.type} on the phone`, async () => {
        const phone = await product.simulator.phone(app.workspaceId, to);
        return Array.isArray(phone) && phone.length > 0;
      });
    }
    for (const type of ['formResponse', 'announcement', 'nativeTemplate', 'template', 'nothing'])
      assert.equal(
        (
          await call(
            'POST',
            `${base}/notifications`,
            notification(newNumber(), { message: { type, text: 'x' } }),
          )
        ).status,
        400,
      );
  });

  test('a channel that never tells what becomes of a message: what it took is its last word', async () => {
    const silent = Object.values(product.ctx.adapters).find(
      (one) => one?.confirms === 'nothing' && one.channel === 'email',
    );
    assert.ok(silent);
    const all = await listen(['notification:delivery:channel']);
    const sent = (await call('POST', `${base}/notifications`, {
      ...notification(''),
      destination: { integrationId: app.integrations[silent.provider], destinationId: 'ann@example.com' },
    })) as Json;
    assert.equal(sent.status, 201, JSON.stringify(sent.body));
    const body = await all.next(
      'the channel took it',
      (b) => b.notification._id === sent.body.notification._id,
    );
    assert.equal(body.isFinalEvent, true);
    assert.equal(body.destination.type, silent.provider);
  });

  test('N12 a failure is told with its error', async () => {
    const all = await listen(['notification:delivery:failure']);
    const sent = (await call('POST', `${base}/notifications`, notification('+15005550001'))) as Json;
    const body = await all.next('the failure', (b) => b.notification._id === sent.body.notification._id);
    assert.equal(body.isFinalEvent, true);
    assert.ok(body.error.code);
    assert.ok(body.error.message);
    assert.ok(body.error.underlyingError);
  });

  test('N3 N16 N17 the answer carries what was sent since the last one', async () => {
    const heard = await listen(['message:appUser'], { includeClient: true });
    const to = newNumber();
    const said = async (text: string) => {
      const sent = await call(
        'POST',
        `${base}/notifications`,
        notification(to, { message: { type: 'text', text } }),
      );
      assert.equal(sent.status, 201);
      await until('it arrived', async () => {
        const phone = await product.simulator.phone(app.workspaceId, to);
        return Array.isArray(phone) && phone.some(({ content }) => (content as Json).text === text);
      });
    };
    const answer = (text: string) =>
      product.simulator.reply({ workspaceId: app.workspaceId, channel: 'sms', address: to, text });
    await said('first');
    await said('second');
    await answer('Yes please');
    const body = await heard.next('the answer', (b) => b.messages[0].text === 'Yes please');
    assert.deepEqual(
      body.recentNotifications.map((n: Json) => n.text),
      ['first', 'second'],
    );
    const [first] = body.recentNotifications;
    assert.equal(first.role, 'appMaker');
    assert.equal(first.type, 'text');
    assert.deepEqual(first.source, { type: 'notification' });
    assert.match(first.avatarUrl, /^https:\/\/www\.gravatar\.com\/avatar\/0{32}\.png/);
    assert.ok(first.authorId);
    assert.equal(typeof first.received, 'number');
    const [message] = body.messages;
    assert.equal(message.role, 'appUser');
    assert.equal(message.authorId, body.appUser._id);
    assert.equal(message.source.type, 'twilio');
    assert.equal(message.source.integrationId, app.integrations['twilio']);
    assert.ok(message.name);
    assert.equal(body.client.platform, 'twilio');
    assert.equal(body.client.externalId, to);
    assert.match(body.conversation._id, /^[0-9a-f]{24}$/);

    await answer('And more');
    const next = await heard.next('the second answer', (b) => b.messages[0].text === 'And more');
    assert.equal(next.recentNotifications, undefined);
    await said('third');
    await answer('Bye');
    const last = await heard.next('the third answer', (b) => b.messages[0].text === 'Bye');
    assert.deepEqual(
      last.recentNotifications.map((n: Json) => n.text),
      ['third'],
    );
  });

  test('N18 notifications are in the conversation that Get Messages shows', async () => {
    const to = newNumber();
    await call(
      'POST',
      `${base}/notifications`,
      notification(to, { author: { role: 'appMaker', name: 'Ada', email: 'ada@example.com' } }),
    );
    const [row] = await sql<
      { id: number }[]
    >`SELECT contact_id AS id FROM destinations WHERE address = ${to}`;
    const got = (await call('GET', `${base}/appusers/${toHex24(row!.id)}/messages`)) as Json;
    assert.equal(got.status, 200);
    assert.equal(got.body.conversation.unreadCount, 1);
    assert.equal(got.body.messages.length, 1);
    assert.equal(got.body.messages[0].source.type, 'notification');
    assert.equal(got.body.messages[0].name, 'Ada');
    assert.equal(got.body.messages[0].text, 'Check this out!');
  });

  test('integrations: unknown 404, malformed 400, and the number must be E.164', async () => {
    const before = await counts();
    const ask = async (destination: object) =>
      (await call('POST', `${base}/notifications`, { ...notification('+15145550000'), destination })) as Json;
    const unknown = await ask({ integrationId: 'a'.repeat(24), destinationId: '+15145550000' });
    assert.deepEqual([unknown.status, unknown.body.error.code], [404, 'integration_not_found']);
    const malformed = await ask({ integrationId: 'nope', destinationId: '+15145550000' });
    assert.deepEqual([malformed.status, malformed.body.error.code], [400, 'bad_request']);
    const other = await product.newApp();
    const foreign = await ask({ integrationId: other.integrations['twilio'], destinationId: '+15145550000' });
    assert.equal(foreign.status, 404);
    const national = await ask({ integrationId: app.integrations['twilio'], destinationId: '5145550000' });
    assert.equal(national.status, 400);
    assert.match(
      national.body.error.description,
      /destination\.destinationId: must be a phone number with \+/,
    );
    assert.deepEqual(await counts(), before);
  });
});

describe('idempotency', () => {
  test('a key is its caller’s: not another key’s, not another user’s for whom the same key speaks', async () => {
    const body = notification(newNumber());
    const headers = { 'idempotency-key': 'same word' };
    const account = { authorization: `Bearer ${jwt(app.account, { scope: 'account' })}` };
    const replies: Reply[] = [
      await call('POST', `${base}/notifications`, body, headers),
      await call('POST', `${base}/notifications`, body, { ...headers, ...account }),
    ];
    for (const userId of ['same-ann', 'same-bob']) {
      await call('POST', `${base}/appusers`, { userId });
      const authorization = `Bearer ${jwt(app, { scope: 'appUser', userId })}`;
      const said = { role: 'appUser', type: 'text', text: 'Hello' };
      const at = `${base}/appusers/${userId}/messages`;
      replies.push(await call('POST', at, said, { ...headers, authorization }));
    }
    assert.deepEqual(
      replies.map(({ status, headers: told }) => [status, told.get('idempotent-replayed')]),
      replies.map(() => [201, null]),
    );
    assert.equal(new Set(replies.map((reply) => JSON.stringify(reply.body))).size, 4);
  });

  test('a repeat is answered with what was answered, and does nothing', async () => {
    const body = notification(newNumber());
    const headers = { 'idempotency-key': 'order-17' };
    const first = (await call('POST', `${base}/notifications`, body, headers)) as Json;
    const second = (await call('POST', `${base}/notifications`, body, headers)) as Json;
    assert.deepEqual(second.body, first.body);
    assert.equal(first.headers.get('idempotent-replayed'), null);
    assert.equal(second.headers.get('idempotent-replayed'), 'true');
    const other = (await call('POST', `${base}/notifications`, notification(newNumber()), headers)) as Json;
    assert.equal(other.status, 422);
    const [row] =
      await sql`SELECT count(*) AS n FROM messages WHERE id = ${fromUuid(first.body.notification._id)!}`;
    assert.equal(row!['n'], 1);
  });

  test('many at once go together: each is answered for itself, and one that is refused hurts nobody', async () => {
    const before = (await counts())!['messages'] as number;
    const [twice, ...numbersOnce] = Array.from({ length: 20 }, newNumber) as [string, ...string[]];
    const texts = ['one', 'two'];
    const asked = [
      ...numbersOnce.map((to) => notification(to)),
      ...texts.map((text) => notification(twice, { message: { type: 'text', text } })),
      notification('+1'),
    ];
    const answers = await Promise.all(asked.map((body) => call('POST', `${base}/notifications`, body)));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [...asked.slice(1).map(() => 201), 400],
    );
    const ids = answers.slice(0, -1).map(({ body }) => fromUuid((body as Json).notification._id)!);
    assert.equal(new Set(ids).size, ids.length);
    const said = await sql<{ address: string; text: string }[]>`
      SELECT d.address, m.content->>'text' AS text FROM messages m JOIN destinations d ON d.contact_id = m.contact_id
      WHERE m.id = ANY(${ids}::bigint[]) ORDER BY array_position(${ids}::bigint[], m.id)`;
    assert.deepEqual(
      said.map(({ address }) => address),
      [...numbersOnce, twice, twice],
      'each answer names what was said to its own number',
    );
    assert.deepEqual(
      said.slice(-2).map(({ text }) => text),
      texts,
    );
    assert.equal(((await counts())!['messages'] as number) - before, ids.length);
  });

  test('twenty at once with one key send once; those who came too early are told to wait', async () => {
    const body = notification(newNumber());
    const all = await Promise.all(
      Array.from({ length: 20 }, () =>
        call('POST', `${base}/notifications`, body, { 'idempotency-key': 'burst' }),
      ),
    );
    for (const one of all) {
      assert.ok([201, 409].includes(one.status), String(one.status));
      if (one.status === 409) {
        assert.equal(one.headers.get('retry-after'), '1');
        assert.equal((one.body as Json).error.code, 'conflict');
      }
    }
    const ids = new Set(
      all.filter(({ status }) => status === 201).map((one: Json) => one.body.notification._id),
    );
    assert.equal(ids.size, 1);
  });
});

describe('messages', () => {
  async function newUser(): Promise<string> {
    const to = newNumber();
    await call('POST', `${base}/notifications`, notification(to));
    const [row] = await sql<
      { id: number }[]
    >`SELECT contact_id AS id FROM destinations WHERE address = ${to}`;
    return toHex24(row!.id);
  }

  test('a message of the business: answered whole, delivered, told of as message:appMaker', async () => {
    const told = await listen(['message', 'message:delivery:channel', 'message:delivery:user']);
    const user = await newUser();
    const posted = (await call('POST', `${base}/appusers/${user}/messages`, {
      role: 'appMaker',
      type: 'text',
      text: 'Pick one',
      email: 'ada@example.com',
      actions: [{ type: 'reply', text: 'Yes', payload: 'Y' }],
      metadata: { ticket: 7 },
    })) as Json;
    assert.equal(posted.status, 201, JSON.stringify(posted.body));
    const { message, conversation } = posted.body;
    assert.equal(message.type, 'text');
    assert.equal(message.role, 'appMaker');
    assert.deepEqual(message.source, { type: 'api' });
    assert.deepEqual(message.metadata, { ticket: 7 });
    assert.equal(message.actions[0].uri, '');
    assert.match(message.actions[0]._id, /^[0-9a-f]{24}$/);
    assert.equal(conversation.unreadCount, 2);
    assert.equal(conversation.appMakerLastRead, message.received);
    const body = await told.next('message:appMaker', (b) => b.messages?.[0]._id === message._id);
    assert.equal(body.trigger, 'message:appMaker');
    assert.deepEqual(body.messages[0], message);
    const delivered = await told.next(
      'message:delivery:user',
      (b) => b.trigger === 'message:delivery:user' && b.message._id === message._id,
    );
    assert.deepEqual(delivered.destination, { type: 'twilio', integrationId: app.integrations['twilio'] });
    assert.equal(delivered.appUser._id, user);
  });

  test('a message of the user, told by the business or with the token of that user', async () => {
    const told = await listen(['message:appUser']);
    const user = await newUser();
    const posted = (await call('POST', `${base}/appusers/${user}/messages`, {
      role: 'appUser',
      type: 'text',
      text: 'Hello',
    })) as Json;
    assert.equal(posted.status, 201);
    assert.equal(posted.body.message.authorId, user);
    assert.equal(posted.body.conversation.unreadCount, 0);
    const body = await told.next('message:appUser', (b) => b.messages[0]._id === posted.body.message._id);
    assert.equal(body.recentNotifications.length, 1);
  });

  test('pages: exclusive, a hundred at a time, oldest first, with links to both sides', async () => {
    const user = await newUser();
    for (let i = 0; i < 104; i++)
      await call('POST', `${base}/appusers/${user}/messages`, {
        role: 'appUser',
        type: 'text',
        text: `m${i}`,
      });
    const latest = (await call('GET', `${base}/appusers/${user}/messages`)) as Json;
    assert.equal(latest.body.messages.length, 100);
    assert.equal(latest.body.messages.at(-1).text, 'm103');
    assert.equal(latest.body.next, undefined);
    const older = (await call('GET', latest.body.previous.slice(url.length))) as Json;
    assert.deepEqual(
      older.body.messages.map((m: Json) => m.text),
      ['Check this out!', 'm0', 'm1', 'm2', 'm3'],
    );
    assert.equal(older.body.previous, undefined);
    const newer = (await call('GET', older.body.next.slice(url.length))) as Json;
    assert.equal(newer.body.messages[0].text, 'm4');
    assert.equal(newer.body.next, undefined);
    const both = await call('GET', `${base}/appusers/${user}/messages?before=1&after=1`);
    assert.equal(both.status, 400);
  });

  test('structured messages have a text for those who see nothing else', async () => {
    const user = await newUser();
    const posted = (await call('POST', `${base}/appusers/${user}/messages`, {
      role: 'appMaker',
      type: 'carousel',
      items: [
        {
          title: 'Tacos',
          description: 'Two',
          actions: [{ type: 'link', text: 'More', uri: 'https://example.com/' }],
        },
      ],
    })) as Json;
    assert.equal(posted.body.message.text, '1. Tacos\nTwo\nMore: https://example.com/');
    assert.match(posted.body.message.items[0]._id, /^[0-9a-f]{24}$/);
  });

  test('shorthand in a text becomes actions, pictures and messages of their own', async () => {
    const user = await newUser();
    const posted = (await call('POST', `${base}/appusers/${user}/messages`, {
      role: 'appMaker',
      type: 'text',
      text: 'Your order is here. &((template=[[shipped]] fallback=[[It was shipped]] language=[[en]] body_text=[[17]]))&',
    })) as Json;
    assert.equal(posted.status, 201, JSON.stringify(posted.body));
    assert.equal(posted.body.message.text, 'Your order is here.');
    assert.deepEqual(
      posted.body.extraMessages.map((m: Json) => m.text),
      ['It was shipped'],
    );
    const unknown = await call('POST', `${base}/appusers/${user}/messages`, {
      role: 'appMaker',
      type: 'text',
      text: '%((template:nope))%',
    });
    assert.equal(unknown.status, 400);
  });

  test('a destination the user does not have is refused', async () => {
    const user = await newUser();
    const message = { role: 'appMaker', type: 'text', text: 'x' };
    const there = await call('POST', `${base}/appusers/${user}/messages`, {
      ...message,
      destination: { integrationType: 'twilio' },
    });
    assert.equal(there.status, 201);
    const none = await call('POST', `${base}/appusers/${user}/messages`, {
      ...message,
      destination: { integrationType: 'line' },
    });
    assert.equal(none.status, 400);
  });

  test('deleting one message, then all', async () => {
    const user = await newUser();
    const posted = (await call('POST', `${base}/appusers/${user}/messages`, {
      role: 'appUser',
      type: 'text',
      text: 'x',
    })) as Json;
    const at = `${base}/appusers/${user}/messages`;
    assert.equal((await call('DELETE', `${at}/${posted.body.message._id}`)).status, 200);
    assert.equal((await call('DELETE', `${at}/${posted.body.message._id}`)).status, 404);
    assert.equal((await call('DELETE', at)).status, 200);
    assert.deepEqual(((await call('GET', at)) as Json).body.messages, []);
  });
});

describe('webhooks', () => {
  test('made, read, changed and deleted, in both families of paths', async () => {
    const mine = await product.newApp();
    const ask = caller(url, mine);
    const made = (await ask('POST', '/v1.1/webhooks', {
      target: 'https://example.com/hook',
      triggers: ['*', 'typing:appUser'],
    })) as Json;
    assert.equal(made.status, 201);
    assert.deepEqual(Object.keys(made.body.webhook).sort(), [
      '_id',
      'includeClient',
      'includeFullAppUser',
      'secret',
      'target',
      'triggers',
      'version',
    ]);
    assert.equal(made.body.webhook.version, 'v1.1');
    const at = `/v1.1/apps/${mine.appId}/webhooks`;
    const list = (await ask('GET', at)) as Json;
    assert.deepEqual(list.body.webhooks, [made.body.webhook]);
    const one = `${at}/${made.body.webhook._id}`;
    const changed = (await ask('PUT', one, { includeFullAppUser: true })) as Json;
    assert.equal(changed.body.webhook.includeFullAppUser, true);
    assert.deepEqual(changed.body.webhook.triggers, ['*', 'typing:appUser']);
    assert.equal((await ask('DELETE', one)).status, 200);
    assert.equal((await ask('GET', one)).status, 404);
    assert.equal((await ask('PUT', one, {})).status, 404);
  });

  test('a repeat gets the secret again, which is nowhere kept in plain text; changes are in the audit log', async () => {
    const mine = await product.newApp();
    const ask = caller(url, mine);
    const body = { target: 'https://example.com/hook' };
    const first = (await ask('POST', '/v1.1/webhooks', body, { 'idempotency-key': 'w' })) as Json;
    const second = (await ask('POST', '/v1.1/webhooks', body, { 'idempotency-key': 'w' })) as Json;
    assert.deepEqual(second.body, first.body);
    assert.equal(second.headers.get('idempotent-replayed'), 'true');
    const kept = await sql<
      { body: string }[]
    >`SELECT body FROM idempotency WHERE scope LIKE ${`%:${mine.workspaceId}:%`}`;
    assert.equal(kept.length, 1);
    assert.ok(!kept[0]!.body.includes(first.body.webhook.secret));
    const log = await sql<{ actor: string; action: string }[]>`
      SELECT actor, action FROM audit_log WHERE workspace_id = ${mine.workspaceId}`;
    assert.deepEqual(
      log.map((entry) => ({ ...entry })),
      [{ actor: `key:${mine.keyId}`, action: 'webhook.create' }],
    );
  });

  test('includeFullAppUser swaps the whole user in', async () => {
    const told = await listen(['message:appMaker'], { includeFullAppUser: true });
    const to = newNumber();
    await call('POST', `${base}/notifications`, notification(to));
    const [row] = await sql<
      { id: number }[]
    >`SELECT contact_id AS id FROM destinations WHERE address = ${to}`;
    const user = toHex24(row!.id);
    await call('POST', `${base}/appusers/${user}/messages`, { role: 'appMaker', type: 'text', text: 'full' });
    const body = await told.next('message:appMaker', (b) => b.appUser._id === user);
    assert.equal(body.appUser.clients[0].externalId, to);
    assert.deepEqual(body.appUser.properties, {});
  });
});

test('a Twilio number named by its sid is read and registered at Twilio, as the platform does', async () => {
  const live = await product.newApp('live');
  const ask = caller(url, live);
  receiver.answer(
    '/2010-04-01/Accounts/AC00000000000000000000000000000007/IncomingPhoneNumbers/PN00000000000000000000000000000001.json',
    {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ phone_number: '+15005550009' }),
    },
  );
  const body = {
    type: 'twilio',
    accountSid: `AC${'0'.repeat(31)}7`,
    authToken: 'secret',
    phoneNumberSid: `PN${'0'.repeat(31)}1`,
    baseUrl: receiver.url(''),
  };
  const made = (await ask('POST', `/v1.1/apps/${live.appId}/integrations`, body)) as Json;
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.equal(made.body.integration.phoneNumber, '+15005550009');
  assert.equal(made.body.integration.authToken, undefined);
  const [registered] = receiver.received().filter(({ path }) => path.includes('IncomingPhoneNumbers'));
  assert.match(registered!.body, new RegExp(`callbacks%2F${made.body.integration._id}%2F`));
  const refused = await ask('POST', `/v1.1/apps/${live.appId}/integrations`, {
    ...body,
    phoneNumberSid: `PN${'0'.repeat(31)}2`,
  });
  assert.ok(refused.status === 422, JSON.stringify(refused.body));
});

describe('who may call', () => {
  const webhooks = `${base}/webhooks`;
  const as = async (authorization: string | undefined, path = webhooks) => {
    const response = await fetch(`${url}${path}`, { headers: authorization ? { authorization } : {} });
    return [response.status, ((await response.json()) as Json).error?.code];
  };
  test('no, wrong and good credentials; scopes; other apps', async () => {
    const other = await product.newApp();
    assert.deepEqual(await as(undefined), [401, 'unauthorized']);
    assert.deepEqual(await as('Bearer nonsense'), [401, 'invalid_auth']);
    assert.deepEqual(await as(`Bearer ${jwt(app, { scope: 'app' })}`), [200, undefined]);
    assert.deepEqual(await as(`Bearer ${jwt({ ...app, secret: 'wrong' }, { scope: 'app' })}`), [
      401,
      'invalid_auth',
    ]);
    assert.deepEqual(await as(`Bearer ${jwt(app.account, { scope: 'account' })}`), [200, undefined]);
    assert.deepEqual(await as(`Bearer ${jwt(app, { scope: 'appUser', userId: 'bob' })}`), [403, 'forbidden']);
    assert.deepEqual(await as(`Bearer ${jwt(app, { scope: 'appUser', userId: 7 })}`), [401, 'invalid_auth']);
    const basic = (id: string, secret: string) =>
      `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
    assert.deepEqual(await as(basic(app.keyId, app.secret)), [200, undefined]);
    assert.deepEqual(await as(basic(app.account.keyId, app.account.secret)), [200, undefined]);
    assert.deepEqual(await as(basic(other.account.keyId, other.account.secret)), [404, 'app_not_found']);
    assert.deepEqual(await as(basic(other.keyId, other.secret)), [404, 'app_not_found']);
    const nowhere = `/v1.1/apps/${'b'.repeat(24)}/webhooks`;
    assert.deepEqual(await as(basic(app.account.keyId, app.account.secret), nowhere), [404, 'app_not_found']);
    assert.deepEqual(await as(basic(app.account.keyId, app.account.secret), '/v1.1/webhooks'), [
      400,
      'bad_request',
    ]);
  });

  test('what belongs to another app is not there', async () => {
    const other = await product.newApp();
    const theirs = caller(url, other);
    const made = (await theirs('POST', '/v1.1/webhooks', { target: 'https://example.com/' })) as Json;
    assert.equal((await call('GET', `${webhooks}/${made.body.webhook._id}`)).status, 404);
    assert.equal((await call('DELETE', `${webhooks}/${made.body.webhook._id}`)).status, 404);
    await theirs('POST', '/v1.1/notifications', notification(newNumber(), {}, other));
    const [row] = await sql<
      { id: number }[]
    >`SELECT id FROM contacts WHERE workspace_id = ${other.workspaceId}`;
    const user = toHex24(row!.id);
    assert.ok(fromHex24(user));
    assert.equal((await call('GET', `${base}/appusers/${user}/messages`)).status, 404);
    assert.equal((await theirs('GET', `/v1.1/appusers/${user}/messages`)).status, 200);
  });
});

test('nothing was logged as an error', () => {
  assert.deepEqual(errors, []);
});
