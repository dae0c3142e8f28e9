/** Push reaches all devices of a person; a device that is gone is not written to again, and the reason is kept. */
import assert from 'node:assert/strict';
import { createECDH, randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { toHex24 } from '../src/base/ids.ts';
import { createBroadcast, startBroadcast } from '../src/broadcasts/broadcasts.ts';
import { countBroadcast } from '../src/broadcasts/forecast.ts';
import { selectBroadcast } from '../src/broadcasts/sql.ts';
import { destinationsOf } from '../src/contacts/destinations.ts';
import { resolvePeople } from '../src/contacts/resolve/resolve.ts';
import { webPushAddress } from '../src/channels/webpush/adapter.ts';
import { selectDeliveriesOf } from '../src/ledger/sql.ts';
import { stateName } from '../src/ledger/states.ts';
import { testDatabase } from './support/database.ts';
import { startMailSink, type MailSink } from './support/mailSink.ts';
import { deliveriesOf, newConsoleKey, newIntegration, sendMessage } from './support/messages.ts';
import { startReceiver } from './support/receiver.ts';
import { until } from './support/until.ts';
import { callApi, must, newWorkspace, startWorld, type World } from './support/world.ts';

const database = await testDatabase();
const service = await startReceiver();
let world: World;
let mail: MailSink;
let app: Awaited<ReturnType<typeof newWorkspace>>;
let consoleKey: string;
let devices = 0;

before(async () => {
  mail = await startMailSink();
  world = await startWorld(database.connection, { PARLEY_PROVIDER_DEADLINE_MS: '2000' });
  app = await newWorkspace(world.ctx, 'live');
  const ecdh = createECDH('prime256v1');
  ecdh.generateKeys();
  await newIntegration(world.ctx, app.id, 'webpush', {
    vapidSubject: 'mailto:ops@shop.example',
    vapidPrivateKey: ecdh.getPrivateKey('base64url'),
    vapidPublic: ecdh.getPublicKey('base64url'),
  });
  await newIntegration(world.ctx, app.id, 'smtp', {
    host: '127.0.0.1',
    port: mail.port,
    from: 'shop@shop.example',
  });
  consoleKey = await newConsoleKey(world.ctx, app.id);
});
after(async () => {
  await world.stop();
  await mail.close();
});

type Device = { path: string; address: string };

/** A browser's subscription, which the push service keeps or has forgotten. */
function device(kept: boolean): Device {
  const path = `/device/${++devices}`;
  service.answer(path, { status: kept ? 201 : 410 });
  const ecdh = createECDH('prime256v1');
  ecdh.generateKeys();
  return {
    path,
    address: webPushAddress({
      endpoint: service.url(path),
      keys: { p256dh: ecdh.getPublicKey('base64url'), auth: randomBytes(16).toString('base64url') },
    }),
  };
}

async function someone(owned: readonly Device[], email?: string): Promise<number> {
  const { ctx } = world;
  const [made] = await ctx.queue.transact((tx) =>
    resolvePeople(
      tx,
      ctx.ids,
      ctx.clock.nowMs(),
      [
        {
          workspaceId: app.id,
          profile: { givenName: 'Fay' },
          identities: email === undefined ? [] : [{ kind: 'email', value: email }],
          destinations: [
            ...owned.map(({ address }) => ({ channel: 'push' as const, integrationId: null, address })),
            ...(email === undefined
              ? []
              : [{ channel: 'email' as const, integrationId: null, address: email }]),
          ],
        },
      ],
      'first',
    ),
  );
  return made!.contactId;
}

async function say(contactId: number): Promise<number> {
  const content = { type: 'text', text: 'Your table is free' };
  return await sendMessage(
    world,
    { appId: app.appId, consoleKey },
    { contactId: toHex24(contactId), content },
  );
}

async function settled(messageId: number, count: number): Promise<string[]> {
  return await until(`${count} deliveries are settled`, async () => {
    const names = (await deliveriesOf(world.ctx, messageId)).map(
      ({ channel, state }) => `${channel} ${stateName(state)}`,
    );
    return names.length === count && names.every((name) => /accepted|failed|suppressed/.test(name))
      ? names
      : undefined;
  });
}

const callsTo = (owned: readonly Device[]) => owned.map(({ path }) => service.received(path).length);

test('a message goes to every device, once each; the device that is gone is marked dead with the reason', async () => {
  const owned = [device(true), device(false), device(true)];
  const contactId = await someone(owned);
  const id = await say(contactId);
  const names = await settled(id, 3);
  assert.deepEqual(names.toSorted(), ['push accepted', 'push accepted', 'push failed']);
  assert.deepEqual(callsTo(owned), [1, 1, 1]);
  const dead = (await destinationsOf(world.ctx.sql, app.id, [contactId])).find(
    ({ address }) => address === owned[1]!.address,
  )!;
  assert.equal(dead.status, 'inactive');
  assert.match(dead.blockedReason!, /dead address \(410\)|dead address/);

  await settled(await say(contactId), 2);
  assert.deepEqual(callsTo(owned), [2, 1, 2]);
});

test('one device: one delivery', async () => {
  const owned = [device(true)];
  assert.deepEqual(await settled(await say(await someone(owned)), 1), ['push accepted']);
  assert.deepEqual(callsTo(owned), [1]);
});

test('all devices are gone: the next channel, once', async () => {
  const owned = [device(false), device(false)];
  const contactId = await someone(owned, 'fay@people.example');
  const names = await settled(await say(contactId), 3);
  assert.deepEqual(names, ['push failed', 'push failed', 'email accepted']);
  assert.equal(mail.to('fay@people.example').length, 1);
});

test('one device of two took it: no other channel', async () => {
  const owned = [device(false), device(true)];
  const contactId = await someone(owned, 'gus@people.example');
  const id = await say(contactId);
  const names = await settled(id, 2);
  assert.deepEqual(names.toSorted(), ['push accepted', 'push failed']);
  const path = `/api/workspaces/${app.appId}/why?contact=${toHex24(contactId)}&message=${toHex24(id)}`;
  assert.equal((await callApi(world, consoleKey, 'GET', path)).json.state, 'accepted');
  assert.equal((await world.ctx.sql`SELECT 1 FROM due WHERE cause_id = ${id}`).length, 0);
  assert.equal(mail.to('gus@people.example').length, 0);
});

test('a broadcast reaches all devices, and its counts add up', async () => {
  const { ctx } = world;
  const many = [device(true), device(true), device(false)];
  const one = [device(true)];
  await ctx.sql`UPDATE destinations SET status = 'inactive' WHERE workspace_id = ${app.id} AND channel = 'push'`;
  const contactId = await someone(many);
  await someone(one);
  const nowMs = ctx.clock.nowMs();
  const input = {
    name: 'news',
    channel: 'push',
    class: 'transactional',
    audience: { include: { all: true } },
    content: { type: 'text', text: 'Hi {{ contact.givenName }}' },
  };
  const made = must(
    await ctx.queue.transact((tx) => createBroadcast(ctx.broadcasts, tx, app.id, input, nowMs)),
  );
  await ctx.queue.transact((tx) => startBroadcast(ctx.broadcasts, tx, app.id, made.id, nowMs));
  const done = await until('it is done', async () => {
    const now = await selectBroadcast(ctx.sql, app.id, made.id);
    return now?.state === 'done' ? now : undefined;
  });
  assert.deepEqual(callsTo([...many, ...one]), [1, 1, 1, 1]);
  const deliveries = await selectDeliveriesOf(ctx.sql, app.id, contactId, done.runId!);
  assert.deepEqual(deliveries.map(({ state }) => stateName(state)).toSorted(), [
    'accepted',
    'accepted',
    'failed',
  ]);
  const counts = await countBroadcast(ctx.broadcasts, ctx.sql, done);
  assert.equal(counts.accepted, 3);
  assert.equal(counts.failed, 1);
  assert.equal(counts.queued, 0);
});
