/** What is fetched to run Parley is what was looked at: npm checks the bytes of every package against the lockfile. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

type Locked = { version?: string; integrity?: string; link?: boolean };
const read = (name: string) => JSON.parse(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8'));
const packages = Object.entries(read('package-lock.json').packages as Record<string, Locked>);

test('every package that is fetched has an integrity, those for other machines too', () => {
  const fetched = packages.filter(([place, { link }]) => place.includes('node_modules/') && !link);
  assert.ok(fetched.length > 100);
  const bare = fetched.filter(([, { integrity }]) => !/^sha512-[A-Za-z0-9+/]{86}==$/.test(integrity ?? ''));
  assert.deepEqual(
    bare.map(([place]) => place),
    [],
  );
});

test('the runtime of every machine that has one is locked as package.json names it', () => {
  const wanted = Object.entries(read('package.json').optionalDependencies as Record<string, string>);
  const locked = new Map(packages);
  for (const [name, version] of wanted)
    assert.equal(locked.get(`node_modules/${name}`)?.version, version, name);
});
