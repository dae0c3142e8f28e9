/** What the pages of people ask, driven over HTTP on the running product: merging, timelines, audiences, imports and exports as jobs. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { readConfig, type Config } from '../src/base/config.ts';
import { fromHex24 } from '../src/base/ids.ts';
import { silentLog } from '../src/base/log.ts';
import { startParley, type Parley } from '../src/parley.ts';
import { caller, startConsole, type Json, type Reply } from './consoleProduct.ts';
import { TEST_SECRET, testDatabase } from './support/database.ts';
import { until } from './support/until.ts';

const database = await testDatabase();
const { call, base } = await startConsole(database);
let numbers = 0;
const newNumber = () => `+1415577${String(++numbers).padStart(4, '0')}`;

function ok(reply: Reply, status = 200): Json {
  assert.equal(reply.status, status, JSON.stringify(reply.body));
  return reply.body;
}

function refused(reply: Reply, status: number, field?: string): void {
  assert.equal(reply.status, status, JSON.stringify(reply.body));
  if (field !== undefined) assert.equal(reply.body.error.field, field, JSON.stringify(reply.body));
}

const newContact = async (more: object = {}): Promise<Json> =>
  ok(await call('POST', `${base}/contacts`, { phone: newNumber(), ...more }), 201);

describe('merging', () => {
  test('what is foretold of a merge is what it makes', async () => {
    const one = await newContact({ givenName: 'Ann', attributes: { city: 'Ghent', plan: 'gold' } });
    const email = `ann${numbers}@example.com`;
    const other = await newContact({
      email,
      givenName: 'Anna',
      surname: 'Lee',
      externalId: `x${numbers}`,
      attributes: { city: 'Bruges', size: 3 },
    });
    const tag = ok(await call('POST', `${base}/tags`, { name: `vip ${numbers}` }), 201);
    ok(await call('POST', `${base}/tags/${tag.id}/members`, { add: [other.id] }));
    const pair = `survivingId=${one.id}&discardedId=${other.id}`;
    const { fields, moves, attributesFit } = ok(await call('GET', `${base}/contacts/merge?${pair}`));
    assert.ok(attributesFit);
    assert.deepEqual(moves.tags, [`vip ${numbers}`]);
    assert.equal(moves.destinations.length, 2);
    const merged = ok(
      await call('POST', `${base}/contacts/merge`, { survivingId: one.id, discardedId: other.id }),
    );
    for (const { name, result } of fields)
      assert.deepEqual(
        name.startsWith('attributes.') ? merged.attributes[name.slice(11)] : merged[name],
        result,
        name,
      );
    assert.deepEqual(merged.attributes, { city: 'Ghent', plan: 'gold', size: 3 });
    assert.equal(merged.surname, 'Lee');
    // The other's id is out in the world: it is looked at as whom it became, and changes name who it is.
    assert.equal(ok(await call('GET', `${base}/contacts/${other.id}`)).id, one.id);
    for (const [method, body] of [
      ['PATCH', { surname: 'X' }],
      ['DELETE', undefined],
    ] as const)
      refused(await call(method, `${base}/contacts/${other.id}`, body), 404);
    const whole = ok(await call('GET', `${base}/contacts/${one.id}`));
    assert.deepEqual(
      whole.tags.map(({ name }: Json) => name),
      moves.tags,
    );
    for (const { address } of moves.destinations)
      assert.ok(whole.destinations.some((destination: Json) => destination.address === address));
    const [event] = await database.sql<{ payload: Json }[]>`
      SELECT payload FROM feed_log WHERE type = 'sunshine.told' AND payload ->> 'trigger' = 'merge:appUser' ORDER BY id DESC LIMIT 1`;
    assert.deepEqual(
      event!.payload.more.discarded.map(({ _id }: Json) => _id),
      [other.id],
    );
    const told = ok(await call('GET', `${base}/contacts/${one.id}/timeline?kinds=merge`)).entries;
    assert.deepEqual(
      told.map(({ contactId }: Json) => contactId),
      [other.id],
    );
  });

  test('of two merges of one pair at once, one is made, and nobody merges with himself or a stranger', async () => {
    const [one, other] = [await newContact(), await newContact()];
    const ways = [
      { survivingId: one.id, discardedId: other.id },
      { survivingId: other.id, discardedId: one.id },
    ];
    const answers = await Promise.all(ways.map((body) => call('POST', `${base}/contacts/merge`, body)));
    assert.deepEqual(
      answers.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 404],
    );
    const self = { survivingId: one.id, discardedId: one.id };
    refused(await call('POST', `${base}/contacts/merge`, self), 400, 'discardedId');
    refused(await call('GET', `${base}/contacts/merge?survivingId=${one.id}`), 400, 'discardedId');
  });
});

describe('the timeline', () => {
  test('holds what was said, agreed to and refused, newest first, page by page and by kind', async () => {
    const ann = await newContact({ givenName: 'Tess' });
    for (const text of ['one', 'two', 'three'])
      ok(await call('POST', `${base}/messages`, { contactId: ann.id, content: { type: 'text', text } }), 202);
    const { destinations } = ok(await call('GET', `${base}/contacts/${ann.id}`));
    const block = `${base}/contacts/${ann.id}/destinations/${destinations[0].id}/block`;
    ok(await call('POST', block, { classes: ['marketing'], reason: 'asked on the phone' }));
    const at = `${base}/contacts/${ann.id}/timeline`;
    const { entries, next } = ok(await call('GET', at));
    assert.equal(next, null);
    assert.deepEqual(
      entries.map(({ type }: Json) => type),
      ['consent', 'message', 'message', 'message'],
    );
    assert.equal(entries[0].reason, 'asked on the phone');
    const pages: Json[] = [];
    let before = '';
    do {
      const page: Json = ok(await call('GET', `${at}?limit=1${before}`));
      pages.push(...page.entries);
      before = page.next === null ? '' : `&before=${encodeURIComponent(page.next)}`;
    } while (before);
    const when = (all: Json[]) => all.map(({ at: moment, type }) => [moment, type]);
    assert.deepEqual(when(pages), when(entries));
    const only = ok(await call('GET', `${at}?kinds=consent,order`)).entries;
    assert.deepEqual(only, [entries[0]]);
    refused(await call('GET', `${at}?kinds=sms`), 400, 'kinds');
    await until('settled', async () => ok(await call('GET', `${base}/settled`)).settled);
  });
});

const upload = async (csv: string, type = 'text/csv'): Promise<Reply> =>
  call('POST', `${base}/imports?name=people.csv`, csv, { 'content-type': type });
const over = (id: string): Promise<Json> =>
  until('the import is over', async () => {
    const body = ok(await call('GET', `${base}/imports/${id}`));
    return body.endedAt !== null && body;
  });

describe('imports as jobs', () => {
  test('a file is looked at with its columns guessed and changed, begun once, and says what was wrong', async () => {
    const rows = Array.from({ length: 2_000 }, (_, n) =>
      n % 100 === 7 ? `nobody,+999,x,` : `P${n},${newNumber()},Town ${n % 9},${n % 3}`,
    );
    const shown = ok(await upload(`First name,Mobile,City,Size\n${rows.join('\n')}\n`), 201);
    assert.deepEqual([shown.state, shown.rows, shown.name], ['ready', 2_000, 'people.csv']);
    const at = `${base}/imports/${shown.id}`;
    const look = ok(await call('POST', `${at}/preview`, {}));
    assert.deepEqual(look.columns[0], { header: 'First name', target: { field: 'givenName' } });
    assert.deepEqual(look.columns[2], { header: 'City', target: { attribute: 'City' } });
    assert.equal(look.rows.length, 50);
    assert.deepEqual(
      look.rows.filter(({ fault }: Json) => fault).map(({ line, fault }: Json) => [line, fault.field]),
      [[9, 'phone']],
    );
    const none = ok(await call('POST', `${at}/preview`, { mapping: { Mobile: 'ignore' } }));
    assert.match(none.fault.rule, /phone, email or external_id/);
    const mapping = { City: { attribute: 'town' }, Size: { attribute: 'size', type: 'number' } };
    refused(await call('POST', `${at}/start`, { mapping: { Nope: 'ignore' } }), 400, 'mapping');
    const begun = await Promise.all(
      [1, 2].map(() => call('POST', `${at}/start`, { mapping, tags: ['from a file'] })),
    );
    assert.deepEqual(
      begun.map(({ status }) => status).toSorted((a, b) => a - b),
      [200, 409],
    );
    const done = await over(shown.id);
    assert.deepEqual(
      [done.state, done.doneRows, done.created, done.updated, done.rejected],
      ['done', 2_000, 1_980, 0, 20],
    );
    const { faults, next } = ok(await call('GET', `${at}/faults?limit=3`));
    assert.deepEqual([faults.map(({ line }: Json) => line), next], [[9, 109, 209], 209]);
    assert.equal(ok(await call('GET', `${at}/faults?after=209`)).faults.length, 17);
    const found = ok(await call('GET', `${base}/contacts?search=P1234`)).contacts;
    assert.deepEqual(found[0].attributes, { town: 'Town 1', size: 1 });
    const [parts] = await database.sql<{ n: number }[]>`SELECT count(*)::integer AS n FROM import_parts`;
    assert.equal(parts!.n, 0, 'the file is not kept');
  });

  test('what is no file of rows is refused, and nothing of it is kept; one that is deleted stops', async () => {
    refused(await upload(''), 400, 'file');
    refused(await upload('{}', 'application/json'), 415);
    refused(await call('POST', `${base}/imports?x=1`, 'a', { 'content-type': 'text/csv' }), 400, 'x');
    const { id } = ok(await upload('id\nann\n'), 201);
    assert.equal((await call('DELETE', `${base}/imports/${id}`)).status, 204);
    refused(await call('POST', `${base}/imports/${id}/start`, {}), 404);
    const { imports } = ok(await call('GET', `${base}/imports`));
    assert.deepEqual(
      imports.filter(({ state }: Json) => state !== 'done'),
      [],
    );
  });

  test('nobody who was erased comes back by a file that waited; by one that was uploaded after it they do', async () => {
    const phone = newNumber();
    const people = [
      await newContact({ phone }),
      await newContact({ email: 'Gone@Example.com' }),
      await newContact({ externalId: 'gone' }),
    ];
    const csv = `phone,email,external_id\n${phone},,\n,gone@example.com,\n,,gone\n${newNumber()},,\n`;
    const waiting = ok(await upload(csv), 201);
    for (const { id } of people) assert.equal((await call('DELETE', `${base}/contacts/${id}`)).status, 204);
    ok(await call('POST', `${base}/imports/${waiting.id}/start`, {}));
    const done = await over(waiting.id);
    assert.deepEqual([done.created, done.updated, done.rejected], [1, 0, 3]);
    const { faults } = ok(await call('GET', `${base}/imports/${waiting.id}/faults`));
    assert.deepEqual(
      faults.map(({ line, rule }: Json) => [line, /erased after/.test(rule)]),
      [2, 3, 4].map((line) => [line, true]),
    );
    const later = ok(await upload(csv), 201);
    ok(await call('POST', `${base}/imports/${later.id}/start`, {}));
    assert.deepEqual([(await over(later.id)).created, (await over(later.id)).updated], [3, 1]);
    const [proofs] = await database.sql<{ n: number }[]>`SELECT count(*)::integer AS n FROM import_erased`;
    assert.equal(proofs!.n, 0, 'proofs go with the file');
  });

  test('somebody who is erased while parts of a file are read is written by none that comes after', async () => {
    const phones = Array.from({ length: 6_000 }, newNumber);
    const phone = newNumber();
    const gone = await newContact({ phone });
    const rows = [phone, ...phones, phone];
    const shown = ok(await upload(`phone\n${rows.join('\n')}\n`), 201);
    ok(await call('POST', `${base}/imports/${shown.id}/start`, {}));
    assert.equal((await call('DELETE', `${base}/contacts/${gone.id}`)).status, 204);
    const done = await over(shown.id);
    const found = ok(await call('GET', `${base}/contacts?search=${encodeURIComponent(phone)}`)).contacts;
    assert.deepEqual([done.rows, done.created + done.updated + done.rejected, found], [6_002, 6_002, []]);
  });

  test('what fails because of the store waits and says why, not for ever, and what was taken stays', async () => {
    const { sql } = database;
    const fails = newNumber();
    const rows = [...Array.from({ length: 1_000 }, newNumber), fails];
    const shown = ok(await upload(`phone\n${rows.join('\n')}\n`), 201);
    await sql.unsafe(`
      CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '53400'; END $$;
      CREATE TRIGGER no_room BEFORE INSERT ON identities FOR EACH ROW WHEN (NEW.value = '${fails}') EXECUTE FUNCTION no_room()`);
    try {
      ok(await call('POST', `${base}/imports/${shown.id}/start`, {}));
      const at = `${base}/imports/${shown.id}`;
      const waits: Json = await until('it says why it waits', async () => {
        const body = ok(await call('GET', at));
        return body.note !== null && body;
      });
      assert.deepEqual([waits.state, waits.doneRows, /no room/.test(waits.note)], ['running', 1_000, true]);
      await sql`UPDATE due SET attempt = 19 WHERE owner_id = ${fromHex24(shown.id)!}`;
      ok(await call('POST', `${base}/clock/advance`, { byMs: 3_600_000 }), 202);
      const ended = await over(shown.id);
      assert.deepEqual([ended.state, ended.created], ['failed', 1_000]);
      assert.match(ended.note, /what was written stays/);
    } finally {
      await sql.unsafe('DROP TRIGGER no_room ON identities; DROP FUNCTION no_room');
    }
  });

  test('an import, a change of many and a file go on in another process where the one that began them was stopped, and count nothing twice', async () => {
    const other = await testDatabase();
    const brought = { connection: other.connection, log: silentLog };
    const dataDir = await mkdtemp(path.join(tmpdir(), 'parley-import-'));
    const config = readConfig({
      PARLEY_PORT: '0',
      PARLEY_SECRET: TEST_SECRET,
      PARLEY_DATA_DIR: dataDir,
      PARLEY_LOG_LEVEL: 'silent',
    }) as Config;
    const first = await startParley(config, brought);
    const { workspace, keys } = first.demo!;
    const own = `/api/workspaces/${workspace.id}`;
    const ids = Array.from({ length: 12_000 }, (_, n) => `${n},x${n}`);
    let ask = caller(first.url!, keys.console.token);
    const sent = await ask('POST', `${own}/imports`, `id,plan\n${ids.join('\n')}\n`, {
      'content-type': 'text/csv',
    });
    const { id } = ok(sent, 201);
    ok(await ask('POST', `${own}/imports/${id}/start`, {}));
    await until('some of it is written', async () => {
      return ok(await ask('GET', `${own}/imports/${id}`)).doneRows >= 1_000;
    });
    await first.stop();
    const second = await startParley(config, brought);
    let third: Parley | undefined;
    try {
      ask = caller(second.url!, keys.console.token);
      const done: Json = await until('it is over', async () => {
        const body = ok(await ask('GET', `${own}/imports/${id}`));
        return body.endedAt !== null && body;
      });
      assert.deepEqual([done.state, done.created, done.updated, done.rejected], ['done', 12_000, 0, 0]);
      // So does what is done with many people.
      const { id: setId } = ok(await ask('POST', `${own}/tags`, { name: 'planned' }), 201);
      const planned = { rule: { attribute: 'plan', startsWith: 'x' } };
      const bulk = ok(await ask('POST', `${own}/contacts/bulk`, { who: planned, add: [setId] }), 202);
      const file = ok(await ask('POST', `${own}/exports`, { who: planned }), 202);
      await until('some of it is done', async () => {
        return ok(await ask('GET', `${own}/contacts/bulk/${bulk.id}`)).people >= 1_000;
      });
      await second.stop();
      third = await startParley(config, brought);
      ask = caller(third.url!, keys.console.token);
      const made: Json = await until('both are over', async () => {
        const jobs = [`contacts/bulk/${bulk.id}`, `exports/${file.id}`].map((one) =>
          ask('GET', `${own}/${one}`),
        );
        const told = (await Promise.all(jobs)).map((one) => ok(one));
        return told.every(({ endedAt }) => endedAt !== null) && told;
      });
      assert.deepEqual(
        made.map(({ state, people, changed }: Json) => [state, people, changed]),
        [
          ['done', 12_000, 12_000],
          ['done', 12_000, undefined],
        ],
      );
      assert.equal(ok(await ask('GET', `${own}/tags/${setId}`)).contacts, 12_000);
      const { url } = ok(await ask('POST', `${own}/exports/${file.id}/link`), 201);
      const lines = (await (await fetch(url)).text()).trim().split('\r\n');
      assert.equal(new Set(lines.slice(1).map((line) => line.split(',').at(-1))).size, 12_000, 'each once');
      assert.equal(lines.length, 12_001);
    } finally {
      await second.stop();
      await third?.stop();
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});
