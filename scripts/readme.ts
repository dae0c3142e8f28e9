/** Writes into the documents what the code knows: the table of settings, that of the simulator's addresses and the states of a delivery. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { settingsReference } from '../src/base/config.ts';
import { magicReference } from '../src/simulator/reference.ts';
import { statesReference } from './states.ts';

await fill('README.md', 'settings', settingsReference());
await fill('docs/simulator.md', 'magic', magicReference());
await fill('docs/states.md', 'states', statesReference());

async function fill(name: string, mark: string, table: string): Promise<void> {
  const file = join(import.meta.dirname, '..', name);
  const between = new RegExp(`(<!-- ${mark} -->\n)[\\s\\S]*(<!-- /${mark} -->)`);
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    text.replace(between, (_all, begin, end) => `${begin}\n${table}\n\n${end}`),
  );
}
