/**
 * Every method of the two published clients, unmodified, called against the running product: each works, or is told in the door's
 * own form that it is not offered. `docs/clients.md` is what came of it; PARLEY_WRITE_DOCS=1 writes it anew.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { after, test } from 'node:test';
import type { AddressInfo } from 'node:net';
import { newBot, newPhone, startProduct, type Json } from './web1on1Product.ts';

/* oxlint-disable no-underscore-dangle */
const require = createRequire(import.meta.url);
(globalThis as Json).FormData = createRequire(require.resolve('smooch-core'))('form-data');
const Smooch = require('smooch-core') as new (options: object) => Json;
const ChipChat = require('chipchat') as new (options: object) => Json;
const FILE = join(import.meta.dirname, '..', 'docs', 'clients.md');

const product = await startProduct();
const bot = await newBot(product);
const { url } = product;
const { appId } = bot;

/** A webhook's target, which echoes what it is asked. */
const target = createServer((request, response) => {
  response.end(new URL(request.url!, 'http://x').searchParams.get('challenge') ?? '');
});
await new Promise<void>((resolve) => {
  target.listen(0, '127.0.0.1', resolve);
});
after(() => target.close());
const hook = `http://127.0.0.1:${(target.address() as AddressInfo).port}/hook`;

type Result = 'works' | 'not offered' | `answers ${number}`;
const rows: { client: string; method: string; result: Result }[] = [];

/** What came of a call; what is merely not built has to say so. */
async function tried(client: string, method: string, work: () => Promise<unknown>): Promise<void> {
  const result = await work().then(
    (): Result => 'works',
    (error: Json): Result => {
      const status = error.response?.status ?? error.response?.statusCode ?? error.statusCode;
      assert.ok(status, `${client} ${method}: ${error.message}`);

      return status === 501 ? 'not offered' : `answers ${status}`;
    },
  );
  rows.push({ client, method, result });
}

/** Methods of an object and of what hangs on it, as paths. */
function methodsOf(client: Json, prefix = '', depth = 0): string[] {
  return Object.keys(client).flatMap((name) => {
    const part = client[name];
    if (!part || typeof part !== 'object' || part.constructor === Object || depth > 2) return [];
    const own = Object.getOwnPropertyNames(Object.getPrototypeOf(part)).filter(
      (method) => method !== 'constructor' && !method.startsWith('validate'),
    );
    const path = `${prefix}${name}`;
    return [...own.map((method) => `${path}.${method}`), ...methodsOf(part, `${path}.`, depth + 1)];
  });
}

test('every method of smooch-core', async () => {
  const image = () => {
    const source = Readable.from([Buffer.from('iVBORw0KGgo=', 'base64')]);
    // A file on disk has a path, which is the name that is sent.
    return Object.assign(source, { path: '/photo.png' });
  };
  const account = new Smooch({ ...bot.account, scope: 'account', serviceUrl: url });
  const user = (await account.appUsers.create(appId, { userId: 'one' })).appUser;
  const other = (await account.appUsers.create(appId, { userId: 'two' })).appUser;
  const said = await account.appUsers.sendMessage(appId, 'one', {
    role: 'appMaker',
    type: 'text',
    text: 'Hi',
    actions: [{ type: 'postback', text: 'Yes', payload: 'YES' }],
  });
  await account.appUsers.create(appId, { userId: 'gone' });
  const { mediaUrl } = await account.attachments.create(appId, 'public', image());
  const spare = await account.apps.create({ name: 'Spare' });
  const key = await account.apps.keys.create(appId, 'spare');
  const subscribed = { target: hook, triggers: ['message:appUser'] };
  const webhook = (await account.webhooks.create(appId, subscribed)).webhook;
  const stored = { name: 'first', message: { role: 'appMaker', type: 'text', text: 'Hi' } };
  const template = (await account.templates.create(appId, stored)).template;
  const { twilio, whatsapp } = bot.integrations;
  const menu = { items: [{ type: 'link', text: 'More', uri: 'https://example.com' }] };
  const to = { integrationId: twilio, destinationId: newPhone() };
  const phone = newPhone();
  const text = { role: 'appMaker', type: 'text', text: 'Hi' };
  const definition = {
    name: 'a',
    category: 'MARKETING',
    language: 'en',
    components: [{ type: 'BODY', text: 'Hi' }],
  };
  const given: Record<string, unknown[]> = {
    'notifications.postNotification': [
      appId,
      { destination: to, author: { role: 'appMaker' }, message: { type: 'text', text: 'Hi' } },
    ],
    'appUsers.create': [appId, { userId: 'three' }],
    'appUsers.sendMessage': [appId, 'one', text],
    'appUsers.delete': [appId, 'gone'],
    'appUsers.update': [appId, 'one', { givenName: 'One' }],
    'appUsers.linkChannel': [
      appId,
      'one',
      { type: 'twilio', phoneNumber: phone, confirmation: { type: 'immediate' } },
    ],
    'appUsers.unlinkChannel': [appId, 'one', 'twilio'],
    'appUsers.pingChannel': [appId, 'one', 'twilio'],
    'appUsers.uploadImage': [appId, 'one', image(), { role: 'appMaker' }],
    'appUsers.deleteMessage': [appId, 'one', said.message._id],
    'appUsers.conversationActivity': [appId, 'one', { role: 'appMaker', type: 'typing:start' }],
    'appUsers.getLinkRequests': [appId, 'one', [twilio]],
    'appUsers.mergeUsers': [appId, { surviving: { _id: user._id }, discarded: { _id: other._id } }],
    'appUsers.stripe.updateCustomer': [appId, 'one', 'token'],
    'appUsers.stripe.createTransaction': [appId, 'one', 'action', 'token'],
    'conversations.postPostback': [appId, 'one', said.message.actions[0]._id],
    'webhooks.create': [appId, subscribed],
    'webhooks.update': [appId, webhook._id, subscribed],
    'templates.create': [appId, { ...stored, name: 'second' }],
    'templates.update': [appId, template._id, { message: stored.message }],
    'menu.configure': [appId, menu],
    'integrations.menu.create': [appId, whatsapp, menu],
    'integrations.menu.update': [appId, whatsapp, menu],
    'integrations.create': [appId, { type: 'web' }],
    'integrations.get': [appId, twilio],
    'integrations.update': [appId, twilio, { displayName: 'SMS' }],
    'integrations.delete': [appId, bot.integrations['messagebird']],
    'integrations.profile.update': [appId, whatsapp, { about: 'Us' }],
    'integrations.profile.photo.upload': [appId, whatsapp, image()],
    'integrations.messageTemplates.create': [appId, whatsapp, definition],
    'integrations.messageTemplates.delete': [appId, whatsapp, 'a'],
    'apps.create': [{ name: 'Another' }],
    'apps.list': [],
    'apps.update': [appId, { name: 'Shop' }],
    'apps.delete': [spare.app._id],
    'apps.keys.create': [appId, 'another'],
    'attachments.create': [appId, { access: 'public', for: 'message', appUserId: user._id }, image()],
    'attachments.delete': [appId, mediaUrl],
    'deployments.create': [
      {
        hosting: 'self',
        baseUrl: 'https://example.com',
        username: 'a',
        password: 'b',
        callbackUrl: 'https://example.com',
      },
    ],
    'deployments.list': [],
    'deployments.activate': ['a'.repeat(24), 'a', phone, 'sms'],
    'deployments.confirmCode': ['a'.repeat(24), '123456'],
    'serviceAccounts.create': ['a'],
    'serviceAccounts.list': [],
    'serviceAccounts.update': ['a'.repeat(24), { name: 'b' }],
    'serviceAccounts.keys.create': ['a'.repeat(24), 'b'],
  };
  const usual = (path: string): unknown[] => {
    if (/^(?:webhooks|templates|integrations|apps\.keys)\.list$/.test(path)) return [appId];
    if (path.startsWith('appUsers.') || path.startsWith('conversations.')) return [appId, 'one'];
    if (path.startsWith('webhooks.')) return [appId, webhook._id];
    if (path.startsWith('templates.')) return [appId, template._id];
    if (path.startsWith('integrations.')) return [appId, whatsapp];
    if (path.startsWith('apps.keys.')) return [appId, key.key._id];
    if (/^serviceAccounts\.keys\.(?!list)/.test(path)) return ['a'.repeat(24), 'b'.repeat(24)];
    if (/^(?:deployments|serviceAccounts)\./.test(path)) return ['a'.repeat(24)];
    if (/^apps\.(?!keys)/.test(path)) return [appId];
    return [appId];
  };
  // What takes away what others need comes last.
  const isLast = (path: string) => /\.(?:delete\w*|remove|unlinkChannel|mergeUsers)$/.test(path);
  const all = methodsOf(account).toSorted((a, b) => Number(isLast(a)) - Number(isLast(b)));
  for (const path of all) {
    const names = path.split('.');
    const method = names.pop()!;
    const part = names.reduce((one, name) => one[name], account);
    await tried('smooch-core', path, async () => await part[method](...(given[path] ?? usual(path))));
  }
});

test('every method of chipchat', async () => {
  const api = new ChipChat({ host: url, token: bot.token, refreshToken: bot.key, email: bot.email });
  const profile = { name: 'John Johnson', telephone: newPhone() };
  const begin = (telephone: string) => ({
    type: 'contact',
    contact: { profile: { ...profile, telephone } },
    messages: [{ text: 'Hey there.', touchpoint: 'sms', role: 'agent' }],
  });
  const made = await api.conversations.create(begin(profile.telephone));
  const service = await api.services.create({ name: 'Hook', type: 'webhook', params: { url: hook } });
  const ids: Record<string, string> = {
    conversations: made.id,
    contacts: made.contact,
    messages: made.messages[0],
    organizations: bot.organization,
    users: bot.user,
    bots: bot.user,
    channels: bot.organization,
    services: service.id,
  };
  const bodies: Record<string, object> = {
    'conversations.create': begin(newPhone()),
    'conversations.update': { name: 'Renamed' },
    'messages.create': { conversation: made.id, text: 'One', role: 'agent' },
    'messages.update': { text: 'Two' },
    'messages.replace': { text: 'Three' },
    'contacts.update': { profile },
    'organizations.update': { displayName: 'Shop' },
    'services.create': { name: 'Second', type: 'webhook', params: { url: `${hook}/2` } },
    'services.update': { name: 'Renamed' },
  };
  const resources = Object.keys(api).filter((name) => typeof api[name]?.list === 'function');
  assert.ok(resources.length > 20, resources.join());
  for (const resource of resources)
    for (const method of ['list', 'get', 'create', 'update', 'replace', 'delete']) {
      if (typeof api[resource][method] !== 'function') continue;
      const path = `${resource}.${method}`;
      const id = ids[resource] ?? 'a'.repeat(24);
      const body = bodies[path] ?? { name: 'x' };
      const given: Record<string, unknown[]> = {
        list: [resource === 'messages' ? { conversation: made.id } : {}],
        get: [id],
        create: [body],
        update: [id, body],
        replace: [id, body],
        delete: [id],
      };
      await tried('chipchat', path, async () => await api[resource][method](...given[method]!));
    }
});

test('docs/clients.md is what came of it, and nothing is refused for being merely not built', () => {
  const table = rows.map(({ client, method, result }) => `| \`${client}\` | \`${method}\` | ${result} |`);
  const text = `# The clients of others

Every method of \`smooch-core@8.11.4\` and \`chipchat@0.7.4\`, unmodified, called once against Parley. Made by
\`test/clientMethods.test.ts\`; \`PARLEY_WRITE_DOCS=1 npm test -- clientMethods\` writes it anew. *Not offered* is answered with 501 in
the API's own form.

| client | method | result |
|---|---|---|
${table.join('\n')}
`;
  if (process.env['PARLEY_WRITE_DOCS']) writeFileSync(FILE, text);
  assert.equal(readFileSync(FILE, 'utf8'), text);
  assert.deepEqual(
    rows.filter(({ result }) => result !== 'works' && result !== 'not offered'),
    [],
  );
});
