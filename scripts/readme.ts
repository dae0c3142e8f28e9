/** Writes the table of settings into the README, from the code. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { settingsReference } from '../src/base/config.ts';

const file = join(import.meta.dirname, '..', 'README.md');
const text = await readFile(file, 'utf8');
await writeFile(
  file,
  text.replace(
    /(<!-- settings -->\n)[\s\S]*(<!-- \/settings -->)/,
    (_all, begin, end) => `${begin}\n${settingsReference()}\n\n${end}`,
  ),
);
