/** Starts Parley processes and kills them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A process that is up. */
export type ParleyProcess = {
  url: string;
  child: ChildProcess;
  kill(): Promise<void>;
  stop(): Promise<void>;
};

/** Starts a process with these PARLEY_ settings and waits until it is up; `entry` is what it runs, of this folder. */
export async function startProcess(env: Record<string, string>, entry = 'child.ts'): Promise<ParleyProcess> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, entry)],
    {
      env: {
        PATH: process.env['PATH'] ?? '',
        NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'] ?? '',
        PARLEY_LOG_LEVEL: 'error',
        PARLEY_DEMO: 'false',
        PARLEY_CHECK_ANSWERS: 'true',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  // A test that is broken off stops nothing, and what it started has a database open.
  const orphaned = () => child.kill('SIGKILL');
  process.once('exit', orphaned);
  child.once('exit', () => process.off('exit', orphaned));
  const lines = createInterface({ input: child.stdout });
  const [url] = (await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error('the process ended before it was up'))),
  ])) as [string];
  const ended = once(child, 'exit');
  const end = (signal: NodeJS.Signals) => async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await ended;
  };
  return { url, child, kill: end('SIGKILL'), stop: end('SIGTERM') };
}
