/** Holds every provider folder to the conformance suite and to the registry. */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ADAPTERS } from '../adapters.ts';

const here = join(import.meta.dirname, '..');
/** What is shared by the providers' folders, beside them. */
const SHARED = ['kit', 'testing'];
const folders = readdirSync(here, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() && !SHARED.includes(entry.name) ? [entry.name] : [],
);

test('every provider folder runs the conformance suite, is registered and is documented', async (t) => {
  for (const folder of folders)
    await t.test(folder, () => {
      const tests = readdirSync(join(here, folder)).filter((name) => name.endsWith('.test.ts'));
      const runs = tests.some((name) =>
        /await conformance\(t, /.test(readFileSync(join(here, folder, name), 'utf8')),
      );
      ok(runs, `no test in ${folder}/ calls conformance(t, …)`);
      equal(ADAPTERS[folder]?.provider, folder, `${folder} is not in adapters.ts`);
      const page = join(here, '../../docs/channels', `${folder}.md`);
      ok(existsSync(page), `docs/channels/${folder}.md is missing`);
      const text = readFileSync(page, 'utf8');
      deepEqual(
        Object.keys(ADAPTERS[folder].settings).filter((name) => !text.includes(`\`${name}\``)),
        [],
        `docs/channels/${folder}.md does not name them`,
      );
    });
  equal(Object.keys(ADAPTERS).length, folders.length, 'the registry holds exactly the folders');
});

test('what is parsed in a thread of its own is found by the thread: its module exports it by its name', async () => {
  const hearing = Object.values(ADAPTERS).flatMap((adapter) => (adapter?.receive ? [adapter] : []));
  ok(hearing.length > 0);
  for (const adapter of hearing) {
    ok(adapter.parsedApart, adapter.provider);
    const exported = (await import(adapter.parsedApart.module.href)) as Record<string, unknown>;
    const parser = (adapter as Readonly<Record<string, unknown>>)['receive'];
    equal(exported[(parser as () => unknown).name], parser, adapter.provider);
  }
});
