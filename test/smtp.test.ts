/** E-mail through a real mail server: what arrives, what a refusal teaches, what waits for its turn, and where an answer belongs. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fromUuid, toHex24 } from '../src/base/ids.ts';
import { toRef } from '../src/ledger/ref.ts';
import { testDatabase } from './support/database.ts';
import { startMailSink, type MailSink } from './support/mailSink.ts';
import { newConsoleKey, newIntegration, reaches, sendMessage } from './support/messages.ts';
import { startReceiver } from './support/receiver.ts';
import { callApi, newWorkspace, startWorld, type World } from './support/world.ts';

const database = await testDatabase();
let world: World;
let sink: MailSink;
let app: Awaited<ReturnType<typeof newWorkspace>>;
let integrationId: string;
let consoleKey: string;
const answers = new Map<string, (before: number) => string | undefined>();

before(async () => {
  sink = await startMailSink();
  sink.answer = (to, count) => answers.get(to)?.(count);
  world = await startWorld(database.connection, { PARLEY_PROVIDER_DEADLINE_MS: '2000' });
  app = await newWorkspace(world.ctx, 'live');
  const made = await newIntegration(world.ctx, app.id, 'smtp', {
    host: '127.0.0.1',
    port: sink.port,
    from: 'Shop <shop@shop.example>',
    bounceAddress: 'bounce@shop.example',
  });
  integrationId = toHex24(made.id);
  consoleKey = await newConsoleKey(world.ctx, app.id);
});
after(async () => {
  await world.stop();
  await sink.close();
});

/** A message to an address through the console's API. */
async function send(address: string, content: object): Promise<number> {
  const destination = { channel: 'email', address };
  return await sendMessage(world, { appId: app.appId, consoleKey }, { destination, content });
}

test('a notification of the Sunshine API arrives as a mail', async () => {
  const { status, json } = await callApi(
    world,
    app.authorization,
    'POST',
    `/v1.1/apps/${app.appId}/notifications`,
    {
      destination: { integrationId, destinationId: 'ann@people.example' },
      author: { role: 'appMaker' },
      message: { type: 'text', text: 'Your parcel is here: https://shop.example/p?a=1&b=2' },
    },
  );
  assert.equal(status, 201);
  await reaches(world.ctx, fromUuid(json.notification._id)!, 'accepted');
  const [arrived, ...more] = sink.to('ann@people.example');
  assert.equal(more.length, 0);
  assert.equal(arrived!.mail.from?.address, 'shop@shop.example');
  assert.equal(arrived!.mail.text?.trim(), 'Your parcel is here: https://shop.example/p?a=1&b=2');
  assert.match(arrived!.mail.html!, /href="https:\/\/shop\.example\/p\?a=1&amp;b=2"/);
  // RFC 3834 §5.1: nobody's out-of-office notice is wanted for it.
  assert.deepEqual(
    arrived!.mail.headers.filter(({ key }) => key === 'auto-submitted').map(({ value }) => value),
    ['auto-generated'],
  );
});

test('a message of the console arrives with its subject, its HTML and its letters', async () => {
  const subject = 'Größe ändern – ist das möglich? 漢字';
  const html = '<p>Hällo <b>Zoë</b></p>';
  const id = await send('bea@people.example', { type: 'text', text: 'Hällo Zoë', html, subject });
  await reaches(world.ctx, id, 'accepted');
  const { mail } = sink.to('bea@people.example')[0]!;
  assert.equal(mail.subject, subject);
  assert.equal(mail.text?.trim(), 'Hällo Zoë');
  assert.equal(mail.html?.trim(), html);
});

test('a picture that the HTML shows is within it, any other file below', async () => {
  const files = await startReceiver();
  files.answer('/logo.png', { status: 200, headers: { 'content-type': 'image/png' }, body: 'PNG' });
  files.answer('/a.pdf', { status: 200, headers: { 'content-type': 'application/pdf' }, body: 'PDF' });
  const id = await send('cas@people.example', {
    type: 'text',
    text: 'Your invoice',
    html: '<p><img src="cid:logo.png"> Your invoice</p>',
    attachments: ['logo.png', 'a.pdf'].map((name) => ({ url: files.url(`/${name}`), name })),
  });
  await reaches(world.ctx, id, 'accepted');
  const { attachments } = sink.to('cas@people.example')[0]!.mail;
  assert.deepEqual(
    attachments.map(({ filename, mimeType, contentId, related }) => [filename, mimeType, contentId, related]),
    [
      ['logo.png', 'image/png', '<logo.png>', true],
      ['a.pdf', 'application/pdf', undefined, undefined],
    ],
  );
});

test('where an answer or a bounce belongs: the mail and its envelope name the delivery', async () => {
  const id = await send('cyd@people.example', { type: 'text', text: 'Is Tuesday fine?' });
  const delivery = await reaches(world.ctx, id, 'accepted');
  const { mail, from } = sink.to('cyd@people.example')[0]!;
  // What is behind the ref is its signature: anybody can write to a bounce address.
  const [, name, ref] = /^<((.+)-[0-9a-f]{12})@shop\.example>$/.exec(mail.messageId!)!;
  assert.equal(ref, toRef(delivery));
  assert.equal(delivery.externalIds?.[0], mail.messageId);
  assert.equal(from, `bounce+${name}@shop.example`);
});

test('550: failed for good, and the address is suppressed for what comes next', async () => {
  const to = 'gone@people.example';
  answers.set(to, () => '550 5.1.1 no such user');
  const failed = await reaches(world.ctx, await send(to, { type: 'text', text: 'Hello' }), 'failed');
  assert.equal(failed.code, '5.1.1');
  assert.match(failed.detail!, /no such user/);
  const next = await reaches(world.ctx, await send(to, { type: 'text', text: 'Hello again' }), 'suppressed');
  assert.equal(next.code, 'dead');
  assert.match(next.detail!, /dead address \(5\.1\.1\)/);
  const { length } = await world.ctx
    .sql`SELECT 1 FROM suppressions WHERE workspace_id = ${app.id} AND channel = 'email' AND address = ${to}`;
  assert.equal(length, 1);
  assert.equal(sink.to(to).length, 0);
});

test('450: held, sent again later, and then it arrives once', async () => {
  const to = 'busy@people.example';
  answers.set(to, (before) => (before === 0 ? '450 4.2.1 mailbox busy' : undefined));
  const id = await send(to, { type: 'text', text: 'Hello' });
  const held = await reaches(world.ctx, id, 'held');
  assert.equal(held.trail![0]!.what, 'deferred');
  const delivery = await reaches(world.ctx, id, 'accepted');
  assert.equal(delivery.attempts, 2);
  assert.equal(sink.to(to).length, 1);
});
