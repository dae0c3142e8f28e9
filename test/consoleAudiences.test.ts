/** People by conditions, and what is done with many of them, driven over HTTP on the running product. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readCsv, type CsvRow } from '../src/base/csv.ts';
import { Readable } from 'node:stream';
import { caller, startConsole, type Json, type Reply } from './consoleProduct.ts';
import { testDatabase } from './support/database.ts';
import { until } from './support/until.ts';

const database = await testDatabase();
const { call, base, url, demo } = await startConsole(database);

function ok(reply: Reply, status = 200): Json {
  assert.equal(reply.status, status, JSON.stringify(reply.body));
  return reply.body;
}

function refused(reply: Reply, status: number, field?: string): void {
  assert.equal(reply.status, status, JSON.stringify(reply.body));
  if (field !== undefined) assert.equal(reply.body.error.field, field, JSON.stringify(reply.body));
}

let numbers = 0;
/** People of a town that no other test has. */
async function townsfolk(town: string, n: number, more: (i: number) => object = () => ({})): Promise<Json[]> {
  return await Promise.all(
    Array.from({ length: n }, async (_, i) => {
      const body = {
        phone: `+1415599${String(++numbers).padStart(4, '0')}`,
        attributes: { town },
        ...more(i),
      };
      return ok(await call('POST', `${base}/contacts`, body), 201);
    }),
  );
}
const of = (town: string) => ({ attribute: 'town', is: town });
const newSet = async (kind: 'lists' | 'tags', name: string): Promise<string> =>
  ok(await call('POST', `${base}/${kind}`, { name }), 201).id;
const count = async (rule: object, more: object = {}): Promise<Json> =>
  ok(await call('POST', `${base}/audiences/count`, { rule, ...more }));
const membersOf = async (setId: string): Promise<string[]> =>
  ok(await call('GET', `${base}/contacts?setId=${setId}`)).contacts.map(({ id }: Json) => id);
const over = async (at: string): Promise<Json> =>
  await until('it is over', async () => {
    const job = ok(await call('GET', `${base}/${at}`));
    return job.endedAt !== null && job;
  });

/** A link to a file is of whoever made it: it ends with the session, the key and the role. */
async function endsWithItsMaker(make: (as: typeof call) => Promise<string>): Promise<void> {
  const { email, password } = demo.keys.console;
  const session = caller(url, ok(await caller(url)('POST', '/api/sessions', { email, password }), 201).token);
  const ofSession = await make(session);
  assert.equal((await fetch(ofSession)).status, 200);
  assert.equal((await session('DELETE', '/api/sessions/current')).status, 204);
  assert.equal((await fetch(ofSession)).status, 404);
  const key = ok(await call('POST', `${base}/keys`, { door: 'console', role: 'admin' }), 201);
  const ofKey = await make(caller(url, key.token));
  assert.equal((await fetch(ofKey)).status, 200);
  assert.equal(
    (await fetch(ofKey.replace(/\.[^./]+(?=\/\w+\.csv)/, ''))).status,
    404,
    'nor without its maker',
  );
  assert.equal((await call('DELETE', `${base}/keys/${key.keyId}`)).status, 204);
  assert.equal((await fetch(ofKey)).status, 404);
}

describe('people by conditions', () => {
  test('are found page by page, counted up to a bound, and shown with what makes it so', async () => {
    const people = await townsfolk('Lier', 12, (i) => ({ attributes: { town: 'Lier', size: i } }));
    const list = await newSet('lists', 'Lier list');
    ok(await call('POST', `${base}/lists/${list}/members`, { add: [people[3].id, people[11].id] }));
    const rule = {
      all: [of('Lier'), { any: [{ attribute: 'size', lessThan: 8 }, { inList: 'Lier list' }] }],
    };
    const pages: string[][] = [];
    let before: string | undefined;
    do {
      const page = ok(
        await call('POST', `${base}/contacts/query`, { rule, limit: 4, ...(before ? { before } : {}) }),
      );
      pages.push(page.contacts.map(({ id }: Json) => id));
      before = page.next ?? undefined;
    } while (before);
    const found = pages.flat();
    assert.deepEqual(found, [...found].sort().reverse(), 'newest first');
    assert.deepEqual(new Set(found), new Set([...people.slice(0, 8), people[11]].map(({ id }) => id)));
    assert.deepEqual(await count(rule), { about: 9, error: 0, atLeast: 9, exact: true });
    const bounded = await count(of('Lier'), { most: 1 });
    assert.ok(bounded.atLeast >= 1 && bounded.about >= bounded.atLeast);
    const estimated = await count(of('Lier'), { how: 'estimate' });
    assert.equal(estimated.exact, false);
    const sample = ok(await call('POST', `${base}/audiences/sample`, { rule }));
    assert.deepEqual(sample.conditions, ['rule.all[0]', 'rule.all[1].any[0]', 'rule.all[1].any[1]']);
    const why = new Map(sample.people.map(({ contact, holds }: Json) => [contact.id, holds]));
    assert.deepEqual(why.get(people[11].id), [true, false, true]);
    assert.deepEqual(why.get(people[3].id), [true, true, true]);
    assert.deepEqual(why.get(people[0].id), [true, true, false]);
  });

  test('whom a broadcast was to leave out is not written to because the list or segment is gone, or not found yet', async () => {
    await townsfolk('Ranst', 4, (i) => ({ attributes: { town: 'Ranst', size: i } }));
    const segment = ok(
      await call('POST', `${base}/segments`, { key: 'ranst', rule: { attribute: 'town', is: 'Ranst' } }),
      201,
    ).id;
    const counted = ok(await call('GET', `${base}/segments/${segment}/count?exact=true`));
    assert.equal(counted.about, 4, 'asked of the rule, until they are found');
    const found = async () =>
      await until('who is in it is found', async () => {
        const { state } = ok(await call('GET', `${base}/segments/${segment}`));
        return state === 'live';
      });
    await found();
    assert.equal(ok(await call('GET', `${base}/segments/${segment}/count?exact=true`)).exact, 4);
    const list = await newSet('lists', 'Ranst list');
    const draft = async (exclude: object, include: object = { filter: of('Ranst') }): Promise<string> =>
      ok(
        await call('POST', `${base}/broadcasts`, {
          name: 'Ranst',
          channel: 'sms',
          content: { type: 'text', text: 'Hello' },
          audience: { include, exclude },
        }),
        201,
      ).id;
    const of2 = { segments: [segment] };
    const [held, scheduled, unheld] = [await draft(of2), await draft(of2), await draft({ lists: [list] })];
    ok(
      await call('PATCH', `${base}/segments/${segment}`, {
        rule: { all: [of('Ranst'), { attribute: 'size', lessThan: 9 }] },
      }),
    );
    refused(await call('POST', `${base}/broadcasts/${held}/start`), 409, 'audience.exclude.segments[0]');
    const at = new Date(Date.parse(ok(await call('GET', `${base}/clock`)).now) + 86_400_000).toISOString();
    ok(await call('POST', `${base}/broadcasts/${scheduled}/schedule`, { at }));
    ok(await call('POST', `${base}/broadcasts/${unheld}/schedule`, { at }));
    await found();
    const kept = await call('DELETE', `${base}/segments/${segment}`);
    assert.equal(kept.status, 409, 'a broadcast that is to be sent names it');
    ok(await call('POST', `${base}/broadcasts/${scheduled}/cancel`));
    ok(await call('DELETE', `${base}/segments/${segment}`));
    refused(await call('POST', `${base}/broadcasts/${held}/start`), 409, 'audience.exclude.segments[0]');
    assert.equal((await call('DELETE', `${base}/lists/${list}`)).status, 204);
    ok(await call('POST', `${base}/clock/advance`, { byMs: 2 * 86_400_000 }), 202);
    const taken = await until('its hour has come', async () => {
      const shown = ok(await call('GET', `${base}/broadcasts/${unheld}`));
      return shown.state !== 'scheduled' && shown;
    });
    assert.deepEqual([taken.state, taken.scheduledAt], ['draft', null]);
    assert.match(taken.note, /audience\.exclude\.lists\[0\].*gone/);
    refused(await call('POST', `${base}/broadcasts/${unheld}/start`), 409, 'audience.exclude.lists[0]');
    await until('the clock stands', async () => ok(await call('GET', `${base}/clock`)).advancing === null);
  });

  test('§5 a list says of each where they are reached, their tags, when they were seen last and what comes next', async () => {
    const [ann, bo] = await townsfolk('Peer', 2, (i) => ({
      givenName: ['Ann', 'Bo'][i],
      attributes: { town: 'Peer' },
      ...(i === 0 ? { email: 'ann@peer.example' } : {}),
    }));
    for (const name of ['a', 'b', 'c', 'd'])
      ok(
        await call('POST', `${base}/tags/${await newSet('tags', `Peer ${name}`)}/members`, { add: [ann.id] }),
      );
    const [first, second] = ok(await call('GET', `${base}/contacts/${ann.id}/destinations`)).destinations;
    const { now } = ok(await call('GET', `${base}/clock`));
    const notBefore = new Date(Date.parse(now) + 3_600_000).toISOString();
    const content = { type: 'text', text: 'Later' };
    ok(await call('POST', `${base}/messages`, { contactId: ann.id, content, notBefore }), 202);
    const campaign = ok(
      await call('POST', `${base}/campaigns`, {
        campaign: {
          parley: 'campaign/1',
          key: 'peer',
          name: 'Peer waits',
          trigger: { api: true },
          steps: [{ key: 'w', wait: { for: '30d' } }],
        },
      }),
      201,
    );
    ok(await call('POST', `${base}/campaigns/${campaign.id}/publish`, { people: 'move' }));
    for (const { id } of [ann, bo])
      await call('POST', `${base}/campaigns/${campaign.id}/enter`, { contactId: id, key: id });
    const asked = { rule: of('Peer'), limit: 50 };
    const rows = async (more: object = {}): Promise<Json[]> =>
      ok(await call('POST', `${base}/contacts/query`, { ...asked, ...more })).contacts;
    const rowOf = async ({ id }: Json) => (await rows()).find((one) => one.id === id);
    const [hers, his] = await until('both wait', async () => {
      const both = await Promise.all([rowOf(ann), rowOf(bo)]);
      return both.every(({ nextDue }) => nextDue) ? both : undefined;
    });
    assert.deepEqual(hers.address, { channel: first.channel, address: first.address, open: true });
    assert.deepEqual(hers.channels, ['email', 'sms']);
    assert.deepEqual([hers.tags, hers.moreTags], [['Peer a', 'Peer b', 'Peer c'], 1]);
    assert.equal(hers.lastSeenAt, null);
    // The message comes before the step of the campaign.
    assert.equal(hers.nextDue.campaign, null);
    assert.ok(Math.abs(Date.parse(hers.nextDue.at) - Date.parse(notBefore)) < 60_000, hers.nextDue.at);
    assert.equal(his.nextDue.campaign, 'Peer waits');
    assert.deepEqual([his.tags, his.moreTags], [[], 0]);
    // What may not be written to stands behind what may; who wrote was seen.
    const all = { classes: ['marketing', 'transactional', 'authentication'], reason: 'asked' };
    ok(await call('POST', `${base}/contacts/${ann.id}/destinations/${first.id}/block`, all));
    assert.equal((await rowOf(ann)).address.address, second.address);
    const { address } = [first, second].find(({ channel }) => channel === 'sms');
    ok(await call('POST', `${base}/simulator/reply`, { channel: 'sms', address, text: 'Hello' }));
    await until('she was seen', async () => (await rowOf(ann)).lastSeenAt !== null);
    // The same row wherever people are listed, and narrowed by what is searched for and by a day besides.
    const found = ok(await call('GET', `${base}/contacts?search=${encodeURIComponent(address)}`)).contacts;
    assert.deepEqual(found, [await rowOf(ann)]);
    assert.deepEqual(
      (await rows({ search: 'Bo' })).map(({ id }) => id),
      [bo.id],
    );
    assert.deepEqual(await rows({ search: 'nobody-at-all' }), []);
    assert.deepEqual(await rows({ until: '2020-01-01T00:00:00.000Z' }), []);
    refused(await call('POST', `${base}/contacts/query`, { ...asked, until: 'then' }), 400, 'until');
    assert.ok(ok(await call('POST', `${base}/audiences/count`, {})).about >= 2, 'everybody');
  });

  test('channel and segment may be asked for; what no segment may have is refused where one is saved', async () => {
    const [withPhone] = await townsfolk('Mol', 1);
    const without = ok(await call('POST', `${base}/contacts`, { attributes: { town: 'Mol' } }), 201);
    const texts = { all: [of('Mol'), { hasChannel: 'sms' }] };
    const found = ok(await call('POST', `${base}/contacts/query`, { rule: texts })).contacts;
    assert.deepEqual(
      found.map(({ id }: Json) => id),
      [withPhone.id],
    );
    const not = { all: [of('Mol'), { not: { hasChannel: 'sms' } }] };
    assert.deepEqual(
      ok(await call('POST', `${base}/contacts/query`, { rule: not })).contacts[0].id,
      without.id,
    );
    refused(
      await call('POST', `${base}/segments`, { key: 'texts', rule: texts }),
      400,
      'rule.all[1].hasChannel',
    );
    refused(
      await call('POST', `${base}/audiences/count`, { rule: { hasChannel: 'fax' } }),
      400,
      'rule.hasChannel',
    );
    refused(await call('POST', `${base}/audiences/count`, { rule: { trigger: 'a', is: 1 } }), 400);
    for (const odd of ['', '30', '30 days', '1s', '-1d', '4000d', 30, null])
      for (const path of ['segments/try', 'audiences/count'])
        refused(
          await call('POST', `${base}/${path}`, { rule: { all: [of('Mol'), { createdWithin: odd }] } }),
          400,
          'rule.all[1].createdWithin',
        );
    refused(
      await call('POST', `${base}/segments/try`, { rule: { createdWithin: '1d', is: 1 } }),
      400,
      'rule.is',
    );
    const isNew = { all: [of('Mol'), { createdWithin: '1h' }] };
    assert.equal(ok(await call('POST', `${base}/contacts/query`, { rule: isNew })).contacts.length, 2);
    const isOld = { all: [of('Mol'), { not: { createdWithin: '1h' } }] };
    assert.equal(ok(await call('POST', `${base}/contacts/query`, { rule: isOld })).contacts.length, 0);
    const segment = ok(await call('POST', `${base}/segments`, { key: 'mol', rule: of('Mol') }), 201);
    await until(
      'it is whole',
      async () => ok(await call('GET', `${base}/segments/${segment.id}`)).state === 'live',
    );
    assert.equal((await count({ inSegment: 'mol' })).atLeast, 2);
    // Tried before it is kept: the newest of whom it holds, and about how many.
    const tried = ok(await call('POST', `${base}/segments/try`, { rule: of('Mol') }));
    assert.equal(tried.sample.length, 2);
    assert.equal(typeof tried.about, 'number');
    refused(await call('POST', `${base}/segments/try`, { rule: { inSegment: 7 } }), 400);
    // Asking makes no name of an event known.
    assert.equal((await count({ did: 'nobody ever did this' })).atLeast, 0);
    const { names, exact } = ok(await call('GET', `${base}/events/names?limit=200`));
    // Whether all was looked at in its second is the machine's.
    assert.equal(typeof exact, 'boolean');
    assert.ok(!names.some(({ name }: Json) => name.startsWith('nobody')));
  });

  test('attributes are known with their types and the values seen most', async () => {
    await townsfolk('Ieper', 3, (i) => ({ attributes: { town: 'Ieper', beds: i % 2, garden: true } }));
    const { attributes } = ok(await call('GET', `${base}/attributes`));
    const named = (name: string) => attributes.find((one: Json) => one.name === name);
    assert.deepEqual(named('beds').types, ['number']);
    assert.deepEqual(named('beds').values, [
      { value: 0, contacts: 2 },
      { value: 1, contacts: 1 },
    ]);
    assert.deepEqual(named('garden').values, [{ value: true, contacts: 3 }]);
    assert.ok(named('town').values.some(({ value }: Json) => value === 'Ieper'));
  });
});

describe('what is done with many', () => {
  test('people are put into lists and tags and taken out of others, each once, though who asks is asked of what is changed', async () => {
    const people = await townsfolk('Aalst', 7);
    const [from, to] = [await newSet('lists', 'Aalst from'), await newSet('tags', 'Aalst to')];
    const ids = people.map(({ id }) => id);
    ok(await call('POST', `${base}/lists/${from}/members`, { add: ids }));
    const body = { who: { rule: { inList: 'Aalst from' } }, add: [to], remove: [from] };
    const [one, same] = await Promise.all([1, 2].map(() => call('POST', `${base}/contacts/bulk`, body)));
    const job = ok(one!, 202);
    // Whoever comes second is given the one there is, or a second one that finds nobody left.
    ok(same!, 202);
    ok(await call('PATCH', `${base}/lists/${from}`, { name: 'Aalst renamed' }));
    const done = await over(`contacts/bulk/${job.id}`);
    const other = await over(`contacts/bulk/${same!.body.id}`);
    const all = new Map([done, other].map((told) => [told.id, told.changed]));
    assert.equal(
      [...all.values()].reduce((sum: number, n) => sum + n, 0),
      14,
    );
    assert.equal(done.progress, 1);
    assert.deepEqual(new Set(await membersOf(to)), new Set(ids));
    assert.deepEqual(await membersOf(from), []);
    const few = { who: { contacts: ids.slice(0, 2) }, remove: [to] };
    const { id } = ok(await call('POST', `${base}/contacts/bulk`, few), 202);
    assert.equal((await over(`contacts/bulk/${id}`)).changed, 2);
    assert.equal((await membersOf(to)).length, 5);
  });

  test('a segment goes by the new name of a list that it names, and who is in it is found again', async () => {
    const list = await newSet('lists', 'Lier before');
    const ids = (await townsfolk('Lier', 2)).map(({ id }) => id);
    ok(await call('POST', `${base}/lists/${list}/members`, { add: ids }));
    const made = ok(
      await call('POST', `${base}/segments`, { key: 'lier', rule: { inList: 'Lier before' } }),
      201,
    );
    const segment = async () => ok(await call('GET', `${base}/segments/${made.id}`));
    await until('it is found', async () => (await segment()).state === 'live');
    ok(await call('PATCH', `${base}/lists/${list}`, { name: 'Lier after' }));
    assert.deepEqual((await segment()).rule, { inList: 'Lier after' });
    await until('it is found again', async () => (await segment()).state === 'live');
    assert.equal(ok(await call('GET', `${base}/segments/${made.id}/count`)).about, 2);
  });

  test('what is no change, or names what is not there, is refused', async () => {
    const list = await newSet('lists', 'no change');
    const bulk = `${base}/contacts/bulk`;
    refused(await call('POST', bulk, { who: {} }), 400, 'add');
    refused(await call('POST', bulk, { who: {}, add: ['0'.repeat(24)] }), 404, 'add[0]');
    refused(await call('POST', bulk, { who: {}, add: [list], remove: [list] }), 400, 'remove');
    refused(await call('POST', bulk, { who: { setId: list, rule: of('x') }, add: [list] }), 400, 'who');
    refused(await call('POST', bulk, { who: { rule: { nope: 1 } }, add: [list] }), 400, 'who.rule');
    refused(await call('GET', `${base}/exports/${'0'.repeat(24)}`), 404);
  });

  test('a list says what would miss it', async () => {
    const list = await newSet('lists', 'missed');
    ok(await call('POST', `${base}/segments`, { key: 'missing', rule: { not: { inList: 'missed' } } }), 201);
    const draft = {
      name: 'to the missed',
      content: { type: 'text', text: 'x' },
      channel: 'sms',
      class: 'marketing',
    };
    ok(
      await call('POST', `${base}/broadcasts`, {
        ...draft,
        audience: { include: { all: true }, exclude: { lists: [list] } },
      }),
      201,
    );
    const uses = ok(await call('GET', `${base}/lists/${list}/uses`));
    assert.deepEqual(
      uses.segments.map(({ name }: Json) => name),
      ['missing'],
    );
    assert.deepEqual(
      uses.broadcasts.map(({ name, state }: Json) => [name, state]),
      [['to the missed', 'draft']],
    );
    assert.deepEqual(uses.campaigns, []);
  });
});

async function linesOf(text: string): Promise<Record<string, string>[]> {
  const rows: CsvRow[] = [];
  for await (const part of readCsv(Readable.from([Buffer.from(text)]))) rows.push(...part);
  const [header, ...lines] = rows.map(({ cells }) => cells);
  return lines.map((cells) => Object.fromEntries(header!.map((name, i) => [name, cells[i] ?? ''])));
}

describe('a file of people', () => {
  test('holds each once, guards what a spreadsheet would take for a formula, is read again, and opens for ten minutes', async () => {
    const wild = '=HYPERLINK("http://evil.example","x"),\n+1';
    const [ann] = await townsfolk('Brugge', 3, (i) =>
      i === 0
        ? {
            givenName: wild,
            surname: "'s-Gravenhage",
            externalId: '@ann',
            attributes: { town: 'Brugge', debt: -5, likes: ['a'] },
          }
        : {},
    );
    const { id } = ok(await call('POST', `${base}/exports`, { who: { rule: of('Brugge') } }), 202);
    assert.equal((await over(`exports/${id}`)).people, 3);
    const made = ok(await call('POST', `${base}/exports/${id}/link`), 201);
    const again = ok(await call('POST', `${base}/exports/${id}/link`), 201);
    assert.equal((await fetch(made.url)).status, 404, 'the link before opens no longer');
    const response = await fetch(again.url);
    assert.match(response.headers.get('content-type')!, /text\/csv/);
    const text = await response.text();
    const lines = await linesOf(text);
    assert.equal(lines.length, 3);
    const line = lines.find(({ parley_id: of }) => of === ann.id)!;
    assert.equal(line['given_name'], `'${wild}`);
    assert.equal(line['external_id'], "'@ann");
    assert.equal(line['surname'], "'s-Gravenhage");
    assert.equal(line['debt:number'], '-5');
    assert.equal(line['other_attributes'], '{"likes":["a"]}');
    for (const cell of lines.flatMap((one) => Object.entries(one)))
      assert.ok(cell[0] === 'debt:number' || !/^[=+\-@\t\r]/.test(cell[1]), cell.join(' '));
    // What is exported is what an import reads.
    const sent = await call('POST', `${base}/imports`, text, { 'content-type': 'text/csv' });
    const imported = ok(sent, 201);
    const mapping = Object.fromEntries(
      [
        'other_attributes',
        'other_addresses',
        'lists',
        'tags',
        'may_not_be_sent',
        'created_at',
        'parley_id',
      ].map((name) => [name, 'ignore']),
    );
    ok(await call('POST', `${base}/imports/${imported.id}/start`, { mapping }));
    const done = await over(`imports/${imported.id}`);
    assert.deepEqual([done.created, done.rejected], [0, 0]);
    const same = ok(await call('GET', `${base}/contacts/${ann.id}`));
    assert.deepEqual([same.surname, same.externalId, same.attributes.debt], ["'s-Gravenhage", '@ann', -5]);
    await endsWithItsMaker(async (as) => ok(await as('POST', `${base}/exports/${id}/link`), 201).url);
    const last = ok(await call('POST', `${base}/exports/${id}/link`), 201);
    assert.equal((await call('DELETE', `${base}/exports/${id}`)).status, 204);
    assert.equal((await fetch(last.url)).status, 404);
    refused(await call('POST', `${base}/exports/${id}/link`), 409);
    const { entries } = ok(await call('GET', `${base}/audit?limit=20`));
    for (const action of ['contacts.export', 'export.link', 'export.delete'])
      assert.ok(
        entries.some((one: Json) => one.action === action),
        action,
      );
    assert.equal((await fetch(`${url}/api/exported/nothing/people.csv`)).status, 404);
  });

  test('who is erased is in no file, also of those made before; the same asked for twice at once is one', async () => {
    const people = await townsfolk('Gent', 4);
    const body = { who: { rule: of('Gent') } };
    const [one, two] = await Promise.all([1, 2].map(() => call('POST', `${base}/exports`, body)));
    const [a, b] = [ok(one!, 202), ok(two!, 202)];
    const done = await over(`exports/${a.id}`);
    assert.ok(b.id === a.id || Date.parse(b.createdAt) >= Date.parse(done.endedAt), 'one at a time');
    assert.equal((await call('DELETE', `${base}/contacts/${people[0].id}`)).status, 204);
    const { url: at } = ok(await call('POST', `${base}/exports/${a.id}/link`), 201);
    const lines = await linesOf(await (await fetch(at)).text());
    assert.deepEqual(
      new Set(lines.map(({ parley_id: id }) => id)),
      new Set(people.slice(1).map(({ id }) => id)),
    );
  });
});

test('the audit log is asked by who, by what and by when', async () => {
  await newSet('lists', 'logged');
  const entries = async (query: string): Promise<Json[]> =>
    ok(await call('GET', `${base}/audit?${query}`)).entries;
  const [one] = await entries('action=list.create&limit=1');
  assert.deepEqual([one.action, one.detail.name], ['list.create', 'logged']);
  const same = await entries(`actor=${one.actor}&action=list.&since=${one.at}&limit=1`);
  assert.equal(same[0].id, one.id);
  assert.ok((await entries(`until=${one.at}`)).every(({ at }) => at < one.at));
  assert.deepEqual(await entries('action=nothing.'), []);
  assert.deepEqual(await entries('actor=operator:000000000000000000000001'), []);
  refused(await call('GET', `${base}/audit?since=yesterday`), 400, 'since');
});
