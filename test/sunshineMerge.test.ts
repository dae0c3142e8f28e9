/** Two users that are one person, and what is left of a user who is deleted (api/sunshine.md §2, §8.3). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex24 } from '../src/base/ids.ts';
import { mergeContacts } from '../src/contacts/merge.ts';
import { conversationsOf, mergeConversations } from '../src/conversations/conversations.ts';
import { accept } from '../src/outbox/accept.ts';
import { selectDeliveriesOf } from '../src/ledger/sql.ts';
import { must, caller, errors, startProduct } from './sunshineProduct.ts';
import { startReceiver } from './support/receiver.ts';
import { until } from './support/until.ts';

/* oxlint-disable no-underscore-dangle, typescript/no-explicit-any */
type Json = any;

const product = await startProduct();
const { url, sql, ctx } = product;
const receiver = await startReceiver();
const app = await product.newApp();
const call = caller(url, app);
const at = `/v1.1/apps/${app.appId}`;
let numbers = 0;
const newNumber = () => `+1514556${String(++numbers).padStart(4, '0')}`;

async function listen(triggers: string[]) {
  const path = `/hook-${++numbers}`;
  const made = await call('POST', `${at}/webhooks`, { target: receiver.url(path), triggers });
  assert.equal(made.status, 201);
  return (what: string, fits: (body: Json) => boolean) =>
    until<Json>(
      what,
      () =>
        receiver
          .received(path)
          .map(({ body }) => JSON.parse(body))
          .find(fits),
      10_000,
    );
}

const phone = async (number: string): Promise<Json[]> => {
  const seen = await product.simulator.phone(app.workspaceId, number);
  return Array.isArray(seen) ? seen.map(({ content }) => content) : [];
};

/** A user who was sent a text, which has arrived. */
async function newUser(number: string, text: string): Promise<{ id: string; contactId: number }> {
  const sent = await call('POST', `${at}/notifications`, {
    destination: { integrationId: app.integrations['twilio'], destinationId: number },
    author: { role: 'appMaker' },
    message: { type: 'text', text },
  });
  assert.equal(sent.status, 201);
  await until('it arrived', async () => (await phone(number)).some((seen) => seen.text === text));
  const [row] = await sql<
    { id: number }[]
  >`SELECT contact_id AS id FROM destinations WHERE address = ${number}`;
  return { id: toHex24(row!.id), contactId: row!.id };
}
const merge = (surviving: object, discarded: object) =>
  call('POST', `${at}/appusers/merge`, { surviving, discarded });
const textsOf = async (user: string) =>
  ((await call('GET', `${at}/appusers/${user}/messages`)) as Json).body.messages.map((m: Json) => m.text);

test('the survivor has what was said with both, the clients and the names of both; it is told as merge:appUser', async () => {
  const told = await listen(['merge:appUser']);
  const [mine, theirs] = [newNumber(), newNumber()];
  const survivor = await newUser(mine, 'one');
  const discarded = await newUser(theirs, 'two');
  await product.simulator.reply({
    workspaceId: app.workspaceId,
    channel: 'sms',
    address: theirs,
    text: 'three',
  });
  await until('the answer', async () => (await textsOf(discarded.id)).includes('three'));
  await call('PUT', `${at}/appusers/${discarded.id}`, { givenName: 'Ann', properties: { plan: 'pro' } });
  const done = await merge({ _id: survivor.id }, { _id: discarded.id });
  assert.deepEqual([done.status, done.body], [200, {}]);
  assert.deepEqual(await textsOf(survivor.id), ['one', 'two', 'three']);
  assert.equal((await call('GET', `${at}/appusers/${discarded.id}`)).status, 404);
  const { appUser } = ((await call('GET', `${at}/appusers/${survivor.id}`)) as Json).body;
  assert.deepEqual(appUser.clients.map((c: Json) => c.externalId).toSorted(), [mine, theirs].toSorted());
  assert.equal(appUser.givenName, 'Ann');
  assert.deepEqual(appUser.properties, { plan: 'pro' });
  const body = await told('merge:appUser', (b) => b.trigger === 'merge:appUser');
  assert.deepEqual(body.surviving, { _id: survivor.id, conversationStarted: true });
  assert.deepEqual(body.discarded, [{ _id: discarded.id, conversationStarted: true }]);
  assert.equal(body.reason, 'api');
  // Who writes from the address of the one that is gone is the survivor.
  await product.simulator.reply({
    workspaceId: app.workspaceId,
    channel: 'sms',
    address: theirs,
    text: 'four',
  });
  await until('the answer', async () => (await textsOf(survivor.id)).includes('four'));
  // What was sent to the one that is gone is still found under its name.
  const deliveries = await selectDeliveriesOf(sql, app.workspaceId, discarded.contactId);
  assert.deepEqual(
    deliveries.map(({ address }) => address),
    [theirs],
  );
});

test('pages run over both histories; one message of either can be deleted, and all', async () => {
  const survivor = await newUser(newNumber(), 'first');
  const discarded = await newUser(newNumber(), 'other');
  for (let i = 0; i < 52; i++)
    for (const user of [survivor, discarded])
      await call('POST', `${at}/appusers/${user.id}/messages`, {
        role: 'appUser',
        type: 'text',
        text: `${user.id} ${i}`,
      });
  await merge({ _id: survivor.id }, { _id: discarded.id });
  const messages = `${at}/appusers/${survivor.id}/messages`;
  const latest = (await call('GET', messages)) as Json;
  assert.equal(latest.body.messages.length, 100);
  const older = (await call('GET', latest.body.previous.slice(url.length))) as Json;
  const all = [...older.body.messages, ...latest.body.messages];
  assert.equal(all.length, 106);
  assert.deepEqual(
    all.map((m: Json) => m.received),
    all.map((m: Json) => m.received).toSorted((a: number, b: number) => a - b),
  );
  assert.ok(all.every((m: Json) => m.role === 'appMaker' || m.authorId === survivor.id));
  const theirs = all.find((m: Json) => m.text === `${discarded.id} 7`);
  assert.equal((await call('DELETE', `${messages}/${theirs._id}`)).status, 200);
  assert.equal((await call('DELETE', `${messages}/${theirs._id}`)).status, 404);
  assert.equal((await call('DELETE', messages)).status, 200);
  assert.deepEqual(await textsOf(survivor.id), []);
});

test('a merge of the merged: everything is with the last', async () => {
  const [a, b, c] = [
    await newUser(newNumber(), 'a'),
    await newUser(newNumber(), 'b'),
    await newUser(newNumber(), 'c'),
  ];
  await merge({ _id: b.id }, { _id: a.id });
  await merge({ _id: c.id }, { _id: b.id });
  assert.deepEqual(await textsOf(c.id), ['a', 'b', 'c']);
});

test('what was on its way for the one that is gone reaches the survivor, and is told of the survivor', async () => {
  const told = await listen(['message:delivery:user']);
  const [mine, theirs] = [newNumber(), newNumber()];
  const survivor = await newUser(mine, 'hello');
  const discarded = await newUser(theirs, 'hello');
  const { workspaceId } = app;
  const [destination] = await sql<{ id: number }[]>`SELECT id FROM destinations WHERE address = ${theirs}`;
  const conversation = (await conversationsOf(sql, [discarded.contactId])).get(discarded.contactId)!;
  const nowMs = ctx.clock.nowMs();
  const pair = { workspaceId, survivingId: survivor.contactId, discardedId: discarded.contactId };
  const [accepted] = await ctx.queue.transact(async (tx) => {
    const made = await accept(ctx, tx, nowMs, [
      {
        workspaceId,
        contactId: discarded.contactId,
        conversationId: conversation.id,
        kind: 'message',
        class: 'transactional',
        content: { type: 'text', text: 'on its way' },
        author: {},
        source: { type: 'api' },
        destinationId: destination!.id,
      },
    ]);
    must(await mergeContacts(tx, ctx.ids, nowMs, pair));
    await mergeConversations(tx, ctx.ids, nowMs, pair);
    return made;
  });
  await until('it arrived', async () => (await phone(theirs)).some((seen) => seen.text === 'on its way'));
  const body = await told('its delivery', (b) => b.message._id === toHex24(accepted!.messageId));
  assert.equal(body.appUser._id, survivor.id);
  assert.deepEqual(await textsOf(survivor.id), ['hello', 'hello', 'on its way']);
});

test('N16 an answer carries the notifications that either was sent', async () => {
  const told = await listen(['message:appUser']);
  const mine = newNumber();
  const survivor = await newUser(mine, 'to one');
  const discarded = await newUser(newNumber(), 'to the other');
  await merge({ _id: survivor.id }, { _id: discarded.id });
  await product.simulator.reply({ workspaceId: app.workspaceId, channel: 'sms', address: mine, text: 'Yes' });
  const body = await told('the answer', (b) => b.appUser._id === survivor.id);
  assert.deepEqual(
    body.recentNotifications.map((m: Json) => m.text),
    ['to one', 'to the other'],
  );
});

test('ids of the caller’s own name users too; who is not there or is the same cannot be merged', async () => {
  for (const userId of ['s', 'd']) await call('POST', `${at}/appusers`, { userId });
  assert.equal((await merge({ userId: 's' }, { userId: 's' })).status, 400);
  assert.equal((await merge({ userId: 's' }, { userId: 'nobody' })).status, 404);
  assert.equal((await merge({ userId: 's' }, {})).status, 400);
  assert.equal((await merge({ userId: 's' }, { userId: 'd' })).status, 200);
  const survivor = (await call('GET', `${at}/appusers/s`)) as Json;
  assert.deepEqual(((await call('GET', `${at}/appusers/d`)) as Json).body, survivor.body);
});

test('of a user who is deleted nothing is left but that something was sent, also of whom the user was', async () => {
  const [mine, theirs] = [newNumber(), newNumber()];
  const survivor = await newUser(mine, 'x');
  const discarded = await newUser(theirs, 'y');
  await merge({ _id: survivor.id }, { _id: discarded.id });
  assert.equal((await call('DELETE', `${at}/appusers/${survivor.id}`)).status, 200);
  for (const { contactId } of [survivor, discarded]) {
    const [delivery, ...more] = await selectDeliveriesOf(sql, app.workspaceId, contactId);
    assert.deepEqual([delivery!.address, delivery!.vars, more], [null, null, []]);
    const [left] = await sql<
      { n: number }[]
    >`SELECT (SELECT count(*) FROM messages WHERE contact_id = ${contactId})
      + (SELECT count(*) FROM conversations WHERE contact_id = ${contactId})
      + (SELECT count(*) FROM merged_contacts WHERE contact_id = ${contactId}) AS n`;
    assert.equal(left!.n, 0);
  }
});

test('nothing was logged as an error', () => {
  assert.deepEqual(errors, []);
});
