/** Somebody who is erased: nothing that names them is left in any table, nor a file of theirs, whichever door erases. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex24, toHex24 } from '../src/base/ids.ts';
import { takeSnapshot } from '../src/live/log.ts';
import { caller, errors, startProduct, type App } from './sunshineProduct.ts';
import { newGroup, post } from './support/groups.ts';
import { newConsoleKey } from './support/messages.ts';
import { MAY_NAME, rowsOf, tablesWith } from './support/named.ts';
import { startReceiver } from './support/receiver.ts';
import { until } from './support/until.ts';
import { callApi, must } from './support/world.ts';

/* oxlint-disable no-underscore-dangle, typescript/no-explicit-any */
type Json = any;

const product = await startProduct();
const { url, sql, ctx } = product;
const receiver = await startReceiver();

let people = 0;

/** Somebody with a history: written to and answering on two channels, with a picture, seen live, told of to a webhook. */
async function somebody(app: App, name: string) {
  const call = caller(url, app);
  const at = `/v1.1/apps/${app.appId}`;
  const phone = `+1514557${String(++people).padStart(4, '0')}`;
  const made = (await call('POST', `${at}/appusers`, {
    userId: `${name}-id`,
    givenName: `${name}-given`,
  })) as Json;
  assert.equal(made.status, 201);
  const id = made.body.appUser._id as string;
  const contactId = fromHex24(id)!;
  const linked = await call('POST', `${at}/appusers/${id}/channels`, {
    type: 'twilio',
    phoneNumber: phone,
    confirmation: { type: 'immediate', message: { role: 'appMaker', type: 'text', text: `${name}-hello` } },
  });
  assert.equal(linked.status, 200, JSON.stringify(linked.body));
  await takeSnapshot(sql, { workspaceId: app.workspaceId, contactId });
  await until('it is on the phone', async () => {
    const seen = await product.simulator.phone(app.workspaceId, phone);
    return (
      Array.isArray(seen) && seen.some(({ content }) => JSON.stringify(content).includes(`${name}-hello`))
    );
  });
  await product.simulator.reply({
    workspaceId: app.workspaceId,
    channel: 'sms',
    address: phone,
    text: `${name}-answer`,
  });
  const form = new FormData();
  form.set('source', new Blob(['PNG'], { type: 'image/png' }), 'me.png');
  form.set('role', 'appUser');
  const picture = await fetch(`${url}${at}/appusers/${id}/images`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${app.keyId}:${app.secret}`).toString('base64')}` },
    body: form,
  });
  assert.equal(picture.status, 201, await picture.clone().text());
  const { mediaUrl } = ((await picture.json()) as Json).message;
  assert.equal((await fetch(mediaUrl)).status, 200);
  const group = await newGroup(ctx, app.workspaceId, [contactId]);
  const of = { workspaceId: app.workspaceId, groupId: group.id };
  must(await post(ctx, of, `${name}-said`, { authorId: contactId, author: { name: `${name}-author` } }));
  return { id, contactId, phone, mediaUrl, marks: [name, phone, phone.slice(1)] };
}

async function listen(app: App): Promise<string> {
  const path = `/hook-${++people}`;
  const triggers = ['message:appUser', 'message:appMaker', 'message:delivery:user'];
  const made = await caller(url, app)('POST', `/v1.1/apps/${app.appId}/webhooks`, {
    target: receiver.url(path),
    triggers,
    includeFullAppUser: true,
  });
  assert.equal(made.status, 201);
  return path;
}

async function nothingLeft(
  app: App,
  persons: readonly { contactId: number; mediaUrl: string; marks: readonly string[] }[],
): Promise<void> {
  await until('the feed is empty', async () => {
    const rows = await sql`SELECT 1 FROM feed WHERE workspace_id = ${app.workspaceId}`;
    return rows.length === 0;
  });
  for (const { contactId, mediaUrl, marks } of persons) {
    const left = await tablesWith(sql, marks, MAY_NAME);
    // That they were deleted is told with the id that the caller has for them, and nothing else.
    assert.deepEqual(
      left.filter((one) => one !== 'feed_log: 1'),
      [],
    );
    const told = await sql<{ trigger: string; more: object; appUser: object }[]>`
      SELECT payload ->> 'trigger' AS trigger, payload -> 'more' AS more, payload -> 'appUser' AS "appUser"
      FROM feed_log WHERE payload::text ILIKE ANY(${marks.map((mark) => `%${mark}%`)}::text[])`;
    for (const { trigger, more, appUser } of told) {
      assert.deepEqual([trigger, more], ['appUser:delete', {}]);
      assert.deepEqual(Object.keys(appUser).sort(), ['_id', 'conversationStarted', 'userId']);
    }
    assert.deepEqual(await rowsOf(sql, contactId), []);
    await until('the file is gone', async () => (await fetch(mediaUrl)).status === 404);
  }
}

test('erased by the console', async () => {
  const app = await product.newApp();
  const hook = await listen(app);
  const ann = await somebody(app, 'annwho');
  const bea = await somebody(app, 'beawho');
  await until('all was told', () => {
    const told = receiver.received(hook).map(({ body }) => body);
    return [ann, bea].every(({ mediaUrl }) => told.some((body) => body.includes(mediaUrl)));
  });
  await until('it is logged', async () => {
    const rows = await sql`SELECT 1 FROM live_log WHERE contact_id = ${ann.contactId}`;
    return rows.length > 0;
  });
  assert.ok((await tablesWith(sql, ann.marks, MAY_NAME)).length > 5, 'there is something to erase');
  const key = await newConsoleKey(ctx, app.workspaceId);
  const path = `/api/workspaces/${app.appId}/contacts/${ann.id}`;
  assert.equal((await callApi({ url }, key, 'DELETE', path)).status, 204);
  await nothingLeft(app, [ann]);
  // Nobody else's was touched.
  assert.equal((await fetch(bea.mediaUrl)).status, 200);
  const left = await tablesWith(sql, bea.marks, []);
  for (const table of ['contacts', 'messages', 'simulated_messages', 'webhook_calls'])
    assert.ok(
      left.some((one) => one.startsWith(`${table}:`)),
      table,
    );
});

test('N30 all that is kept about somebody is one document, and nobody else is in it', async () => {
  const app = await product.newApp();
  const cleo = await somebody(app, 'cleowho');
  const dora = await somebody(app, 'dorawho');
  const key = await newConsoleKey(ctx, app.workspaceId);
  const path = `/api/workspaces/${app.appId}/contacts/${cleo.id}/export`;
  const answer = await callApi({ url }, key, 'GET', path);
  assert.equal(answer.status, 200, JSON.stringify(answer.json));
  const { rooms, contactId } = answer.json;
  assert.equal(contactId, cleo.id);
  const [contact] = rooms.contacts.contacts;
  assert.equal(contact.id, cleo.id);
  assert.equal(contact.givenName, 'cleowho-given');
  assert.match(contact.createdAt, /^\d{4}-.*Z$/);
  assert.ok(rooms.contacts.destinations.some(({ address }: Json) => address === cleo.phone));
  const said = JSON.stringify(rooms.conversations.messages);
  for (const part of ['cleowho-hello', 'cleowho-answer', cleo.mediaUrl]) assert.ok(said.includes(part), part);
  assert.ok(rooms.ledger.deliveries.some(({ address }: Json) => address === cleo.phone));
  for (const mark of [...dora.marks, dora.id]) assert.ok(!JSON.stringify(answer.json).includes(mark), mark);

  // Whatever table names them is in it, or its room says why not.
  const named = (await tablesWith(sql, cleo.marks, [])).map((one) => one.split(':')[0]!);
  assert.ok(named.length > 5);
  for (const { name, exports = {} } of ctx.rooms())
    for (const [table, of] of Object.entries(exports))
      if (named.includes(table) && !('not' in of)) assert.ok(rooms[name][table].length > 0, table);

  const other = await product.newApp();
  const theirs = await newConsoleKey(ctx, other.workspaceId);
  const elsewhere = `/api/workspaces/${other.appId}/contacts/${cleo.id}/export`;
  assert.equal((await callApi({ url }, theirs, 'GET', elsewhere)).status, 404);
});

test('N30 every table that can name a person is exported, or its room says why not', () => {
  const silent = ctx.rooms().flatMap(({ name, personal = {}, exports = {} }) =>
    Object.entries(personal)
      .filter(
        ([place, what]) =>
          !/^names (nobody|operators)/.test(what) && !Object.hasOwn(exports, place.split('.')[0] ?? ''),
      )
      .map(([place]) => `${name}: ${place}`),
  );
  assert.deepEqual(silent, []);
  for (const { name, personal = {}, exports = {} } of ctx.rooms())
    for (const table of Object.keys(exports))
      assert.ok(
        Object.keys(personal).some((place) => place.split('.')[0] === table),
        `${name}: ${table} is exported, and not claimed`,
      );
});

test('erased by the Sunshine API, with whom they were merged from', async () => {
  const app = await product.newApp();
  const hook = await listen(app);
  const call = caller(url, app);
  const at = `/v1.1/apps/${app.appId}`;
  const cas = await somebody(app, 'caswho');
  const dee = await somebody(app, 'deewho');
  await until('all was told', () => {
    const told = receiver.received(hook).map(({ body }) => body);
    return [cas, dee].every(({ mediaUrl }) => told.some((body) => body.includes(mediaUrl)));
  });
  const merged = await call('POST', `${at}/appusers/merge`, {
    surviving: { _id: cas.id },
    discarded: { _id: dee.id },
  });
  assert.equal(merged.status, 200, JSON.stringify(merged.body));
  const live = await sql`SELECT 1 FROM live_heads WHERE contact_id = ${dee.contactId}`;
  assert.equal(live.length, 0, 'who was merged is not logged any more');
  assert.equal((await call('DELETE', `${at}/appusers/${toHex24(cas.contactId)}`)).status, 200);
  await nothingLeft(app, [cas, dee]);
});

test('nothing was logged as an error', () => {
  assert.deepEqual(errors, []);
});

test('9.7 every table, and every column of text or JSON, is claimed by the room whose it is', async () => {
  const rooms = ctx.rooms();
  const claims = rooms.flatMap(({ name, personal }) =>
    Object.entries(personal ?? {}).map(([place, what]) => ({ name, place, what })),
  );
  const columns = await sql<{ place: string; name: string }[]>`
    SELECT c.relname AS name, c.relname || '.' || a.attname AS place FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
      AND (a.atttypid IN ('text'::regtype, 'text[]'::regtype, 'jsonb'::regtype, 'json'::regtype)
        OR a.attname ~ '(^|_)(contact|owner)_ids?$')`;
  const claimed = new Set(claims.map(({ place }) => place));
  assert.deepEqual(
    columns.filter(({ name, place }) => !claimed.has(place) && !claimed.has(name)).map(({ place }) => place),
    [],
    'claimed by no room',
  );
  const there = new Set(columns.flatMap(({ name, place }) => [name, place]));
  const tables = await sql<
    { name: string }[]
  >`SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p')`;
  for (const { name } of tables) there.add(name);
  assert.deepEqual(
    claims.filter(({ place }) => !there.has(place)).map(({ place }) => place),
    [],
    'claimed, and not there',
  );
  assert.equal(claimed.size, claims.length, 'claimed by one room each');
});

test('9.7 the trail of somebody who was erased tells what was decided, and not to which number', async () => {
  const app = await product.newApp();
  const { id, contactId, phone } = await somebody(app, 'zoe');
  const trail = JSON.stringify([{ atMs: 1, what: 'fell back', why: `sms ${phone}: failed (30003)` }]);
  await sql`UPDATE deliveries SET trail = ${trail}::text::jsonb, detail = ${phone} WHERE contact_id = ${contactId}`;
  const gone = await caller(url, app)('DELETE', `/v1.1/apps/${app.appId}/appusers/${id}`);
  assert.equal(gone.status, 200);
  assert.deepEqual(await tablesWith(sql, [phone, phone.slice(1)], MAY_NAME), []);
  const rows = await sql<{ trail: unknown }[]>`SELECT trail FROM deliveries WHERE contact_id = ${contactId}`;
  assert.ok(rows.length > 0);
  for (const row of rows) assert.deepEqual(row.trail, [{ atMs: 1, what: 'fell back', why: '' }]);
});
