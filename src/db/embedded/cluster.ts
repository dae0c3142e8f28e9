/** What is made once: the cluster's password and its files. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { USER } from './address.ts';
import type { DataDirectory } from './dataDirectory.ts';
import { PostgresRefusal, type PostgresBinaries } from './postgresBinaries.ts';

/** The password that is kept in a directory; drawn when there is none and no cluster that would want another. */
export function keptPassword({ dir, cluster }: DataDirectory): string {
  const file = path.join(dir, 'password');
  const kept = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim() : '';
  if (kept) return kept;
  if (fs.existsSync(cluster)) {
    throw new PostgresRefusal(
      'failed',
      `The database's password file ${file} is missing or empty: restore it.`,
    );
  }
  fs.rmSync(file, { force: true });
  const password = randomBytes(24).toString('base64url');
  fs.writeFileSync(file, password, { mode: 0o600, flag: 'wx', flush: true });
  return password;
}

/** Makes the cluster. initdb works beside the final place, so that one that was cut short is never taken for a cluster. */
export function makeCluster(
  { dir, cluster, account }: DataDirectory,
  { binDir, version }: PostgresBinaries,
  password: string,
): void {
  const draft = `${cluster}.new`;
  const told = path.join(dir, 'run', 'password');
  fs.rmSync(told, { force: true });
  fs.writeFileSync(told, password, { mode: 0o600, flag: 'wx' });
  if (account) fs.lchownSync(told, account.uid, account.gid);
  // C compares bytes, which is the fastest order and the same on every machine; C.UTF-8 knows the case of
  // letters outside ASCII. macOS may lack C.UTF-8 before Postgres 17, which has its own.
  const locales =
    version >= 17
      ? [['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']]
      : [['--lc-collate=C', '--lc-ctype=C.UTF-8', '--locale=C'], ['--locale=C']];
  const args = ['-D', draft, '--encoding=UTF8', '--auth=scram-sha-256', `--username=${USER}`];
  let fault = '';
  for (const locale of locales) {
    fs.rmSync(draft, { recursive: true, force: true });
    fs.mkdirSync(draft, { mode: 0o700 });
    if (account) fs.chownSync(draft, account.uid, account.gid);
    try {
      execFileSync(path.join(binDir, 'initdb'), [...args, ...locale, `--pwfile=${told}`], {
        ...account,
        cwd: draft,
        env: serverEnvironment(),
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      fs.rmSync(told);
      fs.renameSync(draft, cluster);
      return;
    } catch (error) {
      fault = (error as Error).message;
    }
  }
  throw new PostgresRefusal('failed', `Postgres could not make its data directory. ${fault}`);
}

/**
 * Nothing of ours: PGPORT, PGDATA or a locale of the shell would change what the server does. Where glibc is left alone, it learns from one
 * large statement to keep up to 64 MB of what a backend gave back, for as long as that lives (mallopt(3), M_MMAP_THRESHOLD); said, both
 * stay as they are.
 */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = { MALLOC_TRIM_THRESHOLD_: String(512 << 10), MALLOC_MMAP_THRESHOLD_: String(256 << 10) };
  return { PATH: process.env.PATH, LC_ALL: 'C', ...kept };
}
