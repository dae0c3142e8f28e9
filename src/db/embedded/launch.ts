/** Starting a server: its settings, its environment, its process. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EmbeddedConnection } from './address.ts';
import { serverEnvironment } from './cluster.ts';
import { processStamp, type DataDirectory } from './dataDirectory.ts';
import { ignoreDeadServer, type ServerProcess } from './leftServer.ts';
import type { PostgresBinaries } from './postgresBinaries.ts';
import { openLog } from './serverLog.ts';

/**
 * For a small machine that runs Parley too. What is not here is as Postgres has it: fsync, full page writes
 * and synchronous commits are on, since an accepted message must survive a power cut.
 */
const ourSettings: Record<string, string> = {
  // All of it is touched soon, and what is not in it is in the system's own cache: 64 MB are no faster (bench/RESULTS.md).
  shared_buffers: '40MB',
  max_connections: '60',
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  // Three workers might each keep 64 MB of row numbers. A pass of 700,000 rows that are gone is seldom two.
  autovacuum_work_mem: '4MB',
  // A broadcast writes hundreds of MB; with the stock 5 minutes, full page images double that.
  max_wal_size: '1GB',
  checkpoint_timeout: '15min',
  // What is looked up by key is in memory or on flash. With the stock 4, made for turning disks, a batch of 500 look-ups
  // reads all of a table of 100,000 rows instead (21 ms for 0.5).
  random_page_cost: '1.1',
  // Compiling pays off for statements of seconds. Ours take milliseconds, and each backend would load LLVM.
  jit: 'off',
  // Queue tables turn over completely within a broadcast: look often, and do not pause while cleaning.
  autovacuum_naptime: '10s',
  autovacuum_vacuum_scale_factor: '0.05',
  autovacuum_analyze_scale_factor: '0.05',
  autovacuum_vacuum_cost_limit: '2000',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] ',
  log_checkpoints: 'off',
  // Statements and row values hold phone numbers and names; they stay out of the log.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  cluster_name: 'parley',
};

/** A server that was started: its process, and what it has said since. `exited` calls back at its end. */
type Launched = ServerProcess & { said(): string; exited(listener: () => void): void };

/** Starts a server; what went wrong, when it could not be run at all. It is not ready yet. */
export async function launch(
  { cluster, dir, account }: DataDirectory,
  { binDir, version }: PostgresBinaries,
  { host, port }: EmbeddedConnection,
  ownSettings: Readonly<Record<string, string>> | undefined,
): Promise<Launched | { fault: string }> {
  const logFile = path.join(dir, 'postgres.log');
  const output = openLog(logFile);
  const from = fs.fstatSync(output).size;
  const settings: Record<string, string> = {
    ...ourSettings,
    ...ownSettings,
    port: String(port),
    listen_addresses: host.startsWith('/') ? '' : host,
    unix_socket_directories: host.startsWith('/') ? host : '',
    unix_socket_permissions: '0700',
    fsync: 'on',
    // No worker processes for I/O: an idle server of 6 processes takes 19 MB (PSS), with 3 workers 28 MB.
    ...(version >= 18 ? { io_method: 'sync' } : {}),
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  // In a process group of its own: a terminal's Ctrl-C is for Parley, which still needs its database to drain.
  const child = spawn(path.join(binDir, 'postgres'), ['-D', cluster, ...flags], {
    ...account,
    cwd: cluster,
    detached: true,
    env: { ...serverEnvironment(), ...ignoreDeadServer(cluster) },
    stdio: ['ignore', output, output],
  });
  fs.closeSync(output);
  let failed: Error | undefined;
  child.once('error', (error) => (failed = error));
  child.unref();
  const { pid } = child;
  if (pid === undefined) {
    await sleep(0);
    return { fault: failed?.message ?? 'it could not be run' };
  }
  return {
    pid,
    stamp: processStamp(pid),
    said: () => fs.readFileSync(logFile).subarray(from).toString('utf8').trim() || 'nothing',
    exited: (listener) => void child.once('exit', listener),
  };
}
