/** Metadata is bounded at every door: what goes along with everything is no store without a bottom. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOperator, setMember } from '../src/accounts/operators.ts';
import { caller as consoleCaller } from './consoleProduct.ts';
import { caller, errors, must, startProduct } from './sunshineProduct.ts';
import { callerOf, newBot, newPhone } from './web1on1Product.ts';

const product = await startProduct({ rateLimitPerS: 0 });
const { ctx, url, sql } = product;
const app = await product.newApp();
const bot = await newBot(product, ['admin'], app);
const password = 'correct horse battery';
const email = 'meta@data.example';
await sql.begin(async (tx) => {
  const { id } = must(
    await createOperator(tx, ctx.ids, { email, name: 'M', password, nowMs: ctx.clock.nowMs() }),
  );
  must(await setMember(tx, { workspaceId: app.workspaceId, operatorId: id, role: 'owner' }));
});
const session = await consoleCaller(url)('POST', '/api/sessions', { email, password });
const operator = consoleCaller(url, session.body.token);
const sunshine = caller(url, app);
const web1on1 = callerOf(url, bot.token);
const base = `/v1.1/apps/${app.appId}`;
assert.equal((await sunshine('POST', `${base}/appusers`, { userId: 'ann' })).status, 201);

type Metadata = Record<string, string | number>;
type Door = { field: string; send(metadata: Metadata): Promise<{ status: number; body: unknown }> };

const destination = { channel: 'sms', address: '+15145550123' };
const text = (more: object) => ({ role: 'appMaker', type: 'text', text: 'Hi', ...more });
const item = (metadata: Metadata) => ({
  title: 'A',
  actions: [{ type: 'postback', text: 'B', payload: 'C', metadata }],
});
let users = 0;

const DOORS: Record<string, Door> = {
  'the console, a message': {
    field: 'metadata',
    send: (metadata) =>
      operator('POST', `/api/workspaces/${app.appId}/messages`, {
        destination,
        content: { type: 'text', text: 'Hi' },
        metadata,
      }),
  },
  'the console, its content': {
    field: 'content.metadata',
    send: (metadata) =>
      operator('POST', `/api/workspaces/${app.appId}/messages`, {
        destination,
        content: { type: 'text', text: 'Hi', metadata },
      }),
  },
  'Sunshine, a message': {
    field: 'metadata',
    send: (metadata) => sunshine('POST', `${base}/appusers/ann/messages`, text({ metadata })),
  },
  'Sunshine, an action of an item': {
    field: 'items[0].actions[0].metadata',
    send: (metadata) =>
      sunshine('POST', `${base}/appusers/ann/messages`, {
        role: 'appMaker',
        type: 'carousel',
        items: [item(metadata)],
      }),
  },
  'Sunshine, a user': {
    field: 'properties',
    send: (properties) => sunshine('POST', `${base}/appusers`, { userId: `u${++users}`, properties }),
  },
  'Sunshine, an app': { field: 'metadata', send: (metadata) => sunshine('PUT', base, { metadata }) },
  'Web1on1, a conversation': {
    field: 'meta',
    send: (meta) =>
      web1on1('POST', '/conversations', {
        contact: { profile: { telephone: newPhone() } },
        messages: [{ text: 'Hi', role: 'agent', touchpoint: 'sms' }],
        meta,
      }),
  },
  'Web1on1, a message': {
    field: 'messages[0].meta',
    send: (meta) =>
      web1on1('POST', '/conversations', {
        contact: { profile: { telephone: newPhone() } },
        messages: [{ text: 'Hi', role: 'agent', touchpoint: 'sms', meta }],
      }),
  },
};

const many = (keys: number): Metadata =>
  Object.fromEntries(Array.from({ length: keys }, (_, i) => [`k${i}`, i]));

for (const [name, door] of Object.entries(DOORS))
  test(`${name}: metadata of too many bytes or keys is refused, naming field and rule; less is taken`, async () => {
    for (const [metadata, rule] of [
      [many(101), /at most 100 keys/],
      [{ a: 'x'.repeat(20_000) }, /at most [\d,]+ (?:bytes|characters)/],
      [{ a: '€'.repeat(10_000) }, /at most [\d,]+ (?:bytes|characters)/],
    ] as const) {
      const got = await door.send(metadata);
      const said = JSON.stringify(got.body);
      assert.equal(got.status, 400, said);
      assert.match(said, rule);
      assert.ok(said.includes(door.field), said);
    }
    const taken = await door.send(many(30));
    assert.ok(taken.status < 300, JSON.stringify(taken.body));
  });

test('none of it was an error of ours', () => assert.deepEqual(errors, []));
