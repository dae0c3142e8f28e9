/**
 * A folder for data that nobody will miss when the machine stops, in memory where there is enough: a Postgres with all of its settings as
 * they are waits for no disk there, which made test files a third quicker.
 */
import { mkdtemp, readdir, readFile, rm, statfs } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning } from './running.ts';

/** A file system in memory, on Linux. */
const MEMORY = '/dev/shm';
/** The log ahead of Postgres (1 GB) and the databases of a few files, with room for who runs the tests. */
const NEEDED_BYTES = 4 * 2 ** 30;
const NAME = 'parley-test';

/** Makes one; what a run left there that was killed goes, with its server. Whoever makes it removes it. */
export async function memoryFolder(): Promise<string> {
  if (!(await hasRoom())) return await mkdtemp(join(tmpdir(), `${NAME}-`));
  for (const left of (await readdir(MEMORY)).filter((one) => one.startsWith(`${NAME}-`)))
    if (!isRunning(Number(left.split('-')[2]))) await removeLeft(join(MEMORY, left));
  return await mkdtemp(join(MEMORY, `${NAME}-${process.pid}-`));
}

async function hasRoom(): Promise<boolean> {
  const found = await statfs(MEMORY).catch(() => undefined);
  return found !== undefined && Math.min(found.bavail * found.bsize, freemem() / 2) >= NEEDED_BYTES;
}

async function removeLeft(folder: string): Promise<void> {
  const [pid] = (
    await readFile(join(folder, 'postgres', 'cluster', 'postmaster.pid'), 'utf8').catch(() => '')
  ).split('\n');
  if (Number(pid) > 0 && isRunning(Number(pid))) process.kill(Number(pid), 'SIGQUIT');
  await rm(folder, { recursive: true, force: true });
}
