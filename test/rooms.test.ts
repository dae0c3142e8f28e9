/** The stair of rooms, read from ARCHITECTURE.md and held against every import in the source. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';

const root = resolve(import.meta.dirname, '..');
const src = join(root, 'src');

type Room = { name: string; mayImport: string[] };

/** The rows of the table: | `room` | owns | may import | invariant |. */
function rooms(): Room[] {
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  return [...text.matchAll(/^\| `(\w+)` \|[^|]*\|([^|]*)\|[^|]*\|$/gm)].map(([, name, may]) => ({
    name: name!,
    mayImport: may!
      .split(',')
      .map((room) => room.trim())
      .filter((room) => room && room !== '–'),
  }));
}

function files(dir: string): string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(dir, name));
}

/** Relative specifiers of a file, types included. */
function imports(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, specifier]) =>
    resolve(dirname(file), specifier!),
  );
}

/** The room a file of src/ is in; undefined for main.ts and what else composes. */
function roomOf(file: string): string | undefined {
  const parts = relative(src, file).split('/');
  return parts.length > 1 ? parts[0] : undefined;
}

test('every folder of src has a row, and every row a folder', () => {
  const folders = readdirSync(src).filter((name) => statSync(join(src, name)).isDirectory());
  assert.deepEqual(
    rooms()
      .map(({ name }) => name)
      .toSorted(),
    folders.toSorted(),
  );
});

test('a room names only rooms above it: no circle', () => {
  const seen = new Set<string>();
  for (const { name, mayImport } of rooms()) {
    for (const other of mayImport)
      assert.ok(seen.has(other), `${name} may import ${other}, which does not stand above it`);
    seen.add(name);
  }
});

test('a room imports only what its row allows', () => {
  const allowed = new Map(rooms().map(({ name, mayImport }) => [name, new Set([...mayImport, name])]));
  const breaches: string[] = [];
  for (const file of files(src)) {
    const room = roomOf(file);
    if (!room) continue;
    for (const target of imports(file)) {
      const where = relative(root, target);
      if (where.startsWith('contract/')) continue;
      if (where.startsWith('test/support/') && file.endsWith('.test.ts')) continue;
      const other = where.startsWith('src/') ? roomOf(target) : undefined;
      const isTest = /\.test\.ts$|testRig\.ts$/.test(file);
      if (other && (allowed.get(room)!.has(other) || isTest)) continue;
      breaches.push(`${relative(root, file)} imports ${where}`);
    }
  }
  assert.deepEqual(breaches, []);
});

test('contract imports nothing of ours but itself', () => {
  for (const file of files(join(root, 'contract'))) {
    for (const target of imports(file))
      assert.ok(relative(root, target).startsWith('contract/'), `${file} imports ${target}`);
  }
});

test('SQL has one home per room', () => {
  const statement = /`\s*(?:WITH|SELECT|INSERT INTO|UPDATE|DELETE FROM)\s/;
  const strays = files(src)
    .filter((file) => !/(?:^|\/)sql(?:\.\w+)*\.ts$|\/db\/|\.test\.ts$|testRig\.ts$/.test(file))
    .filter((file) => statement.test(readFileSync(file, 'utf8')))
    .map((file) => relative(root, file));
  assert.deepEqual(strays, []);
});

test('no room but the composition root names a provider, except channels', () => {
  const named = files(src)
    .filter((file) => !/src\/(channels|simulator|doors\/sunshine|accounts)\/|\.test\.ts$|testRig/.test(file))
    .filter((file) =>
      /'(?:twilio|mailgun|smtp|messagebird|apns|fcm|webpush)'/.test(readFileSync(file, 'utf8')),
    )
    .map((file) => relative(root, file));
  assert.deepEqual(named, []);
});

/** Rooms whose statements nobody else runs; others ask their other files. */
const PRIVATE = ['contacts', 'gate', 'conversations', 'threads', 'links', 'live', 'confirmations'];

test('statements of a room are its own', () => {
  const entries = files(src).flatMap((file) =>
    imports(file)
      .filter((target) => /(?:^|\/)sql(?:\.\w+)*\.ts$/.test(target))
      .map((target) => ({ file, room: roomOf(file), other: roomOf(target)!, target }))
      .filter(({ room, other }) => room !== other && PRIVATE.includes(other)),
  );
  assert.deepEqual(
    entries.map(({ file, target }) => `${relative(root, file)} imports ${relative(root, target)}`),
    [],
  );
});
