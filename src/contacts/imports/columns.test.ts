/** What columns and rows of real files come to: spreadsheets, CRMs and databases as they save them. No database. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFault } from '../../base/fault.ts';
import { columnsOf, personOf } from './columns.ts';

function read(header: string[], cells: string[], defaultCountry?: string) {
  const columns = columnsOf(header);
  assert.ok(!isFault(columns), JSON.stringify(columns));
  return personOf({ cells, line: 2 }, columns, { workspaceId: 1, defaultCountry });
}

function identityIn(
  field: 'phone' | 'external_id',
  cell: string,
  defaultCountry?: string,
): string | undefined {
  const person = read([field], [cell], defaultCountry);
  return 'rule' in person ? undefined : person.identities[0]!.value;
}

test('12.1 what a spreadsheet shortened names nobody: of many rows it would make one person', () => {
  for (const cell of ['4.4E+11', '3,16123E+10', '3.16E+10', '+3.1E+10', '1E+12', '4.4E+11 ', "'4.4E+11"]) {
    assert.equal(identityIn('phone', cell), undefined, cell);
    assert.equal(identityIn('phone', cell, 'GB'), undefined, cell);
    const person = read(['external_id'], [cell]);
    assert.ok('rule' in person && person.field === 'external_id', cell);
    assert.match(person.rule, /shortened by a spreadsheet/);
  }
  for (const cell of ['1E5', 'E+11', 'A1E+11', '12E+11', '4.4e11'])
    assert.equal(identityIn('external_id', cell), cell);
});

test('12.1, 12.11 phones as spreadsheets, phones and forms write them', () => {
  const same = '+31612345678';
  for (const cell of [
    '+31612345678',
    "'+31612345678",
    '="+31612345678"',
    '=" +31 6 1234 5678"',
    '+31 (0)6 12 34 56 78',
    '(+31) 612345678',
    '\u202a+31 6 12345678\u202c',
    '\u200e+31\u00a06\u00a012345678',
    '+31\u20116\u201112345678',
    '\uff0b\uff13\uff11\uff16\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18',
    '\u061c+٣١٦١٢٣٤٥٦٧٨',
    '+31\u200b6\u200d12\ufe0e34\ufeff56\u206078',
    'tel:+31-6-12345678',
    'p:+31612345678',
    '+31.6.12345678',
  ])
    assert.equal(identityIn('phone', cell), same, JSON.stringify(cell));
  // The country of the workspace, with its zero and where a spreadsheet has taken that for a number's.
  for (const cell of ['0612345678', '612345678', '06-12345678', '0031612345678', '="0612345678"'])
    assert.equal(identityIn('phone', cell, 'NL'), same, cell);
  // A short code is nobody's number, whatever the country; a small country's is.
  for (const [cell, country] of [
    ['22000', 'NL'],
    ['88202', 'DE'],
    ['36111', 'FR'],
    ['4567', 'NL'],
    ['+3122000', 'NL'],
  ] as const)
    assert.equal(identityIn('phone', cell, country), undefined, cell);
  assert.equal(identityIn('phone', '4000', 'NU'), '+6834000');
  for (const cell of [
    '0612345678',
    '31612345678.0',
    '+31612345678 / +31612345679',
    '+31612345678;ext=5',
    '+31 6 12345678 (Ann)',
    '#NAME?',
    '#N/A',
    'n/a',
    '-',
    '0',
    '+',
    '0x1F',
    '+31612345678\u0000',
  ])
    assert.equal(identityIn('phone', cell), undefined, cell);
});

test('12.1 headers: blanks, case, marks and apostrophes; two for one thing, names that no attribute can have', () => {
  for (const header of [
    ' Phone ',
    'PHONE',
    'phone number',
    'Phone-Number',
    '\uFEFFphone',
    "'phone",
    '="Phone"',
    'Mobile',
  ])
    assert.deepEqual(read([header], ['+31612345678']) && columnsOf([header]), [
      {
        header: header === "'phone" ? header : header.replace(/^="(.*)"$/, '$1').trim(),
        target: { field: 'phone' },
      },
    ]);
  for (const headers of [
    ['phone', 'Phone'],
    ['phone', 'mobile'],
    ['email', 'EMAIL'],
    ['id', 'external_id'],
    ['phone', 'plan', 'plan'],
    ['phone', '__proto__'],
    ['phone', 'a\u0000'],
    ['name'],
    [],
    Array.from({ length: 10_000 }, (_, at) => `c${at}`),
  ])
    assert.ok(isFault(columnsOf(headers)), headers.slice(0, 3).join());
  const person = read(['phone', "'90s", 'constructor'], ['+31612345678', "'80s", 'c']);
  assert.ok(!('rule' in person));
  assert.deepEqual(person.profile?.attributes, { "'90s": "'80s", constructor: 'c' });
});

test('12.1 what people and other systems call an address or a name is one, and no attribute beside it', () => {
  const person = read(
    ['E-mail', 'firstname', 'Lastname', 'PhoneNumber', 'Plan'],
    ['ann@x.example', 'Ann', 'Smith', '+31612345678', 'pro'],
  );
  assert.ok(!('rule' in person));
  const { attributes, givenName, surname } = person.profile!;
  assert.deepEqual([attributes, givenName, surname], [{ Plan: 'pro' }, 'Ann', 'Smith']);
  assert.deepEqual(
    person.destinations.map(({ address }) => address),
    ['+31612345678', 'ann@x.example'],
  );
  for (const header of ['E-Mail', 'e-mail', 'EmailAddress', 'E-mail Address'])
    assert.deepEqual(columnsOf([header]), [{ header, target: { field: 'email' } }]);
  // Beside what is called so outright, or was said to be it, and beside each other.
  const targets = (headers: string[], mapping = {}) =>
    (columnsOf(headers, mapping) as { target: unknown }[]).map(({ target }) => target);
  assert.deepEqual(targets(['Mobile Phone', 'Phone']), [{ attribute: 'Mobile Phone' }, { field: 'phone' }]);
  assert.deepEqual(targets(['Telephone', 'Mobile Phone']), [
    { field: 'phone' },
    { attribute: 'Mobile Phone' },
  ]);
  assert.deepEqual(targets(['E-mail', 'Work'], { Work: { field: 'email' } }), [
    { attribute: 'E-mail' },
    { field: 'email' },
  ]);
  assert.deepEqual(targets(['id', 'E-mail'], { 'E-mail': { attribute: 'mail' } }), [
    { field: 'externalId' },
    { attribute: 'mail' },
  ]);
});

test('12.1 a row that was broken in its file is listed with why, whatever its cells look like', () => {
  const columns = columnsOf(['phone']);
  assert.ok(!isFault(columns));
  const row = { cells: ['+31612345678'], line: 7, broken: 'has bytes that are no text' };
  assert.deepEqual(personOf(row, columns, { workspaceId: 1 }), {
    line: 7,
    field: 'row',
    rule: 'has bytes that are no text',
  });
});

test('12.1 ids keep what they begin with, and lose what only guards them', () => {
  for (const [cell, id] of [
    ["'abc", "'abc"],
    ["'00123", '00123'],
    ["'00123-A", '00123-A'],
    ["''7", "'7"],
    ["'=x", '=x'],
    ['="00123"', '00123'],
    ['00123', '00123'],
    ['  a b ', 'a b'],
  ] as const)
    assert.equal(identityIn('external_id', cell), id, cell);
});
