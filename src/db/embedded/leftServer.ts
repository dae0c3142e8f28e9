/** A server that was left running by a Parley that was killed: whether there is one, and how it is reached. */
import fs from 'node:fs';
import path from 'node:path';
import { answers, USER, type EmbeddedConnection } from './address.ts';
import { processName, processStamp, readPidFile, type DataDirectory } from './dataDirectory.ts';
import { PostgresRefusal } from './postgresBinaries.ts';

/** A process by its number and, since numbers are given again, by when it began. */
export type ServerProcess = { pid: number; stamp: string | undefined };

/** How to reach the server that runs on a data directory now, for who may read its password; undefined when none does. */
export function runningConnection(dataDir: string): EmbeddedConnection | undefined {
  let password: string;
  let cluster: string;
  try {
    password = fs.readFileSync(path.join(dataDir, 'password'), 'utf8').trim();
    cluster = path.join(fs.realpathSync(dataDir), 'cluster');
  } catch {
    return undefined;
  }
  const left = readPidFile(cluster);
  if (!left || left.dir !== cluster || !processStamp(left.pid) || !isServer(left.pid)) return undefined;
  return {
    host: left.socketDir || '127.0.0.1',
    port: left.port,
    username: USER,
    password,
    database: 'parley',
  };
}

/** The server that a killed Parley left running in a directory; undefined when there is none. */
export async function leftServer({
  cluster,
  dir,
}: DataDirectory): Promise<(ServerProcess & { host: string; port: number }) | undefined> {
  const left = readPidFile(cluster);
  // Another directory's name: a copy made of a running cluster. Postgres itself decides about that.
  if (!left || left.dir !== cluster) return undefined;
  const { pid, port } = left;
  const host = left.socketDir || '127.0.0.1';
  const stamp = processStamp(pid);
  if (!stamp) {
    if (!(await answers(host, port))) return undefined;
    throw new PostgresRefusal(
      'in-use',
      `The data directory ${dir} is served by a Postgres that is not visible from here, for example in another ` +
        'container. Stop that one first.',
    );
  }
  // The number may have been given to another program since.
  return isServer(pid) ? { pid, stamp, host, port } : undefined;
}

/**
 * Postgres takes the number in a left postmaster.pid for a server as long as any process has it: another
 * program, or the dead server itself until it was waited for, which can take for ever where process 1 is no
 * init. This variable, made for pg_ctl, exempts one number from that check (CreateLockFile in Postgres's
 * miscinit.c). Removing the file would also skip the check for backends that still use the shared memory.
 */
export function ignoreDeadServer(cluster: string): NodeJS.ProcessEnv {
  const left = readPidFile(cluster);
  return left && !isServer(left.pid) ? { PG_GRANDPARENT_PID: String(left.pid) } : {};
}

function isServer(pid: number): boolean {
  return processStamp(pid) !== undefined && processName(pid).includes('postgres');
}
