/** CSV as people and spreadsheets write it: whatever the pieces it comes in, the rows are the same, and no byte is lost in silence. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  csvLine,
  guardedCell,
  guardedId,
  isEncoding,
  readCsv,
  unguardedCell,
  unguardedId,
  type CsvRow,
  type Stop,
} from './csv.ts';

async function rowsOf(
  pieces: Iterable<Uint8Array | string>,
  encoding?: string,
): Promise<{ rows: CsvRow[]; stop: Stop | undefined }> {
  const rows: CsvRow[] = [];
  const reader = readCsv(Readable.from(pieces), encoding);
  for (;;) {
    const next = await reader.next();
    if (next.done) return { rows, stop: next.value };
    rows.push(...next.value);
  }
}

const cellsOf = async (text: string) => (await rowsOf([Buffer.from(text)])).rows.map(({ cells }) => cells);

/** As a careful program writes a row: every cell in quotes. */
const quoted = (cells: readonly string[], separator: string) =>
  cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(separator);

const cell = fc.string({
  unit: fc.constantFrom('a', 'Z', '7', ' ', ',', ';', '\t', '|', '"', '\n', '\r\n', 'é', '😀', '='),
  maxLength: 8,
});
const header = ['name', 'phone'];

test('what is written in quotes is read as it was, in any pieces, with any separator and end of line', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(cell, cell), { maxLength: 6 }),
      fc.constantFrom(',', ';', '\t', '|'),
      fc.constantFrom('\n', '\r\n', '\r'),
      fc.integer({ min: 1, max: 9 }),
      async (people, separator, end, size) => {
        const file = Buffer.from([header, ...people].map((row) => quoted(row, separator)).join(end));
        const pieces = Array.from({ length: Math.ceil(file.length / size) }, (_, i) =>
          file.subarray(i * size, (i + 1) * size),
        );
        const { rows, stop } = await rowsOf(pieces);
        assert.equal(stop, undefined);
        assert.deepEqual(
          rows.map(({ cells }) => cells),
          [header, ...people],
        );
      },
    ),
    { numRuns: 150 },
  );
});

test('every row says the line on which it ends', async () => {
  const { rows } = await rowsOf([Buffer.from('a,b\n\n"one\ntwo",c\r\nd,e')]);
  assert.deepEqual(rows, [
    { cells: ['a', 'b'], line: 1 },
    { cells: ['one\ntwo', 'c'], line: 4 },
    { cells: ['d', 'e'], line: 5 },
  ]);
});

test('quotes within a word, blanks after a quote and empty cells stay what they are', async () => {
  assert.deepEqual(await cellsOf('name,size\n5" screen,6\n"Ann" ,7\n,8\n"",""\n'), [
    ['name', 'size'],
    ['5" screen', '6'],
    ['Ann', '7'],
    ['', '8'],
    ['', ''],
  ]);
  assert.deepEqual(await cellsOf('name,size\n"Ann"s,7\n'), [
    ['name', 'size'],
    ['"Ann"s', '7'],
  ]);
});

test('the separator is what the header has most of, or what the first line says', async () => {
  assert.deepEqual(await cellsOf('a;b,c;d\n1;2;3'), [
    ['a', 'b,c', 'd'],
    ['1', '2', '3'],
  ]);
  assert.deepEqual(await cellsOf('sep=~\na~b,c\n1~2,3'), [
    ['a', 'b,c'],
    ['1', '2,3'],
  ]);
  assert.deepEqual(
    await cellsOf('"a,b";c\n1;2'),
    [
      ['a,b', 'c'],
      ['1', '2'],
    ],
    'what stands in quotes separates nothing',
  );
});

test('UTF-16 of both orders and UTF-8 with a mark are the same rows, in pieces of any size', async () => {
  const text = 'name,city\nZoë,Málaga\n😀,São Paulo\n';
  const little = Buffer.from(`\uFEFF${text}`, 'utf16le');
  const big = Buffer.from(little).swap16();
  const expected = await cellsOf(text);
  for (const file of [little, big, Buffer.from(`\uFEFF${text}`), Buffer.from(text, 'utf16le')])
    for (const size of [1, 3, 1_000]) {
      const pieces = Array.from({ length: Math.ceil(file.length / size) }, (_, i) =>
        file.subarray(i * size, (i + 1) * size),
      );
      assert.deepEqual(
        (await rowsOf(pieces)).rows.map(({ cells }) => cells),
        expected,
      );
    }
});

test('a quote that is never closed stops there, says so, and keeps the rows before it', async () => {
  const { rows, stop } = await rowsOf([Buffer.from('a,b\n1,2\n"3,4\n5,6\n')]);
  assert.deepEqual(
    rows.map(({ cells }) => cells),
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  );
  assert.deepEqual(stop, { line: 3, reason: 'opens a quote that is never closed' });
  // The quote of a later row is not that of the one before.
  const later = await rowsOf([Buffer.from('a,b\n"1,2\n3"4,5\n')]);
  assert.equal(later.stop?.line, 2);
});

test('a row longer than any real one is told by its line, and not taken into memory whole', async () => {
  const long = 'x'.repeat(300 * 1024);
  const { rows, stop } = await rowsOf([Buffer.from(`a,b\n1,2\n${long},3\n4,5\n`)]);
  assert.equal(rows.length, 2);
  assert.equal(stop?.line, 3);
  assert.match(stop.reason, /more than 262144 characters$/);
  let given = 0;
  function* endless() {
    yield Buffer.from('a,b\n"one\n');
    for (; given < 100; given++) yield Buffer.from(long);
  }
  const open = await rowsOf(endless());
  assert.deepEqual([open.stop?.line, given < 5], [2, true]);
  assert.match(open.stop!.reason, /perhaps it opens a quote that is never closed$/);
});

test('an empty file and one of empty lines have no rows', async () => {
  for (const text of ['', '\n', '\r\n\r\n', 'sep=,\n']) assert.deepEqual(await cellsOf(text), []);
  assert.deepEqual(await cellsOf('a'), [['a']]);
});

test('12.1 rows of separators and blanks alone, as spreadsheets save what was only formatted, are none', async () => {
  const empty = ',,\r\n'.repeat(3);
  const { rows } = await rowsOf([
    Buffer.from(`${empty}a,b,c\r\n1,2,3\r\n${empty} , ,\t\r\n,,4\r\n"",,\r\n${empty}`),
  ]);
  assert.deepEqual(rows, [
    { cells: ['a', 'b', 'c'], line: 4 },
    { cells: ['1', '2', '3'], line: 5 },
    { cells: ['', '', '4'], line: 10 },
    { cells: ['', '', ''], line: 11 },
  ]);
});

test('whatever is in a cell is read again as it was written, and begins as no formula does', async () => {
  const text = fc
    .array(fc.constantFrom("'", '=', '+', '-', '@', '\uff1d', '7', 'a', ' ', '\t', '\n', '"', ','), {
      maxLength: 6,
    })
    .map((parts) => parts.join(''));
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 4 }), async (row) => {
      fc.pre(row.some((cell) => cell.trim() !== ''));
      const guarded = row.map(guardedCell);
      for (const cell of guarded) assert.doesNotMatch(String(cell), /^[=+\-@\uff1d\t\n]/);
      // A first cell that says nothing keeps `sep=` from being read, and the comma from being guessed.
      const [, cells] = await cellsOf(csvLine(['x', ...row.map(() => 'y')]) + csvLine(['x', ...guarded]));
      assert.deepEqual(cells!.slice(1).map(unguardedCell), row);
    }),
  );
});

test('what somebody guarded by hand is taken for what it is, and a name with an apostrophe keeps it', () => {
  for (const [written, read] of [
    ["'+31612345678", '+31612345678'],
    ["'00123", '00123'],
    ["'-5", '-5'],
    ["'s-Gravenhage", "'s-Gravenhage"],
    ["'t Hart", "'t Hart"],
    ["''=1", "'=1"],
    ["'", "'"],
  ])
    assert.equal(unguardedCell(written!), read);
  for (const name of ["'s-Gravenhage", "'t Hart", 'plain', '7']) assert.equal(guardedCell(name), name);
});

const inPieces = (file: Buffer, size: number) =>
  Array.from({ length: Math.ceil(file.length / size) }, (_, i) => file.subarray(i * size, (i + 1) * size));

test('12.1 bytes that are no text make their row, and no other, one that cannot be read; wherever the file is cut', async () => {
  const good = Buffer.from('José,Zoë 😀,\uFFFD\n');
  const bad: Buffer[] = [
    // Windows-1252, a character cut short, bytes that begin none, an overlong slash, half of a pair, beyond Unicode.
    Buffer.from('Jos\xe9,x,y\n', 'latin1'),
    Buffer.from('a,\xe2\x82,y\n', 'latin1'),
    Buffer.from('a,\x80\xbf\xff,y\n', 'latin1'),
    Buffer.from('a,\xc0\xaf,y\n', 'latin1'),
    Buffer.from('a,\xed\xa0\xbd,y\n', 'latin1'),
    Buffer.from('a,\xf5\x80\x80\x80,y\n', 'latin1'),
    Buffer.from('a,"x\n\xe9",y\n', 'latin1'),
  ];
  const file = Buffer.concat([Buffer.from('a,b,c\n'), ...bad.flatMap((row) => [row, good])]);
  for (const size of [1, 2, 3, 7, 1_000]) {
    const { rows, stop } = await rowsOf(inPieces(file, size));
    assert.equal(stop, undefined);
    const [header, ...read] = rows;
    assert.equal(header!.broken, undefined);
    read.forEach(({ cells, broken }, at) => {
      if (at % 2 === 0) assert.match(broken!, /no text in UTF-8.*windows-1252/);
      else assert.deepEqual([cells, broken], [['José', 'Zoë 😀', '\uFFFD'], undefined]);
      assert.ok(cells.every((one) => one.isWellFormed()));
    });
  }
  const cut = await rowsOf([Buffer.from('a,b\n1,\xc3', 'latin1')]);
  assert.match(cut.rows[1]!.broken!, /UTF-8/);
});

test('12.1 a file says what it is written in by its mark, or somebody names it', async () => {
  const named: [encoding: string, bytes: Buffer, text: string][] = [
    ['windows-1252', Buffer.from('name\nJos\xe9 \x80\n', 'latin1'), 'José €'],
    ['latin1', Buffer.from('name\nJos\xe9\n', 'latin1'), 'José'],
    ['windows-1251', Buffer.from('name\n\xc0\xed\xed\xe0\n', 'latin1'), 'Анна'],
    ['shift_jis', Buffer.from('name\n\x8e\x52\x93\x63\n', 'latin1'), '山田'],
    ['gbk', Buffer.from('name\n\xc0\xee\n', 'latin1'), '李'],
    ['windows-1252', Buffer.from('\uFEFFname\nJosé\n'), 'José'],
    ['windows-1252', Buffer.from('\uFEFFname\nJosé\n', 'utf16le'), 'José'],
  ];
  for (const [encoding, bytes, text] of named)
    for (const size of [1, 100])
      assert.deepEqual(
        (await rowsOf(inPieces(bytes, size), encoding)).rows.map(({ cells }) => cells),
        [['name'], [text]],
      );
  const half = await rowsOf([Buffer.from('name\n\x8e\n', 'latin1')], 'shift_jis');
  assert.ok(half.rows.some(({ broken }) => broken !== undefined));
  for (const label of ['utf-8', 'Windows-1252', 'latin1', 'utf-16le']) assert.ok(isEncoding(label));
  for (const label of ['', 'none', 'utf-7', 'ebcdic']) assert.ok(!isEncoding(label));
});

test('12.1 files one behind the other: the mark that begins each is nothing that stands in a cell', async () => {
  const one = '\uFEFF"phone","name"\r\n+31612345601,Ann\r\n';
  assert.deepEqual(await cellsOf(`\uFEFF${one}${one}`), [
    ['phone', 'name'],
    ['+31612345601', 'Ann'],
    ['phone', 'name'],
    ['+31612345601', 'Ann'],
  ]);
});

test('12.1 quotes behind a backslash, as databases write them; and those of a path that ends in one', async () => {
  assert.deepEqual(await cellsOf('a,b,c\n"say \\"hi\\", ok",Paris,1\n"ends \\"so\\"",x,2\n'), [
    ['a', 'b', 'c'],
    ['say "hi", ok', 'Paris', '1'],
    ['ends "so"', 'x', '2'],
  ]);
  assert.deepEqual(await cellsOf('a,b\n"C:\\dir\\",1\n"C:\\"\n'), [['a', 'b'], ['C:\\dir\\', '1'], ['C:\\']]);
});

test('12.1 a row whose quotes are not doubled is taken where its cells are as many as the header has, and listed elsewhere', async () => {
  const { rows } = await rowsOf([
    Buffer.from('a,b,c,d\n1,"Bob "B" Bo",3,4\n1,"say "hi", ok",Paris,\n1,"x "y", z",4\n1,2,3\n'),
  ]);
  assert.deepEqual(
    rows.map(({ broken }) => broken !== undefined),
    [false, false, true, false, false],
  );
});

test('what names somebody is read again as it was written, whatever it begins with', async () => {
  const id = fc
    .array(fc.constantFrom("'", '=', '+', '-', '@', '0', '7', 'a', 'A', '_', '.', ' ', '"', ','), {
      minLength: 1,
      maxLength: 6,
    })
    .map((parts) => parts.join('').trim())
    .filter((text) => text !== '');
  await fc.assert(
    fc.asyncProperty(id, async (given) => {
      const [, row] = await cellsOf(csvLine(['id', 'x']) + csvLine([guardedId(given), 'x']));
      assert.equal(unguardedId(row![0]!), given);
    }),
    { numRuns: 500 },
  );
  for (const [written, read] of [
    ["'00123", '00123'],
    ["'00123-A", '00123-A'],
    ["'-1", '-1'],
    ["'s", "'s"],
  ] as const)
    assert.equal(unguardedId(written), read);
});

test('a workbook is no CSV, and whoever sends one is told so; so is nobody whose first cell begins alike', async () => {
  const xlsx = Buffer.concat([
    Buffer.from('PK\u0003\u0004\u0014\0\u0006\0', 'latin1'),
    Buffer.alloc(3_000, 0xee),
  ]);
  const xls = Buffer.concat([
    Buffer.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]),
    Buffer.alloc(3_000),
  ]);
  for (const file of [xlsx, xls])
    for (const pieces of [[file], Array.from(file.subarray(0, 40), (byte) => Uint8Array.of(byte))])
      for (const encoding of [undefined, 'windows-1252']) {
        const { rows, stop } = await rowsOf(pieces, encoding);
        assert.deepEqual([rows.length, rows[0]!.line, stop], [1, 1, undefined]);
        assert.match(rows[0]!.broken ?? '', /^is that of a workbook \(\.xlsx/);
      }
  for (const [text, cells] of [
    ['PK,phone', ['PK', 'phone']],
    ['PK', ['PK']],
    ['a', ['a']],
    ['a,b', ['a', 'b']],
  ] as const)
    assert.deepEqual(await cellsOf(text), [cells]);
  const wide = Buffer.from('a;b', 'utf16le');
  assert.deepEqual((await rowsOf([wide.subarray(0, 3), wide.subarray(3)])).rows[0]!.cells, ['a', 'b']);
  assert.deepEqual((await rowsOf([Buffer.from('a', 'utf16le')])).rows[0]!.cells, ['a']);
});
