/** CSV imports: what is recognised, what is refused, and that doing it again doubles nothing. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { testDatabase } from '../../../test/support/database.ts';
import { isFault } from '../../base/fault.ts';
import { idSource } from '../../base/ids.ts';
import { findContact, listContacts } from '../contacts.ts';
import { destinationsOf } from '../destinations.ts';
import { readCsv, type CsvRow, type Stop } from '../../base/csv.ts';
import { importContacts, type ImportOptions, type ImportResult } from './import.ts';
import { countMembers, createSet, listSets } from '../sets.ts';

const { sql } = await testDatabase();
const NOW = Date.UTC(2026, 10, 20, 9);
const ids = idSource(8, () => NOW);
const deps = { sql, transact: sql.begin.bind(sql), ids, nowMs: () => NOW };
let workspaces = 100;

/** The file in chunks of `size` bytes, so that characters and rows are cut in two. */
function fileOf(text: string | Buffer, size = 7): Readable {
  const bytes = Buffer.from(text as string);
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return Readable.from(chunks);
}

async function imported(
  text: string | Buffer,
  options: Partial<ImportOptions> & { workspaceId: number },
): Promise<ImportResult> {
  const result = await importContacts(deps, fileOf(text), options);
  assert.ok(!isFault(result), JSON.stringify(result));
  return result;
}

test('headers are recognised; BOM, CRLF, quotes and UTF-8 are read', async () => {
  const workspaceId = ++workspaces;
  const text =
    '\uFEFFuser_id,Phone,"E-mail",email,First Name,last_name,timezone,locale,plan,score:number,vip:boolean,\r\n' +
    'u1,+31 6 12345678,,Ann@Example.com,"Zoë ""Z"", jr",d’Été,Europe/Amsterdam,nl-NL,"multi\r\nline",1.5,yes,x\r\n' +
    '\r\n' +
    'u2,,,b@example.com,李,,,,,,,\r\n';
  const result = await imported(text, { workspaceId });
  assert.deepEqual(result, { rows: 2, created: 2, updated: 0, rejected: 0, faults: [] });
  const first = (await findContact(sql, workspaceId, { kind: 'phone', value: '+31612345678' }))!;
  assert.equal(first.externalId, 'u1');
  assert.equal(first.givenName, 'Zoë "Z", jr');
  assert.equal(first.surname, 'd’Été');
  assert.equal(first.timeZone, 'Europe/Amsterdam');
  assert.equal(first.locale, 'nl-NL');
  assert.deepEqual(first.attributes, { plan: 'multi\r\nline', score: 1.5, vip: true });
  assert.deepEqual(
    (await destinationsOf(sql, workspaceId, [first.id]))
      .map((one) => [one.channel, one.integrationId, one.address])
      .sort((a, b) => String(a[0]).localeCompare(String(b[0]))),
    [
      ['email', null, 'ann@example.com'],
      ['sms', null, '+31612345678'],
    ],
  );
  const second = await findContact(sql, workspaceId, { kind: 'external', value: 'u2' });
  assert.equal(second!.givenName, '李');
  assert.deepEqual(second!.attributes, {});
});

test('bad rows are told with line, field and rule, and do not stop the rest', async () => {
  const workspaceId = ++workspaces;
  const text = [
    'phone;email;timezone;n:number;b:boolean',
    '+31612345670;;;1;1',
    '0612345678;;;;',
    ';not-an-address;;;',
    '+31612345671;;Mars;;',
    '+31612345672;;;many;',
    '+31612345673;;;;maybe',
    ';;;1;1',
    '+31612345674;;',
    '+31612345675;a\u0000b@example.com;;;',
    '"+31612345676"x;;;;',
    '+31612345677;;;;no',
  ].join('\n');
  const latin = Buffer.concat([
    Buffer.from(`${text}\n+31612345679;`),
    Buffer.from('caf\xe9@example.com', 'latin1'),
    Buffer.from(';;;\n'),
  ]);
  const result = await imported(latin, { workspaceId });
  assert.deepEqual(
    result.faults.map(({ line, field }) => [line, field]),
    [
      [3, 'phone'],
      [4, 'email'],
      [5, 'row.timeZone'],
      [6, 'n:number'],
      [7, 'b:boolean'],
      [8, 'row'],
      [10, 'email'],
      [11, 'phone'],
      [13, 'row'],
    ],
  );
  for (const { rule } of result.faults) assert.ok(rule.length > 5);
  assert.deepEqual([result.rows, result.created, result.updated, result.rejected], [12, 3, 0, 9]);
  const dutch = await imported(text, { workspaceId, defaultCountry: 'NL' });
  assert.deepEqual([dutch.created, dutch.updated], [1, 3]);
});

test('S28 rows that share an address merge, in one file and over files; doing it again doubles nothing', async () => {
  const workspaceId = ++workspaces;
  const rows = ['id,phone,email,plan,only'];
  for (let i = 0; i < 2500; i++) rows.push(`u${i},+3161${String(1_000_000 + (i % 2400))},,p${i % 7},`);
  rows.push(',+31611000003,x@example.com,last,', ',,X@example.com,,later');
  const text = rows.join('\n');
  const seen: number[] = [];
  const list = await sql.begin((tx) => createSet(tx, ids, NOW, { workspaceId, kind: 'list', name: 'all' }));
  assert.ok(!isFault(list));
  const options = {
    workspaceId,
    listId: list.id,
    tags: ['new', 'x'],
    onProgress: (now: ImportResult) => seen.push(now.created + now.updated),
  };
  const first = await imported(text, options);
  assert.deepEqual([first.rows, first.created, first.updated, first.rejected], [2502, 2400, 102, 0]);
  assert.deepEqual(
    seen,
    [...seen].sort((a, b) => a - b),
  );
  assert.equal(seen.at(-1), 2502);
  const shared = (await findContact(sql, workspaceId, { kind: 'phone', value: '+31611000003' }))!;
  assert.deepEqual(shared.attributes, { plan: 'last', only: 'later' });
  for (const identity of ['u3', 'u2403'])
    assert.equal((await findContact(sql, workspaceId, { kind: 'external', value: identity }))!.id, shared.id);
  const counts = async () =>
    (
      await sql`SELECT (SELECT count(*) FROM contacts WHERE workspace_id = ${workspaceId}) AS c,
        (SELECT count(*) FROM identities WHERE workspace_id = ${workspaceId}) AS i,
        (SELECT count(*) FROM destinations WHERE workspace_id = ${workspaceId}) AS d`
    )[0];
  const before = await counts();
  assert.deepEqual(before, { c: 2400, i: 2500 + 2400 + 1, d: 2401 });
  const again = await imported(text, options);
  assert.deepEqual([again.rows, again.created, again.updated, again.rejected], [2502, 0, 2502, 0]);
  assert.deepEqual(await counts(), before);
  const tags = await listSets(sql, workspaceId, 'tag');
  const members = await countMembers(sql, [list.id, ...tags.map(({ id }) => id)], 10_000);
  assert.deepEqual([...members.values()], [2400, 2400, 2400]);
});

test('the columns can be named by whoever imports', async () => {
  const workspaceId = ++workspaces;
  const result = await imported('Telefoon,Klant,Notitie,id\n+31612345699,k1,hoi,7\n', {
    workspaceId,
    mapping: {
      Telefoon: { field: 'phone' },
      Klant: { field: 'externalId' },
      Notitie: 'ignore',
      id: { attribute: 'nr', type: 'number' },
    },
  });
  assert.equal(result.created, 1);
  const { contacts } = await listContacts(sql, workspaceId, { limit: 5 });
  assert.equal(contacts[0]!.externalId, 'k1');
  assert.deepEqual(contacts[0]!.attributes, { nr: 7 });
});

test('a file that cannot be imported is refused as a whole', async () => {
  const workspaceId = ++workspaces;
  const cases: [string, Partial<ImportOptions>, string][] = [
    ['', {}, 'file'],
    ['phone,__proto__\n1,2\n', {}, '__proto__'],
    [`phone${',x'.repeat(1000)}\n`, {}, 'header'],
    ['plan,score\n1,2\n', {}, 'header'],
    ['phone,mobile\n1,2\n', {}, 'mobile'],
    ['phone\n1\n', { listId: 12 }, 'listId'],
    ['phone\n1\n', { tags: [''] }, 'name'],
    ['phone\n1\n', { mapping: { tel: { field: 'phone' } } }, 'mapping'],
  ];
  for (const [text, options, field] of cases) {
    const result = await importContacts(deps, fileOf(text), { workspaceId, ...options });
    assert.ok(isFault(result), text);
    assert.equal(result.field, field, result.message);
  }
});

test('a file that cannot be read to its end tells where it stopped, and keeps what stood before', async () => {
  const workspaceId = ++workspaces;
  const head = 'phone,note\n+31612345601,"two\nlines"\n+31612345602,it"s\n';
  const open = await imported(`${head}"+31612345603,x\n+31612345604,x\n`, { workspaceId });
  assert.deepEqual(
    [open.created, open.rejected, open.stopped?.line, open.stopped?.reason],
    [2, 0, 5, 'opens a quote that is never closed'],
  );
  const long = await imported(`${head}"${'x\n'.repeat(200_000)}`, { workspaceId });
  assert.deepEqual([long.updated, long.stopped?.line], [2, 5]);
});

test('a source that fails ends the import with its error', async () => {
  const source = Readable.from(
    (async function* () {
      yield Buffer.from('phone\n+31612345600\n');
      throw new Error('the disk is gone');
    })(),
  );
  await assert.rejects(importContacts(deps, source, { workspaceId: ++workspaces }), /the disk is gone/);
});

test('two imports of one file at the same moment make each contact once', async () => {
  const workspaceId = ++workspaces;
  const rows = Array.from({ length: 3000 }, (_, i) => `+3162${1_000_000 + i},c${i}@example.com`);
  const [a, b] = await Promise.all([
    imported(['phone,email', ...rows].join('\n'), { workspaceId }),
    imported(['phone,email', ...rows.toReversed()].join('\n'), { workspaceId }),
  ]);
  assert.equal(a.created + b.created, 3000);
  const [row] = await sql`SELECT count(*) AS n FROM contacts WHERE workspace_id = ${workspaceId}`;
  assert.equal(row!['n'], 3000);
});

/** What became of a file: the rows that were taken, sorted, the faults, and where it was read no further. */
async function fateOf(text: string | Buffer, columns: string[]) {
  const workspaceId = ++workspaces;
  const result = await imported(text, { workspaceId });
  assert.equal(result.rows, result.created + result.updated + result.rejected);
  const { contacts } = await listContacts(sql, workspaceId, { limit: 50 });
  const taken = contacts
    .map(({ givenName, attributes }) =>
      columns.map((name) => String(name === 'first_name' ? givenName : attributes[name])).join('|'),
    )
    .toSorted();
  return { taken, rejected: result.faults.map(({ line }) => line), stopped: result.stopped };
}

test('CSV: however its lines end and its quotes stand, each row is taken, listed, or behind where reading stopped', async () => {
  const [n1, n2, n3] = ['+31612340001', '+31612340002', '+31612340003'];
  const never = 'opens a quote that is never closed';
  const cases: [name: string, text: string, taken: string[], stoppedAt?: number][] = [
    ['a CRLF header over LF rows', `phone,first_name\r\n${n1},Ann\n${n2},Bob\n`, ['Ann', 'Bob']],
    ['one LF among CRLF', `phone,first_name\r\n${n1},Ann\r\n${n2},Bob\n${n3},Cas\r\n`, ['Ann', 'Bob', 'Cas']],
    ['an LF header over CRLF rows', `phone,first_name\n${n1},Ann\r\n${n2},Bob`, ['Ann', 'Bob']],
    ['CR alone', `phone,first_name\r${n1},Ann\r${n2},Bob\r`, ['Ann', 'Bob']],
    ['a quote never closed', `phone,first_name\n${n1},"Ann\n${n2},Bob\n`, [], 2],
    ['one closed by the next', `phone,first_name\n${n1},Ann\n${n2},"Bob\n${n3},"Cas"\n`, ['Ann'], 3],
    ['one that meets an empty cell', `phone,first_name\n${n1},"Ann\n${n2},""\n${n3},"Cas"\n`, [], 2],
    ['one in the header', `phone,"first_name\n${n1},Ann\n`, [], 1],
    ['quotes within words', `phone,first_name\n${n1},A"n"n\n${n2},"Bob "B" Bo"\n`, ['A"n"n', '"Bob "B" Bo"']],
    ['blanks after a quote', `phone,first_name\n"${n1}" ,"Ann" \n`, ['Ann']],
    ['a cell of two lines', `phone,first_name\n${n1},"An\r\nn"\n`, ['An\r\nn']],
    ['sep=', `sep=;\r\nphone;first_name\r\n${n1};"Ann, jr"\r\n`, ['Ann, jr']],
    ['sep= of a tab', `sep=\t\r\nphone\tfirst_name\r\n${n1}\tAnn\r\n`, ['Ann']],
    ['sep= that the header alone would not tell', `"sep=:"\nphone:first_name\n${n1}:Ann\n`, ['Ann']],
    ['pipes', `phone|first_name\n${n1}|Ann\n`, ['Ann']],
    [
      'cells that are texts by formula',
      `phone,first_name\n"=""${n1}""","=""An""""n"""\n=" ${n2}",Bob\n`,
      ['An"n', 'Bob'],
    ],
    [
      'cells kept from being formulas',
      `phone,first_name\n'${n1},'=Ann\n'${n2},'t Hooft\n`,
      ['=Ann', "'t Hooft"],
    ],
    [
      'short rows and trailing separators',
      `phone,first_name,x,y\n${n1},Ann\n${n2},Bob,,,,\n`,
      ['Ann', 'Bob'],
    ],
  ];
  for (const [name, text, taken, stoppedAt] of cases) {
    const fate = await fateOf(text, ['first_name']);
    assert.deepEqual(fate.taken, taken.toSorted(), name);
    assert.deepEqual(fate.rejected, [], name);
    assert.deepEqual(fate.stopped, stoppedAt && { line: stoppedAt, reason: never }, name);
  }
});

test('CSV: in the encodings in which spreadsheets save it', async () => {
  const text = 'phone\tfirst_name\r\n+31612340001\tZoë 李 😀\r\n';
  const big = Buffer.from(`\uFEFF${text}`, 'utf16le').swap16();
  const files = {
    'UTF-8 with its mark': Buffer.from(`\uFEFF${text}`),
    'UTF-16 with its mark': Buffer.from(`\uFEFF${text}`, 'utf16le'),
    'UTF-16 without': Buffer.from(text, 'utf16le'),
    'UTF-16, big end first': big,
    'the same without its mark': big.subarray(2),
  };
  for (const [name, file] of Object.entries(files))
    assert.deepEqual((await fateOf(file, ['first_name'])).taken, ['Zoë 李 😀'], name);
});

test('CSV: columns are called what they are called, also as objects have it', async () => {
  const names = ['constructor', 'toString', 'hasOwnProperty', 'valueOf', 'prototype', '__defineGetter__'];
  const fate = await fateOf(
    `phone,${names.join(',')}\n+31612340001,${names.map((n) => `a ${n}`).join(',')}\n`,
    names,
  );
  assert.deepEqual(fate.taken, [names.map((name) => `a ${name}`).join('|')]);
});

test('CSV: numbers are exact or refused, and hex is no number', async () => {
  const good = ['0', '-1', '+7', '1.5', '.5', '1e3', '9007199254740991', '-9007199254740991', '0012'];
  const bad = [
    '9007199254740992',
    '-9007199254740993',
    '1152921504606846976',
    '0x1F',
    '0b1',
    '1,5',
    'Infinity',
    '1e999',
    '1_000',
    ''.padEnd(400, '9'),
  ];
  const rows = [...good, ...bad].map((number, i) => `u${i};"${number}"`);
  const workspaceId = ++workspaces;
  const result = await imported(['id;n:number', ...rows].join('\n'), { workspaceId });
  assert.deepEqual(
    result.faults.map(({ line }) => line),
    bad.map((_, i) => 2 + good.length + i),
  );
  for (const [i, number] of good.entries()) {
    const found = await findContact(sql, workspaceId, { kind: 'external', value: `u${i}` });
    assert.deepEqual(found!.attributes, { n: Number(number) });
  }
  // What is not called a number is a text, whatever it looks like.
  const fate = await fateOf('id,n\nu1,9007199254740993\nu2,0x1F\n', ['n']);
  assert.deepEqual(fate.taken.toSorted(), ['0x1F', '9007199254740993']);
});

test('CSV: whatever a file holds and however it is cut, no character is lost before the place where reading stopped', async () => {
  const word = fc.string({
    unit: fc.constantFrom('x', 'y', ',', '"', '\n', '\r', '\r\n', ' ', "'", '='),
    maxLength: 60,
  });
  await fc.assert(
    fc.asyncProperty(word, fc.integer({ min: 1, max: 9 }), async (tail, size) => {
      const text = `x,y\n${tail}`;
      const whole = await readAll(text, 1000);
      assert.deepEqual(await readAll(text, size), whole);
      const letters = (line: string) => line.replaceAll(/[^xy]/g, '');
      const read = text.split(/\r\n|\r|\n/).slice(0, whole.stop ? whole.stop.line - 1 : undefined);
      // What stands on the line of a stop may be in no row, or in one that ended on it.
      assert.ok(
        letters(whole.rows.flatMap(({ cells }) => cells).join('')).startsWith(letters(read.join(''))),
      );
      if (!whole.stop)
        assert.equal(letters(whole.rows.flatMap(({ cells }) => cells).join('')), letters(text));
    }),
    { numRuns: 2000 },
  );
});

async function readAll(text: string, size: number): Promise<{ rows: CsvRow[]; stop: Stop | undefined }> {
  const pieces = readCsv(fileOf(text, size));
  const rows: CsvRow[] = [];
  for (;;) {
    const piece = await pieces.next();
    if (piece.done) return { rows, stop: piece.value };
    rows.push(...piece.value);
  }
}
