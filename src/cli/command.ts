/** How the command is typed here. `npx parley` outside the checkout would run a stranger's package, so that no text names it. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..', '..');

/** `./parley` beside it; from anywhere else the path to it. */
export function command(cwd = process.cwd(), platform = process.platform): string {
  const script = existsSync(join(root, 'parley')) && platform !== 'win32';
  if (cwd === root) return script ? './parley' : 'node bin/parley.mjs';
  const quoted = (path: string) => (/^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`);
  return script ? quoted(join(root, 'parley')) : `node ${quoted(join(root, 'bin', 'parley.mjs'))}`;
}
