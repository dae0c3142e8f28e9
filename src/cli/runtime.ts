/**
 * What a running server leaves beside its data for the commands on the same machine: where it listens and a key to call it
 * with. Readable by its owner only, and gone when the server stops.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** A server that runs, as its data directory tells. `token` and `workspace` are those of the demo workspace. */
type Runtime = { url: string; pid: number; token?: string; workspace?: string };

/** Leaves word of a server. */
export async function writeRuntime(dataDir: string, runtime: Runtime): Promise<void> {
  const file = fileIn(dataDir);
  // The mode counts only for a file that is made, so what another run left goes first.
  await rm(file, { force: true });
  // With a database elsewhere nothing may have been kept here yet.
  await mkdir(resolve(dataDir), { recursive: true });
  await writeFile(file, `${JSON.stringify(runtime)}\n`, { mode: 0o600 });
}

/** The server that runs on a data directory; undefined when none does. */
export async function readRuntime(dataDir: string): Promise<Runtime | undefined> {
  let runtime: Runtime;
  try {
    runtime = JSON.parse(await readFile(fileIn(dataDir), 'utf8')) as Runtime;
  } catch {
    return undefined;
  }
  return isAlive(runtime.pid) ? runtime : undefined;
}

/** Takes word of this process's server back. */
export async function removeRuntime(dataDir: string): Promise<void> {
  const runtime = await readRuntime(dataDir);
  if (runtime?.pid === process.pid) await rm(fileIn(dataDir), { force: true });
}

function fileIn(dataDir: string): string {
  return join(resolve(dataDir), 'runtime.json');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process is one, too.
    return (error as { code?: string }).code === 'EPERM';
  }
}
