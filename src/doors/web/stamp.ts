/**
 * The stamp of the front end's source: what a build is kept under, so that one source is built once. Knows which folders the source is
 * in, and nothing of what is in them.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** What a page is made of; `sdk/outbound/dist` is itself made of it. */
const SOURCES = ['web', 'contract', 'sdk'];
const MADE = /(?:^|[\\/])(?:dist|node_modules)(?:[\\/]|$)/;
/** Versions of what builds and of what is built in. */
const LOCK = 'package-lock.json';
const CHARACTERS = 20;

/** The stamp of the source below a folder: the same bytes under the same names have the same. */
export async function stampOf(root: string): Promise<string> {
  const files = [LOCK, ...(await Promise.all(SOURCES.map((folder) => filesIn(root, folder)))).flat()];
  const hash = createHash('sha256');
  for (const file of files.map((name) => name.replaceAll('\\', '/')).sort()) {
    const bytes = await readFile(path.join(root, file));
    hash.update(`${file}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex').substring(0, CHARACTERS);
}

async function filesIn(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(path.join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .filter((name) => !MADE.test(name));
}
