/** §16 Taking an import back, driven over HTTP: what it made goes, and only that; whoever was anything since stays, and it is said why. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { bucketOf, fromHex24 } from '../src/base/ids.ts';
import { startConsole, type Json, type Reply } from './consoleProduct.ts';
import { testDatabase, TEST_SECRET } from './support/database.ts';
import { startProcess } from './support/processes.ts';
import { seededRandom } from './support/random.ts';
import { until } from './support/until.ts';

const database = await testDatabase();
const { call, base, url, demo } = await startConsole(database);

function ok(reply: Reply, status = 200): Json {
  assert.equal(reply.status, status, JSON.stringify(reply.body));
  return reply.body;
}

let numbers = 0;
const newNumber = () => `+1415588${String(++numbers).padStart(4, '0')}`;
const get = async (at: string): Promise<Json> => ok(await call('GET', `${base}${at}`));
const upload = async (csv: string): Promise<Json> =>
  ok(await call('POST', `${base}/imports?name=people.csv`, csv, { 'content-type': 'text/csv' }), 201);
const begin = async (csv: string, plan: object = {}): Promise<string> => {
  const { id } = await upload(csv);
  ok(await call('POST', `${base}/imports/${id}/start`, plan));
  return id;
};
const over = (id: string) =>
  until('the import is over', async () => {
    const body = await get(`/imports/${id}`);
    return body.endedAt !== null && body;
  });
const undo = (id: string) => call('POST', `${base}/imports/${id}/undo`);
const undone = (id: string): Promise<Json> =>
  until(
    'it is taken back',
    async () => {
      const body = await get(`/imports/${id}`);
      return body.undo.state === 'done' && body.undo;
    },
    60_000,
  );
const whoHas = async (phone: string): Promise<Json> =>
  (await get(`/contacts?search=${encodeURIComponent(phone)}`)).contacts[0];

describe('an import is taken back', () => {
  test('who was made by it and nothing since goes; who was anything since stays with why; memberships that it added go, others stay', async () => {
    const { id: list } = ok(await call('POST', `${base}/lists`, { name: 'Fair' }), 201);
    const phones = Array.from({ length: 9 }, newNumber);
    const [known, member] = [newNumber(), newNumber()];
    for (const phone of [known, member]) ok(await call('POST', `${base}/contacts`, { phone }), 201);
    const wasIn = await whoHas(member);
    ok(await call('POST', `${base}/lists/${list}/members`, { add: [wasIn.id] }));
    const csv = `phone,First name\n${[...phones, known, member].map((phone, n) => `${phone},P${n}`).join('\n')}\n`;
    const id = await begin(csv, { listId: list, tags: ['fair'] });
    const done = await over(id);
    assert.deepEqual([done.created, done.updated, done.canUndo, done.undo], [9, 2, true, null]);
    const people: Json[] = [];
    for (const phone of phones) people.push(await whoHas(phone));
    const [written, edited, wrote, did, listed, moved, again] = people;
    const content = { type: 'text', text: 'Hi' };
    ok(await call('POST', `${base}/messages`, { contactId: written.id, content }), 202);
    ok(await call('PATCH', `${base}/contacts/${edited.id}`, { surname: 'Lee' }));
    ok(await call('POST', `${base}/simulator/reply`, { channel: 'sms', address: phones[2], text: 'Hello' }));
    ok(await call('PATCH', `${base}/contacts/${did.id}`, { externalId: 'did' }));
    const track = await fetch(`${url}/v2/track`, {
      method: 'POST',
      headers: { 'x-outbound-key': demo.keys.outbound.private, 'content-type': 'application/json' },
      body: JSON.stringify({ user_id: 'did', event: 'came' }),
    });
    assert.ok(track.ok);
    const { id: other } = ok(await call('POST', `${base}/lists`, { name: 'Guests' }), 201);
    ok(await call('POST', `${base}/lists/${other}/members`, { add: [listed.id] }));
    const { id: address } = moved;
    ok(
      await call('POST', `${base}/contacts/${address}/destinations`, {
        channel: 'email',
        address: 'm@fair.example',
      }),
      201,
    );
    await over(await begin(`phone\n${phones[6]}\n`));
    await until('all of it is known', async () => (await get('/settled')).settled);
    const [first, second] = await Promise.all([undo(id), undo(id)]);
    assert.deepEqual(
      [first.status, second.status].toSorted((a, b) => a - b),
      [200, 409],
    );
    const told = await undone(id);
    const why = new Map(told.some.map((one: Json) => [one.contactId, one.why]));
    assert.deepEqual(
      [written, edited, wrote, did, listed, moved, again].map((one) => why.get(one.id)),
      ['used', 'changed', 'changed', 'changed', 'list', 'changed', 'import'],
    );
    assert.deepEqual(told.stayed, [
      { why: 'changed', people: 4 },
      { why: 'list', people: 1 },
      { why: 'import', people: 1 },
      { why: 'used', people: 1 },
    ]);
    assert.equal(told.removed, 2);
    // A list and a tag of each who stays and of who was known; of who was in the list the tag alone.
    assert.equal(told.memberships, 7 * 2 + 2 + 1);
    for (const { id: gone } of people.slice(7))
      assert.equal((await call('GET', `${base}/contacts/${gone}`)).status, 404);
    const inList = (await get(`/contacts?setId=${list}`)).contacts;
    assert.deepEqual(
      inList.map((one: Json) => one.id),
      [wasIn.id],
    );
    assert.equal((await whoHas(known)).givenName, 'P9', 'what it changed of others stays');
    assert.equal((await undo(id)).status, 409);
    assert.equal((await get(`/imports/${id}`)).canUndo, false);
    const { entries } = await get('/audit?action=import.undo');
    assert.equal(entries.length, 1);
    // Nothing is left of who went: the same file makes them anew.
    const anew = await over(await begin(csv));
    assert.deepEqual([anew.created, anew.updated], [2, 9]);
    const left = await database.sql`SELECT FROM import_made WHERE import_id = ${fromHex24(id)!}`;
    assert.equal(left.length, 0);
  });

  test('whom a date or a window of time is only waited for has been nothing by that, and goes', async () => {
    const campaign = {
      parley: 'campaign/1',
      key: 'birthday',
      trigger: { date: { attribute: 'born', yearly: true } },
      steps: [{ key: 'joy', send: { content: { type: 'text', text: 'Joy' }, channel: 'sms' } }],
    };
    const { id: at } = ok(await call('POST', `${base}/campaigns`, { campaign }), 201);
    ok(await call('POST', `${base}/campaigns/${at}/publish`, { people: 'move' }));
    const built = () =>
      database.sql`SELECT FROM segments WHERE state = 'building'`.then(({ length }) => length === 0);
    await until('dates are known', built, 30_000);
    const csv = () => `phone,born\n${newNumber()},1980-02-29\n${newNumber()},1990-03-01\n`;
    const id = await begin(csv());
    await over(id);
    await until('all of it is known', async () => (await get('/settled')).settled);
    const looks = await database.sql`SELECT FROM timers`;
    assert.ok(looks.length >= 2, 'their birthdays are waited for');
    ok(await undo(id));
    const { removed, stayed } = await undone(id);
    assert.deepEqual([removed, stayed], [2, []]);
    // The same while their lanes have not come to them.
    const { id: second } = await upload(
      `phone,born\n${Array.from({ length: 8 }, () => `${newNumber()},1990-03-01`).join('\n')}\n`,
    );
    const lane = bucketOf(fromHex24(second)!);
    const letGo = Promise.withResolvers<void>();
    const held = Promise.withResolvers<void>();
    const holding = database.sql.begin(async (tx) => {
      await tx`SELECT 1 FROM lanes WHERE NOT buckets @> ARRAY[${lane}::smallint] ORDER BY lane FOR UPDATE`;
      held.resolve();
      await letGo.promise;
    });
    await held.promise;
    ok(await call('POST', `${base}/imports/${second}/start`, {}));
    await over(second);
    const untaken = await database.sql`SELECT FROM event_arrivals`;
    ok(await undo(second));
    const told = await undone(second);
    letGo.resolve();
    await holding;
    assert.ok(untaken.length > 0, 'nobody has looked at them');
    assert.deepEqual([told.removed, told.stayed], [8, []]);
  });

  test('what was not begun, or is of before it was written down, is not; who is erased or merged meanwhile is passed over', async () => {
    const waiting = await upload('phone\n+14155570001\n');
    assert.equal((await undo(waiting.id)).status, 409);
    assert.equal((await undo('0'.repeat(24))).status, 404);
    const [erased, merged, into] = [newNumber(), newNumber(), newNumber()];
    const id = await begin(`phone\n${[erased, merged, into].join('\n')}\n`);
    await over(id);
    const contacts = await Promise.all([erased, merged, into].map(whoHas));
    assert.equal((await call('DELETE', `${base}/contacts/${contacts[0].id}`)).status, 204);
    const pair = { survivingId: contacts[2].id, discardedId: contacts[1].id };
    ok(await call('POST', `${base}/contacts/merge`, pair));
    ok(await undo(id));
    const told = await undone(id);
    assert.deepEqual([told.removed, told.some.map((one: Json) => one.contactId)], [0, [contacts[2].id]]);
    const old = await begin(`phone\n${newNumber()}\n`);
    await over(old);
    await database.sql`UPDATE imports SET options = '{"setIds":[]}' WHERE id = ${fromHex24(old)!}`;
    assert.equal((await undo(old)).status, 409);
  });

  test('one that is being read stops, and leaves nothing', async () => {
    const rows = Array.from({ length: 12_000 }, (_, n) => `stop${n}`);
    const id = await begin(`id\n${rows.join('\n')}\n`);
    await until('some of it is written', async () => (await get(`/imports/${id}`)).doneRows >= 1_000);
    ok(await undo(id));
    const told = await undone(id);
    const row = await get(`/imports/${id}`);
    assert.deepEqual([row.state, told.removed, told.stayed], ['failed', row.created, []]);
    assert.ok(row.doneRows < 12_000);
    assert.deepEqual((await get('/contacts?search=stop1')).contacts, []);
  });

  test('who is written to while it is taken back either stays with the message or was gone before', async () => {
    const phones = Array.from({ length: 3_000 }, newNumber);
    const id = await begin(`phone\n${phones.join('\n')}\n`);
    await over(id);
    const found = await Promise.all(phones.filter((_, n) => n % 50 === 0).map(whoHas));
    ok(await undo(id));
    const content = { type: 'text', text: 'Are you there?' };
    const sent = await Promise.all(
      found.map(async (one) => await call('POST', `${base}/messages`, { contactId: one.id, content })),
    );
    const told = await undone(id);
    let stayed = 0;
    for (const [n, { status }] of sent.entries()) {
      const there = await call('GET', `${base}/contacts/${found[n].id}`);
      assert.ok(status === 202 || status === 404 || status === 409, `${status}`);
      assert.equal(there.status, status === 202 ? 200 : 404, JSON.stringify(sent[n]!.body));
      if (status === 202) stayed += 1;
    }
    assert.equal(told.removed, 3_000 - stayed);
    await until('settled', async () => (await get('/settled')).settled);
  });

  test('who is written to for the first time while they are erased leaves no conversation behind', async () => {
    const people = await Promise.all(
      Array.from({ length: 60 }, async () =>
        ok(await call('POST', `${base}/contacts`, { phone: newNumber() }), 201),
      ),
    );
    const content = { type: 'text', text: 'Are you there?' };
    await Promise.all(
      people.flatMap(({ id }) => [
        call('POST', `${base}/messages`, { contactId: id, content }),
        call('DELETE', `${base}/contacts/${id}`),
      ]),
    );
    await until('settled', async () => (await get('/settled')).settled);
    const left = await database.sql`
      SELECT FROM conversations v WHERE NOT EXISTS (SELECT FROM contacts c WHERE c.bucket = v.bucket AND c.id = v.contact_id)
        AND NOT EXISTS (SELECT FROM merged_contacts g WHERE g.contact_id = v.contact_id)`;
    assert.equal(left.length, 0);
  });
});

const seed = Number(process.env['UNDO_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

test(`kill -9 in the middle of it: each person counts once (UNDO_SEED=${seed})`, async () => {
  const random = seededRandom(seed);
  const other = await testDatabase();
  const dir = await mkdtemp(path.join(tmpdir(), 'parley-undo-'));
  const env = {
    PARLEY_DATABASE_URL: other.url,
    PARLEY_DATA_DIR: dir,
    PARLEY_SECRET: TEST_SECRET,
    PARLEY_LEASE_MS: '1000',
  };
  const its = await startConsole(other, {}, { PARLEY_ROLES: 'http' });
  after(async () => await rm(dir, { recursive: true, force: true }));
  const reader = await startProcess({ ...env, PARLEY_ROLES: 'worker' });
  const rows = Array.from({ length: 2_000 }, (_, n) => `k${n}`);
  const at = `${its.base}/imports`;
  const { id } = ok(
    await its.call('POST', at, `id\n${rows.join('\n')}\n`, { 'content-type': 'text/csv' }),
    201,
  );
  ok(await its.call('POST', `${at}/${id}/start`, { tags: ['k'] }));
  const look = async () => ok(await its.call('GET', `${at}/${id}`));
  await until('it is read', async () => (await look()).state === 'done', 60_000);
  await reader.kill();
  ok(await its.call('POST', `${at}/${id}/undo`));
  for (let n = 0; n < 2; n++) {
    const DIES_AT = `${30 + Math.floor(random() * 200)}`;
    const { child } = await startProcess({ ...env, PARLEY_ROLES: 'worker', DIES_AT }, 'dyingChild.ts');
    if (child.signalCode === null) await once(child, 'exit');
  }
  const last = await startProcess({ ...env, PARLEY_ROLES: 'worker' });
  const told = await until(
    'it is taken back',
    async () => {
      const { undo: now } = await look();
      return now.state === 'done' && now;
    },
    60_000,
  );
  await last.kill();
  assert.deepEqual([told.removed, told.done, told.memberships, told.stayed], [2_000, 2_000, 0, []]);
  const left =
    await other.sql`SELECT FROM contacts WHERE external_id LIKE 'k%' UNION ALL SELECT FROM set_members UNION ALL SELECT FROM import_made`;
  assert.equal(left.length, 0);
});
