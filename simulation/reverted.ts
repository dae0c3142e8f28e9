/** Plays seeds against the code as it was before a repair: a copy of the code, in which the repair is taken back. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Databases } from './databases.ts';
import type { Revert } from './reverts.ts';

/** What came of a revert: the seed that caught it and what was broken, or how many seeds did not. */
export type Caught = { revert: Revert; seed?: number; broken?: string; held: number };

const root = resolve(import.meta.dirname, '..');

/** Plays up to `seeds` seeds from `from` on, until one is broken. Throws when the text to take back is not there any more. */
export async function playReverted(revert: Revert, from: number, seeds: number, databases: Databases): Promise<Caught> {
  const copy = await mkdtemp(join(tmpdir(), 'parley-reverted-'));
  try {
    for (const part of ['src', 'contract', 'simulation', 'test/support', 'package.json'])
      await cp(join(root, part), join(copy, part), { recursive: true });
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
    for (const edit of [revert, ...(revert.and ?? [])]) {
      const file = join(copy, edit.file);
      const text = await readFile(file, 'utf8');
      if (text.split(edit.from).length !== 2) throw new Error(`${edit.file} has not once “${edit.from}”: ${revert.name}`);
      await writeFile(file, text.replace(edit.from, () => edit.to));
    }
    const focus = revert.focus.flatMap((step) => ['--focus', step]);
    const seedsFrom = ['--from', String(from), '--seeds', String(seeds), '--until-broken'];
    // What is taken back of a migration is in no template but its own.
    const at = revert.file.startsWith('src/db/migrations') ? [] : ['--at', JSON.stringify(databases.server)];
    const said = await simulate(copy, [...seedsFrom, ...at, ...focus]);
    const broken = /seed (\d+): .* BROKEN.*\n\s+(.*)\n/.exec(said);
    const held = said.match(/ holds$/gm)?.length ?? 0;
    if (!broken && !held) throw new Error(`nothing could be played: ${revert.name}\n${said}`);
    return { revert, held, ...(broken ? { seed: Number(broken[1]), broken: broken[2]! } : {}) };
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

async function simulate(folder: string, args: string[]): Promise<string> {
  const main = join(folder, 'simulation/main.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, ...args], { cwd: folder });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  await once(child, 'close');
  return said;
}
