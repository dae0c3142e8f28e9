/** House rules that a machine can hold (CONTRIBUTING.md). */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { FAULTS } from '../contract/errors.ts';
import { settingsReference } from '../src/base/config.ts';
import { statesReference } from '../scripts/states.ts';
import { magicReference } from '../src/simulator/reference.ts';

const root = resolve(import.meta.dirname, '..');

function sources(...folders: string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(root, folder, name)),
  );
}

const code = sources('src', 'contract').filter((file) => !file.endsWith('.test.ts'));
const show = (file: string) => relative(root, file);
const without = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');

test('names are the field’s own terms', () => {
  const odd = /Service|Manager|Helper|Util|UseCase|Dto|Impl(?![a-z])/;
  assert.deepEqual(code.filter((file) => odd.test(basename(file))).map(show), []);
  const declared = code.flatMap((file) =>
    [
      ...readFileSync(file, 'utf8').matchAll(
        /export (?:async )?(?:const|function|class|type|interface) (\w+)/g,
      ),
    ]
      .filter(([, name]) => odd.test(name!))
      .map(([, name]) => `${show(file)}: ${name}`),
  );
  assert.deepEqual(declared, []);
});

test('no exported type has a name that another room exports, too', (t) => {
  const rooms = new Map<string, Set<string>>();
  for (const file of code.filter((one) => show(one).startsWith('src/')))
    for (const [, name] of readFileSync(file, 'utf8').matchAll(/^export (?:type|interface|class) (\w+)/gm))
      rooms.set(name!, (rooms.get(name!) ?? new Set()).add(show(file).split('/')[1]!));
  const shared = [...rooms].filter(([, in_]) => in_.size > 1);
  t.diagnostic(`type names of two rooms: ${shared.length} (goal 0)`);
  // Doors narrow what their kit exports (Call, Done): that is one room.
  assert.deepEqual(
    shared.map(([name, in_]) => `${name}: ${[...in_].join(', ')}`),
    [],
    'a type is named for what it is, so that its name is looked up in one place',
  );
});

test('text from outside is cut by base/text: never half a character', () => {
  const rooms =
    /src\/(?:channels|receipts|contacts|content|conversations|threads|outbox|links|webhooks|live|doors|accounts)\//;
  // Hashes have no such characters; lists are cut by bounds that say so (`MOST_…`).
  const cut =
    /(?<!'hex'\)|Hex\([^)]*\))\.slice\(0, (?:[A-Z_]*(?:LENGTH|LONGEST|LINE|WORDS|TEXT|BYTES)[A-Z_]*|[4-9]\d|\d{3,})\)/;
  assert.deepEqual(
    code.flatMap((file) => {
      const lines = rooms.test(file) ? without(readFileSync(file, 'utf8')).split('\n') : [];
      return lines.filter((line) => cut.test(line)).map((line) => `${show(file)}: ${line.trim()}`);
    }),
    [],
  );
});

test('no barrels', () => {
  assert.deepEqual(
    sources('src', 'contract', 'test')
      .filter((file) => basename(file) === 'index.ts')
      .map(show),
    [],
  );
});

test('time comes from base/clock: no other file reads the wall clock or sets a timer', () => {
  // The supervisor and the pool time out system calls of their own; adapters that keep connections open time their pings.
  const own = /src\/(base\/|db\/embedded\/|db\/pool|db\/listen|channels\/(?:http2|smtp|fake))/;
  const clocks = /\bDate\.now\(|new Date\(\)|\bsetTimeout\(|\bsetInterval\(/;
  assert.deepEqual(
    code.filter((file) => !own.test(file) && clocks.test(without(readFileSync(file, 'utf8')))).map(show),
    [],
  );
});

test('what a suite holds is known when it is begun', () => {
  // Tests behind an await in a suite would be nobody's where files share a process (test/support/together.ts).
  const late = /\b(?:describe|suite)\([^)]*\basync\b/;
  const tests = [...sources('test'), ...sources('src').filter((file) => file.endsWith('.test.ts'))];
  assert.deepEqual(tests.filter((file) => late.test(readFileSync(file, 'utf8'))).map(show), []);
});

test('no sleeps in tests', () => {
  const sleeps = /\bsetTimeout\(\s*(?:resolve|r|done)\b|timers\/promises/;
  const own = /test\/support\/|src\/db\/embedded\/embedded\.test\.ts|house\.test\.ts/;
  const tests = [...sources('test'), ...sources('src').filter((file) => file.endsWith('.test.ts'))];
  assert.deepEqual(
    tests.filter((file) => !own.test(file) && sleeps.test(readFileSync(file, 'utf8'))).map(show),
    [],
  );
});

test('a file says what it is for', () => {
  const mute = code.filter((file) => !/^(?:\/\*\*|\/\/)/.test(readFileSync(file, 'utf8').trimStart()));
  assert.deepEqual(mute.map(show), []);
});

test('files that comments name are there', () => {
  const all = sources('src', 'contract', 'test', 'scripts', 'simulation', 'bench', 'sdk');
  const named = /(?<![\w/.:@-])[a-zA-Z][\w.-]*(?:\/[\w.-]+)*\.ts\b/g;
  const stale = code.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => /^\s*(?:\*|\/\/|\/\*)/.test(line) && !/github\.com/.test(line))
      .flatMap((line) => line.match(named) ?? [])
      .filter((name) => !all.some((one) => one.endsWith(`/${name}`)))
      .map((name) => `${show(file)}: ${name}`),
  );
  assert.deepEqual(stale, []);
});

test('every export has a docstring', () => {
  const bare = code.flatMap((file) => {
    const lines = readFileSync(file, 'utf8').split('\n');
    return lines.flatMap((line, index) => {
      const name = /^export (?:async )?(?:const|function|class) (\w+)/.exec(line)?.[1];
      const above = lines[index - 1]?.trim() ?? '';
      return name && !above.endsWith('*/') && !above.startsWith('//') ? [`${show(file)}: ${name}`] : [];
    });
  });
  assert.deepEqual(bare, []);
});

test('settings of a workspace are read in one file of whoever they are for, and parsed there into a type', () => {
  // Settings of integrations are an adapter's own, checked against its table; what all have is read in accounts.
  const own = /\/settings\.ts$|src\/(?:accounts|channels|cli)\//;
  const raw = /settings\??\.?\[['"`\w]/;
  assert.deepEqual(
    sources('src')
      .filter((file) => !own.test(file) && !file.endsWith('.test.ts'))
      .filter((file) => raw.test(without(readFileSync(file, 'utf8'))))
      .map(show),
    [],
  );
});

test('an export is imported by another file', () => {
  const readers = sources('src', 'contract', 'test', 'scripts', 'simulation', 'bench', 'sdk');
  const taken = new Set(readers.flatMap((file) => takenBy(file)));
  const needless = sources('src')
    .filter((file) => !/\.test\.ts$|[tT]estRig\.ts$|\/testing\//.test(file) && !taken.has(`${file} *`))
    .flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(DECLARED)]
        .filter(([, name]) => !taken.has(`${file} ${name}`))
        .map(([, name]) => `${show(file)}: ${name}`),
    );
  assert.deepEqual(needless, [], 'take `export` away; what the file itself does not use either goes');
});

const DECLARED = /^export (?:async )?(?:const|function|class|type|interface) (\w+)/gm;

/** What a file imports of ours, as `file name`; `*` where it takes all there is. */
function takenBy(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const at = (specifier: string) => resolve(dirname(file), specifier);
  const named = [...text.matchAll(/(?:import|export) (?:type )?\{([^}]*)\} from '(\.[^']+)'/g)];
  const whole = [...text.matchAll(/\* as \w+ from '(\.[^']+)'|import\('(\.[^']+)'\)/g)];
  return [
    ...named.flatMap(([, names, from]) =>
      names!.split(',').map(
        (one) =>
          `${at(from!)} ${
            one
              .trim()
              .replace(/^type /, '')
              .split(' as ')[0]
          }`,
      ),
    ),
    ...whole.map(([, from, asked]) => `${at((from ?? asked)!)} *`),
  ];
}

test('routes of every door are tried as everybody, and held to the document of their door', () => {
  const doors = readdirSync(join(root, 'src', 'doors')).filter((name) =>
    existsSync(join(root, 'src', 'doors', name, 'route.ts')),
  );
  assert.ok(doors.length >= 4);
  for (const file of ['doorRoles.test.ts', 'contract.test.ts']) {
    const text = readFileSync(join(root, 'test', file), 'utf8');
    assert.deepEqual(
      doors.filter((door) => door !== 'kit' && !text.includes(`src/doors/${door}/`)),
      [],
      `${file} knows nothing of them`,
    );
  }
});

test('every fault is used, and every one has a meaning and a status of its family', () => {
  const text = code.map((file) => readFileSync(file, 'utf8')).join('\n');
  for (const [name, { http, means }] of Object.entries(FAULTS)) {
    assert.ok(http >= 400 && http < 600 && means.endsWith('.'), name);
    assert.ok(new RegExp(`'${name}'`).test(text), `${name} is never used`);
  }
});

test('the README shows the settings as the code has them', () => {
  assert.ok(
    readFileSync(join(root, 'README.md'), 'utf8').includes(settingsReference()),
    'run: npm run readme',
  );
});

test('the document on states shows the moves as the code has them', () => {
  assert.ok(
    readFileSync(join(root, 'docs', 'states.md'), 'utf8').includes(statesReference()),
    'run: npm run readme',
  );
});

test('the document on the simulator shows its addresses as the code has them', () => {
  assert.ok(
    readFileSync(join(root, 'docs', 'simulator.md'), 'utf8').includes(magicReference()),
    'run: npm run readme',
  );
});

test('the project speaks of the project alone', () => {
  const all = [
    ...sources('src', 'contract', 'test', 'bench'),
    ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].map((name) => join(root, name)),
  ];
  // Split, so that this line does not find itself.
  const place = new RegExp(['wo', 'rk/main|sub', 'agent|Cla', 'ude'].join(''));
  assert.deepEqual(all.filter((file) => place.test(readFileSync(file, 'utf8'))).map(show), []);
});
