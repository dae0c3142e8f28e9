/**
 * Has the front end built, where that was not done before: in a process of its own, which ends, so that what building takes (half a
 * gigabyte for three seconds) is not the server's. The outcome is kept by the stamp of its source. Serves nothing.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { fault, isFault, type Fault } from '../../base/fault.ts';
import { randomToken } from '../../base/crypto.ts';
import { stampOf } from './stamp.ts';

/** Where the built pages are; a fault says why there are none, and what to do. */
export type Built = string | Fault;

/** What is said where nothing is built and nothing can be. */
const NO_TOOLS = 'The pages of the console are not built here, and what builds them is not installed.';
const LONGEST_ERROR = 2_000;

/**
 * The folder of the built pages, building them if need be. What a release brings (`web/dist`) wins where nothing here can build.
 * Of processes that build the same at the same time one is first, and the others use what it made.
 */
export async function buildPages(root: string, signal: AbortSignal): Promise<Built> {
  const shipped = path.join(root, 'web', 'dist');
  const isShipped = existsSync(path.join(shipped, 'index.html'));
  if (!existsSync(path.join(root, 'node_modules', 'vite', 'package.json')))
    return isShipped ? shipped : fault('unavailable', NO_TOOLS);
  const stamp = await stampOf(root);
  const kept = path.join(root, '.parley', 'web');
  const dir = path.join(kept, stamp);
  if (existsSync(dir)) return dir;
  const beside = path.join(kept, `${stamp}.${randomToken(6)}`);
  await mkdir(kept, { recursive: true });
  const wrong = await runBuild(root, beside, signal);
  if (isFault(wrong)) {
    await rm(beside, { recursive: true, force: true });
    return isShipped ? shipped : wrong;
  }
  await take(beside, dir);
  await forgetOthers(kept, stamp);
  return dir;
}

/** Another process may have put the same there just now. */
async function take(beside: string, dir: string): Promise<void> {
  try {
    await rename(beside, dir);
  } catch (error) {
    if (!existsSync(dir)) throw error;
    await rm(beside, { recursive: true, force: true });
  }
}

/** Builds of other sources: who serves one has read it. Those under way have a longer name. */
async function forgetOthers(kept: string, stamp: string): Promise<void> {
  for (const name of await readdir(kept))
    if (name !== stamp && !name.includes('.'))
      await rm(path.join(kept, name), { recursive: true, force: true });
}

async function runBuild(root: string, out: string, signal: AbortSignal): Promise<true | Fault> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', path.join(root, 'web', 'build.ts'), '--out', out],
    { cwd: root, stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, NODE_ENV: 'production' } },
  );
  const end = () => child.kill('SIGKILL');
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  let told = '';
  child.stderr.on('data', (part: Buffer) => (told = (told + part.toString('utf8')).slice(-LONGEST_ERROR)));
  const code = await new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (status, ended) => resolve(status ?? ended ?? 1));
  });
  signal.removeEventListener('abort', end);
  return code === 0 || fault('unavailable', `The pages of the console could not be built (${code}). ${told}`);
}
