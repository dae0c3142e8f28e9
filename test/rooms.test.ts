/** The stair of rooms, read from ARCHITECTURE.md and held against every import in the source. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { CHANNELS } from '../contract/channels.ts';

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

test('what runs in browsers imports the contract and nothing else of ours', () => {
  const web = join(root, 'web');
  for (const file of readdirSync(web, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.tsx?$/.test(name),
  ))
    for (const target of imports(join(web, file)))
      assert.match(relative(root, target), /^(?:web|contract|sdk)\//, `${file} imports ${target}`);
});

test('nothing but what builds the pages imports what they are made of', () => {
  const made = /from '(?:react|react-dom|vite|@mantine|@tanstack|@vitejs)[/']/;
  const breaches = files(src).filter((file) => made.test(readFileSync(file, 'utf8')));
  assert.deepEqual(breaches, []);
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
  // Some are called as their channel is.
  const providers = readdirSync(join(src, 'channels'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !['kit', 'testing'].includes(entry.name))
    .map(({ name }) => name)
    .filter((name) => !(CHANNELS as readonly string[]).includes(name));
  const name = new RegExp(`'(?:${providers.join('|')})'`);
  const named = files(src)
    .filter(
      (file) =>
        !/src\/(channels|simulator|doors\/(?:sunshine|outbound)|accounts)\/|\.test\.ts$|testRig/.test(file),
    )
    .filter((file) => name.test(readFileSync(file, 'utf8')))
    .map((file) => relative(root, file));
  assert.deepEqual(named, []);
});

/** Sub-rooms that stand in a stair of their own, the lowest first; what lies beside them in the room stands on top of all. */
const STAIRS: Readonly<Record<string, readonly string[]>> = { queue: ['lanes', 'work', 'feed'] };

test('a sub-room imports only those before it', () => {
  const breaches: string[] = [];
  for (const [room, stair] of Object.entries(STAIRS)) {
    const levelOf = (file: string) => {
      const at = stair.indexOf(relative(join(src, room), file).split('/')[0]!);
      return at < 0 ? stair.length : at;
    };
    for (const file of files(join(src, room)))
      for (const target of imports(file).filter((one) => roomOf(one) === room))
        if (levelOf(target) > levelOf(file))
          breaches.push(`${relative(src, file)} imports ${relative(src, target)}`);
  }
  assert.deepEqual(breaches, []);
});

const isSql = (file: string) => /(?:^|\/)sql(?:\.\w+)*\.ts$/.test(file);

test('statements of a room are its own: others ask a function of it that is named by what it means', (t) => {
  const entries = files(src)
    .filter((file) => !file.endsWith('.test.ts'))
    .flatMap((file) =>
      imports(file)
        .filter((target) => isSql(target) && roomOf(target) !== roomOf(file))
        .map((target) => `${relative(src, file)} imports ${relative(src, target)}`),
    );
  t.diagnostic(`entries into foreign sql*.ts: ${entries.length} (goal 0)`);
  assert.deepEqual(entries, []);
});

test('the house in figures', (t) => {
  const all = files(src);
  const lines = (file: string) => readFileSync(file, 'utf8').split('\n').length - 1;
  const isTest = (file: string) => /\.test\.ts$|[tT]estRig\.ts$|testWorker\.ts$|\/testing\//.test(file);
  const code = all.filter((file) => !isTest(file));
  const long = [...code, ...files(join(root, 'contract'))]
    .map((file) => ({ file: relative(root, file), n: lines(file) }))
    .toSorted((a, b) => b.n - a.n);
  const longest = long[0]!;
  const sum = (some: readonly string[]) => some.reduce((n, file) => n + lines(file), 0);
  const tests = sum(all.filter(isTest)) + sum(files(join(root, 'test')));
  const played = sum(files(join(root, 'simulation')));
  const inCircles = circles(
    new Map(code.map((file) => [file, imports(file).filter((one) => code.includes(one))])),
  );
  const rooms = new Map<string, string[]>();
  for (const file of code)
    for (const target of imports(file)) {
      const [from, to] = [roomOf(file), roomOf(target)];
      if (from && to && from !== to) rooms.set(from, [...(rooms.get(from) ?? []), to]);
    }
  t.diagnostic(`rooms in circles: ${circles(rooms).length} (goal 0)`);
  t.diagnostic(`files in circles: ${inCircles.length} (goal 0)`);
  t.diagnostic(`longest file: ${longest.n} lines, ${longest.file} (goal 400)`);
  const ratio = (lines: number) => (lines / sum(code)).toFixed(2);
  // The simulation is a test too: it plays what nobody wrote down, and test/simulation.test.ts runs it.
  t.diagnostic(
    `tests : production = ${ratio(tests)}, with the simulation ${ratio(tests + played)} (goal 0.7)`,
  );
  assert.deepEqual(circles(rooms), []);
  assert.deepEqual(
    long.filter(({ n }) => n > 400),
    [],
    'longer than 400 lines: divide it by what its parts are about',
  );
  assert.deepEqual(
    inCircles.map((file) => relative(src, file)),
    [],
    'what two files need of each other is a type of its own, or is handed in',
  );
});

/** Those that reach themselves by what they import (Tarjan's strongly connected components of more than one). */
function circles(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const visit = (node: string): void => {
    index.set(node, index.size);
    low.set(node, index.get(node)!);
    stack.push(node);
    for (const next of edges.get(node) ?? []) {
      if (!index.has(next)) {
        visit(next);
        low.set(node, Math.min(low.get(node)!, low.get(next)!));
      } else if (stack.includes(next)) low.set(node, Math.min(low.get(node)!, index.get(next)!));
    }
    if (low.get(node) !== index.get(node)) return;
    const part = stack.splice(stack.indexOf(node));
    if (part.length > 1) found.push(...part);
  };
  for (const node of edges.keys()) if (!index.has(node)) visit(node);
  return found;
}
