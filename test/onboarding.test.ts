/**
 * Shout Actions, both sides played under the clocks of their workspaces: the five steps of the source's onboarding and its offboarding,
 * and an action that a company shares with accounts.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connectLive } from '../sdk/live/client.ts';
import type { CampaignFile } from '../contract/campaign.ts';
import { toHex24 } from '../src/base/ids.ts';
import { createGroup, listMembers } from '../src/conversations/groups/groups.ts';
import { webChatOf } from '../src/doors/kit/webChat.ts';
import { openSession } from '../src/links/sessions.ts';
import { caller } from './consoleProduct.ts';
import { connectHolder, endGrant, newCompany, newHolder } from './support/connect.ts';
import { testDatabase } from './support/database.ts';
import { newConsoleKey } from './support/messages.ts';
import { until } from './support/until.ts';
import { must, newTwilio, startWorld } from './support/world.ts';

// oxlint-disable typescript/no-explicit-any
type Json = any;

const database = await testDatabase();
const { sql } = database;
const world = await startWorld(database.connection, { PARLEY_RATE_LIMIT: '0' });
const { ctx, url } = world;
after(() => world.stop());

const DAY_MS = 86_400_000;

/** A workspace's API, its clock, and what is to be seen of it. */
async function placeOf(workspaceId: number) {
  const call = caller(url, (await newConsoleKey(ctx, workspaceId)).replace('Bearer ', ''));
  const base = `/api/workspaces/${toHex24(workspaceId)}`;
  return {
    id: workspaceId,
    async call(method: string, path: string, body?: unknown): Promise<Json> {
      const answer = await call(method, base + path, body);
      assert.ok(answer.status < 300, `${method} ${path} → ${answer.status} ${JSON.stringify(answer.body)}`);
      return answer.body;
    },
    tries: async (method: string, path: string, body?: unknown) => await call(method, base + path, body),
    settled: () => until('all is done', async () => must(await ctx.simulator.settled(workspaceId)), 30_000),
    async advance(byMs: number) {
      must(await ctx.simulator.advanceClock(workspaceId, byMs));
      await this.settled();
    },
    async live(campaign: Omit<CampaignFile, 'parley'>) {
      const { id } = await this.call('POST', '/campaigns', {
        campaign: { parley: 'campaign/1', ...campaign },
      });
      return await this.call('POST', `/campaigns/${id}/publish`, { people: 'move' });
    },
    /** What was said to a contact, oldest first. */
    async said(contactId: number): Promise<string[]> {
      const rows = await sql<{ text: string }[]>`
        SELECT coalesce(content ->> 'text', content ->> 'type') AS text FROM messages
        WHERE workspace_id = ${workspaceId} AND contact_id = ${contactId} AND direction = 'out' ORDER BY id`;
      return rows.map(({ text }) => text);
    },
  };
}

const say = (key: string, text: string) => ({
  key,
  send: { content: { type: 'text' as const, text }, class: 'transactional' as const },
});

/** A company that welcomes whoever connects. */
async function newAcme() {
  const company = await newCompany(ctx);
  await newTwilio(ctx, company.id, 'http://127.0.0.1:9');
  const integrationId = must(await webChatOf(ctx, company.id));
  const place = await placeOf(company.id);
  return { ...place, company, integrationId };
}

const ALERT: Omit<CampaignFile, 'parley'> = {
  key: 'order-alert',
  trigger: { event: { did: '$order_paid' } },
  entry: { per: 'order' },
  whileActive: 'alongside',
  steps: [
    {
      key: 'text',
      send: {
        content: { type: 'text', text: 'Acme thanks you for {{ event.total_text }}!' },
        class: 'transactional',
        channel: 'sms',
      },
    },
  ],
};

test('S7 S17 S19: the five onboarding steps of the source, from connecting to the first order alert; S18 S20: offboarding', async () => {
  const acme = await newAcme();
  const group = await ctx.queue.transact((tx) =>
    createGroup(tx, ctx.ids, ctx.clock.nowMs(), acme.id, { name: 'New members' }),
  );
  await acme.call('POST', '/actions', {
    campaign: { parley: 'campaign/1', ...ALERT },
    mayChange: ['steps.text.send.content.text'],
  });
  await acme.live({
    key: 'onboarding',
    trigger: { grant: { on: 'created' } },
    entry: 'every',
    exits: [{ event: '$grant_deleted', match: { grant: 'grant' } }],
    steps: [
      say('welcome', 'Welcome, {{ contact.givenName }}'),
      {
        key: 'ask-address',
        send: {
          content: {
            type: 'form',
            fields: [{ type: 'text', name: 'address', label: 'Where shall we send your samples?' }],
          },
          class: 'transactional',
        },
      },
      {
        key: 'address',
        wait_for: {
          event: '$form_answered',
          of: 'ask-address',
          timeout: '7d',
          save: { shippingAddress: 'answers.address' },
        },
      },
      { key: 'chat', group_chat: { join: toHex24(group.id) } },
      say('lesson-1', 'Lesson 1'),
      { key: 'day', wait: { for: '1d' } },
      say('lesson-2', 'Lesson 2'),
      { key: 'more', wait: { for: '2d' } },
      say('lesson-3', 'Lesson 3'),
      { key: 'alerts', connect: { share: 'order-alert' } },
    ],
  });
  await acme.live({
    key: 'offboarding',
    trigger: { grant: { on: 'deleted' } },
    entry: 'every',
    steps: [{ key: 'out', group_chat: { leave: toHex24(group.id) } }, say('bye', 'Goodbye')],
  });
  const holder = await newHolder(ctx);
  const { grant } = must(await connectHolder(ctx, acme.company, holder, 'aff-1'));
  const [ann, contactId] = [await placeOf(holder.workspaceId), grant.contactId];
  await newTwilio(ctx, holder.workspaceId, 'http://127.0.0.1:9');
  await acme.settled();
  assert.deepEqual(await acme.said(contactId), ['Welcome, Ann', 'form']);

  const { token } = await ctx.queue.transact((tx) =>
    openSession(tx, ctx.clock.nowMs(), {
      workspaceId: acme.id,
      contactId,
      integrationId: acme.integrationId,
    }),
  );
  const chat = connectLive({ url, token });
  const address = '1 E Center St, Provo, UT 84606';
  await chat.say({
    type: 'formResponse',
    fields: [{ type: 'text', name: 'address', label: 'Where shall we send your samples?', text: address }],
  });
  chat.close();
  await acme.settled();
  const shown = await acme.call('GET', `/contacts/${toHex24(contactId)}`);
  assert.equal(shown.attributes.shippingAddress, address, 'the answer is kept of the contact');
  const members = async () =>
    (await listMembers(sql, group.id, { afterId: 0, limit: 10 })).map((one) => one.contactId);
  assert.deepEqual(await members(), [contactId]);
  assert.deepEqual((await acme.said(contactId)).slice(2), ['Lesson 1']);
  await acme.advance(DAY_MS);
  assert.deepEqual((await acme.said(contactId)).slice(2), ['Lesson 1', 'Lesson 2']);
  assert.equal((await ann.call('GET', '/campaigns')).campaigns.length, 0, 'not before the training is over');
  await acme.advance(2 * DAY_MS);
  assert.deepEqual((await acme.said(contactId)).slice(4), ['Lesson 3']);

  const [offered] = (await ann.call('GET', '/campaigns')).campaigns;
  assert.deepEqual(
    [offered.key, offered.state],
    ['order-alert', 'draft'],
    'the account decides whether it runs',
  );
  const settings = await ann.call('PATCH', '/orders/settings', { alert: { on: true } });
  assert.deepEqual(settings.alert, {
    on: true,
    text: 'Acme thanks you for {{ event.total_text }}!',
    delay: '0m',
  });
  const customer = '+18015557788';
  const told = await caller(url, acme.company.token)(
    'POST',
    '/orders',
    { order: { paid_at: 'now', total_cents: 16_800, profile_phone_number: customer } },
    { 'x-shout-connect-id': 'aff-1' },
  );
  assert.equal(told.status, 201, JSON.stringify(told.body));
  await ann.settled();
  const [text] = must(await ctx.simulator.phone(holder.workspaceId, customer));
  assert.equal((text!.content as Json).text, 'Acme thanks you for $168.00!');

  must(await endGrant(ctx, grant));
  await acme.settled();
  assert.deepEqual(await members(), []);
  assert.equal((await acme.said(contactId)).at(-1), 'Goodbye');
});

test('connected, disconnected and connected again within a second: each grant onboards and offboards once', async () => {
  const acme = await newAcme();
  const steps = (key: string) => [say(key, `${key} {{ event.connect_id }}`)];
  await acme.live({ key: 'hello', trigger: { grant: { on: 'created' } }, steps: steps('hello') });
  await acme.live({ key: 'bye', trigger: { grant: { on: 'deleted' } }, steps: steps('bye') });
  const holder = await newHolder(ctx);
  const first = must(await connectHolder(ctx, acme.company, holder, 'x'));
  must(await endGrant(ctx, first.grant));
  const second = must(await connectHolder(ctx, acme.company, holder, 'x'));
  await acme.settled();
  assert.equal(second.grant.contactId, first.grant.contactId);
  assert.deepEqual(
    (await acme.said(first.grant.contactId)).toSorted((a, b) => a.length - b.length || (a < b ? -1 : 1)),
    ['bye x', 'hello x', 'hello x'],
  );
});

test('an action in versions: what the account may change stays, what it may not is refused, its own campaigns are left alone', async () => {
  const acme = await newAcme();
  const share = (text: string, wait = '1d') =>
    acme.call('POST', '/actions', {
      campaign: {
        parley: 'campaign/1',
        key: 'thanks',
        trigger: { order: { on: 'created' } },
        steps: [{ key: 'rest', wait: { for: wait } }, say('text', text)],
      },
      mayChange: ['steps.text.send.content.text'],
    });
  await share('Thank you');
  const holder = await newHolder(ctx);
  must(await connectHolder(ctx, acme.company, holder, 'a'));
  const ann = await placeOf(holder.workspaceId);
  const offer = () => acme.tries('POST', '/actions/thanks/offer', { connectId: 'a' });
  const both = await Promise.all([offer(), offer()]);
  for (const { status, body } of both) {
    assert.ok(status === 200 || status === 409, JSON.stringify(body));
    if (status === 200) assert.deepEqual([body.version, body.state], [1, 'draft']);
  }
  const [draft] = (await ann.call('GET', '/campaigns')).campaigns;
  const written = async () => (await ann.call('GET', `/campaigns/${draft.id}`)).campaign as CampaignFile;
  const changed = structuredClone(await written()) as Json;
  changed.steps[1].send.content.text = 'Thanks a lot';
  await ann.call('POST', '/campaigns', { campaign: changed });
  const odd = structuredClone(changed);
  odd.steps[0].wait.for = '1h';
  const refused = await ann.tries('POST', '/campaigns', { campaign: odd });
  assert.equal(refused.status, 422);
  assert.equal(refused.body.error.field, 'campaign.steps.rest.wait.for');
  assert.match(refused.body.error.message, /of it may be changed: steps\.text\.send\.content\.text/);
  await ann.call('POST', `/campaigns/${draft.id}/publish`, { people: 'move' });
  await share('Thank you very much', '2d');
  assert.deepEqual((await offer()).body.version, 2);
  assert.equal((await offer()).body.kept, true, 'twice is once');
  const next = (await written()) as Json;
  assert.deepEqual([next.steps[0].wait.for, next.steps[1].send.content.text], ['2d', 'Thanks a lot']);
  const page = await acme.call('GET', '/actions');
  assert.deepEqual(
    page.actions.map(({ key, version }: Json) => [key, version]),
    [['thanks', 2]],
  );

  const other = await newHolder(ctx);
  must(await connectHolder(ctx, acme.company, other, 'b'));
  const bob = await placeOf(other.workspaceId);
  await bob.call('POST', '/campaigns', { campaign: changed });
  const own = await acme.tries('POST', '/actions/thanks/offer', { userId: other.id });
  assert.equal(own.status, 409);
  const nobody = await acme.tries('POST', '/actions/thanks/offer', { connectId: 'nobody' });
  assert.equal(nobody.status, 404);
  assert.equal((await acme.tries('POST', '/actions/none/offer', { connectId: 'a' })).status, 404);
});
